"""The JSON report keeps its published contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import jsonschema
import pytest

from auditor.model import Finding
from auditor.pipeline.report import Report
from auditor.resources import resource_folder

Show = Callable[..., str]


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads((resource_folder("reports/schema") / "report.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("options", [{}, {"share": True}, {"places": True}])
def test_every_variant_is_valid(
    report: Report, shown: Show, validator: jsonschema.Draft202012Validator, options: dict[str, bool]
) -> None:
    validator.validate(json.loads(shown(report, "json", **options)))


def test_an_unknown_key_is_refused(report: Report, shown: Show, validator: jsonschema.Draft202012Validator) -> None:
    read = json.loads(shown(report, "json"))
    read["findings"][0]["note"] = "x"
    assert [error.validator for error in validator.iter_errors(read)] == ["additionalProperties"]


def test_findings_keep_rule_subject_and_fact(report: Report, shown: Show) -> None:
    read = json.loads(shown(report, "json"))
    assert read["cases"][0]["ground"] == "linked"
    assert read["findings"][0] == {
        "rule": "known-content-in-dataset",
        "kind": "dataset",
        "subject": "shore/coast-photos",
        "revision": "",
        "outcome": "FLAGGED",
        "severity": "error",
        "fact": "samples match entries of list example-known (exact, near)",
        "place": {"uri": "datasets/shore/coast-photos", "line": 0},
        "remark": "3 of 120 samples: 1 exact, 2 near",
        "fingerprint": "c99921a92643feeec24239ffcd4cacda",
    }


def test_two_runs_differ_only_in_times_and_remarks(report: Report, shown: Show) -> None:
    def with_other_remark(finding: Finding) -> Finding:
        return finding._replace(remark=f"{finding.remark} in 3 s")

    second_run = replace(
        report,
        started="2026-02-01T00:00:00Z",
        finished="2026-02-01T00:01:00Z",
        findings=tuple(map(with_other_remark, report.findings)),
        cases=tuple(replace(case, reasons=tuple(map(with_other_remark, case.reasons))) for case in report.cases),
    )
    first, second = (
        json.loads(shown(run, "json"), object_hook=_without_times_and_remarks) for run in (report, second_run)
    )
    assert first == second


def _without_times_and_remarks(found: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in found.items() if key not in {"started", "finished", "remark"}}


def test_a_finding_is_written_before_the_next_is_read(report: Report, shown: Show) -> None:
    """Memory does not grow: a finding is written before the next is asked for."""
    from io import StringIO

    from auditor.render import render_report
    from auditor.reporting.render_options import RenderOptions

    out = StringIO()
    model = next(iter(report.findings))

    class Stream:
        def __iter__(self):  # type: ignore[no-untyped-def]
            for number in range(100):
                assert f'"subject-{number - 2}"' in out.getvalue() or number < 2
                yield model._replace(subject=f"subject-{number}")

    render_report(replace(report, findings=Stream()), "json", out, RenderOptions())
    assert len(json.loads(out.getvalue())["findings"]) == 100
