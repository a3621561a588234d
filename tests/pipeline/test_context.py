"""A lone upload is judged with parents that another run read."""

from __future__ import annotations

import hashlib
import json
import shutil
import tracemalloc
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads
import pytest

from auditor.errors import RunError, UsageError
from auditor.facts import EDGES_SCHEMA, FACTS_SCHEMA
from auditor.lineage.context_index import open_context_index, write_context_index
from auditor.pipeline.audit import audit
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.report import Report
from auditor.pipeline.run_folder import CONTEXT_INDEX
from auditor.reporting.coverage import ancestor_sentences
from tests import pictures
from tests.weights import safetensors_bytes

FIVE_RULES = {
    "licence-beyond-parent",
    "prohibition-dropped",
    "linked-dedicated-derivative",
    "descends-from-exposed",
    "descends-from-withdrawn",
}


def card(**fields: object) -> str:
    return "---\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in fields.items()) + "---\n# A model\n"


def write_repositories(folder: Path, cards: Mapping[str, str]) -> Path:
    for name, text in cards.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "README.md").write_text(text)
    return folder


WEIGHTS = safetensors_bytes({"layer.weight": np.arange(4096, dtype=np.float32).reshape(64, 64)})
PICTURE = pictures.jpeg(pictures.landscape(5, (160, 120)))
HUB = {
    "models/acme/base": card(license="cc-by-nc-4.0"),
    # Its licence prohibits the sexual exploitation of minors.
    "models/acme/middle": card(license="creativeml-openrail-m", base_model="acme/base"),
    "models/acme/listed": card(license="mit"),
    "datasets/acme/pictures": card(license="mit", task_categories=["image-classification"]),
    "models/acme/exposed": card(license="mit", datasets="acme/pictures"),
    "models/acme/below-exposed": card(license="mit", base_model="acme/exposed"),
    "models/acme/withdrawn": card(license="mit", datasets="laion/laion400m"),
    "models/acme/below-withdrawn": card(license="mit", base_model="Acme/Withdrawn"),
}
UPLOADS = {
    "licence-beyond-parent": card(license="mit", base_model="acme/base"),
    "prohibition-dropped": card(license="mit", base_model="acme/middle"),
    "linked-dedicated-derivative": card(license="mit", base_model="acme/listed"),
    "descends-from-exposed": card(license="mit", base_model="acme/below-exposed"),
    "descends-from-withdrawn": card(license="mit", base_model="acme/below-withdrawn"),
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_repositories(tmp_path_factory.mktemp("hub"), HUB)
    (folder / "models/acme/listed/model.safetensors").write_bytes(WEIGHTS)
    (folder / "datasets/acme/pictures/1.jpg").write_bytes(PICTURE)
    return folder


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    folder = tmp_path_factory.mktemp("lists")
    models, content = folder / "models.csv", folder / "content.csv"
    models.write_text(
        "# name: authority\n# version: 1\n# means: model\nid,sha256,purpose\n"
        f"m1,{hashlib.sha256(WEIGHTS).hexdigest()},dedicated\n"
    )
    content.write_text(f"# name: demo\n# version: 1\n# means: csam\nid,md5\n1,{hashlib.md5(PICTURE).hexdigest()}\n")
    return models, content


@pytest.fixture(scope="module")
def sweep(hub: Path, lists: Sequence[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "sweep"
    audit(hub, known=lists, out=run, workers=1)
    return run


def findings(report: Report, subject: str) -> dict[tuple[str, str], str]:
    """Remarks of a subject's findings by rule and fact."""
    return {(found.rule, found.fact): found.remark for found in report.findings if found.subject == subject}


def scan_upload(tmp_path: Path, text: str, context: Sequence[Path], **options: object) -> Report:
    folder = tmp_path / "upload"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(text)
    options = {"name_as": "acme/upload", **options}
    return audit(folder, context=context, out=tmp_path / "run", workers=1, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", sorted(FIVE_RULES))
def test_an_upload_is_judged_with_its_parents_in_a_context_as_if_they_had_been_read_together(
    rule: str, hub: Path, sweep: Path, lists: Sequence[Path], tmp_path: Path
) -> None:
    report = scan_upload(tmp_path, UPLOADS[rule], [sweep], known=lists)
    alone = findings(report, "acme/upload")
    shutil.copytree(hub, tmp_path / "together")
    write_repositories(tmp_path / "together", {"models/acme/upload": UPLOADS[rule]})
    together = findings(audit(tmp_path / "together", known=lists, out=tmp_path / "joint", workers=1), "acme/upload")
    assert alone.keys() == together.keys()
    (remark,) = (remark for (found, _), remark in alone.items() if found == rule)
    assert f"(context sweep of {report.finished[:10]})" in remark
    assert {found for found, _ in alone} & FIVE_RULES >= {rule}


def test_a_context_names_each_ancestor_of_a_path_that_it_told_of(sweep: Path, tmp_path: Path) -> None:
    report = scan_upload(tmp_path, UPLOADS["descends-from-exposed"], [sweep])
    day = report.finished[:10]
    fact = "descends from acme/exposed, whose data matches entries of a known-content list"
    assert findings(report, "acme/upload")["descends-from-exposed", fact] == (
        f"depth 2, by acme/exposed (context sweep of {day}) ← acme/below-exposed (context sweep of {day}) "
        f"← acme/upload; least certain step: card; 1 exact of 1 samples of acme/pictures (context sweep of {day})"
    )


def test_a_linked_parent_in_a_context_opens_a_case_of_the_upload_alone(sweep: Path, tmp_path: Path) -> None:
    report = scan_upload(tmp_path, UPLOADS["linked-dedicated-derivative"], [sweep])
    assert [(case.ground, case.subject) for case in report.cases] == [("linked", "acme/upload")]
    assert report.subjects == {"model": 1}
    assert {found.subject for found in report.findings} == {"acme/upload"}
    assert report.exit_code() == 1


def test_without_a_context_the_report_says_which_parents_were_not_at_hand_and_exits_0(tmp_path: Path) -> None:
    text = card(license="mit", base_model=["acme/a", "acme/b"], datasets=["acme/pictures"])
    report = scan_upload(tmp_path, text, [])
    assert ancestor_sentences(report) == (
        "2 parents were not at hand: acme/a, acme/b: their licence, terms and listing were not compared; "
        "give --context.",
        "1 dataset that models were trained on was not at hand: acme/pictures: whether it matches a list was not "
        "looked up; give --context.",
    )
    assert report.exit_code() == 0


def test_many_missing_parents_are_counted_and_some_are_named(tmp_path: Path) -> None:
    report = scan_upload(tmp_path, card(license="mit", base_model=[f"acme/{n}" for n in range(8)]), [])
    assert ancestor_sentences(report) == (
        "8 parents were not at hand: acme/0, acme/1, acme/2, acme/3, acme/4 and 3 more: their licence, terms and "
        "listing were not compared; give --context.",
    )


def test_a_well_known_base_is_the_last_resort(sweep: Path, tmp_path: Path) -> None:
    text = card(license="mit", base_model="CompVis/stable-diffusion-v1-3")
    report = scan_upload(tmp_path, text, [sweep])
    remarks = [remark for (rule, _), remark in findings(report, "acme/upload").items() if rule == "prohibition-dropped"]
    (remark,) = remarks
    assert remark.startswith("CompVis/stable-diffusion-v1-3 (well-known bases, read 2026-11-30 at https://github.com/")
    assert ancestor_sentences(report)[-1] == (
        "1 parent was not at hand, licence and terms are those of the shipped table of well-known bases: "
        "CompVis/stable-diffusion-v1-3: no listing was compared; give --context."
    )


def test_what_the_target_holds_counts_before_a_context(sweep: Path, tmp_path: Path) -> None:
    folder = write_repositories(
        tmp_path / "both",
        {
            "models/acme/base": card(license="mit"),
            "models/acme/upload": card(license="mit", base_model="acme/base"),
        },
    )
    report = audit(folder, context=[sweep], out=tmp_path / "run", workers=1)
    rules = {rule for rule, _ in findings(report, "acme/upload")}
    assert "licence-beyond-parent" not in rules
    # Its parent is read anew, and the parents of that are none.
    assert ancestor_sentences(report) == context_sentence(report)


def context_sentence(report: Report) -> tuple[str, ...]:
    """What a report says of a context that was compared with lists, where the run has none."""
    day = report.finished[:10]
    return (
        f"context sweep of {day} was compared with other lists than this run: authority version 1, demo version 1.",
    )


def test_a_context_that_was_compared_with_other_lists_is_named_and_is_no_gap(
    sweep: Path, lists: Sequence[Path], tmp_path: Path
) -> None:
    text = card(license="mit", base_model="acme/listed")
    assert ancestor_sentences(scan_upload(tmp_path, text, [sweep])) == context_sentence(
        scan_upload(tmp_path, text, [sweep])
    )
    assert ancestor_sentences(scan_upload(tmp_path / "b", text, [sweep], known=lists)) == ()


@pytest.mark.parametrize("written", ["ACME/Base", "https://huggingface.co/acme/base", "acme/BASE/"])
def test_a_parent_is_found_under_any_spelling_of_its_name(written: str, sweep: Path, tmp_path: Path) -> None:
    report = scan_upload(tmp_path, card(license="mit", base_model=written), [sweep])
    assert "licence-beyond-parent" in {rule for rule, _ in findings(report, "acme/upload")}


def test_a_renamed_parent_is_found_under_its_old_name_in_the_context(tmp_path: Path) -> None:
    old = write_repositories(tmp_path / "old", {"models/runwayml/stable-diffusion-v1-5": card(license="cc-by-nc-4.0")})
    audit(old, out=tmp_path / "old-run", workers=1)
    text = card(license="mit", base_model="stable-diffusion-v1-5/stable-diffusion-v1-5")
    report = scan_upload(tmp_path, text, [tmp_path / "old-run"])
    (remark,) = (
        remark for (rule, _), remark in findings(report, "acme/upload").items() if rule.startswith("licence-b")
    )
    assert "(context old-run of" in remark


def test_parents_in_a_circle_end(tmp_path: Path) -> None:
    circle = write_repositories(
        tmp_path / "circle",
        {
            "models/acme/one": card(license="mit", base_model=["acme/two", "acme/upload"]),
            "models/acme/two": card(license="cc-by-nc-4.0", base_model=["acme/one", "acme/two"]),
            "models/acme/upload": card(license="cc-by-nc-4.0", base_model="acme/one"),
        },
    )
    audit(circle, out=tmp_path / "circle-run", workers=1)
    report = scan_upload(tmp_path, card(license="mit", base_model="acme/two"), [tmp_path / "circle-run"])
    rules = {rule for rule, _ in findings(report, "acme/upload")}
    assert "licence-beyond-parent" in rules
    assert report.subjects == {"model": 1}


def test_one_context_may_know_the_parents_of_what_another_one_knows(tmp_path: Path) -> None:
    for name, cards in (
        ("near", {"models/acme/near": card(license="mit", base_model="acme/far")}),
        ("far", {"models/acme/far": card(license="mit", datasets="laion/laion400m")}),
    ):
        audit(write_repositories(tmp_path / name, cards), out=tmp_path / f"{name}-run", workers=1)
    contexts = [tmp_path / "far-run", tmp_path / "near-run"]
    report = scan_upload(tmp_path, card(license="mit", base_model="acme/near"), contexts)
    (remark,) = (
        remark for (rule, _), remark in findings(report, "acme/upload").items() if rule == "descends-from-withdrawn"
    )
    day = report.finished[:10]
    assert f"acme/far (context far-run of {day}) ← acme/near (context near-run of {day}) ← acme/upload" in remark


def test_a_judged_run_takes_a_context_too(sweep: Path, tmp_path: Path) -> None:
    scan_upload(tmp_path, UPLOADS["licence-beyond-parent"], [])
    report = reevaluate([tmp_path / "run"], context=[sweep], out=tmp_path / "judged", workers=1)
    assert "licence-beyond-parent" in {rule for rule, _ in findings(report, "acme/upload")}


def test_an_index_is_written_once_and_again_for_another_state_of_the_run_or_a_damaged_file(
    sweep: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(sweep, tmp_path / "copied")
    text = UPLOADS["licence-beyond-parent"]
    expected = findings(scan_upload(tmp_path / "a", text, [run]), "acme/upload").keys()
    nodes = run / CONTEXT_INDEX / "nodes.arrow"
    first = nodes.stat().st_mtime_ns
    scan_upload(tmp_path / "b", text, [run])
    assert nodes.stat().st_mtime_ns == first
    nodes.write_bytes(nodes.read_bytes()[:200])
    assert findings(scan_upload(tmp_path / "c", text, [run]), "acme/upload").keys() == expected
    report = json.loads((run / "report.json").read_text())
    (run / "report.json").write_text(json.dumps({**report, "finished": "2025-01-02T00:00:00Z"}))
    remarks = findings(scan_upload(tmp_path / "d", text, [run]), "acme/upload").values()
    assert any("(context copied of 2025-01-02)" in remark for remark in remarks)


def test_a_context_that_cannot_be_written_is_used_all_the_same(
    sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = shutil.copytree(sweep, tmp_path / "copied", ignore=shutil.ignore_patterns(CONTEXT_INDEX))
    monkeypatch.setattr("os.access", lambda path, mode: False)

    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.rename", refuse)
    report = scan_upload(tmp_path, UPLOADS["licence-beyond-parent"], [run])
    assert "licence-beyond-parent" in {rule for rule, _ in findings(report, "acme/upload")}
    assert not (run / CONTEXT_INDEX).exists()


def test_a_context_of_a_newer_format_an_unfinished_or_a_damaged_one_stops_the_run(sweep: Path, tmp_path: Path) -> None:
    newer, unfinished, damaged = (
        shutil.copytree(sweep, tmp_path / name) for name in ("newer", "unfinished", "damaged")
    )
    begun = json.loads((newer / "run.json").read_text())
    (newer / "run.json").write_text(json.dumps({**begun, "format": 999}))
    (unfinished / "report.json").unlink()
    shutil.rmtree(damaged / CONTEXT_INDEX, ignore_errors=True)
    (damaged / "derived/edges.parquet").write_bytes(b"PAR1 broken PAR1")
    (tmp_path / "none").mkdir()
    for run, message in (
        (newer, "was written by a newer auditor"),
        (unfinished, "was interrupted"),
        (damaged, "cannot be used as a context, it is damaged"),
        (tmp_path / "none", "is not a run's folder"),
    ):
        with pytest.raises(RunError, match=message):
            scan_upload(tmp_path / run.name / "x", card(license="mit"), [run])


def test_an_index_holds_no_digest_and_no_place(sweep: Path, tmp_path: Path) -> None:
    scan_upload(tmp_path, card(license="mit", base_model="acme/listed"), [sweep])
    data = b"".join(path.read_bytes() for path in (sweep / CONTEXT_INDEX).iterdir())
    for secret in (hashlib.md5(PICTURE), hashlib.sha256(WEIGHTS)):
        assert secret.hexdigest().encode() not in data
        assert secret.digest() not in data
    assert b"1.jpg" not in data
    assert b"acme/listed" in data


def test_a_name_for_the_upload_is_that_of_its_root_alone(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    write_repositories(folder, {"parts/other": card(license="mit")})
    (folder / "README.md").write_text(card(license="mit"))
    report = audit(folder, name_as="acme/upload@v2", out=tmp_path / "run", workers=1)
    names = {(found.subject, found.revision) for found in report.findings}
    assert names == {("acme/upload", "v2"), ("parts/other", "")}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("upload", "is no name of a repository; write ORG/NAME"),
        ("../x", "is no name of a repository"),
        ("a/b/c", "is no name of a repository"),
        ("acme/up load", "is no name of a repository"),
    ],
)
def test_a_name_that_is_none_is_refused(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        scan_upload(tmp_path, card(license="mit"), [], name_as=name)


def test_a_name_is_refused_for_several_targets_and_for_several_models(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "README.md").write_text(card(license="mit"))
    with pytest.raises(UsageError, match="names one target, and 2 are given"):
        audit(tmp_path / "a", tmp_path / "b", name_as="acme/x", out=tmp_path / "run", workers=1)
    (tmp_path / "loras").mkdir()
    for name in ("one", "two"):
        (tmp_path / "loras" / f"{name}.safetensors").write_bytes(WEIGHTS)
    with pytest.raises(UsageError, match="holds several models; scan each by itself"):
        audit(tmp_path / "loras", name_as="acme/x", out=tmp_path / "run", workers=1)
    (tmp_path / "hub" / "models" / "acme" / "one").mkdir(parents=True)
    (tmp_path / "hub" / "models" / "acme" / "one" / "README.md").write_text(card(license="mit"))
    with pytest.raises(UsageError, match="holds repositories and is none; name the folder of one"):
        audit(tmp_path / "hub", name_as="acme/x", out=tmp_path / "run", workers=1)


def test_a_context_of_100_000_models_is_opened_and_not_loaded(tmp_path: Path) -> None:
    count = 100_000
    names = pa.array([f"owner-{number % 997}/model-{number}" for number in range(count)])
    cells = {"kind": "model", "name": names, "key": "licence_id", "value": "cc-by-nc-4.0", "bucket": 0, "line": 0}
    columns = [cells.get(field.name, "") for field in FACTS_SCHEMA]
    arrays = [cell if isinstance(cell, pa.Array) else pa.repeat(cell, count) for cell in columns]
    facts = pads.dataset(pa.table(arrays, FACTS_SCHEMA.names).cast(FACTS_SCHEMA))
    ends = {"child_kind": "model", "parent_kind": "model", "relation": "finetune", "source": "card"}
    ends |= {"child": names[1:], "parent": names[:-1]}
    columns = [ends[name] for name in EDGES_SCHEMA.names]
    arrays = [cell if isinstance(cell, pa.Array) else pa.repeat(cell, count - 1) for cell in columns]
    edges = pa.table(arrays, EDGES_SCHEMA.names).cast(EDGES_SCHEMA)
    hits = pa.table({"kind": pa.array([], pa.string()), "name": pa.array([], pa.string())})
    write_context_index(tmp_path, "run", facts, edges, hits)
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    index = open_context_index(tmp_path, "run")
    assert index is not None
    found = index.find_nodes(pa.array(["model\towner-7/model-7", "model\towner-8/model-7"]))
    ancestors = index.ancestors(found[:1], lambda refs: np.zeros(len(refs), bool))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found[1] == -1
    assert sorted(index.refs(ancestors).to_pylist()) == [f"model\towner-{n}/model-{n}" for n in range(8)]
    # The index has some 10 MB: what is read of it is mapped, and what is looked up is small.
    assert peak < 1 << 20
    assert pa.total_allocated_bytes() - before < 1 << 20
