"""SARIF keeps to the standard (OASIS SARIF 2.1.0), and to what code scanning services take."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.facts import subjects_to_rows
from auditor.model import Comparison, Finding, Place, Statement, Subject, Tally
from auditor.pipeline.report import Report
from tests.render.test_hostile_text import HOSTILE, with_text_everywhere

Show = Callable[..., str]

SCHEMA = Path(__file__).parents[1] / "data" / "schemas" / "sarif-2.1.0-rtm.5.json"


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft4Validator:
    return jsonschema.Draft4Validator(json.loads(SCHEMA.read_text("utf-8")), format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_any_text_keeps_to_the_published_schema(
    report: Report, shown: Show, validator: jsonschema.Draft4Validator, text: str
) -> None:
    validator.validate(json.loads(shown(with_text_everywhere(report, text), "sarif", audience="operator")))


def test_what_is_not_checked_has_no_level(report: Report, shown: Show) -> None:
    (run,) = json.loads(shown(report, "sarif", audience="operator"))["runs"]
    levels = {result["level"] for result in run["results"] if result["kind"] != "fail"}
    assert levels == {"none"}  # SARIF 2.1.0, 3.27.10


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("audience", ["author", "operator"])
def test_the_log_keeps_to_the_published_schema(
    report: Report, shown: Show, validator: jsonschema.Draft4Validator, share: bool, audience: str
) -> None:
    log = json.loads(shown(report, "sarif", share=share, audience=audience))
    validator.validate(log)
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    known = {one["id"] for one in run["tool"]["driver"]["notifications"]}
    notified = run["invocations"][0]["toolExecutionNotifications"]
    assert {one["descriptor"]["id"] for one in notified if "descriptor" in one} <= known
    uris = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]]
    assert all(re.fullmatch("[!-~]+", uri) for uri in uris)
    times = [run["invocations"][0][name] for name in ("startTimeUtc", "endTimeUtc")]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", time) for time in times)  # 3.9


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
    # https://docs.github.com/code-security/code-scanning/troubleshooting-sarif/results-exceed-limit
    assert len(run["tool"]["driver"]["rules"]) <= 25_000
    assert len(run["tool"].get("extensions", ())) <= 100
    assert all(len(result["locations"]) <= 100 for result in run["results"])
    assert all(len(rule["properties"]["tags"]) <= 10 for rule in run["tool"]["driver"]["rules"])
    assert run["automationDetails"] == {"id": f"auditor/{report.policy.profile}/"}


def test_the_largest_log_is_within_what_github_takes(report: Report, shown: Show) -> None:
    """GitHub shows 5,000 results of a run, and refuses more than 25,000 and files above 10 MB when compressed."""
    random = Random(7)

    def text(length: int) -> str:
        return "".join(random.choices("abcdefghijklmnopqrstuvwxyz0123456789-_/", k=length))

    findings = tuple(
        Finding("no-licence", "model", text(60), "", "FLAGGED", "note", text(190), Place(text(90), 3), text(190))
        for _ in range(6000)
    )
    log = shown(replace(report, findings=findings), "sarif").encode()
    results = json.loads(log)["runs"][0]["results"]
    assert len(results) == 5000
    assert len(gzip.compress(log)) < 10_000_000
    many = tuple(findings[0]._replace(fact=text(199)) for _ in range(30))
    (result,) = json.loads(shown(replace(report, findings=many), "sarif"))["runs"][0]["results"]
    assert 900 < len(result["message"]["text"]) < 1030


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
