"""Reads tables of cards, as hubs' dumps have them: a column with a repository's id, another with its card's text.

Parquet, JSON lines (also gzipped), a JSON array and CSV. Each row is a subject by itself; rows are streamed.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO, Literal

import ijson
import pyarrow as pa
import pyarrow.parquet as pq

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.model import Gap, Kind, Place, Ref, Subject
from auditor.part_builders.card_part import MAX_CARD_BYTES, card_part
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part
from auditor.readers import ReaderExample
from auditor.syntax.card_columns import CardColumns, card_columns
from auditor.syntax.parquet_schema import parquet_column_names, rows_before

_SUFFIXES = (".parquet", ".jsonl", ".ndjson", ".json", ".csv")
_BATCH_ROWS = 64  # a card may have megabytes
_MAX_LINE_BYTES = 2 * MAX_CARD_BYTES
_MAX_BAD_ROWS = 100  # after so many rows that cannot be read, the rest is not read
_BROKEN = (
    pa.ArrowException,
    OSError,
    EOFError,
    zlib.error,
    csv.Error,
    ijson.JSONError,
    UnicodeDecodeError,
    MemoryError,
)

Row = Mapping[str, object]

READS_PARTITIONS = True


def claims(blob: Blob, head: bytes) -> int:
    """Claim a table that has columns of ids and cards."""
    suffix = _format_suffix(blob)
    if suffix not in _SUFFIXES or (suffix == ".json" and not _begins_array(head) and b"\n{" not in head):
        return 0
    if blob.remote and blob.remote.is_declared_parquet:
        return 0  # its texts are not fetched
    return 55 if card_columns(_column_names(blob, suffix, head)) else 0


def _format_suffix(blob: Blob) -> str:
    """Return the suffix of a table of cards, without that of its compression."""
    name = blob.basename.lower().removesuffix(".gz")
    return name[name.rfind(".") :] if "." in name else ""


def _begins_array(head: bytes) -> bool:
    """Return whether the first bytes of a table of cards begin a JSON array."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")


def _column_names(blob: Blob, suffix: str, head: bytes) -> list[str]:
    """Return the column names of what may be a table of cards, as far as its schema or first row tells."""
    if suffix == ".parquet":
        try:
            with blob.open() as file:
                return parquet_column_names(file)
        except (Unreadable, ValueError, *_BROKEN):
            return []
    if head[:2] == b"\x1f\x8b":
        try:
            head = zlib.decompressobj(31).decompress(head, 1 << 16)
        except zlib.error:
            return []
    text = head.decode("utf-8-sig", "replace")
    if suffix == ".csv":
        try:
            return next(csv.reader([re.split(r"[\r\n]", text, maxsplit=1)[0]]), [])
        except csv.Error:
            return []
    # The outermost keys of the first object, even if it is longer than the head.
    return re.findall(r'[{,]\s*"([\w -]{1,40})"\s*:', _first_object_without_strings(text))


def _first_object_without_strings(text: str) -> str:
    """Return a table of cards up to the end of its first JSON object, with string values emptied."""
    flat = re.sub(r':\s*"(?:[^"\\]|\\.)*(?:"|$)', ': ""', text)
    return flat.partition("}")[0]


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Unread]:
    """Yield what each card in tables of cards says of its subject."""
    for blob in blobs:
        try:
            yield from _parts(blob)
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)


def _parts(blob: Blob) -> Iterator[Part]:
    """Yield a part for each card in a table of cards."""
    columns: CardColumns | None = None
    bad_rows: list[Gap] = []
    try:
        for number, row in _rows(blob):
            if isinstance(row, str):
                bad_rows.append(Gap("table", row, Place(blob.uri, number)))
                if len(bad_rows) == _MAX_BAD_ROWS:
                    bad_rows.append(
                        Gap("table", "too many rows that cannot be read: the rest was not read", Place(blob.uri))
                    )
                    break
                continue
            columns = columns or card_columns(row)
            if columns is None:
                bad_rows.append(Gap("table", "a row without an id and a card", Place(blob.uri, number)))
                if len(bad_rows) == _MAX_BAD_ROWS:
                    break
                continue
            yield _part(blob, number, row, columns)
    except (*_BROKEN, ValueError) as error:
        why = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        bad_rows.append(Gap("table", f"cannot be read to the end: {why}", Place(blob.uri)))
    if bad_rows:
        ref = blob.text_ref("document")
        yield Part(Subject(ref.kind, ref.name, ref.revision, gaps=tuple(bad_rows)))


def _part(blob: Blob, number: int, row: Row, columns: CardColumns) -> Part:
    """Return what the card in a row of a table of cards says of its repository."""
    repository, card, revision = (row.get(name) if name else None for name in columns)
    text = card if isinstance(card, str) else card.decode("utf-8", "replace") if isinstance(card, bytes) else ""
    gaps = []
    if len(text) > MAX_CARD_BYTES:
        text = text[:MAX_CARD_BYTES]
        gaps.append(f"longer than {MAX_CARD_BYTES:,} characters: only these were read")
    if card is not None and not isinstance(card, (str, bytes)):
        gaps.append("its card is no text")
    name = str(repository).strip() if repository not in (None, "") else f"{blob.standalone_name or blob.name}#{number}"
    kind: Kind | Literal[""] = "dataset" if columns.are_of_datasets else blob.standalone_kind
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return card_part(
        text,
        f"{blob.uri}#row={number}",
        kind,
        lambda kind: Ref(kind, name, revision if isinstance(revision, str) else ""),
        gaps,
    )


def _rows(blob: Blob) -> Iterator[tuple[int, Row | str]]:
    """Yield each row of a table of cards with its number from 1; a string says why a row cannot be read."""
    suffix = _format_suffix(blob)
    with blob.open() as raw:
        if suffix == ".parquet":
            yield from _parquet_rows(raw, blob)
            return
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        file: BinaryIO = gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[assignment]
        if suffix == ".csv":
            csv.field_size_limit(_MAX_LINE_BYTES)
            text = io.TextIOWrapper(file, "utf-8-sig", "replace", newline="")
            yield from enumerate(csv.DictReader(text, restkey=""), 1)
        elif suffix == ".json" and _begins_array(_peek_head(file)):
            yield from ((n, row if isinstance(row, dict) else "is not an object") for n, row in _array_rows(file))
        else:
            yield from _line_rows(file)


def _peek_head(file: BinaryIO) -> bytes:
    """Return the first bytes of an open table of cards, and go back to its beginning."""
    head = file.read(64)
    file.seek(0)
    return head


def _array_rows(file: BinaryIO) -> Iterator[tuple[int, object]]:
    """Yield the numbered rows of a table of cards that is a JSON array."""
    if file.read(3) != b"\xef\xbb\xbf":
        file.seek(0)
    yield from enumerate(ijson.items(file, "item", use_float=True), 1)


def _line_rows(file: BinaryIO) -> Iterator[tuple[int, Row | str]]:
    """Yield the numbered rows of a table of cards in JSON lines; a string says why a row cannot be read."""
    number = 0
    while line := file.readline(_MAX_LINE_BYTES):
        number += 1
        if not line.endswith(b"\n") and len(line) == _MAX_LINE_BYTES:
            while (rest := file.readline(_MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
            yield number, f"longer than {_MAX_LINE_BYTES:,} bytes"
            continue
        if not line.strip():
            continue
        try:
            row = json.loads(line.decode("utf-8-sig", "replace"))
        except (ValueError, RecursionError):
            yield number, "is not JSON"
            continue
        yield number, row if isinstance(row, dict) else "is not an object"


def _parquet_rows(raw: BinaryIO, blob: Blob) -> Iterator[tuple[int, Row]]:
    """Yield the numbered rows of a table of cards in Parquet. Raises Unreadable if it has no such columns."""
    table = pq.ParquetFile(pa.PythonFile(raw, mode="r"), pre_buffer=False)
    columns = card_columns(table.schema_arrow.names)
    if columns is None:
        raise Unreadable("has no columns of ids and cards")
    groups = blob.partition_range(table.metadata.num_row_groups)
    number = rows_before(table.metadata, groups)
    names = [name for name in columns if name]
    for batch in table.iter_batches(batch_size=_BATCH_ROWS, row_groups=list(groups), columns=names) if groups else ():
        for row in batch.to_pylist():
            number += 1
            yield number, row


EXAMPLES = (
    ReaderExample(
        "cards.jsonl",
        b'{"modelId": "acme/leaf", "card": "---\\nlicense: mit\\n---\\n# Leaf\\n"}\n'
        b'{"modelId": "acme/tree", "card": null}\nbroken\n',
        (("licence", "mit", ""), ("title", "Leaf", ""), ("card", "none", "")),
        gaps=("table",),
    ),
    ReaderExample("cards.csv", b'id,card\nacme/leaf,"# Leaf\n\nA model."\n', (("title", "Leaf", ""),)),
    ReaderExample("cards.json", b'[{"id": "acme/leaf", "readme": "# Leaf"}]', (("title", "Leaf", ""),)),
)
