"""A shared report numbers its subjects and keeps its counts."""

from __future__ import annotations

import json
from dataclasses import replace

from auditor.pipeline.report import Report
from tests.small_report import show


def test_a_shared_report_holds_no_hash_of_a_name(report: Report) -> None:
    named, shared = (json.loads(show(report, "json", share=share)) for share in (False, True))
    assert not {f["fingerprint"] for f in named["findings"]} & {f["fingerprint"] for f in shared["findings"]}
    assert not {case["id"] for case in named["cases"]} & {case["id"] for case in shared["cases"]}


def test_a_subject_has_one_number_everywhere(report: Report) -> None:
    ordered = replace(
        report,
        findings=tuple(sorted(report.findings, key=lambda finding: finding.ref)),
        gaps=tuple(sorted(report.gaps, key=lambda pair: pair[0])),
    )
    named, shared = (json.loads(show(ordered, "json", share=share)) for share in (False, True))
    pairs = {
        (old["kind"], old["subject"], new["subject"])
        for key in ("cases", "findings", "gaps")
        for old, new in zip(named[key], shared[key], strict=True)
    }
    assert len(pairs) == len({pair[:2] for pair in pairs}) == len({pair[2] for pair in pairs}) == 5
    for edge in shared["lineage"]:
        assert edge["parent"]["subject"].startswith(edge["parent"]["kind"] + " ")


def test_counts_survive_sharing(report: Report) -> None:
    named, shared = (json.loads(show(report, "json", share=share)) for share in (False, True))
    assert named["counts"] == shared["counts"]
    assert [f["rule"] for f in named["findings"]] == [f["rule"] for f in shared["findings"]]
