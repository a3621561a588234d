"""Draw the sample of a sampled audit: count the units of all targets, and choose among them by their keys.

Each unit has a priority that follows from the seed and its key alone; the lowest ones are drawn. So the same seed draws
the same units on any number of workers, and memory grows with the sample, not with the targets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.blob import Blob
from auditor.drawn_sample import DrawnSample, mixed, place_key, row_keys, unit_keys
from auditor.errors import NothingToAudit, RunError, Unreadable
from auditor.extensions import Extension
from auditor.part_builders.read_options import ReadOptions
from auditor.pipeline import PRELOAD
from auditor.pipeline.read_members import read_with_members
from auditor.pipeline.run_folder import SAMPLE, errors_name_run, write_json
from auditor.pipeline.sample_design import SampleDesign
from auditor.pipeline.sampled_audit import SampledAudit, Stratum, sampled_audit_from_json, sampled_audit_to_json
from auditor.pipeline.shard import Shard
from auditor.pipeline.strata import Strata, allocate, find_strata
from auditor.printable import printable
from auditor.readers import HEAD_BYTES, reader_name
from auditor.readers.table.stratum_values import read_column
from auditor.samples import Samples
from auditor.workers.pool import FinishedTask, run_tasks

# Random values by which bands of numbers are told.
_VALUES = 100_000
_NO_VALUES = pa.table({"rank": pa.array([], pa.uint64()), "value": pa.array([], pa.string())})
_TABLE_READER = "table"
_DESIGN = "design.json"
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Counting:
    """What the workers that count units share."""

    design: SampleDesign
    strata: Strata
    extensions: tuple[Extension, ...]


class _Units(NamedTuple):
    """The units of a shard: how many each file holds, how many each stratum has, and those that may be drawn."""

    files: tuple[tuple[str, int], ...]
    numbers: tuple[int, ...]
    keys: NDArray[np.uint64]
    strata: NDArray[np.int16]
    files_of: NDArray[np.uint64]  # the key of the file that each of them is in


def drawn_sample(
    run: Path, shards: Sequence[Shard], design: SampleDesign, extensions: tuple[Extension, ...], workers: int
) -> tuple[DrawnSample, SampledAudit]:
    """Return the sample of a run, which is drawn unless an interrupted run has drawn it before.

    Args:
        run: The run's folder.
        shards: All that the targets hold.
        design: How the sample is drawn.
        extensions: Readers that installed packages add.
        workers: The number of worker processes.

    Raises:
        NothingToAudit: The targets hold no samples.
        UsageError: The column of the strata is none.
    """
    folder = run / SAMPLE
    fingerprint = hashlib.sha256("".join(shard.fingerprint for shard in shards).encode()).hexdigest()
    try:
        content = json.loads((folder / _DESIGN).read_bytes())
        if content["targets"] == fingerprint and (sampled := sampled_audit_from_json(content["sampled"])):
            return DrawnSample(folder), sampled
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not drawn yet, or not to the end
    with errors_name_run(run):
        folder.mkdir(mode=0o700, exist_ok=True)
        strata, units, drawn = _draw_sample(folder, shards, design, extensions, workers)
        sampled = SampledAudit(
            design.asked,
            design.seed,
            design.column,
            tuple(Stratum(*one) for one in zip(strata.names, units, drawn, strict=True)),
        )
        write_json(folder / _DESIGN, {"targets": fingerprint, "sampled": sampled_audit_to_json(sampled)})
    return DrawnSample(folder), sampled


def _draw_sample(
    folder: Path, shards: Sequence[Shard], design: SampleDesign, extensions: tuple[Extension, ...], workers: int
) -> tuple[Strata, tuple[int, ...], tuple[int, ...]]:
    """Draw a sample and write it into a folder; return the strata, and how many units each has and had drawn."""
    context = _Counting(design, Strata(), extensions)
    if design.column:
        ranked = _NO_VALUES
        for values in _run(shards, _random_values, context, workers):
            ranked = _lowest(pa.concat_tables([ranked, values]))
        context = _Counting(design, find_strata(design.column, design.order, ranked["value"].chunks), extensions)
    numbers = np.zeros(len(context.strata.names), np.int64)
    files: dict[str, int] = {}
    kept = _Kept(design, len(numbers))
    for units in _run(shards, _count_shard, context, workers):
        for uri, number in units.files:
            files[uri] = files.get(uri, 0) + number
        numbers += np.array(units.numbers)
        kept.add(units)
    total = int(numbers.sum())
    if not total:
        raise NothingToAudit("the targets hold no samples that could be drawn; leave --sample out")
    sizes = allocate(design.size, numbers.tolist()) if design.size else [total] * len(numbers)
    keys, strata, files_of = kept.drawn(sizes)
    file_keys = np.array([place_key(uri) for uri in files], np.uint64)
    found, counts = np.unique(files_of, return_counts=True)
    by_file = dict(zip(found.tolist(), counts.tolist(), strict=True))
    drawn_of_file = np.array([by_file.get(key, 0) for key in file_keys.tolist()], np.int64)
    DrawnSample.write(folder, keys, strata, file_keys, np.array(list(files.values()), np.int64), drawn_of_file)
    drawn = np.bincount(strata, minlength=len(numbers))
    return context.strata, tuple(numbers.tolist()), tuple(drawn.tolist())


def _run(
    shards: Iterable[Shard], work: Callable[[_Counting, Shard], R], context: _Counting, workers: int
) -> Iterator[R]:
    """Yield what workers return for each shard.

    Raises:
        RunError: A worker was lost: nothing can be drawn from a whole of which a part is not known.
    """
    for ended in run_tasks(
        shards, work, context, workers=workers, timeout=lambda shard: shard.timeout, split=Shard.split, preload=PRELOAD
    ):
        if not isinstance(ended, FinishedTask):
            names = ", ".join(printable(file.uri, 200) for file in ended.task.files[:3])
            raise RunError(
                f"{names}: the samples cannot be counted, so none can be drawn: {ended.why}; leave it out with "
                "--exclude, or scan without --sample"
            )
        yield ended.result


@dataclass(slots=True)
class _Kept:
    """The units with the lowest priorities so far, of each stratum."""

    design: SampleDesign
    strata: int
    _parts: list[tuple[NDArray[np.uint64], NDArray[np.int16], NDArray[np.uint64]]] = field(default_factory=list)
    _held: int = 0

    def add(self, units: _Units) -> None:
        """Add a shard's units to those from which the sample is drawn."""
        self._parts.append((units.keys, units.strata, units.files_of))
        self._held += len(units.keys)
        if self.design.size and self._held > 2 * self.design.size * self.strata + (1 << 20):
            self._parts = [self.drawn([self.design.size] * self.strata)]
            self._held = len(self._parts[0][0])

    def drawn(self, sizes: Sequence[int]) -> tuple[NDArray[np.uint64], NDArray[np.int16], NDArray[np.uint64]]:
        """Return the keys, strata and files of so many units of each stratum, those of the lowest priorities."""
        keys, strata, files = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        keys, first = np.unique(keys, return_index=True)  # the pictures of one row are one unit
        strata, files = strata[first], files[first]
        order = np.lexsort((priorities(self.design.seed, keys), strata))
        starts = np.searchsorted(strata[order], np.arange(self.strata))
        rank = np.arange(len(order)) - starts[strata[order]]
        chosen = order[rank < np.array(sizes)[strata[order]]]
        return keys[chosen], strata[chosen], files[chosen]


def priorities(seed: int, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the priority of each unit in the drawing with this seed; the lowest are drawn first."""
    return mixed(keys ^ np.uint64(place_key(f"seed {seed}")))


def _random_values(context: _Counting, shard: Shard) -> pa.Table:
    """Return random values of the strata's column in a shard's tables, as text, each with its priority."""
    found = [_NO_VALUES]
    for name, blob in _readable(shard, context.extensions):
        if name == _TABLE_READER:
            for rows, values in read_column(blob, context.design.column, ReadOptions()):
                ranks = priorities(context.design.seed, row_keys(blob.uri, rows))
                found.append(_lowest(pa.table({"rank": ranks, "value": values.cast(pa.string())})))
    return _lowest(pa.concat_tables(found))


def _lowest(ranked: pa.Table) -> pa.Table:
    """Return the values with the lowest priorities: a random part of all, if there are many."""
    if ranked.num_rows <= _VALUES:
        return ranked
    return ranked.take(pa.array(np.argpartition(ranked["rank"].to_numpy(), _VALUES)[:_VALUES]))


def _count_shard(context: _Counting, shard: Shard) -> _Units:
    """Count the units of a shard, and return those that may be drawn."""
    design = context.design
    files: list[tuple[str, int]] = []
    numbers = np.zeros(len(context.strata.names), np.int64)
    kept: list[tuple[NDArray[np.uint64], NDArray[np.int16], NDArray[np.uint64]]] = []
    for name, blob in _readable(shard, context.extensions):
        keys = _unit_keys(name, blob, context.extensions)
        if not len(keys):
            continue
        files.append((blob.uri, len(keys)))
        strata = _strata_of_units(name, blob, keys, context)
        numbers += np.bincount(strata, minlength=len(numbers))
        kept.append((keys, strata, np.full(len(keys), place_key(blob.uri), np.uint64)))
    if not kept:
        empty = np.empty(0, np.uint64)
        return _Units((), tuple(numbers.tolist()), empty, np.empty(0, np.int16), empty)
    keys, strata, files_of = (np.concatenate(column) for column in zip(*kept, strict=True))
    if design.size:
        chosen = _Kept(design, len(numbers), kept).drawn([design.size] * len(numbers))
    else:
        is_drawn = priorities(design.seed, keys) < np.uint64(min(design.share * 2.0**64, 2.0**64 - 2**11))
        chosen = (keys[is_drawn], strata[is_drawn], files_of[is_drawn])
    return _Units(tuple(files), tuple(numbers.tolist()), *chosen)


def _unit_keys(name: str, blob: Blob, extensions: tuple[Extension, ...]) -> NDArray[np.uint64]:
    """Return the keys of the units in a file of a shard, each once."""
    found: list[NDArray[np.uint64]] = []
    for item in read_with_members(name, [blob], ReadOptions(), extensions):
        if isinstance(item, Samples) and not item.already_counted:
            stored = item.batch.filter(pc.equal(item.batch["variant"], ""))
            found.append(unit_keys(stored))
    return np.unique(np.concatenate(found)) if found else np.empty(0, np.uint64)


def _strata_of_units(name: str, blob: Blob, keys: NDArray[np.uint64], context: _Counting) -> NDArray[np.int16]:
    """Return the stratum of each unit of a file; ``keys`` are in order."""
    if not context.design.column:
        return np.zeros(len(keys), np.int16)
    strata = np.full(len(keys), len(context.strata.names) - 1, np.int16)
    if name == _TABLE_READER:
        for rows, values in read_column(blob, context.design.column, ReadOptions()):
            wanted = row_keys(blob.uri, rows)
            index = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            is_unit = keys[index] == wanted
            strata[index[is_unit]] = context.strata.of(values)[is_unit]
    return strata


def _readable(shard: Shard, extensions: tuple[Extension, ...]) -> Iterator[tuple[str, Blob]]:
    """Yield the files of a shard with the name of the reader that claims each."""
    for blob in shard.files:
        if isinstance(blob, Blob):
            try:
                name = reader_name(blob, blob.head(HEAD_BYTES), extensions)
            except Unreadable:
                continue
            if name:
                yield name, blob
