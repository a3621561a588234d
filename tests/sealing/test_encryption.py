"""What is encrypted for one recipient can be read by that recipient only, and every change is noticed."""

from __future__ import annotations

import errno
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import SealError, UsageError
from auditor.sealing import encryption

IDENTITY = encryption.generate_identity()


def encrypted(data: bytes) -> bytes:
    out = io.BytesIO()
    encryption.encrypt([data], out, encryption.recipient_from_identity(IDENTITY))
    return out.getvalue()


def decrypted(data: bytes, identity: str = IDENTITY) -> bytes:
    out = io.BytesIO()
    encryption.decrypt(io.BytesIO(data), out, identity)
    return out.getvalue()


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=200_000), max_size=5))
def test_chunks_are_decrypted_as_one_text(chunks: list[bytes]) -> None:
    out = io.BytesIO()
    encryption.encrypt(chunks, out, encryption.recipient_from_identity(IDENTITY))
    assert decrypted(out.getvalue()) == b"".join(chunks)


def test_every_changed_byte_is_detected() -> None:
    sealed = encrypted(b"one line\n")
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(SealError, match=r"changed|another key"):
            decrypted(bytes(changed))


def test_every_truncation_is_detected() -> None:
    sealed = encrypted(bytes(70_000))  # more than one of age's chunks of 64 KiB
    for length in (*range(0, 400, 7), len(sealed) - 70_000, 65_536, len(sealed) - 1):
        with pytest.raises(SealError, match="truncated"):
            decrypted(sealed[:length])


def test_only_the_recipient_can_read_it() -> None:
    with pytest.raises(SealError, match="encrypted for another key"):
        decrypted(encrypted(b"secret"), encryption.generate_identity())


def test_an_error_of_the_chunks_is_raised_unchanged() -> None:
    def chunks() -> object:
        yield b"one"
        raise UsageError("the ledger is gone")

    with pytest.raises(UsageError, match="the ledger is gone"):
        encryption.encrypt(chunks(), io.BytesIO(), encryption.recipient_from_identity(IDENTITY))  # type: ignore[arg-type]


class FullDisk(io.BytesIO):
    """A file on a disk that is full."""

    def write(self, data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("size", [1, 300_000])
def test_a_full_disk_is_reported_when_encrypting_and_decrypting(size: int) -> None:
    with pytest.raises(OSError, match="No space left on device"):
        encryption.encrypt([bytes(size)], FullDisk(), encryption.recipient_from_identity(IDENTITY))
    with pytest.raises(OSError, match="No space left on device"):
        encryption.decrypt(io.BytesIO(encrypted(bytes(size))), FullDisk(), IDENTITY)


def test_an_invalid_key_is_refused_by_name() -> None:
    with pytest.raises(SealError, match="'age1junk': is not the public half of an age key"):
        encryption.encrypt([b""], io.BytesIO(), "age1junk")
    with pytest.raises(SealError, match="holds no AGE-SECRET-KEY-1"):
        encryption.recipient_from_identity("AGE-SECRET-KEY-1JUNK")
