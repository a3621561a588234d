"""What has changed from one run to another, in every format, and what no format shows."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result
from referencing import Registry, Resource

from auditor.cli.main import main
from auditor.diff_formats import diff_format_names, render_diff
from auditor.errors import UsageError
from auditor.model import Finding, Gap, Place, Ref
from auditor.pipeline.report import Report
from auditor.pipeline.run_parts import RunPart
from auditor.render import report_format_names
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.report_diff import ReportDiff, compare_reports, exit_code, headline
from auditor.resources import resource_folder
from tests.small_report import small_report

WANTS = ({"weights": "header"}, {"weights": "header"})


def finding(subject: str, fact: str, severity: str = "warning", rule: str = "weights-can-run-code") -> Finding:
    return Finding(rule, "model", subject, "", "FLAGGED", severity, fact, Place(f"{subject}/README.md", 3))  # type: ignore[arg-type]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Report, Report]:
    """Two reports: of the second one a finding is new, one gone, one more severe, one moved; a gap new, one gone."""
    old = small_report(tmp_path)
    same, was = finding("a/same", "weights in pickle"), finding("b/raised", "weights in pickle", "note")
    gone = finding("c/gone", "weights in pickle")
    moved = same._replace(place=Place("elsewhere.md", 9), revision="4f2a")
    first = replace(
        old,
        cases=old.cases[:1],
        findings=tuple(sorted((*old.findings, same, was, gone), key=lambda one: one.ref)),
        gaps=((Ref("model", "hill/green"), Gap("card", "the metadata is not YAML", Place("hill.md", 3))),),
    )
    now = was._replace(severity="error")
    new = finding("d/new", "weights in SECRET-FORMAT")
    second = replace(
        old,
        findings=tuple(sorted((*old.findings, moved, now, new), key=lambda one: one.ref)),
        gaps=((Ref("model", "hill/blue"), Gap("file", "cannot be opened", Place("blue.md"))),),
        tally=replace(old.tally, files=replace(old.tally.files, collected=32, scanned=29)),
    )
    return first, second


def compare(pair: tuple[Report, Report], **options: object) -> ReportDiff:
    return compare_reports(*pair, RenderOptions(**options), WANTS)  # type: ignore[arg-type]


def shown(pair: tuple[Report, Report], name: str, **options: object) -> str:
    out = io.StringIO()
    render_diff(*pair, WANTS, name, out, RenderOptions(**options))  # type: ignore[arg-type]
    return out.getvalue()


def test_findings_are_new_gone_changed_or_the_same_wherever_they_were_read(pair: tuple[Report, Report]) -> None:
    diff = compare(pair)
    found = {(change.state, change.finding.subject) for change in diff.findings}
    assert found == {("new", "d/new"), ("gone", "c/gone"), ("changed", "b/raised")}
    assert list(diff.findings) == list(diff.findings)  # read anew each time
    assert diff.unchanged == len(tuple(pair[0].findings)) - 2
    assert {(change.state, change.ref.name) for change in diff.gaps} == {("gone", "hill/green"), ("new", "hill/blue")}
    assert [(change.state, change.case.ground) for change in diff.cases] == [("new", "exposed")]
    numbers = {(one.group, one.name): (one.before, one.after) for one in diff.numbers}
    assert numbers == {("files", "collected"): (31, 32), ("files", "scanned"): (28, 29)}
    assert headline(diff) == (
        f"Findings: 1 new (1 warning), 1 changed (1 error), 1 gone (1 warning), {diff.unchanged} the same. "
        "Cases: 1 new, 0 changed, 0 gone. Gaps: 1 new and 1 gone."
    )


def test_a_report_and_itself_differ_in_nothing(pair: tuple[Report, Report]) -> None:
    diff = compare((pair[0], pair[0]))
    assert (list(diff.findings), list(diff.gaps), diff.cases, diff.numbers, diff.differences) == ([], [], (), (), ())


def test_a_case_whose_reasons_change_has_changed(pair: tuple[Report, Report]) -> None:
    case = pair[1].cases[1]
    fewer = replace(pair[1], cases=(pair[1].cases[0], replace(case, copies=())))
    assert [(change.state, change.case.id) for change in compare((pair[1], fewer)).cases] == [("changed", case.id)]


@pytest.mark.parametrize(("fail_on", "code"), [("note", 1), ("warning", 1), ("error", 1), ("never", 3)])
def test_the_exit_code_is_that_of_what_is_new(pair: tuple[Report, Report], fail_on: str, code: int) -> None:
    assert exit_code(*pair, fail_on) == code


def test_what_was_there_before_or_is_gone_does_not_count(pair: tuple[Report, Report]) -> None:
    old, new = pair
    assert exit_code(old, old, "note") == 0
    assert exit_code(old, replace(old, findings=(), gaps=()), "note") == 0
    assert exit_code(old, replace(old, complete=False), "note") == 3
    assert exit_code(old, replace(old, part=RunPart(2, 4)), "note") == 3, "one part of an audit is not the whole"
    missing = replace(old.notes, asked_differently=("1 of 4 parts is missing: 3",))
    assert exit_code(old, replace(old, notes=missing), "note") == 3, "a part of it is missing"
    without_error = replace(new, findings=tuple(one for one in new.findings if one.subject != "b/raised"))
    assert [exit_code(old, without_error, name) for name in ("error", "warning")] == [3, 1]


def test_what_the_runs_were_not_asked_alike_is_said_first(pair: tuple[Report, Report]) -> None:
    old, new = pair
    policy = old.policy
    other = replace(
        new,
        version="0.2.0",
        targets=("examples/other",),
        policy=replace(
            policy,
            profile="gate",
            rules=policy.rules[1:],
            lists=(replace(policy.lists[0], version="2", sha256="f" * 64),),
        ),
        complete=False,
    )
    differences = compare_reports(old, other, RenderOptions(), ({"weights": "header"}, {"weights": "full"})).differences
    assert differences == (
        "The targets differ: examples/hub → examples/other.",
        "Another auditor: 0.1.0 → 0.2.0.",
        "Another profile: default → gate.",
        f"Rules that there are only earlier: {policy.rules[0].id}.",
        "List example-known is another version: 1 → 2.",
        "List example-models was loaded only earlier.",
        "Read with other options: weights.",
        "The later run is not complete: what it lacks may be what it did not read.",
    )
    for name in diff_format_names():
        out = io.StringIO()
        render_diff(old, other, WANTS, name, out, RenderOptions(audience="operator"))
        text = " ".join(out.getvalue().replace("\\", "").split())
        assert "Another profile: default" in text, name
        if name in ("terminal", "html", "markdown", "csv"):
            assert text.index("Another profile") < text.index("c/gone"), name


@pytest.mark.parametrize("name", diff_format_names())
def test_every_format_shows_what_has_changed(pair: tuple[Report, Report], name: str) -> None:
    text = shown(pair, name, audience="operator").replace("\\", "")
    for word in ("d/new", "c/gone", "b/raised", "SECRET-FORMAT", "Confidential: unproven until reviewed"):
        assert word in text, word


@pytest.mark.parametrize("name", [name for name in diff_format_names() if name != "sarif"])
def test_a_shared_comparison_has_no_name_and_one_number_a_subject(pair: tuple[Report, Report], name: str) -> None:
    text = shown(pair, name, share=True, audience="operator")
    names = {one.subject for report in pair for one in report.findings} | {"hill/blue", "README.md", "examples/hub"}
    assert [word for word in (*names, "SECRET", "cannot be opened") if word in text.replace("\\", "")] == []
    assert "Shared without names" in text
    numbers = [change.finding.subject for change in compare(pair, share=True).findings]
    assert len(set(numbers)) == 3


def test_sarif_is_not_shared(pair: tuple[Report, Report]) -> None:
    with pytest.raises(UsageError, match="use another format"):
        shown(pair, "sarif", share=True)


@pytest.mark.parametrize("name", diff_format_names())
def test_authors_are_not_told_what_is_held(pair: tuple[Report, Report], name: str) -> None:
    text = shown(pair, name, audience="author").replace("\\", "")
    held = ("known-content", "trained-on-known", "linked-listed", "example-known", "example-models", "SECRET-SAMPLE")
    assert [word for word in held if word in text] == []
    assert "Cases:" not in text
    assert "d/new" in text


def test_json_follows_its_schema(pair: tuple[Report, Report]) -> None:
    folder = resource_folder("reports/schema")
    schemas = [json.loads((folder / f"{name}.schema.json").read_text()) for name in ("diff", "report")]
    registry: Registry[object] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas
    )
    validator = jsonschema.Draft202012Validator(schemas[0], registry=registry)
    for options in ({}, {"share": True}, {"audience": "author"}):
        validator.validate(json.loads(shown(pair, "json", **options)))
    content = json.loads(shown(pair, "json"))
    assert content["counts"]["findings"]["new"] == {"warning": 1}
    changed = [
        (one["before"]["severity"], one["after"]["severity"])
        for one in content["findings"]
        if one["state"] == "changed"
    ]
    assert changed == [("note", "error")]


def test_sarif_states_are_those_of_the_standard(pair: tuple[Report, Report], monkeypatch: pytest.MonkeyPatch) -> None:
    def states() -> dict[str, str]:
        results = json.loads(shown(pair, "sarif", audience="operator"))["runs"][0]["results"]
        return {one["message"]["text"].split(":")[0]: one.get("baselineState", "") for one in results}

    found = states()
    assert {name: found[f"model {name}"] for name in ("d/new", "c/gone", "b/raised", "a/same")} == {
        "d/new": "new",
        "c/gone": "absent",
        "b/raised": "updated",
        "a/same": "unchanged",
    }
    # With results left out, one that only one log has may be among those.
    monkeypatch.setattr("auditor.render.sarif.MAX_RESULTS", 3)
    assert set(states().values()) <= {"", "unchanged", "updated"}


def test_a_table_has_a_row_for_each_change(pair: tuple[Report, Report]) -> None:
    rows = list(csv.DictReader(io.StringIO(shown(pair, "csv"))))
    kinds = Counter((row["type"], row["state"]) for row in rows)
    assert kinds["finding", "new"] == kinds["finding", "gone"] == kinds["finding", "changed"] == 1
    assert (kinds["gap", "new"], kinds["gap", "gone"], kinds["case", "new"]) == (1, 1, 1)
    raised = next(row for row in rows if row["state"] == "changed")
    assert (raised["severity_before"], raised["severity"]) == ("note", "error")


@pytest.mark.parametrize("name", diff_format_names())
def test_hostile_names_do_no_harm(pair: tuple[Report, Report], name: str) -> None:
    hostile = "\x1b[2J\u202e=cmd()<script>alert(1)</script>\ud800"
    bad = finding(hostile, hostile, "error")
    old, new = pair
    text = shown((old, replace(new, findings=(*new.findings, bad))), name, audience="operator")
    assert not {"\x1b", "\u202e"} & set(text)
    assert "<script>" not in text or name in ("csv", "json", "sarif", "terminal")
    if name == "csv":
        assert not any(cell.startswith(("=", "+", "-", "@")) for row in csv.reader(io.StringIO(text)) for cell in row)
    text.encode()


def test_the_names_of_formats_are_those_of_reports() -> None:
    assert set(diff_format_names()) == {"csv", "html", "json", "markdown", "sarif", "terminal"}
    assert set(diff_format_names()) <= set(report_format_names())


CARD = "---\nlibrary_name: diffusers\n{}---\n# A model of hills\n"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_two_scans_are_compared_from_the_command_line(tmp_path: Path) -> None:
    card = tmp_path / "hills" / "README.md"
    card.parent.mkdir()
    card.write_text(CARD.format("license: mit\n"))
    run("scan", card.parent, "--out", tmp_path / "a")
    card.write_text(CARD.format(""))
    run("scan", card.parent, "--out", tmp_path / "b")
    result = run("diff", tmp_path / "a", tmp_path / "b", "--fail-on", "note")
    assert result.exit_code == 1
    assert "note: no-licence, model hills: names no licence [README.md" in result.stdout
    assert run("diff", tmp_path / "a", tmp_path / "b").exit_code == 0
    back = run("diff", tmp_path / "b", tmp_path / "a", "-o", tmp_path / "changes.md")
    assert (back.exit_code, back.stdout) == (0, "")
    assert "Findings: gone" in (tmp_path / "changes.md").read_text()
    wrong = run("diff", tmp_path / "a", tmp_path / "b", "--format", "junit")
    assert (wrong.exit_code, "comparisons have no such format; use one of csv, html" in wrong.stderr) == (2, True)


def test_in_ci_a_comparison_for_operators_stays_in_the_runs_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hills").mkdir()
    (tmp_path / "hills" / "README.md").write_text(CARD.format(""))
    run("scan", tmp_path / "hills", "--out", tmp_path / "a")
    monkeypatch.setenv("CI", "true")
    result = run("diff", tmp_path / "a", tmp_path / "a", "--audience", "operator")
    assert result.stdout == ""
    assert (tmp_path / "a" / "diff.txt").exists()
    assert "For authors:" in " ".join(run("diff", tmp_path / "a", tmp_path / "a").stdout.split())
