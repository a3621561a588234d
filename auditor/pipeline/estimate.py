"""Estimate what an audit takes: from the listing of the targets and footers of tables, and rates measured here.

Kinds are told by the files' names; nothing but footers of Parquet files is opened. Rates are those of pictures and of a
table that this module makes itself, hashed and read as a scan does it, on one core.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.hashing.hash_images import EncodedImage, hash_images
from auditor.part_builders.read_options import ReadOptions
from auditor.pipeline.shard import bytes_to_read, cut_into_shards
from auditor.readers.image_files import IMAGE_SUFFIXES
from auditor.readers.table.read_tables import read as read_tables
from auditor.repository_layout import WEIGHTS_SUFFIXES
from auditor.samples import TEXT_SIGNALS

PlannedKind: TypeAlias = Literal[
    "pictures", "rows of tables", "archives and containers", "weights files", "other files"
]
KINDS: tuple[PlannedKind, ...] = (
    "pictures",
    "rows of tables",
    "archives and containers",
    "weights files",
    "other files",
)
_TABLE_SUFFIXES = frozenset((".parquet", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".arrow", ".feather", ".orc"))
_ARCHIVE_SUFFIXES = frozenset(
    (".tar", ".zip", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".npz", ".npy", ".h5", ".hdf5", ".lmdb", ".mdb", ".tfrecord")
)
# A header and card take so long, whatever the weights' size.
_SECONDS_PER_OTHER_FILE = 0.0003
# Rows of a manifest take some 100 bytes; from this size on they hold pictures.
_BYTES_OF_ROW, _BYTES_OF_PICTURE_ROW = 100, 2_000
# What rates are measured with, so that it takes a second or two: pictures of 1.2 megapixels, rows of a manifest.
_PICTURES, _PICTURE_SIZE, _ROWS = 12, (960, 1280), 200_000


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast one core of this machine is, a second."""

    pictures: float
    picture_bytes: float
    rows: float


@dataclass(frozen=True, slots=True)
class Work:
    """What there is of one kind, and the seconds that one core takes for it.

    Attributes:
        kind: The kind.
        files: How many files.
        size: The bytes of them that are read.
        rows: How many rows, as footers say; 0 where none does.
        seconds: How long one core takes.
    """

    kind: PlannedKind
    files: int = 0
    size: int = 0
    rows: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an audit takes.

    Attributes:
        work: What there is of each kind that there is.
        shards: Into how many shards it is cut, which can be read side by side.
        left_out: How many files are not read, as the listing tells.
        rates: What the seconds rest on.
    """

    work: tuple[Work, ...]
    shards: int
    left_out: int
    rates: Rates

    @property
    def seconds(self) -> float:
        """How long one core takes for all."""
        return sum(one.seconds for one in self.work)

    def hours(self, cores: int) -> float:
        """Return how long so many cores take: no more of them than shards have work."""
        return self.seconds / 3600 / max(1, min(cores, self.shards))


def measure_rates(algorithms: frozenset[str], variants: frozenset[str]) -> Rates:
    """Measure how fast this machine hashes pictures and reads rows, on one core, in a second or two.

    Args:
        algorithms: What the lists ask for.
        variants: Which further forms of a picture are hashed.
    """
    from PIL import Image

    random = np.random.default_rng(20261130)
    encoded = []
    for _ in range(_PICTURES):
        # Smooth ground with grain: decoded as slowly as a photograph of the size.
        ground = Image.fromarray(random.integers(0, 255, (12, 16, 3), np.uint8)).resize(_PICTURE_SIZE[::-1])
        grain = random.normal(0, 8, (*_PICTURE_SIZE, 3))
        file = io.BytesIO()
        Image.fromarray((np.asarray(ground) + grain).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
        encoded.append(file.getvalue())
    hash_images([EncodedImage("warm-up", "", 0, encoded[0])], algorithms, variants)
    start = time.process_time()
    hash_images([EncodedImage(str(number), "", 0, data) for number, data in enumerate(encoded)], algorithms, variants)
    pictures = len(encoded) / max(1e-6, time.process_time() - start)
    size = sum(map(len, encoded)) / len(encoded)
    return Rates(pictures, pictures * size, _measure_rows(random, algorithms))


def _measure_rows(random: np.random.Generator, algorithms: frozenset[str]) -> float:
    """Measure how many rows of a table with an address and a digest one core reads in a second."""
    digests = [random.bytes(16).hex() for _ in range(1000)] * (_ROWS // 1000)
    addresses = [f"https://host{number % 1000}.example/picture-{number}.jpg" for number in range(_ROWS)]
    file = io.BytesIO()
    pq.write_table(pa.table({"url": addresses, "md5": digests}), file)
    data = file.getvalue()
    blob = Blob("", "rows.parquet", len(data)).member("rows.parquet", data)
    wanted = ReadOptions((algorithms & {"md5", *TEXT_SIGNALS}) or frozenset({"md5", "url"}))
    start = time.process_time()
    for _ in read_tables([blob], wanted):
        pass
    return _ROWS / max(1e-6, time.process_time() - start)


def estimate_audit(files: Iterable[Blob | Unread], rates: Rates, *, whole_weights: bool = False) -> Estimate:
    """Return what an audit of files takes.

    Args:
        files: All files of the targets.
        rates: How fast this machine is.
        whole_weights: Weights files are read whole.
    """
    counts = {kind: [0, 0, 0] for kind in KINDS}
    shards = left_out = 0
    for shard in cut_into_shards(files, whole_weights=whole_weights):
        shards += 1
        for file in shard.files:
            if isinstance(file, Unread):
                left_out += 1
                continue
            count = counts[_kind_of(file)]
            count[0] += not file.partition[0]
            count[1] += bytes_to_read(file, whole_weights)
            count[2] += _rows_of(file) if not file.partition[0] else 0
    work = (
        Work(kind, number, size, rows, _seconds(kind, number, size, rows, rates))
        for kind, (number, size, rows) in counts.items()
        if number
    )
    return Estimate(tuple(work), shards, left_out, rates)


def _kind_of(file: Blob) -> PlannedKind:
    """Return the kind of a file that an audit is to read, by its name."""
    if file.suffix in IMAGE_SUFFIXES:
        return "pictures"
    if file.suffix in WEIGHTS_SUFFIXES:
        return "weights files"
    if file.suffix in _ARCHIVE_SUFFIXES:
        return "archives and containers"
    return "rows of tables" if file.suffix in _TABLE_SUFFIXES else "other files"


def _rows_of(file: Blob) -> int:
    """Return how many rows the footer of a Parquet file says that it has; 0 for another file and a damaged footer."""
    if file.suffix != ".parquet":
        return 0
    try:
        with file.open() as opened:
            return int(pq.read_metadata(pa.PythonFile(opened, mode="r")).num_rows)
    except (Unreadable, OSError, pa.ArrowException, ValueError):
        return 0


def _seconds(kind: PlannedKind, files: int, size: int, rows: int, rates: Rates) -> float:
    """Return how long one core takes for the files of a kind in an estimate.

    A table whose rows are large holds pictures, so it is read as fast as their bytes are hashed.
    """
    if kind == "pictures":
        return max(files / rates.pictures, size / rates.picture_bytes)
    if kind == "rows of tables":
        bytes_per_row = size / rows if rows else 0
        return (
            size / rates.picture_bytes
            if bytes_per_row > _BYTES_OF_PICTURE_ROW
            else max(rows / rates.rows, size / rates.rows / _BYTES_OF_ROW)
        )
    if kind == "archives and containers":
        return size / rates.picture_bytes
    return files * _SECONDS_PER_OTHER_FILE
