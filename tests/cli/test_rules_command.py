"""``auditor rules``: lists, explains and tests rules as a user sees it."""

from __future__ import annotations

import json
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


def test_explain_shows_every_part_of_a_rule() -> None:
    output = run("explain", "trained-on-known-content").output
    headings = [line for line in output.splitlines() if line and not line.startswith(" ")]
    assert headings[0] == "trained-on-known-content: A model was trained on a dataset that matches a known-content list"
    assert headings[1] == "Judges models; opens a case: exposed."
    assert headings[-6:] == [
        "Facts that it reads",
        "Severity in each profile",
        "What the owner can do",
        "For reviewers",
        "Examples",
        "References",
    ]
    assert "  exposed  its own training data has hits computed from bytes; value the dataset" in output
    assert "  gate      error" in output
    assert max(len(line) for line in output.splitlines() if "→" not in line) <= 100


def test_explain_knows_what_stands_in_reports_for_authors() -> None:
    shown = run("explain", "held-for-review").output
    assert shown.startswith("held-for-review: Held for a check by people\n\nSomething about this repository is checked")
    assert "For this, the author need not change anything. The repository waits" in shown


def test_explain_suggests_the_nearest_rule() -> None:
    result = run("explain", "no-license")
    assert result.exit_code == 2
    assert "there is no rule 'no-license' (did you mean 'no-licence'?)" in result.output


def test_the_examples_of_the_shipped_rules_pass() -> None:
    result = run("test")
    assert result.exit_code == 0
    assert "cues, 0 failed" in result.output


def test_a_failed_example_is_shown_word_for_word(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(RULE)
    result = run("test", str(tmp_path))
    assert result.exit_code == 1
    assert (
        "ours: a tag\n  --- expected\n  +++ actual\n  -flagged: has the tag a\n  +flagged: has tag a\n" in result.output
    )


@pytest.mark.parametrize(("old", "new"), [("title =", "titel ="), ("[with]", "[with")])
def test_a_broken_rule_file_is_refused(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "ours.toml").write_text(RULE.replace(old, new))
    result = run("test", str(tmp_path))
    assert result.exit_code == 2
    assert f"auditor: {tmp_path / 'ours.toml'}: " in result.output


@pytest.mark.parametrize("file", ["profiles/ours.toml", "vocabulary/ours.toml"])
def test_a_broken_profile_or_vocabulary_is_refused(tmp_path: Path, file: str) -> None:
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_text("a = 1\n")
    result = run("test", str(tmp_path))
    assert result.exit_code == 2
    assert f"auditor: {tmp_path / file}: " in result.output


def test_confidential_words_become_a_vocabulary_that_finds_them_and_never_says_them(tmp_path: Path) -> None:
    words, key = tmp_path / "words.txt", tmp_path / "rules" / "vocabulary" / "terms.key"
    key.parent.mkdir(parents=True)
    words.write_text("# ours\nterm-7: purple elephant parade\nterm-8: Zebrafinch\n")
    made = run("hash-terms", str(words), "--key", str(key))
    assert (made.exit_code, key.stat().st_mode & 0o777) == (0, 0o600)
    assert "elephant" not in made.output
    (key.parent / "ours.toml").write_text(made.stdout)
    (key.parent / "open.toml").write_text(
        '[[term]]\nid = "open-1"\nkind = "signal"\nwords = ["teapot dome"]\nsource = "ours"\n'
    )
    target = tmp_path / "repository"
    target.mkdir()
    (target / "README.md").write_text(
        "Notes on the Purple  eleph\u200bant parade, z e b r a f i n c h and a te4pot dome."
    )
    report, out = tmp_path / "report.json", tmp_path / "run"
    scanned = CliRunner().invoke(
        main,
        f"scan {target} --rules {tmp_path / 'rules'} --out {out} --format json -o {report} --workers 1".split(),
    )
    assert scanned.exit_code == 0, scanned.output
    found = [finding["fact"] for finding in json.loads(report.read_text())["findings"] if "term" in finding["rule"]]
    assert found == [f"holds {term}, a term of an operator's vocabulary" for term in ("open-1", "term-7", "term-8")]
    for path in [report, *out.rglob("*")]:
        if path.is_file():
            assert not any(word in path.read_bytes().lower() for word in (b"elephant", b"zebrafinch", b"teapot"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no colon here\n", "line 1: write ID: WORDS"),
        ("a: one two three four five six seven eight nine\n", "line 1: 9 words"),
        ("# nothing\n", "there is no term in it"),
    ],
)
def test_a_line_that_cannot_be_hashed_is_named_by_its_number_alone(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "words.txt").write_text(text)
    result = run("hash-terms", str(tmp_path / "words.txt"), "--key", str(tmp_path / "key"))
    assert result.exit_code == 2
    assert message in result.output
    assert "colon here" not in result.output
    assert "five" not in result.output


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("a: one\n")
    (tmp_path / "key").write_text("short")
    assert (
        "shorter than 16 bytes" in run("hash-terms", str(tmp_path / "words.txt"), "--key", str(tmp_path / "key")).output
    )
