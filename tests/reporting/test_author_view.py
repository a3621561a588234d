"""What authors and readers of public logs are shown: of known content, listed models and cases only that it is held."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from auditor.errors import UsageError
from auditor.extensions import LIST_FORMATS, Extension
from auditor.model import Case, Comparison, Finding, Gap, Place, Ref, Rule, Tally
from auditor.pipeline.policy_summary import ListSummary
from auditor.pipeline.report import Edge, Notes, Report
from auditor.policy.load_policy import load_policy
from auditor.render import report_formats
from auditor.reporting.author_view import HELD_RULE, is_held, make_author_view
from tests.small_report import show

ALL = sorted(report_formats())
LIST = "CANARY-list"
# The rules that follow from lists or open cases, and those of confidential terms, chosen by reading each rule's file.
HELD = {
    "descends-from-exposed",
    "descends-from-linked",
    "known-content-in-dataset",
    "known-content-in-model",
    "known-content-lead",
    "linked-dedicated-derivative",
    "linked-listed-model",
    "linked-same-values",
    "linked-same-weights",
    "list-entry-set-aside",
    "listed-model-lead",
    "listed-model-related",
    "operator-term",
    "trained-on-claimed-known-content",
    "trained-on-known-content",
    "trained-on-known-content-lead",
}


def _rule(**parts: object) -> Rule:
    """A rule of an operator's own folder."""
    given = {"check": "missing", "params": {}, **parts}
    return Rule("own", "Own", ("model",), severity="note", why="", fix="", **given)  # type: ignore[arg-type]


@pytest.fixture
def planted(report: Report) -> Report:
    """The report with a canary in all that must not reach an author."""
    policy = load_policy()
    held = [
        Finding(
            rule,
            "model",
            "hill/green",
            "",
            "FLAGGED",
            "warning",
            f"matches entry CANARY-token of {LIST}",
            Place("CANARY-place.bin", 7),
            "3141 of 5926 samples",
        )
        for rule in sorted(HELD)
    ]
    document = held[0]._replace(rule="list-entry-set-aside", kind="document", subject=f"list {LIST}")
    plain = Finding("no-licence", "model", "hill/green", "", "FLAGGED", "note", "no licence", Place("README.md", 2))
    unread = held[-1]._replace(outcome="UNCHECKED", severity="note")
    findings = (document, *held, plain, unread)
    return replace(
        report,
        policy=replace(
            report.policy,
            rules=policy.rules,
            lists=(ListSummary(LIST, "", "csam", 27182818, "CANARY-sha256", "CANARY-holder"),),
            extensions=(Extension(LIST_FORMATS, "CANARY", "canary", "CANARY-format", "1"),),
        ),
        tally=Tally(
            report.tally.files,
            report.tally.samples,
            report.tally.reasons,
            {"hits csam exact": 3141, f"compared with CANARY {LIST}": 5926},
            {},
            {Comparison(LIST, "pdq", "picture file", "compared"): 5926},
        ),
        subjects={"model": 5, "document": 1},
        findings=findings,
        gaps=((Ref("document", f"list {LIST}"), Gap("judgement", f"CANARY {LIST}")),),
        cases=(Case("linked", "model", "hill/green", "", tuple(held)),),
        flagged=Counter((one.rule, one.outcome, one.severity) for one in findings),
        lineage=(Edge(Ref("model", "hill/green"), Ref("model", "CANARY-parent"), "finetune", "card"),),
        notes=Notes((f"Not asked the same: list {LIST} was loaded in 1 of 2 runs",)),
    )


@pytest.mark.parametrize("name", ALL)
def test_no_format_tells_an_author_what_is_held(planted: Report, name: str) -> None:
    secrets = ["CANARY", "3141", "3,141", "5926", "5,926", "27182818", "27,182,818", *HELD - {"operator-term"}]
    whole = show(planted, name, audience="operator")
    assert "CANARY" in whole
    for share in (False, True):
        text = show(planted, name, audience="author", share=share)
        assert [secret for secret in secrets if secret in text] == []
        assert "held for a check by people" in text.lower()
        assert "Nothing was compared with a list that was loaded." in text
        assert "Not the same was asked of all runs" in text
        assert "no list of it was loaded" not in text
        assert "No case was opened" not in text
        assert "none was opened" not in text


@pytest.mark.parametrize("name", ALL)
def test_an_author_is_still_shown_what_is_not_held(planted: Report, name: str) -> None:
    text = show(planted, name, audience="author", verbose=True)
    assert "no-licence" in text
    assert "hill/green" in text


def test_an_author_without_lists_is_told_that_nothing_was_matched(report: Report) -> None:
    text = show(replace(report, policy=replace(report.policy, lists=())), "json", audience="author")
    assert "no list of it was loaded" in text


def test_the_held_rules_are_those_that_follow_from_lists_and_cases() -> None:
    assert {rule.id for rule in load_policy().rules if is_held(rule)} == HELD


@pytest.mark.parametrize(
    "rule",
    [
        _rule(case="exposed"),
        _rule(params={"wanted": {"exposed": ["x"]}}),
        _rule(params={"left": [{"key": "known_model"}]}),
        _rule(when={"known_content": ()}),
    ],
)
def test_a_rule_of_an_operator_is_held_wherever_it_names_a_list_or_a_case(rule: Rule) -> None:
    assert is_held(rule)
    assert not is_held(_rule(params={"wanted": {"licence": ["x"]}}, when={"task": ()}))


def test_a_subject_has_one_held_finding_as_severe_as_the_severest(planted: Report) -> None:
    seen = make_author_view(planted)
    assert [(one.rule, one.subject, one.severity, str(one.place), one.remark) for one in seen.findings] == [
        ("held-for-review", "hill/green", "warning", "", ""),
        ("no-licence", "hill/green", "note", "README.md:2", ""),
    ]
    assert seen.flagged == {("held-for-review", "FLAGGED", "warning"): 1, ("no-licence", "FLAGGED", "note"): 1}
    assert seen.subjects == {"model": 5}
    assert seen.gaps is not None
    assert list(seen.gaps) == []


def test_what_is_held_and_not_read_does_not_look_read(report: Report) -> None:
    gap = Ref("model", "hill/green"), Gap("weights", "cut off", Place("a.safetensors"))
    seen = make_author_view(replace(report, gaps=(gap,)))
    assert list(seen.gaps) == [gap]


def test_the_rule_of_what_is_held_is_listed_whether_or_not_anything_is_held(report: Report) -> None:
    seen = make_author_view(replace(report, findings=(), flagged={}))
    assert seen.policy.rules[-1] == HELD_RULE
    assert list(seen.findings) == []


def test_authors_are_shown_no_places(report: Report) -> None:
    with pytest.raises(UsageError, match="--places and --audience author cannot be used together"):
        show(report, "csv", audience="author", places=True)


def test_a_report_says_for_whom_it_is(report: Report) -> None:
    whole, seen = (json.loads(show(report, "json", audience=name)) for name in ("operator", "author"))
    assert (whole["audience"], seen["audience"]) == ("operator", "author")
    assert "For authors: what people must check first is only marked as held" in seen["notice"]
    assert "For authors" not in whole["notice"]
