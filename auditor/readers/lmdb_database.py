"""Reads LMDB databases: the values of their records are a table, with the keys as names.

A database is read as a file, page by page: no lock is taken, and its lock file is neither made nor changed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.part_builders.array_contents import BATCH_BYTES, table_member
from auditor.part_builders.file_samples import MAX_DECODED_BYTES
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import PartlyRead
from auditor.readers import ReaderExample
from auditor.syntax.lmdb_pages import MAGIC, is_lmdb, read_records

READS_MEMBERS = True
UNREAD_GAP = "samples"

_BATCH_RECORDS = 1 << 16
_TOO_LARGE = "a record of more than 256 MiB: not read"


def claims(blob: Blob, head: bytes) -> int:
    """Claim an LMDB database or its lock by their content."""
    return 90 if is_lmdb(head) or _is_lock(blob, head) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[PartlyRead | Unread | Blob]:
    """Yield the records of each LMDB database as tables; a lock holds nothing."""
    for blob in blobs:
        try:
            if _is_lock(blob, blob.read(32)):
                yield Unread(blob.uri, "the lock of an LMDB database", skipped=True, blob=blob)
            else:
                yield from _read_database(blob)
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)


def _is_lock(blob: Blob, head: bytes) -> bool:
    """Return whether a file is the lock of an LMDB database."""
    return head.startswith(MAGIC) and (blob.basename == "lock.mdb" or blob.basename.endswith("-lock"))


def _read_database(blob: Blob) -> Iterator[PartlyRead | Blob]:
    """Yield the records of an LMDB database, some at a time. Raises Unreadable where none can be read."""
    keys, values = list[object](), list[object]()
    first = held = 0

    def table() -> Blob:
        return table_member(blob, f"records {first + 1:,}-{first + len(keys):,}", {"key": keys, "value": values})

    end = ""
    with blob.open() as file:
        try:
            for key, value in read_records(file, MAX_DECODED_BYTES):
                name = key.decode("utf-8", "backslashreplace")
                if value is None:
                    yield PartlyRead(blob, name, _TOO_LARGE)
                    continue
                keys.append(name)
                values.append(value)
                held += len(value)
                if held >= BATCH_BYTES or len(keys) >= _BATCH_RECORDS:
                    yield table()
                    first, held, keys, values = first + len(keys), 0, [], []
        except (Unreadable, OSError, struct.error) as error:
            end = str(error)
    if keys:
        yield table()
    if end and not first + len(keys):
        raise Unreadable(end)
    if end:
        yield PartlyRead(blob, f"the records after {first + len(keys):,}", end)


EXAMPLES: tuple[ReaderExample, ...] = (
    ReaderExample("db/lock.mdb", MAGIC + bytes(28), unread="the lock of an LMDB database"),
    ReaderExample("db/data.mdb", bytes(16) + MAGIC + bytes(100), unread="not a whole LMDB database"),
)
