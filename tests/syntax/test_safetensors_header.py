from __future__ import annotations

import io
import json
import struct
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import Unreadable
from auditor.syntax.safetensors_header import _parse_strictly, _parse_usual, read_header
from tests.weights import safetensors_bytes


def raw(text: str, data: bytes = b"\0\0") -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode() + data


@given(st.binary(max_size=300))
def test_junk_never_raises_anything_else(data: bytes) -> None:
    for body in (data, struct.pack("<Q", len(data)) + data):
        try:
            read_header(io.BytesIO(body), len(body))
        except Unreadable as error:
            assert str(error)  # noqa: PT017


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["F16", "F32"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["dtype", "shape", "data_offsets", "__metadata__", "w"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["__metadata__", "a", "b"]), VALUES, max_size=3), st.binary(max_size=8))
def test_json_of_any_shape_is_read_or_refused(top: dict[str, object], data: bytes) -> None:
    body = raw(json.dumps(top), data)
    try:
        found = read_header(io.BytesIO(body), len(body))
    except Unreadable:
        return
    assert found.faults or len(body) == found.data + sum(
        end - start for start, end in (tensor.data_offsets for tensor in found.tensors.values())
    )


def text_of(sizes: dict[str, int], metadata: dict[str, str], spaced: bool) -> str:
    """A header as a writer of today makes it, or as Python's own writer does, with spaces and escapes."""
    weights = {name: np.zeros((size, 2), np.float16) for name, size in sizes.items() if name != "__metadata__"}
    data = safetensors_bytes(weights, metadata)
    (length,) = struct.unpack("<Q", data[:8])
    text = data[8 : 8 + length].decode()
    return json.dumps(json.loads(text), ensure_ascii=spaced, indent=1 if spaced else None)


NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters='"\\', exclude_categories=["C"]), min_size=1, max_size=8
)
HEADERS = st.builds(
    text_of,
    st.dictionaries(NAMES, st.integers(0, 4), max_size=6),
    st.dictionaries(NAMES, st.text(st.characters(codec="utf-8"), max_size=9), max_size=3),
    st.booleans(),
)
# What a hostile hand writes between, over or in place of what was there.
PIECES = st.sampled_from(
    [
        '"', "\\", '\\"', "\\\\", "{", "}", "[", "]", ",", ":", " ", "\n", "\0", "0", "01", "-", "-0", "1.0", "1e0",
        "1e999", "true", "null", "NaN", "Infinity", "18446744073709551616", "9223372036854775808", "é", "\\ud800",
        "\\u0041",
        '"w":{"dtype":"F16","shape":[0,2],"data_offsets":[0,0]},', '"__metadata__":{"a":"1"},', '"__metadata__":{},',
        '"dtype":"F16",', ',"dtype":"F4"', '"shape":[],', '"shape":[-1,-1],', '"data_offsets":[0,0],', ',"x":1',
        '"a":"1",', "F32", "F17", "dtype", "shape", '"F16"', "[0,0]", "[0,2]",
    ]
)  # fmt: skip


def assert_both_parsers_agree(text: str) -> None:
    """Where the fast parser reads a header, the strict one reads the same and finds no fault."""
    quick = _parse_usual(text)
    if quick is not None:
        slow = _parse_strictly(text)
        assert quick == slow
        assert slow[3] == ()
        assert list(quick[1]) == list(slow[1])


@pytest.mark.slow
@given(HEADERS, st.lists(st.tuples(PIECES, st.floats(0, 1), st.integers(0, 4)), max_size=4))
@settings(max_examples=1000)
def test_both_parsers_read_an_edited_header_the_same(text: str, edits: list[tuple[str, float, int]]) -> None:
    for piece, at, cut in edits:
        place = int(at * len(text))
        text = text[:place] + piece + text[place + cut :]
    assert_both_parsers_agree(text)


@pytest.mark.parametrize(
    "entry",
    [
        '"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}',
        '"w":{"dtype":"F16","dtype":"F16","shape":[1],"data_offsets":[0,2]}',
        '"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2],"data_offsets":[0,2]}',
        '"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2],"x":1}',
        '"w":{"dtype":"F16","data_offsets":[0,2],"x":1}',
        '"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"__metadata__":{}',
        '"__metadata__":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}',
        '"__metadata__":{"a":"1"},"__metadata__":{"b":"2"}',
        '"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},'
        '"__metadata__":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}',
        ",".join(
            f'"w{i}":{{"dtype":"U8","shape":[{1 << 60}],"data_offsets":[{i << 60},{(i + 1) << 60}]}}' for i in range(16)
        ),
        '"__metadata__":{"a":"1","a":"1"},"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}',
        '"__metadata__":{"a":1},"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}',
        '"__metadata__":["a"],"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}',
        '"w":{"dtype":"F16","shape":[-1,-1],"data_offsets":[0,2]}',
        '"w":{"dtype":"F16","shape":[1.0],"data_offsets":[0,2]}',
        '"w":{"dtype":"F16","shape":[true],"data_offsets":[0,2]}',
        '"w":{"dtype":"F16","shape":[18446744073709551616,0],"data_offsets":[0,0]}',
        '"w":{"dtype":"F16","shape":[9223372036854775808],"data_offsets":[0,18446744073709551616]}',
        '"w":{"dtype":"F4","shape":[1],"data_offsets":[0,0]}',
        '"w":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}',
        '"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"x":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}',
        '"\\u0077":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}',
    ],
)
def test_an_unusual_header_is_left_to_the_strict_parser(entry: str) -> None:
    assert _parse_usual(f"{{{entry}}}") is None


@given(HEADERS)
def test_a_header_without_escapes_is_read_by_the_fast_parser(text: str) -> None:
    if "\\" not in text:
        assert _parse_usual(text) == _parse_strictly(text)
        assert _parse_usual(text) is not None


def test_a_shape_of_a_million_dimensions_is_refused_at_once() -> None:
    shape = ",".join(["4294967296"] * 1_000_000)
    began = time.process_time()
    body = raw(f'{{"w":{{"dtype":"F16","shape":[{shape}],"data_offsets":[0,2]}}}}')
    assert read_header(io.BytesIO(body), len(body)).faults[0] == "overflow: a tensor's shape is larger than any file"
    assert time.process_time() - began < 5
