from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.lineage.fingerprint_files import save_fingerprint
from auditor.lineage.weight_samples import sample_model
from auditor.lineage.weight_similarity import LIMITS, compare_weights
from tests.lineage.changed_weights import (
    BASE,
    OTHER,
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
        (taken(1), BASE, "unrelated", (1, 72)),
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
    assert str(found).endswith(f"; {figures[0]} of {figures[1]} tensors byte for byte the same")


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
    assert said[str(kept)].startswith("unrelated: ")
    assert f"{kept}: not compared byte for byte: one of the two is a fingerprint" in run.stderr
    assert f"{base}: not compared" not in run.stderr
    run = CliRunner().invoke(main, ["lineage", str(mine), "--against", str(base), "--weights", "header"])
    assert run.exit_code == 2
    assert "headers alone cannot be compared" in run.output


def test_nothing_is_told_of_one_small_tensor(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(safetensors_bytes({"w": BASE["layers.0.q_proj.weight"][:16, :16]}))
    one = sample_model(tmp_path / "one")
    assert compare_weights(one, one).relation == "unknown"
