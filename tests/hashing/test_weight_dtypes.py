"""Eight-bit floats decode to the values that their specification lists (arXiv 2209.05433, table 1)."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.hashing.weight_dtypes import NUMPY_DTYPES, decode_values


@pytest.mark.parametrize(
    ("dtype", "byte", "value"),
    [
        ("F8_E4M3", 0b0_1111_110, 448.0),
        ("F8_E4M3", 0b1_1111_110, -448.0),
        ("F8_E4M3", 0b0_0001_000, 2.0**-6),
        ("F8_E4M3", 0b0_0000_111, 0.875 * 2.0**-6),
        ("F8_E4M3", 0b0_0000_001, 2.0**-9),
        ("F8_E4M3", 0b0_1111_111, np.nan),
        ("F8_E5M2", 0b0_11110_11, 57344.0),
        ("F8_E5M2", 0b0_00001_00, 2.0**-14),
        ("F8_E5M2", 0b0_00000_01, 2.0**-16),
        ("F8_E5M2", 0b1_11111_00, -np.inf),
    ],
)
def test_an_eight_bit_float_is_what_its_specification_lists(dtype: str, byte: int, value: float) -> None:
    assert decode_values(bytes([byte]), dtype) == pytest.approx([value], nan_ok=True, rel=0)


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "I32", "I16", "I8", "U8", "U16", "U32"])
def test_values_of_numpy_types_are_read_in_little_endian_order(dtype: str) -> None:
    stored = np.array([0, 1, 5, 100], NUMPY_DTYPES[dtype])
    assert decode_values(stored.tobytes(), dtype).tolist() == [0, 1, 5, 100]


def test_bfloat16_is_the_upper_half_of_a_float32() -> None:
    assert decode_values(b"\x80\x3f\x00\xc0", "BF16").tolist() == [1.0, -2.0]
