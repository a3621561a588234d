"""Ed25519 keys: made, kept in files that only their owner can read, and used to sign.

A private key lies in a PEM file (PKCS 8, unencrypted, mode 0600); a public key is 32 bytes, written as base64.
"""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from auditor.errors import SealError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key. It is never shown: ``repr`` gives the public half."""

    public: bytes
    _private: Ed25519PrivateKey = field(repr=False, compare=False)

    def sign(self, data: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature (RFC 8032)."""
        return self._private.sign(data)

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """The key of a 32-byte seed, as RFC 8032 writes its test vectors."""
        return cls._of(_import_ed25519().Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def create(cls, path: Path) -> SigningKey:
        """A new key in a new file. Raises :class:`SealError` where the file exists already."""
        private = _import_ed25519().Ed25519PrivateKey.generate()
        from cryptography.hazmat.primitives import serialization

        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        try:
            # The mode counts from the first moment: there is no time at which others could open the file.
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise SealError(f"{path}: a key cannot be written there: {error.strerror}") from error
        return cls._of(private)

    @classmethod
    def load(cls, path: Path) -> SigningKey:
        """The key of a file. Raises :class:`SealError` for one that others can read, or that holds no such key."""
        ed25519 = _import_ed25519()
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            with open(path, "rb") as file:
                if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                    raise SealError(f"{path}: others can read this private key; run chmod 600 on it, or make a new one")
                pem = file.read(10_000)
            private = load_pem_private_key(pem, password=None)
        except OSError as error:
            raise SealError(f"{path}: the signing key cannot be read: {error.strerror}") from error
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise SealError(f"{path}: is not an unencrypted private key in PEM; name another file") from error
        if not isinstance(private, ed25519.Ed25519PrivateKey):
            raise SealError(f"{path}: is not an Ed25519 key; name another file")
        return cls._of(private)

    @classmethod
    def _of(cls, private: Ed25519PrivateKey) -> SigningKey:
        return cls(private.public_key().public_bytes_raw(), private)


def _import_ed25519() -> ModuleType:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise UsageError(
            "cryptography is not installed, which signatures need: pip install 'provenance-auditor[review]'"
        ) from error
    return ed25519


def verify_signature(public: bytes, signature: bytes, data: bytes) -> bool:
    """Did the holder of this public key sign the data?"""
    ed25519 = _import_ed25519()
    from cryptography.exceptions import InvalidSignature

    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def encode_public_key(public: bytes) -> str:
    return base64.b64encode(public).decode()


def decode_public_key(text: str) -> bytes:
    """The 32 bytes that a public key's base64 says. Raises :class:`SealError`."""
    try:
        public = base64.b64decode(text.strip(), validate=True)
    except (ValueError, binascii.Error) as error:
        raise SealError(f"{text.strip()[:60]!r}: is not a public key in base64") from error
    if len(public) != 32:
        raise SealError(f"{text.strip()[:60]!r}: is not an Ed25519 public key, which has 32 bytes")
    return public
