"""``auditor terms`` says clear, by reference or not found, where, and what would be clear."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.terms.assess import SUGGESTED_PARAGRAPH
from tests.clauses.shipped import detect_clause


def terms(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["terms", *arguments], input=stdin)


def test_a_clear_text_is_quoted_with_its_line(tmp_path: Path) -> None:
    policy = tmp_path / "policy.md"
    policy.write_text("# Rules\n\nBe kind.\n\nYou may not share child sexual abuse material.\n", "utf-8")
    answer = terms(str(policy))
    assert answer.exit_code == 0
    assert f"{policy}:5: clear: " in answer.output
    assert "“You may not share child sexual abuse material.”" in answer.output
    assert "by the cues: child-abuse, sexual, child, modal-not" in answer.output
    assert "This paragraph would" not in answer.output


@pytest.mark.parametrize(
    ("name", "text", "quoted"),
    [
        ("policy.html", "<ul><li>No spam<li>No child sexual abuse material</ul>", "No child sexual abuse material"),
        ("policy.json", '{"child sexual exploitation": "prohibited"}', "child sexual exploitation: prohibited"),
        ("policy.yaml", "spam: warn\ncsam: prohibited\n", "csam: prohibited"),
        ("rules.txt", "1. no spam\n2. no csam\n", "no csam"),
    ],
)
def test_pages_and_data_are_read(name: str, text: str, quoted: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    answer = terms(str(path))
    assert (answer.exit_code, f"“{quoted}”" in answer.output) == (0, True), answer.output


def test_a_reference_is_not_clear() -> None:
    answer = terms("-", stdin=b"You must comply with the Acceptable Use Policy at https://example.org/aup.\n")
    assert answer.exit_code == 1
    assert (
        "by reference: the text binds its readers to Acceptable Use Policy (https://example.org/aup)" in answer.output
    )
    assert "This paragraph would state it clearly:" in answer.output


def test_a_text_without_it_gets_a_paragraph_that_the_check_finds_clear() -> None:
    answer = terms("-", stdin=b"Be kind to each other, and do not post the same words twice.\n")
    assert answer.exit_code == 1
    assert "<stdin>: not found: " in answer.output
    paragraph = " ".join(answer.output.partition("clearly:")[2].split())
    assert paragraph == SUGGESTED_PARAGRAPH
    assert detect_clause(paragraph).answer == "explicit"
    assert all(detect_clause(sentence).answer == "explicit" for sentence in paragraph.split(". ")[:2])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x00\x01\x02\x03" * 50, "not readable: "),
        (b"  \n ", "not readable: it holds no words"),
        ("Die Nutzer dürfen das Modell nicht verwenden, um andere zu täuschen oder ihnen zu schaden. " * 4, "language"),
        (b"minors. harm. " + b"a b c. " * 200_000, "longer than 1,000,000 characters"),
    ],
)
def test_what_cannot_be_read_is_said(data: bytes | str, why: str) -> None:
    answer = terms("-", stdin=data.encode() if isinstance(data, str) else data)
    assert (answer.exit_code, why in answer.output) == (3, True), answer.output


def test_a_missing_file_is_misuse() -> None:
    assert terms("no-such-file").exit_code == 2


def test_an_operators_cue_counts(tmp_path: Path) -> None:
    folder = tmp_path / "vocabulary"
    folder.mkdir()
    (folder / "clauses.toml").write_text(
        '[[cue]]\nid = "frowned-upon"\nkind = "prohibits-before"\npattern = \'\\bis frowned upon\\b\'\n'
        'examples = ["Sexual content involving minors is frowned upon here."]\n',
        "utf-8",
    )
    text = b"Sexual content involving minors is frowned upon here.\n"
    assert terms("-", stdin=text).exit_code == 1
    answer = terms("-", "--rules", str(tmp_path), stdin=text)
    assert (answer.exit_code, "frowned-upon" in answer.output) == (0, True)
