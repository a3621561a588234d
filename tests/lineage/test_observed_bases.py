"""Weights across a run: declared bases put to the test, undeclared ones found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.blob import Blob
from auditor.errors import RunError
from auditor.facts import EDGES_SCHEMA
from auditor.lineage.observed_bases import find_observed_bases
from auditor.lineage.weight_tables import FINGERPRINTS_SCHEMA, TENSORS_SCHEMA, fingerprint_row
from auditor.pipeline.audit import audit
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.run_facts import read_run_facts
from auditor.reporting.lineage_layout import LineageLayout
from tests.lineage.changed_weights import added, small_model
from tests.weights import safetensors_file

HUB = Path(__file__).parents[1] / "data" / "hub"
Weights = Mapping[str, np.ndarray]


def trained(seed: int) -> Weights:
    random = np.random.default_rng(seed)
    return {f"layers.{n}.proj.weight": random.normal(0, 0.02, (64, 64)).astype(np.float32) for n in range(8)}


def tuned(weights: Weights, seed: int, by: float = 0.05) -> Weights:
    random = np.random.default_rng(seed)
    return {n: (v + random.normal(0, by * 0.02, v.shape)).astype(np.float32) for n, v in weights.items()}


def model(hub: Path, name: str, weights: Weights, *bases: str, file: str = "model.safetensors") -> None:
    safetensors_file(hub / name / file, weights)
    stated = f"base_model: [{', '.join(bases)}]\n" if bases else ""
    (hub / name / "README.md").write_text(f"---\nlicense: mit\n{stated}---\n# A model\n", encoding="utf-8")


def seen(tmp_path: Path, **how: object) -> set[tuple[str, str, str]]:
    """(model, other model, verdict) for all that weights say of the models in ``tmp_path / "models"``."""
    audit(tmp_path / "models", out=tmp_path / "run", **{"weights": "sample", "workers": 1, **how})  # type: ignore[arg-type]
    found = [fact for fact in read_run_facts(tmp_path / "run") if fact["key"] == "observed_base"]
    assert len({(fact["subject"], fact["value"]) for fact in found}) == len(found)
    return {(fact["subject"], fact["value"], fact["relation"]) for fact in found}


def edges(tmp_path: Path) -> set[tuple[str, str]]:
    rows = pq.read_table(tmp_path / "run" / "derived" / "edges.parquet").to_pylist()
    return {(row["child"], row["parent"]) for row in rows if row["source"] == "weights"}


BASE, OTHER = trained(1), trained(2)


def test_a_declared_base_agrees_or_conflicts_and_only_agreement_is_an_edge(tmp_path: Path) -> None:
    hub = tmp_path / "models"
    model(hub, "a/base", BASE)
    model(hub, "b/true", tuned(BASE, 5), "a/base")
    model(hub, "c/false", OTHER, "a/base")
    model(hub, "d/adapter", {"layers.0.lora_A.weight": BASE["layers.0.proj.weight"][:8]}, "a/base")
    assert seen(tmp_path) == {
        ("b/true", "a/base", "agrees"),
        ("c/false", "a/base", "conflicts"),
        ("d/adapter", "a/base", "cannot tell"),
    }
    assert edges(tmp_path) == {("b/true", "a/base")}


def test_a_small_share_of_a_declared_base_does_not_conflict_with_it_whatever_else_the_model_holds(
    tmp_path: Path,
) -> None:
    hub = tmp_path / "models"
    model(hub, "a/base", BASE)
    share = {name: (0.15 * values + OTHER[name]).astype(np.float32) for name, values in BASE.items()}
    model(hub, "b/merge", share, "a/base")
    model(hub, "b/merge", trained(7), "a/base", file="second.safetensors")
    assert seen(tmp_path) == {("b/merge", "a/base", "cannot tell")}
    assert edges(tmp_path) == set()


@pytest.mark.parametrize("rename", [False, True], ids=["named alike", "renamed"])
def test_a_base_that_others_declare_is_found_where_it_is_hidden(tmp_path: Path, rename: bool) -> None:
    hub = tmp_path / "models"
    hidden = tuned(BASE, 6)
    model(hub, "a/base", BASE)
    model(hub, "b/true", tuned(BASE, 5), "a/base")
    model(hub, "n/hidden", {f"x.{name.replace('proj', 'w')}": v for name, v in hidden.items()} if rename else hidden)
    model(hub, "u/unrelated", OTHER)
    assert seen(tmp_path) == {("b/true", "a/base", "agrees"), ("n/hidden", "a/base", "undeclared")}
    assert edges(tmp_path) == {("b/true", "a/base"), ("n/hidden", "a/base")}


def test_a_card_that_names_a_false_base_does_not_hide_the_true_one(tmp_path: Path) -> None:
    hub = tmp_path / "models"
    model(hub, "a/base", BASE)
    model(hub, "b/true", tuned(BASE, 5), "a/base")
    model(hub, "o/other", OTHER)
    model(hub, "n/liar", tuned(BASE, 6), "o/other")
    assert seen(tmp_path) >= {("n/liar", "o/other", "conflicts"), ("n/liar", "a/base", "undeclared")}


@pytest.mark.parametrize("folder", ["output", "./checkpoint-500", "./unet"])
def test_a_folder_that_many_machines_have_connects_nothing(tmp_path: Path, folder: str) -> None:
    hub = tmp_path / "models"
    model(hub, "a/base", BASE)
    model(hub, "n/hidden", tuned(BASE, 6))
    for name in ("a/base", "n/hidden"):
        (hub / name / "config.json").write_text(f'{{"_name_or_path": "{folder}", "architectures": ["A"]}}')
    assert {pair[:2] for pair in seen(tmp_path)} == {("a/base", "n/hidden"), ("n/hidden", "a/base")}


def test_where_it_cannot_be_told_which_is_the_base_nothing_is_passed_on(tmp_path: Path) -> None:
    hub = tmp_path / "models"
    model(hub, "a/one", BASE)
    model(hub, "b/two", tuned(BASE, 5))
    assert seen(tmp_path) == {("a/one", "b/two", "related"), ("b/two", "a/one", "related")}
    assert edges(tmp_path) == set()


def test_siblings_whose_common_base_is_declared_are_explained(tmp_path: Path) -> None:
    hub = tmp_path / "models"
    model(hub, "a/one", tuned(BASE, 4), "far/away")
    model(hub, "b/two", tuned(BASE, 5), "far/away")
    assert seen(tmp_path) == set()


def test_what_is_like_a_model_whose_declared_base_is_not_here_is_related(tmp_path: Path) -> None:
    hub = tmp_path / "models"
    model(hub, "a/base", BASE)
    model(hub, "b/true", tuned(BASE, 5), "a/base")
    model(hub, "c/elsewhere", tuned(BASE, 6), "far/away")
    assert ("c/elsewhere", "a/base", "related") in seen(tmp_path)


def test_a_vae_that_unlike_models_share_relates_nothing(tmp_path: Path) -> None:
    hub = tmp_path / "models"
    for name, weights in (("a/one", BASE), ("b/two", OTHER)):
        model(hub, name, weights)
        safetensors_file(hub / name / "vae" / "model.safetensors", trained(3))
    safetensors_file(
        hub / "c" / "three" / "sd.safetensors",
        {f"first_stage_model.{n}": v for n, v in trained(3).items()} | trained(7),
    )
    safetensors_file(
        hub / "d" / "four" / "sd.safetensors", {f"first_stage_model.{n}": v for n, v in trained(3).items()} | trained(8)
    )
    assert seen(tmp_path) == set()


def test_a_model_in_several_files_is_compared_as_one(tmp_path: Path) -> None:
    hub = tmp_path / "models"
    model(hub, "a/base", BASE)
    mine = list(tuned(BASE, 5).items())
    model(hub, "b/split", dict(mine[:4]), "a/base", file="model-00001-of-00002.safetensors")
    safetensors_file(hub / "b" / "split" / "model-00002-of-00002.safetensors", dict(mine[4:]))
    assert seen(tmp_path) == {("b/split", "a/base", "agrees")}
    (remark,) = [fact["remark"] for fact in read_run_facts(tmp_path / "run") if fact["key"] == "observed_base"]
    assert "8 of 8 tensors compared by name" in remark


def test_the_base_of_a_large_family_is_found_among_its_many_fine_tunes(tmp_path: Path) -> None:
    hub = tmp_path / "models"
    model(hub, "m/base", BASE)
    for seed in range(10, 30):
        model(hub, f"a/tuned-{seed}", tuned(BASE, seed), "m/base")
    model(hub, "z/hidden", tuned(BASE, 6))
    assert ("z/hidden", "m/base", "undeclared") in seen(tmp_path)


def test_the_example_hub_shows_who_hides_its_base_however_it_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = audit(HUB, out=tmp_path / "one", weights="sample", workers=1)
    said = {(f.rule, f.subject, f.fact) for f in found.findings}
    assert (
        "base-undeclared",
        "nobody/from-scratch",
        "has weights that come from northlight/paint-base and does not say so",
    ) in said
    assert found.tally.coverage["weights sampled"] == 6
    monkeypatch.setattr("auditor.pipeline.shard.SHARD_FILES", 2)
    cut = audit(HUB, out=tmp_path / "cut", weights="sample", workers=2)
    assert list(cut.findings) == list(found.findings)
    again = reevaluate([tmp_path / "cut"], out=tmp_path / "again", workers=1)
    assert list(again.findings) == list(found.findings)


def test_headers_alone_sample_nothing(tmp_path: Path) -> None:
    model(tmp_path / "models", "a/base", BASE)
    assert seen(tmp_path, weights="header") == set()
    assert not list((tmp_path / "run" / "fingerprints").iterdir())


def test_a_damaged_fingerprint_ends_the_judging_with_its_name(tmp_path: Path) -> None:
    model(tmp_path / "models", "a/base", BASE)
    seen(tmp_path)
    (kept,) = (tmp_path / "run" / "fingerprints").iterdir()
    kept.write_bytes(kept.read_bytes()[:-40])
    with pytest.raises(RunError, match=r"fingerprints/00-000000.parquet: is damaged"):
        reevaluate([tmp_path / "run"], out=tmp_path / "again", workers=1)


def test_the_path_of_a_case_shows_weights_and_what_was_dropped_on_it(tmp_path: Path) -> None:
    known = HUB.parent / "known-pictures.csv"
    report = audit(HUB, known=[known], profile="example", out=tmp_path / "run", weights="sample", workers=1)
    edges = {(edge.child.name, edge.parent.name, edge.source): edge.dropped for edge in report.lineage}
    assert edges["nobody/from-scratch", "northlight/paint-base", "weights"]
    assert not edges["atelier/paint-harbour", "northlight/paint-base", "weights"]
    case = next(case for case in report.cases if case.subject == "northlight/paint-base")
    drawing = LineageLayout(report.lineage).layout_case(case)
    assert drawing
    titles = {node.title for node in drawing.nodes}
    assert "model nobody/from-scratch (made from it, says weights; prohibition dropped)" in titles
    assert "model atelier/paint-orchard (fine-tune, says card; prohibition dropped)" in titles


# Which comparisons count, without a scan


def statements(
    folder: Path,
    models: Mapping[str, tuple[Weights, ...]],
    bases: Sequence[tuple[str, str]] = (),
    digests: Mapping[str, Sequence[int]] | None = None,
    relation: str = "finetune",
) -> dict[tuple[str, str], tuple[str, str]]:
    """By model and other model, the verdict and the remark.

    Args:
        folder: For the run's tables.
        models: The weights of each model's files.
        bases: (child, parent) of declared edges.
        digests: Numbers that stand for the digests of tensors, by model.
        relation: The relation of the declared edges.
    """
    rows = []
    for name, files in models.items():
        for number, weights in enumerate(files):
            file = safetensors_file(folder / "files" / name / f"{number}.safetensors", weights)
            row, _ = fingerprint_row(
                Blob(str(file), f"{name}/{number}.safetensors", file.stat().st_size, "model", name)
            )
            assert row
            rows.append(row)
    tensors = []
    for name, numbers in (digests or {}).items():
        of_model = {"name": name, "revision": "", "unit": f"{name}/0.safetensors"}
        tensors.append({**of_model, "digests": b"".join(bytes([number]) * 16 for number in numbers)})
    for kind, table in (
        ("fingerprints", pa.Table.from_batches(rows, FINGERPRINTS_SCHEMA)),
        ("tensors", pa.Table.from_pylist(tensors, TENSORS_SCHEMA)),
    ):
        (folder / kind).mkdir(parents=True)
        if len(table):
            pq.write_table(table, folder / kind / "0.parquet", row_group_size=1)
    cells = [("model", child, "model", parent, relation, "card") for child, parent in bases]
    edges = pa.Table.from_pylist([dict(zip(EDGES_SCHEMA.names, row, strict=True)) for row in cells], EDGES_SCHEMA)
    more, found = find_observed_bases([folder], edges, folder)
    observed = {(row["child"], row["parent"]) for row in more.to_pylist() if row["source"] == "weights"}
    said = {(row.name, row.value): (row.relation, row.remark) for row in found}
    assert observed == {pair for pair, (verdict, _) in said.items() if verdict in ("agrees", "undeclared")}
    assert [path.name for path in folder.iterdir() if path.is_file()] == []
    return said


def verdicts(said: Mapping[tuple[str, str], tuple[str, str]]) -> dict[tuple[str, str], str]:
    return {pair: verdict for pair, (verdict, _) in said.items()}


ONE, TWO = small_model(1), small_model(2)
TUNED = added(ONE, (0.1, small_model(3)))


def test_each_declared_base_is_tested_and_only_those_that_agree_are_edges(tmp_path: Path) -> None:
    models = {"a/base": (ONE,), "b/true": (TUNED,), "c/false": (TWO,), "d/adapter": ({"x": TWO["layers.0.weight"]},)}
    said = statements(tmp_path, models, [("b/true", "a/base"), ("c/false", "a/base"), ("d/adapter", "a/base")])
    assert verdicts(said) == {
        ("b/true", "a/base"): "agrees",
        ("c/false", "a/base"): "conflicts",
        ("d/adapter", "a/base"): "cannot tell",
    }
    assert said["b/true", "a/base"][1].startswith("made from it: mean cosine 0.99")


def test_copies_and_bases_that_are_not_here_are_not_tested(tmp_path: Path) -> None:
    models = {"a/base": (ONE,), "b/copy": (ONE,)}
    assert statements(tmp_path / "1", models, [("b/copy", "a/base")], relation="copy") == {}
    assert statements(tmp_path / "2", models, [("a/base", "far/away"), ("b/copy", "far/away")]) == {}
    assert statements(tmp_path / "3", {}, [("b/copy", "a/base")]) == {}


def test_of_models_with_several_files_the_most_similar_files_count(tmp_path: Path) -> None:
    models = {"a/base": (TWO, ONE, small_model(4)), "b/true": (small_model(5), TUNED)}
    ((verdict, remark),) = statements(tmp_path, models, [("b/true", "a/base")]).values()
    assert verdict == "agrees"
    assert remark.startswith("made from it: mean cosine 0.99")


def test_the_better_figures_count_where_two_pairs_of_files_have_the_same_relation(tmp_path: Path) -> None:
    for number, files in enumerate(([0.1, 0.2], [0.2, 0.1])):
        models = {"a/base": (ONE,), "b/true": tuple(added(ONE, (by, small_model(3))) for by in files)}
        ((_, remark),) = statements(tmp_path / str(number), models, [("b/true", "a/base")]).values()
        assert remark.startswith("made from it: mean cosine 0.99")


@pytest.mark.parametrize(
    ("shared", "expected"),
    [
        (10, {("n/hidden", "a/base"): "undeclared"}),
        (9, {("n/hidden", "a/base"): "related", ("a/base", "n/hidden"): "related"}),
        (1, {}),
    ],
    ids=["half of the tensors", "less than half", "one"],
)
def test_a_base_is_found_by_digests_alone_where_half_of_the_tensors_are_its_own(
    tmp_path: Path, shared: int, expected: dict[tuple[str, str], str]
) -> None:
    digests = {"a/base": range(20), "b/true": range(20), "n/hidden": [*range(shared), *range(100, 120 - shared)]}
    said = statements(tmp_path, {}, [("b/true", "a/base")], digests)
    assert verdicts(said) == {("b/true", "a/base"): "agrees", **expected}


def test_which_of_two_confirmed_bases_is_the_others_base_cannot_be_told(tmp_path: Path) -> None:
    other = added(ONE, (0.3, small_model(6)))
    models = {
        "a/base": (ONE,), "b/true": (TUNED,), "c/base": (other,), "d/true": (added(other, (0.1, small_model(7))),)
    }  # fmt: skip
    said = verdicts(statements(tmp_path, models, [("b/true", "a/base"), ("d/true", "c/base")]))
    assert set(said.values()) == {"agrees", "related"}
    assert [pair for pair, verdict in said.items() if verdict == "undeclared"] == []


def test_a_base_is_not_found_for_a_model_with_a_declared_base_that_was_not_tested(tmp_path: Path) -> None:
    models = {"a/base": (ONE,), "b/true": (TUNED,), "n/model": (added(ONE, (0.1, small_model(6))),)}
    declared = [("b/true", "a/base"), ("n/model", "far/away")]
    said = verdicts(statements(tmp_path / "1", models, declared))
    assert (said["n/model", "a/base"], said["a/base", "n/model"]) == ("related", "related")
    said = verdicts(statements(tmp_path / "2", models, declared[:1]))
    assert said == {("b/true", "a/base"): "agrees", ("n/model", "a/base"): "undeclared"}


def test_a_base_is_found_for_a_model_whose_declared_base_conflicts(tmp_path: Path) -> None:
    models = {"a/base": (ONE,), "b/true": (TUNED,), "n/liar": (added(ONE, (0.1, small_model(6))),), "o/other": (TWO,)}
    assert verdicts(statements(tmp_path, models, [("b/true", "a/base"), ("n/liar", "o/other")])) == {
        ("b/true", "a/base"): "agrees",
        ("n/liar", "o/other"): "conflicts",
        ("n/liar", "a/base"): "undeclared",
    }


def test_a_model_is_linked_with_the_most_similar_of_connected_ones(tmp_path: Path) -> None:
    models = {
        "a/far": (added(ONE, (0.3, small_model(3))),), "b/near": (added(ONE, (0.1, small_model(4))),), "n/one": (ONE,)
    }  # fmt: skip
    said = verdicts(statements(tmp_path, models, [("a/far", "far/away"), ("b/near", "far/away")]))
    assert said == {("n/one", "b/near"): "related", ("b/near", "n/one"): "related"}


def test_of_models_that_are_equally_similar_a_confirmed_base_is_linked(tmp_path: Path) -> None:
    models = {"a/copy": (ONE,), "m/base": (ONE,), "z/hidden": (TUNED,)}
    assert verdicts(statements(tmp_path, models, [("a/copy", "m/base")])) == {
        ("a/copy", "m/base"): "agrees",
        ("z/hidden", "m/base"): "undeclared",
    }


@pytest.mark.parametrize(("share", "expected"), [(0.35, set()), (0.45, {"related"})])
def test_models_blended_from_one_another_are_related_from_a_mean_cosine_of_0_4_on(
    tmp_path: Path, share: float, expected: set[str]
) -> None:
    mixed = added({name: 0 * values for name, values in ONE.items()}, (share, ONE), ((1 - share**2) ** 0.5, TWO))
    assert set(verdicts(statements(tmp_path, {"a/one": (ONE,), "b/mixed": (mixed,)})).values()) == expected


def test_a_base_whose_only_child_is_unlike_it_is_no_confirmed_base(tmp_path: Path) -> None:
    models = {"a/base": (ONE,), "c/false": (TWO,), "n/model": (TUNED,)}
    assert verdicts(statements(tmp_path, models, [("c/false", "a/base")])) == {
        ("c/false", "a/base"): "conflicts",
        ("n/model", "a/base"): "related",
        ("a/base", "n/model"): "related",
    }


def test_models_whose_cosines_differ_in_the_sixth_digit_are_equally_similar(tmp_path: Path) -> None:
    nearer = added(ONE, (4e-5, small_model(3)))  # by 0.000004 than the base
    models = {"a/copy": (nearer,), "m/base": (ONE,), "z/hidden": (TUNED,)}
    assert verdicts(statements(tmp_path, models, [("a/copy", "m/base")])) == {
        ("a/copy", "m/base"): "agrees",
        ("z/hidden", "m/base"): "undeclared",
    }


def test_a_base_that_cannot_be_told_from_weights_is_not_tested(tmp_path: Path) -> None:
    adapter = {"x": TWO["layers.0.weight"]}
    models = {"a/base": (ONE,), "b/true": (TUNED,), "c/tiny": (adapter,), "n/model": (added(ONE, (0.1, TWO)),)}
    assert verdicts(statements(tmp_path, models, [("b/true", "a/base"), ("n/model", "c/tiny")])) == {
        ("b/true", "a/base"): "agrees",
        ("n/model", "c/tiny"): "cannot tell",
        ("n/model", "a/base"): "related",
        ("a/base", "n/model"): "related",
    }


def test_a_damaged_table_is_named_and_nothing_is_left_in_the_scratch_folder(tmp_path: Path) -> None:
    (tmp_path / "tensors").mkdir()
    (tmp_path / "tensors" / "0.parquet").write_bytes(b"PAR1")
    (tmp_path / "scratch").mkdir()
    with pytest.raises(RunError, match=r"tensors/0\.parquet: is damaged"):
        find_observed_bases([tmp_path], pa.Table.from_pylist([], EDGES_SCHEMA), tmp_path / "scratch")
    assert list((tmp_path / "scratch").iterdir()) == []
