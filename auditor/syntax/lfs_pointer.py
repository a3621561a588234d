"""Git LFS pointers: small text files that stand for a file whose bytes are elsewhere (git-lfs: docs/spec.md)."""

from __future__ import annotations

import re

_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize ([0-9]{1,18})\n?"
)
# The specification's limit for a pointer.
MAX_POINTER_BYTES = 1024


def parse_lfs_pointer(head: bytes) -> tuple[str, int] | None:
    """Return the SHA-256 (hex) and the size of the file that a pointer stands for; None if this is no pointer."""
    match = _POINTER.fullmatch(head[:MAX_POINTER_BYTES]) if is_lfs_pointer(head) else None
    return (match[1].decode(), int(match[2])) if match else None


def is_lfs_pointer(head: bytes) -> bool:
    """Return whether these first bytes begin a pointer, of whatever version and however it goes on."""
    return head.startswith(b"version https://git-lfs")
