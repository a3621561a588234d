"""The metadata of Parquet, Arrow and ORC files, and the bytes of Parquet files that belong to no column."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq

from auditor.blob import Blob
from auditor.hashing.hash_images import DECODING_ALGORITHMS
from auditor.part_builders.array_contents import MIN_FLAT
from auditor.part_builders.embedded_files import MAX_REMAINDER_BYTES
from auditor.part_builders.text_contents import asks_of_texts, read_texts_in
from auditor.parts import PartlyRead
from auditor.readers.table import arrow
from auditor.readers.table.arrow_types import is_number_list_type, type_may_hold_samples
from auditor.readers.table.byte_lists import FLAT_PIXELS, may_be_flat_pictures
from auditor.readers.table.format_detection import READ_ERRORS, is_arrow, is_parquet
from auditor.samples import Samples
from auditor.syntax.embedded_pictures import MIN_PICTURE_BYTES, find_pictures

# Arrow's own copy of the schema in a Parquet file, in base64.
_OWN_KEY = b"ARROW:schema"
# Rows of a group or batch that are looked at for flattened pictures.
_PROBED_ROWS = 16


def read_metadata(
    blob: Blob, suffix: str, head: bytes, algorithms: Collection[str]
) -> Iterator[Samples | PartlyRead | Blob]:
    """Yield what the metadata of a table's file carries; nothing of a text, or of a file that cannot be read."""
    if (
        (blob.remote and blob.remote.reading != "all")
        or blob.partition[0]
        or not asks_of_texts(algorithms)
        or not (is_parquet(suffix, head) or is_arrow(suffix, head))
    ):
        return
    try:
        with blob.open() as file:
            stream = pa.PythonFile(file, mode="r")
            if is_parquet(suffix, head):
                table = pq.ParquetFile(stream)
                metadata, schema = table.metadata, table.schema_arrow
                if not DECODING_ALGORITHMS.isdisjoint(algorithms):
                    yield from (PartlyRead(blob, name, FLAT_PIXELS) for name in _flat_pictures(table))
                pairs = dict(metadata.metadata or {})
                for start, end in _outside_of_columns(metadata, blob.size):
                    file.seek(start)
                    data = file.read(min(end - start, MAX_REMAINDER_BYTES))
                    for first, last in find_pictures(data):
                        yield blob.member(f"bytes {start + first + 1:,}-{start + last:,}", data[first:last])
            elif head.startswith(arrow.ORC_MAGIC):
                schema, pairs = pyarrow.orc.ORCFile(stream).schema, {}
            else:
                is_file = head.startswith(arrow.FILE_MAGIC)
                reader: Any = pa.ipc.open_file(stream) if is_file else pa.ipc.open_stream(stream)
                schema, pairs = reader.schema, {}
                if not DECODING_ALGORITHMS.isdisjoint(algorithms):
                    batches = map(reader.get_batch, range(reader.num_record_batches)) if is_file else reader
                    yield from (PartlyRead(blob, name, FLAT_PIXELS) for name in _flat_pictures_of(schema, batches))
    except READ_ERRORS:
        return
    pairs |= dict(schema.metadata or {})
    texts = [key + b": " + value for key, value in pairs.items() if key != _OWN_KEY]
    texts += [key + b": " + value for field in schema for key, value in (field.metadata or {}).items()]
    texts += [name.encode("utf-8", "replace") for name in schema.names]
    yield from read_texts_in(blob, b"\n".join(texts), algorithms, "metadata")


def _flat_pictures(table: pq.ParquetFile) -> Iterator[str]:
    """Yield the columns of lists of numbers in a Parquet file that can hold flattened pictures.

    Those of short lists, or with numbers below zero, are told by the footer and not read.
    """
    metadata = table.metadata
    for name in _number_lists(table.schema_arrow):
        for group in range(metadata.num_row_groups):
            row_group = metadata.row_group(group)
            columns = [row_group.column(index) for index in range(row_group.num_columns)]
            column = next(one for one in columns if one.path_in_schema.startswith(f"{name}."))
            statistics = column.statistics
            least: Any = statistics.min if statistics is not None and statistics.has_min_max else 0
            if least < 0 or column.num_values < MIN_FLAT:
                continue
            rows = next(table.iter_batches(_PROBED_ROWS, [group], [name], use_threads=False), None)
            if rows is not None and may_be_flat_pictures(rows.column(0)):
                yield name
                break


def _flat_pictures_of(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[str]:
    """Yield the columns of lists of numbers in an Arrow file that can hold flattened pictures."""
    names = _number_lists(schema)
    for batch in batches if names else ():
        for name in [one for one in names if may_be_flat_pictures(batch.column(one).slice(0, _PROBED_ROWS))]:
            names.remove(name)
            yield name


def _number_lists(schema: pa.Schema) -> list[str]:
    """Return the columns of a table that are lists of numbers and are not read as rows."""
    return [field.name for field in schema if is_number_list_type(field.type) and not type_may_hold_samples(field.type)]


def _outside_of_columns(metadata: pq.FileMetaData, size: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of a Parquet file that no column has: indexes of pages, filters, and what was added."""
    spans = [(0, 4), (size - 8 - metadata.serialized_size, size)]
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            column = metadata.row_group(group).column(index)
            offsets = (column.dictionary_page_offset, column.data_page_offset)
            start = min(offset for offset in offsets if offset)
            spans.append((start, start + column.total_compressed_size))
    at = 0
    for start, end in sorted(spans):
        if start - at >= MIN_PICTURE_BYTES:
            yield at, start
        at = max(at, end)
