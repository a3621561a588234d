"""Parse Git LFS and git-annex pointers: short texts that stand for a file whose bytes are elsewhere."""

from __future__ import annotations

import re
from typing import NamedTuple

# A Git LFS pointer is shorter than this (git-lfs: docs/spec.md).
MAX_POINTER_BYTES = 1024

_LFS_START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*version\s+(?:https://git-lfs|https://hawser\.github\.com/spec/|http://git-media\.io/v/)",
    re.IGNORECASE,
)
_LFS_LINE = re.compile(rb"[A-Za-z0-9.-]+[ \t]+[^\r\n]+")
_LFS_OID = re.compile(rb"(?i:oid)[ \t]+(?i:sha256):([0-9A-Fa-f]{64})")
_LFS_SIZE = re.compile(rb"(?i:size)[ \t]+([0-9]{1,18})")
# The text of a link into the objects of git-annex, or of its pointer file; the last part is the key
# (git-annex: doc/internals/key_format.mdwn, pointer_file.mdwn).
_ANNEX = re.compile(
    rb"(?:(?:[^\s]*/)?\.git/annex/objects/(?:[^/\s]+/)*|/annex/objects/)"
    rb"(?P<backend>[A-Z0-9_]+)(?P<fields>(?:-[A-Za-z][0-9]+)*)--(?P<name>[^/\s]+)(?:\s+/annex/[^\n]*)*\s*"
)
_ANNEX_SIZE = re.compile(rb"-s([0-9]{1,18})")
_ANNEX_DIGESTS = {"MD5": ("md5", 32), "SHA1": ("sha1", 40), "SHA256": ("sha256", 64)}


class FilePointer(NamedTuple):
    """The digest and the size that a pointer declares for its file.

    Attributes:
        kind: ``Git LFS`` or ``git-annex``.
        algorithm: The algorithm of the digest; "" where it declares none that can be compared.
        digest: The digest in lower-case hex.
        size: The file's size in bytes; 0 where the pointer has none.
    """

    kind: str
    algorithm: str
    digest: str
    size: int


def parse_file_pointer(head: bytes) -> FilePointer | None:
    """Parse a whole file as a file pointer; return None if it is none, or a damaged one."""
    if len(head) >= MAX_POINTER_BYTES:
        return None
    if _LFS_START.match(head):
        return _parse_lfs(head)
    found = _ANNEX.fullmatch(head)
    if not found:
        return None
    size = _ANNEX_SIZE.search(found["fields"])
    algorithm, digits = _ANNEX_DIGESTS.get(found["backend"].decode().removesuffix("E"), ("", 0))
    digest = found["name"][:digits].decode("ascii", "replace").lower()
    if not re.fullmatch(f"[0-9a-f]{{{digits}}}", digest) or found["name"][digits : digits + 1] not in (b"", b"."):
        algorithm = digest = ""
    return FilePointer("git-annex", algorithm, digest, int(size[1]) if size else 0)


def is_file_pointer(head: bytes) -> bool:
    """Return whether these first bytes begin a file pointer, of whatever version and however it goes on."""
    return bool(_LFS_START.match(head)) or parse_file_pointer(head) is not None


def _parse_lfs(data: bytes) -> FilePointer | None:
    """Parse a Git LFS pointer, with its lines in any order, any line ends and unknown keys."""
    lines = [line.strip() for line in data.removeprefix(b"\xef\xbb\xbf").splitlines()]
    if not all(_LFS_LINE.fullmatch(line) for line in lines if line):
        return None
    oids = [match[1] for line in lines if (match := _LFS_OID.fullmatch(line))]
    sizes = [match[1] for line in lines if (match := _LFS_SIZE.fullmatch(line))]
    return FilePointer("Git LFS", "sha256", oids[0].decode().lower(), int(sizes[0])) if oids and sizes else None
