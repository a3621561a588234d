"""Match batches of samples against lists: digests, URLs and domains exactly, perceptual hashes nearly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.hashing.pdq import MIN_QUALITY
from auditor.hashing.thorough_variants import NO_LIMIT, is_thorough, variant_threshold
from auditor.known import decoys, exact_index, host_filter, near_index, url_columns
from auditor.known.compiled_list import CompiledList
from auditor.model import Carrier, Comparison
from auditor.samples import (
    ALGORITHMS,
    EXACT_ALGORITHMS,
    HITS_SCHEMA,
    NEAR_ALGORITHMS,
    TEXT_SIGNALS,
    VIDEO_FRAME,
    VPDQ,
    Samples,
    possible_algorithms,
)

# A part of a picture has another hash: 94-138 of PDQ's 256 bits differ after a centre crop (img2dataset), so a crop
# of a listed picture is found only if the crop is listed too.
CROPS_NOT_CHECKED = "not checked: whether a crop of a listed picture"
# Of fewer URLs, looking each one up takes less time than making the filter of a long list.
MIN_ROWS_TO_FILTER = 4096


@dataclass(frozen=True, slots=True)
class MatchResult:
    """The result of matching a batch.

    Attributes:
        hits: Rows of :data:`auditor.samples.HITS_SCHEMA`, one for each (sample, list, entry): its best variant.
        coverage: Counts of samples as stored that were compared, of those that could not be, by the reason, and of
            hits. Hits of thorough variants alone are counted as leads. Samples that were counted before are
            counted apart (``, as declared too``).
        compared: By the name of a list, the number of values that were compared with it.
        comparisons: By place, how many samples were compared or not, for each algorithm of each list.
    """

    hits: pa.RecordBatch
    coverage: Mapping[str, int]
    compared: Mapping[str, int]
    comparisons: Mapping[str, Mapping[Comparison, int]]


@dataclass(frozen=True, slots=True)
class _MatchedPairs:
    """Rows of a batch and the entries that they match, of one list and algorithm."""

    known: CompiledList
    algorithm: str
    rows: NDArray[np.int64]
    entries: NDArray[np.int64]
    distances: NDArray[np.int16]

    def filter(self, keep: NDArray[np.bool_]) -> _MatchedPairs:
        return _MatchedPairs(self.known, self.algorithm, self.rows[keep], self.entries[keep], self.distances[keep])


@dataclass(frozen=True, slots=True)
class Matcher:
    """Lists to match against. A worker opens them by their paths; the memory that they map is shared.

    Attributes:
        lists: The lists.
        keeps_statistics: Count comparisons by place, and match decoys too, whose number tells how many near matches of
            a run are due to chance. A single picture needs neither.
    """

    lists: tuple[CompiledList, ...]
    keeps_statistics: bool = True

    @property
    def algorithms(self) -> frozenset[str]:
        """Return the algorithms of all lists; no other hash needs to be computed."""
        return frozenset().union(*(known.algorithms for known in self.lists))

    def match(self, samples: Samples) -> MatchResult:
        """Return the hits of a batch. PDQ of low quality is not compared; declared PDQ has no quality, and is."""
        batch = samples.batch
        coverage: Counter[str] = Counter()
        compared: Counter[str] = Counter()
        stored = pc.equal(batch.column("variant"), "").to_numpy(zero_copy_only=False)
        pairs: list[_MatchedPairs] = []
        for algorithm in (*EXACT_ALGORITHMS, *NEAR_ALGORITHMS):
            lists = [known for known in self.lists if algorithm in known.algorithms]
            if lists:
                pairs += self._match_algorithm(algorithm, lists, samples, stored, coverage, compared)
        pairs += self._match_videos(samples, stored, coverage, compared)
        pairs = _exclude_benign([pair for pair in pairs if len(pair.rows)], batch, coverage)
        hits = _best_hits([pair for pair in pairs if pair.known.means != "benign"], samples)
        kinds = pa.Table.from_batches([hits]).group_by(["means", "algorithm", "variant"]).aggregate([([], "count_all")])
        for kind in kinds.to_pylist() if hits.num_rows else ():
            if is_thorough(kind["variant"]):
                what = f"leads {kind['means']}: near with an edit undone"
            else:
                what = f"hits {kind['means']} {'exact' if kind['algorithm'] in EXACT_ALGORITHMS else 'near'}"
            coverage[what] += kind["count_all"]
        coverage[CROPS_NOT_CHECKED] = max(coverage[f"compared by {algorithm}"] for algorithm in NEAR_ALGORITHMS)
        suffix = ", as declared too" if samples.already_counted else ""
        named = {
            what if what.startswith(decoys.DECOY_COUNTS) else f"{what}{suffix}": n for what, n in coverage.items() if n
        }
        comparisons = self._count_comparisons(samples, stored) if self.keeps_statistics else {}
        return MatchResult(hits, dict(sorted(named.items())), dict(compared), comparisons)

    def _count_comparisons(self, samples: Samples, stored: NDArray[np.bool_]) -> Mapping[str, Mapping[Comparison, int]]:
        """Count the compared and uncompared samples of each place of a batch, for each algorithm of each list."""
        batch = samples.batch
        places, codes = _place_codes(batch.column("place"))
        counts: dict[str, dict[Comparison, int]] = {}
        for algorithm in ALGORITHMS:
            lists = [known.name for known in self.lists if algorithm in known.algorithms]
            if not lists or (algorithm == VPDQ and samples.carrier != "video"):
                continue
            valid, low = np.zeros(len(batch), np.bool_), np.zeros(len(batch), np.bool_)
            if (column := "url" if algorithm in TEXT_SIGNALS else algorithm) in batch.schema.names:
                valid = batch.column(column).is_valid().to_numpy(zero_copy_only=False)
            if algorithm in ("pdq", VPDQ):
                low, is_unknown = _low_and_unknown_quality(samples)
                if algorithm == "pdq" and samples.basis == "computed":  # without its quality it is not matched
                    valid = valid & ~is_unknown
                low = low & valid & stored
            outcomes = {"compared": valid & stored & ~low, "low detail": low}
            carrier: Carrier = samples.carrier
            if algorithm in TEXT_SIGNALS:  # a table's further columns of addresses are variants
                carrier, outcomes = "address", {"compared": valid}
            elif samples.basis != "computed":
                carrier = "declared digest"
            elif not samples.already_counted:
                missing = "not compared" if algorithm in possible_algorithms(carrier) else "not computed"
                outcomes[missing] = stored & ~valid
            for outcome, mask in outcomes.items():
                one = len(places) == 1  # as in most batches
                numbers = np.array([np.count_nonzero(mask)]) if one else np.bincount(codes[mask], minlength=len(places))
                for place in np.flatnonzero(numbers):
                    of_place = counts.setdefault(places[place], {})
                    for name in lists:
                        comparison = Comparison(name, algorithm, carrier, outcome)  # type: ignore[arg-type]
                        of_place[comparison] = of_place.get(comparison, 0) + int(numbers[place])
        return counts

    def _match_videos(
        self, samples: Samples, stored: NDArray[np.bool_], coverage: Counter[str], compared: Counter[str]
    ) -> Iterator[_MatchedPairs]:
        """Match the frames of videos against the lists of videos; a hit is that of the nearest frame."""
        lists = [known for known in self.lists if VPDQ in known.algorithms]
        batch = samples.batch
        if not lists or VPDQ not in batch.schema.names:
            return
        is_frame = pc.match_substring_regex(batch.column("variant"), f"^{VIDEO_FRAME.pattern}$")
        usable = pc.and_(is_frame, pc.fill_null(pc.greater_equal(batch.column("quality"), MIN_QUALITY), False))
        rows = np.flatnonzero(usable.to_numpy(zero_copy_only=False))
        if not len(rows):
            return
        groups = _sample_groups(batch, [rows])[rows]
        number = len(np.unique(groups))
        coverage[f"compared by {VPDQ}"] += number
        compared.update({known.name: number for known in lists})
        words = near_index.digest_words(exact_index.digest_rows(batch.column("pdq").take(pa.array(rows))))
        for known in lists:
            found = known.videos.search(words, groups)
            yield _MatchedPairs(known, VPDQ, rows[found.frames], found.entries, found.distances)

    def _match_algorithm(
        self,
        algorithm: str,
        lists: Sequence[CompiledList],
        samples: Samples,
        stored: NDArray[np.bool_],
        coverage: Counter[str],
        compared: Counter[str],
    ) -> Iterator[_MatchedPairs]:
        """Match the samples' values of one algorithm against the lists that hold entries of it."""
        batch = samples.batch
        column = "url" if algorithm in TEXT_SIGNALS else algorithm
        if column not in batch.schema.names:
            return
        values = batch.column(column)
        usable = values.is_valid().to_numpy(zero_copy_only=False)
        if algorithm == "pdq":
            usable = _filter_by_quality(usable, samples, stored, coverage)
        coverage[f"compared by {algorithm}"] += int((usable & stored).sum())
        if algorithm in TEXT_SIGNALS:  # a table's further URL columns are variants of their own
            usable = usable & (stored | pc.starts_with(batch.column("variant"), "url:").to_numpy(zero_copy_only=False))
        rows = np.flatnonzero(usable)
        if not len(rows):
            return
        compared.update({known.name: len(rows) for known in lists})
        values = values.take(pa.array(rows)) if len(rows) < len(values) else values
        if algorithm in TEXT_SIGNALS:
            if len(rows) >= MIN_ROWS_TO_FILTER:
                tails = host_filter.host_tails(host_filter.authorities_of_urls(values.cast(pa.string())))
                may_match = np.logical_or.reduce([one.host_filter(algorithm).may_match(tails) for one in lists])
                rows, values = rows[may_match], values.filter(pa.array(may_match))
            texts = (
                url_columns.expressions_of_urls(values)
                if algorithm == "url"
                else url_columns.expressions_of_domains(values)
            )
            for known in lists:
                found, entries = known.find_exact(algorithm, texts.values)
                which, at = texts.rows_of(found)
                yield _MatchedPairs(known, algorithm, rows[at], entries[which], np.zeros(len(at), np.int16))
            return
        words = near_index.digest_words(exact_index.digest_rows(values)) if algorithm in NEAR_ALGORITHMS else None
        limits = _variant_limits(batch)[rows] if words is not None else np.zeros(0, np.int16)
        any_thorough = bool((limits < NO_LIMIT).any())
        for known in lists:
            if words is not None and algorithm in known.thresholds:
                found, entries, distances = known.find_near_within(algorithm, words, limits)
                if self.keeps_statistics:
                    # A number for each sample; where nothing matched, any will do.
                    pictures = _sample_groups(batch, [rows])[rows] if any_thorough or len(found) else rows
                    unmatched = ~np.isin(pictures, pictures[found])
                    decoys.count_decoy_matches(
                        known, algorithm, words[unmatched], limits[unmatched], pictures[unmatched], coverage
                    )
            else:
                found, entries = known.find_exact(algorithm, values)
                distances = np.zeros(len(found), np.int16)
            yield _MatchedPairs(known, algorithm, rows[found], entries, distances)


def _place_codes(places: pa.Array) -> tuple[list[str], NDArray[np.int64]]:
    """Return the different places of samples to match, and the number of its place for each sample."""
    if len(places) and not places.null_count and pc.all(pc.equal(places, places[0])).as_py():  # as in most batches
        return [places[0].as_py()], np.zeros(len(places), np.int64)
    dictionary = pc.fill_null(places, "").dictionary_encode()
    return dictionary.dictionary.to_pylist(), dictionary.indices.to_numpy().astype(np.int64)


def _variant_limits(batch: pa.RecordBatch) -> NDArray[np.int16]:
    """Return the largest distance at which each sample's variant matches; NO_LIMIT except for thorough variants."""
    variants = batch.column("variant")
    if not pc.max(pc.binary_length(variants)).as_py():  # all are stored samples, as in most tables
        return np.full(len(batch), variant_threshold(""), np.int16)
    names = pc.dictionary_encode(variants)
    limits = np.array([variant_threshold(name) for name in names.dictionary.to_pylist()], np.int16)
    by_row: NDArray[np.int16] = limits[names.indices.to_numpy()]
    return by_row


def _is_thorough(batch: pa.RecordBatch) -> NDArray[np.bool_]:
    """Return which samples to match are thorough variants, whose matches alone are leads."""
    return np.asarray(_variant_limits(batch) < NO_LIMIT)


def _filter_by_quality(
    usable: NDArray[np.bool_], samples: Samples, stored: NDArray[np.bool_], coverage: Counter[str]
) -> NDArray[np.bool_]:
    """Return which samples have a PDQ of high enough quality to be matched; count the others in the coverage."""
    low, unknown = _low_and_unknown_quality(samples)
    coverage[f"unmatchable: quality below {MIN_QUALITY}"] += int((usable & stored & low).sum())
    if samples.basis != "computed":
        coverage["declared pdq of unknown quality"] += int((usable & stored & unknown).sum())
        return usable & ~low
    coverage["unmatchable: no quality"] += int((usable & stored & unknown).sum())
    return usable & ~low & ~unknown


def _low_and_unknown_quality(samples: Samples) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which samples have too little detail to be matched by PDQ, and of which that is not known."""
    quality = samples.batch.column("quality")
    low: NDArray[np.bool_] = pc.fill_null(pc.less(quality, MIN_QUALITY), False).to_numpy(zero_copy_only=False)
    unknown: NDArray[np.bool_] = quality.is_null().to_numpy(zero_copy_only=False)
    return low, unknown


def _exclude_benign(pairs: list[_MatchedPairs], batch: pa.RecordBatch, coverage: Counter[str]) -> list[_MatchedPairs]:
    """Remove near hits on samples that match a benign list exactly or more nearly. Exact hits stay.

    A thorough variant that matches a benign list excludes only hits of thorough variants.
    """

    def rank(pair: _MatchedPairs) -> NDArray[np.int16]:
        """Return the distance; -1 for an exact match, which comes before an equal perceptual hash too."""
        return np.full_like(pair.distances, -1) if pair.algorithm in EXACT_ALGORITHMS else pair.distances

    benign = [pair for pair in pairs if pair.known.means == "benign"]
    if not benign or len(benign) == len(pairs):
        return pairs
    groups = _sample_groups(batch, [pair.rows for pair in pairs])
    thorough = _is_thorough(batch)
    best = np.full(len(batch) + 1, np.iinfo(np.int16).max, np.int16)
    best_of_all = best.copy()
    for pair in benign:
        np.minimum.at(best_of_all, groups[pair.rows], rank(pair))
        default = pair.filter(~thorough[pair.rows])
        np.minimum.at(best, groups[default.rows], rank(default))
    kept = []
    excluded: list[NDArray[np.int64]] = []
    conflicts: list[NDArray[np.int64]] = []
    for pair in pairs:
        if pair.known.means != "benign":
            at = groups[pair.rows]
            known = np.where(thorough[pair.rows], best_of_all[at], best[at]) < rank(pair)
            excluded.append(groups[pair.rows[known]])
            if pair.known.means == "csam" and pair.algorithm in EXACT_ALGORITHMS:
                conflicts.append(groups[pair.rows[best[groups[pair.rows]] <= 0]])
            pair = pair.filter(~known)
        kept.append(pair)
    coverage["excluded by a benign list: near"] += _count_distinct(excluded)
    coverage["conflict: in a benign list and exactly in one of csam"] += _count_distinct(conflicts)
    return kept


def _sample_groups(batch: pa.RecordBatch, of: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return a number for each of these matched rows, the same for all variants of one sample; -1 for other rows."""
    groups = np.full(len(batch), -1, np.int64)
    rows = np.unique(np.concatenate(of)) if of else np.zeros(0, np.int64)
    matched = batch.select(["sample", "place", "row"]).take(pa.array(rows))
    parts = [pc.fill_null(column.cast(pa.string()), "") for column in matched.columns]
    joined = pc.binary_join_element_wise(*parts, "\0")
    groups[rows] = pc.dictionary_encode(joined).indices.to_numpy().astype(np.int64)
    return groups


def _count_distinct(groups: Sequence[NDArray[np.int64]]) -> int:
    """Return the number of distinct samples among the matched ones."""
    return len(np.unique(np.concatenate(groups))) if groups else 0


def _best_hits(pairs: Iterable[_MatchedPairs], samples: Samples) -> pa.RecordBatch:
    """Match each sample and entry once: return the best hit among those of all variants of the sample."""
    pairs = [pair for pair in pairs if len(pair.rows)]
    groups = _sample_groups(samples.batch, [pair.rows for pair in pairs])
    thorough = _is_thorough(samples.batch)
    made = []
    for pair in pairs:
        # The best variant of each (sample, entry): a thorough one only if no other matches, then the nearest, then the
        # first row, which is the sample as stored.
        order = np.lexsort((pair.rows, pair.distances, thorough[pair.rows], pair.entries, groups[pair.rows]))
        pair = pair.filter(order)  # type: ignore[arg-type]
        new = np.ones(len(order), np.bool_)
        new[1:] = (np.diff(groups[pair.rows]) != 0) | (np.diff(pair.entries) != 0)
        made.append(_hit_rows(pair.filter(new), samples))
    if not made:
        return pa.RecordBatch.from_arrays([pa.array([], column.type) for column in HITS_SCHEMA], schema=HITS_SCHEMA)
    return pa.Table.from_batches(made).combine_chunks().to_batches()[0]


def _hit_rows(pair: _MatchedPairs, samples: Samples) -> pa.RecordBatch:
    """Return the matched pairs of one list and algorithm as rows of HITS_SCHEMA."""
    known, count = pair.known, len(pair.rows)
    entries, back = np.unique(pair.entries, return_inverse=True)
    tokens = pa.array(known.tokens(pair.algorithm, entries)).take(pa.array(back))
    classes = known.classifications_of(pair.algorithm, entries)
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
        "means": pa.array([known.meaning_of(name) for name in classes], pa.string()).take(pa.array(back)),
        "token": tokens,
        "classification": pa.array(classes, pa.string()).take(pa.array(back)),
        "distance": pa.array(pair.distances),
        **{name: rows.column(name) for name in ("sample", "place", "row", "variant")},
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in HITS_SCHEMA.names], schema=HITS_SCHEMA)
