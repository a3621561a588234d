"""Keep the digests of unmatched samples in a run, until a day, so that later lists are matched without reading again.

They lie in ``restricted/digests/N.parquet``, for the owner of the run alone: a sample's place and row, its digests and
the host of its address, never the address. Samples that match a list are left out: their digest is the list's own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.errors import RunError
from auditor.facts import group_starts
from auditor.model import Ref
from auditor.pipeline.run_folder import DIGESTS, DIGESTS_WANTED
from auditor.samples import COMPUTED_ALGORITHMS, SAMPLE_FIELDS, VPDQ, Samples, digest_field
from auditor.timestamps import add_time, current_time

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Days for which a run keeps digests. They are personal data of a sort, and a list that is later than a quarter of a
# year deserves a new scan, as the dataset has changed too.
KEPT_DAYS = 90
# What is computed for them beside what lists ask. Of an address the host is kept, which answers for domains.
KEPT_BESIDE = ("md5", "sha1", "sha256", "pdq", "domain")
_KEPT_ALGORITHMS = (*COMPUTED_ALGORITHMS, "photodna", VPDQ)
_SUBJECT_COLUMNS = ("kind", "name", "revision", "basis", "carrier")
_COLUMNS: tuple[pa.Field[Any], ...] = (
    *(pa.field(name, pa.string()) for name in _SUBJECT_COLUMNS),
    pa.field("already_counted", pa.bool_()),
    pa.field("host", pa.string()),
    *(field for field in SAMPLE_FIELDS if field.name != "url"),
    *(digest_field(name) for name in _KEPT_ALGORITHMS),
)
SCHEMA = pa.schema(_COLUMNS)
_HOST = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#]*@)?(?P<host>[^/?#@]+)"


def digests_to_keep(samples: Samples, hits: pa.RecordBatch | None) -> pa.RecordBatch:
    """Return the rows of a batch that are kept: :data:`SCHEMA`, without the samples that have a hit."""
    batch = samples.batch
    if hits is not None and hits.num_rows:
        matched = pc.is_in(_sample_keys(batch), _sample_keys(hits))
        batch = batch.filter(pc.invert(matched))
    about = (*(getattr(samples.subject, name) for name in _SUBJECT_COLUMNS[:3]), samples.basis, samples.carrier)
    columns = {
        **{name: pa.repeat(pa.scalar(text), len(batch)) for name, text in zip(_SUBJECT_COLUMNS, about, strict=True)},
        "already_counted": pa.repeat(pa.scalar(samples.already_counted), len(batch)),
        "host": pc.struct_field(pc.extract_regex(batch["url"], _HOST), 0),
        **{name: batch[name] for name in batch.schema.names if name != "url"},
    }
    arrays = [columns[f.name] if f.name in columns else pa.nulls(len(batch), f.type) for f in SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _sample_keys(batch: pa.RecordBatch) -> pa.Array:
    """Return a text for each row that is the same for all variants of a sample."""
    parts = [pc.fill_null(batch[name].cast(pa.string()), "") for name in ("sample", "place", "row")]
    return pc.binary_join_element_wise(*parts, "\0")


def kept_samples(path: Path) -> Iterator[Samples]:
    """Yield the kept digests of a shard as samples, whose addresses have a host alone.

    Raises:
        RunError: They are damaged.
    """
    try:
        with pq.ParquetFile(path) as file:
            for number in range(file.num_row_groups):
                batch = file.read_row_group(number).combine_chunks().to_batches()[0]
                yield from _samples_of(batch)
    except (OSError, pa.ArrowInvalid, IndexError) as error:
        raise RunError(f"{path}: the kept digests cannot be read ({error}); scan again into a new folder") from error


def _samples_of(batch: pa.RecordBatch) -> Iterator[Samples]:
    """Yield the kept digests of a row group, cut by subject, basis and carrier."""
    import numpy as np

    is_start: NDArray[np.bool_] = group_starts(
        [*(batch[name] for name in _SUBJECT_COLUMNS), batch["already_counted"]]
    ).to_numpy(zero_copy_only=False)
    starts = np.flatnonzero(is_start).tolist()
    for start, end in zip(starts, [*starts[1:], batch.num_rows], strict=True):
        part = batch.slice(start, end - start)
        kind, name, revision, basis, carrier = (part[column][0].as_py() for column in _SUBJECT_COLUMNS)
        algorithms = [column for column in _KEPT_ALGORITHMS if part[column].null_count < len(part)]
        url = pc.binary_join_element_wise("http://", part["host"], "/", "")
        columns = {"url": url} | {column: part[column] for column in part.schema.names}
        fields = pa.schema([*SAMPLE_FIELDS, *(digest_field(column) for column in algorithms)])
        rows = pa.RecordBatch.from_arrays([columns[field.name] for field in fields], schema=fields)
        yield Samples(Ref(kind, name, revision), basis, rows, part["already_counted"][0].as_py(), carrier)


def kept_until(run: Mapping[str, Any]) -> str:
    """Return until when a run keeps digests, from its ``run.json``; "" if it keeps none."""
    wanted = run["wants"].get(DIGESTS_WANTED)
    return add_time(run["started"], days=wanted["days"]) if wanted else ""


def kept_digest_files(folder: Path, run: Mapping[str, Any]) -> dict[str, Path]:
    """Return the files of a run's kept digests by the id of their shard.

    Raises:
        RunError: It keeps none, they have expired, or they were deleted.
    """
    until = kept_until(run)
    if not until:
        raise RunError(f"{folder}: keeps no digests; scan again with --keep-digests, or with --known")
    if until <= current_time():
        raise RunError(
            f"{folder}: its digests were kept until {until[:10]} and are not used any more; delete them with "
            f"`auditor runs purge {folder}` and scan again"
        )
    if not (folder / DIGESTS).is_dir():
        raise RunError(f"{folder}: its digests were deleted; scan again with --keep-digests")
    return {path.stem: path for path in sorted((folder / DIGESTS).glob("*.parquet"))}


def delete_digests(folder: Path) -> tuple[int, int]:
    """Delete the kept digests of a run; return how many files and bytes they were. No link is followed."""
    files = size = 0
    place = folder / DIGESTS
    if any(path.is_symlink() for path in (place, place.parent)) or not place.is_dir():
        return 0, 0
    for path in place.iterdir():
        if path.suffix in (".parquet", ".part"):
            size += os.lstat(path).st_size
            path.unlink()
            files += 1
    if not any(place.iterdir()):
        place.rmdir()
    return files, size
