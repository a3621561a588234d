"""Compares a run's models by their weights: declared bases are put to the test, undeclared ones are found.

A worker keeps a fingerprint of every safetensors file (``fingerprints/N.parquet``, rows of FINGERPRINTS); when all
are there, each declared base is compared, and each model with those that its sketch comes nearest to, and with those
that share tensors with it byte for byte (:mod:`auditor.lineage.shared_tensors`).

Sampled values tell that two models are related, not which was first. A base is told only where somebody else
declares it as a base, with weights that agree, and nobody declares the other; else the two are "related", and
nothing is passed on between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import RunError, Unreadable
from auditor.facts import EDGES_SCHEMA
from auditor.hashing.weight_sketch import SKETCH_SIZE, Floats, normalize_vector
from auditor.lineage.artefacts import is_shared_component
from auditor.lineage.derived_statements import DerivedStatement
from auditor.lineage.edges import sort_and_deduplicate
from auditor.lineage.shared_tensors import Tensors, by_key, heads, opened, read, tells, unit_of
from auditor.lineage.string_ids import Ids, assign_ids
from auditor.lineage.weight_similarity import (
    RELATIONS,
    Compared,
    Fingerprint,
    Verdict,
    compare,
    decoded,
    encoded,
    joined,
    sampled,
    with_bytes,
)
from auditor.sources import Blob
from auditor.syntax.safetensors_header import SUFFIXES

FINGERPRINTS = pa.schema(
    [
        pa.field("name", pa.string()),
        pa.field("revision", pa.string()),
        pa.field("unit", pa.string()),  # the file's URI; that of a sharded model's files is the same
        pa.field("sketch", pa.list_(pa.float32(), SKETCH_SIZE)),  # not of length one: those of a unit's files add up
        pa.field("fingerprint", pa.large_binary()),  # as `auditor lineage fingerprint` writes it
    ]
)
# A sketch's likeness is off by 0.03 (one in a thousand by 0.1): from NEAR on two models are compared.
NEAR = 0.25
NEAREST = 8
# Likeness is compared in steps of 1 / EXACT: fine-tunes of one base differ in the fourth digit.
EXACT = 100_000
# Merges of up to six models stay above this, and chance far below.
BLENDED = 0.4
_ROWS, _COLUMNS = 256, 8192
_SCRATCH = "sketches.npy", "tensors.bin"


def fingerprinted(blob: Blob) -> tuple[pa.RecordBatch | None, str]:
    """A row of FINGERPRINTS for a safetensors file, None where there is none to be had, and what is counted."""
    if blob.suffix not in SUFFIXES:
        return None, "weights not sampled: not safetensors"
    if is_shared_component(blob.uri):
        return None, "weights not sampled: a part that unlike models share"
    try:
        found = sampled(blob.basename, blob.path, blob.offset, blob.size)
    except (Unreadable, OSError):
        return None, "weights not sampled: cannot be read"
    ref = blob.ref("model")
    cells = (ref.name, ref.revision, unit_of(blob.uri), found.folded(), encoded(found))
    row = pa.RecordBatch.from_arrays(
        [pa.array([c], f.type) for c, f in zip(cells, FINGERPRINTS, strict=True)], schema=FINGERPRINTS
    )
    return row, "weights sampled" if found.values else "weights not sampled: an adapter, quantised or too small"


def observed(folders: Sequence[Path], edges: pa.Table, scratch: Path) -> tuple[pa.Table, tuple[DerivedStatement, ...]]:
    """The edges with those that weights show, and a statement ``observed_base`` for each comparison.

    Verdicts: agrees, conflicts and cannot tell of a declared base; undeclared of one that nobody declares; related
    where it cannot be told which is the base. ``scratch`` is a folder for arrays too large for memory.
    """
    files, tensors = (
        sorted(path for folder in folders for path in (folder / kind).glob("*.parquet"))
        for kind in ("fingerprints", "tensors")
    )
    if not files and not tensors:
        return edges, ()
    try:
        units = _Units.of(files, tensors, scratch)
        tested = _declared(units, edges)
        links = _links(units, edges, tested)
    finally:
        for name in _SCRATCH:
            (scratch / name).unlink(missing_ok=True)
        opened.cache_clear()
    rows = [(*pair, *_words(found)) for pair, found in tested.items()]
    rows += [(*pair, *_words(found)) for pair, found in links.items()]
    shown = [(child, parent) for child, parent, verdict, _ in rows if verdict in ("agrees", "undeclared")]
    if shown:
        cells = [("model", child, "model", parent, "observed", "weights") for child, parent in shown]
        more = pa.Table.from_arrays(
            [pa.array(column, pa.string()) for column in zip(*cells, strict=True)], schema=EDGES_SCHEMA
        )
        edges = sort_and_deduplicate(pa.concat_tables([edges, more]))
    return edges, tuple(DerivedStatement("model", child, "observed_base", *rest) for child, *rest in sorted(rows))


def _words(found: Compared) -> tuple[str, str]:
    return found.verdict, str(replace(found, verdict=""))


@dataclass(frozen=True, slots=True)
class _Units:
    """Each file of weights, or set of files of one model, with its sketch; sorted by model and place."""

    owners: tuple[str, ...]
    parts: tuple[tuple[tuple[Path, int], ...], ...]  # files and row groups
    sketches: Floats  # mapped from a file
    tensors: Tensors
    by_owner: Mapping[str, range]

    @classmethod
    def of(cls, files: Iterable[Path], tensors: Iterable[Path], scratch: Path) -> _Units:
        found, whole = by_key(files), by_key(tensors)
        keys = sorted({*found, *whole})
        sketches = np.lib.format.open_memmap(scratch / _SCRATCH[0], "w+", np.float32, (len(keys), SKETCH_SIZE))
        by_owner: dict[str, range] = {}
        for at, key in enumerate(keys):
            for path, number in found.get(key, ()):
                sketch = read(path, ["sketch"], number)["sketch"].combine_chunks()
                sketches[at] += sketch.flatten().to_numpy()
            sketches[at] = normalize_vector(sketches[at])
            by_owner[key[0]] = range(by_owner.get(key[0], range(at, at)).start, at + 1)
        parts = tuple(tuple(found.get(key, ())) for key in keys)
        shared = Tensors.of(whole, keys, scratch / _SCRATCH[1])
        return cls(tuple(key[0] for key in keys), parts, sketches, shared, by_owner)

    def fingerprint(self, at: int) -> Fingerprint:
        """The fingerprint of a unit; one without values where none were sampled. Raises RunError."""
        try:
            data = (read(path, ["fingerprint"], number)["fingerprint"][0].as_py() for path, number in self.parts[at])
            prints = [decoded(one) for one in data]
        except Unreadable as error:
            raise RunError(f"a fingerprint of {self.owners[at]} is damaged ({error}); run the scan again") from error
        return joined(prints[0].name if prints else "", prints)

    def with_bytes(self, child: str, parent: str, found: Compared, common: frozenset[int] = frozenset()) -> Compared:
        """What values showed of two models, and what digests of all their tensors show, but the ``common`` ones.

        Values that are strong in no more tensors than the common ones relate two models as little as these do.
        """
        mine, base = (frozenset().union(*map(self.tensors.kept, self.by_owner[name])) for name in (child, parent))
        shown = with_bytes(found, mine, base)
        if tells(heads(mine), heads(base), common):
            return shown
        shared = len(heads(mine) & heads(base) & common)
        part = found.relation == "made in part from it" and round(found.strong * found.compared) <= shared
        return replace(shown, relation="unrelated" if part else found.relation)

    def near(self) -> Iterator[tuple[int, int]]:
        """For each unit the units of other models that come nearest to it, at most NEAREST."""
        owner = np.array([self.by_owner[name].start for name in self.owners])
        count = len(owner)
        for first in range(0, count, _ROWS):
            mine = np.asarray(self.sketches[first : first + _ROWS])
            best = np.full((len(mine), NEAREST), -(1 << 62), np.int64)
            for other in range(0, count, _COLUMNS):
                alike = mine @ np.asarray(self.sketches[other : other + _COLUMNS]).T
                alike[owner[first : first + len(mine), None] == owner[None, other : other + _COLUMNS]] = 0
                # Rounded likeness above, place below: the highest are the nearest, the first by name among equals.
                keys = (np.rint(alike * EXACT).astype(np.int64) << 32) - np.arange(other, other + alike.shape[1])
                best = np.partition(np.concatenate([best, keys], axis=1), -NEAREST, axis=1)[:, -NEAREST:]
            places = -best & 0xFFFFFFFF
            for row, column in zip(*np.nonzero((best + places) >> 32 >= NEAR * EXACT), strict=True):
                yield first + int(row), int(places[row, column])


def _better(left: Compared | None, right: Compared) -> Compared:
    if left is None:
        return right
    return max(
        left, right, key=lambda found: (RELATIONS.index(found.relation), found.strong, found.cosine, found.compared)
    )


def _declared(units: _Units, edges: pa.Table) -> dict[tuple[str, str], Compared]:
    """How the weights of each child stand to those of each base that is declared for it, of the models compared."""
    owners = pa.array(list(units.by_owner), pa.string())
    among = pc.and_(pc.equal(edges["child_kind"], "model"), pc.equal(edges["parent_kind"], "model"))
    for end in ("child", "parent"):
        among = pc.and_(among, pc.is_in(edges[end], owners))
    stated = edges.filter(pc.and_(among, pc.not_equal(edges["relation"], "copy"))).select(["parent", "child"])
    print_of = lru_cache(maxsize=32)(units.fingerprint)
    found: dict[tuple[str, str], Compared] = {}
    common = units.tensors.common(_Groups(edges, {}).labels_of(units.owners))
    for parent, child in sorted(set(zip(*(column.to_pylist() for column in stated.columns), strict=True))):
        mine, bases = units.by_owner[child], units.by_owner[parent]
        alike = units.sketches[mine.start : mine.stop] @ units.sketches[bases.start : bases.stop].T
        best: Compared | None = None
        # Of a model with many files the pairs that are most alike tell.
        for at in np.argsort(-np.round(alike, 3), axis=None, kind="stable")[:NEAREST].tolist():
            left, right = divmod(at, len(bases))
            best = _better(best, compare(print_of(mine[left]), print_of(bases[right])))
        assert best
        best = units.with_bytes(child, parent, best, common)
        found[child, parent] = replace(best, verdict=_VERDICTS.get(best.relation, "agrees"))
    return found


_VERDICTS: Mapping[str, Verdict] = {"cannot tell": "cannot tell", "unrelated": "conflicts"}


def _links(
    units: _Units, edges: pa.Table, tested: Mapping[tuple[str, str], Compared]
) -> dict[tuple[str, str], Compared]:
    """The closest links between models that declarations leave unconnected, nearest first, none twice over."""
    print_of = lru_cache(maxsize=32)(units.fingerprint)
    pairs: dict[tuple[str, str], Compared] = {}
    groups = _Groups(edges, tested)
    for mine, other in units.near():
        pair = units.owners[mine], units.owners[other]
        if not groups.together(*pair):
            pairs[pair] = _better(pairs.get(pair), compare(print_of(mine), print_of(other)))
    named = {parent for (_, parent), found in tested.items() if found.verdict == "agrees"}
    open_ = _untested(edges, tested)
    common = units.tensors.common(groups.labels_of(units.owners))
    alike = [
        (-round(found.cosine, 5), not named & {*pair}, *pair)
        for pair, found in ((pair, units.with_bytes(*pair, found, common)) for pair, found in pairs.items())
        if _related(found)
    ]
    links: dict[tuple[str, str], Compared] = {}

    def link(left: str, right: str) -> None:
        if not groups.join(left, right):
            return
        both: dict[tuple[str, str], Compared] = {}
        for child, parent in ((left, right), (right, left)):
            by_values = pairs.get((child, parent)) or pairs[parent, child]
            both[child, parent] = found = units.with_bytes(child, parent, by_values)
            # A few tensors may be a part that both have from elsewhere: nothing is passed on for them.
            most = _related(by_values) or found.identical >= 0.5 * found.hashed
            if most and parent in named and child not in named and child not in open_:
                links[child, parent] = replace(found, verdict="undeclared")
                return
        links.update((pair, replace(found, verdict="related")) for pair, found in both.items())

    for _, _, left, right in sorted(alike):
        link(left, right)
    for mine, other in units.tensors.sharing(groups.labels_of(units.owners)):
        pair = units.owners[mine], units.owners[other]
        if not groups.together(*pair):
            pairs[pair] = compare(print_of(mine), print_of(other))
            link(*pair)
    return links


def _related(found: Compared) -> bool:
    return RELATIONS.index(found.relation) > RELATIONS.index("blended with it") or (
        found.relation == "blended with it" and found.cosine >= BLENDED
    )


def _untested(edges: pa.Table, tested: Mapping[tuple[str, str], Compared]) -> frozenset[str]:
    """Models with a declared base whose weights could not be compared: what they are like may be its."""
    models = pc.and_(pc.equal(edges["parent_kind"], "model"), pc.not_equal(edges["relation"], "copy"))
    stated = edges.filter(models)
    named = zip(stated["child"].to_pylist(), stated["parent"].to_pylist(), strict=True)
    pairs = cast("Iterator[tuple[str, str]]", named)
    known = {pair for pair, found in tested.items() if found.verdict != "cannot tell"}
    return frozenset(child for child, parent in pairs if (child, parent) not in known)


class _Groups:
    """Models that declarations or copies connect, through models without weights here too."""

    def __init__(self, edges: pa.Table, tested: Mapping[tuple[str, str], Compared]) -> None:
        among = pc.and_(pc.equal(edges["child_kind"], "model"), pc.equal(edges["parent_kind"], "model"))
        # A folder that many machines have connects nothing.
        made = edges.filter(pc.and_(among, pc.invert(pc.starts_with(edges["parent"], "local:"))))
        ids, self.words = assign_ids(pa.chunked_array([*made["child"].chunks, *made["parent"].chunks], pa.string()))
        child, parent = ids[: made.num_rows], ids[made.num_rows :]
        false = [pair for pair, found in tested.items() if found.verdict == "conflicts"]
        if false:
            places = pc.index_in(pa.array([name for pair in false for name in pair], pa.string()), self.words)
            apart = places.to_numpy(zero_copy_only=False).reshape(-1, 2).astype(np.int64)
            count = len(self.words)
            keep = ~np.isin(child * count + parent, apart[:, 0] * count + apart[:, 1])
            child, parent = child[keep], parent[keep]
        self.labels = _connected(len(self.words), child, parent)
        self.places = {name: at for at, name in enumerate(self.words.to_pylist())}
        self.joined: dict[object, object] = {}

    def _root(self, name: str) -> object:
        at = self.places.get(name)
        label: object = name if at is None else int(self.labels[at])
        while label in self.joined:
            label = self.joined[label]
        return label

    def labels_of(self, names: Sequence[str]) -> Ids:
        """A number for each name, the same for names that are connected."""
        numbers: dict[object, int] = {}
        return np.array([numbers.setdefault(self._root(name), len(numbers)) for name in names], np.int64)

    def together(self, left: str, right: str) -> bool:
        return self._root(left) == self._root(right)

    def join(self, left: str, right: str) -> bool:
        """Connect two; False where they were connected already."""
        one, other = self._root(left), self._root(right)
        if one == other:
            return False
        self.joined[one] = other
        return True


def _connected(count: int, left: Ids, right: Ids) -> Ids:
    """A label for each node, the same for all that edges connect: the least id that is passed along."""
    labels: npt.NDArray[np.int64] = np.arange(count)
    while True:
        low = np.minimum(labels[left], labels[right])
        new = labels.copy()
        np.minimum.at(new, left, low)
        np.minimum.at(new, right, low)
        new = new[new]
        if np.array_equal(new, labels):
            return labels
        labels = new
