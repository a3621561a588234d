"""What became of each file of a shard, and of its samples, so that runs which read the same files count them once."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING

from auditor.model import Comparison, Count, Ref, Tally

if TYPE_CHECKING:
    import pyarrow as pa


_COLUMNS = (
    "uri", "path", "size", "partition", "kind", "name", "revision", "numbers", "reasons", "comparisons", "modified",
    "sha256",
)  # fmt: skip


@dataclass(slots=True)
class FileCounts:
    """What became of a file, or of a partition of it, and of its samples; it grows as the file is read.

    Attributes:
        uri: The file's place in its run.
        path: Its absolute path; "" for what could not be listed.
        size: Its bytes.
        partition: Which partition it is, from 0.
        subject: The subject of its samples.
        files: The file itself; nothing for all partitions but the first.
        samples: Its samples.
        reasons: Why the file or samples were not read, as in :class:`auditor.model.Tally`.
        comparisons: What its samples were compared with.
        modified: When it was changed, in nanoseconds since 1970.
        sha256: The SHA-256 of a short file that states something and holds no sample; b"" for others.
    """

    uri: str
    path: str = ""
    size: int = 0
    partition: int = 0
    subject: Ref = field(default_factory=lambda: Ref("dataset", ""))
    files: Count = field(default_factory=Count)
    samples: Count = field(default_factory=Count)
    reasons: Counter[str] = field(default_factory=Counter)
    comparisons: Counter[Comparison] = field(default_factory=Counter)
    modified: int = 0
    sha256: bytes = b""

    @property
    def identity(self) -> tuple[bytes, int]:
        """What makes two files of different runs the same: path, size and partition, as a digest, and the size."""
        text = f"{self.partition} {self.path}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, digest_size=16).digest(), self.size

    @property
    def tally(self) -> Tally:
        """The file's part of its shard's tally."""
        return Tally(self.files, self.samples, dict(self.reasons), comparisons=dict(self.comparisons))


def counts_to_rows(counts: Iterable[FileCounts]) -> pa.RecordBatch:
    """Return the counts of files and samples as rows of ``files/N.parquet``."""
    import pyarrow as pa

    texts: dict[tuple[tuple[Comparison, int], ...], str] = {(): ""}
    rows: list[tuple[object, ...]] = []
    for one in counts:
        compared = tuple(sorted(one.comparisons.items()))
        if compared not in texts:  # most files of a shard have the same
            texts[compared] = json.dumps([[*key, number] for key, number in compared])
        reasons = json.dumps(one.reasons) if one.reasons else ""
        numbers = [*astuple(one.files), *astuple(one.samples)]
        subject = one.subject
        path = os.fsencode(one.path)  # it may be no valid Unicode
        identity = (one.uri, path, one.size, one.partition, subject.kind, subject.name, subject.revision)
        rows.append((*identity, numbers, reasons, texts[compared], one.modified, one.sha256))
    kinds: dict[str, pa.DataType] = {"path": pa.binary(), "sha256": pa.binary(), "numbers": pa.list_(pa.int64())}
    kinds |= {"size": pa.int64(), "partition": pa.int64(), "modified": pa.int64()}
    schema = pa.schema([pa.field(name, kinds.get(name, pa.string())) for name in _COLUMNS])
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [pa.array(column, one.type) for column, one in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def counts_from_rows(table: pa.Table) -> Iterator[FileCounts]:
    """Yield the counts of files that :func:`counts_to_rows` wrote."""
    columns = (column.to_pylist() for column in table.columns)
    for cells in zip(*columns, strict=True):
        uri, path, size, partition, kind, name, revision, numbers, reasons, comparisons, modified, sha256 = cells
        yield FileCounts(
            uri,
            os.fsdecode(path),
            size,
            partition,
            Ref(kind, name, revision),
            Count(*numbers[:5]),
            Count(*numbers[5:]),
            Counter(json.loads(reasons) if reasons else {}),
            Counter({Comparison(*key): number for *key, number in json.loads(comparisons or "[]")}),
            modified,
            sha256,
        )
