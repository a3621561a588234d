"""Read and write the secret key of a list, from which the tokens that name its entries in reports are made."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from auditor.errors import ListError

KEY = "key"
_KEY_BYTES = 32


def read_token_key(folder: Path) -> bytes:
    """Return the token key of the compiled list in a folder."""
    path = folder / KEY
    try:
        return path.read_bytes()
    except OSError as error:
        raise ListError(f"{path}: the list's key cannot be read: {error.strerror}; import the list again") from error


def load_or_create_token_key(path: Path) -> bytes:
    """Return the token key in a file; create it the first time. Tokens stay the same as long as it does."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_token_key(path, new_token_key())
        return path.read_bytes()
    except OSError as error:
        raise ListError(f"{path}: the key for entry tokens cannot be read: {error.strerror}") from error


def new_token_key() -> bytes:
    """Return a random key for the tokens of a list's entries."""
    return secrets.token_bytes(_KEY_BYTES)


def write_token_key(path: Path, key: bytes) -> None:
    """Write the secret key of a list so that only its owner can read it. An existing key is kept."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        os.fsync(descriptor)
