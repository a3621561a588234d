"""A run from targets to a report, and its folder."""

from __future__ import annotations

import json
import os
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

import auditor
from auditor.errors import ListError, NothingToAudit, RunError, UsageError
from auditor.model import Count, Finding, Tally
from auditor.pipeline.audit import audit, reevaluate
from auditor.pipeline.report import Report, read_facts, read_report
from auditor.pipeline.run_folder import FORMAT_VERSION
from auditor.pipeline.scan_context import ScanContext
from auditor.pipeline.shard import SHARD_FILES, Shard, cut_into_shards
from auditor.sources import Blob, Unread

HUB = Path(__file__).parents[1] / "data" / "hub"
LIST = Path(__file__).parents[1] / "data" / "known-pictures.csv"
EXAMPLE = {"known": [LIST], "profile": "example"}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return audit(HUB, out=tmp_path_factory.mktemp("runs") / "example", workers=1, **EXAMPLE)  # type: ignore[arg-type]


def said(found: Report) -> list[Finding]:
    return list(found.findings)


def test_the_example_has_the_cases_it_was_made_for(example: Report) -> None:
    assert [(case.ground, case.subject) for case in example.cases] == [
        ("exposed", "crawlers/captioner"),
        ("exposed", "northlight/paint-base"),
    ]
    facts = {(finding.rule, finding.subject) for finding in example.findings}
    assert ("known-content-in-dataset", "northlight/street-scenes") in facts
    assert ("known-content-in-dataset", "crawlers/web-pictures") in facts
    assert ("descends-from-exposed", "atelier/paint-harbour") in facts
    assert ("descends-from-exposed", "mixer/paint-blend") in facts
    assert ("known-content-in-dataset", "northlight/tiles") not in facts


def test_every_file_and_sample_is_accounted_for(example: Report) -> None:
    files = sum(path.is_file() for path in HUB.rglob("*"))
    assert example.tally.files == Count(files, files, 0, 0)
    assert example.tally.samples == Count(61, 61, 0, 0)
    assert example.complete


def test_the_findings_are_the_same_for_any_number_of_workers(example: Report, tmp_path: Path) -> None:
    two = audit(HUB, out=tmp_path / "two", workers=2, **EXAMPLE)  # type: ignore[arg-type]
    assert said(two) == said(example)
    assert two.cases == example.cases
    assert two.tally == example.tally


def test_the_findings_are_the_same_however_the_files_are_cut(
    example: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.pipeline.shard.SHARD_FILES", 2)
    cut = audit(HUB, out=tmp_path / "cut", workers=1, **EXAMPLE)  # type: ignore[arg-type]
    assert len(list((tmp_path / "cut" / "shards").iterdir())) > 10
    assert said(cut) == said(example)


def test_a_finished_run_is_judged_again_under_another_profile(example: Report, tmp_path: Path) -> None:
    assert example.restricted
    again = reevaluate([example.restricted.parent], out=tmp_path / "again", profile="default", workers=1)
    assert again.cases == ()
    assert "known-content-in-dataset" not in {finding.rule for finding in again.findings}
    back = reevaluate([tmp_path / "again"], out=tmp_path / "back", profile="example", workers=1)
    assert said(back) == said(example)


def test_models_and_datasets_scanned_apart_are_judged_as_one(example: Report, tmp_path: Path) -> None:
    parts = []
    for name in ("models", "datasets"):
        audit(HUB / name, out=tmp_path / name, workers=1, **EXAMPLE)  # type: ignore[arg-type]
        parts.append(tmp_path / name)
    whole = reevaluate(parts, out=tmp_path / "whole", profile="example", workers=1)
    assert {(f.rule, f.subject, f.fact) for f in whole.findings} == {
        (f.rule, f.subject, f.fact) for f in example.findings
    }
    assert [case.id for case in whole.cases] == [case.id for case in example.cases]


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.pipeline.shard.SHARD_FILES", 8)
    whole = audit(HUB, out=tmp_path / "whole", workers=1, **EXAMPLE)  # type: ignore[arg-type]
    folder = tmp_path / "cut-off"
    shutil.copytree(tmp_path / "whole", folder)
    tallies = sorted((folder / "shards").iterdir())
    for path in (folder / "report.json", tallies[0], tallies[-1]):
        path.unlink()
    (folder / "facts" / "000000.parquet").write_bytes(b"half a file")
    (folder / "facts" / "000001-07.parquet.part").write_bytes(b"")
    with pytest.raises(RunError, match="was interrupted; run the same scan with --out"):
        read_report(folder)
    kept = tallies[1].stat().st_mtime_ns
    resumed = audit(HUB, out=folder, workers=1, **EXAMPLE)  # type: ignore[arg-type]
    assert said(resumed) == said(whole)
    assert resumed.tally == whole.tally
    assert tallies[1].stat().st_mtime_ns == kept
    assert not list(folder.rglob("*.part"))


def test_a_run_is_not_resumed_under_another_policy(example: Report) -> None:
    assert example.restricted
    folder = example.restricted.parent
    with pytest.raises(UsageError, match="holds a run under other rules, lists or extensions; name another folder"):
        audit(HUB, out=folder, known=[LIST], profile="gate")
    with pytest.raises(UsageError, match="holds a run with other targets"):
        audit(HUB / "models", out=folder, **EXAMPLE)  # type: ignore[arg-type]


def test_a_newer_runs_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"format": FORMAT_VERSION + 1}))
    versions = rf"\(format {FORMAT_VERSION + 1}, this one reads {FORMAT_VERSION}\)"
    with pytest.raises(RunError, match=f"was written by a newer auditor {versions}"):
        read_report(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(RunError, match=r"run\.json: cannot be read; run the scan again"):
        read_report(tmp_path)
    with pytest.raises(RunError, match="is not a run's folder"):
        read_report(tmp_path / "nowhere")


def test_a_run_of_an_older_format_is_refused_and_says_to_scan_again(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"format": FORMAT_VERSION - 1}))
    versions = rf"\({FORMAT_VERSION - 1}, this auditor reads {FORMAT_VERSION}\)"
    message = f"has an older format {versions}; scan again into a new folder"
    with pytest.raises(RunError, match=message):
        read_report(tmp_path)
    with pytest.raises(RunError, match=message):
        reevaluate([tmp_path], out=tmp_path / "out")
    with pytest.raises(RunError, match=message):
        audit(HUB, out=tmp_path, workers=1)


def test_nothing_to_audit_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingToAudit, match="empty: holds no file; name a file or folder that does"):
        audit(tmp_path / "empty", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_list_with_a_malformed_line_is_refused_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("# means: test\nid,md5\n1,d41d8cd98f00b204e9800998ecf8427e\n2,not-a-digest\n")
    with pytest.raises(ListError, match=r"bad\.csv.*4"):
        audit(HUB, known=[tmp_path / "bad.csv"], out=tmp_path / "run", workers=1)


def test_what_is_restricted_is_for_its_owner_alone(example: Report) -> None:
    assert example.restricted
    assert example.restricted.stat().st_mode & 0o777 == 0o700
    assert (example.restricted / ".gitignore").read_text() == "*\n"


def test_a_file_that_kills_its_worker_is_lost_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker is a fresh process, so the reader that dies is a module of the test's own."""
    (tmp_path / "cards").mkdir()
    for number in range(5):
        (tmp_path / "cards" / f"acme__m{number}.md").write_text("---\nlicense: mit\n---\n# Model\n")
    monkeypatch.setattr("auditor.pipeline.audit.scan_shard", _dies_on_m3)
    found = audit(tmp_path / "cards", out=tmp_path / "run", workers=1)
    assert found.tally.files == Count(5, 4, 0, 1)
    assert [(ref.name, gap.what, gap.why) for ref, gap in found.gaps] == [
        ("acme/m3", "shard", "the worker process died")
    ]
    assert found.exit_code("never") == 3


def _dies_on_m3(context: ScanContext, shard: Shard) -> Tally:
    from auditor.pipeline.scan_shard import scan_shard

    if any("m3" in file.uri for file in shard.files):
        os._exit(9)
    return scan_shard(context, shard)


def test_several_targets_keep_their_places_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "acme__m.md").write_text("---\nlicense: mit\n---\n# Model\n")
    audit(tmp_path / "one", tmp_path / "two", out=tmp_path / "run", workers=1)
    places = {fact["place"]["uri"] for fact in read_facts(tmp_path / "run") if fact["key"] == "licence"}
    assert places == {"one/acme__m.md", "two/acme__m.md"}


def test_a_shard_ends_between_subjects_not_inside_a_model() -> None:
    files = [Blob("", f"m{n // 100}/{n}", 10, "model", f"m{n // 100}") for n in range(3 * SHARD_FILES)]
    cut = list(cut_into_shards(files))
    assert [file for shard in cut for file in shard.files] == files
    owners = [{file.name for file in shard.files if isinstance(file, Blob)} for shard in cut]
    assert all(one.isdisjoint(two) for one, two in pairwise(owners))


def test_splitting_a_shard_loses_no_file() -> None:
    shard = Shard("7", tuple(Unread(str(n), "x") for n in range(100)))
    assert tuple(file for part in shard.split() for file in part.files) == shard.files
    assert Shard("7", shard.files[:1]).split() == ()


def test_the_package_offers_audit() -> None:
    assert auditor.audit is audit


def test_a_match_that_opens_no_case_is_followed_by_what_to_do_now(tmp_path: Path) -> None:
    from auditor.reporting.guidance import has_known_content_matches

    found = audit(HUB / "datasets", out=tmp_path / "run", workers=1, **EXAMPLE)  # type: ignore[arg-type]
    assert found.cases == ()
    assert has_known_content_matches(found)
