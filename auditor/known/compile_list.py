"""Compiles what a list format yields into the arrays that matching maps: sorted, without doubles, in one folder.

Digests go straight to a file an algorithm and are sorted through their 64-bit keys, so that memory holds some tens
of bytes an entry, not the list.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.errors import ListError
from auditor.hashing.pdq import MIN_QUALITY
from auditor.known import exact_index, near_index, urls
from auditor.known.compiled_list import FORMAT, MANIFEST, CompiledList
from auditor.known.entries import Entries, ListHeader, ListItem, MalformedEntry, UnknownAlgorithm, WithdrawnIds
from auditor.known.fingerprint_index import Spooled
from auditor.samples import DIGEST_BYTES, HASH_BITS, TEXT_SIGNALS, WEIGHT_FINGERPRINT

THRESHOLDS: Mapping[str, int] = {"pdq": 31}
LIMITS: Mapping[str, int] = {"pdq": 31, "phash-64": 16, "dhash-64": 16}
# What a list with fingerprints may mean.
_OF_MODELS = ("model", "benign")
_CHUNK = 1 << 18
_ROW = pa.schema([(name, pa.string()) for name in ("ids", "classification", "series", "contributor", "feedback")])
_TEXT_ROW = _ROW.append(pa.field("value", pa.string()))


@dataclass(slots=True)
class Health:
    """What was met while a list was read, for its manifest and for ``lists check``."""

    malformed: list[MalformedEntry] = field(default_factory=list)  # the first thousand
    malformed_lines: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    unmatchable: Counter[str] = field(default_factory=Counter)
    duplicates: Counter[str] = field(default_factory=Counter)
    disputed: int = 0
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class Identity:
    """What a compiled list says of itself."""

    name: str
    version: str
    means: str
    holder: str = ""
    duty: str = ""
    format: str = ""
    source: str = ""  # the file's name
    sha256: str = ""
    classes: Mapping[str, str] = field(default_factory=dict)
    imported: str = ""
    read_as: str = ""  # what the user said of its columns and algorithm


@dataclass(slots=True)
class _Gone:
    """What a file withdraws, by the holder's id and by value; ``first`` is the first row it speaks of, by algorithm.

    Files are spooled newest first, so what a file withdraws is withdrawn from its own rows and all after them.
    """

    first: Mapping[str, int]
    ids: set[str] = field(default_factory=set)
    values: dict[str, list[pa.Array]] = field(default_factory=dict)

    def add(self, tombs: Entries) -> None:
        """A tombstone with an id withdraws that item; one without withdraws the value, whoever listed it."""
        nameless = tombs.values
        if tombs.ids is not None:
            self.ids.update(tombs.ids.drop_null().to_pylist())
            nameless = tombs.values.filter(tombs.ids.is_null())
        if len(nameless):
            self.values.setdefault(tombs.algorithm, []).append(nameless)

    def leave(self, keep: NDArray[np.bool_], low: int, algorithm: str, values: pa.Array, ids: pa.Array) -> None:
        """Clears ``keep`` for the rows, from ``low`` on, that are withdrawn."""
        skip = max(0, self.first.get(algorithm, 0) - low)
        if skip >= len(values) or not (self.ids or algorithm in self.values):
            return
        gone = pc.is_in(ids[skip:], pa.array(sorted(self.ids), pa.string()))
        if algorithm in self.values:
            gone = pc.or_(gone, pc.is_in(values[skip:], pa.concat_arrays(self.values[algorithm])))
        keep[low + skip : low + len(values)] &= ~gone.to_numpy(zero_copy_only=False)


class _Spool:
    """One algorithm's entries on disk, as they come: digests in one file, the other columns in another."""

    def __init__(self, folder: Path, algorithm: str) -> None:
        self.algorithm = algorithm
        self.text = algorithm in TEXT_SIGNALS
        self.plain = not self.text  # no column but the value holds anything
        self.entries = 0
        self._values = folder / f"{algorithm}.spool"
        self._columns = folder / f"{algorithm}.columns"
        self._file = self._values.open("wb")
        self._writer = pa.ipc.new_file(
            self._columns, _TEXT_ROW if self.text else _ROW, options=pa.ipc.IpcWriteOptions(compression="lz4")
        )

    def add(self, entries: Entries) -> None:
        columns = [getattr(entries, name) for name in _ROW.names]
        self.plain = self.plain and all(column is None or column.null_count == len(column) for column in columns)
        self.entries += len(entries)
        arrays = [pa.nulls(len(entries), pa.string()) if column is None else column for column in columns]
        if self.text:
            self._writer.write_batch(pa.record_batch([*arrays, entries.values], schema=_TEXT_ROW))
        else:
            self._file.write(exact_index.rows_of(entries.values).data)
            self._writer.write_batch(pa.record_batch(arrays, schema=_ROW))

    def close(self) -> None:
        self._file.close()
        self._writer.close()

    def batches(self) -> Iterator[tuple[pa.Array, pa.RecordBatch]]:
        """The values, and the other columns with them."""
        width = DIGEST_BYTES.get(self.algorithm, 0)
        values = None if self.text else np.memmap(self._values, np.uint8, "r")
        at = 0
        with pa.memory_map(str(self._columns)) as file:
            reader = pa.ipc.open_file(file)
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number)
                if values is None:
                    yield batch.column("value"), batch.select(_ROW.names)
                else:
                    stretch = pa.py_buffer(values[at * width : (at + len(batch)) * width])
                    yield pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(batch), [None, stretch]), batch
                at += len(batch)

    def take(self, rows: NDArray[np.int64]) -> pa.Array:
        """The values of these rows; a text's as large strings."""
        if self.text:
            texts = [values for values, _ in self.batches()]
            return pa.concat_arrays(texts).cast(pa.large_string()).take(pa.array(rows))
        width = DIGEST_BYTES[self.algorithm]
        values = np.memmap(self._values, np.uint8, "r").reshape(-1, width)[rows]
        return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(values), [None, pa.py_buffer(values)])

    def remove(self) -> None:
        self._values.unlink()
        self._columns.unlink()


def compile_list(
    items: Iterable[ListItem],
    folder: Path,
    identity: Identity,
    thresholds: Mapping[str, int],
    *,
    older: Iterable[tuple[str, Iterable[ListItem]]] = (),
    base: CompiledList | None = None,
    strict: bool = True,
) -> Health:
    """Writes a compiled list, all but its key, into an empty folder.

    ``older`` are the (name, items) of further files, the newest first, each of which the files before it change, and
    ``base`` is the compiled version that all of them change: an item that a newer file lists again replaces the
    older one, a tombstone withdraws it. Raises ListError at the first malformed line (not ``strict``: counts it), and
    for a list without a single entry that can be matched.
    """
    health = Health()
    gone: list[_Gone] = []
    spools: dict[str, _Spool] = {}
    prints = Spooled(folder)

    def spool(entries: Entries) -> None:
        if not len(entries):
            return
        if entries.fingerprints is not None:
            prints.add(entries.values.to_pylist(), entries.fingerprints.to_pylist())
        if entries.algorithm not in spools:
            spools[entries.algorithm] = _Spool(folder, entries.algorithm)
        spools[entries.algorithm].add(entries)

    def rows() -> Mapping[str, int]:
        return {algorithm: kept.entries for algorithm, kept in spools.items()}

    for source, part in ((identity.source, items), *older):
        withdrawn = _Gone(rows())
        renewed: set[str] = set()
        for item in part:
            match item:
                case MalformedEntry() if not strict:
                    health.malformed_lines += 1
                    health.malformed += [item] if health.malformed_lines <= 1000 else []
                case MalformedEntry():
                    raise ListError(f"{source}: line {item.line:,}: {item.reason}; nothing was imported")
                case UnknownAlgorithm():
                    health.unknown[item.algorithm] += item.count
                case WithdrawnIds():
                    withdrawn.ids.update(item.ids)
                    health.withdrawn += len(item.ids)
                case Entries():
                    live = matchable(_without_tombstones(item, withdrawn, health), health)
                    if (older != () or base is not None) and live.ids is not None:
                        renewed.update(live.ids.drop_null().to_pylist())
                    spool(live)
                case ListHeader():
                    pass
        gone += [withdrawn, _Gone(rows(), renewed)]
    for old in () if base is None else entries_of(base):
        spool(old)
    parts: dict[str, Mapping[str, int]] = {}
    classifications = [""]
    for algorithm, kept in sorted(spools.items()):
        kept.close()
        counts = _compile(folder, kept, gone, thresholds.get(algorithm), classifications, health)
        if counts:
            parts[algorithm] = counts
        kept.remove()
    if WEIGHT_FINGERPRINT in parts:
        if identity.means not in _OF_MODELS:
            raise ListError(f"{identity.source}: holds fingerprints of models: give --means {' or '.join(_OF_MODELS)}")
        digests = np.load(folder / f"{WEIGHT_FINGERPRINT}.values.npy", allow_pickle=False)
        prints.write(folder, [digest.tobytes() for digest in digests], lambda digest: _print_of(base, digest))
    prints.remove()
    if not parts:
        raise ListError(f"{identity.source}: holds no entry that can be matched; nothing was imported")
    thresholds = {algorithm: limit for algorithm, limit in thresholds.items() if algorithm in parts}
    _write_manifest(folder, identity, parts, classifications, thresholds, health)
    return health


def _print_of(base: CompiledList | None, digest: bytes) -> bytes:
    """The fingerprint of an entry that the version before has."""
    assert base
    _, entries = base.find(WEIGHT_FINGERPRINT, pa.array([digest], pa.binary(len(digest))))
    return base.prints[int(entries[0])]


def _without_tombstones(entries: Entries, gone: _Gone, health: Health) -> Entries:
    if entries.withdrawn is None:
        return entries
    tomb = pc.fill_null(entries.withdrawn, False)
    tombs = _filter(entries, tomb)
    health.withdrawn += len(tombs)
    if len(tombs):
        gone.add(_normal(tombs, health))
    return _filter(entries, pc.invert(tomb))


def matchable(entries: Entries, health: Health) -> Entries:
    """The entries that may be matched; the others are counted. URLs and domains are brought to their canonical form.

    A perceptual hash whose bits are nearly all alike is that of a flat picture and would match every other one.
    """
    entries = _normal(entries, health)
    algorithm = entries.algorithm
    if algorithm == WEIGHT_FINGERPRINT and entries.fingerprints is None:
        health.unmatchable[f"{algorithm}: the digest of a fingerprint, without it"] += len(entries)
        return _filter(entries, pa.repeat(False, len(entries)))
    if algorithm in HASH_BITS:
        ones = np.bitwise_count(near_index.words_of(exact_index.rows_of(entries.values))).sum(axis=1, dtype=np.int64)
        margin = HASH_BITS[algorithm] // (4 if algorithm == "pdq" else 8)
        flat = (ones < margin) | (ones > HASH_BITS[algorithm] - margin)
        health.unmatchable[f"{algorithm}: bits nearly all alike"] += int(flat.sum())
        keep = pa.array(~flat)
        if algorithm == "pdq" and entries.quality is not None:
            low = pc.fill_null(pc.less(entries.quality, MIN_QUALITY), False)
            health.unmatchable[f"{algorithm}: quality below {MIN_QUALITY}"] += pc.sum(pc.and_(low, keep)).as_py() or 0
            keep = pc.and_(keep, pc.invert(low))
        return _filter(entries, keep)
    return entries


def _normal(entries: Entries, health: Health) -> Entries:
    if entries.algorithm not in TEXT_SIGNALS:
        return entries
    values = urls.entry_expressions(entries.values) if entries.algorithm == "url" else urls.domains(entries.values)
    health.unmatchable[f"{entries.algorithm}: not a {entries.algorithm}"] += values.null_count
    return _filter(replace(entries, values=values), values.is_valid())


def _filter(entries: Entries, keep: pa.Array) -> Entries:
    columns = {column.name: getattr(entries, column.name) for column in fields(entries) if column.name != "algorithm"}
    return Entries(
        entries.algorithm, **{name: None if array is None else array.filter(keep) for name, array in columns.items()}
    )


def entries_of(known: CompiledList) -> Iterator[Entries]:
    """Every live entry of a compiled list, as it was listed: one row for each time."""
    for algorithm in sorted(known.algorithms):
        path = known.path / f"{algorithm}.rows.arrow"
        if not path.exists():
            count = known.manifest["algorithms"][algorithm]["entries"]
            for low in range(0, count, _CHUNK):
                yield Entries(algorithm, known.values(algorithm, np.arange(low, min(low + _CHUNK, count))))
            continue
        with pa.memory_map(str(path)) as file:
            reader = pa.ipc.open_file(file)
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number)
                values = known.values(algorithm, batch.column("at").to_numpy())
                yield Entries(algorithm, values, **{name: batch.column(name) for name in _ROW.names})


def _compile(
    folder: Path,
    spool: _Spool,
    gone: Sequence[_Gone],
    threshold: int | None,
    classifications: list[str],
    health: Health,
) -> Mapping[str, int]:
    """Writes one algorithm's arrays; how many different values each classification has."""
    keys = np.empty(spool.entries, np.uint64)
    codes = np.empty(spool.entries, np.uint16)
    keep = np.ones(spool.entries, np.bool_)
    low = 0
    for values, columns in spool.batches():
        high = low + len(values)
        keys[low:high] = exact_index.keys_of(values)
        codes[low:high] = _codes(columns.column("classification"), classifications)
        for each in gone:
            each.leave(keep, low, spool.algorithm, values, columns.column("ids"))
        disputed = pc.match_substring(columns.column("feedback"), "disput", ignore_case=True)
        health.disputed += pc.sum(disputed.filter(pa.array(keep[low:high]))).as_py() or 0
        low = high
    order = np.flatnonzero(keep)
    order = order[np.argsort(keys[order], kind="stable")]
    if not len(order):
        return {}
    order, new = _first_of_equal(keys, order, spool)
    first = order[new]
    health.duplicates[spool.algorithm] += len(order) - len(first)
    keys = keys[first]
    table, filter_ = exact_index.build(keys)
    arrays: dict[str, NDArray[Any]] = {"keys": keys, "table": table, "filter": filter_, "codes": codes[first]}
    if spool.text:
        texts = spool.take(first)
        arrays["bounds"] = np.frombuffer(texts.buffers()[1], np.int64)
        arrays["texts"] = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    for name, array in arrays.items():
        np.save(folder / f"{spool.algorithm}.{name}.npy", array, allow_pickle=False)

    def mapped(name: str, kind: type[np.generic], shape: tuple[int, ...]) -> NDArray[Any]:
        return np.lib.format.open_memmap(folder / f"{spool.algorithm}.{name}.npy", "w+", np.dtype(kind), shape)

    if not spool.text:
        rows = mapped("values", np.uint8, (len(first), DIGEST_BYTES[spool.algorithm]))
        for low in range(0, len(first), _CHUNK):
            rows[low : low + _CHUNK] = exact_index.rows_of(spool.take(first[low : low + _CHUNK]))
        if threshold is not None:
            ids, tables = near_index.shapes(len(first), HASH_BITS[spool.algorithm])
            near_index.build(
                near_index.words_of(rows), mapped("ids", np.uint32, ids), mapped("tables", np.uint32, tables)
            )
    if not spool.plain:
        at = np.zeros(spool.entries, np.uint32)
        at[order] = np.cumsum(new) - 1
        _write_rows(folder / f"{spool.algorithm}.rows.arrow", spool, at, keep)
    return {classifications[code]: int(count) for code, count in enumerate(np.bincount(codes[first])) if count}


def _first_of_equal(
    keys: NDArray[np.uint64], order: NDArray[np.int64], spool: _Spool
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The order with equal values side by side, and which row is the first of its value.

    Equal values have equal keys, so only the rows whose key is not alone are compared in full.
    """
    new = np.ones(len(order), np.bool_)
    same = keys[order[1:]] == keys[order[:-1]]
    alone = np.ones(len(order), np.bool_)
    alone[1:] &= ~same
    alone[:-1] &= ~same
    crowd = np.flatnonzero(~alone)
    if not len(crowd):
        return order, new
    rows = order[crowd]
    value = pc.dictionary_encode(spool.take(rows)).indices.to_numpy()
    by_value = np.lexsort((value, keys[rows]))
    rows, value = rows[by_value], value[by_value]
    order[crowd] = rows
    new[crowd[1:]] = value[1:] != value[:-1]
    return order, new


def _codes(column: pa.Array, classifications: list[str]) -> NDArray[np.uint16]:
    """Each row's place in ``classifications``, which grows by what is new."""
    if column.null_count == len(column):
        return np.zeros(len(column), np.uint16)
    column = pc.fill_null(column, "")
    known = set(classifications)
    classifications += sorted(name for name in pc.unique(column).to_pylist() if name not in known)
    if len(classifications) > 0xFFFF:
        raise ListError(
            f"more than {0xFFFF:,} different classifications; is the right column mapped to classification?"
        )
    codes: NDArray[np.uint16] = pc.index_in(column, pa.array(classifications)).to_numpy().astype(np.uint16)
    return codes


def _write_rows(path: Path, spool: _Spool, at: NDArray[np.uint32], keep: NDArray[np.bool_]) -> None:
    schema = pa.schema([pa.field("at", pa.uint32()), *_ROW])
    low = 0
    with pa.ipc.new_file(path, schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        for _, columns in spool.batches():
            high = low + len(columns)
            kept = columns.filter(pa.array(keep[low:high]))
            writer.write_batch(pa.record_batch([pa.array(at[low:high][keep[low:high]]), *kept.columns], schema=schema))
            low = high


def _write_manifest(
    folder: Path,
    identity: Identity,
    parts: Mapping[str, Mapping[str, int]],
    classifications: list[str],
    thresholds: Mapping[str, int],
    health: Health,
) -> None:
    files = {}
    for path in sorted(folder.iterdir()):
        path.chmod(0o600)
        with path.open("rb") as file:
            os.fsync(file.fileno())
            files[path.name] = {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
    manifest = {
        "format": FORMAT,
        "name": identity.name,
        "version": identity.version,
        "holder": identity.holder,
        "means": identity.means,
        "classes": dict(identity.classes),
        "duty": identity.duty,
        "imported": identity.imported,
        "sha256": identity.sha256,
        "source": {"file": identity.source, "format": identity.format, "read_as": identity.read_as},
        "entries": sum(sum(counts.values()) for counts in parts.values()),
        "algorithms": {
            algorithm: {"entries": sum(counts.values()), "classified": dict(counts)}
            for algorithm, counts in parts.items()
        },
        "classifications": classifications,
        "thresholds": dict(thresholds),
        "unknown": dict(health.unknown),
        "unmatchable": {why: number for why, number in health.unmatchable.items() if number},
        "duplicates": {algorithm: number for algorithm, number in health.duplicates.items() if number},
        "disputed": health.disputed,
        "withdrawn": health.withdrawn,
        "files": files,
    }
    path = folder / MANIFEST
    path.touch(0o600)
    with path.open("w", encoding="utf-8") as out:
        json.dump(manifest, out, indent=1, ensure_ascii=False)
        out.flush()
        os.fsync(out.fileno())
