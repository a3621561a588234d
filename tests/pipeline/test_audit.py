"""A run from targets to a report, and judging runs again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import auditor
from auditor.errors import ListError, NothingToAudit, RunError
from auditor.model import Count, Finding, Tally
from auditor.pipeline.audit import audit
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.report import Report, read_report
from auditor.pipeline.scan_context import ScanContext
from auditor.pipeline.shard import Shard

HUB = Path(__file__).parents[1] / "data" / "hub"
LIST = Path(__file__).parents[1] / "data" / "known-pictures.csv"
EXAMPLE = {"known": [LIST], "profile": "example"}


@pytest.fixture(scope="module")
def example_run(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return audit(HUB, out=tmp_path_factory.mktemp("runs") / "example", workers=1, **EXAMPLE)  # type: ignore[arg-type]


def findings(found: Report) -> list[Finding]:
    return list(found.findings)


def test_the_example_has_the_cases_it_was_made_for(example_run: Report) -> None:
    assert [(case.ground, case.subject) for case in example_run.cases] == [
        ("exposed", "crawlers/captioner"),
        ("exposed", "northlight/paint-base"),
    ]
    facts = {(finding.rule, finding.subject) for finding in example_run.findings}
    assert ("known-content-in-dataset", "northlight/street-scenes") in facts
    assert ("known-content-in-dataset", "crawlers/web-pictures") in facts
    assert ("descends-from-exposed", "atelier/paint-harbour") in facts
    assert ("descends-from-exposed", "mixer/paint-blend") in facts
    assert ("known-content-in-dataset", "northlight/tiles") not in facts


def test_every_file_and_sample_is_accounted_for(example_run: Report) -> None:
    files = sum(path.is_file() for path in HUB.rglob("*"))
    assert example_run.tally.files == Count(files, files, 0, 0)
    assert example_run.tally.samples == Count(61, 61, 0, 0)
    assert example_run.complete


def test_the_findings_are_the_same_for_any_number_of_workers(example_run: Report, tmp_path: Path) -> None:
    two = audit(HUB, out=tmp_path / "two", workers=2, **EXAMPLE)  # type: ignore[arg-type]
    assert findings(two) == findings(example_run)
    assert two.cases == example_run.cases
    assert two.tally == example_run.tally


def test_the_findings_are_the_same_however_the_files_are_cut(
    example_run: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.pipeline.shard.SHARD_FILES", 2)
    partial_run = audit(HUB, out=tmp_path / "cut", workers=1, **EXAMPLE)  # type: ignore[arg-type]
    assert len(list((tmp_path / "cut" / "shards").iterdir())) > 10
    assert findings(partial_run) == findings(example_run)


def test_a_finished_run_is_judged_again_under_another_profile(example_run: Report, tmp_path: Path) -> None:
    assert example_run.restricted
    reevaluated = reevaluate(
        [example_run.restricted.parent], out=tmp_path / "reevaluated", profile="default", workers=1
    )
    assert reevaluated.cases == ()
    assert "known-content-in-dataset" not in {finding.rule for finding in reevaluated.findings}
    back = reevaluate([tmp_path / "reevaluated"], out=tmp_path / "back", profile="example", workers=1)
    assert findings(back) == findings(example_run)


def test_models_and_datasets_scanned_apart_are_judged_as_one(example_run: Report, tmp_path: Path) -> None:
    parts = []
    for name in ("models", "datasets"):
        audit(HUB / name, out=tmp_path / name, workers=1, **EXAMPLE)  # type: ignore[arg-type]
        parts.append(tmp_path / name)
    whole = reevaluate(parts, out=tmp_path / "whole", profile="example", workers=1)
    assert {(f.rule, f.subject, f.fact) for f in whole.findings} == {
        (f.rule, f.subject, f.fact) for f in example_run.findings
    }
    assert [case.id for case in whole.cases] == [case.id for case in example_run.cases]


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
    assert findings(resumed) == findings(whole)
    assert resumed.tally == whole.tally
    assert tallies[1].stat().st_mtime_ns == kept
    assert not list(folder.rglob("*.part"))


def test_nothing_to_audit_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingToAudit, match="empty: holds no file; name a file or folder that does"):
        audit(tmp_path / "empty", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_list_with_a_malformed_line_is_refused_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("# means: test\nid,md5\n1,d41d8cd98f00b204e9800998ecf8427e\n2,not-a-digest\n")
    with pytest.raises(ListError, match=r"bad\.csv.*4"):
        audit(HUB, known=[tmp_path / "bad.csv"], out=tmp_path / "run", workers=1)


def test_a_file_that_kills_its_worker_is_lost_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker is a fresh process, so the reader that dies is a module of the test's own."""
    (tmp_path / "cards").mkdir()
    for number in range(5):
        (tmp_path / "cards" / f"acme__m{number}.md").write_text("---\nlicense: mit\n---\n# Model\n")
    monkeypatch.setattr("auditor.pipeline.engines.scan_shard", _dies_on_m3)
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


def test_the_package_offers_audit() -> None:
    assert auditor.audit is audit


def test_a_match_that_opens_no_case_is_followed_by_what_to_do_now(tmp_path: Path) -> None:
    from auditor.reporting.guidance import has_known_content_matches

    found = audit(HUB / "datasets", out=tmp_path / "run", workers=1, **EXAMPLE)  # type: ignore[arg-type]
    assert found.cases == ()
    assert has_known_content_matches(found)
