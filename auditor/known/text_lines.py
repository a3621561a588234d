"""Read lists that are lines of text: their lines in batches, and the comments at their beginning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from auditor.errors import ListError
from auditor.known.entries import ListHeader
from auditor.known.list_formats import HEAD_BYTES
from auditor.syntax.text_encoding import decode_prefix, detect_wide_encoding

BLOCK_BYTES = 1 << 24  # bytes read at once
MAX_LINE_BYTES = 1 << 20
# A character that no hash or URL has, so that the CSV parser takes every line as one cell.
_ABSENT_DELIMITER = "\x01"
_CLAIM_LINES = 50  # lines by which a format decides whether a text is of it
_COMMENT_FIELDS = frozenset({"name", "means", "version", "holder", "duty", "delta", "algorithm"})


@dataclass(frozen=True, slots=True)
class TextHead:
    """The beginning of a text file, as bytes and decoded."""

    data: bytes
    text: str


def text_head(path: Path, file: BinaryIO) -> TextHead:
    """Return the beginning of a list in lines of text, and go back to it. Raises ListError if it is no text."""
    data = file.read(HEAD_BYTES)
    file.seek(0)
    if b"\0" in data and not detect_wide_encoding(data):
        raise ListError(f"{path}: holds zero bytes: this is no text")
    return TextHead(data, decode_prefix(data))


def first_lines(head: bytes) -> list[str]:
    """Return the first lines of a list, stripped, without comments and empty lines; none if it is no text.

    Args:
        head: The file's first :data:`~auditor.known.list_formats.HEAD_BYTES` bytes, of which an incomplete last line
            is left out.
    """
    if b"\0" in head and not detect_wide_encoding(head):
        return []
    lines = [line.strip() for line in decode_prefix(head).lstrip("\ufeff").splitlines()]
    if len(head) >= HEAD_BYTES and len(lines) > 1:
        lines.pop()
    return [line for line in lines if line and not line.startswith("#")][:_CLAIM_LINES]


def comment_fields(head: str) -> Mapping[str, str]:
    """Return the fields of the ``# name: …`` lines at a list's beginning, by their lower-case names."""
    found: dict[str, str] = {}
    for line in head.lstrip("\ufeff").splitlines():
        if line.strip() and not line.startswith("#"):
            break
        key, colon, value = line.lstrip("# ").partition(":")
        if colon and key.strip().lower() in _COMMENT_FIELDS:
            found.setdefault(key.strip().lower(), value.strip())
    return found


def header_from_comments(format_name: str, comments: Mapping[str, str]) -> ListHeader:
    """Return the list header that the fields of comment lines give."""
    return ListHeader(
        format=format_name,
        name=comments.get("name", ""),
        version=comments.get("version", ""),
        holder=comments.get("holder", ""),
        means=comments.get("means", ""),
        delta=comments.get("delta", "").lower() in {"yes", "true", "1"},
        duty=comments.get("duty", ""),
    )


def read_lines(path: Path, stream: pa.NativeFile) -> Iterator[tuple[NDArray[np.int64], pa.Array]]:
    """Yield the line numbers (from 1) and the lines of a list in UTF-8, in batches.

    Raises:
        ListError: A line is longer than :data:`MAX_LINE_BYTES`, or is not text.
    """
    first = 1
    for block in _read_blocks(path, stream):
        cells = _split_lines(path, block, first)
        yield np.arange(first, first + len(cells)), cells
        first += len(cells)


def _read_blocks(path: Path, stream: pa.NativeFile) -> Iterator[bytes]:
    """Yield the text of a list in blocks of whole lines."""
    rest = b""
    line = 1
    while piece := stream.read(BLOCK_BYTES):
        rest += piece
        end = rest.rfind(b"\n") + 1
        if len(rest) - end > MAX_LINE_BYTES:
            number = line + rest.count(b"\n", 0, end)
            raise ListError(f"{path}:{number}: the line is longer than {MAX_LINE_BYTES:,} bytes")
        if end:
            yield rest[:end].removeprefix(b"\xef\xbb\xbf") if line == 1 else rest[:end]
            line += rest.count(b"\n", 0, end)
            rest = rest[end:]
    if rest:
        yield rest.removeprefix(b"\xef\xbb\xbf") if line == 1 else rest


def _split_lines(path: Path, block: bytes, first: int) -> pa.Array:
    """Return the lines of a block of a list's text. Raises ListError if they cannot be read."""
    try:
        table = pyarrow.csv.read_csv(
            BytesIO(block),
            pyarrow.csv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=["line"]),
            pyarrow.csv.ParseOptions(delimiter=_ABSENT_DELIMITER, quote_char=False, ignore_empty_lines=False),
            pyarrow.csv.ConvertOptions(column_types={"line": pa.string()}, check_utf8=False),
        )
    except pa.ArrowInvalid as error:
        raise ListError(f"{path}:{first}: the lines from here on are not text") from error
    return table["line"].combine_chunks() if table.num_rows else pa.array([], pa.string())
