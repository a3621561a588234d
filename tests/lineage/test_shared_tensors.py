"""Models that share tensors byte for byte, across a run read in full."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import RunError
from auditor.lineage.shared_tensors import MAX_UNRELATED_GROUPS, SharedTensors, are_related
from auditor.lineage.weight_tables import TENSORS_SCHEMA, locate_unit_rows, open_weight_table
from auditor.pipeline.audit import audit
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.run_facts import read_run_facts
from tests.weights import safetensors_file

Weights = Mapping[str, np.ndarray]
Told = tuple[str, str, str]
LAYERS = 40


def trained(seed: int) -> Weights:
    random = np.random.default_rng(seed)
    return {f"layers.{n}.proj.weight": random.normal(0, 0.02, (32, 32)).astype(np.float32) for n in range(LAYERS)}


def quantised(seed: int) -> Weights:
    random = np.random.default_rng(seed)
    return {f"layers.{n}.proj.qweight": random.integers(0, 256, (32, 64), np.uint8) for n in range(LAYERS)}


def tuned(weights: Weights, seed: int) -> Weights:
    random = np.random.default_rng(seed)
    return {n: (v + random.normal(0, 0.001, v.shape)).astype(np.float32) for n, v in weights.items()}


def with_some_of(weights: Weights, other: Weights, count: int) -> Weights:
    """The weights, the first of whose tensors are the other's."""
    return dict(weights) | dict(list(other.items())[:count])


def renamed(weights: Weights) -> Weights:
    return {f"net.{name.replace('proj', 'dense')}": values for name, values in weights.items()}


def model(hub: Path, name: str, weights: Weights, *bases: str, file: str = "model.safetensors") -> None:
    safetensors_file(hub / name / file, weights)
    stated = f"base_model: [{', '.join(bases)}]\n" if bases else ""
    (hub / name / "README.md").write_text(f"---\nlicense: mit\n{stated}---\n# A model\n", encoding="utf-8")


def observed_bases(run: Path) -> dict[Told, str]:
    found = [fact for fact in read_run_facts(run) if fact["key"] == "observed_base"]
    return {(fact["subject"], fact["value"], fact["relation"]): fact["remark"] for fact in found}


def scan_and_observe(hub: Path, weights: str = "full") -> dict[Told, str]:
    """(model, other model, verdict) and the figures, for all that weights say of the models in ``hub``."""
    run = hub.with_name(f"run-{weights}")
    audit(hub, out=run, weights=weights, workers=1)
    return observed_bases(run)


def related(left: str, right: str) -> set[Told]:
    return {(left, right, "related"), (right, left, "related")}


BASE, OTHER = trained(1), trained(2)


@pytest.mark.parametrize("rename", [False, True], ids=["named alike", "renamed"])
def test_two_tensors_taken_over_into_other_weights_are_found(tmp_path: Path, rename: bool) -> None:
    hub = tmp_path / "models"
    taken = with_some_of(OTHER, BASE, 2)
    model(hub, "a/one", BASE)
    model(hub, "b/two", renamed(taken) if rename else taken)
    found = scan_and_observe(hub)
    assert set(found) == related("a/one", "b/two")
    assert found["b/two", "a/one", "related"].startswith("made in part from it: mean cosine 0.0")
    assert all(said.endswith("; 2 of 40 tensors byte for byte the same") for said in found.values())
    assert scan_and_observe(hub, "sample") == {}


@pytest.mark.parametrize("rename", [False, True], ids=["named alike", "renamed"])
def test_quantised_weights_copied_in_part_are_found(tmp_path: Path, rename: bool) -> None:
    hub = tmp_path / "models"
    taken = with_some_of(quantised(4), quantised(3), 10)
    model(hub, "a/one", quantised(3))
    model(hub, "b/two", renamed(taken) if rename else taken)
    words = "made in part from it: no tensors of the same name and shape; 10 of 40 tensors byte for byte the same"
    assert scan_and_observe(hub) == dict.fromkeys(related("a/one", "b/two"), words)
    assert scan_and_observe(hub, "sample") == {}


def test_weights_that_were_cast_share_no_bytes_and_are_found_by_their_values(tmp_path: Path) -> None:
    hub = tmp_path / "models"
    model(hub, "a/one", BASE)
    model(hub, "b/cast", {name: values.astype(np.float16) for name, values in BASE.items()})
    found = scan_and_observe(hub)
    assert set(found) == related("a/one", "b/cast")
    assert found["b/cast", "a/one", "related"].startswith("the same values: mean cosine 1.0000")
    assert found["b/cast", "a/one", "related"].endswith("; 0 of 40 tensors byte for byte the same")


def test_unrelated_models_and_twins_trained_apart_share_nothing(tmp_path: Path) -> None:
    hub = tmp_path / "models"
    norms = {f"layers.{n}.norm.weight": np.ones((64, 64), np.float32) for n in range(4)}
    zeros = {f"layers.{n}.lora_up.weight": np.zeros((64, 64), np.float32) for n in range(4)}
    masks = {"attn.bias": np.tril(np.ones((1, 1, 64, 64), np.float32))}
    ranks = {"index": np.arange(4096).reshape(64, 64), "rotary.cos": BASE["layers.0.proj.weight"]}
    for name, seed in (("a/one", 1), ("b/two", 2), ("c/three", 3)):
        model(hub, name, {**trained(seed), **norms, **zeros, **masks, **ranks})
    model(hub, "d/four", {**quantised(5), **norms})
    model(hub, "e/five", {**quantised(6), **norms})
    assert scan_and_observe(hub) == {}


def test_what_more_than_a_handful_of_unlike_models_have_ties_none_of_them(tmp_path: Path) -> None:
    hub = tmp_path / "models"
    encoder = {f"words.{n}.weight": v for n, v in enumerate(list(trained(50).values())[:8])}
    for number in range(MAX_UNRELATED_GROUPS + 1):
        model(hub, f"m/unlike-{number}", {**trained(60 + number), **encoder})
    assert scan_and_observe(hub) == {}
    # It makes no declared base true either.
    model(hub, "m/liar", {**trained(99), **encoder}, "m/unlike-0")
    model(hub, "m/true", {**with_some_of(trained(98), trained(60), 3), **encoder}, "m/unlike-0")
    audit(hub, out=tmp_path / "declared", weights="full", workers=1)
    found = observed_bases(tmp_path / "declared")
    assert set(found) == {("m/liar", "m/unlike-0", "conflicts"), ("m/true", "m/unlike-0", "agrees")}
    assert found["m/liar", "m/unlike-0", "conflicts"].endswith("; 8 of 48 tensors byte for byte the same")
    assert found["m/true", "m/unlike-0", "agrees"].endswith("; 11 of 48 tensors byte for byte the same")


def test_many_copies_of_nearly_all_of_a_model_are_related(tmp_path: Path) -> None:
    hub = tmp_path / "models"
    names = [f"m/copy-{number}" for number in range(MAX_UNRELATED_GROUPS + 3)]
    for number, name in enumerate(names):
        model(hub, name, with_some_of(quantised(7), quantised(70 + number), 1))
    found = scan_and_observe(hub)
    assert {name for name, _, verdict in found if verdict == "related"} == set(names)


def test_a_declared_base_of_quantised_weights_agrees_by_its_bytes(tmp_path: Path) -> None:
    hub = tmp_path / "models"
    model(hub, "a/base", quantised(3))
    model(hub, "b/child", with_some_of(quantised(3), quantised(4), 5), "a/base")
    model(hub, "c/false", quantised(9), "a/base")
    found = scan_and_observe(hub)
    assert set(found) == {("b/child", "a/base", "agrees"), ("c/false", "a/base", "cannot tell")}
    assert "35 of 40 tensors byte for byte the same" in found["b/child", "a/base", "agrees"]


def test_a_hidden_base_is_named_for_most_of_its_tensors_and_not_for_a_few(tmp_path: Path) -> None:
    hub = tmp_path / "models"
    model(hub, "a/base", quantised(3))
    model(hub, "b/child", with_some_of(quantised(3), quantised(4), 5), "a/base")
    model(hub, "c/hidden", with_some_of(quantised(8), quantised(3), 25))
    model(hub, "d/few", with_some_of(quantised(9), quantised(3), 3))
    found = set(scan_and_observe(hub))
    assert ("c/hidden", "a/base", "undeclared") in found
    assert related("a/base", "d/few") <= found


def test_models_in_several_files_however_cut_and_judged_again_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = tmp_path / "models"
    taken = list(with_some_of(OTHER, BASE, 2).items())
    model(hub, "a/one", BASE)
    model(hub, "b/two", dict(taken[1:]), file="model-00002-of-00002.safetensors")
    safetensors_file(hub / "b" / "two" / "model-00001-of-00002.safetensors", dict(taken[:1]))
    found = scan_and_observe(hub)
    assert set(found) == related("a/one", "b/two")
    monkeypatch.setattr("auditor.pipeline.shard.SHARD_FILES", 1)
    audit(hub, out=tmp_path / "cut", weights="full", workers=1)
    reevaluate([tmp_path / "cut"], out=tmp_path / "again", workers=1)
    assert observed_bases(tmp_path / "cut") == observed_bases(tmp_path / "again") == found


def test_weights_under_a_name_that_says_they_are_none_are_found_by_their_tensors(tmp_path: Path) -> None:
    hub = tmp_path / "models"
    model(hub, "a/one", quantised(3))
    model(hub, "b/two", with_some_of(quantised(4), quantised(3), 5), file="pytorch_model.bin")
    assert set(scan_and_observe(hub)) == related("a/one", "b/two")


def test_what_was_read_tensor_by_tensor_is_counted(tmp_path: Path) -> None:
    hub = tmp_path / "models"
    model(hub, "a/one", BASE)
    model(hub, "b/two", {"norm.weight": np.ones((64, 64), np.float32)})
    safetensors_file(hub / "a" / "one" / "vae" / "model.safetensors", OTHER)
    tally = audit(hub, out=tmp_path / "run", weights="full", workers=1).tally
    assert tally.coverage["weights digested tensor by tensor"] == 1
    sampled = audit(hub, out=tmp_path / "sampled", weights="sample", workers=1).tally
    assert "weights digested tensor by tensor" not in sampled.coverage


def test_a_damaged_file_of_digests_ends_the_judging_with_its_name(tmp_path: Path) -> None:
    model(tmp_path / "models", "a/one", BASE)
    scan_and_observe(tmp_path / "models")
    (kept,) = (tmp_path / "run-full" / "tensors").iterdir()
    kept.write_bytes(kept.read_bytes()[:-40])
    with pytest.raises(RunError, match=r"tensors/00-000000.parquet: is damaged"):
        reevaluate([tmp_path / "run-full"], out=tmp_path / "again", workers=1)


@settings(deadline=None)
@given(st.lists(st.frozensets(st.integers(0, 30), max_size=8), max_size=9), st.data())
def test_the_look_up_finds_what_comparing_all_pairs_finds(owned: list[frozenset[int]], data: st.DataObject) -> None:
    groups = np.array([data.draw(st.integers(0, 3)) for _ in owned], np.int64)
    found = shared_tensors(owned)
    holders = {prefix: {int(groups[at]) for at, has in enumerate(owned) if prefix in has} for prefix in range(31)}
    common = frozenset(prefix for prefix, by in holders.items() if len(by) > MAX_UNRELATED_GROUPS)
    assert found.common_prefixes(groups) == common
    kept = [
        frozenset(int.from_bytes(digest[:8], "big") for digest in found.unit_digests(at)) for at in range(len(owned))
    ]
    assert kept == owned
    firsts = {prefix: min(at for at, has in enumerate(owned) if prefix in has) for has in owned for prefix in has}
    expected = {
        (firsts[prefix], at)
        for at, has in enumerate(owned)
        for prefix in has
        if groups[firsts[prefix]] != groups[at] and are_related(owned[firsts[prefix]], has, common)
    }
    assert set(found.sharing_units(groups)) == expected


def shared_tensors(owned: list[frozenset[int]]) -> SharedTensors:
    with TemporaryDirectory() as folder:
        rows = [
            (str(at), "", "", b"".join(prefix.to_bytes(8, "big") + bytes(8) for prefix in sorted(has)))
            for at, has in enumerate(owned)
        ]
        columns = list(zip(*rows, strict=True)) or [[], [], [], []]
        table = pa.Table.from_arrays(
            [pa.array(c, f.type) for c, f in zip(columns, TENSORS_SCHEMA, strict=True)],
            schema=TENSORS_SCHEMA,
        )
        path = Path(folder, "0.parquet")
        pq.write_table(table, path, row_group_size=1)
        try:
            return SharedTensors.load(locate_unit_rows([path]), [row[:3] for row in rows], Path(folder, "scratch"))
        finally:
            open_weight_table.cache_clear()


@pytest.mark.parametrize(("models", "common"), [(5, []), (6, [1, 2])])
def test_a_tensor_that_more_than_five_groups_of_models_have_is_common(models: int, common: list[int]) -> None:
    owned = [frozenset({1, 2, 10 * at, 10 * at + 1, 10 * at + 2}) for at in range(1, models + 1)]
    found = shared_tensors(owned)
    assert sorted(found.common_prefixes(np.arange(models))) == common
    assert sorted(found.common_prefixes(np.zeros(models, np.int64))) == [], "models of one group count once"
    assert found.sharing_units(np.arange(models)) == ([] if common else [(0, at) for at in range(1, models)])


@pytest.mark.parametrize(
    ("left", "right", "common", "related"),
    [
        ({1, 2, 3}, {1, 2, 4}, set(), True),
        ({1, 2, 3}, {1, 4, 5}, set(), False),
        ({1}, {1}, set(), False),
        ({1, 2, 3, 7}, {1, 2, 3, 8}, {1}, True),
        ({1, 2, 7, 8, 9}, {1, 2, 4, 5, 6}, {1}, False),
        ({1, 2, 7, 8}, {1, 2, 3, 4, 5, 6}, {1, 2}, True),
        ({1, 2, 7, 8, 9}, {1, 2, 3, 4, 5, 6}, {1, 2}, False),
    ],
    ids=[
        "two tensors", "one tensor", "one of one", "two that few have", "one that few have",
        "half of the smaller", "less than half",
    ],
)  # fmt: skip
def test_models_are_related_by_two_tensors_that_few_have_or_by_half_of_the_smaller_one(
    left: set[int], right: set[int], common: set[int], related: bool
) -> None:
    for one, other in ((left, right), (right, left)):
        assert are_related(frozenset(one), frozenset(other), frozenset(common)) == related


def test_those_with_the_greatest_share_of_the_smaller_one_come_first() -> None:
    owned = [frozenset(range(10)), frozenset({0, 1, *range(20, 28)}), frozenset({5, 6, 7, 40})]
    assert shared_tensors(owned).sharing_units(np.arange(3)) == [(0, 2), (0, 1)]
