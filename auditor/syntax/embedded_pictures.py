"""Find pictures in files of any kind, by their first bytes and their structure, and what a picture holds beside itself.

A picture's own bytes end where its format says. What follows, and its metadata, can hold another picture: a thumbnail,
a second picture after the first, an archive.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from auditor.syntax.image_magic import is_image
from auditor.syntax.tiff_structure import end_of_tiff

# Words in the first bytes of pictures, and where these begin before the word. Short magics are left out: in a large
# file they are there by chance.
_ANCHORS: tuple[tuple[bytes, int], ...] = (
    (b"\xff\xd8\xff", 0),
    (b"\x89PNG\r\n\x1a\n", 0),
    (b"GIF87a", 0),
    (b"GIF89a", 0),
    (b"WEBPVP8", 8),
    (b"ftypavi", 4),
    (b"ftyphei", 4),
    (b"ftypmif1", 4),
    (b"jP  \r\n\x87\n", 4),
    (b"JXL \r\n\x87\n", 4),
)
_WINDOW_BYTES = 8 << 20
_OVERLAP_BYTES = 32
# A larger picture is not carved out.
MAX_PICTURE_BYTES = 1 << 26
# No picture that shows anything is shorter.
MIN_PICTURE_BYTES = 64
# No text that names a picture is shorter than ``http://a.b/c.jpg``; what every JPEG begins with is.
MIN_TEXT_BYTES = 16
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
# Markers of short scans are searched by the pattern alone; others in windows of this size first.
_NEAR_BYTES = 256
_SEARCHED_BYTES = 1 << 16
# Portable bitmaps and maps of gray and colour, as bytes: the kind, the sides, the largest value.
_NOTES = rb"\s+(?:#[^\n]*\n\s*)*"
_PORTABLE = re.compile(rb"P([456])" + _NOTES + rb"(\d{1,6})" + _NOTES + rb"(\d{1,6})(?:" + _NOTES + rb"(\d{1,5}))?\s")
_FILLING = b"\0\xff \r\n\t"
# Chunks and boxes that the picture itself is made of; others are metadata.
_PNG_PICTURE = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND", b"fdAT", b"acTL", b"fcTL", b"tRNS", b"gAMA", b"sRGB"))
_WEBP_PICTURE = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH"))
_BOXED_PICTURE = frozenset(
    (b"ftyp", b"meta", b"mdat", b"moov", b"jP  ", b"JXL ", b"jp2h", b"jp2c", b"jxlc", b"jxlp", b"jxll")
)


class PictureStructure(NamedTuple):
    """Where a picture ends, and its metadata. ``end`` is -1 for what is no whole picture."""

    end: int
    metadata: tuple[bytes, ...] = ()


class PictureContent(NamedTuple):
    """What a picture's bytes hold beside the picture.

    Attributes:
        pictures: Further pictures.
        metadata: Its metadata without the pictures in them, for a search in texts.
        rest: The bytes after its end that are no picture, without filling.
    """

    pictures: tuple[bytes, ...] = ()
    metadata: tuple[bytes, ...] = ()
    rest: bytes = b""


class PictureText(NamedTuple):
    """The texts in a picture's metadata and after its end, and which picture of which file it is."""

    sample: str
    place: str
    row: int
    text: bytes


def picture_content(data: bytes) -> PictureContent:
    """Return what the bytes of a picture hold beside the picture; nothing for a format whose structure is not known."""
    end, metadata = picture_structure(data)
    if end < 0:
        return PictureContent()
    rest = data[end:]
    if len(rest) < MIN_TEXT_BYTES and all(len(span) < MIN_TEXT_BYTES for span in metadata):
        return PictureContent()
    pictures: list[bytes] = []
    spans = tuple(_cut_out_pictures(span, pictures) for span in metadata if len(span) >= MIN_TEXT_BYTES)
    rest = _cut_out_pictures(rest, pictures).strip(_FILLING)
    return PictureContent(tuple(pictures), spans, rest)


def _cut_out_pictures(data: bytes, pictures: list[bytes]) -> bytes:
    """Return the bytes that are no picture of a picture's metadata, or after its end; ``pictures`` takes the others."""
    left, at = [], 0
    for start, stop in find_pictures(data) if len(data) >= MIN_PICTURE_BYTES else ():
        pictures.append(data[start:stop])
        left.append(data[at:start])
        at = stop
    return b"".join((*left, data[at:]))


def find_pictures(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each picture in these bytes begins and ends, one after another."""
    yield from pictures_of_file(io.BytesIO(data))


def pictures_of_file(file: BinaryIO, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield where each picture in an open file begins and ends, from a place on to another. Raises OSError."""
    done = position = start
    window = b""
    while True:
        file.seek(position)
        window = file.read(_WINDOW_BYTES)
        for at in sorted(set(_candidates(window))):
            begin = position + at
            if begin < done:
                continue
            file.seek(begin)
            data = file.read(min(MAX_PICTURE_BYTES, _WINDOW_BYTES))
            end = picture_structure(data).end
            if end < 0 and len(data) == _WINDOW_BYTES:
                data += file.read(MAX_PICTURE_BYTES - len(data))
                end = picture_structure(data).end
            if end >= MIN_PICTURE_BYTES:
                yield begin, begin + end
                done = begin + end
        if len(window) < _WINDOW_BYTES or (stop is not None and position + _WINDOW_BYTES >= stop):
            return
        position += _WINDOW_BYTES - _OVERLAP_BYTES


def _candidates(window: bytes) -> Iterator[int]:
    """Yield where a picture may begin in a part of a file."""
    for word, before in _ANCHORS:
        at = window.find(word)
        while at >= 0:
            if at >= before and is_image(window[at - before : at - before + 32]):
                yield at - before
            at = window.find(word, at + 1)


def picture_structure(data: bytes) -> PictureStructure:
    """Return where the picture at the beginning of these bytes ends, and where its metadata are."""
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return _png(data)
        if data.startswith((b"GIF87a", b"GIF89a")):
            return _gif(data)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _webp(data)
        if data[4:8] in (b"ftyp", b"jP  ", b"JXL "):
            return _boxes(data)
        if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
            return PictureStructure(end_of_tiff(data))
        if found := _PORTABLE.match(data):
            width, height, most = int(found[2]), int(found[3]), int(found[4] or 1)
            row = -(-width // 8) if found[1] == b"4" else width * (3 if found[1] == b"6" else 1) * (1 + (most > 255))
            return PictureStructure(min(found.end() + row * height, len(data)))
        if data.startswith(b"BM"):
            size = max(int.from_bytes(data[2:6], "little"), int.from_bytes(data[10:14], "little"))
            return PictureStructure(size if MIN_PICTURE_BYTES <= size <= len(data) else -1)
    except (IndexError, struct.error):
        pass
    return PictureStructure(-1)


def _jpeg(data: bytes) -> PictureStructure:
    """Return the structure of a JPEG (ITU T.81, annex B). One that is cut short ends with the data."""
    at, has_frame = 2, False
    metadata: list[bytes] = []
    while at + 4 <= len(data):
        marker = data[at + 1]
        if data[at] != 0xFF:
            return PictureStructure(-1)
        if marker == 0xFF:
            at += 1
        elif marker == 0xD9:
            return PictureStructure(at + 2 if has_frame else -1, tuple(metadata))
        elif 0xD0 <= marker <= 0xD7 or marker == 0x01:
            at += 2
        else:
            size = data[at + 2] << 8 | data[at + 3]
            if size < 2:
                return PictureStructure(-1)
            if 0xE0 <= marker <= 0xEF or marker == 0xFE:
                metadata.append(data[at + 4 : at + 2 + size])
            has_frame = has_frame or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC))
            at += 2 + size
            if marker == 0xDA:
                at = _next_marker(data, at)
    if data[at : at + 2] == b"\xff\xd9":
        at += 2
    return PictureStructure(min(at, len(data)) if has_frame else -1, tuple(metadata))


def _next_marker(data: bytes, at: int) -> int:
    """Return where the next marker of a JPEG stands in its compressed data from ``at`` on, or the end of the data."""
    import numpy as np

    near = _NEXT_MARKER.search(data, at, at + _NEAR_BYTES)
    if near:
        return near.start()
    # Passes over the zeros that follow 0xff in compressed data, in a quarter of the time of the pattern.
    for start in range(at, len(data) - 1, _SEARCHED_BYTES):
        window = np.frombuffer(data, np.uint8, min(_SEARCHED_BYTES + 1, len(data) - start), start)
        if np.logical_and(window[:-1] == 0xFF, window[1:]).any():
            following = _NEXT_MARKER.search(data, start)
            return following.start() if following else len(data)
    return len(data)


def _png(data: bytes) -> PictureStructure:
    """Return the structure of a PNG, which begins with its size. One that is cut short ends with the data."""
    at, metadata = 8, list[bytes]()
    if data[12:16] not in (b"IHDR", b"CgBI"):
        return PictureStructure(-1)
    while at + 12 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if name not in _PNG_PICTURE:
            metadata.append(_unpacked(name, data[at + 8 : at + 8 + size]))
        at += 12 + size
        if name == b"IEND":
            break
    return PictureStructure(min(at, len(data)), tuple(metadata))


def _unpacked(name: bytes, chunk: bytes) -> bytes:
    """Return the text of a PNG's chunk, which may be packed; a text of more than some bytes is cut."""
    if name not in (b"zTXt", b"iTXt"):
        return chunk
    key, _, rest = chunk.partition(b"\0")
    packed = rest[1:] if name == b"zTXt" else rest.partition(b"\0")[2] and rest.split(b"\0", 3)[-1]
    try:
        return key + b": " + zlib.decompressobj().decompress(packed, MAX_PICTURE_BYTES)
    except zlib.error:
        return chunk


def _gif(data: bytes) -> PictureStructure:
    """Return the structure of a GIF; its comments and applications' extensions are metadata."""
    at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    metadata: list[bytes] = []
    while at < len(data):
        block = data[at]
        if block == 0x3B:
            return PictureStructure(at + 1, tuple(metadata))
        if block == 0x21:
            label, at = data[at + 1], at + 2
        elif block == 0x2C:
            flags = data[at + 9]
            label, at = 0, at + 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        else:
            return PictureStructure(-1)
        pieces = []
        while data[at]:
            if label in (0xFE, 0xFF, 0x01):
                pieces.append(data[at + 1 : at + 1 + data[at]])
            at += 1 + data[at]
        at += 1
        metadata += [b"".join(pieces)] if pieces else []
    return PictureStructure(len(data), tuple(metadata))


def _webp(data: bytes) -> PictureStructure:
    """Return the structure of a WebP, a RIFF file."""
    end = min(8 + int.from_bytes(data[4:8], "little"), len(data))
    at, metadata = 12, list[bytes]()
    while at + 8 <= end:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] not in _WEBP_PICTURE:
            metadata.append(data[at + 8 : min(at + 8 + size, end)])
        at += 8 + size + (size & 1)
    return PictureStructure(max(end, 12), tuple(metadata))


def box_spans(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name, beginning and end of each box of a file of such, and what follows the last under b"".

    Args:
        file: The file, such as MP4.
        size: Its length.

    Raises:
        OSError: The file cannot be read.
    """
    at = 0
    while at + 8 <= size:
        file.seek(at)
        length, name = struct.unpack(">I4s", file.read(8))
        if length == 1:
            length = int.from_bytes(file.read(8), "big")
        elif length == 0:
            length = size - at
        if length < 8 or not name.isalnum() or at + length > size:
            break
        yield name, at, at + length
        at += length
    if at < size:
        yield b"", at, size


def _boxes(data: bytes) -> PictureStructure:
    """Return the structure of a picture in boxes: HEIF, AVIF, JPEG 2000, JPEG XL (ISO 14496-12, 4.2)."""
    at, metadata = 0, list[bytes]()
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        header = 8
        if size == 1:
            size, header = struct.unpack_from(">Q", data, at + 8)[0], 16
        elif size == 0:
            size = len(data) - at
        if size < header or not name.isascii() or at + size > len(data) + MAX_PICTURE_BYTES:
            break
        if name not in _BOXED_PICTURE:
            if at + size > len(data):
                break
            metadata.append(data[at + header : at + size])
        at += size
    return PictureStructure(min(at, len(data)) if at else -1, tuple(metadata))
