"""Signing keys: RFC 8032's vectors, and files that only their owner can read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from auditor.errors import SealError, UsageError
from auditor.sealing.keys import SigningKey, decode_public_key, encode_public_key, verify_signature

# RFC 8032, section 7.1, TEST 2: secret key, public key, message, signature.
SEED = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
PUBLIC = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
SIGNATURE = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def test_signatures_are_those_of_rfc_8032() -> None:
    key = SigningKey.from_seed(bytes.fromhex(SEED))
    assert key.public.hex() == PUBLIC
    assert key.sign(b"\x72").hex() == SIGNATURE
    assert verify_signature(key.public, bytes.fromhex(SIGNATURE), b"\x72")
    assert not verify_signature(key.public, bytes.fromhex(SIGNATURE), b"\x73")
    assert not verify_signature(key.public, b"short", b"\x72")
    assert not verify_signature(b"no key", bytes.fromhex(SIGNATURE), b"\x72")


def test_a_key_file_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    made = SigningKey.create(tmp_path / "signing.key")
    assert (tmp_path / "signing.key").stat().st_mode & 0o777 == 0o600
    assert SigningKey.load(tmp_path / "signing.key") == made
    assert "_private" not in repr(made)
    with pytest.raises(SealError, match=r"signing\.key: a key cannot be written there"):
        SigningKey.create(tmp_path / "signing.key")


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    SigningKey.create(tmp_path / "signing.key")
    (tmp_path / "signing.key").chmod(0o640)
    with pytest.raises(SealError, match="others can read this private key; run chmod 600"):
        SigningKey.load(tmp_path / "signing.key")


@pytest.mark.parametrize("junk", [b"", b"\0\xff", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_without_a_key_is_refused_with_a_reason(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "signing.key"
    path.write_bytes(junk)
    path.chmod(0o600)
    with pytest.raises(SealError, match="is not an unencrypted private key in PEM"):
        SigningKey.load(path)


def test_public_keys_are_written_as_base64() -> None:
    public = bytes.fromhex(PUBLIC)
    assert decode_public_key(encode_public_key(public) + "\n") == public
    with pytest.raises(SealError, match="is not a public key in base64"):
        decode_public_key("no key!")
    with pytest.raises(SealError, match="which has 32 bytes"):
        decode_public_key("AAAA")


def test_without_the_library_a_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)
    for use in (lambda: SigningKey.create(tmp_path / "signing.key"), lambda: verify_signature(b"", b"", b"")):
        with pytest.raises(UsageError, match=r"pip install 'provenance-auditor\[review\]'"):
            use()
    assert not (tmp_path / "signing.key").exists()
