"""Annotations are what GitHub reads, no text can add one, and no more are written than GitHub shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.model import Finding, Place
from auditor.pipeline.report import Report
from tests.render.test_hostile_text import HOSTILE, with_text_everywhere

Show = Callable[..., str]
# What the runner takes as a command (actions/runner, ActionCommand.cs): a line that begins so.
_COMMAND = re.compile(r"::(error|warning|notice) ([^:\n]*)::(.*)")


def _commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """The annotations of a log, read as the runner reads them."""

    def unescape(value: str) -> str:
        for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            value = value.replace(code, character)
        return value

    found = []
    for line in text.splitlines():
        match = _COMMAND.fullmatch(line)
        assert match, line
        properties = dict(pair.split("=", 1) for pair in match[2].split(",") if pair)
        found.append((match[1], {key: unescape(value) for key, value in properties.items()}, unescape(match[3])))
    return found


def test_a_finding_annotates_its_file_and_line_with_what_the_owner_can_do(
    report: Report, shown: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "100%, a:b.md").write_text("x")
    finding = Finding(
        "no-licence", "model", "o/m", "", "FLAGGED", "warning", "names no licence", Place("100%, a:b.md", 3)
    )
    text = shown(replace(report, targets=("m",), findings=(finding,), gaps=()), "github")
    assert "file=m/100%25%2C a%3Ab.md,line=3,title=no-licence::model o/m: names no licence%0AWhat" in text
    (_, (level, where, message)) = _commands(text)
    assert (level, where) == ("warning", {"file": "m/100%, a:b.md", "line": "3", "title": "no-licence"})
    fix = next(" ".join(rule.fix.split()) for rule in report.policy.rules if rule.id == "no-licence")
    assert message == f"model o/m: names no licence\nWhat the owner can do: {fix}"


def test_a_file_outside_of_the_workspace_is_not_annotated(report: Report, shown: Show, tmp_path: Path) -> None:
    finding = Finding("no-licence", "model", "o/m", "", "FLAGGED", "note", "none", Place("README.md", 3))
    text = shown(replace(report, targets=(str(tmp_path),), findings=(finding,)), "github")
    assert "file=" not in text


def test_no_more_annotations_are_written_than_github_shows_and_the_others_are_counted(
    report: Report, shown: Show
) -> None:
    findings = tuple(
        Finding("no-licence", "model", f"o/{number:02}", "", "FLAGGED", severity, "names no licence")
        for number, severity in enumerate(["error", "warning", "note"] * 15)
    )
    commands = _commands(shown(replace(report, findings=findings), "github"))
    assert Counter(level for level, _, _ in commands) == {"error": 10, "warning": 10, "notice": 10}
    assert commands[-1][2] == "5 error, 6 warning, 7 note more (rules by subjects): see the other reports of this run."
    assert commands[-2][1] == {"title": "auditor: not checked"}
    assert commands[-2][2].startswith("1 × samples: the picture is truncated (a.jpg).")


@pytest.mark.parametrize(
    "text", [*HOSTILE.values(), "a\n::error::x", "::warning::x", "%0A::error::x", "::stop-commands::x"]
)
def test_no_text_adds_a_command(report: Report, shown: Show, text: str) -> None:
    plain = _commands(shown(with_text_everywhere(report, "plain"), "github", audience="operator"))
    hostile = _commands(shown(with_text_everywhere(report, text), "github", audience="operator"))
    assert [level for level, _, _ in hostile] == [level for level, _, _ in plain]
    assert {name for _, properties, _ in hostile for name in properties} <= {"file", "line", "title"}


def test_what_could_not_be_judged_is_a_notice(report: Report, shown: Show) -> None:
    unread = Finding("no-licence", "model", "o/m", "", "UNCHECKED", "note", "the card could not be read")
    commands = _commands(shown(replace(report, findings=(unread,), gaps=()), "github"))
    assert commands[-1][::2] == ("notice", "Unchecked: model o/m: the card could not be read")
