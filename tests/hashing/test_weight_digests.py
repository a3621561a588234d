from __future__ import annotations

import hashlib
import io

from hypothesis import given
from hypothesis import strategies as st

from auditor.hashing.weight_digests import TENSOR_DIGEST_BYTES, RangeHasher, weight_file_digests


@given(st.binary(max_size=200), st.integers(0, 250))
def test_digests_are_those_of_hashlib(data: bytes, header: int) -> None:
    found = {digest.algorithm: digest.value for digest in weight_file_digests(io.BytesIO(data), header)}
    assert found["sha256"] == hashlib.sha256(data).hexdigest()
    expected = hashlib.sha256(data[header:]).hexdigest() if 0 < header <= len(data) else None
    assert found.get("sha256-tensors") == expected


@given(st.lists(st.integers(1, 40), max_size=8), st.sets(st.integers(0, 7)), st.lists(st.integers(1, 90), max_size=9))
def test_ranges_are_digested_whole_however_the_stream_is_split(
    lengths: list[int], passed_over: set[int], cuts: list[int]
) -> None:
    data = bytes(range(256)) * 2
    bounds = [sum(lengths[:at]) for at in range(len(lengths) + 1)]
    wanted = [(b"%d" % at, bounds[at], bounds[at + 1]) for at in range(len(lengths)) if at not in passed_over]
    ranges = RangeHasher(wanted)
    fed = 0
    for cut in cuts:
        ranges.update(data[fed : fed + cut])
        fed += cut
    fed = min(fed, len(data))
    # Shorter ranges than 16 bytes cannot hold 16 different ones; a longer one may be cut so that no part does.
    whole = {
        hashlib.sha256(w + data[begin:end]).digest()[:TENSOR_DIGEST_BYTES] for w, begin, end in wanted if end <= fed
    }
    assert ranges.digests() <= whole
    if len(cuts) == 1:
        long = {
            hashlib.sha256(w + data[b:e]).digest()[:TENSOR_DIGEST_BYTES]
            for w, b, e in wanted
            if e <= fed and e - b >= 16
        }
        assert ranges.digests() == long


def test_ranges_of_few_distinct_bytes_are_left_out() -> None:
    mask = b"\x00\x00\x80\x3f" * 1024
    ranges = RangeHasher([(b"", 0, 4096), (b"", 4096, 8192), (b"", 8192, 12288)])
    data = bytes(range(256)) * 16
    ranges.update(bytes(4096) + mask + data)
    assert ranges.digests() == {hashlib.sha256(data).digest()[:TENSOR_DIGEST_BYTES]}


@given(st.integers(0, 50))
def test_a_file_is_read_once_for_its_own_digests_and_its_tensors(header: int) -> None:
    data = bytes(range(256))
    ranges = RangeHasher([(b"F32 (16,)", 10, 74)])
    found = {digest.algorithm: digest.value for digest in weight_file_digests(io.BytesIO(data), header, ranges)}
    assert found["sha256"] == hashlib.sha256(data).hexdigest()
    expected = hashlib.sha256(b"F32 (16,)" + data[header + 10 : header + 74]).digest()[:TENSOR_DIGEST_BYTES]
    assert ranges.digests() == ({expected} if header else frozenset())
