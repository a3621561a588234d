"""Compile the items of a list file into memory-mapped arrays for matching: sorted, without duplicates.

Digests go straight to a file for each algorithm and are sorted through their 64-bit keys, so that memory holds some
tens of bytes per entry, not the list.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.errors import ListError
from auditor.known import exact_index, near_index
from auditor.known.compiled_list import CompiledList
from auditor.known.entries import Entries, ListHeader, ListItem, MalformedEntry, UnknownAlgorithm, WithdrawnIds
from auditor.known.entry_spool import ROW_SCHEMA, EntrySpool
from auditor.known.fingerprint_index import FingerprintSpool
from auditor.known.list_identity import ListIdentity
from auditor.known.list_statistics import ListStatistics
from auditor.known.manifest import write_manifest
from auditor.known.matchable_entries import canonicalize_texts, filter_entries, filter_matchable
from auditor.known.video_index import write_video_index
from auditor.known.withdrawals import Withdrawals
from auditor.samples import DIGEST_BYTES, HASH_BITS, VPDQ, WEIGHT_FINGERPRINT

_FINGERPRINT_MEANINGS = ("model", "benign")  # what a list with fingerprints may mean
_MAX_CLASSIFICATIONS = 0xFFFF  # their codes are 16-bit numbers
_BATCH_ROWS = 1 << 18


def compile_list(
    items: Iterable[ListItem],
    folder: Path,
    identity: ListIdentity,
    thresholds: Mapping[str, int],
    *,
    older: Iterable[tuple[str, Iterable[ListItem]]] = (),
    base: CompiledList | None = None,
    skip_malformed: bool = False,
) -> ListStatistics:
    """Write a compiled list into a folder that holds nothing but its key.

    An item that a newer file lists again replaces the older one; a withdrawal removes it.

    Args:
        items: What the newest file holds.
        folder: The folder. Its manifest covers the key too.
        identity: What the list is.
        thresholds: By algorithm, the distance up to which it is matched nearly.
        older: The (name, items) of further files, the newest first, each of which the files before it change.
        base: The compiled version that all of the files change.
        skip_malformed: Count malformed entries instead of refusing the list.

    Returns:
        The counts of what the files hold besides entries.

    Raises:
        ListError: An entry is malformed, or no entry can be matched.
    """
    statistics = ListStatistics()
    spools = _Spools(folder)
    withdrawals: list[Withdrawals] = []
    changes_another = bool(older) or base is not None
    for source, part in ((identity.source, items), *older):
        withdrawn = Withdrawals(spools.rows())
        relisted: set[str] = set()
        for item in part:
            match item:
                case MalformedEntry() if skip_malformed:
                    statistics.add_malformed(item)
                case MalformedEntry():
                    raise ListError(f"{source}: line {item.line:,}: {item.reason}; nothing was imported")
                case UnknownAlgorithm():
                    statistics.unknown[item.algorithm] += item.count
                case WithdrawnIds():
                    withdrawn.ids.update(item.ids)
                    statistics.withdrawn += len(item.ids)
                case Entries():
                    live = filter_matchable(_without_withdrawn(item, withdrawn, statistics), statistics)
                    if changes_another and live.ids is not None:
                        relisted.update(live.ids.drop_null().to_pylist())
                    spools.add(live)
                case ListHeader():
                    pass
        # An item that a file lists again replaces those with the same id in older files, whose rows come after its own.
        withdrawals += [withdrawn, Withdrawals(spools.rows(), relisted)]
    for entries in () if base is None else base.listed_entries():
        spools.add(entries)
    counts: dict[str, Mapping[str, int]] = {}
    classifications = [""]
    for algorithm, spooled in spools.closed():
        classified = _write_arrays(folder, spooled, withdrawals, thresholds.get(algorithm), classifications, statistics)
        if classified:
            counts[algorithm] = classified
        spooled.remove()
    if WEIGHT_FINGERPRINT in counts and identity.means not in _FINGERPRINT_MEANINGS:
        meanings = " or ".join(_FINGERPRINT_MEANINGS)
        raise ListError(f"{identity.source}: holds fingerprints of models: give --means {meanings}")
    _write_longer_values(folder, spools, counts, base)
    if not counts:
        raise ListError(f"{identity.source}: holds no entry that can be matched; nothing was imported")
    thresholds = {algorithm: threshold for algorithm, threshold in thresholds.items() if algorithm in counts}
    write_manifest(folder, identity, counts, classifications, thresholds, statistics)
    return statistics


class _Spools:
    """The entries of a list on their way to its arrays: a file for each algorithm, and what stands behind digests.

    Fingerprints of weights and the frames of videos are longer than the digests that name them in the arrays.
    """

    def __init__(self, folder: Path) -> None:
        """Begin without entries; files are made in the folder."""
        self._folder = folder
        self._by_algorithm: dict[str, EntrySpool] = {}
        self.fingerprints, self.videos = FingerprintSpool(folder), FingerprintSpool(folder, VPDQ)

    def add(self, entries: Entries) -> None:
        """Append a batch of entries, which have one algorithm."""
        if not len(entries):
            return
        if entries.fingerprints is not None:
            held = self.videos if entries.algorithm == VPDQ else self.fingerprints
            held.add(entries.values.to_pylist(), entries.fingerprints.to_pylist())
        if entries.algorithm not in self._by_algorithm:
            self._by_algorithm[entries.algorithm] = EntrySpool(self._folder, entries.algorithm)
        self._by_algorithm[entries.algorithm].add(entries)

    def rows(self) -> Mapping[str, int]:
        """Return the number of entries of each algorithm so far."""
        return {algorithm: spool.count for algorithm, spool in self._by_algorithm.items()}

    def closed(self) -> Iterator[tuple[str, EntrySpool]]:
        """Yield the algorithms, sorted, each with its entries, which are all there now."""
        for algorithm, spool in sorted(self._by_algorithm.items()):
            spool.close()
            yield algorithm, spool


def _write_longer_values(
    folder: Path, spools: _Spools, counts: Mapping[str, object], base: CompiledList | None
) -> None:
    """Write the fingerprints and frames that the digests of the list's arrays name; ``base``: the version before."""

    def digests(algorithm: str) -> Iterator[bytes]:
        values = np.load(folder / f"{algorithm}.values.npy", allow_pickle=False)
        return (digest.tobytes() for digest in values)

    if WEIGHT_FINGERPRINT in counts:
        found = partial(_fingerprint_of, base)
        spools.fingerprints.write(folder, list(digests(WEIGHT_FINGERPRINT)), found)
    if VPDQ in counts:
        write_video_index(folder, spools.videos.read(digests(VPDQ), partial(_video_of, base)))
    spools.fingerprints.remove()
    spools.videos.remove()


def _fingerprint_of(base: CompiledList | None, digest: bytes) -> bytes:
    """Return for the list that is compiled the weight fingerprint with this digest, from the version before."""
    assert base
    _, entries = base.find_exact(WEIGHT_FINGERPRINT, pa.array([digest], pa.binary(len(digest))))
    return base.fingerprints[int(entries[0])]


def _video_of(base: CompiledList | None, digest: bytes) -> bytes:
    """Return for the list that is compiled the frames that this digest names, from the version before."""
    assert base
    _, entries = base.find_exact(VPDQ, pa.array([digest], pa.binary(len(digest))))
    return base.videos[int(entries[0])]


def _without_withdrawn(entries: Entries, withdrawals: Withdrawals, statistics: ListStatistics) -> Entries:
    """Return the entries to compile that withdraw nothing, and add the others to the withdrawals."""
    if entries.withdrawn is None:
        return entries
    mask = pc.fill_null(entries.withdrawn, False)
    withdrawn = filter_entries(entries, mask)
    statistics.withdrawn += len(withdrawn)
    if len(withdrawn):
        withdrawals.add(canonicalize_texts(withdrawn, statistics))
    return filter_entries(entries, pc.invert(mask))


def _write_arrays(
    folder: Path,
    spool: EntrySpool,
    withdrawals: Sequence[Withdrawals],
    threshold: int | None,
    classifications: list[str],
    statistics: ListStatistics,
) -> Mapping[str, int]:
    """Write the arrays of one algorithm of the compiled list.

    Args:
        folder: Where to.
        spool: The algorithm's entries.
        withdrawals: What is withdrawn from them.
        threshold: The distance up to which the algorithm is matched nearly; None for equality alone.
        classifications: Classifications by their code; new ones are appended.
        statistics: Where duplicates and disputed entries are counted.

    Returns:
        By classification, the number of different values.
    """
    keys = np.empty(spool.count, np.uint64)
    codes = np.empty(spool.count, np.uint16)
    keep = np.ones(spool.count, np.bool_)
    start = 0
    for values, columns in spool.batches():
        end = start + len(values)
        keys[start:end] = exact_index.value_keys(values)
        codes[start:end] = _classification_codes(columns.column("classification"), classifications)
        for withdrawn in withdrawals:
            withdrawn.apply(keep, start, spool.algorithm, values, columns.column("ids"))
        disputed = pc.match_substring(columns.column("feedback"), "disput", ignore_case=True)
        statistics.disputed += pc.sum(disputed.filter(pa.array(keep[start:end]))).as_py() or 0
        start = end
    order = np.flatnonzero(keep)
    order = order[np.argsort(keys[order], kind="stable")]
    if not len(order):
        return {}
    order, is_first = _group_equal_values(keys, order, spool)
    first = order[is_first]
    statistics.duplicates[spool.algorithm] += len(order) - len(first)
    keys = keys[first]
    table, filter_ = exact_index.build_exact_index(keys)
    arrays: dict[str, NDArray[Any]] = {"keys": keys, "table": table, "filter": filter_, "codes": codes[first]}
    if spool.is_text:
        texts = spool.take(first)
        arrays["bounds"] = np.frombuffer(texts.buffers()[1], np.int64)
        arrays["texts"] = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    for name, array in arrays.items():
        np.save(folder / f"{spool.algorithm}.{name}.npy", array, allow_pickle=False)
    if not spool.is_text:
        _write_digests(folder, spool, first, threshold)
    if not spool.values_only:
        positions = np.zeros(spool.count, np.uint32)
        positions[order] = np.cumsum(is_first) - 1
        _write_rows(folder / f"{spool.algorithm}.rows.arrow", spool, positions, keep)
    return {classifications[code]: int(count) for code, count in enumerate(np.bincount(codes[first])) if count}


def _write_digests(folder: Path, spool: EntrySpool, first: NDArray[np.int64], threshold: int | None) -> None:
    """Write the digests of these list entries and, with a threshold, the index for near ones."""

    def mapped(name: str, kind: type[np.generic], shape: tuple[int, ...]) -> NDArray[Any]:
        """Create a memory-mapped array of the compiled list, with its place on disk reserved."""
        path = folder / f"{spool.algorithm}.{name}.npy"
        array = np.lib.format.open_memmap(path, "w+", np.dtype(kind), shape)
        if hasattr(os, "posix_fallocate"):  # writing to a mapped file on a full disk would kill the process
            with path.open("rb+") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        return array

    digests = mapped("values", np.uint8, (len(first), DIGEST_BYTES[spool.algorithm]))
    for start in range(0, len(first), _BATCH_ROWS):
        digests[start : start + _BATCH_ROWS] = exact_index.digest_rows(spool.take(first[start : start + _BATCH_ROWS]))
    if threshold is not None:
        ids, tables = near_index.index_shapes(len(first), HASH_BITS[spool.algorithm])
        words = near_index.digest_words(digests)
        near_index.build_near_index(words, mapped("ids", np.uint32, ids), mapped("tables", np.uint32, tables))


def _group_equal_values(
    keys: NDArray[np.uint64], order: NDArray[np.int64], spool: EntrySpool
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the order in which equal values of the compiled list are side by side, and the first row of each.

    Equal values have equal keys, so only rows that share a key are compared in full.
    """
    is_first = np.ones(len(order), np.bool_)
    same_key = keys[order[1:]] == keys[order[:-1]]
    unique = np.ones(len(order), np.bool_)
    unique[1:] &= ~same_key
    unique[:-1] &= ~same_key
    shared = np.flatnonzero(~unique)
    if not len(shared):
        return order, is_first
    rows = order[shared]
    value = pc.dictionary_encode(spool.take(rows)).indices.to_numpy()
    by_value = np.lexsort((value, keys[rows]))
    rows, value = rows[by_value], value[by_value]
    order[shared] = rows
    is_first[shared[1:]] = value[1:] != value[:-1]
    return order, is_first


def _classification_codes(column: pa.Array, classifications: list[str]) -> NDArray[np.uint16]:
    """Return each compiled row's index in ``classifications``, to which new ones are appended."""
    if column.null_count == len(column):
        return np.zeros(len(column), np.uint16)
    column = pc.fill_null(column, "")
    known = set(classifications)
    classifications += sorted(name for name in pc.unique(column).to_pylist() if name not in known)
    if len(classifications) > _MAX_CLASSIFICATIONS:
        raise ListError(
            f"more than {_MAX_CLASSIFICATIONS:,} different classifications; "
            "is the right column mapped to classification?"
        )
    codes: NDArray[np.uint16] = pc.index_in(column, pa.array(classifications)).to_numpy().astype(np.uint16)
    return codes


def _write_rows(path: Path, spool: EntrySpool, positions: NDArray[np.uint32], keep: NDArray[np.bool_]) -> None:
    """Write every kept row of a compiled list as it was listed, with its value's position among the different ones."""
    schema = pa.schema([pa.field("at", pa.uint32()), *ROW_SCHEMA])
    start = 0
    with pa.ipc.new_file(path, schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        for _, columns in spool.batches():
            end = start + len(columns)
            kept = columns.filter(pa.array(keep[start:end]))
            at = pa.array(positions[start:end][keep[start:end]])
            writer.write_batch(pa.record_batch([at, *kept.columns], schema=schema))
            start = end
