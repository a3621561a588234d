"""Find the bytes of a RIFF file, such as WAV, that are no sound: unknown chunks, and what follows its end."""

from __future__ import annotations

import struct
from typing import BinaryIO

# Chunks of sound and its description (EBU Tech 3285, and what editors write).
_OWN_CHUNKS = frozenset(
    (
        b"fmt ",
        b"data",
        b"fact",
        b"LIST",
        b"bext",
        b"cue ",
        b"smpl",
        b"inst",
        b"JUNK",
        b"PAD ",
        b"FLLR",
        b"iXML",
        b"_PMX",
    )
)
_MIN_BYTES = 64


def riff_remainders(file: BinaryIO, size: int) -> list[tuple[int, int]]:
    """Return where bytes of a RIFF file begin and end that are no chunk of sound; none of another file.

    Args:
        file: The file.
        size: Its length.

    Raises:
        OSError: The file cannot be read.
    """
    file.seek(0)
    head = file.read(12)
    if head[:4] != b"RIFF":
        return []
    end = min(size, 8 + int.from_bytes(head[4:8], "little"))
    found: list[tuple[int, int]] = []
    at = 12
    while at + 8 <= end:
        file.seek(at)
        name, length = struct.unpack("<4sI", file.read(8))
        stop = min(at + 8 + length + (length & 1), end)
        if name not in _OWN_CHUNKS:
            found.append((at + 8, stop))
        at = stop
    found.append((end, size))
    return [(start, stop) for start, stop in found if stop - start >= _MIN_BYTES]
