"""Ed25519 keys: created, kept in files that only their owner can read, and used to sign and to verify.

A private key is kept in a PEM file (PKCS 8, mode 0600, encrypted if a password is given). A public key is 32
bytes, written as base64.
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
    """A private key. Its ``repr`` shows the public half only."""

    public: bytes
    _private: Ed25519PrivateKey = field(repr=False, compare=False)

    def sign(self, data: bytes) -> bytes:
        """Return the Ed25519 signature of the data, 64 bytes (RFC 8032)."""
        return self._private.sign(data)

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """Return the key of a 32-byte seed, the form in which RFC 8032 gives its test vectors."""
        return cls._of(_import_ed25519().Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def create(cls, path: Path, password: bytes = b"") -> SigningKey:
        """Create a key and write it to a new file, encrypted if there is a password.

        Raises SealError if the file exists or cannot be written.
        """
        private = _import_ed25519().Ed25519PrivateKey.generate()
        from cryptography.hazmat.primitives import serialization

        encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        try:
            # The file is created with its final mode, so others can never open it.
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise SealError(f"{path}: a key cannot be written there: {error.strerror}") from error
        return cls._of(private)

    @classmethod
    def load(cls, path: Path, password: bytes = b"") -> SigningKey:
        """Read a key from a file, which is encrypted if there is a password.

        Raises SealError if others can read the file, it holds no Ed25519 key, or the password is not its own.
        """
        ed25519 = _import_ed25519()
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            with open(path, "rb") as file:
                if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                    raise SealError(f"{path}: others can read this private key; run chmod 600 on it, or make a new one")
                pem = file.read(10_000)
            private = load_pem_private_key(pem, password=password or None)
        except OSError as error:
            raise SealError(f"{path}: the signing key cannot be read: {error.strerror}") from error
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            kind = "a private key in PEM that the password opens" if password else "an unencrypted private key in PEM"
            raise SealError(f"{path}: is not {kind}; name another file") from error
        if not isinstance(private, ed25519.Ed25519PrivateKey):
            raise SealError(f"{path}: is not an Ed25519 key; name another file")
        return cls._of(private)

    @classmethod
    def _of(cls, private: Ed25519PrivateKey) -> SigningKey:
        """Return the signing key around the library's private key."""
        return cls(private.public_key().public_bytes_raw(), private)


def _import_ed25519() -> ModuleType:
    """Import the library's module of Ed25519 keys. Raises UsageError if it is not installed."""
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise UsageError(
            "cryptography is not installed, which signatures need: pip install 'provenance-auditor[review]'"
        ) from error
    return ed25519


def verify_signature(public: bytes, signature: bytes, data: bytes) -> bool:
    """Return whether ``signature`` is a signature of the data by the holder of this public Ed25519 key."""
    ed25519 = _import_ed25519()
    from cryptography.exceptions import InvalidSignature

    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def encode_public_key(public: bytes) -> str:
    """Return the public Ed25519 key as base64 text."""
    return base64.b64encode(public).decode()


def decode_public_key(text: str) -> bytes:
    """Return the 32 bytes of a public key written as base64 or PEM. Raises SealError if the text is not one."""
    if "PRIVATE KEY" in text:  # it must not be repeated in a message
        raise SealError("is a private key; give the public one")
    if text.lstrip().startswith("-----BEGIN PUBLIC KEY-----"):
        return _decode_pem(text.strip().encode())
    try:
        public = base64.b64decode(text.strip(), validate=True)
    except (ValueError, binascii.Error) as error:
        raise SealError(f"{text.strip()[:60]!r}: is not a public key in base64") from error
    if len(public) != 32:
        raise SealError(f"{text.strip()[:60]!r}: is not an Ed25519 public key, which has 32 bytes")
    return public


def _decode_pem(pem: bytes) -> bytes:
    """Return the 32 bytes of a public Ed25519 key in PEM. Raises SealError if it is not one."""
    ed25519 = _import_ed25519()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        public = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SealError("is not a public key in PEM") from error
    if not isinstance(public, ed25519.Ed25519PublicKey):
        raise SealError("is not an Ed25519 public key")
    return bytes(public.public_bytes_raw())
