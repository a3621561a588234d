"""Exact digests agree with published vectors, in memory and as a stream."""

import io
from typing import BinaryIO, cast

import pytest

from auditor.errors import Unreadable
from auditor.hashing.exact import CRYPTOGRAPHIC_ALGORITHMS, exact_digests, exact_digests_of_stream

# "abc": RFC 1321 A.5 (MD5), FIPS 180-2 appendices A.1, B.1 and C.1 (SHA).
ABC = {
    "md5": "900150983cd24fb0d6963f7d28e17f72",
    "sha1": "a9993e364706816aba3e25717850c26c9cd0d89d",
    "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "sha512": "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
}
# One million times "a": RFC 1321 gives none; FIPS 180-2 A.3 and B.3.
MILLION_A = {
    "sha1": "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
    "sha256": "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
}


def test_all_algorithms_give_the_published_digests_in_one_pass() -> None:
    assert {name: digest.hex() for name, digest in exact_digests(b"abc", CRYPTOGRAPHIC_ALGORITHMS).items()} == ABC
    assert {
        name: digest.hex()
        for name, digest in exact_digests_of_stream(io.BytesIO(b"abc"), CRYPTOGRAPHIC_ALGORITHMS).items()
    } == ABC


def test_a_stream_longer_than_a_chunk_gives_the_published_digests() -> None:
    found = exact_digests_of_stream(io.BytesIO(b"a" * 1_000_000), MILLION_A)
    assert {name: digest.hex() for name, digest in found.items()} == MILLION_A


def test_only_the_wanted_exact_algorithms_are_computed() -> None:
    assert set(exact_digests(b"abc", {"md5", "pdq", "photodna"})) == {"md5"}
    assert exact_digests_of_stream(io.BytesIO(b"abc"), ()) == {}


def test_a_stream_that_fails_midway_is_unreadable_and_says_why() -> None:
    class Failing:
        def readinto(self, buffer: memoryview) -> int:
            raise OSError(5, "Input/output error")

    with pytest.raises(Unreadable, match="cannot be read: Input/output error"):
        exact_digests_of_stream(cast("BinaryIO", Failing()), {"md5"})
