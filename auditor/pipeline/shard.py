"""Cut a target's files into shards, the tasks of worker processes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from itertools import chain
from operator import attrgetter

from auditor.blob import Blob, Unread

# A shard ends at so many files or bytes, but not inside a model: its small files are read together. For cards that
# is a quarter of a second of work, for pictures a second.
SHARD_FILES = 1024
SHARD_BYTES = 16 * 1024**2
# A shard ends inside a model only if that has so many files: it would hold one worker up for long.
_MAX_MODEL_FILES = 8 * SHARD_FILES
# A table that is larger than this is read in partitions no larger, each a shard of its own.
PARTITION_BYTES = 64 * 1024**2
# Of a file of weights only the header is read, however large it is.
_HEADER_BYTES = 1024**2
# Parts of a lost shard that are tried again: two rounds reach a single file among 256, three among 4,096.
_SPLIT_PARTS = 16
# Seconds that a worker may take for a shard: for itself, for each file, and for each MiB that is decoded and compared.
# Of a model's files, mostly weights, the bytes are digested at most: 32 times as many in the same time.
_BASE_SECONDS, _SECONDS_PER_FILE, _SECONDS_PER_MIB = 60, 0.25, 1
_DIGEST_SPEEDUP = 32
# A Parquet file of texts, such as cards, is decoded to ten times its size. Its footer is not read here to see how much:
# a damaged one can end the process.
_PARQUET_GROWTH = 10
# A hub may ask to wait some minutes before it answers again, and a transfer takes its time.
_REMOTE_SECONDS = 1200
# All that is known of a file but where the target lies.
_LISTED_FIELDS = attrgetter(*(field.name for field in fields(Blob) if field.compare and field.name != "path"))


@dataclass(frozen=True, slots=True)
class Shard:
    """Files that one worker reads as one task. ``id`` is unique in the run and names the shard's result files."""

    id: str
    files: tuple[Blob | Unread, ...]

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the files as they were listed; a finished shard is kept on resuming only if it is the same."""
        files = "\n".join(repr(_LISTED_FIELDS(file) if isinstance(file, Blob) else file) for file in self.files)
        return hashlib.sha256(files.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def timeout(self) -> float:
        """Seconds that a worker may take: enough for slow storage, and a limit for a file that hangs its reader."""
        blobs = [file for file in self.files if isinstance(file, Blob)]
        size = sum(map(_bytes_that_take_time, blobs))
        base = _REMOTE_SECONDS if any(blob.remote for blob in blobs) else _BASE_SECONDS
        return base + _SECONDS_PER_FILE * len(self.files) + _SECONDS_PER_MIB * size / 1024**2

    def split(self) -> tuple[Shard, ...]:
        """Cut a lost shard into smaller ones, so that in the end only the file that caused the loss is lost.

        Returns:
            Shards whose ids begin with this one's; none if it has one file only.
        """
        if len(self.files) == 1:
            return ()
        step = max(1, -(-len(self.files) // _SPLIT_PARTS))
        parts = [self.files[at : at + step] for at in range(0, len(self.files), step)]
        return tuple(Shard(f"{self.id}-{number:02}", part) for number, part in enumerate(parts))


def _bytes_that_take_time(blob: Blob) -> float:
    """Return the bytes of a file, or of its partition, by which the time of its shard is limited."""
    if blob.kind == "model":
        return blob.size / _DIGEST_SPEEDUP
    return blob.size / blob.partition[1] * (_PARQUET_GROWTH if blob.suffix == ".parquet" else 1)


def cut_into_shards(files: Iterable[Blob | Unread], *, whole_weights: bool = False) -> Iterator[Shard]:
    """Cut files into shards, in the files' order.

    Args:
        files: The target's files, those of a model one after another.
        whole_weights: Weights files are read whole, so their size counts.
    """
    number, current, size, owner = 0, list[Blob | Unread](), 0, ("", "")
    for file in chain.from_iterable(map(_cut_into_partitions, files)):
        cost = _cost(file, whole_weights)
        file_owner = (file.kind, file.name) if isinstance(file, Blob) else owner
        is_full = len(current) >= SHARD_FILES or size + cost > SHARD_BYTES
        in_model = file_owner == owner and owner[0] == "model" and len(current) < _MAX_MODEL_FILES
        if current and is_full and not in_model:
            yield Shard(f"{number:06}", tuple(current))
            number, current, size = number + 1, [], 0
        current.append(file)
        size, owner = size + cost, file_owner
    if current:
        yield Shard(f"{number:06}", tuple(current))


def bytes_to_read(file: Blob | Unread, whole_weights: bool) -> int:
    """Return the bytes of a file, or of its partition, that are read when its shard is."""
    if isinstance(file, Unread):
        return 0
    if file.kind == "model" and not whole_weights:
        return min(file.size, _HEADER_BYTES)
    return file.size // file.partition[1]


def _cut_into_partitions(file: Blob | Unread) -> tuple[Blob | Unread, ...]:
    """Cut a large Parquet file into partitions, each for a shard of its own."""
    if isinstance(file, Unread) or file.kind == "model" or file.size <= PARTITION_BYTES or file.suffix != ".parquet":
        return (file,)
    count = -(-file.size // PARTITION_BYTES)
    return tuple(replace(file, partition=(number, count)) for number in range(count))


def _cost(file: Blob | Unread, whole_weights: bool) -> int:
    """Return the bytes of a file that are read, which count for the size of its shard."""
    if isinstance(file, Blob) and file.partition[1] > 1:
        return SHARD_BYTES  # a shard of its own
    return bytes_to_read(file, whole_weights)
