"""A signed envelope gives back its payload only if the signature and the type are right."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import SealError, UsageError
from auditor.sealing import envelope
from auditor.sealing.keys import SigningKey

KIND = "application/vnd.test+json"
KEY, OTHER = SigningKey.from_seed(bytes(range(32))), SigningKey.from_seed(bytes(32))


def test_the_signed_bytes_are_those_of_the_dsse_test_vector() -> None:
    # secure-systems-lab/dsse: protocol.md, "Test Vectors"
    said = envelope.pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    assert said == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


@given(st.binary())
def test_an_envelope_returns_the_signed_payload(payload: bytes) -> None:
    sealed = envelope.sign_envelope(KIND, payload, KEY)
    assert envelope.open_envelope(sealed, KIND, KEY.public) == payload
    assert b"\n" not in sealed


def test_another_keys_signature_is_refused() -> None:
    with pytest.raises(SealError, match="not by the sender's key"):
        envelope.open_envelope(envelope.sign_envelope(KIND, b"{}", OTHER), KIND, KEY.public)


def test_a_signed_payload_of_another_type_is_refused() -> None:
    with pytest.raises(SealError, match="holds a signed payload of another type"):
        envelope.open_envelope(envelope.sign_envelope("application/vnd.other+json", b"{}", KEY), KIND, KEY.public)


def test_a_type_cannot_be_swapped_after_signing() -> None:
    content = json.loads(envelope.sign_envelope("application/vnd.other+json", b"{}", KEY))
    with pytest.raises(SealError, match="the signed content was changed"):
        envelope.open_envelope(json.dumps({**content, "payloadType": KIND}).encode(), KIND, KEY.public)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_never_gives_another_payload(at: int, flip: int) -> None:
    sealed = bytearray(envelope.sign_envelope(KIND, b'{"version": 3}', KEY))
    sealed[at % len(sealed)] ^= flip
    with suppress(SealError):  # what is not refused is a change of keyid or of space
        assert envelope.open_envelope(bytes(sealed), KIND, KEY.public) == b'{"version": 3}'


@pytest.mark.parametrize("junk", [b"", b"{}", b"[]", b"null", b'{"payloadType": 3}', b"\xff", b"[" * 100_000])
def test_junk_is_not_an_envelope(junk: bytes) -> None:
    with pytest.raises(SealError, match="holds no DSSE envelope"):
        envelope.open_envelope(junk, KIND, KEY.public)


def test_a_too_long_envelope_is_refused() -> None:
    with pytest.raises(SealError, match="holds no DSSE envelope"):
        envelope.open_envelope(envelope.sign_envelope(KIND, bytes(1 << 20), KEY), KIND, KEY.public)


def test_a_missing_library_is_reported_with_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"cryptography and pyrage not installed.*provenance-auditor\[deindex\]"):
        envelope.require_sealing_libraries()
