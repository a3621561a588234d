"""Decode text in any encoding: a whole document at once, or a table as a stream of UTF-8."""

from __future__ import annotations

import codecs
import io
from typing import BinaryIO

import pyarrow as pa

from auditor.errors import Unreadable

_TEXT_BYTES = bytes(byte for byte in range(256) if byte >= 32 or byte in b"\t\n\r\f")

_ENCODING_BY_BOM = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, because its mark begins with that of UTF-16
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}

_BOMS = tuple(_ENCODING_BY_BOM)


def decode_text(data: bytes) -> tuple[str, str]:
    """Decode bytes into text with ``\\n`` line ends.

    UTF-8, UTF-16 and UTF-32 with a byte order mark are recognised, and UTF-16 without one.

    Returns:
        The text, and what is doubtful about it, or "".

    Raises:
        Unreadable: The bytes are not text.
    """
    text, why = _decode_detected(data)
    if "\r" in text:
        text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    return text, why


def decode_text_up_to(data: bytes, limit: int) -> tuple[str, list[str]]:
    """Decode the first ``limit`` bytes; return the text and what was left out or is doubtful. Raises Unreadable."""
    text, doubt = decode_text(data[:limit])
    gaps = [f"longer than {limit:,} bytes: only these were read"] if len(data) > limit else []
    return text, [*gaps, doubt] if doubt else gaps


def _decode_detected(data: bytes) -> tuple[str, str]:
    """Decode text in the encoding that its byte order mark or its zero bytes show."""
    if data.startswith(_BOMS):
        mark = next(mark for mark in _ENCODING_BY_BOM if data.startswith(mark))
        return _decode_with_replacement(data[len(mark) :], _ENCODING_BY_BOM[mark])
    head = data[:1024]
    encoding = "utf-8"
    if b"\0" in head:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        half = len(head) // 2
        if odd > 0.4 * half and even < 0.1 * half:
            encoding = "utf-16-le"
        elif even > 0.4 * half and odd < 0.1 * half:
            encoding = "utf-16-be"
    text, why = _decode_with_replacement(data, encoding)
    controls = head if encoding == "utf-8" else text[:1024].encode("latin-1", "ignore")
    unusual = controls.translate(None, _TEXT_BYTES)
    if unusual and len(unusual) > 0.3 * min(len(text), 1024):
        raise Unreadable("is not text: it holds mostly control characters")
    return text, why


def _decode_with_replacement(data: bytes, encoding: str) -> tuple[str, str]:
    """Decode text with U+FFFD for invalid bytes. Raises Unreadable if these are more than 30 %."""
    try:
        return data.decode(encoding), ""
    except UnicodeDecodeError as error:
        text = data.decode(encoding, "replace")
        if text.count("\ufffd") > 0.3 * len(text):
            raise Unreadable(f"is not text: most of it is not {encoding.upper()}") from error
        return text, f"is not {encoding.upper()} throughout; other bytes were read as U+FFFD"


def detect_wide_encoding(head: bytes) -> str:
    """Return the UTF-16 or UTF-32 encoding of a text, by its byte order mark or zero bytes; "" for any other."""
    if head[:4] in {codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE}:
        return "utf-32"
    if head[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return "utf-16"
    even, odd = head[0:200:2].count(0), head[1:200:2].count(0)
    half = max(1, len(head[:200]) // 2)
    return "utf-16-le" if odd > half * 0.8 and even == 0 else "utf-16-be" if even > half * 0.8 and odd == 0 else ""


def decode_prefix(head: bytes) -> str:
    """Decode the text in the first bytes of a file, without an incomplete character at their end."""
    return _incremental_decoder(detect_wide_encoding(head)).decode(head)


def open_as_utf8(file: BinaryIO | pa.NativeFile, head: bytes) -> pa.NativeFile:
    """Return a stream of a text file as UTF-8, whatever its encoding is; ``head`` holds its first bytes."""
    return pa.PythonFile(_Utf8Reader(file, detect_wide_encoding(head)), mode="r")


def _incremental_decoder(encoding: str) -> codecs.IncrementalDecoder:
    """Return a decoder of this encoding (UTF-8 if "") that reads invalid bytes as Latin-1."""
    return codecs.getincrementaldecoder(encoding or "utf-8")("auditor.latin-1")


def _decode_as_latin_1(error: UnicodeError) -> tuple[str, int]:
    """Decode invalid bytes of a text as Latin-1: no row is lost to them (an error handler for codecs)."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("auditor.latin-1", _decode_as_latin_1)


class _Utf8Reader(io.RawIOBase):
    """Recodes a stream to UTF-8 as it is read."""

    def __init__(self, stream: BinaryIO | pa.NativeFile, encoding: str) -> None:
        self.stream = stream
        self.decoder = _incremental_decoder(encoding)
        self.wide = bool(encoding)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data: bytes = self.stream.read(size)
        if not self.wide and data.isascii() and not self.decoder.getstate()[0]:
            return data
        text = self.decoder.decode(data, final=not data)
        # An incomplete character gives no text yet; an empty result would look like the end.
        return self.read(size) if data and not text else text.encode()
