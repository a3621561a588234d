"""Detect whether a file without a reader can hold pictures, videos or addresses, by its bytes alone."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

FileKind = Literal["text", "sound", "undecoded", "no carrier", "zeros", "unknown"]

# A longer file of nothing but zeros is not looked through: it may be sparse.
MAX_ZEROS = 1 << 20
# So many lines that are nothing but an address or a digest are a list of them, and so are fewer without other lines.
MIN_LISTED_LINES = 10
# Text that begins like an encoded picture and has at least this length is one: a 1 x 1 GIF has 56 characters.
_MIN_ENCODED = 40

_CHUNK_BYTES = 1 << 20
_OVERLAP_BYTES = 1 << 10
_HEAD_BYTES = 4096
_COVER_BYTES = 1 << 20

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
_COVER = re.compile(rb"APIC|covr|METADATA_BLOCK_PICTURE|image/(?:jpe?g|png)|\xff\xd8\xff[\xe0\xe1]|\x89PNG\r\n")
# Weights in forms without code, fonts, programs of the web, and vocabularies of tokenizers: numbers, outlines, words.
_NO_CARRIER = re.compile(
    rb"(?s)GGUF|.{4}TFL3|\0\x01\0\0\0|OTTO|ttcf|wOF[F2]|\0asm|\n[\x05-\x40]\n[\x01-\x10]<(?:unk|pad|s)>"
)

# Written in the syntax that RE2 has too. A data URL; base64 of JPEG, PNG, GIF, RIFF, HEIF and AVIF, bitmaps, TIFF,
# JPEG 2000 and JPEG XL; hex; and bytes as Python prints them, in which source code has no picture's first bytes alone.
ENCODED_PICTURE = (
    r"data:image/[\w.+-]+[;,]"
    r"|(?:/9j/|iVBORw0KGgo|R0lGOD[dl]h|UklGR|AAAA[A-Za-z0-9+/]GZ0eX|Qk[0-3][A-Za-z0-9+/]{5}AAAA|SUkqA|TU0AK"
    rf"|AAAADGpQICAN|AAAADEpYTCAN)(?:[A-Za-z0-9+/_-]|\\?[\r\n]|\\n){{{_MIN_ENCODED}}}"
    rf"|(?i:ffd8ff|89504e470d0a1a0a|474946383[79]61)[0-9A-Fa-f]{{{2 * _MIN_ENCODED}}}"
    rf"|(?:\\xff\\xd8\\xff|\\x89PNG\\r\\n\\x1a\\n)[^\r\n]{{{5 * _MIN_ENCODED}}}"
)
_ENCODED_PICTURE = re.compile(ENCODED_PICTURE.encode())
_LISTED_LINE = re.compile(
    rb"(?im)^[ \t\"'\[]*(?:https?://\S+|(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})(?:[ \t]+\*?[^\r\n]+)?)"
    rb"[ \t\"',\]]*\r?$"
)
_COMMIT = re.compile(rb"\s*[0-9a-f]{40}\s*")
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
        carriers: What in a text or in sound is a picture or a list of addresses or digests.
    """

    kind: FileKind
    name: str = ""
    carriers: tuple[str, ...] = ()


def file_content(file: BinaryIO) -> FileContent:
    """Return the content of an open file. A text is read to its end, in bounded memory. Raises OSError."""
    head = file.read(_HEAD_BYTES)
    for magic, name in _UNDECODED:
        if head.startswith(magic):
            return FileContent("undecoded", name)
    for pattern, name in _UNDECODED_PATTERNS:
        if pattern.match(head):
            return FileContent("undecoded", name)
    if _SOUND.match(head):
        has_cover = _COVER.search(head + file.read(_COVER_BYTES)) is not None
        return FileContent("sound", carriers=("cover art",) if has_cover else ())
    if _NO_CARRIER.match(head):
        return FileContent("no carrier")
    if not head.strip(b"\0"):
        rest = file.read(MAX_ZEROS)
        return FileContent("unknown" if rest.strip(b"\0") or len(rest) == MAX_ZEROS else "zeros")
    carriers = text_carriers(head, file)
    return FileContent("unknown") if carriers is None else FileContent("text", carriers=carriers)


def text_carriers(head: bytes, rest: BinaryIO) -> tuple[str, ...] | None:
    """Return the content that a text file can carry: ``encoded pictures``, ``addresses or digests``; None: no text.

    Args:
        head: The text's first bytes.
        rest: The file, after them.
    """
    found: set[str] = set()
    listed = 0
    is_whole = len(head) < _HEAD_BYTES
    overlap = b""
    for chunk in _utf8_chunks(head, rest):
        if chunk is None:
            return None
        if is_whole and _is_short_list(chunk):
            found.add("addresses or digests")
        is_whole = False
        seen = overlap + chunk
        if _ENCODED_PICTURE.search(seen):
            found.add("encoded pictures")
        if listed < MIN_LISTED_LINES:
            # A line that is cut at the end of a chunk is seen whole with the next one, and may count twice.
            listed += len(_LISTED_LINE.findall(seen))
        overlap = seen[-_OVERLAP_BYTES:]
    if listed >= MIN_LISTED_LINES:
        found.add("addresses or digests")
    return tuple(sorted(found))


def _is_short_list(text: bytes) -> bool:
    """Return whether a text is nothing but lines of addresses or digests; a commit's id alone is no digest."""
    lines = [line for line in text.splitlines() if line.strip()]
    is_commit = len(lines) == 1 and _COMMIT.fullmatch(lines[0]) is not None
    return bool(lines) and not is_commit and all(_LISTED_LINE.match(line) for line in lines)


def _utf8_chunks(head: bytes, rest: BinaryIO) -> Iterator[bytes | None]:
    """Yield a file's content as UTF-8 text, and None where it is found to be no text."""
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decoder = codecs.getincrementaldecoder("utf-16" if wide else "utf-8")()
    is_utf8, length, foreign = True, 0, 0
    chunk = head
    while True:
        if is_utf8:
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError:
                is_utf8 = False
            else:
                data = text.encode("utf-8", "replace") if wide else chunk
        if not is_utf8:
            data = chunk
        length += len(chunk)
        foreign += len(chunk) - len(chunk.decode("ascii", "ignore"))
        if _NO_TEXT.search(data) or (not is_utf8 and (wide or foreign > _MAX_FOREIGN * length)):
            yield None
            return
        if not chunk:
            return
        yield data
        chunk = rest.read(_CHUNK_BYTES)
