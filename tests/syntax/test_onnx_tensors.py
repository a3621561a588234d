"""Tensors of ONNX files are located without loading them; what is hostile is refused within bounds."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import Unreadable
from auditor.syntax import onnx_tensors
from auditor.syntax.onnx_tensors import EXTERNAL, PACKED_OTHERWISE, locate_tensors
from tests.onnx_files import field, graph, model, node, tensor

VALUES = np.arange(6, dtype=np.float32)


def test_initialisers_and_constants_of_subgraphs_are_located() -> None:
    inner = graph(tensor("weight", 10, (2, 3), raw=VALUES.astype(np.float16).tobytes()))
    data = model(
        field(8, b"a graph's name")
        + graph(
            tensor("weight", 1, (2, 3), raw=VALUES.tobytes()),
            tensor("packed floats", 1, (6,), floats=VALUES.tobytes()),
            node("a constant", of_tensor=tensor("", 16, (1,), raw=b"\x80\x3f")),
            node("branch", of_graph=inner),
        )
    )
    found = locate_tensors(io.BytesIO(data))
    said = {name: (of.dtype, of.shape, data[slice(*of.data_offsets)]) for name, of in found.items()}
    assert said == {
        "weight": ("F32", (2, 3), VALUES.tobytes()),
        "packed floats": ("F32", (6,), VALUES.tobytes()),
        "a constant": ("BF16", (1,), b"\x80\x3f"),
        "weight#2": ("F16", (2, 3), VALUES.astype(np.float16).tobytes()),
    }


def test_values_that_are_elsewhere_or_stored_otherwise_have_no_place_and_say_why() -> None:
    data = model(
        graph(
            tensor("elsewhere", 1, (4,), external=True),
            tensor("halves as numbers", 10, (2,), integers=(15360, 0)),
            tensor("shape", 7, (1,), integers=(3,)),
            tensor("unknown", 99, (4,), raw=b"1234"),
        )
    )
    found = {name: (of.dtype, of.data_offsets) for name, of in locate_tensors(io.BytesIO(data)).items()}
    assert found["elsewhere"] == (EXTERNAL, (0, 0))
    assert found["halves as numbers"] == (PACKED_OTHERWISE, (0, 0))
    assert found["shape"] == ("I64", (0, 0))
    assert found["unknown"][0] == "ONNX type 99"


def nested(depth: int) -> bytes:
    inner = graph(tensor("w", 1, (1,), raw=b"1234"))
    for _ in range(depth):
        inner = graph(node("branch", of_graph=inner))
    return model(inner)


def test_the_depth_of_subgraphs_is_limited() -> None:
    assert list(locate_tensors(io.BytesIO(nested(onnx_tensors.MAX_DEPTH)))) == ["w"]
    with pytest.raises(Unreadable, match="subgraphs are nested more than 8 deep"):
        locate_tensors(io.BytesIO(nested(onnx_tensors.MAX_DEPTH + 1)))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is no ONNX model: it holds no graph"),
        (b"\x08\x07", "is no ONNX model: it holds no graph"),
        (b"\x3a\xff\xff\xff\xff\x7f", "is no ONNX model, or is cut off"),
        (b"\x3b", "is no ONNX model, or a damaged one"),
        (model(graph(tensor("w", 1, tuple(range(65)), raw=b""))), "more than 64 dimensions"),
        (model(graph(tensor("w" * 5000, 1, (1,), raw=b""))), "a field of 5,000 bytes is longer than is read"),
    ],
    ids=["empty", "no graph", "cut off", "no protocol buffer", "dimensions", "a long name"],
)
def test_damaged_and_hostile_files_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        locate_tensors(io.BytesIO(data))


def test_the_number_of_fields_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_tensors, "MAX_FIELDS", 100)
    with pytest.raises(Unreadable, match="holds more than 100 fields"):
        locate_tensors(io.BytesIO(struct.pack("BB", 8, 1) * 101))


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300), st.integers(0, 200))
def test_junk_is_refused_or_read_and_never_crashes(junk: bytes, kept: int) -> None:
    whole = nested(2)
    for data in (junk, whole[:kept] + junk):
        try:
            locate_tensors(io.BytesIO(data))
        except Unreadable:
            continue
