"""Recognise image files by their first bytes."""

from __future__ import annotations

import struct

_MAGICS = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"II*\0",
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
    b"\0\0\0\x0cjP  \r\n\x87\n",
    b"\xff\x4f\xff\x51",
    b"\0\0\0\x0cJXL \r\n\x87\n",
    b"8BPS\0\x01",
)
_BRANDS = frozenset((b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
# Lengths of a bitmap's second header.
_BITMAPS = frozenset(struct.pack("<I", length) for length in (12, 16, 40, 52, 56, 64, 108, 124))


def is_image(head: bytes) -> bool:
    """Return whether these first bytes (32 are enough) begin an image."""
    if head.startswith(_MAGICS) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return True
    if head[4:8] == b"ftyp":
        return head[8:12] in _BRANDS
    # "BM" may begin a text too, so the length of the second header must be one that bitmaps have.
    return head[:2] == b"BM" and head[14:18] in _BITMAPS
