"""Compares sampled weights with the fingerprints of lists: the same values are a match, any other likeness a lead.

The same: every tensor of either has its twin in the other, but for a tenth at most that only one of them has. So the
same weights cast to other floats, under other names or cut into other files are the same, and models with a VAE or a
text encoder in common are not.

Likeness cannot tell which of two was first, nor whether both come from a third. Where a list that means ``benign``
holds that third, as a list of ordinary base models does, two that share nothing beyond it are no lead.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np
import pyarrow as pa

from auditor.errors import ListError, Unreadable
from auditor.hashing.weight_sketch import Floats, normalize_vector
from auditor.known.compiled_list import CompiledList
from auditor.known.fingerprint_index import WEIGHTS_NOT_COMPARED
from auditor.lineage.weight_descent import BLENDED, NEAR, NEAREST
from auditor.lineage.weight_similarity import (
    ENOUGH_TENSORS,
    STRONG,
    Compared,
    Fingerprint,
    Relation,
    compare,
    decoded,
    joined,
)
from auditor.samples import HITS_SCHEMA, WEIGHT_FINGERPRINT

# The algorithms of hits that are leads; they are none of the exact ones.
RELATED, IN_PART, BLEND, SHARES = "related", "related-in-part", "blended", "shared-changes"
_LEADS: Mapping[Relation, str] = {
    "blended with it": BLEND,
    "made in part from it": IN_PART,
    "made from it": RELATED,
    "the same values": RELATED,
}
# The part of either model's tensors that must have a twin in the other.
WHOLE = 0.9
# A cast to bfloat16 moves a value by at most 2 ** -8 of itself, and 16-bit samples by a quarter of that again; STEADY,
# in parts of the spread, is for the mean about which values are taken. Training moves small values as much as large
# ones, so that from 0.1 % of the spread on more than so FEW of them lie beyond; casts leave less than 0.5 %. What looks
# like training too, and is a lead, is a cast of values whose mean is twice their spread, or of some 1e-5 to float16.
ROUNDING, STEADY, FEW = 2**-8 + 2**-10, 4e-4, 0.02
# The partial correlation of two models given what both are made from: near 0 of fine-tunes made apart, 0.7 where one
# was made from the other and changed as much again, or where it is half of a merge.
OWN = 0.25


@dataclass(frozen=True, slots=True)
class Alike:
    """An entry that weights are like. ``twins``: how many tensors have the same values, 0 where it is not the same."""

    entry: int
    twins: int
    found: Compared

    @property
    def lead(self) -> str:
        """What kind of lead it is; "" for none."""
        lead, found = _LEADS.get(self.found.relation, ""), self.found
        if lead == BLEND and found.cosine < BLENDED:
            return ""
        return IN_PART if lead == RELATED and found.compared < WHOLE * found.of else lead


@dataclass(frozen=True, slots=True)
class Prints:
    """A list's fingerprints, decoded when they are asked for. Raises ListError for a damaged one."""

    known: CompiledList
    opened: Callable[[int], Fingerprint]

    @classmethod
    def of(cls, known: CompiledList) -> Prints:
        def opened(entry: int) -> Fingerprint:
            try:
                return decoded(known.fingerprints[entry])
            except Unreadable as error:
                raise ListError(f"{known.path}: a fingerprint {error}; import the list again") from error

        return cls(known, lru_cache(maxsize=NEAREST)(opened))

    def token(self, entry: int) -> str:
        """What names an entry in reports."""
        return self.known.tokens(WEIGHT_FINGERPRINT, np.array([entry]))[0]

    def near(self, sketch: Floats) -> list[int]:
        """The entries that may be like a model with this sketch, the nearest first."""
        return self.known.fingerprints.nearest(sketch, NEAREST, NEAR)

    def alike(self, mine: Fingerprint, sketch: Floats) -> tuple[Alike, ...]:
        """The entries that are the same as a model; where there is none, the one that is most like it."""
        found = [Alike(at, twins(mine, self.opened(at)), compare(mine, self.opened(at))) for at in self.near(sketch)]
        if same := tuple(one for one in found if one.twins):
            return same
        kinds = list(_LEADS.values())
        leads = sorted((one for one in found if one.lead), key=lambda one: (kinds.index(one.lead), one.found.cosine))
        return tuple(leads[-1:])


def listed(
    rows: Iterable[pa.RecordBatch], lists: Sequence[CompiledList], coverage: Counter[str], compared: Counter[str]
) -> Iterator[pa.RecordBatch]:
    """Rows of HITS for models whose sampled weights (rows of FINGERPRINTS, one model's together) are like listed ones.

    Their algorithm is that of fingerprints where they are the same, else one of the leads above. ``coverage`` counts
    what was compared, and what benign lists excluded; ``compared`` counts the models compared with each list. Raises
    ListError.
    """
    models, benign = ([Prints.of(known) for known in _with_prints(lists, means)] for means in ("model", "benign"))
    for (name, revision, place), parts in groupby(rows, lambda row: tuple(row[at][0].as_py() for at in range(3))):
        if not models:
            continue
        mine, sketch = _joined(list(parts))
        if not mine.values:
            continue
        for one in models:
            coverage[f"weights compared with the fingerprints of list {one.known.name}"] += 1
            compared[one.known.name] += 1
            if not (found := one.alike(mine, sketch)):
                continue
            share = _beyond(mine, sketch, [one.opened(each.entry) for each in found if not each.twins], benign)
            if share < OWN:
                coverage["excluded by a benign list: weights"] += 1
                continue
            subject = {"kind": "model", "name": name, "revision": revision, "sample": mine.name, "place": place}
            yield _hits(subject, one.known, found, SHARES if math.isfinite(share) else "")


def uncompared(lists: Sequence[CompiledList], files: int) -> Mapping[str, int]:
    """What is counted where weights are not sampled, so that no fingerprint could be compared."""
    return {f"{WEIGHTS_NOT_COMPARED}{known.name}": files for known in _with_prints(lists, "model")}


def _with_prints(lists: Sequence[CompiledList], means: str) -> list[CompiledList]:
    return [known for known in lists if known.means == means and WEIGHT_FINGERPRINT in known.algorithms]


def _joined(parts: Sequence[pa.RecordBatch]) -> tuple[Fingerprint, Floats]:
    """The fingerprint of a model's files, and its sketch."""
    prints = [decoded(part["fingerprint"][0].as_py()) for part in parts]
    sketches = [part["sketch"].flatten().to_numpy() for part in parts]
    return joined(prints[0].name, prints), normalize_vector(np.sum(sketches, axis=0))


def twins(mine: Fingerprint, entry: Fingerprint) -> int:
    """How many tensors of two models have the same values; 0 where the models are not the same."""
    shared = [name for name, shape in mine.shapes.items() if entry.shapes.get(name) == shape]
    named = {name for name in shared if _rounded(mine.values[name], entry.values[name])}
    others: dict[str, str] = {}
    for shape in {shape for name, shape in mine.shapes.items() if name not in named}:
        # Under another name, or under each other's.
        names, under = ([n for n, s in of.shapes.items() if s == shape and n not in named] for of in (mine, entry))
        if under and len(entry.values[under[0]]) == len(mine.values[names[0]]):
            ours, theirs = (np.stack([of.values[n] for n in who]) for of, who in ((mine, names), (entry, under)))
            best = dict(zip((ours @ theirs.T).argmax(axis=1).tolist(), names, strict=True))
            pairs = ((name, under[at]) for at, name in best.items())
            others |= {name: twin for name, twin in pairs if _rounded(mine.values[name], entry.values[twin])}
    paired = len(named) + len(others)
    whole = paired >= WHOLE * max(1, len(mine.shapes), len(entry.shapes))
    changed = set(shared) - named - others.keys() - set(others.values())
    return paired if whole and not changed else 0


def _rounded(left: Floats, right: Floats) -> bool:
    """Do a tensor's values differ by no more than a cast makes them?"""
    if left.shape != right.shape:
        return False
    far = np.abs(left - right) > ROUNDING * np.maximum(np.abs(left), np.abs(right)) + STEADY / math.sqrt(len(left))
    return float(far.mean()) <= FEW


def _cosine(left: Floats, right: Floats) -> float:
    """To within 1e-12; 0 where the number of values differs."""
    if left.shape != right.shape:
        return 0.0
    one, other = left.astype(np.float64), right.astype(np.float64)
    return float(one @ other / math.sqrt((one @ one) * (other @ other)))


def _beyond(mine: Fingerprint, sketch: Floats, entries: Sequence[Fingerprint], benign: Sequence[Prints]) -> float:
    """What a model and any of these entries share beyond what each shares with a benign model: 0 for nothing.

    A partial correlation, the least over the benign models that both are like; infinite where there is none. A model
    that is a benign one shares nothing with any other.
    """
    least = math.inf
    for prints in benign:
        for base in (prints.opened(at) for at in prints.near(sketch)):
            if twins(mine, base):
                return 0.0
            found = [share for entry in entries if (share := _given(base, mine, entry)) is not None]
            least = min([least, max(found)]) if found else least
    return least


def _given(base: Fingerprint, one: Fingerprint, other: Fingerprint) -> float | None:
    """The partial correlation of two models given a third; None where it is not like both, tensor by tensor."""
    names = [name for name, shape in one.shapes.items() if shape == other.shapes.get(name) == base.shapes.get(name)]
    if len(names) < max(1, ENOUGH_TENSORS * len(one.shapes)):
        return None
    pairs = ((one, other), (one, base), (other, base))
    both, ones, others = (np.array([_cosine(a.values[n], b.values[n]) for n in names]) for a, b in pairs)
    if min(ones.mean(), others.mean()) < BLENDED:
        return None
    own = float((1 - ones**2).sum() * (1 - others**2).sum())
    # Where either is the base itself, all but rounding, there is nothing else to share.
    return float((both - ones * others).sum()) / math.sqrt(own) if own > (len(names) * 1e-5) ** 2 else 0.0


def _hits(subject: Mapping[str, str], known: CompiledList, found: Sequence[Alike], lead: str) -> pa.RecordBatch:
    entries = np.array([one.entry for one in found], np.int64)
    tokens, classes = known.tokens(WEIGHT_FINGERPRINT, entries), known.classifications_of(WEIGHT_FINGERPRINT, entries)
    same = {"list": known.name, "version": known.version, "means": known.means, "distance": 0, "basis": "computed"}
    rows = [
        {
            **subject,
            **same,
            "token": token,
            "classification": said,
            "algorithm": WEIGHT_FINGERPRINT if one.twins else lead or one.lead,
            "variant": _said(one, token),
        }
        for one, token, said in zip(found, tokens, classes, strict=True)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=HITS_SCHEMA)


def _said(one: Alike, token: str) -> str:
    """What was found, in words without the ": " that divides it from what the list says."""
    found = one.found
    if one.twins:
        return f"the same sampled values as entry {token}, {one.twins:,} of {found.of:,} tensors"
    how = "by shape" if found.renamed else "by name"
    share = f"{found.strong:.0%} of tensors at or above {STRONG}"
    cosine = math.floor(found.cosine * 10_000) / 10_000  # so that only the same is 1
    return f"entry {token}, mean cosine {cosine:.4f}, {share}, {found.compared:,} of {found.of:,} {how}"
