"""Who may ask the screening service: bearers of a token from a file, or programs of this machine."""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from collections.abc import Collection, Mapping
from pathlib import Path

from auditor.errors import UsageError

# 32 characters of base64 are 192 random bits; of hex, 128.
MIN_TOKEN_CHARACTERS = 32
_MAX_FILE_BYTES = 1 << 20
_OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class AccessControl:
    """Decides who may ask.

    Args:
        tokens: The tokens of callers; if there are none, every program that can connect may ask.
        authorities: Without tokens, the values of ``Host`` that are answered, against web pages that resolve a name of
            their own to this machine (DNS rebinding); () for any.
    """

    def __init__(self, tokens: Collection[str] = (), authorities: Collection[str] = ()) -> None:
        self.needs_token = bool(tokens)
        self._digests = tuple(_digest(token) for token in tokens)
        self._authorities = frozenset(authorities)

    def caller(self, headers: Mapping[str, str]) -> int | None:
        """Return the number of the token in a request's headers, 0 where none is needed; None for a wrong one.

        Every token is compared, in constant time, so that time tells nothing of them.
        """
        if not self.needs_token:
            return 0
        scheme, _, token = headers.get("authorization", "").partition(" ")
        digest = _digest(token.strip())
        same = [hmac.compare_digest(digest, known) for known in self._digests]
        return same.index(True) if scheme.lower() == "bearer" and any(same) else None

    def is_from_web_page(self, headers: Mapping[str, str]) -> bool:
        """Return whether a browser sent a request without a token for another site's page."""
        if self.needs_token:
            return False
        is_foreign_host = bool(self._authorities) and headers.get("host", "").lower() not in self._authorities
        return is_foreign_host or headers.get("sec-fetch-site", "none") not in ("none", "same-origin")


def read_token_file(path: Path) -> tuple[str, ...]:
    """Return the tokens in a file: one a line, blank lines and those that begin with ``#`` left out.

    Raises:
        UsageError: It cannot be read, is not the user's alone, or holds no token, a short one or one twice.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            _refuse_shared_file(path, status)
            text = file.read(_MAX_FILE_BYTES).decode("ascii")
    except OSError as error:
        raise UsageError(f"{path}: the tokens cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: a token has ASCII characters only") from error
    lines = [line.strip() for line in text.splitlines()]
    tokens = tuple(line for line in lines if line and not line.startswith("#"))
    if not tokens:
        raise UsageError(f"{path}: holds no token; make one with: openssl rand -base64 32")
    for number, token in enumerate(tokens, 1):
        if len(token) < MIN_TOKEN_CHARACTERS or not token.isprintable() or " " in token:
            raise UsageError(
                f"{path}: token {number} needs at least {MIN_TOKEN_CHARACTERS} characters, and no space; "
                "make one with: openssl rand -base64 32"
            )
    if len(set(tokens)) < len(tokens):
        raise UsageError(f"{path}: a token is there twice; give each caller one of its own")
    return tokens


def _refuse_shared_file(path: Path, status: os.stat_result) -> None:
    """Raise UsageError for a token file that is no regular file, another user's, or open to others."""
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(f"{path}: is no regular file")
    if os.name != "posix":  # modes say nothing there
        return
    if status.st_mode & _OF_OTHERS:
        raise UsageError(f"{path}: other users can open it; run: chmod 600 {path}")
    if status.st_uid not in (0, os.geteuid()):
        raise UsageError(f"{path}: belongs to another user")


def _digest(token: str) -> bytes:
    """Return the digest by which a token is compared, which hides its length."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
