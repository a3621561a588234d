"""Matches batches of samples against lists: exactly over digests, URLs and domains, nearly over perceptual hashes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.hashing.pdq import MIN_QUALITY
from auditor.known import decoys, exact_index, near_index, urls
from auditor.known.compile_list import LIMITS
from auditor.known.compiled_list import CompiledList
from auditor.samples import EXACT_ALGORITHMS, HITS_SCHEMA, NEAR_ALGORITHMS, TEXT_SIGNALS, Samples

# A part of a picture has another hash: 94-138 of PDQ's 256 bits differ after a centre crop (img2dataset), so a crop
# of a listed picture is found only if the crop is listed too.
CROPS = "not checked: whether a crop of a listed picture"
# Below this no list is at fault; above it, an entry that matches this share of different pictures is.
_FEW = 20
_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Matched:
    """``hits``: rows of :data:`auditor.samples.HITS_SCHEMA`, one for each (sample, list, entry): its best variant.

    ``coverage`` counts samples as stored that were compared, those that could not be and why, and hits; what a batch
    compares of samples that were counted before stands apart (``, as declared too``). ``compared`` counts the values
    that were compared with each list, by its name.
    """

    hits: pa.RecordBatch
    coverage: Mapping[str, int]
    compared: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Rows of a batch and the entries they match, of one list and algorithm."""

    known: CompiledList
    algorithm: str
    rows: NDArray[np.int64]
    entries: NDArray[np.int64]
    distances: NDArray[np.int16]

    def where(self, keep: NDArray[np.bool_]) -> _Pairs:
        return _Pairs(self.known, self.algorithm, self.rows[keep], self.entries[keep], self.distances[keep])


@dataclass(frozen=True, slots=True)
class Matcher:
    """Lists to match against. A worker makes its own from the lists' paths; the pages are shared."""

    lists: tuple[CompiledList, ...]

    @property
    def algorithms(self) -> frozenset[str]:
        """What at least one list can answer: nothing else need be computed."""
        return frozenset().union(*(known.algorithms for known in self.lists))

    def match(self, samples: Samples) -> Matched:
        """The hits of a batch. PDQ of quality below 50 is not compared; a declared one has no quality, and is."""
        batch = samples.batch
        coverage: Counter[str] = Counter()
        compared: Counter[str] = Counter()
        stored = pc.equal(batch.column("variant"), "").to_numpy(zero_copy_only=False)
        pairs: list[_Pairs] = []
        for algorithm in (*EXACT_ALGORITHMS, *NEAR_ALGORITHMS):
            lists = [known for known in self.lists if algorithm in known.algorithms]
            if lists:
                pairs += self._pairs(algorithm, lists, samples, stored, coverage, compared)
        pairs = _without_benign([pair for pair in pairs if len(pair.rows)], batch, coverage)
        hits = _hits([pair for pair in pairs if pair.known.means != "benign"], samples)
        for means, algorithm in zip(
            hits.column("means").to_pylist(), hits.column("algorithm").to_pylist(), strict=True
        ):
            coverage[f"hits {means} {'exact' if algorithm in EXACT_ALGORITHMS else 'near'}"] += 1
        coverage[CROPS] = max(coverage[f"matched {algorithm}"] for algorithm in NEAR_ALGORITHMS)
        again = ", as declared too" if samples.already_counted else ""
        named = {what if what.startswith(decoys.COUNTS) else f"{what}{again}": n for what, n in coverage.items() if n}
        return Matched(hits, dict(sorted(named.items())), dict(compared))

    def _pairs(
        self,
        algorithm: str,
        lists: Sequence[CompiledList],
        samples: Samples,
        stored: NDArray[np.bool_],
        coverage: Counter[str],
        compared: Counter[str],
    ) -> Iterator[_Pairs]:
        batch = samples.batch
        column = "url" if algorithm in TEXT_SIGNALS else algorithm
        if column not in batch.schema.names:
            return
        values = batch.column(column)
        usable = values.is_valid().to_numpy(zero_copy_only=False)
        if algorithm == "pdq":
            usable = _of_quality(usable, samples, stored, coverage)
        coverage[f"matched {algorithm}"] += int((usable & stored).sum())
        if algorithm in TEXT_SIGNALS:  # a table's further URL columns are variants of their own
            usable = usable & (stored | pc.starts_with(batch.column("variant"), "url:").to_numpy(zero_copy_only=False))
        rows = np.flatnonzero(usable)
        if not len(rows):
            return
        compared.update({known.name: len(rows) for known in lists})
        values = values.take(pa.array(rows)) if len(rows) < len(values) else values
        if algorithm in TEXT_SIGNALS:
            texts = urls.expressions(values) if algorithm == "url" else urls.domain_expressions(values)
            for known in lists:
                found, entries = known.find(algorithm, texts.values)
                which, at = texts.rows_of(found)
                yield _Pairs(known, algorithm, rows[at], entries[which], np.zeros(len(at), np.int16))
            return
        words = near_index.words_of(exact_index.rows_of(values)) if algorithm in NEAR_ALGORITHMS else None
        for known in lists:
            if words is not None and algorithm in known.thresholds:
                found, entries, distances = known.near(algorithm, words)
                decoys.count(known, algorithm, words[_unmatched(batch, rows, found)], coverage)
            else:
                found, entries = known.find(algorithm, values)
                distances = np.zeros(len(found), np.int16)
            yield _Pairs(known, algorithm, rows[found], entries, distances)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An entry that matched too much to be believed, and how many samples it matched nearly."""

    list: str
    version: str
    token: str
    samples: int


def quarantine(hits: pa.Table | pa.RecordBatch, samples: int) -> tuple[tuple[Quarantined, ...], NDArray[np.bool_]]:
    """Entries whose near matches cannot all be copies of one picture, and which rows of ``hits`` are theirs.

    ``samples``: how many samples the run compared. Copies of a listed picture lie at every distance; unrelated ones
    pile up at the far end. Samples within half the threshold of an entry are within the threshold of each other, so
    they are copies of one picture. An entry is quarantined for more than 20 samples, and more than one in a hundred,
    beyond that, with not a tenth as many within it. Hits at distance 0 are believed all the same.
    """
    limit = max(_FEW, _SHARE * samples)
    names = ("list", "version", "token")
    halves = [
        pc.and_(pc.equal(hits.column("algorithm"), name), pc.greater(hits.column("distance"), LIMITS[name] // 2))
        for name in LIMITS
    ]
    far = reduce(pc.or_, halves)
    table = pa.table({name: hits.column(name) for name in names}).append_column("far", pc.cast(far, pa.int64()))
    counted = table.group_by(list(names)).aggregate([("far", "sum"), ("far", "count")])
    many = counted.filter(
        pc.and_(
            pc.greater(counted["far_sum"], limit),
            pc.less(pc.multiply(pc.subtract(counted["far_count"], counted["far_sum"]), 10), counted["far_sum"]),
        )
    ).sort_by([(name, "ascending") for name in names])
    found = tuple(Quarantined(row["list"], row["version"], row["token"], row["far_sum"]) for row in many.to_pylist())
    keys = pc.binary_join_element_wise(*(hits.column(name) for name in names), "\0")
    theirs = pc.is_in(keys, pa.array(["\0".join((one.list, one.version, one.token)) for one in found], pa.string()))
    rows = pc.and_(theirs, pc.greater(hits.column("distance"), 0)).to_numpy(zero_copy_only=False)
    return found, np.asarray(rows, np.bool_)


def _unmatched(batch: pa.RecordBatch, rows: NDArray[np.int64], found: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the rows are of a sample that was not found in any of its forms."""
    if not len(found):
        return np.ones(len(rows), np.bool_)
    group = _groups(batch, [rows])[rows]
    return ~np.isin(group, group[found])


def _of_quality(
    usable: NDArray[np.bool_], samples: Samples, stored: NDArray[np.bool_], coverage: Counter[str]
) -> NDArray[np.bool_]:
    quality = samples.batch.column("quality")
    unknown: NDArray[np.bool_] = quality.is_null().to_numpy(zero_copy_only=False)
    low: NDArray[np.bool_] = pc.fill_null(pc.less(quality, MIN_QUALITY), False).to_numpy(zero_copy_only=False)
    coverage[f"unmatchable: quality below {MIN_QUALITY}"] += int((usable & stored & low).sum())
    if samples.basis == "declared":
        coverage["declared pdq of unknown quality"] += int((usable & stored & unknown).sum())
        return usable & ~low
    coverage["unmatchable: no quality"] += int((usable & stored & unknown).sum())
    return usable & ~low & ~unknown


def _without_benign(pairs: list[_Pairs], batch: pa.RecordBatch, coverage: Counter[str]) -> list[_Pairs]:
    """Drops a near hit on a sample that a benign list knows exactly, or more nearly. An exact hit always stays."""

    def rank(pair: _Pairs) -> NDArray[np.int16]:
        """Exact before every perceptual hash, also before one that is equal."""
        return np.full_like(pair.distances, -1) if pair.algorithm in EXACT_ALGORITHMS else pair.distances

    benign = [pair for pair in pairs if pair.known.means == "benign"]
    if not benign or len(benign) == len(pairs):
        return pairs
    group = _groups(batch, [pair.rows for pair in pairs])
    best = np.full(len(batch) + 1, np.iinfo(np.int16).max, np.int16)
    for pair in benign:
        np.minimum.at(best, group[pair.rows], rank(pair))
    kept = []
    excluded: list[NDArray[np.int64]] = []
    conflicts: list[NDArray[np.int64]] = []
    for pair in pairs:
        if pair.known.means != "benign":
            known = best[group[pair.rows]] < rank(pair)
            excluded.append(group[pair.rows[known]])
            if pair.known.means == "csam" and pair.algorithm in EXACT_ALGORITHMS:
                conflicts.append(group[pair.rows[best[group[pair.rows]] <= 0]])
            pair = pair.where(~known)
        kept.append(pair)
    coverage["excluded by a benign list: near"] += _different(excluded)
    coverage["conflict: in a benign list and exactly in one of csam"] += _different(conflicts)
    return kept


def _groups(batch: pa.RecordBatch, of: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """A number for each of these rows, the same for all variants of one sample; -1 for the other rows."""
    groups = np.full(len(batch), -1, np.int64)
    rows = np.unique(np.concatenate(of)) if of else np.zeros(0, np.int64)
    matched = batch.select(["sample", "place", "row"]).take(pa.array(rows))
    parts = [pc.fill_null(column.cast(pa.string()), "") for column in matched.columns]
    joined = pc.binary_join_element_wise(*parts, "\0")
    groups[rows] = pc.dictionary_encode(joined).indices.to_numpy().astype(np.int64)
    return groups


def _different(groups: Sequence[NDArray[np.int64]]) -> int:
    return len(np.unique(np.concatenate(groups))) if groups else 0


def _hits(pairs: Iterable[_Pairs], samples: Samples) -> pa.RecordBatch:
    pairs = [pair for pair in pairs if len(pair.rows)]
    group = _groups(samples.batch, [pair.rows for pair in pairs])
    made = []
    for pair in pairs:
        # The best variant of each (sample, entry): the nearest, then the first row, which is the sample as stored.
        order = np.lexsort((pair.rows, pair.distances, pair.entries, group[pair.rows]))
        pair = pair.where(order)  # type: ignore[arg-type]
        new = np.ones(len(order), np.bool_)
        new[1:] = (np.diff(group[pair.rows]) != 0) | (np.diff(pair.entries) != 0)
        made.append(_batch(pair.where(new), samples))
    if not made:
        return pa.RecordBatch.from_arrays([pa.array([], column.type) for column in HITS_SCHEMA], schema=HITS_SCHEMA)
    return pa.Table.from_batches(made).combine_chunks().to_batches()[0]


def _batch(pair: _Pairs, samples: Samples) -> pa.RecordBatch:
    known, count = pair.known, len(pair.rows)
    entries, back = np.unique(pair.entries, return_inverse=True)
    tokens = pa.array(known.tokens(pair.algorithm, entries)).take(pa.array(back))
    classes = known.classified(pair.algorithm, entries)
    rows = samples.batch.take(pa.array(pair.rows))
    constant = {
        "kind": samples.subject.kind,
        "name": samples.subject.name,
        "revision": samples.subject.revision,
        "list": known.name,
        "version": known.version,
        "algorithm": pair.algorithm,
        "basis": samples.basis,
    }
    columns = {
        **{name: pa.repeat(pa.scalar(value, pa.string()), count) for name, value in constant.items()},
        "means": pa.array([known.meaning(name) for name in classes], pa.string()).take(pa.array(back)),
        "token": tokens,
        "classification": pa.array(classes, pa.string()).take(pa.array(back)),
        "distance": pa.array(pair.distances),
        **{name: rows.column(name) for name in ("sample", "place", "row", "variant")},
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in HITS_SCHEMA.names], schema=HITS_SCHEMA)
