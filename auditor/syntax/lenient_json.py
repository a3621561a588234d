"""Repair common errors in JSON while it is read: commas before a closing bracket, no commas between objects."""

from __future__ import annotations

import codecs
import re

from auditor.errors import Unreadable
from auditor.syntax.json_stream import ByteStream

_CHUNK_BYTES = 1 << 20
MAX_LINE_BYTES = 1 << 26
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|,(?=\s*[\]}])|\}(?=\s*\{)', re.S)
_REPAIRED = {b",": b"", b"}": b"},"}
# What a repair depends on may come in the next piece.
_UNDECIDED = re.compile(rb"[,}\s]*\Z")


class LenientJson:
    """A stream of JSON text without commas before closing brackets, and with commas between objects."""

    def __init__(self, stream: ByteStream, join: bool = False) -> None:
        """Take a stream of UTF-8.

        Args:
            stream: The text.
            join: It is a row of objects without an array around them; that is added.
        """
        self._stream = stream
        self._held = b""
        self._ready = b"[" if join else b""
        self._end = b"]" if join else b""
        self._is_first = True
        self._is_over = False

    def read(self, size: int = -1, /) -> bytes:
        """Return bytes of the repaired JSON; b"" at its end. Raises Unreadable for a line that is too long."""
        while not self._is_over and len(self._ready) < max(size, 1):
            self._fill()
        size = len(self._ready) if size < 0 else size
        data, self._ready = self._ready[:size], self._ready[size:]
        return data

    def _fill(self) -> None:
        """Read a chunk of the stream, and repair the JSON text up to the last place where that is certain."""
        piece = self._stream.read(_CHUNK_BYTES)
        if self._is_first:
            piece, self._is_first = piece.removeprefix(codecs.BOM_UTF8), False
        self._held += piece
        if not piece:
            self._is_over = True
            left = self._held.rstrip(b", \t\r\n") if self._end else self._held
            self._ready += _repair(left) + self._end
            return
        # No string of JSON goes beyond its line.
        cut = _UNDECIDED.search(self._held, 0, self._held.rfind(b"\n") + 1)
        if cut is not None and cut.start():
            self._ready += _repair(self._held[: cut.start()])
            self._held = self._held[cut.start() :]
        elif len(self._held) > MAX_LINE_BYTES:
            raise Unreadable(f"a line of JSON is longer than {MAX_LINE_BYTES:,} bytes")


def _repair(text: bytes) -> bytes:
    """Return a JSON text with its commas repaired."""
    return _TOKEN.sub(lambda found: _REPAIRED.get(found[0], found[0]), text)
