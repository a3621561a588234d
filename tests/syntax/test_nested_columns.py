from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.syntax.nested_columns import Leaf, leaf_paths, leaves


def found(leaf: Leaf) -> list[tuple[int, object]]:
    return [
        (int(row), value) for row, value in zip(leaf.rows, leaf.values.to_pylist(), strict=True) if value is not None
    ]


def by_path(batch: pa.RecordBatch) -> dict[str, list[tuple[int, object]]]:
    return {leaf.path: found(leaf) for leaf in leaves(batch)}


def walk(path: str, value: object, kind: pa.DataType) -> Iterator[tuple[str, object]]:
    """Take a Python value apart as the columns ought to be, without Arrow's functions."""
    if value is None:
        return
    if isinstance(value, dict):
        for field in kind:
            yield from walk(f"{path}.{field.name}", value[field.name], field.type)
    elif pa.types.is_map(kind):
        assert isinstance(value, list)
        for key, item in value:
            yield f"{path}{{}}.key", key
            yield from walk(f"{path}{{}}", item, kind.item_type)
    elif isinstance(value, list):
        for item in value:
            yield from walk(f"{path}[]", item, kind.value_type)
    else:
        yield path, value


text = st.one_of(st.none(), st.text("abc", max_size=3))


def nested(depth: int) -> st.SearchStrategy[tuple[pa.DataType, st.SearchStrategy[object]]]:
    plain = st.just((pa.string(), text))
    if not depth:
        return plain
    inner = nested(depth - 1)

    def listed(kind: tuple[pa.DataType, st.SearchStrategy[object]]) -> tuple[pa.DataType, st.SearchStrategy[object]]:
        return pa.list_(kind[0]), st.one_of(st.none(), st.lists(kind[1], max_size=3))

    def large(kind: tuple[pa.DataType, st.SearchStrategy[object]]) -> tuple[pa.DataType, st.SearchStrategy[object]]:
        return pa.large_list(kind[0]), st.one_of(st.none(), st.lists(kind[1], max_size=3))

    def fixed(kind: tuple[pa.DataType, st.SearchStrategy[object]]) -> tuple[pa.DataType, st.SearchStrategy[object]]:
        return pa.list_(kind[0], 2), st.one_of(st.none(), st.lists(kind[1], min_size=2, max_size=2))

    def mapped(kind: tuple[pa.DataType, st.SearchStrategy[object]]) -> tuple[pa.DataType, st.SearchStrategy[object]]:
        pairs = st.lists(st.tuples(st.text("xyz", max_size=2), kind[1]), max_size=2)
        return pa.map_(pa.string(), kind[0]), st.one_of(st.none(), pairs)

    def struct(
        kinds: list[tuple[pa.DataType, st.SearchStrategy[object]]],
    ) -> tuple[pa.DataType, st.SearchStrategy[object]]:
        names = [f"f{index}" for index in range(len(kinds))]
        values = st.fixed_dictionaries({name: kind[1] for name, kind in zip(names, kinds, strict=True)})
        fields = [(name, kind[0]) for name, kind in zip(names, kinds, strict=True)]
        return pa.struct(fields), st.one_of(st.none(), values)

    return st.one_of(
        plain,
        inner.map(listed),
        inner.map(large),
        inner.map(fixed),
        inner.map(mapped),
        st.lists(inner, min_size=1, max_size=3).map(struct),
    )


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_every_value_of_a_nested_column_is_found_in_its_row(data: st.DataObject) -> None:
    kind, values = data.draw(nested(3))
    cells = data.draw(st.lists(values, max_size=5))
    column = pa.array([None, *cells], kind).slice(1)  # offsets into the buffers must not matter
    expected: dict[str, list[tuple[int, object]]] = {}
    for row, cell in enumerate(cells):
        for path, value in walk("c", cell, kind):
            expected.setdefault(path, []).append((row, value))
    batch = pa.RecordBatch.from_arrays([column], ["c"])
    assert {path: sorted(rows, key=str) for path, rows in by_path(batch).items() if rows} == {
        path: sorted(rows, key=str) for path, rows in expected.items()
    }
    assert leaf_paths(batch.schema) == tuple(by_path(batch))


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["a", None, "b"]).dictionary_encode(),
        pa.array(["a", None, "b"], pa.large_string()),
        pa.array(["a", None, "b"], pa.string_view()),
        pa.RunEndEncodedArray.from_arrays(pa.array([1, 2, 3], pa.int32()), pa.array(["a", None, "b"])),
    ],
    ids=["dictionary", "large", "view", "run-end"],
)
def test_text_is_text_however_it_is_stored(column: pa.Array) -> None:
    assert by_path(pa.RecordBatch.from_arrays([column], ["c"])) == {"c": [(0, "a"), (2, "b")]}


def test_arrays_of_numbers_stay_whole_because_they_may_be_pixels() -> None:
    pixels = pa.array([[[0, 255], [9, 8]], None], pa.list_(pa.list_(pa.uint8())))
    (leaf,) = leaves(pa.RecordBatch.from_arrays([pixels], ["image"]))
    assert (leaf.path, leaf.values.type, leaf.problem) == ("image", pixels.type, "")


def test_a_column_that_cannot_be_taken_apart_is_named() -> None:
    union = pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array(["a", "b"]), pa.array([1, 2])])
    (leaf,) = leaves(pa.RecordBatch.from_arrays([union], ["u"]))
    assert leaf.problem.startswith("a column of the type sparse_union")
    assert leaf.values.null_count == len(leaf.values) == 2


def test_a_column_that_is_nested_without_end_is_named() -> None:
    kind: pa.DataType = pa.string()
    for _ in range(40):
        kind = pa.list_(kind)
    (leaf,) = leaves(pa.RecordBatch.from_arrays([pa.array([None], kind)], ["c"]))
    assert leaf.problem == "nested deeper than 32 levels"
    assert np.array_equal(leaf.rows, [])
