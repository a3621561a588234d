"""What no output may show: places and distances without --places, any name with --share."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from auditor.errors import RunError, UsageError
from auditor.model import Case, Finding, Gap, Place, Ref
from auditor.pipeline.audit import Edge, Report
from auditor.render import report_formats
from auditor.reporting.render_options import RenderOptions

Show = Callable[..., str]
ALL = sorted(report_formats())
RESTRICTED = ("SECRET-SAMPLE-0041.jpg", "SECRET-PLACE", "tok-7f3a", "distance", "flip-x")


@pytest.mark.parametrize("name", ALL)
def test_places_and_distances_stay_restricted(report: Report, shown: Show, name: str) -> None:
    text = shown(report, name)
    assert "Confidential: unproven until reviewed" in text
    assert [secret for secret in RESTRICTED if secret in text] == []


@pytest.mark.parametrize("name", [name for name in ALL if name != "sarif"])
def test_places_are_shown_on_request_and_marked(report: Report, shown: Show, name: str) -> None:
    text = shown(report, name, places=True)
    assert "RESTRICTED: shows where matched samples are" in text
    assert [secret for secret in RESTRICTED if secret not in text] == []
    assert "12" in text


def test_sarif_refuses_places(report: Report, shown: Show) -> None:
    with pytest.raises(
        UsageError, match="--format sarif never shows places of samples; use one of csv, html, json, terminal"
    ):
        shown(report, "sarif", places=True)


@pytest.mark.parametrize("name", [name for name in ALL if name != "sarif"])
def test_a_run_without_places_says_so(report: Report, shown: Show, name: str) -> None:
    with pytest.raises(RunError, match="holds no places"):
        shown(replace(report, restricted=None), name, places=True)


@pytest.mark.parametrize("name", [name for name in ALL if name != "sarif"])
def test_places_and_share_exclude_each_other(report: Report, shown: Show, name: str) -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        shown(report, name, places=True, share=True)


@pytest.fixture
def planted(report: Report) -> Report:
    """The report with a secret in every field that comes from a target."""

    def secret(finding: Finding) -> Finding:
        return finding._replace(
            subject=f"SECRET/{finding.subject}",
            revision="SECRET-revision",
            fact=f"SECRET {finding.fact}",
            place=Place(f"SECRET/{finding.place.uri}", 5),
            remark=f"SECRET {finding.remark}",
        )

    def ref(old: Ref) -> Ref:
        return Ref(old.kind, f"SECRET/{old.name}", "SECRET-revision")

    return replace(
        report,
        targets=("SECRET-target",),
        findings=tuple(map(secret, report.findings)),
        gaps=tuple((ref(r), Gap(gap.what, f"SECRET {gap.why}", Place("SECRET"))) for r, gap in report.gaps),
        cases=tuple(
            Case(
                case.ground,
                case.kind,
                f"SECRET/{case.subject}",
                "SECRET-revision",
                tuple(map(secret, case.reasons)),
                tuple(map(ref, case.copies)),
            )
            for case in report.cases
        ),
        lineage=tuple(Edge(ref(edge.child), ref(edge.parent), edge.relation, "SECRET") for edge in report.lineage),
        tally=replace(report.tally, reasons={"unreadable: SECRET.jpg": 3}),
    )


@pytest.mark.parametrize("name", ALL)
def test_a_shared_report_holds_no_name(planted: Report, shown: Show, name: str) -> None:
    assert "SECRET" in shown(planted, name)
    text = shown(planted, name, share=True)
    assert "SECRET" not in text
    assert "Shared without names" in text
    assert "model 2" in text


def test_a_shared_report_holds_no_hash_of_a_name(planted: Report, shown: Show) -> None:
    named, shared = (json.loads(shown(planted, "json", share=share)) for share in (False, True))
    assert not {f["fingerprint"] for f in named["findings"]} & {f["fingerprint"] for f in shared["findings"]}
    assert not {case["id"] for case in named["cases"]} & {case["id"] for case in shared["cases"]}


def test_a_subject_has_one_number_everywhere(report: Report, shown: Show) -> None:
    ordered = replace(
        report,
        findings=tuple(sorted(report.findings, key=lambda finding: finding.ref)),
        gaps=tuple(sorted(report.gaps, key=lambda pair: pair[0])),
    )
    named, shared = (json.loads(shown(ordered, "json", share=share)) for share in (False, True))
    pairs = {
        (old["kind"], old["subject"], new["subject"])
        for key in ("cases", "findings", "gaps")
        for old, new in zip(named[key], shared[key], strict=True)
    }
    assert len(pairs) == len({pair[:2] for pair in pairs}) == len({pair[2] for pair in pairs}) == 5
    for edge in shared["lineage"]:
        assert edge["parent"]["subject"].startswith(edge["parent"]["kind"] + " ")


def test_counts_survive_sharing(report: Report, shown: Show) -> None:
    named, shared = (json.loads(shown(report, "json", share=share)) for share in (False, True))
    assert named["counts"] == shared["counts"]
    assert [f["rule"] for f in named["findings"]] == [f["rule"] for f in shared["findings"]]


@pytest.mark.parametrize("name", ALL)
def test_an_ascii_stream_is_no_obstacle(report: Report, name: str) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    if name == "csv":
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict")
    report_formats()[name].render(report, out, RenderOptions())
    out.flush()
