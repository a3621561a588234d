from __future__ import annotations

import hashlib
import io

from hypothesis import given
from hypothesis import strategies as st

from auditor.hashing.weights import file_digests


@given(st.binary(max_size=200), st.integers(0, 250))
def test_digests_are_those_of_hashlib(data: bytes, header: int) -> None:
    found = {digest.algorithm: digest.value for digest in file_digests(io.BytesIO(data), header)}
    assert found["sha256"] == hashlib.sha256(data).hexdigest()
    expected = hashlib.sha256(data[header:]).hexdigest() if 0 < header <= len(data) else None
    assert found.get("sha256-tensors") == expected
