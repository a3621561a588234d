"""Detect what a file without a reader is, by its bytes alone: text, sound, a known format, or unknown."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

from auditor.syntax.text_encoding import detect_wide_encoding

FileKind = Literal["text", "sound", "undecoded", "no carrier", "zeros", "unknown"]

# A longer file of nothing but zeros is not looked through: it may be sparse.
MAX_ZEROS = 1 << 20
_HEAD_BYTES = 4096

# Pictures, and documents that hold pictures, of which none is decoded here: their first bytes and their names.
_UNDECODED: tuple[tuple[bytes, str], ...] = (
    (b"\0\0\x01\0", "ICO"), (b"\0\0\x02\0", "CUR"), (b"DDS ", "DDS"), (b"\x01\xda", "SGI"), (b"icns", "ICNS"),
    (b"%!PS", "PostScript"), (b"\xc5\xd0\xd3\xc6", "EPS"), (b"%PDF-", "PDF"), (b"8BPS", "PSD"), (b"gimp xcf", "XCF"),
    (b"AT&TFORM", "DjVu"), (b"SIMPLE  =", "FITS"), (b"\x76\x2f\x31\x01", "OpenEXR"), (b"#?RADIANCE", "Radiance HDR"),
    (b"\xff\x0a", "JPEG XL"), (b"\xd7\xcd\xc6\x9a", "WMF"), (b"\x59\xa6\x6a\x95", "Sun raster"), (b"BPG\xfb", "BPG"),
    (b"qoif", "QOI"), (b"\xabKTX", "KTX"), (b"FUJIFILM", "RAF"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE"),
    (b"{\\rtf", "RTF"), (b"/* XPM */", "XPM"), (b"farbfeld", "farbfeld"), (b"FLIF", "FLIF"),
)  # fmt: skip
_UNDECODED_PATTERNS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\n[\x00\x02-\x05]\x01[\x01\x02\x04\x08]"), "PCX"),
    (re.compile(rb"P[1-7]\s+(?:#[^\n]*\n\s*)*(?:\d+\s+\d+\s|WIDTH)"), "PNM"),
    (
        re.compile(
            rb"(?is)\s*(?:\xef\xbb\xbf)?(?:<\?xml.{0,400}?\?>|<!--.{0,2000}?-->|<!DOCTYPE svg.{0,600}?>|\s)*<svg[\s>]"
        ),
        "SVG",
    ),
    (re.compile(rb"(?s).{128}DICM"), "DICOM"),
)
_SOUND = re.compile(
    rb"(?s)RIFF.{4}WAVE|fLaC|OggS|ID3|\xff[\xfa\xfb\xf2\xf3\xf1\xf9]|.{4}ftypM4[AB]|FORM.{4}AIF|#!AMR|MThd"
)
# Bytes of a sound file in which its cover is named, and the words for it.
COVER_BYTES = 1 << 20
_COVER = re.compile(rb"APIC|covr|METADATA_BLOCK_PICTURE|image/(?:jpe?g|png)")
# Weights in forms without code, fonts, programs of the web, and vocabularies of tokenizers: numbers, outlines, words.
_NO_CARRIER = re.compile(
    rb"(?s)GGUF|.{4}TFL3|\0\x01\0\0\0|OTTO|ttcf|wOF[F2]|\0asm|\n[\x05-\x40]\n[\x01-\x10]<(?:unk|pad|s)>"
)

# Bytes that no text holds: control characters but tab, line feed, form feed, carriage return, backspace and escape.
_NO_TEXT = re.compile(rb"[\0-\x07\x0b\x0e-\x1a\x1c-\x1f\x7f]")
# Of text in an older encoding at most so much is not ASCII.
_MAX_FOREIGN = 0.3


@dataclass(frozen=True, slots=True)
class FileContent:
    """What a file holds.

    Attributes:
        kind: ``text`` of any kind; ``sound``; ``undecoded``: a picture or document in a format that is not
            decoded; ``no carrier``: weights, fonts and the like; ``zeros``; else ``unknown``.
        name: The format, where it is known.
    """

    kind: FileKind
    name: str = ""


def file_content(file: BinaryIO) -> FileContent:
    """Return the content of an open file by its beginning: what begins as text may go on otherwise. Raises OSError."""
    head = file.read(_HEAD_BYTES)
    for magic, name in _UNDECODED:
        if head.startswith(magic):
            return FileContent("undecoded", name)
    for pattern, name in _UNDECODED_PATTERNS:
        if pattern.match(head):
            return FileContent("undecoded", name)
    if _SOUND.match(head):
        return FileContent("sound")
    if _NO_CARRIER.match(head):
        return FileContent("no carrier")
    if not head.strip(b"\0"):
        rest = file.read(MAX_ZEROS)
        return FileContent("unknown" if rest.strip(b"\0") or len(rest) == MAX_ZEROS else "zeros")
    is_text = next(text_pieces(io.BytesIO(head), _HEAD_BYTES), None) is not None
    return FileContent("text" if is_text else "unknown")


def mentions_cover_art(data: bytes) -> bool:
    """Return whether the first bytes of a sound file name a picture."""
    return _COVER.search(data[:COVER_BYTES]) is not None


def text_pieces(file: BinaryIO, size: int) -> Iterator[bytes | None]:
    """Yield a file's content as UTF-8 text in pieces of some size, and None where it is found to be no text.

    Raises OSError.
    """
    chunk = file.read(size)
    wide = detect_wide_encoding(chunk[:_HEAD_BYTES])
    decoder = codecs.getincrementaldecoder(wide or "utf-8")()
    is_utf8, length, foreign = True, 0, 0
    is_whole = len(chunk) < size
    while True:
        if is_utf8:
            try:
                text = decoder.decode(chunk, final=not chunk and is_whole)
            except UnicodeDecodeError:
                is_utf8 = False
            else:
                data = text.encode("utf-8", "replace") if wide else chunk
        if not is_utf8:
            data = chunk
        length += len(chunk)
        foreign += 0 if chunk.isascii() else len(chunk) - len(chunk.decode("ascii", "ignore"))
        if _NO_TEXT.search(data) or (not is_utf8 and (wide or foreign > _MAX_FOREIGN * length)):
            yield None
            return
        if not chunk:
            return
        yield data
        chunk = file.read(size)
        is_whole = is_whole or len(chunk) < size
