"""Read the texts in a picture's metadata without decoding the picture: PNG text chunks, EXIF and XMP."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from auditor.errors import Unreadable

# Text read of one picture, and how far a JPEG's or WebP's beginning is searched for it, in bytes.
MAX_TEXT_BYTES = 32 << 20
_PNG_MAGIC, _JPEG_MAGIC, _RIFF_MAGIC = b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"RIFF"
# A JPEG XL file of boxes (ISO/IEC 18181-2); one without boxes holds no metadata.
_JXL_MAGIC, _BARE_JXL_MAGIC = b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a"
_AVIF_BRANDS = (b"avif", b"avis")
_FORMATS = "PNG, JPEG, WebP, AVIF or JPEG XL"
# The keyword of XMP in a PNG chunk (XMP specification, part 3), and what comes before it in a JPEG segment.
XMP_KEYWORD = "XML:com.adobe.xmp"
_JPEG_EXIF, _JPEG_XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
# Tags of EXIF 2.3.
_USER_COMMENT_TAG, _EXIF_IFD_TAG = 0x9286, 0x8769
_MAKE_TAG, _MODEL_TAG = 0x010F, 0x0110


def read_picture_texts(file: BinaryIO) -> Iterator[tuple[str, str]]:
    """Yield keyword and text of each text in a picture's metadata; a text file is one text, ``parameters``.

    Raises:
        Unreadable: The metadata is damaged or too long, or the file is neither text nor such a picture.
        OSError: The file cannot be read.
    """
    start = file.read(12)
    file.seek(0)
    if start.startswith(_PNG_MAGIC):
        yield from _png_texts(file)
    elif start.startswith(_JPEG_MAGIC):
        yield from _block_texts(_jpeg_blocks(file))
    elif start.startswith(_RIFF_MAGIC) and start[8:12] == b"WEBP":
        yield from _block_texts(_webp_blocks(file))
    elif start == _JXL_MAGIC:
        yield from _block_texts(_jxl_blocks(file))
    elif start[4:8] == b"ftyp" and start[8:12] in _AVIF_BRANDS:
        yield from _block_texts(_avif_blocks(file))
    elif not start.startswith(_BARE_JXL_MAGIC):
        data = file.read(MAX_TEXT_BYTES + 1)
        if len(data) > MAX_TEXT_BYTES:
            raise Unreadable(f"more than {MAX_TEXT_BYTES:,} bytes, and no {_FORMATS} picture")
        if b"\0" in data:
            raise Unreadable(f"neither text nor a {_FORMATS} picture")
        yield "parameters", data.decode("utf-8", "replace")


def _png_texts(file: BinaryIO) -> Iterator[tuple[str, str]]:
    """Yield keyword and text of each text chunk (PNG 1.2, 4.2.3); pixels are skipped."""
    file.seek(8)
    left = MAX_TEXT_BYTES
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind not in (b"tEXt", b"zTXt", b"iTXt", b"eXIf"):
            file.seek(length + 4, io.SEEK_CUR)
            continue
        if length > left:
            raise Unreadable(f"its text is longer than {MAX_TEXT_BYTES:,} bytes")
        left -= length
        data = file.read(length)
        file.seek(4, io.SEEK_CUR)
        if kind == b"eXIf":
            yield from _exif_texts(data)
            continue
        keyword, _, rest = data.partition(b"\0")
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
    """Return a picture's decompressed text. Raises Unreadable if it is more than ``most`` bytes."""
    decompressor = zlib.decompressobj()
    try:
        text = decompressor.decompress(data, most + 1)
    except zlib.error as error:
        raise Unreadable(f"its text cannot be decompressed: {error}") from error
    if len(text) > most:
        raise Unreadable(f"its text decompresses to more than {MAX_TEXT_BYTES:,} bytes")
    return text


def _block_texts(blocks: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, str]]:
    """Yield the texts in blocks of a picture's metadata, each of kind ``exif`` or ``xmp``."""
    for kind, data in blocks:
        if kind == "exif":
            yield from _exif_texts(data)
        else:
            yield XMP_KEYWORD, data.decode("utf-8", "replace")


def _exif_texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the texts of an EXIF block, which tools use as they use the text chunks of PNG files."""
    from PIL.Image import Exif

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


def _jpeg_blocks(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Yield the EXIF and XMP blocks, which hold texts, of a JPEG picture."""
    file.seek(2)
    while len(head := file.read(4)) == 4 and head[0] == 0xFF and head[1] != 0xDA:
        data = file.read(struct.unpack(">H", head[2:])[0] - 2)
        if head[1] == 0xE1 and data.startswith(_JPEG_EXIF):
            yield "exif", data
        elif head[1] == 0xE1 and data.startswith(_JPEG_XMP):
            yield "xmp", data.removeprefix(_JPEG_XMP)


def _webp_blocks(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Yield the EXIF and XMP blocks, which hold texts, of a WebP picture."""
    file.seek(12)
    while len(head := file.read(8)) == 8:
        (length,) = struct.unpack("<I", head[4:])
        if head[:4] in (b"EXIF", b"XMP "):
            yield head[:4].decode().strip().lower(), _limited(file, length)
            file.seek(length & 1, io.SEEK_CUR)
        else:
            file.seek(length + (length & 1), io.SEEK_CUR)


def _jxl_blocks(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Yield the EXIF and XMP blocks, which hold texts, of a JPEG XL picture. Raises Unreadable for packed ones."""
    file.seek(0)
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        header = 8
        if length == 1:
            header, length = 16, int.from_bytes(file.read(8))
        if length and length < header:
            raise Unreadable("its boxes are damaged")
        if kind == b"brob":
            raise Unreadable("its metadata is packed with Brotli, which is not read")
        if kind == b"Exif":
            # Four bytes before EXIF say where in it the TIFF header begins.
            data = _limited(file, length - header if length else MAX_TEXT_BYTES)
            yield "exif", data[4 + int.from_bytes(data[:4]) :]
        elif kind == b"xml ":
            yield "xmp", _limited(file, length - header if length else MAX_TEXT_BYTES)
        elif not length:  # the last box, up to the end of the file
            return
        else:
            file.seek(length - header, io.SEEK_CUR)


def _avif_blocks(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Yield the EXIF and XMP blocks of an AVIF file, by Pillow; its picture is not decoded. Raises Unreadable."""
    from PIL import Image

    file.seek(0)
    try:
        with Image.open(file, formats=("AVIF",)) as picture:
            blocks = [(kind, picture.info.get(kind)) for kind in ("exif", "xmp")]
    except (OSError, ValueError, SyntaxError, RuntimeError, Image.DecompressionBombError) as error:
        raise Unreadable(f"its AVIF metadata cannot be read: {error}") from error
    yield from ((kind, data) for kind, data in blocks if isinstance(data, bytes) and len(data) <= MAX_TEXT_BYTES)


def _limited(file: BinaryIO, length: int) -> bytes:
    """Return the next ``length`` bytes of a picture's metadata. Raises Unreadable if they are too many."""
    if length > MAX_TEXT_BYTES:
        raise Unreadable(f"its text is longer than {MAX_TEXT_BYTES:,} bytes")
    return file.read(length)
