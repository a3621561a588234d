"""Read the texts in a picture's metadata without decoding the picture: PNG text chunks, and EXIF in JPEG and WebP."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from auditor.errors import Unreadable

# Text read of one picture, and how far a JPEG's or WebP's beginning is searched for it, in bytes.
MAX_TEXT_BYTES = 32 << 20
_PNG_MAGIC, _JPEG_MAGIC, _RIFF_MAGIC = b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"RIFF"
# Tags of EXIF 2.3.
_USER_COMMENT_TAG, _EXIF_IFD_TAG = 0x9286, 0x8769
_MAKE_TAG, _MODEL_TAG = 0x010F, 0x0110


def read_texts(file: BinaryIO) -> Iterator[tuple[str, str]]:
    """Yield keyword and text of each text in a picture's metadata; a text file is one text, ``parameters``.

    Raises:
        Unreadable: The metadata is damaged or too long, or the file is neither text nor such a picture.
        OSError: The file cannot be read.
    """
    start = file.read(12)
    file.seek(0)
    if start.startswith(_PNG_MAGIC):
        yield from _png_texts(file)
    elif start.startswith(_JPEG_MAGIC) or (start.startswith(_RIFF_MAGIC) and start[8:12] == b"WEBP"):
        yield from _exif_texts(file)
    else:
        data = file.read(MAX_TEXT_BYTES + 1)
        if len(data) > MAX_TEXT_BYTES:
            raise Unreadable(f"more than {MAX_TEXT_BYTES:,} bytes, and no PNG, JPEG or WebP picture")
        if b"\0" in data:
            raise Unreadable("neither text nor a PNG, JPEG or WebP picture")
        yield "parameters", data.decode("utf-8", "replace")


def _png_texts(file: BinaryIO) -> Iterator[tuple[str, str]]:
    """Yield keyword and text of each text chunk (PNG 1.2, 4.2.3); pixels are skipped."""
    file.seek(8)
    left = MAX_TEXT_BYTES
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind not in (b"tEXt", b"zTXt", b"iTXt"):
            file.seek(length + 4, io.SEEK_CUR)
            continue
        if length > left:
            raise Unreadable(f"its text is longer than {MAX_TEXT_BYTES:,} bytes")
        left -= length
        keyword, _, rest = file.read(length).partition(b"\0")
        file.seek(4, io.SEEK_CUR)
        packed = kind == b"zTXt"
        if kind == b"zTXt":
            rest = rest[1:]
        elif kind == b"iTXt":
            packed, rest = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
        if packed:
            rest = _decompress(rest, left)
            left -= len(rest)
        yield keyword.decode("latin-1"), rest.decode("utf-8" if kind == b"iTXt" else "latin-1", "replace")


def _decompress(data: bytes, most: int) -> bytes:
    """Return the decompressed data. Raises Unreadable if they are more than ``most`` bytes."""
    decompressor = zlib.decompressobj()
    try:
        text = decompressor.decompress(data, most + 1)
    except zlib.error as error:
        raise Unreadable(f"its text cannot be decompressed: {error}") from error
    if len(text) > most:
        raise Unreadable(f"its text decompresses to more than {MAX_TEXT_BYTES:,} bytes")
    return text


def _exif_texts(file: BinaryIO) -> Iterator[tuple[str, str]]:
    """Yield the EXIF texts of a JPEG or WebP picture, which tools use as they use the text chunks of PNG files."""
    from PIL.Image import Exif

    data = _exif_block(file)
    if not data:
        return
    exif = Exif()
    try:
        exif.load(data)
        # Fooocus writes the tag into the first directory (modules/meta_parser.py: get_exif).
        comment = exif.get_ifd(_EXIF_IFD_TAG).get(_USER_COMMENT_TAG) or exif.get(_USER_COMMENT_TAG, b"")
        fields = [str(exif.get(tag, "")) for tag in (_MAKE_TAG, _MODEL_TAG)]
    except (SyntaxError, ValueError, KeyError, TypeError, struct.error, OSError) as error:
        raise Unreadable(f"its EXIF data cannot be read: {error}") from error
    # ComfyUI writes "prompt:{…}" and "workflow:{…}" there (comfy_extras/nodes_images.py: SaveAnimatedWEBP).
    for field in fields:
        key, _, content = field.partition(":")
        yield key, content
    if isinstance(comment, str):
        comment = comment.encode()
    if not isinstance(comment, bytes):
        return
    # EXIF 2.3, 4.6.5: the first eight bytes name the character code.
    code, text = comment[:8], comment[8:]
    if code.startswith(b"UNICODE"):
        # The standard does not fix the byte order; settings are mostly ASCII, whose upper bytes are zeros.
        is_big_endian = text[::2].count(0) >= text[1::2].count(0)
        yield "parameters", text.decode("utf-16-be" if is_big_endian else "utf-16-le", "replace").lstrip("\ufeff")
    else:
        yield (
            "parameters",
            (text if code[:5] == b"ASCII" or not code.strip(b"\0") else comment).decode("utf-8", "replace"),
        )


def _exif_block(file: BinaryIO) -> bytes:
    """Return the EXIF block of a JPEG or WebP file; b"" where there is none."""
    if file.read(2) == _JPEG_MAGIC:
        while len(head := file.read(4)) == 4 and head[0] == 0xFF and head[1] != 0xDA:
            data = file.read(struct.unpack(">H", head[2:])[0] - 2)
            if head[1] == 0xE1 and data.startswith(b"Exif\0\0"):
                return data
        return b""
    file.seek(12)
    while len(head := file.read(8)) == 8:
        (length,) = struct.unpack("<I", head[4:])
        if head[:4] == b"EXIF":
            return file.read(min(length, MAX_TEXT_BYTES))
        file.seek(length + (length & 1), io.SEEK_CUR)
    return b""
