"""Compare sampled weights with the fingerprints of lists: the same values are a match, any other similarity a lead.

Two models are the same where every tensor of either, embeddings and norms too, has a counterpart with the same values
in the other. So the same weights cast to other floats, under other names or cut into other files are the same, and
models with a part more or less, or scaled, are not.

Similarity does not show which of two models was first, nor whether both come from a third. Where a list that means
``benign`` holds that third, as a list of ordinary base models does, two models that share nothing beyond it are no
lead.
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
from auditor.lineage.fingerprint_files import decode_fingerprint
from auditor.lineage.weight_samples import SampledWeights, merge_samples
from auditor.lineage.weight_similarity import (
    MAX_NEIGHBOURS,
    MIN_BLEND_COSINE,
    MIN_SKETCH_COSINE,
    MIN_TENSOR_SHARE,
    STRONG_COSINE,
    Relation,
    Similarity,
    compare_weights,
    matching_tensors,
)
from auditor.samples import HITS_SCHEMA, WEIGHT_FINGERPRINT

# The algorithms of hits that are leads, the weakest first; they are none of the exact ones. SHARED_CHANGES: the model
# shares changes with the listed one that are in no benign model which both resemble.
BLENDED, RELATED_IN_PART, RELATED, SHARED_CHANGES = "blended", "related-in-part", "related", "shared-changes"
_LEAD_RELATIONS: Mapping[Relation, str] = {
    "blend": BLENDED,
    "part": RELATED_IN_PART,
    "derived": RELATED,
    "identical": RELATED,
}
_LEADS = tuple(_LEAD_RELATIONS.values())
# The share of a model's tensors that must be compared for a lead on the whole of it.
MIN_COMPARED_SHARE = 0.9
# The partial correlation of two models given the model both are made from: near 0 where they were trained apart, 0.7
# where one was made from the other and changed as much again, or where it is half of a merge.
MIN_PARTIAL_CORRELATION = 0.25
# What rounding to 16 bits leaves of 1 - cosine² for a tensor: a model that differs by less is the benign one itself.
_ROUNDING_ERROR = 1e-5


@dataclass(frozen=True, slots=True)
class EntrySimilarity:
    """How similar a model is to an entry of a list.

    ``matching``: how many tensors have the same values; 0 where the model is not the listed one.
    """

    entry: int
    matching: int
    similarity: Similarity

    @property
    def lead(self) -> str:
        """Return the kind of lead, which is an algorithm of hits; "" for none."""
        similarity = self.similarity
        lead = _LEAD_RELATIONS.get(similarity.relation, "") if similarity.is_related else ""
        if lead == RELATED and similarity.compared < MIN_COMPARED_SHARE * similarity.total:
            return RELATED_IN_PART
        return lead


@dataclass(frozen=True, slots=True)
class ListFingerprints:
    """The fingerprints of one list. ``weights`` decodes that of an entry; it raises ListError for a damaged one."""

    known: CompiledList
    weights: Callable[[int], SampledWeights]

    @classmethod
    def of_list(cls, known: CompiledList) -> ListFingerprints:
        """Give access to the fingerprints of a list, which keeps those used last in memory."""

        def decode(entry: int) -> SampledWeights:
            """Return the sampled weights of a list's fingerprint."""
            try:
                return decode_fingerprint(known.fingerprints[entry])
            except Unreadable as error:
                raise ListError(f"{known.path}: a fingerprint {error}; import the list again") from error

        return cls(known, lru_cache(maxsize=MAX_NEIGHBOURS)(decode))

    def token(self, entry: int) -> str:
        """Return the token that names an entry in reports."""
        return self.known.tokens(WEIGHT_FINGERPRINT, np.array([entry]))[0]

    def nearest_entries(self, sketch: Floats) -> list[int]:
        """Return the entries that a model with this sketch may be similar to, the nearest first."""
        return self.known.fingerprints.nearest(sketch, MAX_NEIGHBOURS, MIN_SKETCH_COSINE)

    def similar_entries(self, model: SampledWeights, sketch: Floats) -> tuple[EntrySimilarity, ...]:
        """Return the entries that are the same model or, where there is none, the one that is the best lead."""
        found = []
        for entry in self.nearest_entries(sketch):
            weights = self.weights(entry)
            found.append(EntrySimilarity(entry, matching_tensors(model, weights), compare_weights(model, weights)))
        if same := tuple(each for each in found if each.matching):
            return same
        leads = [each for each in found if each.lead]
        leads.sort(key=lambda each: (_LEADS.index(each.lead), each.similarity.cosine))
        return tuple(leads[-1:])


def match_fingerprints(
    rows: Iterable[pa.RecordBatch], lists: Sequence[CompiledList], coverage: Counter[str], compared: Counter[str]
) -> Iterator[pa.RecordBatch]:
    """Match models with the fingerprints of lists; yield rows of HITS_SCHEMA.

    The algorithm of a hit is that of fingerprints where the model is the listed one, else one of the leads above.

    Args:
        rows: Rows of FINGERPRINTS_SCHEMA, those of one model together.
        lists: The lists; those that mean ``model`` are matched, those that mean ``benign`` exclude leads.
        coverage: Takes counts of what was compared, and of what benign lists excluded.
        compared: Takes the number of models compared with each list.

    Raises:
        ListError: A list's fingerprint is damaged.
    """
    listed, benign = (
        [ListFingerprints.of_list(known) for known in _lists_with_fingerprints(lists, means)]
        for means in ("model", "benign")
    )
    if not listed:
        for _ in rows:  # reading them writes the table of fingerprints
            pass
        return
    for (name, revision, place), files in groupby(rows, lambda row: tuple(row[at][0].as_py() for at in range(3))):
        model, sketch = _merge_rows(list(files))
        if not model.values:
            continue
        for fingerprints in listed:
            coverage[f"weights compared with the fingerprints of list {fingerprints.known.name}"] += 1
            compared[fingerprints.known.name] += 1
            if not (found := fingerprints.similar_entries(model, sketch)):
                continue
            leads = [fingerprints.weights(each.entry) for each in found if not each.matching]
            shared = _shared_beyond_benign(model, sketch, leads, benign)
            if shared < MIN_PARTIAL_CORRELATION:
                coverage["excluded by a benign list: weights"] += 1
                continue
            subject = {"kind": "model", "name": name, "revision": revision, "sample": model.name, "place": place}
            yield _hits(subject, fingerprints.known, found, SHARED_CHANGES if math.isfinite(shared) else "")


def count_uncompared(lists: Sequence[CompiledList], files: int) -> Mapping[str, int]:
    """Return, for coverage, the number of weights files that were not compared with the fingerprints of each list."""
    return {f"{WEIGHTS_NOT_COMPARED}{known.name}": files for known in _lists_with_fingerprints(lists, "model")}


def _lists_with_fingerprints(lists: Sequence[CompiledList], means: str) -> list[CompiledList]:
    """Return the lists of this meaning that hold weight fingerprints."""
    return [known for known in lists if known.means == means and WEIGHT_FINGERPRINT in known.algorithms]


def _merge_rows(files: Sequence[pa.RecordBatch]) -> tuple[SampledWeights, Floats]:
    """Return the sampled weights and the sketch of a model whose files have these rows."""
    parts = [decode_fingerprint(row["fingerprint"][0].as_py()) for row in files]
    sketches = [row["sketch"].flatten().to_numpy() for row in files]
    return merge_samples(parts[0].name, parts), normalize_vector(np.sum(sketches, axis=0))


def _exact_cosine(left: Floats, right: Floats) -> float:
    """Return the cosine to within 1e-12; 0 where the number of values differs."""
    if left.shape != right.shape:
        return 0.0
    one, other = left.astype(np.float64), right.astype(np.float64)
    return float(one @ other / math.sqrt((one @ one) * (other @ other)))


def _shared_beyond_benign(
    model: SampledWeights, sketch: Floats, entries: Sequence[SampledWeights], benign: Sequence[ListFingerprints]
) -> float:
    """Return what a model and any of these entries share beyond what each shares with a benign model.

    The least partial correlation over the benign models that both are similar to; infinite where there is none, 0
    where the model is a benign one itself.
    """
    least = math.inf
    for fingerprints in benign:
        for base in (fingerprints.weights(entry) for entry in fingerprints.nearest_entries(sketch)):
            if matching_tensors(model, base):
                return 0.0
            found = [
                correlation
                for entry in entries
                if (correlation := _partial_correlation(base, model, entry)) is not None
            ]
            least = min([least, max(found)]) if found else least
    return least


def _partial_correlation(base: SampledWeights, one: SampledWeights, other: SampledWeights) -> float | None:
    """Return the partial correlation of two models given a base; None where either is not similar to the base."""
    names = [name for name, shape in one.shapes.items() if shape == other.shapes.get(name) == base.shapes.get(name)]
    if len(names) < max(1, MIN_TENSOR_SHARE * len(one.shapes)):
        return None
    pairs = ((one, other), (one, base), (other, base))
    both, of_one, of_other = (
        np.array([_exact_cosine(left.values[name], right.values[name]) for name in names]) for left, right in pairs
    )
    if min(of_one.mean(), of_other.mean()) < MIN_BLEND_COSINE:
        return None
    unexplained = float((1 - of_one**2).sum() * (1 - of_other**2).sum())
    if unexplained <= (len(names) * _ROUNDING_ERROR) ** 2:  # either model is the base itself, but for rounding
        return 0.0
    return float((both - of_one * of_other).sum()) / math.sqrt(unexplained)


def _hits(
    subject: Mapping[str, str], known: CompiledList, found: Sequence[EntrySimilarity], lead: str
) -> pa.RecordBatch:
    """Return a row of HITS_SCHEMA for each entry; ``lead`` replaces the entry's own kind of lead unless it is ""."""
    entries = np.array([each.entry for each in found], np.int64)
    tokens, classes = known.tokens(WEIGHT_FINGERPRINT, entries), known.classifications_of(WEIGHT_FINGERPRINT, entries)
    same = {"list": known.name, "version": known.version, "means": known.means, "distance": 0, "basis": "computed"}
    rows = [
        {
            **subject,
            **same,
            "token": token,
            "classification": classification,
            "algorithm": WEIGHT_FINGERPRINT if each.matching else lead or each.lead,
            "variant": _describe_similarity(each, token),
        }
        for each, token, classification in zip(found, tokens, classes, strict=True)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=HITS_SCHEMA)


def _describe_similarity(found: EntrySimilarity, token: str) -> str:
    """Describe in words how similar weights are to an entry of a list of fingerprints."""
    similarity = found.similarity
    if found.matching:
        return f"the same sampled values as entry {token}, {found.matching:,} of {similarity.total:,} tensors"
    pairing = "by shape" if similarity.by_shape else "by name"
    share = f"{similarity.strong_share:.0%} of tensors at or above {STRONG_COSINE}"
    cosine = math.floor(similarity.cosine * 10_000) / 10_000  # rounded down, so that only the same values show 1
    tensors = f"{similarity.compared:,} of {similarity.total:,} {pairing}"
    return f"entry {token}, mean cosine {cosine:.4f}, {share}, {tensors}"
