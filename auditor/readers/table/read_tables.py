"""Read tables of every format as samples."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.model import Gap, Place, Subject
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part, PartlyRead
from auditor.readers import HEAD_BYTES
from auditor.readers.table import arrow, csv, json, parquet
from auditor.readers.table.file_metadata import read_metadata
from auditor.readers.table.format_detection import (
    ARRAY_OF_OBJECTS,
    JSON_LINES_SUFFIXES,
    READ_ERRORS,
    format_suffix,
    is_arrow,
    is_parquet,
    text_head,
)
from auditor.readers.table.row_batch import RowBatch
from auditor.readers.table.row_samples import ASKABLE, TableSamples
from auditor.samples import Samples
from auditor.syntax.archive_members import Compression, open_compressed
from auditor.syntax.file_pointer import is_file_pointer
from auditor.syntax.lenient_json import LenientJson
from auditor.syntax.text_encoding import decode_prefix, open_as_utf8

NOT_USABLE = "no column holds digests, URLs or image bytes"
NO_ROWS = "it holds no rows"
ENCODED_PICTURES = "it may hold encoded pictures: only --content fetches it"
# Of a table on a hub, the beginning tells whether it holds pictures: no digest and few addresses are so long.
_START_BYTES = 1 << 16
_LONG_BASE64 = re.compile(rb"data:image/|[A-Za-z0-9+/]{1000}")


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Samples | PartlyRead | Unread | Blob]:
    """Yield every row of every table as samples: digests and URLs that it declares, and digests of its images."""
    for blob in blobs:
        yield from _read_table(blob, options)
        with suppress(Unreadable):  # which its rows say
            yield from read_metadata(blob, format_suffix(blob)[0], blob.head(HEAD_BYTES), options.algorithms)


def _read_table(blob: Blob, options: ReadOptions) -> Iterator[Part | Samples | PartlyRead | Unread]:
    """Read the samples of one table, and what of it was not read."""
    if not blob.size:
        yield Unread(blob.uri, "the file is empty", skipped=True, blob=blob)
        return
    if _may_hold_pictures(blob):
        yield Unread(blob.uri, ENCODED_PICTURES, skipped=ASKABLE.isdisjoint(options.algorithms), blob=blob)
        return
    samples = TableSamples(blob, options)
    last_row = 0
    is_partly = False
    try:
        for left_out in parquet.columns_left_out(blob, options):
            is_partly = True
            yield left_out
        for rows in read_rows(blob, options):
            last_row = max(last_row, int(rows.numbers[-1])) if len(rows.numbers) else last_row
            for item in samples.add(rows):
                is_partly = is_partly or isinstance(item, PartlyRead)
                yield item
    except Unreadable as error:
        why = str(error)
    except READ_ERRORS as error:
        why = _reason(error)
    else:
        is_drawn = options.drawn is not None and options.drawn.units_of_file(blob.uri)[0] > 0
        if not samples.has_samples and not is_partly and not blob.partition[0] and not is_drawn:
            yield Unread(blob.uri, NOT_USABLE if last_row else NO_ROWS, skipped=True, blob=blob)
        return
    if not last_row:
        yield Unread(blob.uri, why, blob=blob)
        return
    gap = Gap("table", f"the rows after row {last_row:,} could not be read: {why}", Place(blob.uri, last_row))
    ref = blob.ref("dataset")
    yield Part(Subject(ref.kind, ref.name, ref.revision, gaps=(gap,)))


def read_rows(blob: Blob, options: ReadOptions) -> Iterator[RowBatch]:
    """Read the rows of a table of any format. Raises Unreadable and what broken files make libraries raise."""
    head = blob.head(HEAD_BYTES)
    suffix, compression = format_suffix(blob)
    if is_file_pointer(head):
        raise Unreadable("a pointer of Git LFS or git-annex: the table itself is not here")
    if is_parquet(suffix, head):
        with blob.open() as file:
            if not parquet.is_summary(file, blob):
                yield from parquet.read_rows(file, blob, options)
        return
    if is_arrow(suffix, head):
        with blob.open() as file:
            yield from arrow.read_rows(file, head, blob.size)
        return
    start = text_head(blob, head, compression)
    text = decode_prefix(start)
    if suffix not in JSON_LINES_SUFFIXES | {".json"}:
        with blob.open() as file:
            yield from csv.read_rows(_open_text(file, compression, start), text)
        return
    is_lines = suffix in JSON_LINES_SUFFIXES
    shape = json.json_layout(text, is_lines)
    traits = json.JsonTraits(may_hold_samples=True, has_loose_commas=True, has_several_objects=False)
    if shape == "document" and not is_lines:
        with blob.open() as file:
            traits = json.scan_json_text(_open_text(file, compression, start))
        # Settings, vocabularies and the like: nothing in them is worth parsing.
        if not traits.may_hold_samples and not ARRAY_OF_OBJECTS.match(text.lstrip("\ufeff \t\r\n")):
            yield RowBatch(np.arange(1, 2))
            return
    with blob.open() as file:
        stream = _open_text(file, compression, start)
        if shape == "lines":
            yield from json.read_line_rows(stream)
        elif shape == "objects" or traits.has_several_objects:
            yield from json.read_object_rows(stream)
        else:
            yield from json.read_document_rows(LenientJson(stream) if traits.has_loose_commas else stream)


def _may_hold_pictures(blob: Blob) -> bool:
    """Return whether a text table on a hub, of whose samples no byte is to be fetched, begins with encoded pictures."""
    if not blob.remote or blob.remote.reading != "declared" or blob.remote.is_declared_parquet:
        return False
    compression = format_suffix(blob)[1]
    try:
        if not compression:
            return _LONG_BASE64.search(blob.read(_START_BYTES)) is not None
        with blob.open() as file:
            return _LONG_BASE64.search(open_compressed(file, compression).read(_START_BYTES)) is not None
    except (Unreadable, *READ_ERRORS):
        return False  # it is said where it is read


def _open_text(file: BinaryIO, compression: Compression | None, head: bytes) -> pa.NativeFile:
    """Open a text table for reading as UTF-8; ``head`` is its beginning."""
    return open_as_utf8(open_compressed(file, compression) if compression else file, head)


def _reason(error: Exception) -> str:
    """Return a short reason why a table could not be read, from the error."""
    if isinstance(error, MemoryError):
        return "it needs more memory than a worker has"
    if isinstance(error, UnicodeError):
        return "its text is not in the encoding that its first bytes tell"
    return " ".join(str(error).split())[:160] or type(error).__name__
