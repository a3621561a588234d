"""Fingerprints in lists: the same weights are found however they were saved, and any other likeness is a lead."""

from __future__ import annotations

import base64
import hashlib
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.blob import Blob
from auditor.hashing.weight_checks import check_values
from auditor.hashing.weight_sketch import normalize_vector
from auditor.known.compiled_list import CompiledList
from auditor.known.entries import ListOptions
from auditor.known.import_list import import_list
from auditor.known.list_identity import ListDeclaration
from auditor.known.open_list import open_list
from auditor.lineage.fingerprint_files import save_fingerprint
from auditor.lineage.fingerprint_matching import EntrySimilarity, count_uncompared, match_fingerprints
from auditor.lineage.weight_samples import SampledWeights, sample_model
from auditor.lineage.weight_similarity import Relation, Similarity, matching_tensors
from auditor.lineage.weight_tables import fingerprint_row
from auditor.pipeline.audit import audit
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.report import Report
from auditor.pipeline.run_facts import read_run_facts
from auditor.render import report_formats
from auditor.reporting.render_options import RenderOptions
from tests.lineage.changed_weights import added, small_model
from tests.weights import bfloat16, safetensors_file

Weights = Mapping[str, np.ndarray]
SAID = {"id": "SECRET-ID", "purpose": "dedicated", "authority": "an authority", "confirmations": "2"}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_HOME", str(tmp_path / "home"))


def trained(seed: int, layers: int = 12, prefix: str = "") -> dict[str, np.ndarray]:
    """Weights as if trained from a seed of their own; the norms and embeddings are alike in all of them."""
    random = np.random.default_rng(seed)
    parts = {
        f"{prefix}layers.{n}.{part}.weight": (64, 64 + 32 * k) for n in range(layers) for k, part in enumerate("qkv")
    }
    weights = {name: random.normal(0, 0.02, shape).astype(np.float32) for name, shape in parts.items()}
    return {
        f"{prefix}embed.weight": np.eye(64, dtype=np.float32),
        f"{prefix}norm.weight": np.ones(64, np.float32),
    } | weights


def tuned(weights: Weights, seed: int, by: float = 0.1, only: str = "") -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    moved = {name: (v + random.normal(0, by * 0.02, v.shape)).astype(np.float32) for name, v in weights.items()}
    return {name: moved[name] if only in name and "layers" in name else v for name, v in weights.items()}


def average(one: Weights, other: Weights) -> dict[str, np.ndarray]:
    return {name: (one[name] + other[name]) / 2 for name in one}


def opposite(name: str) -> str:
    """The name of the same tensor in a model whose layers are counted from the other end."""
    head, *rest = name.split(".")
    return ".".join((head, str(11 - int(rest[0])), *rest[1:])) if head == "layers" else name


BASE = trained(1)
LISTED = tuned(BASE, 2)
VAE = trained(3, 30, "first_stage_model.")
PART = trained(4, 30, "wholly_unknown_encoder.")


def model(hub: Path, name: str, weights: Weights, base: str = "", shards: int = 1) -> None:
    names = list(weights)
    for number in range(shards):
        file = f"model-{number + 1:05}-of-{shards:05}.safetensors" if shards > 1 else "model.safetensors"
        safetensors_file(hub / name / file, {one: weights[one] for one in names[number::shards]}, {"format": "pt"})
    stated = f"base_model: {base}\n" if base else ""
    (hub / name / "README.md").write_text(f"---\nlicense: mit\n{stated}---\n# A model\n", encoding="utf-8")


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """A list of one model, as its holder makes it; nobody else needs the weights."""
    save_fingerprint(
        sample_model(safetensors_file(tmp_path / "elsewhere" / "SECRET-FILE.safetensors", LISTED)),
        tmp_path / "l.fp",
        SAID,
    )
    return tmp_path / "l.fp"


def scanned(tmp_path: Path, *known: Path, weights: str = "sample") -> Report:
    return audit(tmp_path / "models", known=known, out=tmp_path / "run", workers=1, weights=weights)


def model_findings(report: Report) -> dict[str, list[str]]:
    """What is said of listed models, by subject."""
    found: dict[str, list[str]] = {}
    for finding in report.findings:
        if finding.rule.startswith(("linked", "listed", "descends")):
            found.setdefault(finding.subject, []).append(finding.rule)
    return found


def test_a_reupload_is_found_however_it_was_saved_and_unrelated_models_are_not(tmp_path: Path, known: Path) -> None:
    hub = tmp_path / "models"
    same = {
        "a/copy": LISTED,
        "b/half": {name: v.astype(np.float16) for name, v in LISTED.items()},
        "c/bfloat": {name: bfloat16(v) for name, v in LISTED.items()},
        "d/renamed": {f"model.{name.replace('layers', 'blocks')}": v for name, v in LISTED.items()},
        "e/renamed-in-part": {name.replace("layers.1", "blocks.1"): v for name, v in LISTED.items()},
        "e/with-layers-in-another-order": {opposite(name): v for name, v in LISTED.items()},
    }
    for name, weights in same.items():
        model(hub, name, weights)
    model(hub, "g/cut", LISTED, shards=3)
    model(hub, "f/with-another-vae", {**LISTED, **VAE})
    model(hub, "f/with-another-embedding", {**LISTED, "embed.weight": trained(5)["layers.0.q.weight"]})
    model(hub, "f/scaled", {name: 1.01 * v for name, v in LISTED.items()})
    for name, weights in {
        "u/unrelated": trained(9, 20),
        "v/twin": trained(9),
        "w/same-vae": {**trained(8), **VAE},
    }.items():
        model(hub, name, weights)
    report = scanned(tmp_path, known)
    only_alike = ("f/with-another-vae", "f/with-another-embedding", "f/scaled")
    assert model_findings(report) == {name: ["linked-same-values"] for name in (*same, "g/cut")} | {
        name: ["listed-model-related"] for name in only_alike
    }
    assert {case.ground for case in report.cases} == {"linked"}
    subjects = {name for case in report.cases for name in (case.subject, *(copy.name for copy in case.copies))}
    assert subjects == {*same, "g/cut"}
    (cut,) = (
        finding for finding in report.findings if finding.subject == "g/cut" and finding.rule.startswith("linked")
    )
    assert cut.fact == "has the same sampled values as a model of list l"
    before, _, after = cut.remark.partition("the same sampled values as entry ")
    assert before == "by auditor-fingerprint-1 ("
    assert after[16:] == ", 36 of 36 tensors): dedicated, 2 confirmations, an authority; computed from its files"
    assert report.tally.coverage["weights compared with the fingerprints of list l"] == 13


@pytest.mark.parametrize(
    ("weights", "lead"),
    [
        (tuned(LISTED, 5), "related"),
        (tuned(LISTED, 5, by=0.001), "related"),
        (tuned(LISTED, 5, only="layers.3."), "related"),
        (BASE, "related"),
        ({**LISTED, **{name: v for name, v in trained(6).items() if "layers.1" in name}}, "related-in-part"),
        ({**LISTED, **PART}, "related-in-part"),
        (average(LISTED, trained(6)), "blended"),
    ],
    ids=["fine-tune", "slight fine-tune", "fine-tune of one layer", "its own base", "in part", "as a part", "merge"],
)
def test_what_is_only_like_a_listed_model_is_a_lead_and_opens_no_case(
    tmp_path: Path, known: Path, weights: Weights, lead: str
) -> None:
    model(tmp_path / "models", "b/child", weights)
    report = scanned(tmp_path, known)
    assert model_findings(report) == {"b/child": ["listed-model-related"]}
    (finding,) = (finding for finding in report.findings if finding.rule == "listed-model-related")
    assert finding.fact == f"has weights like those of a model of list l ({lead})"
    assert finding.severity == "note"
    assert "mean cosine " in finding.remark
    assert "dedicated, 2 confirmations, an authority" in finding.remark
    assert report.cases == ()


def adapter(seed: int) -> dict[str, np.ndarray]:
    """A LoRA as kohya's trainer writes it: one half of each pair still near values that follow from a common seed."""
    random, begun = np.random.default_rng(seed), np.random.default_rng(0)
    made: dict[str, np.ndarray] = {}
    for at in range(24):
        made[f"lora_unet_block_{at}_to_k.alpha"] = np.array(4, np.float32)
        made[f"lora_unet_block_{at}_to_k.lora_down.weight"] = begun.normal(0, 0.05, (4, 320)).astype(np.float32)
        made[f"lora_unet_block_{at}_to_k.lora_up.weight"] = random.normal(0, 1e-3, (320, 4)).astype(np.float32)
    return made


def test_a_listed_adapter_is_found_again_and_one_trained_apart_from_the_same_seed_is_not(tmp_path: Path) -> None:
    listed = safetensors_file(tmp_path / "elsewhere" / "lora.safetensors", adapter(1), {"ss_network_module": "lora"})
    save_fingerprint(sample_model(listed), tmp_path / "l.fp", SAID)
    model(tmp_path / "models", "a/again", {name: v.astype(np.float16) for name, v in adapter(1).items()})
    model(tmp_path / "models", "b/apart", adapter(2))
    assert model_findings(scanned(tmp_path, tmp_path / "l.fp")) == {"a/again": ["linked-same-values"]}


def test_a_part_that_two_models_share_does_not_make_them_the_same(tmp_path: Path) -> None:
    listed = safetensors_file(tmp_path / "elsewhere" / "m.safetensors", {**LISTED, **PART})
    save_fingerprint(sample_model(listed), tmp_path / "l.fp", SAID)
    model(tmp_path / "models", "a/part", PART)
    model(tmp_path / "models", "b/other", {**trained(7), **PART})
    report = scanned(tmp_path, tmp_path / "l.fp")
    assert "linked-same-values" not in {finding.rule for finding in report.findings}
    assert report.cases == ()


def test_a_declared_derivative_of_the_same_values_is_linked_as_one_of_the_same_file_is(
    tmp_path: Path, known: Path
) -> None:
    hub = tmp_path / "models"
    model(hub, "a/again", {name: v.astype(np.float16) for name, v in LISTED.items()})
    model(hub, "b/child", tuned(LISTED, 5), base="a/again")
    model(hub, "c/grandchild", tuned(tuned(LISTED, 5), 6), base="b/child")
    assert model_findings(scanned(tmp_path, known)) == {
        "a/again": ["linked-same-values"],
        "b/child": ["descends-from-linked", "linked-dedicated-derivative", "listed-model-related"],
        "c/grandchild": ["descends-from-linked", "listed-model-related"],
    }


def test_bases_that_are_listed_as_harmless_explain_what_only_comes_from_them(tmp_path: Path, known: Path) -> None:
    hub = tmp_path / "models"
    model(hub, "a/base", BASE)
    model(hub, "b/sibling", tuned(BASE, 21))
    model(hub, "c/child", tuned(LISTED, 22))
    model(hub, "d/merge", average(LISTED, tuned(BASE, 23)))
    model(hub, "e/again", {name: v.astype(np.float16) for name, v in LISTED.items()})
    model(hub, "f/unlike", trained(31))
    base = safetensors_file(tmp_path / "elsewhere" / "base.safetensors", BASE)
    save_fingerprint(sample_model(base), tmp_path / "bases.fp")
    import_list([tmp_path / "bases.fp"], ListDeclaration("bases", "benign"), ListOptions())
    report = scanned(tmp_path, known, Path("bases"))
    assert model_findings(report) == {
        "c/child": ["listed-model-lead"],
        "d/merge": ["listed-model-lead"],
        "e/again": ["linked-same-values"],
    }
    assert report.tally.coverage["excluded by a benign list: weights"] == 2


def test_a_listed_model_that_hardly_differs_from_a_harmless_one_is_found_all_the_same(tmp_path: Path) -> None:
    listed = tuned(BASE, 41, by=0.002)
    save_fingerprint(
        sample_model(safetensors_file(tmp_path / "elsewhere" / "m.safetensors", listed)), tmp_path / "l.fp", SAID
    )
    save_fingerprint(
        sample_model(safetensors_file(tmp_path / "elsewhere" / "b.safetensors", BASE)), tmp_path / "bases.fp"
    )
    import_list([tmp_path / "bases.fp"], ListDeclaration("bases", "benign"), ListOptions())
    model(tmp_path / "models", "a/again", {name: v.astype(np.float16) for name, v in listed.items()})
    model(tmp_path / "models", "b/base", BASE)
    assert model_findings(scanned(tmp_path, tmp_path / "l.fp", Path("bases"))) == {"a/again": ["linked-same-values"]}


def test_a_listed_model_that_differs_from_a_harmless_one_in_nothing_that_is_sampled_matches_nothing(
    tmp_path: Path,
) -> None:
    listed = {**BASE, "embed.weight": np.ones((64, 64), np.float32)}
    save_fingerprint(
        sample_model(safetensors_file(tmp_path / "elsewhere" / "m.safetensors", listed)), tmp_path / "l.fp", SAID
    )
    save_fingerprint(
        sample_model(safetensors_file(tmp_path / "elsewhere" / "b.safetensors", BASE)), tmp_path / "bases.fp"
    )
    import_list([tmp_path / "bases.fp"], ListDeclaration("bases", "benign"), ListOptions())
    model(tmp_path / "models", "a/base", BASE)
    report = scanned(tmp_path, tmp_path / "l.fp", Path("bases"))
    assert model_findings(report) == {}
    assert report.tally.coverage["excluded by a benign list: weights"] == 1


def test_a_finished_run_is_judged_again_without_the_list(tmp_path: Path, known: Path) -> None:
    model(tmp_path / "models", "a/again", {name: v.astype(np.float16) for name, v in LISTED.items()})
    model(tmp_path / "models", "b/child", tuned(LISTED, 5))
    first = list(scanned(tmp_path, known).findings)
    known.unlink()
    assert list(reevaluate([tmp_path / "run"], out=tmp_path / "again", workers=1).findings) == first


def test_whole_files_are_not_read_for_a_list_of_fingerprints(tmp_path: Path, known: Path) -> None:
    model(tmp_path / "models", "a/again", LISTED)
    scanned(tmp_path, known)
    assert [fact for fact in read_run_facts(tmp_path / "run") if fact["key"] == "artefact"] == []


def test_weights_that_are_not_sampled_are_not_compared_and_the_report_says_so(tmp_path: Path, known: Path) -> None:
    model(tmp_path / "models", "a/copy", LISTED)
    report = scanned(tmp_path, known, weights="header")
    assert model_findings(report) == {}
    assert report.tally.coverage == {"weights not compared with the fingerprints of list l": 1}
    assert (report.nothing_compared, report.exit_code("never")) == (("l",), 3)
    words = "1 file of weights not compared with its fingerprints, so a listed model that was saved anew is not found"
    for name in ("terminal", "html", "json", "csv", "sarif"):
        out = io.StringIO()
        report_formats()[name].render(report, out, RenderOptions())
        assert words in " ".join(out.getvalue().split()), name


def test_no_report_shows_a_fingerprint_its_digest_or_where_it_matched(tmp_path: Path, known: Path) -> None:
    safetensors_file(tmp_path / "models" / "a" / "copy" / "SECRET-PLACE.safetensors", LISTED, {"format": "pt"})
    model(tmp_path / "models", "b/child", tuned(LISTED, 5))
    data = known.read_bytes()
    other = safetensors_file(tmp_path / "elsewhere" / "other.safetensors", trained(12))
    save_fingerprint(sample_model(other), known, append=True)
    report = scanned(tmp_path, known)
    secrets = {
        "its digest": hashlib.sha256(data).hexdigest()[:20],
        "its values in hex": data[-64:].hex()[:20],
        "its values in base64": base64.b64encode(data[-63:]).decode()[:20],
        "the name of its file": "SECRET-FILE",
        "the holder's reference": SAID["id"],
        "where it matched": "SECRET-PLACE",
    }
    for name, format_ in report_formats().items():
        out = io.StringIO()
        format_.render(report, out, RenderOptions())
        assert "same sampled values" in out.getvalue()
        assert [what for what, secret in secrets.items() if secret in out.getvalue()] == [], name


@settings(deadline=None, max_examples=60)
@given(st.randoms(use_true_random=False), st.integers(0, 2))
def test_names_make_no_difference_to_what_is_the_same(random: Random, missing: int) -> None:
    """Whatever the tensors are called, in whichever order: the same while each has its twin."""
    values = {
        f"t{at}": normalize_vector(np.random.default_rng(at).normal(size=256).astype(np.float32)) for at in range(40)
    }
    entry = with_checks(dict.fromkeys(values, (16, 16)), values)
    names = list(values)
    random.shuffle(names)
    mine = dict(zip(names, values.values(), strict=True))
    kept = {name: mine[name] for name in names[missing:]}
    one = with_checks(dict.fromkeys(kept, (16, 16)), kept)
    expected = 0 if missing else 40
    assert (matching_tensors(one, entry), matching_tensors(entry, one)) == (expected, expected)


# The limits, each from both sides


@pytest.mark.parametrize(
    ("relation", "cosine", "compared", "lead"),
    [
        ("identical", 1.0, 9, "related"),
        ("identical", 1.0, 8, "related-in-part"),
        ("derived", 0.95, 9, "related"),
        ("derived", 0.95, 8, "related-in-part"),
        ("part", 0.5, 10, "related-in-part"),
        ("blend", 0.4, 8, "blended"),
        ("blend", 0.399, 10, ""),
        ("unrelated", 0.5, 10, ""),
        ("unknown", 1.0, 10, ""),
    ],
)
def test_a_lead_is_in_part_where_less_than_nine_tenths_of_the_tensors_were_compared(
    relation: Relation, cosine: float, compared: int, lead: str
) -> None:
    assert EntrySimilarity(0, 0, Similarity(relation, "", cosine, 0.5, compared, 10)).lead == lead


def sampled(*tensors: np.ndarray, prefix: str = "t") -> SampledWeights:
    values = {f"{prefix}{at}": tensor for at, tensor in enumerate(tensors)}
    return with_checks({name: (10, len(tensor) // 10) for name, tensor in values.items()}, values)


def with_checks(shapes: Mapping[str, tuple[int, ...]], values: Weights) -> SampledWeights:
    checks = {name: (shapes[name], check_values(tensor[None])[0]) for name, tensor in values.items()}
    return SampledWeights("by-hand", shapes, values, checks=checks)


def with_one_check(*tensors: np.ndarray) -> Sequence[SampledWeights]:
    """Models of one tensor each whose values alone decide whether they are the same."""
    return [replace(sampled(tensor), checks=sampled(tensors[0]).checks) for tensor in tensors]


@pytest.mark.parametrize(
    ("moved", "by", "same"),
    [(100, 0.00052, 1), (100, 0.00054, 0), (2, 1.0, 1), (3, 1.0, 0)],
    ids=["within a cast to bfloat16", "beyond it", "2 % far beyond it", "3 % far beyond it"],
)
def test_values_that_differ_by_more_than_a_cast_are_not_the_same(moved: int, by: float, same: int) -> None:
    left, right = np.full(100, 0.1), np.full(100, 0.1)
    right[:moved] += by
    assert matching_tensors(*with_one_check(left, right)) == same
    assert matching_tensors(*with_one_check(right, left)) == same


@pytest.mark.parametrize(
    ("count", "by", "same"), [(100, 3.9e-5, 1), (100, 4.1e-5, 0), (400, 1.9e-5, 1), (400, 2.1e-5, 0)]
)
def test_the_mean_that_was_subtracted_may_differ_a_little(count: int, by: float, same: int) -> None:
    left, right = np.zeros(count), np.zeros(count)
    right[: count // 20] = by
    assert matching_tensors(*with_one_check(left, right)) == same


def random_tensors(count: int, seed: int = 0, size: int = 100) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [normalize_vector(random.normal(size=size).astype(np.float32)) for _ in range(count)]


def test_models_are_not_the_same_where_one_tensor_that_both_have_was_changed() -> None:
    tensors = random_tensors(20)
    assert matching_tensors(sampled(*tensors), sampled(*tensors)) == 20
    assert matching_tensors(sampled(*tensors[:19]), sampled(*tensors)) == 0
    assert matching_tensors(sampled(*tensors[:19], random_tensors(1, 5)[0]), sampled(*tensors)) == 0


def test_tensors_of_one_shape_that_were_sampled_at_different_places_are_not_the_same() -> None:
    short, long = random_tensors(20, size=100), random_tensors(20, size=200)
    shapes = {f"t{at}": (10, 20) for at in range(20)}
    one, other = (
        with_checks(shapes, {f"t{at}": tensor for at, tensor in enumerate(tensors)}) for tensors in (short, long)
    )
    assert matching_tensors(one, other) == 0
    renamed = with_checks({f"x{at}": (10, 20) for at in range(20)}, {f"x{at}": long[at] for at in range(20)})
    assert matching_tensors(one, renamed) == 0
    assert matching_tensors(SampledWeights("empty", {}, {}), SampledWeights("empty", {}, {})) == 0


def fingerprints(folder: Path, means: str, *models: Weights) -> CompiledList:
    for number, weights in enumerate(models):
        file = safetensors_file(folder / "elsewhere" / f"{means}-{number}.safetensors", weights)
        save_fingerprint(sample_model(file), folder / f"{means}.fp", append=True)
    return open_list(folder / f"{means}.fp", means=means, into=folder / "lists")


def matched(
    folder: Path, *models: Weights, lists: tuple[CompiledList, ...]
) -> tuple[list[tuple[str, str]], Counter[str], Counter[str]]:
    """The (algorithm, variant) of each hit of these models, coverage, and what was compared."""
    coverage, compared = Counter[str](), Counter[str]()
    rows = []
    for number, weights in enumerate(models):
        file = safetensors_file(folder / "here" / f"{number}.safetensors", weights)
        row, _ = fingerprint_row(Blob(str(file), f"{number}.safetensors", file.stat().st_size, "model", f"o/{number}"))
        assert row
        rows.append(row)
    hits = [row for batch in match_fingerprints(rows, lists, coverage, compared) for row in batch.to_pylist()]
    assert {(hit["distance"], hit["basis"]) for hit in hits} <= {(0, "computed")}
    return [(hit["algorithm"], hit["variant"]) for hit in hits], coverage, compared


@pytest.mark.parametrize(("share", "leads", "excluded"), [(0.22, [], 1), (0.28, ["shared-changes"], 0)])
def test_models_of_one_harmless_base_are_a_lead_from_a_partial_correlation_of_a_quarter_on(
    tmp_path: Path, share: float, leads: list[str], excluded: int
) -> None:
    base, change = small_model(1), small_model(2)
    known = fingerprints(tmp_path, "model", added(base, (0.2, change)))
    benign = fingerprints(tmp_path, "benign", base)
    mine = added(base, (0.2 * share, change), (0.2 * (1 - share**2) ** 0.5, small_model(3)))
    found, coverage, compared = matched(tmp_path, mine, lists=(known, benign))
    assert [algorithm for algorithm, _ in found] == leads
    assert coverage["excluded by a benign list: weights"] == excluded
    assert compared == {"model": 1}


@pytest.mark.parametrize(("share", "lead"), [(0.37, "related"), (0.43, "shared-changes")])
def test_a_harmless_model_explains_only_models_with_a_mean_cosine_of_0_4_with_it(
    tmp_path: Path, share: float, lead: str
) -> None:
    base, own = small_model(1), small_model(2)
    listed = added({name: 0 * v for name, v in base.items()}, (share, base), ((1 - share**2) ** 0.5, own))
    lists = fingerprints(tmp_path, "model", listed), fingerprints(tmp_path, "benign", base)
    found, _, _ = matched(tmp_path, added(listed, (0.1, small_model(3))), lists=lists)
    assert [algorithm for algorithm, _ in found] == [lead]


@pytest.mark.parametrize(("tensors", "lead"), [(80, "shared-changes"), (81, "related")])
def test_a_harmless_model_explains_only_models_of_whose_tensors_it_has_a_tenth(
    tmp_path: Path, tensors: int, lead: str
) -> None:
    listed = small_model(1, tensors)
    lists = (
        fingerprints(tmp_path, "model", listed),
        fingerprints(tmp_path, "benign", added(small_model(1, 8), (0.1, small_model(2, 8)))),
    )
    found, _, _ = matched(tmp_path, added(listed, (0.2, small_model(3, tensors))), lists=lists)
    assert [algorithm for algorithm, _ in found] == [lead]


@pytest.mark.parametrize(("by", "leads"), [(0.002, []), (0.0035, ["shared-changes"])])
def test_a_difference_from_a_harmless_model_that_rounding_could_make_is_none(
    tmp_path: Path, by: float, leads: list[str]
) -> None:
    base, change = small_model(1), small_model(2)
    lists = fingerprints(tmp_path, "model", added(base, (by, change))), fingerprints(tmp_path, "benign", base)
    found, coverage, _ = matched(tmp_path, added(base, (by, change), (by, small_model(3))), lists=lists)
    assert [algorithm for algorithm, _ in found] == leads
    assert coverage["excluded by a benign list: weights"] == (not leads)


def test_the_same_values_as_a_listed_model_match_however_little_it_differs_from_a_harmless_one(tmp_path: Path) -> None:
    base = small_model(1)
    listed = added(base, (0.002, small_model(2)))
    lists = fingerprints(tmp_path, "model", listed), fingerprints(tmp_path, "benign", base)
    found, coverage, _ = matched(tmp_path, listed, base, lists=lists)
    ((algorithm, variant),) = found
    assert algorithm == "auditor-fingerprint-1"
    assert variant.startswith("the same sampled values as entry ")
    assert variant.endswith(", 36 of 36 tensors")
    assert coverage["excluded by a benign list: weights"] == 1


def test_a_match_of_a_sharded_model_is_one_hit_at_its_first_file(tmp_path: Path) -> None:
    listed = small_model(1)
    known, rows = fingerprints(tmp_path, "model", listed), []
    for number in (1, 2):
        name = f"model-{number:05}-of-00002.safetensors"
        file = safetensors_file(tmp_path / name, dict(list(listed.items())[18 * (number - 1) : 18 * number]))
        row, _ = fingerprint_row(Blob(str(file), name, file.stat().st_size, "model", "o/a"))
        assert row
        rows.append(row)
    (hits,) = match_fingerprints(rows, [known], Counter(), Counter())
    assert hits.select(["sample", "place", "algorithm"]).to_pylist() == [
        {
            "sample": "model-00001-of-00002.safetensors",
            "place": "model.safetensors",
            "algorithm": "auditor-fingerprint-1",
        }
    ]


def test_the_least_that_any_harmless_model_leaves_unexplained_counts(tmp_path: Path) -> None:
    base, change = small_model(1), small_model(2)
    elsewhere = added(base, (0.3, small_model(4)))
    lists = (
        fingerprints(tmp_path, "model", added(base, (0.2, change))),
        fingerprints(tmp_path, "benign", elsewhere, base),
    )
    found, coverage, _ = matched(tmp_path, added(base, (0.2, small_model(3))), lists=lists)
    assert (found, coverage["excluded by a benign list: weights"]) == ([], 1)


@pytest.mark.parametrize(("shared", "leads"), [(7, []), (11, ["related-in-part"])])
def test_models_are_compared_from_a_cosine_of_their_sketches_of_a_quarter_on(
    tmp_path: Path, shared: int, leads: list[str]
) -> None:
    listed = small_model(1)
    mine = {**small_model(2), **dict(list(listed.items())[:shared])}
    found, coverage, _ = matched(tmp_path, mine, lists=(fingerprints(tmp_path, "model", listed),))
    assert [algorithm for algorithm, _ in found] == leads
    assert coverage == {"weights compared with the fingerprints of list model": 1}


def test_a_model_is_compared_with_the_eight_nearest_entries(tmp_path: Path) -> None:
    listed = small_model(1)
    saved = [added(listed, (1e-5, small_model(seed))) for seed in range(10, 19)]
    found, _, _ = matched(tmp_path, listed, lists=(fingerprints(tmp_path, "model", *saved),))
    assert [algorithm for algorithm, _ in found] == ["auditor-fingerprint-1"] * 8


def test_of_several_leads_the_strongest_kind_and_then_the_nearest_is_told(tmp_path: Path) -> None:
    mine = small_model(1)
    far, near = added(mine, (0.3, small_model(2))), added(mine, (0.1, small_model(3)))
    part = {**small_model(4), **dict(list(mine.items())[:30])}
    found, _, _ = matched(tmp_path, mine, lists=(fingerprints(tmp_path, "model", near, far, part),))
    ((algorithm, variant),) = found
    assert algorithm == "related"
    assert "mean cosine 0.99" in variant
    assert variant.endswith(", 100% of tensors at or above 0.9, 36 of 36 by name")


def test_each_list_is_asked_and_a_model_without_sampled_values_is_compared_with_none(tmp_path: Path) -> None:
    listed = small_model(1)
    other = safetensors_file(tmp_path / "elsewhere" / "other.safetensors", small_model(9))
    save_fingerprint(sample_model(other), tmp_path / "unlike.fp")
    unlike = open_list(tmp_path / "unlike.fp", means="model", into=tmp_path / "lists")
    lists = unlike, fingerprints(tmp_path, "model", listed)
    norms = {"norm.weight": np.ones(16, np.float32)}
    found, coverage, compared = matched(tmp_path, norms, small_model(5), listed, lists=lists)
    assert [algorithm for algorithm, _ in found] == ["auditor-fingerprint-1"]
    assert compared == {"unlike": 2, "model": 2}
    assert coverage == {f"weights compared with the fingerprints of list {name}": 2 for name in ("unlike", "model")}
    assert matched(tmp_path, listed, lists=(fingerprints(tmp_path, "benign", listed),)) == ([], {}, {})


def test_only_lists_of_models_that_hold_fingerprints_are_counted_as_not_compared(tmp_path: Path) -> None:
    digests = tmp_path / "digests.csv"
    digests.write_text("sha256\n" + "ab" * 32 + "\n")
    lists = (
        fingerprints(tmp_path, "model", small_model(1)),
        fingerprints(tmp_path, "benign", small_model(2)),
        open_list(digests, means="model", into=tmp_path / "lists"),
    )
    assert count_uncompared(lists, 3) == {"weights not compared with the fingerprints of list model": 3}


def test_a_cosine_is_rounded_down_so_that_only_the_same_values_show_1(tmp_path: Path) -> None:
    listed = small_model(1)
    found, _, _ = matched(
        tmp_path, added(listed, (0.008, small_model(2))), lists=(fingerprints(tmp_path, "model", listed),)
    )
    ((algorithm, variant),) = found
    assert algorithm == "related"
    assert "mean cosine 0.9999, " in variant
