from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.hashing import weight_fingerprints
from auditor.hashing.weight_checks import check_values
from auditor.lineage.fingerprint_files import load_weights, save_fingerprint
from auditor.lineage.weight_samples import SampledWeights, sample_model
from auditor.lineage.weight_similarity import (
    LIMITS,
    Relation,
    Similarity,
    add_identical_tensors,
    compare_weights,
    matching_tensors,
)
from tests.lineage.changed_weights import (
    BASE,
    OTHER,
    WIDTH,
    Weights,
    against_base,
    cast,
    changed,
    in_part,
    merged,
    packed,
    renamed,
    taken,
    with_lora,
)
from tests.weights import safetensors_bytes, safetensors_file


# Margins: the mean cosine must lie within these bounds, so that a verdict is far from its threshold.
@pytest.mark.parametrize(
    ("weights", "relation", "low", "high"),
    [
        (BASE, "identical", 0.999999, 1.000001),
        (cast("float16"), "identical", 0.99999, 1.000001),
        (cast("bfloat16"), "identical", 0.99999, 1.000001),
        (changed(0.03), "derived", 0.999, 0.9999),
        (changed(0.3), "derived", 0.94, 0.98),
        (changed(0.1, only="layers.3"), "derived", 0.999, 0.99999),
        (with_lora(), "derived", 0.99, 0.999),
        (in_part(), "part", 0.45, 0.55),
        (merged(), "blend", 0.68, 0.74),
        (OTHER, "unrelated", -0.02, 0.02),
        (renamed(BASE), "identical", 0.999999, 1.000001),
        (renamed(changed(0.03)), "derived", 0.999, 0.9999),
        (renamed(OTHER), "unrelated", -0.3, 0.3),
    ],
    ids=[
        "copy", "fp16", "bf16", "fine-tune", "heavy fine-tune", "partial fine-tune", "merged LoRA",
        "half of it", "50/50 merge", "twin trained apart", "renamed copy", "renamed fine-tune", "renamed twin",
    ],
)  # fmt: skip
def test_weights_tell_what_they_were_made_from(
    tmp_path: Path, weights: Weights, relation: str, low: float, high: float
) -> None:
    found = against_base(tmp_path, weights)
    assert low <= found.cosine <= high, found
    assert found.relation == relation or (relation == "unrelated" and found.relation == "unknown"), found


@pytest.mark.parametrize(
    ("weights", "named", "verdict"),
    [
        (changed(0.03), "base.safetensors", "agrees"),
        (changed(0.03), "", "undeclared"),
        (changed(0.03), "quite-another.safetensors", "undeclared"),
        (OTHER, "base.safetensors", "conflicts"),
        (OTHER, "", ""),
        ({"lora_A.weight": OTHER["layers.0.up.weight"][:8]}, "base.safetensors", "cannot tell"),
    ],
)
def test_the_verdict_weighs_the_values_against_the_header(
    tmp_path: Path, weights: Weights, named: str, verdict: str
) -> None:
    metadata = {"ss_sd_model_name": f"D:\\models\\{named}"} if named else {}
    assert against_base(tmp_path, weights, metadata).verdict == verdict


@pytest.mark.parametrize(
    ("weights", "base", "relation", "figures"),
    [
        (BASE, BASE, "identical", (72, 72)),
        (renamed(BASE), BASE, "identical", (72, 72)),
        (taken(4), BASE, "part", (4, 72)),
        (renamed(taken(4)), BASE, "part", (4, 72)),
        (taken(1), BASE, "unknown", (1, 72)),
        (changed(0.1, only="layers.3"), BASE, "derived", (66, 72)),
        (changed(0.03), BASE, "derived", (0, 72)),
        (cast("float16"), BASE, "identical", (0, 72)),
        (OTHER, BASE, "unrelated", (0, 72)),
        (packed(1), packed(1), "identical", (20, 20)),
        (packed(2) | dict(list(packed(1).items())[:5]), packed(1), "part", (5, 20)),
        (packed(2), packed(1), "unknown", (0, 20)),
    ],
    ids=[
        "copy", "renamed copy", "four tensors taken over", "renamed too", "one tensor", "partial fine-tune",
        "fine-tune", "cast", "twin trained apart", "quantised copy", "quantised copy in part", "quantised twin",
    ],
)  # fmt: skip
def test_weights_read_in_full_tell_what_was_copied(
    tmp_path: Path, weights: Weights, base: Weights, relation: str, figures: tuple[int, int]
) -> None:
    mine = sample_model(safetensors_file(tmp_path / "mine.safetensors", weights), full=True)
    found = compare_weights(mine, sample_model(safetensors_file(tmp_path / "base.safetensors", base), full=True))
    assert (found.relation, (found.identical, found.hashed)) == (relation, figures), found
    assert f"; {figures[0]} of {figures[1]} tensors byte for byte the same" in str(found)


def test_a_tensor_that_could_not_be_sampled_counts_among_all_but_a_table_of_places_does_not(tmp_path: Path) -> None:
    spoilt = {
        name: np.where(v == v.flat[0], np.nan, v).astype(v.dtype) if "q_proj" in name else v for name, v in BASE.items()
    }
    places = {"relative_position_index": np.arange(4096).reshape(64, 64)}
    found = against_base(tmp_path, {**spoilt, **places})
    spoilt_ones = sum("q_proj" in name for name in BASE)
    assert spoilt_ones
    whole = against_base(tmp_path, {**BASE, **places})
    assert (found.compared, found.total) == (whole.total - spoilt_ones, whole.total)


def test_shapes_that_differ_cannot_be_compared(tmp_path: Path) -> None:
    assert against_base(
        tmp_path, {name: values[:, :64] for name, values in BASE.items() if values.ndim > 1}
    ).relation == ("unknown")


def test_the_command_compares_and_says_its_limits(tmp_path: Path) -> None:
    mine = safetensors_file(tmp_path / "mine.safetensors", changed(0.03))
    safetensors_file(tmp_path / "other.safetensors", OTHER)
    safetensors_file(tmp_path / "base.safetensors", BASE)
    kept = tmp_path / "base.fingerprint"
    run = CliRunner().invoke(main, ["lineage", "fingerprint", str(tmp_path / "base.safetensors"), "-o", str(kept)])
    assert run.exit_code == 0, run.output
    run = CliRunner().invoke(main, ["lineage", str(mine), "--against", str(tmp_path / "other.safetensors"), str(kept)])
    assert run.exit_code == 0, run.output
    first, second = run.stdout.splitlines()
    assert first.startswith(f"{kept}: made from it (undeclared): mean cosine 0.99")
    assert second.startswith(f"{tmp_path / 'other.safetensors'}: unrelated: mean cosine ")
    assert LIMITS in run.stderr


def test_the_command_reads_in_full_and_says_where_it_cannot(tmp_path: Path) -> None:
    mine = safetensors_file(tmp_path / "mine.safetensors", taken(4))
    base = safetensors_file(tmp_path / "base.safetensors", BASE)
    kept = tmp_path / "base.fingerprint"
    save_fingerprint(sample_model(base), kept)
    run = CliRunner().invoke(main, ["lineage", str(mine), "--against", str(base), str(kept), "--weights", "full"])
    assert run.exit_code == 0, run.output
    said = dict(line.split(": ", 1) for line in run.stdout.splitlines())
    assert said[str(base)].startswith("made in part from it (undeclared): ")
    assert said[str(base)].endswith("; 4 of 72 tensors byte for byte the same")
    assert said[str(kept)].startswith("cannot tell (cannot tell): ")
    assert said[str(kept)].endswith("; 4 of 72 tensors alone are nearly the same, which shows no relation")
    assert f"{kept}: not compared byte for byte: one of the two is no safetensors file" in run.stderr
    assert f"{base}: not compared" not in run.stderr
    run = CliRunner().invoke(main, ["lineage", str(mine), "--against", str(base), "--weights", "header"])
    assert run.exit_code == 2
    assert "headers alone cannot be compared" in run.output


def test_nothing_is_told_of_one_small_tensor(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(safetensors_bytes({"w": BASE["layers.0.q_proj.weight"][:15, :17]}))
    one = sample_model(tmp_path / "one")
    assert compare_weights(one, one).relation == "unknown"


def by_hand(*cosines: float, values: int = 512, unsampled: int = 0, prefix: str = "t") -> SampledWeights:
    """Return a model each of whose tensors has that cosine with the same tensor of ``by_hand(1.0, …)``."""
    made = {}
    for at, cosine in enumerate(cosines):
        made[f"{prefix}{at}"] = np.zeros(values)
        made[f"{prefix}{at}"][:2] = cosine, np.sqrt(1 - cosine**2)
    shapes = {name: (at + 1, values) for at, name in enumerate(made)}
    checks = {name: (shapes[name], check_values(tensor[None])[0]) for name, tensor in made.items()}
    return SampledWeights("by-hand", shapes, made, unsampled=unsampled, checks=checks)


@pytest.mark.parametrize(
    ("cosines", "relation"),
    [
        ([1.0] * 9 + [0.99999], "identical"),
        ([1.0] * 9 + [0.99998], "derived"),
        ([0.9] * 9 + [0.0], "derived"),
        ([0.9] * 8 + [0.0] * 2, "part"),
        ([0.9] * 8 + [0.8999] * 2, "part"),
        ([0.9] * 2 + [0.0] * 18, "part"),
        ([0.9] * 2 + [0.0] * 19, "unknown"),
        ([0.9] + [0.0] * 9, "unknown"),
        ([0.95], "unknown"),
        ([0.8999] * 10, "blend"),
        ([0.25] * 6 + [0.0] * 4, "blend"),
        ([0.2499] * 6 + [0.0] * 4, "unknown"),
        ([0.06] * 10, "unknown"),
        ([0.05] * 10, "unrelated"),
        ([0.18] * 2 + [0.0] * 18, "unknown"),
        ([0.18] + [0.0] * 19, "unrelated"),
        ([0.18] * 4 + [0.0] * 56, "unknown"),
        ([0.18] * 3 + [0.0] * 57, "unrelated"),
        ([-0.06] * 10, "unknown"),
        ([-0.9] + [0.1] * 9, "unknown"),
    ],
)
def test_the_relation_changes_at_its_limits(cosines: list[float], relation: str) -> None:
    assert compare_weights(by_hand(*cosines), by_hand(*[1.0] * len(cosines))).relation == relation


def test_strong_tensors_are_those_at_or_above_0_9() -> None:
    found = compare_weights(by_hand(0.9, 0.8999, 1.0, 0.0), by_hand(1.0, 1.0, 1.0, 1.0))
    assert (found.strong_share, found.compared, found.total) == (0.5, 4, 4)
    assert f"{found.cosine:.4f}" == "0.7000"


@pytest.mark.parametrize(
    ("model", "relation"),
    [
        (by_hand(1.0, values=256), "identical"),
        (by_hand(1.0, values=255), "unknown"),
        (by_hand(0.95, 0.95, values=512), "derived"),
        (by_hand(0.95, 0.95, values=511), "unknown"),
        (by_hand(1.0, values=1024, unsampled=9), "identical"),
        (by_hand(1.0, values=1024, unsampled=10), "unknown"),
    ],
    ids=["256 values", "255", "2 × 512 values", "2 × 511", "one tensor in ten", "one tensor in eleven"],
)
def test_nothing_is_told_of_few_values_or_of_a_small_share_of_the_tensors(model: SampledWeights, relation: str) -> None:
    ((_, count), *more) = model.shapes.values()
    assert compare_weights(model, by_hand(*[1.0] * (1 + len(more)), values=count)).relation == relation


def all_but_the_first_renamed(model: SampledWeights) -> SampledWeights:
    names = {name: name if name == "t0" else f"renamed.{name}" for name in model.shapes}
    shapes, values, checks = (
        {names[n]: of for n, of in each.items()} for each in (model.shapes, model.values, model.checks)
    )
    return SampledWeights("renamed", shapes, values, checks=checks)


@pytest.mark.parametrize("tensors", [10, 11])
def test_tensors_are_paired_by_shape_where_the_names_show_less(tensors: int) -> None:
    base = by_hand(*[1.0] * tensors)
    found = compare_weights(all_but_the_first_renamed(base), base)
    assert (found.by_shape, found.compared, found.relation) == (True, tensors, "identical")


def test_pairs_by_shape_count_only_where_they_show_more_than_pairs_by_name() -> None:
    model = all_but_the_first_renamed(by_hand(1.0, *[0.0] * 10))
    assert not compare_weights(model, by_hand(*[1.0] * 11)).by_shape


def test_tensors_that_are_alike_under_other_names_are_not_said_to_be_unlike() -> None:
    found = compare_weights(by_hand(1.0, prefix="renamed", unsampled=20), by_hand(1.0))
    assert (found.by_shape, found.compared, found.relation, found.hint) == (True, 1, "unknown", "")


@pytest.mark.parametrize(("cosine", "mean"), [(0.5, 0.75), (0.4999, 0.5)])
def test_a_cosine_below_a_half_with_the_best_tensor_of_the_same_shape_counts_as_chance(
    cosine: float, mean: float
) -> None:
    found = compare_weights(by_hand(1.0, cosine, prefix="renamed"), by_hand(1.0, 1.0))
    assert found.by_shape
    assert f"{found.cosine:.6f}" == f"{mean:.6f}"


def digests(count: int, first: int = 0) -> frozenset[bytes]:
    return frozenset(bytes([at]) * 16 for at in range(first, first + count))


@pytest.mark.parametrize(
    ("mine", "base", "relation"),
    [
        (digests(1), digests(1), "unknown"),
        (digests(2), digests(2), "identical"),
        (digests(10), digests(1), "unknown"),
        (digests(10), digests(2), "part"),
        (digests(10), digests(8), "part"),
        (digests(10), digests(9), "derived"),
        (digests(9), digests(10), "derived"),
        (digests(2), digests(2, first=1), "unknown"),
    ],
)
def test_one_tensor_alone_that_is_byte_for_byte_the_same_shows_nothing(
    mine: frozenset[bytes], base: frozenset[bytes], relation: str
) -> None:
    nothing_compared = Similarity("unknown", "", 0.0, 0.0, 0, 0, same_checks=True)
    found = add_identical_tensors(nothing_compared, mine, base)
    assert (found.relation, found.identical, found.hashed) == (relation, len(mine & base), len(mine))
    other_embeddings = add_identical_tensors(replace(nothing_compared, same_checks=False), mine, base)
    assert other_embeddings.relation == ("derived" if relation == "identical" else relation)


@pytest.mark.parametrize(
    ("relation", "cosine", "related"),
    [
        ("unknown", 1.0, False),
        ("unrelated", 1.0, False),
        ("blend", 0.3999, False),
        ("blend", 0.4, True),
        ("part", 0.1, True),
        ("derived", 0.1, True),
        ("identical", 0.1, True),
    ],
)
def test_only_a_blend_needs_a_mean_cosine_to_be_related(relation: Relation, cosine: float, related: bool) -> None:
    assert Similarity(relation, "", cosine, 0.0, 10, 10).is_related == related


def test_the_figures_of_a_comparison_are_rounded_and_zero_where_nothing_was_compared() -> None:
    nothing = compare_weights(by_hand(1.0, prefix="a", values=512), by_hand(1.0, prefix="b", values=513))
    assert nothing.as_dict() == {
        "relation": "cannot tell", "verdict": "cannot tell", "renamed": False, "cosine": 0.0, "strong": 0.0,
        "compared": 0, "of": 1, "standard_errors": 0.0, "all_tensors_same": False, "identical": 0, "hashed": 0,
        "hint": "",
    }  # fmt: skip
    assert str(nothing) == "cannot tell (cannot tell): no tensors of the same name and shape"
    some = Similarity("part", "agrees", 0.12345678, 0.123456, 1200, 3400, True, 1000, 2000)
    assert (some.as_dict()["cosine"], some.as_dict()["strong"]) == (0.123457, 0.1235)
    assert str(some) == (
        "made in part from it (agrees): mean cosine 0.1235, 12% of tensors at or above 0.9; "
        "1,200 of 3,400 tensors compared by shape, names differ; 1,000 of 2,000 tensors byte for byte the same"
    )


BIASES = {f"layers.{n}.bias": np.random.default_rng(n).normal(0, 1, WIDTH).astype(np.float32) for n in range(12)}
WHOLE = BASE | BIASES
APART = OTHER | {name: 1.1 * values for name, values in BIASES.items()}


def negated(weights: Weights) -> Weights:
    return {name: -values if "layers" in name else values for name, values in weights.items()}


def permuted(weights: Weights) -> Weights:
    order = np.random.default_rng(3).permutation(WIDTH)
    return {name: values[order] if len(values) == WIDTH else values[::-1].copy() for name, values in weights.items()}


def transposed(weights: Weights) -> Weights:
    return {name: values.T.copy() for name, values in weights.items()}


def merged_with_other(share: float) -> Weights:
    return {name: (share * v + (1 - share) * APART[name]).astype(np.float32) for name, v in WHOLE.items()}


@pytest.mark.parametrize(
    ("weights", "hint"),
    [
        (negated(WHOLE), "72 tensors are the other's with the sign changed"),
        (permuted(WHOLE), "12 of 13 norms and biases hold the same values in another order: permuted"),
        (transposed(WHOLE), "24 tensors of the same names have transposed shapes"),
        (merged_with_other(0.1), "more than chance"),
        (APART | {"embed_tokens.weight": WHOLE["embed_tokens.weight"]}, "1 embeddings or other tables"),
        (APART | BIASES, "12 of 13 norms and biases are the same"),
        (APART | {"layers.3.up.weight": WHOLE["layers.3.up.weight"]}, "1 of 72 tensors alone are nearly the same"),
        ({f"net.{name}": values for name, values in APART.items()}, "names differ, and no two tensors of"),
    ],
    ids=["negated", "permuted", "transposed", "10 % merge", "only embeddings", "only biases", "one tensor", "renamed"],
)  # fmt: skip
def test_what_is_more_than_chance_and_less_than_a_relation_is_said(tmp_path: Path, weights: Weights, hint: str) -> None:
    mine, base = (sample_model(safetensors_file(tmp_path / "m.safetensors", each)) for each in (weights, WHOLE))
    found = compare_weights(mine, base)
    assert (found.relation, found.verdict) == ("unknown", "cannot tell"), found
    assert hint in found.hint
    assert f"; {found.hint}" in str(found)


@pytest.mark.parametrize(
    ("weights", "relation"),
    [
        (WHOLE | {"embed_tokens.weight": OTHER["embed_tokens.weight"]}, "derived"),
        ({name: 1.02 * values for name, values in WHOLE.items()}, "derived"),
        (WHOLE | {name: 1.02 * values for name, values in BIASES.items()}, "derived"),
        (dict(list(WHOLE.items())[:-1]), "derived"),
        (WHOLE | {f"second.{name}": values for name, values in OTHER.items()}, "part"),
        (dict(reversed(WHOLE.items())), "identical"),
        (APART, "unrelated"),
    ],
    ids=["embedding", "scaled", "biases", "one dropped", "two models in one", "another order", "trained apart"],
)
def test_the_same_values_means_all_tensors_of_both(tmp_path: Path, weights: Weights, relation: str) -> None:
    mine, base = (sample_model(safetensors_file(tmp_path / "m.safetensors", each)) for each in (weights, WHOLE))
    assert compare_weights(mine, base).relation == relation
    assert (matching_tensors(mine, base) > 0) == (relation == "identical")


@pytest.mark.parametrize("full", [False, True])
def test_models_that_share_only_tables_of_a_formula_have_no_parent(tmp_path: Path, full: bool) -> None:
    angles = np.arange(512)[:, None] / 10_000 ** (np.arange(32) / 32)
    tables = {
        "p.0": np.cos(np.concatenate([angles, angles], axis=1)),
        "p.1": np.sin(np.concatenate([angles, angles], axis=1)),
        "p.2": np.cos(np.arange(129)[:, None] * np.arange(256) * np.pi / 128),
        "p.3": np.eye(128),
    }
    fixed = {name: values.astype(np.float32) for name, values in tables.items()}
    paths = [safetensors_file(tmp_path / f"{n}.safetensors", w | fixed) for n, w in enumerate((APART, WHOLE))]
    mine, base = (sample_model(path, full=full) for path in paths)
    assert compare_weights(mine, base).relation == "unrelated"
    assert mine.formula_tables >= fixed.keys()


def test_a_fingerprint_of_the_first_version_is_never_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = sample_model(safetensors_file(tmp_path / "base.safetensors", BASE))
    save_fingerprint(base, tmp_path / "second.fingerprint")
    monkeypatch.setattr(weight_fingerprints, "FORMAT", "auditor-fingerprint-1")
    save_fingerprint(base, tmp_path / "first.fingerprint")
    first, second = (load_weights(tmp_path / f"{name}.fingerprint") for name in ("first", "second"))
    assert (compare_weights(base, second).relation, compare_weights(base, first).relation) == ("identical", "derived")
