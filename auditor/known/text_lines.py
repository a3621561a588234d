"""Lists that are lines of text: their lines in batches, and what the comments at their beginning say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from auditor.errors import ListError
from auditor.known.entries import ListHeader

BLOCK_BYTES = 1 << 24  # bytes read at once
MAX_LINE_BYTES = 1 << 20
# A character that no hash or URL has, so that the CSV parser takes every line as one cell.
_ABSENT_DELIMITER = "\x01"
_COMMENT_FIELDS = frozenset({"name", "means", "version", "holder", "duty", "delta", "algorithm"})


def comment_fields(head: str) -> Mapping[str, str]:
    """Return the fields of the ``# name: …`` lines at a text's beginning, by their lower-case names."""
    found: dict[str, str] = {}
    for line in head.lstrip("\ufeff").splitlines():
        if line.strip() and not line.startswith("#"):
            break
        key, colon, value = line.lstrip("# ").partition(":")
        if colon and key.strip().lower() in _COMMENT_FIELDS:
            found.setdefault(key.strip().lower(), value.strip())
    return found


def header_from_comments(format_name: str, comments: Mapping[str, str]) -> ListHeader:
    """Return the list header that the fields of a text's comments give."""
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
    """Yield the line numbers (from 1) and the lines of a UTF-8 stream, in batches.

    Raises:
        ListError: A line is longer than :data:`MAX_LINE_BYTES`, or is not text.
    """
    first = 1
    for block in _read_blocks(path, stream):
        cells = _split_lines(path, block, first)
        yield np.arange(first, first + len(cells)), cells
        first += len(cells)


def _read_blocks(path: Path, stream: pa.NativeFile) -> Iterator[bytes]:
    """Yield the stream in blocks that end with a line."""
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
