"""Compare the sampled weights of two models to find whether one is made from the other.

Values at the same places of tensors with the same name and shape are compared: related weights keep pointing the
same way (a fine-tune above 0.99, an even merge near 0.7), unrelated ones do not (near 0). Tensors that follow from a
formula are not compared, and no relation but the same values rests on one tensor.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from auditor.hashing.weight_checks import agreeing_checks
from auditor.hashing.weight_sketch import Floats
from auditor.lineage.weight_samples import MAX_SAMPLES, SampledWeights
from auditor.syntax.repository_name_parsing import normalize_name

# A tensor with this cosine with its counterpart is derived from it (fine-tunes, merges and models trained apart keep
# the margins in tests/lineage/test_weight_similarity.py).
STRONG_COSINE = 0.9
# One tensor alone may be taken over, follow from a formula or from the same starting values.
MIN_STRONG_TENSORS = 2
# A model is made from another if it has this share of its tensors from it; else only a part is.
MIN_DERIVED_SHARE = 0.6
# Minimum shares of strong ones among the compared tensors, for a whole or a part of a model.
MIN_WHOLE_SHARE, MIN_PART_SHARE = 0.9, 0.1
# With fewer values compared, or a smaller share of all tensors, the relation is unknown.
MIN_VALUES, MIN_TENSOR_SHARE = 1024, 0.1
# So many values that are all the same are enough to say so.
MIN_SAME_VALUES = 256
# One tensor that is byte for byte the same may follow from a formula.
MIN_IDENTICAL_TENSORS = 2
# The best cosine of a tensor among hundreds of unrelated ones with 256 values each comes near 0.25.
MIN_COSINE_BY_SHAPE = 0.5
# The mean cosine of merges of up to six models stays above this, that of unrelated models far below.
MIN_BLEND_COSINE = 0.4
# Less than this agreement may be that of models trained on like data, more than SIGNIFICANT standard errors (1 / √n for
# n values) is not chance: between the two the weights do not tell. So many tensors, or this share, may be beyond.
MIN_BLEND_MEDIAN, SIGNIFICANT_ERRORS, MAX_SIGNIFICANT_SHARE = 0.25, 4.0, 0.05
# How many norms, biases or embeddings with the same values, and which share, keep models from being unrelated.
MIN_SAME_PARTS, MIN_SAME_PARTS_SHARE = 2, 0.5
# The lengths of a tensor and of the same values in another order, cast to bfloat16.
MAX_LENGTH_ERROR = 2**-10
# A cast to bfloat16 moves a value by at most 2 ** -8 of itself, and storing samples at 16 bits by a quarter of that;
# MEAN_ERROR, in parts of the spread, is for the mean that is subtracted. Training moves small values as much as large
# ones: from 0.1 % of the spread on it leaves more than MAX_FAR_SHARE of them beyond, and casts less than 0.5 %. A cast
# that looks like training, and so is not the same, is one of values of some 1e-5 to float16.
CAST_ERROR, MEAN_ERROR, MAX_FAR_SHARE = 2**-8 + 2**-10, 4e-4, 0.02
# The error of a sketch's likeness is 0.03, in one of a thousand 0.1: from this on two models are compared.
MIN_SKETCH_COSINE = 0.25
# How many models with the nearest sketches are compared with one.
MAX_NEIGHBOURS = 8
LIMITS = (
    "Not covered: quantised weights but for tensors copied whole (--weights full), adapters before they are merged, "
    "pruned shapes; permuted and transposed weights are not told from others. Twins trained from the same starting "
    "values may look related. Values are sampled: a verdict is a lead for a person, with its figures."
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
    any name; 0 where none were hashed. ``same_checks``: all tensors of either, embeddings and norms too, have the
    values of one of the other's, as far as they were sampled. ``significance`` is how many standard errors the sum of
    the cosines is from 0. ``hint`` says why the weights do not tell; "" where they do.
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
    same_checks: bool = False
    significance: float = 0.0
    hint: str = ""

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
            "standard_errors": round(self.significance, 1),
            "all_tensors_same": self.same_checks,
            "identical": self.identical,
            "hashed": self.hashed,
            "hint": self.hint,
        }

    def __str__(self) -> str:
        """Return the similarity of two models' weights as one line of text."""
        verdict = f" ({self.verdict})" if self.verdict else ""
        relation = f"{RELATION_TEXTS[self.relation]}{verdict}"
        same = f"; {self.identical:,} of {self.hashed:,} tensors byte for byte the same" if self.hashed else ""
        hint = f"; {self.hint}" if self.hint else ""
        if not self.compared:
            return f"{relation}: no tensors of the same name and shape{same}{hint}"
        pairing = "by shape, names differ" if self.by_shape else "by name"
        share = f"{self.strong_share:.0%} of tensors at or above {STRONG_COSINE}"
        return (
            f"{relation}: mean cosine {self.cosine:.4f}, {share}; "
            f"{self.compared:,} of {self.total:,} tensors compared {pairing}{same}{hint}"
        )


def compare_weights(model: SampledWeights, base: SampledWeights) -> Similarity:
    """Return whether ``model`` is made from ``base``.

    Tensors are paired by name and shape, or by shape alone where names differ. The verdict says whether the model's
    header names the base.
    """
    names = [name for name, shape in model.shapes.items() if base.shapes.get(name) == shape]
    cosines = np.array([_cosine(model.values[name], base.values[name]) for name in names])
    by_shape = False
    if _strong_count(cosines) < MIN_WHOLE_SHARE * len(model.shapes):
        names_with_shape, shape_cosines = _best_cosines_by_shape(model, base)
        if _strong_count(shape_cosines) > _strong_count(cosines):
            names, cosines, by_shape = names_with_shape, shape_cosines, True
    sizes = np.array([len(model.values[name]) for name in names], np.int64)
    total = len(model.shapes) + model.unsampled
    count = len(cosines)
    found = Similarity(
        "unknown",
        "",
        float(cosines.mean()) if count else 0.0,
        _strong_count(cosines) / count if count else 0.0,
        count,
        total,
        by_shape,
        same_checks=have_same_checks(model, base),
        significance=float((cosines * np.sqrt(sizes)).sum() / math.sqrt(count)) if count and not by_shape else 0.0,
    )
    relation, hint = _relation(found, cosines, sizes, model, base)
    found = add_identical_tensors(
        replace(found, relation=relation, hint=hint), model.tensor_digests, base.tensor_digests
    )
    return replace(found, verdict=_verdict(found.relation, declared=normalize_name(base.name) in model.declared_bases))


def add_identical_tensors(
    similarity: Similarity, model_digests: frozenset[bytes], base_digests: frozenset[bytes]
) -> Similarity:
    """Add the tensors that are byte for byte the same; the stronger relation of values and digests counts."""
    if not model_digests or not base_digests:
        return similarity
    identical = len(model_digests & base_digests)
    shown: Relation = "unknown"
    if model_digests == base_digests and identical >= MIN_IDENTICAL_TENSORS and similarity.same_checks:
        shown = "identical"
    elif identical >= MIN_IDENTICAL_TENSORS:
        shown = "derived" if identical >= MIN_WHOLE_SHARE * len(model_digests) else "part"
    relation = max(similarity.relation, shown, key=RELATIONS.index)
    hint = similarity.hint if relation == similarity.relation else ""
    return replace(similarity, relation=relation, identical=identical, hashed=len(model_digests), hint=hint)


def have_same_checks(model: SampledWeights, base: SampledWeights) -> bool:
    """Return whether each tensor of either has the check of one of the other, of the same shape and any name."""
    if not model.checks or not base.checks or model.unchecked or base.unchecked:
        return False
    by_shape, base_by_shape = _checks_by_shape(model), _checks_by_shape(base)
    if by_shape.keys() != base_by_shape.keys():
        return False
    for shape, checks in by_shape.items():
        agreeing = agreeing_checks(checks, base_by_shape[shape])
        if not agreeing.any(axis=1).all() or not agreeing.any(axis=0).all():
            return False
    return True


def matching_tensors(model: SampledWeights, base: SampledWeights) -> int:
    """Count the sampled tensors of two models that have the same values; 0 where the models are not the same.

    They are the same where each tensor of either, embeddings, norms and biases too, has the values of one of the
    other, to within a cast to 16 bits. So the same weights under other names or cut into other files are the same, and
    those with one more part are not.
    """
    if not have_same_checks(model, base):
        return 0
    same_name = {
        name
        for name, shape in model.shapes.items()
        if base.shapes.get(name) == shape and _differ_by_cast(model, name, base, name)
    }
    for one, other in ((model, base), (base, model)):
        for shape in {shape for name, shape in one.shapes.items() if name not in same_name}:
            # A tensor may have another name, or two may have each other's.
            names = [name for name, of in one.shapes.items() if of == shape and name not in same_name]
            others = [name for name, of in other.shapes.items() if of == shape]
            if not others:  # under its name in the other it is no distinctive one: its check decides
                continue
            cosines = np.stack([one.values[name] for name in names]) @ np.stack([other.values[n] for n in others]).T
            nearest = cosines.argmax(axis=1).tolist()
            pairs = zip(names, nearest, strict=True)
            if not all(_differ_by_cast(one, name, other, others[at]) for name, at in pairs):
                return 0
    return min(len(model.shapes), len(base.shapes))


def _checks_by_shape(weights: SampledWeights) -> dict[tuple[int, ...], Floats]:
    """Return the checks of a model's tensors, one a row, by the tensors' shape."""
    found: dict[tuple[int, ...], list[Floats]] = {}
    for shape, check in weights.checks.values():
        found.setdefault(shape, []).append(check)
    return {shape: np.stack(checks) for shape, checks in found.items()}


def _differ_by_cast(model: SampledWeights, name: str, base: SampledWeights, base_name: str) -> bool:
    """Return whether a tensor's values differ by no more than a cast to another float type makes them."""
    left, right = model.values[name], base.values[base_name]
    if left.shape != right.shape:
        return False
    # Casts move the values as they are stored, before what they have in common was subtracted.
    stored, base_stored = left + model.offsets.get(name, 0.0), right + base.offsets.get(base_name, 0.0)
    limit = CAST_ERROR * np.maximum(np.abs(stored), np.abs(base_stored)) + MEAN_ERROR / math.sqrt(len(left))
    is_far = np.abs(left - right) > limit
    return float(is_far.mean()) <= MAX_FAR_SHARE


def _strong_count(cosines: npt.NDArray[np.float64]) -> int:
    """Return how many cosines are at or above STRONG_COSINE."""
    return int((cosines >= STRONG_COSINE).sum())


def _cosine(left: Floats, right: Floats) -> float:
    """Return the cosine of two tensors' sampled weights."""
    return float(left @ right) if left.shape == right.shape else 0.0


def _best_cosines_by_shape(model: SampledWeights, base: SampledWeights) -> tuple[list[str], npt.NDArray[np.float64]]:
    """Return the tensors for which the base has one of the same shape under any name, and the best cosines with these.

    A cosine that may be chance is 0.
    """
    names_by_shape: dict[tuple[int, ...], list[str]] = {}
    for name, shape in base.shapes.items():
        names_by_shape.setdefault(shape, []).append(name)
    stacked = {shape: np.stack([base.values[name] for name in names]) for shape, names in names_by_shape.items()}
    names = [
        name
        for name, shape in model.shapes.items()
        if shape in stacked and stacked[shape].shape[1] == len(model.values[name])
    ]
    found = np.array([(stacked[model.shapes[name]] @ model.values[name]).max() for name in names], np.float64)
    return names, np.where(found < MIN_COSINE_BY_SHAPE, 0.0, found)


def _relation(
    found: Similarity,
    cosines: npt.NDArray[np.float64],
    sizes: npt.NDArray[np.int64],
    model: SampledWeights,
    base: SampledWeights,
) -> tuple[Relation, str]:
    """Return the relation of two models' weights, and why it is unknown.

    Args:
        found: The figures.
        cosines: Those of the compared tensors.
        sizes: How many values of each were sampled.
        model: One model.
        base: The other.
    """
    count, strong = len(cosines), _strong_count(cosines)
    is_enough = count > 0 and count >= MIN_TENSOR_SHARE * found.total
    if is_enough and found.same_checks and sizes.sum() >= MIN_SAME_VALUES and matching_tensors(model, base):
        return "identical", ""
    if not is_enough or sizes.sum() < MIN_VALUES:
        return "unknown", _hint_without_values(found, model, base)
    if strong >= MIN_STRONG_TENSORS and strong >= MIN_WHOLE_SHARE * count:
        return "derived" if strong >= MIN_DERIVED_SHARE * found.total else "part", ""
    if strong >= MIN_STRONG_TENSORS and strong >= MIN_PART_SHARE * count:
        return "part", ""
    if count >= MIN_STRONG_TENSORS and float(np.median(cosines)) >= MIN_BLEND_MEDIAN:
        return "blend", ""
    hint = _hint_of_cosines(found, cosines, sizes) or _hint_without_values(found, model, base)
    return ("unknown", hint) if hint else ("unrelated", "")


def _hint_of_cosines(found: Similarity, cosines: npt.NDArray[np.float64], sizes: npt.NDArray[np.int64]) -> str:
    """Return what cosines show that is more than chance and less than a relation; "" for nothing."""
    if negated := int((cosines <= -STRONG_COSINE).sum()):
        return f"{negated:,} tensors are the other's with the sign changed"
    if strong := _strong_count(cosines):
        return f"{strong:,} of {len(cosines):,} tensors alone are nearly the same, which shows no relation"
    beyond = int((np.abs(cosines) * np.sqrt(sizes) > SIGNIFICANT_ERRORS).sum())
    is_weak = abs(found.significance) > SIGNIFICANT_ERRORS or beyond > max(1, MAX_SIGNIFICANT_SHARE * len(cosines))
    if is_weak and not found.by_shape:
        return (
            f"more than chance ({found.significance:+.0f} standard errors in all, {beyond:,} tensors above "
            f"{SIGNIFICANT_ERRORS:.0f}) and less than a relation: a small share of a merge, or training on like data"
        )
    return ""


def _hint_without_values(found: Similarity, model: SampledWeights, base: SampledWeights) -> str:
    """Return what other tensors than the compared ones show of a relation; "" for nothing."""
    turned = sum(
        len(shape) > 1 and shape != base.shapes[name] and shape == base.shapes[name][::-1]
        for name, shape in model.shapes.items()
        if name in base.shapes
    )
    if turned >= MIN_STRONG_TENSORS:
        return f"{turned:,} tensors of the same names have transposed shapes"
    if hint := _hint_of_parts(model, base):
        return hint
    if found.compared:
        return ""
    shapes = set(base.shapes.values())
    if not any(name in base.shapes for name in model.shapes) and any(
        shape in shapes for shape in model.shapes.values()
    ):
        return "names differ, and no two tensors of the same shape are alike"
    return ""


def _hint_of_parts(model: SampledWeights, base: SampledWeights) -> str:
    """Return which embeddings, norms and biases are the same, or the same in another order; "" for none."""
    names = [
        name
        for name, (shape, _) in model.checks.items()
        if name not in model.formula_tables and name not in model.shapes and base.checks.get(name, ((), 0))[0] == shape
    ]
    same, reordered, tables = 0, 0, 0
    for name in names:
        shape, check = model.checks[name]
        other = base.checks[name][1]
        if agreeing_checks(check[None], other[None])[0, 0]:
            same += 1
            tables += len(shape) > 1
        elif math.prod(shape) <= MAX_SAMPLES and _have_same_length(check, other):
            reordered += 1
    if tables:
        return f"{tables:,} embeddings or other tables that were not compared are the same"
    if same >= max(MIN_SAME_PARTS, MIN_SAME_PARTS_SHARE * len(names)):
        return f"{same:,} of {len(names):,} norms and biases are the same"
    if reordered >= max(MIN_SAME_PARTS, MIN_SAME_PARTS_SHARE * len(names)):
        return f"{reordered:,} of {len(names):,} norms and biases hold the same values in another order: permuted"
    return ""


def _have_same_length(left: Floats, right: Floats) -> bool:
    """Return whether the sampled values of two tensors have the same Euclidean norm, to within a cast."""
    return math.isclose(left[0], right[0], rel_tol=MAX_LENGTH_ERROR)


def _verdict(relation: Relation, *, declared: bool) -> Verdict:
    """Return the verdict of the weights on a base that is declared, or found without a declaration."""
    if relation == "unknown":
        return "cannot tell"
    if relation == "unrelated":
        return "conflicts" if declared else ""
    return "agrees" if declared else "undeclared"
