"""``auditor rules``: lists, explains and tests rules as a user sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main

RULE = """
title = "A tag is stated"
applies = ["model"]
check = "stated"
severity = "warning"
why = "Because."
fix = "Do."
references = ["A text"]
[with]
key = "tag"
fact = "has tag {value}"
[[examples]]
name = "a tag"
states = [{ key = "tag", value = "a" }]
flags = ["has the tag a"]
[[examples]]
name = "none"
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["rules", *arguments])


def test_list_shows_id_severity_and_title() -> None:
    result = run("list")
    assert result.exit_code == 0
    line = next(line for line in result.output.splitlines() if line.startswith("no-licence"))
    assert line.split(maxsplit=2) == ["no-licence", "note", "No licence is named"]


def test_list_shows_the_severities_of_a_profile() -> None:
    lines = run("list", "--profile", "search").output.splitlines()
    assert next(line for line in lines if line.startswith("no-licence")).split()[1] == "off"


def test_list_refuses_a_profile_that_is_not_there() -> None:
    result = run("list", "--profile", "gates")
    assert result.exit_code == 2
    assert "there is no profile 'gates' (did you mean 'gate'?)" in result.output


def test_explain_tells_a_stranger_what_the_rule_is_about() -> None:
    output = run("explain", "trained-on-known-content").output
    headings = [line for line in output.splitlines() if line and not line.startswith(" ")]
    assert headings[0] == "trained-on-known-content: A model was trained on a dataset that matches a known-content list"
    assert headings[1] == "Judges models; opens a case: exposed."
    assert headings[-5:] == ["What it looks at", "How severe it is", "What to do", "Examples", "References"]
    assert "  exposed  its own training data has hits; value the dataset, relation exact or near" in output
    assert "  gate      error" in output
    assert max(len(line) for line in output.splitlines() if "→" not in line) <= 100


def test_explain_suggests_the_nearest_rule() -> None:
    result = run("explain", "no-license")
    assert result.exit_code == 2
    assert "there is no rule 'no-license' (did you mean 'no-licence'?)" in result.output


def test_test_passes_over_the_shipped_rules() -> None:
    result = run("test")
    assert result.exit_code == 0
    assert "0 say something else than they must" in result.output


def test_test_shows_word_for_word_where_an_example_does_not_hold(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(RULE)
    result = run("test", str(tmp_path))
    assert result.exit_code == 1
    assert (
        "ours: a tag\n  --- must say\n  +++ says\n  -flagged: has the tag a\n  +flagged: has tag a\n" in result.output
    )


@pytest.mark.parametrize(("old", "new"), [("title =", "titel ="), ("[with]", "[with")])
def test_test_refuses_a_broken_file(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "ours.toml").write_text(RULE.replace(old, new))
    result = run("test", str(tmp_path))
    assert result.exit_code == 2
    assert f"auditor: {tmp_path / 'ours.toml'}: " in result.output
