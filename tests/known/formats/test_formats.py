"""Every list format, held to its contract: its examples read as stated, junk is refused with a clear error."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.errors import ListError
from auditor.known.entries import (
    Entries,
    ListHeader,
    ListItem,
    ListOptions,
    MalformedEntry,
    UnknownAlgorithm,
    WithdrawnIds,
)
from auditor.known.list_formats import ListExample, detect_format, list_formats
from auditor.samples import TEXT_SIGNALS

CASES = [
    pytest.param(name, example, id=f"{name}-{example.name}")
    for name, f in list_formats().items()
    for example in f.EXAMPLES
]


def items(path: Path, options: ListOptions = ListOptions()) -> list[ListItem]:  # noqa: B008 - frozen
    return list(list_formats()[detect_format(path)].read(path, options))


def rows(found: list[ListItem]) -> list[tuple[str, str, str, str, bool]]:
    def cells(entries: Entries) -> list[tuple[str, str, str, str, bool]]:
        def column(name: str, empty: object) -> list[object]:
            array = getattr(entries, name)
            return [empty] * len(entries) if array is None else [empty if x is None else x for x in array.to_pylist()]

        values = [value if entries.algorithm in TEXT_SIGNALS else value.hex() for value in entries.values.to_pylist()]
        return list(
            zip(  # type: ignore[arg-type]
                [entries.algorithm] * len(entries),
                values,
                column("ids", ""),
                column("classification", ""),
                column("withdrawn", False),
                strict=True,
            )
        )

    return [row for item in found if isinstance(item, Entries) for row in cells(item)]


def attempt(name: str, path: Path, options: ListOptions) -> tuple[list[ListItem], str]:
    """What came before the list was refused, and the refusal ("": it was not)."""
    found: list[ListItem] = []
    try:
        found.extend(list_formats()[name].read(path, options))
    except ListError as error:
        return found, str(error)
    return found, ""


@pytest.mark.parametrize(("name", "example"), CASES)
def test_an_example_is_read_as_it_states(tmp_path: Path, name: str, example: ListExample) -> None:
    path = tmp_path / example.name
    path.write_bytes(example.data)
    assert list_formats()[name].claims(example.data[:65536], example.name) > 0, (
        f"{name} does not claim its example {example.name}; a refused example must be claimed too"
    )
    if example.refused:
        with pytest.raises(ListError) as refused:
            list(list_formats()[name].read(path, example.options))
        assert example.refused in str(refused.value)
        assert str(path) in str(refused.value)
        return
    if not example.options.columns:
        assert detect_format(path) == name
    found = list(list_formats()[name].read(path, example.options))
    assert sorted(rows(found)) == sorted(example.entries)
    assert sorted(item.line for item in found if isinstance(item, MalformedEntry)) == sorted(example.malformed)
    assert [(item.algorithm, item.count) for item in found if isinstance(item, UnknownAlgorithm)] == list(
        example.unknown
    )
    assert tuple(i for item in found if isinstance(item, WithdrawnIds) for i in item.ids) == example.withdrawn
    if example.header is not None:
        assert next(item for item in found if isinstance(item, ListHeader)) == example.header


@pytest.mark.parametrize(("name", "example"), CASES)
def test_a_truncated_list_is_read_or_refused_and_never_crashes(tmp_path: Path, name: str, example: ListExample) -> None:
    path = tmp_path / example.name
    whole = len(example.entries)
    step = max(1, len(example.data) // 400)
    for end in range(0, len(example.data), step):
        path.write_bytes(example.data[:end])
        assert list_formats()[name].claims(example.data[:end], example.name) >= 0
        found, refusal = attempt(name, path, example.options)
        assert example.refused or len(rows(found)) <= whole
        assert not refusal or str(path) in refusal


@pytest.mark.parametrize("name", sorted(list_formats()))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(max_size=300), spliced=st.booleans(), data=st.data())
def test_junk_is_refused_and_never_crashes(
    tmp_path: Path, name: str, junk: bytes, spliced: bool, data: st.DataObject
) -> None:
    path = tmp_path / "junk"
    if spliced:
        seed = data.draw(st.sampled_from(list_formats()[name].EXAMPLES)).data
        at = data.draw(st.integers(0, len(seed)))
        junk = seed[:at] + junk[:20] + seed[at + len(junk[:20]) :]
    path.write_bytes(junk)
    for format_ in list_formats().values():
        assert format_.claims(junk, "junk") >= 0
    found, refusal = attempt(name, path, ListOptions())
    assert all(isinstance(item, ListItem) for item in found)  # type: ignore[misc, arg-type]
    assert not refusal or str(path) in refusal


@pytest.mark.parametrize("name", sorted(list_formats()))
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ListError, match=r"gone\.txt: the list cannot be read: No such file"):
        list(list_formats()[name].read(tmp_path / "gone.txt", ListOptions()))
