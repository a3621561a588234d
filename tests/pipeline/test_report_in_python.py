"""What a script or a notebook gets from a report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auditor.errors import RunError
from auditor.pipeline.audit import audit
from auditor.pipeline.report import Report

HUB = Path(__file__).parents[1] / "data" / "hub"
LIST = Path(__file__).parents[1] / "data" / "known-pictures.csv"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return audit(HUB, known=[LIST], profile="example", out=tmp_path_factory.mktemp("runs") / "run", workers=1)


def test_findings_are_a_data_frame_in_their_order(report: Report) -> None:
    frame = report.to_pandas()
    assert frame["rule"].tolist() == [finding.rule for finding in report.findings]
    assert list(frame.columns[:5]) == ["kind", "subject", "revision", "rule", "fact"]
    assert set(frame["severity"]) <= {"note", "warning", "error"}


def test_hits_are_a_table_with_places_that_a_shared_report_has_not(report: Report) -> None:
    hits = report.hits
    assert {"crawlers/web-pictures", "northlight/street-scenes"} <= set(hits["name"].to_pylist())
    assert all(hits["place"].to_pylist())
    with pytest.raises(RunError, match="holds no places of matched samples"):
        _ = replace(report, restricted=None).hits


def test_a_notebook_shows_findings_by_rule_and_names_no_subject(report: Report) -> None:
    shown = report._repr_html_()
    assert "known-content-in-dataset" in shown
    assert "2 cases for people to decide" in shown
    assert "crawlers" not in shown
