"""The file of a fingerprint holds what was sampled, to 16 bits, or is refused."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import Unreadable
from auditor.hashing.weight_fingerprints import (
    is_fingerprint,
    iter_fingerprints,
    read_fingerprint,
    serialize_fingerprint,
    too_small_reason,
)
from auditor.hashing.weight_sketch import normalize_vector

Values = Mapping[str, np.ndarray]


def model(seed: int, tensors: int = 9) -> tuple[dict[str, tuple[int, ...]], dict[str, np.ndarray]]:
    random = np.random.default_rng(seed)
    shapes = {f"blocks.{at}.wéight": (32, 8 * (1 + at % 3)) for at in range(tensors)}
    return shapes, {name: normalize_vector(random.normal(size=256).astype(np.float32)) for name in shapes}


def file(seed: int, **about: str) -> bytes:
    return serialize_fingerprint(about, *model(seed))


def test_a_fingerprint_is_read_back_with_16_bit_precision() -> None:
    shapes, values = model(1)
    content = read_fingerprint(file(1, name="m", purpose="general"))
    assert content.shapes == shapes
    assert {key: content.metadata[key] for key in ("name", "purpose")} == {"name": "m", "purpose": "general"}
    for name, floats in values.items():
        assert content.values[name] == pytest.approx(floats, abs=2**-12)
        assert np.linalg.norm(content.values[name]) == pytest.approx(1, abs=1e-6)
    assert read_fingerprint(serialize_fingerprint({}, content.shapes, content.values)).shapes == shapes


def test_concatenated_fingerprints_are_read_one_by_one() -> None:
    data = [file(seed, id=str(seed)) for seed in range(3)]
    found = list(iter_fingerprints(io.BytesIO(b"".join(data))))
    assert [one for one, _ in found] == data
    assert [content.metadata["id"] for _, content in found] == ["0", "1", "2"]
    with pytest.raises(Unreadable, match="holds 3 fingerprints: import it as a list, and name that"):
        read_fingerprint(b"".join(data))


@pytest.mark.parametrize(
    "said",
    [{"left": "abc"}, {"left": "-1"}, {"bases": "{}"}, {"bases": "[1]"}, {"bases": "[" * 100_000}, {"bases": "x"}],
    ids=lambda said: str(said)[:20],
)
def test_invalid_metadata_is_refused(said: Mapping[str, str]) -> None:
    with pytest.raises(Unreadable, match="is a damaged fingerprint"):
        read_fingerprint(file(1, **said))


WHOLE = file(7, name="m")


@settings(deadline=None, max_examples=300)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_any_changed_byte_is_detected(at: int, by: int) -> None:
    """Unless it changes nothing: white space of the header for other white space."""
    data = bytearray(WHOLE)
    data[at] ^= by
    try:
        content = read_fingerprint(bytes(data))
    except Unreadable:
        return
    assert content.metadata == read_fingerprint(WHOLE).metadata
    assert {n: v.tobytes() for n, v in content.values.items()} == {
        n: v.tobytes() for n, v in read_fingerprint(WHOLE).values.items()
    }


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200), st.integers(0, len(WHOLE)))
def test_junk_is_refused_and_never_crashes(junk: bytes, kept: int) -> None:
    for data in (junk, WHOLE[:kept] + junk):
        is_fingerprint(data)
        if data != WHOLE:
            with pytest.raises(Unreadable):
                read_fingerprint(data)


@pytest.mark.parametrize(
    ("shape", "values"),
    [((16, 8), np.zeros(128)), ((16, 8), np.full(128, np.nan)), ((4, 8), np.ones(128)), ((0, 8), np.ones(4))],
    ids=["nothing", "no numbers", "more values than the shape has", "no shape"],
)
def test_values_that_do_not_fit_their_shape_are_refused(shape: tuple[int, ...], values: np.ndarray) -> None:
    with pytest.raises(Unreadable, match="is a damaged fingerprint"):
        read_fingerprint(serialize_fingerprint({}, {"a": shape}, {"a": values.astype(np.float32)}))


def test_a_fingerprint_too_small_for_a_list_is_refused_with_its_size() -> None:
    assert too_small_reason(model(1, 8)[1]) == ""
    assert too_small_reason(model(1, 7)[1]).startswith(
        "the fingerprint holds 1,792 values of 7 different tensors; with less than"
    )
    assert too_small_reason(dict.fromkeys("abcdefghij", model(1)[1]["blocks.0.wéight"])).startswith(
        "the fingerprint holds 256 values of 1 different tensors"
    )
