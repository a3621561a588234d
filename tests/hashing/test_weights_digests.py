from __future__ import annotations

import hashlib
import io

from hypothesis import given
from hypothesis import strategies as st

from auditor.hashing.weights import autov1, file_digests


@given(st.binary(max_size=200), st.integers(0, 250))
def test_digests_are_those_of_hashlib(data: bytes, header: int) -> None:
    found = {digest.algorithm: digest.value for digest in file_digests(io.BytesIO(data), header)}
    assert found["sha256"] == hashlib.sha256(data).hexdigest()
    expected = hashlib.sha256(data[header:]).hexdigest() if 0 < header <= len(data) else None
    assert found.get("sha256-tensors") == expected


def test_autov1_takes_64_kib_at_one_mib() -> None:
    data = bytes(0x100000) + b"x" * 0x10000 + b"more"
    assert autov1(io.BytesIO(data)).value == hashlib.sha256(b"x" * 0x10000).hexdigest()[:8]
