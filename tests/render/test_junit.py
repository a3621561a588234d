"""JUnit XML keeps to the schema that CI services read, and nothing that was not read looks like a passed test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from lxml import etree

from auditor.model import Count, Finding, Place, Tally
from auditor.pipeline.report import Report
from auditor.render.junit import READ_AND_COMPARED
from tests.render.test_hostile_text import HOSTILE, with_text_everywhere

Show = Callable[..., str]
XSD = Path(__file__).parents[1] / "data" / "schemas" / "junit-10.xsd"


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(XSD))


@pytest.mark.parametrize("audience", ["author", "operator"])
def test_the_file_is_valid(
    report: Report, example: Report, shown: Show, schema: etree.XMLSchema, audience: str
) -> None:
    for one in (report, example):
        schema.assertValid(etree.fromstring(shown(one, "junit", audience=audience).encode()))


@pytest.mark.parametrize("text", [*HOSTILE.values(), "\ufffe\uffff\x0b", "]]><testcase name='x'/>"])
def test_any_text_leaves_it_valid(report: Report, shown: Show, schema: etree.XMLSchema, text: str) -> None:
    plain, hostile = (
        etree.fromstring(shown(with_text_everywhere(report, one), "junit", audience="operator").encode())
        for one in ("plain", text)
    )
    schema.assertValid(hostile)
    assert len(hostile.findall(".//testcase")) == len(plain.findall(".//testcase"))


def _cases(report: Report, shown: Show) -> dict[tuple[str, str], ElementTree.Element]:
    suites = ElementTree.fromstring(shown(report, "junit"))
    cases = suites.findall("testsuite/testcase")
    for name in ("failure", "error"):
        assert suites.get(f"{name}s") == str(len(suites.findall(f"testsuite/testcase/{name}")))
    assert suites.get("tests") == str(len(cases))
    return {(case.get("classname", ""), case.get("name", "")): case for case in cases}


def test_a_rule_and_a_subject_are_one_test_case(report: Report, shown: Show) -> None:
    pickle = next(one for one in report.findings if one.rule == "weights-can-run-code")
    many = (*(pickle._replace(fact=f"part-{number}", place=Place("a.md", number)) for number in range(3)),)
    note = pickle._replace(rule="no-licence", severity="note", fact="names no licence")
    unread = note._replace(subject="o/m", outcome="UNCHECKED", fact="the card could not be read")
    cases = _cases(replace(report, findings=(*many, note, unread), gaps=()), shown)
    failed = cases["model lake/calm-water", "weights-can-run-code"].find("failure")
    assert failed is not None
    assert (failed.get("type"), failed.get("message")) == ("warning", "part-0")
    assert "part-0\npart-1\npart-2\nat examples/hub/a.md\nWhy: " in str(failed.text)
    passed = cases["model lake/calm-water", "no-licence"]
    assert [child.tag for child in passed] == ["system-out"]
    assert str(passed[0].text).startswith("note\nnames no licence\n")
    skipped = cases["model o/m", "no-licence"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "the card could not be read"


def test_a_run_that_exits_3_has_an_error(report: Report, shown: Show) -> None:
    read = replace(report, findings=(), gaps=(), policy=replace(report.policy, lists=()))
    whole = replace(read, tally=Tally(Count(3, 3), Count(9, 9)))
    assert list(_cases(whole, shown)["auditor", READ_AND_COMPARED]) == []
    nothing = _cases(replace(read, tally=Tally(Count(3, 0, 3))), shown)["auditor", READ_AND_COMPARED].find("error")
    assert nothing is not None
    assert nothing.get("message") == "Nothing was read: all 3 files were skipped."
    gap = _cases(replace(whole, unread=1), shown)["auditor", READ_AND_COMPARED].find("error")
    assert gap is not None
    assert gap.get("message") == "Something was not read, compared or judged."


def test_a_gap_is_a_skipped_test(report: Report, shown: Show) -> None:
    cases = _cases(report, shown)
    names = [name for group, name in cases if group == "auditor.not_checked"]
    assert names == [
        "1 × samples: the picture is truncated (a.jpg)",
        "1 × card: the metadata is not YAML (hill.md)",
    ]
    assert all(cases["auditor.not_checked", name].find("skipped") is not None for name in names)


def test_results_beyond_the_limit_are_counted(report: Report, shown: Show) -> None:
    note = Finding("no-licence", "model", "", "", "FLAGGED", "note", "names no licence")
    findings = tuple(note._replace(subject=f"a/{number:05}") for number in range(5100))
    suites = ElementTree.fromstring(shown(replace(report, findings=findings, gaps=()), "junit"))
    values = {one.get("name"): one.get("value") for one in suites.iter("property")}
    assert values["left out"] == "100 note (rules by subjects)"
    assert suites.get("tests") == "5001"
