"""What leaves the house is signed by the sender, and can be read by one recipient."""

from __future__ import annotations

import errno
import io
import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import SealError, UsageError
from auditor.sealing import encryption, envelope
from auditor.sealing.keys import SigningKey

KIND = "application/vnd.test+json"
KEY, OTHER = SigningKey.from_seed(bytes(range(32))), SigningKey.from_seed(bytes(32))
IDENTITY = encryption.generate_identity()


def encrypted(data: bytes) -> bytes:
    out = io.BytesIO()
    encryption.encrypt([data], out, encryption.recipient_from_identity(IDENTITY))
    return out.getvalue()


def decrypted(data: bytes, identity: str = IDENTITY) -> bytes:
    out = io.BytesIO()
    encryption.decrypt(io.BytesIO(data), out, identity)
    return out.getvalue()


def test_what_is_signed_is_encoded_as_dsse_says() -> None:
    # secure-systems-lab/dsse: protocol.md, "Test Vectors"
    said = envelope.pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    assert said == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


@given(st.binary())
def test_an_envelope_gives_back_what_was_sealed(payload: bytes) -> None:
    sealed = envelope.sign_envelope(KIND, payload, KEY)
    assert envelope.open_envelope(sealed, KIND, KEY.public) == payload
    assert b"\n" not in sealed


def test_another_keys_signature_is_refused() -> None:
    with pytest.raises(SealError, match="not by the sender's key"):
        envelope.open_envelope(envelope.sign_envelope(KIND, b"{}", OTHER), KIND, KEY.public)


def test_a_signed_thing_of_another_type_is_refused() -> None:
    with pytest.raises(SealError, match="holds something else that was signed"):
        envelope.open_envelope(envelope.sign_envelope("application/vnd.other+json", b"{}", KEY), KIND, KEY.public)


def test_a_type_cannot_be_swapped_after_signing() -> None:
    content = json.loads(envelope.sign_envelope("application/vnd.other+json", b"{}", KEY))
    with pytest.raises(SealError, match="what was signed was changed"):
        envelope.open_envelope(json.dumps({**content, "payloadType": KIND}).encode(), KIND, KEY.public)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_never_gives_another_payload(at: int, flip: int) -> None:
    sealed = bytearray(envelope.sign_envelope(KIND, b'{"version": 3}', KEY))
    sealed[at % len(sealed)] ^= flip
    with suppress(SealError):  # what is not refused is a change of keyid or of space
        assert envelope.open_envelope(bytes(sealed), KIND, KEY.public) == b'{"version": 3}'


@pytest.mark.parametrize("junk", [b"", b"{}", b"[]", b"null", b'{"payloadType": 3}', b"\xff", b"[" * 100_000])
def test_junk_is_no_envelope(junk: bytes) -> None:
    with pytest.raises(SealError, match="holds no DSSE envelope"):
        envelope.open_envelope(junk, KIND, KEY.public)


def test_an_endless_envelope_is_refused() -> None:
    with pytest.raises(SealError, match="holds no DSSE envelope"):
        envelope.open_envelope(envelope.sign_envelope(KIND, bytes(1 << 20), KEY), KIND, KEY.public)


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=200_000), max_size=5))
def test_chunks_come_back_as_one_text(chunks: list[bytes]) -> None:
    out = io.BytesIO()
    encryption.encrypt(chunks, out, encryption.recipient_from_identity(IDENTITY))
    assert decrypted(out.getvalue()) == b"".join(chunks)


def test_every_changed_byte_is_noticed() -> None:
    sealed = encrypted(b"one line\n")
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(SealError, match=r"changed|somebody else"):
            decrypted(bytes(changed))


def test_every_cut_is_noticed() -> None:
    sealed = encrypted(bytes(70_000))  # more than one of age's chunks of 64 KiB
    for length in (*range(0, 400, 7), len(sealed) - 70_000, 65_536, len(sealed) - 1):
        with pytest.raises(SealError, match="cut off"):
            decrypted(sealed[:length])


def test_only_the_recipient_can_read_it() -> None:
    with pytest.raises(SealError, match="encrypted for somebody else's key"):
        decrypted(encrypted(b"secret"), encryption.generate_identity())


def test_what_fails_while_it_is_encrypted_is_said() -> None:
    def chunks() -> object:
        yield b"one"
        raise UsageError("the ledger is gone")

    with pytest.raises(UsageError, match="the ledger is gone"):
        encryption.encrypt(chunks(), io.BytesIO(), encryption.recipient_from_identity(IDENTITY))  # type: ignore[arg-type]


class Full(io.BytesIO):
    """A file on a disk that is full."""

    def write(self, data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("size", [1, 300_000])
def test_a_full_disk_is_called_that_on_both_sides(size: int) -> None:
    with pytest.raises(OSError, match="No space left on device"):
        encryption.encrypt([bytes(size)], Full(), encryption.recipient_from_identity(IDENTITY))
    with pytest.raises(OSError, match="No space left on device"):
        encryption.decrypt(io.BytesIO(encrypted(bytes(size))), Full(), IDENTITY)


def test_keys_that_are_none_are_named() -> None:
    with pytest.raises(SealError, match="'age1junk': is not the public half of an age key"):
        encryption.encrypt([b""], io.BytesIO(), "age1junk")
    with pytest.raises(SealError, match="holds no AGE-SECRET-KEY-1"):
        encryption.recipient_from_identity("AGE-SECRET-KEY-1JUNK")


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"cryptography and pyrage not installed.*provenance-auditor\[deindex\]"):
        envelope.require_sealing_libraries()
