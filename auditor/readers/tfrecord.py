"""Reads TFRecord files: the features of bytes of their examples are a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.part_builders.array_contents import BATCH_BYTES, table_member
from auditor.part_builders.file_samples import MAX_DECODED_BYTES
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import PartlyRead
from auditor.readers import ReaderExample
from auditor.syntax.tfrecord_format import Features, bytes_features, is_tfrecord, read_records

READS_MEMBERS = True
UNREAD_GAP = "samples"

_BATCH_RECORDS = 1 << 16
_TOO_LARGE = "a record of more than 256 MiB: not read"
# The column of records that are no examples.
_WHOLE_RECORD = "record"


def claims(blob: Blob, head: bytes) -> int:
    """Claim TFRecord by the checksum of the first record's length."""
    return 80 if blob.kind != "model" and is_tfrecord(head) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[PartlyRead | Unread | Blob]:
    """Yield the features of each TFRecord file as tables."""
    for blob in blobs:
        try:
            yield from _read_file(blob)
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)


def _read_file(blob: Blob) -> Iterator[PartlyRead | Blob]:
    """Yield the records of a TFRecord file as tables. Raises Unreadable where none can be read."""
    rows: list[Features] = []
    first = held = 0
    end = ""
    with blob.open() as file:
        try:
            for record in read_records(file, MAX_DECODED_BYTES):
                if record is None:
                    yield PartlyRead(blob, f"record {first + len(rows) + 1:,}", _TOO_LARGE)
                    record = b""
                features = bytes_features(record)
                rows.append({_WHOLE_RECORD: [record]} if features is None else features)
                held += len(record)
                if held >= BATCH_BYTES or len(rows) >= _BATCH_RECORDS:
                    yield from _table(blob, rows, first)
                    first, held, rows = first + len(rows), 0, []
        except (Unreadable, OSError) as error:
            end = str(error)
    yield from _table(blob, rows, first)
    if end and not first + len(rows):
        raise Unreadable(end)
    if end:
        yield PartlyRead(blob, f"the records after {first + len(rows):,}", end)


def _table(blob: Blob, rows: list[Features], first: int) -> Iterator[Blob]:
    """Yield the table of some TFRecord records, a row for each; nothing if they hold no bytes."""
    columns: dict[str, list[object]] = {}
    for name in dict.fromkeys(name for features in rows for name in features):
        lists = [features.get(name) for features in rows]
        is_single = all(values is None or len(values) <= 1 for values in lists)
        columns[name] = [values[0] if values else None for values in lists] if is_single else list(lists)
    if columns:
        yield table_member(blob, f"records {first + 1:,}-{first + len(rows):,}", columns)


EXAMPLES: tuple[ReaderExample, ...] = (
    ReaderExample("cut.tfrecord", bytes.fromhex("0a00000000000000aea3bf3a") + b"half", unread="cut short"),
)
