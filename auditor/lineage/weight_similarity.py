"""Compare the sampled weights of two models to find whether one is made from the other.

Values at the same places of tensors with the same name and shape are compared: related weights keep pointing the
same way (a fine-tune above 0.99, an even merge near 0.7), unrelated ones do not (near 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from auditor.hashing.weight_sketch import Floats
from auditor.lineage.weight_samples import SampledWeights
from auditor.syntax.repository_name_parsing import normalize_name

# Cosines of a tensor with its counterpart: at or above STRONG it is derived from it, below WEAK it is not (fine-tunes,
# merges and models trained apart keep the margins in tests/lineage/test_weight_similarity.py). The same values cast to
# 16 bits and back stay above IDENTICAL.
STRONG_COSINE, WEAK_COSINE, IDENTICAL_COSINE = 0.9, 0.2, 0.99999
# Minimum shares of the compared tensors: of strong ones for a whole or part of a model, above WEAK for a blend.
MIN_WHOLE_SHARE, MIN_PART_SHARE, MIN_BLEND_SHARE = 0.9, 0.1, 0.5
# With fewer values compared, or a smaller share of all tensors, the relation is unknown.
MIN_VALUES, MIN_TENSOR_SHARE = 1024, 0.1
# One tensor that is byte for byte the same may follow from a formula.
MIN_IDENTICAL_TENSORS = 2
# The best cosine of a tensor among hundreds of unrelated ones with 256 values each comes near 0.25.
MIN_COSINE_BY_SHAPE = 0.5
# The mean cosine of merges of up to six models stays above this, that of unrelated models far below.
MIN_BLEND_COSINE = 0.4
# The error of a sketch's likeness is 0.03, in one of a thousand 0.1: from this on two models are compared.
MIN_SKETCH_COSINE = 0.25
# How many models with the nearest sketches are compared with one.
MAX_NEIGHBOURS = 8
LIMITS = (
    "Not covered: quantised weights but for tensors copied whole (--weights full), permuted weights, adapters before "
    "they are merged, pruned shapes. Twins trained from the same starting values may look related. Values are sampled: "
    "a verdict is a lead for a person, with its figures."
)

Relation = Literal["unknown", "unrelated", "blend", "part", "derived", "identical"]
# From the weakest to the strongest.
RELATIONS: tuple[Relation, ...] = get_args(Relation)
# How reports name a relation.
RELATION_TEXTS: Mapping[Relation, str] = {
    "unknown": "cannot tell",
    "unrelated": "unrelated",
    "blend": "blended with it",
    "part": "made in part from it",
    "derived": "made from it",
    "identical": "the same values",
}
# The verdict of a comparison on a declared base ("": nothing declared or found). Statements hold these words.
Verdict = Literal["agrees", "conflicts", "undeclared", "related", "cannot tell", ""]


@dataclass(frozen=True, slots=True)
class Similarity:
    """How the weights of one model relate to another's.

    ``cosine`` is the mean over the ``compared`` tensors, ``strong_share`` the share of those at or above
    STRONG_COSINE. ``total`` counts the model's tensors, unsampled ones included. ``by_shape``: tensors were paired by
    shape, because their names differ. Of ``hashed`` tensors ``identical`` are byte for byte among the other's, under
    any name; 0 where none were hashed.
    """

    relation: Relation
    verdict: Verdict
    cosine: float
    strong_share: float
    compared: int
    total: int
    by_shape: bool = False
    identical: int = 0
    hashed: int = 0

    @property
    def is_related(self) -> bool:
        """Return whether the models are related; a blend only if its mean cosine is above that of unrelated models."""
        if self.relation == "blend":
            return self.cosine >= MIN_BLEND_COSINE
        return RELATIONS.index(self.relation) > RELATIONS.index("blend")

    def as_dict(self) -> dict[str, Any]:
        """Return the fields under the keys of the JSON output."""
        return {
            "relation": RELATION_TEXTS[self.relation],
            "verdict": self.verdict,
            "renamed": self.by_shape,
            "cosine": round(self.cosine, 6),
            "strong": round(self.strong_share, 4),
            "compared": self.compared,
            "of": self.total,
            "identical": self.identical,
            "hashed": self.hashed,
        }

    def __str__(self) -> str:
        """Return the similarity of two models' weights as one line of text."""
        verdict = f" ({self.verdict})" if self.verdict else ""
        relation = f"{RELATION_TEXTS[self.relation]}{verdict}"
        same = f"; {self.identical:,} of {self.hashed:,} tensors byte for byte the same" if self.hashed else ""
        if not self.compared:
            return f"{relation}: no tensors of the same name and shape{same}"
        pairing = "by shape, names differ" if self.by_shape else "by name"
        share = f"{self.strong_share:.0%} of tensors at or above {STRONG_COSINE}"
        return (
            f"{relation}: mean cosine {self.cosine:.4f}, {share}; "
            f"{self.compared:,} of {self.total:,} tensors compared {pairing}{same}"
        )


def compare_weights(model: SampledWeights, base: SampledWeights) -> Similarity:
    """Return whether ``model`` is made from ``base``.

    Tensors are paired by name and shape, or by shape alone where names differ. The verdict says whether the model's
    header names the base.
    """
    names = [name for name, shape in model.shapes.items() if base.shapes.get(name) == shape]
    cosines = np.array([_cosine(model.values[name], base.values[name]) for name in names])
    by_shape = False
    if len(names) < MIN_TENSOR_SHARE * len(model.shapes):
        shape_cosines = _best_cosines_by_shape(model, base)
        if (shape_cosines >= STRONG_COSINE).sum() > (cosines >= STRONG_COSINE).sum():
            cosines, by_shape = shape_cosines, True
    values = sum(len(model.values[name]) for name in (model.shapes if by_shape else names))
    total = len(model.shapes) + model.unsampled
    mean = float(cosines.mean()) if len(cosines) else 0.0
    strong = float((cosines >= STRONG_COSINE).mean()) if len(cosines) else 0.0
    by_values = Similarity(_relation(cosines, values, total), "", mean, strong, len(cosines), total, by_shape)
    found = add_identical_tensors(by_values, model.tensor_digests, base.tensor_digests)
    return replace(found, verdict=_verdict(found.relation, declared=normalize_name(base.name) in model.declared_bases))


def add_identical_tensors(
    similarity: Similarity, model_digests: frozenset[bytes], base_digests: frozenset[bytes]
) -> Similarity:
    """Add the tensors that are byte for byte the same; the stronger relation of values and digests counts."""
    if not model_digests or not base_digests:
        return similarity
    identical = len(model_digests & base_digests)
    shown: Relation = "unknown"
    if model_digests == base_digests and identical >= MIN_IDENTICAL_TENSORS:
        shown = "identical"
    elif identical >= MIN_IDENTICAL_TENSORS:
        shown = "derived" if identical >= MIN_WHOLE_SHARE * len(model_digests) else "part"
    relation = max(similarity.relation, shown, key=RELATIONS.index)
    return replace(similarity, relation=relation, identical=identical, hashed=len(model_digests))


def _cosine(left: Floats, right: Floats) -> float:
    """Return the cosine of two tensors' sampled weights."""
    return float(left @ right) if left.shape == right.shape else 0.0


def _best_cosines_by_shape(model: SampledWeights, base: SampledWeights) -> npt.NDArray[np.float64]:
    """Return the best cosine of each tensor among those of the same shape under any name; 0 where it may be chance."""
    names_by_shape: dict[tuple[int, ...], list[str]] = {}
    for name, shape in base.shapes.items():
        names_by_shape.setdefault(shape, []).append(name)
    stacked = {shape: np.stack([base.values[name] for name in names]) for shape, names in names_by_shape.items()}
    best = [
        float((stacked[shape] @ model.values[name]).max())
        for name, shape in model.shapes.items()
        if shape in stacked and stacked[shape].shape[1] == len(model.values[name])
    ]
    found = np.array(best, np.float64)
    return np.where(found < MIN_COSINE_BY_SHAPE, 0.0, found)


def _relation(cosines: npt.NDArray[np.float64], values: int, total: int) -> Relation:
    """Return the relation of two models' weights that the cosines of their tensors show."""
    if not len(cosines) or values < MIN_VALUES or len(cosines) < MIN_TENSOR_SHARE * total:
        return "unknown"
    strong = float((cosines >= STRONG_COSINE).mean())
    if strong >= MIN_WHOLE_SHARE:
        return "identical" if cosines.min() >= IDENTICAL_COSINE else "derived"
    if strong >= MIN_PART_SHARE:
        return "part"
    return "blend" if float((cosines >= WEAK_COSINE).mean()) >= MIN_BLEND_SHARE else "unrelated"


def _verdict(relation: Relation, *, declared: bool) -> Verdict:
    """Return the verdict of the weights on a base that is declared, or found without a declaration."""
    if relation == "unknown":
        return "cannot tell"
    if relation == "unrelated":
        return "conflicts" if declared else ""
    return "agrees" if declared else "undeclared"
