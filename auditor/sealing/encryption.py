"""Encrypts a file for one recipient and decrypts it, with age keys.

age: https://age-encryption.org/v1.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import IO, Any, cast

from auditor.errors import SealError


def encrypt(chunks: Iterable[bytes], out: IO[bytes], recipient: str) -> None:
    """Write the chunks, one after the other, so that only the holder of an age key can read them.

    Args:
        chunks: The bytes to encrypt. An exception that this iterable raises is raised here.
        out: The file to write to.
        recipient: The public half of the recipient's key, ``age1…``.

    Raises:
        SealError: ``recipient`` is not the public half of an age key.
    """
    import pyrage

    try:
        key = pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError as error:
        raise SealError(f"{recipient[:80]!r}: is not the public half of an age key ({error})") from error
    source, sink = _ChunkReader(iter(chunks)), _ErrorKeepingWriter(out)
    try:
        pyrage.encrypt_io(source, sink, [key])
    except (pyrage.EncryptError, OSError):
        if source.raised is None and sink.raised is None:
            raise
    # The library replaces an exception of a file by its own, and drops it at the last block.
    if raised := source.raised or sink.raised:
        raise raised


def decrypt(file: IO[bytes], out: IO[bytes], *identities: str) -> None:
    """Decrypt a file with whichever age key it was encrypted for, and write the result to ``out``.

    The result is not authenticated: anyone can encrypt for a public key. Check the signature inside before trusting it.

    Args:
        file: The encrypted file.
        out: The file to write to.
        identities: The private keys, ``AGE-SECRET-KEY-…``.

    Raises:
        SealError: It was encrypted for another key, is damaged, or is not an age file.
        OSError: A file cannot be read or written.
    """
    import pyrage

    sink = _ErrorKeepingWriter(out)
    try:
        pyrage.decrypt_io(file, sink, [_parse_identity(identity) for identity in identities])
    except (pyrage.DecryptError, pyrage.EncryptError, OSError) as error:
        if sink.raised is None:
            if "No matching keys" in str(error):
                raise SealError("was encrypted for another key; ask for a list made for you") from error
            raise SealError(
                f"cannot be decrypted ({_one_line(error)}): changed, truncated or not a list; fetch it again"
            ) from error
    if sink.raised is not None:
        raise sink.raised


def encrypt_with_passphrase(data: bytes, passphrase: str) -> bytes:
    """Return data that anyone who knows the passphrase can decrypt with age."""
    import pyrage

    return pyrage.passphrase.encrypt(data, passphrase)  # type: ignore[no-any-return]


def decrypt_with_passphrase(data: bytes, passphrase: str) -> bytes:
    """Return what was encrypted with a passphrase. Raises SealError if it is another one or the data is damaged."""
    import pyrage

    try:
        return pyrage.passphrase.decrypt(data, passphrase)  # type: ignore[no-any-return]
    except pyrage.DecryptError as error:
        raise SealError("the passphrase does not open it, or the file is damaged") from error


def generate_identity() -> str:
    """Return a new private age key for encryption, ``AGE-SECRET-KEY-…``."""
    from pyrage import x25519

    return str(x25519.Identity.generate())


def recipient_from_identity(identity: str) -> str:
    """Return the age encryption recipient of a private identity. Raises SealError if the text is not one."""
    return str(_parse_identity(identity).to_public())


def _parse_identity(text: str) -> Any:
    """Return the encryption library's object for a private age key. Raises SealError if the text is not one."""
    import pyrage

    try:
        return pyrage.x25519.Identity.from_str(text)
    except pyrage.IdentityError as error:
        raise SealError("the file of the age key holds no AGE-SECRET-KEY-1…; name another one") from error


def _one_line(error: Exception) -> str:
    """Return the message of an encryption error on one line."""
    return " ".join(str(error).split())


class _ChunkReader(io.RawIOBase):
    """Presents an iterator of chunks as a file; keeps in ``raised`` the exception that the iterator raised."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")
        self.raised: BaseException | None = None

    def readable(self) -> bool:
        """Return that the chunks to encrypt can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes of the chunks to encrypt into a buffer."""
        try:
            while not self._left:
                chunk = next(self._chunks, None)
                if chunk is None:
                    return 0
                self._left = memoryview(chunk)
        except BaseException as error:
            self.raised = error
            raise
        size = min(len(buffer), len(self._left))
        cast(memoryview, buffer)[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


class _ErrorKeepingWriter:
    """Wraps a file to write to; keeps in ``raised`` the exception that writing raised."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self.raised: BaseException | None = None

    def write(self, data: bytes) -> int:
        """Write encrypted or decrypted bytes, and keep the error if that fails."""
        try:
            return self._out.write(data)
        except BaseException as error:
            self.raised = error
            raise

    def flush(self) -> None:
        """Do nothing: the caller that opened the file for encryption flushes it."""
