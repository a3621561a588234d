"""SARIF keeps to the standard (OASIS SARIF 2.1.0), and to what code scanning services take."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.facts import subjects_to_rows
from auditor.model import Comparison, Finding, Place, Statement, Subject, Tally
from auditor.pipeline.report import Report

Show = Callable[..., str]

# The parts of the standard that a reader relies on, written from its text; the numbers are its sections.
_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_LOCATION = {  # 3.28, 3.29, 3.30, 3.4
    "type": "object",
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "required": ["uri"],
                    "properties": {"uri": {"type": "string", "pattern": "^[!-~]+$"}},
                },
                "region": {"type": "object", "properties": {"startLine": {"type": "integer", "minimum": 1}}},
            },
        },
        "logicalLocations": {"type": "array", "items": {"type": "object", "required": ["fullyQualifiedName"]}},
    },
}
_TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}  # 3.9
_RULE = {  # 3.49
    "type": "object",
    "required": ["id", "shortDescription", "fullDescription", "help", "properties"],
    "properties": {
        "shortDescription": _TEXT,
        "fullDescription": _TEXT,
        "help": _TEXT,
        "helpUri": {"type": "string", "pattern": "^https?://[!-~]+$"},
        "defaultConfiguration": {"type": "object", "properties": {"level": _LEVEL}},
    },
}
_NOTIFICATION = {  # 3.58
    "type": "object",
    "required": ["message"],
    "properties": {"message": _TEXT, "level": _LEVEL, "locations": {"type": "array", "items": _LOCATION}},
}
_INVOCATION = {  # 3.20
    "type": "object",
    "required": ["executionSuccessful"],
    "properties": {
        "executionSuccessful": {"type": "boolean"},
        "startTimeUtc": _TIME,
        "endTimeUtc": _TIME,
        "toolExecutionNotifications": {"type": "array", "items": _NOTIFICATION},
    },
}
_RESULT = {  # 3.27
    "type": "object",
    "required": ["message"],
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": -1},
        "kind": {"enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]},
        "level": _LEVEL,
        "message": _TEXT,
        "locations": {"type": "array", "items": _LOCATION},
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "if": {"properties": {"kind": {"not": {"const": "fail"}}}},
    "then": {"properties": {"level": {"const": "none"}}},
}
_LOG = {  # 3.13, 3.14, 3.18, 3.19
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "rules": {"type": "array", "items": _RULE, "uniqueItems": True},
                                },
                            }
                        },
                    },
                    "invocations": {"type": "array", "items": _INVOCATION},
                    "results": {"type": "array", "items": _RESULT},
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                },
            },
        },
    },
}


@pytest.mark.parametrize("share", [False, True])
def test_the_log_has_the_shape_of_the_standard(report: Report, shown: Show, share: bool) -> None:
    log = json.loads(shown(report, "sarif", share=share, audience="operator"))
    jsonschema.Draft202012Validator(_LOG).validate(log)
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    known = {one["id"] for one in run["tool"]["driver"]["notifications"]}
    notified = run["invocations"][0]["toolExecutionNotifications"]
    assert {one["descriptor"]["id"] for one in notified if "descriptor" in one} <= known


def test_the_most_severe_results_come_first(report: Report, shown: Show) -> None:
    results = json.loads(shown(report, "sarif", audience="operator"))["runs"][0]["results"]
    assert [result["level"] for result in results] == ["error"] * 3 + ["warning", "note", "note", "none"]
    assert results[-1]["kind"] == "open"


def test_one_rule_and_subject_give_one_result(report: Report, shown: Show) -> None:
    model = next(finding for finding in report.findings if finding.rule == "weights-can-run-code")
    many = tuple(model._replace(fact=f"weights in pickle: part-{number:02}.bin") for number in range(30))
    results = json.loads(shown(replace(report, findings=many), "sarif", audience="operator"))["runs"][0]["results"]
    assert len(results) == 1
    assert "part-00.bin" in results[0]["message"]["text"]
    assert results[0]["message"]["text"].endswith("; and 10 more")


def test_results_beyond_the_limit_are_counted_and_the_least_severe_are_left_out(report: Report, shown: Show) -> None:
    note = Finding("no-licence", "model", "", "", "FLAGGED", "note", "no licence is stated")
    error = note._replace(rule="linked-listed-model", severity="error")
    findings = tuple(note._replace(subject=f"a/{number:05}") for number in range(6000))
    findings += tuple(error._replace(subject=f"b/{number:05}") for number in range(100))
    run = json.loads(shown(replace(report, findings=findings, cases=()), "sarif"))["runs"][0]
    assert len(run["results"]) == 5000
    assert sum(result["level"] == "error" for result in run["results"]) == 100
    messages = [note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]]
    assert "Results left out, beyond 5,000 (rules by subjects): 1,100 note. The JSON report has them all." in messages


def test_an_incomplete_run_did_not_succeed(report: Report, shown: Show) -> None:
    run = json.loads(shown(replace(report, complete=False), "sarif", audience="operator"))["runs"][0]
    assert run["invocations"][0]["executionSuccessful"] is False


@pytest.mark.parametrize(
    ("uri", "written"),
    [
        ("cards/a b#1?.md", "examples/hub/cards/a%20b%231%3F.md"),
        ("näme.md", "examples/hub/n%C3%A4me.md"),
        ("bad%FF.md", "examples/hub/bad%FF.md"),
        ("100%.md", "examples/hub/100%25.md"),
        ("javascript:alert(1)", "examples/hub/javascript%3Aalert(1)"),
        ("//example.org/x", "examples/hub/example.org/x"),
        ("hf://models/org/name/README.md", "hf://models/org/name/README.md"),
    ],
)
def test_a_place_becomes_a_uri_from_where_the_command_ran(report: Report, shown: Show, uri: str, written: str) -> None:
    one = next(iter(report.findings))._replace(place=Place(uri, 2))
    result = json.loads(shown(replace(report, findings=(one,)), "sarif", audience="operator"))["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": written},
        "region": {"startLine": 2},
    }


# What GitHub asks of SARIF beyond the standard (docs.github.com: SARIF support for code scanning).
_GITHUB_RESULT = {
    "type": "object",
    "required": ["ruleId", "message", "locations", "partialFingerprints"],
    "properties": {
        "locations": {
            "minItems": 1,
            "items": {
                "required": ["physicalLocation"],
                "properties": {"physicalLocation": {"required": ["artifactLocation", "region"]}},
            },
        },
        "partialFingerprints": {"required": ["primaryLocationLineHash"]},
    },
}
_GITHUB_RULE = {
    "type": "object",
    "required": ["id", "shortDescription", "fullDescription", "help", "properties"],
    "properties": {
        "help": {"required": ["text", "markdown"]},
        "shortDescription": {"properties": {"text": {"maxLength": 1024}}},
        "fullDescription": {"properties": {"text": {"maxLength": 1024}}},
        "properties": {
            "required": ["tags", "security-severity"],
            "properties": {
                "tags": {"contains": {"const": "security"}, "maxItems": 20},
                "security-severity": {"pattern": r"^([0-9]|10)\.[0-9]$"},
            },
        },
    },
}


def test_the_log_has_what_github_asks_for(report: Report, shown: Show) -> None:
    run = json.loads(shown(report, "sarif", audience="operator"))["runs"][0]
    for result in run["results"]:
        jsonschema.Draft202012Validator(_GITHUB_RESULT).validate(result)
    for rule in run["tool"]["driver"]["rules"]:
        jsonschema.Draft202012Validator(_GITHUB_RULE).validate(rule)
    assert run["automationDetails"] == {"id": f"auditor/{report.policy.profile}/"}


def test_a_finding_without_a_place_points_to_its_subjects_card_else_to_the_target(
    report: Report, shown: Show, tmp_path: Path
) -> None:
    cards = tmp_path / "target"
    for name in ("hills", "lakes"):
        (cards / "models" / "o" / name).mkdir(parents=True)
    (cards / "models" / "o" / "hills" / "README.md").write_text("# hills\n")
    card = Statement("card", "none", "", Place("models/o/hills/README.md", 1), "card")
    weights = Statement("weights_format", "pickle", "a.bin", Place("models/o/hills/a.bin"), "header")
    facts = tmp_path / "facts"
    facts.mkdir()
    table = pa.Table.from_batches([subjects_to_rows([Subject("model", "o/hills", "", (weights, card))])])
    pq.write_table(table, facts / "0.parquet")
    finding = Finding("descends-from-exposed", "model", "o/hills", "", "FLAGGED", "note", "descends")
    found = replace(
        report,
        targets=(str(cards),),
        facts=facts,
        findings=(finding, finding._replace(subject="o/lakes")),
    )
    run = json.loads(shown(found, "sarif", audience="operator"))["runs"][0]
    assert [result["locations"][0]["physicalLocation"] for result in run["results"]] == [
        {"artifactLocation": {"uri": (cards / "models/o/hills/README.md").as_uri()}, "region": {"startLine": 1}},
        {"artifactLocation": {"uri": cards.as_uri()}, "region": {"startLine": 1}},
    ]


def test_what_was_compared_with_each_list_is_a_property_of_the_run(report: Report, shown: Show) -> None:
    comparisons = {
        Comparison("hills", "pdq", "video", "compared"): 3,
        Comparison("hills", "pdq", "video", "not compared"): 1,
    }
    (run,) = json.loads(shown(replace(report, tally=Tally(comparisons=comparisons)), "sarif", audience="operator"))[
        "runs"
    ]
    (row,) = run["properties"]["comparisons"]
    assert row == {
        "list": "hills",
        "algorithm": "pdq",
        "carrier": "video",
        "compared": 3,
        "low_detail": 0,
        "not_compared": 1,
        "not_computed": 0,
        "of": 4,
    }
