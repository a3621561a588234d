"""``auditor deindex``: results on stdout, messages on stderr, exit codes as documented."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.review import Ledger, reviewers
from auditor.review.ledger_events import LedgerAction
from auditor.sealing import envelope
from auditor.sealing.keys import SigningKey
from auditor.timestamps import current_time
from tests.reviewing import POLICY, Clock, case_id, create_ledger, opening_action

Command = Callable[..., Result]
HOSTILE = "\x1b]52;c;aGk=\x07\u202e<script>=cmd()"


@pytest.fixture
def deindex(tmp_path: Path) -> Command:
    def run(*args: object, code: int = 0, stdin: str | bytes | None = None) -> Result:
        env = {"AUDITOR_HOME": str(tmp_path / "home"), "AUDITOR_LEDGER": str(tmp_path / "ledger")}
        result = CliRunner().invoke(main, ["deindex", *map(str, args)], input=stdin, env=env)
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture
def cards(tmp_path: Path, deindex: Command) -> tuple[Path, Path]:
    """The cards of a sender, whose keys are in the usual place, and of a recipient, whose keys are in ``keys``."""
    sender = tmp_path / "sender.json"
    sender.write_text(deindex("keys", "hotline").stdout)
    deindex("keys", "search", "--keys", tmp_path / "keys")
    return sender, tmp_path / "keys" / "card.json"


@pytest.fixture
def ledger(tmp_path: Path) -> None:
    """Two decisions, on a model that has an address and on one that has none."""
    clock = Clock(current_time())
    with create_ledger(tmp_path / "ledger", clock) as book:
        book.record(
            LedgerAction("policy", "", reviewers.PROGRAM_ACTOR, POLICY),
            opening_action(1),
            opening_action(2, name=f"models-{HOSTILE}"),
        )
        for number in (1, 2):
            book.claim(case_id(number), "heron")
            book.propose(case_id(number), "heron", "de-index", why=f"={HOSTILE}")
            book.decide(case_id(number), "wren", "de-index", why=f"={HOSTILE}")


def build(deindex: Command, cards: tuple[Path, Path], tmp_path: Path, *options: object, code: int = 3) -> Result:
    return deindex("build", "--recipient", cards[1], "--out", tmp_path / "lists", *options, code=code)


def test_a_list_goes_from_one_to_the_other(
    tmp_path: Path, deindex: Command, cards: tuple[Path, Path], ledger: None
) -> None:
    built = build(deindex, cards, tmp_path)
    path = Path(built.stdout.strip())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "held back: model models-\\u{1b}]52" in built.stderr
    assert "version 1 for search: 1 entries, 0 removals, 1 held back; expires 20" in built.stderr
    side = ("--sender", cards[0])
    told = deindex("verify", path, *side, "--keys", tmp_path / "keys").stdout
    assert told.startswith("version 1 from hotline is in use: 1 entries, 0 removals, issued 20")
    assert deindex("lookup", "atelier/model-1", *side, code=1).stdout.startswith("listed\tatelier/model-1\t")
    assert deindex("lookup", "atelier/model-2", *side).stdout == "not listed\tatelier/model-2\n"
    deindex("lookup", "what is this", *side, code=3)


def test_hostile_lines_are_answered_harmlessly(
    tmp_path: Path, deindex: Command, cards: tuple[Path, Path], ledger: None
) -> None:
    path = build(deindex, cards, tmp_path).stdout.strip()
    deindex("verify", path, "--sender", cards[0], "--keys", tmp_path / "keys")
    lines = ["atelier/model-1", f"https://hf.co/atelier/{HOSTILE}", "x" * 1_000_000, f"={HOSTILE}", "", "  "]
    asked = "\n".join(lines).encode() + b"\n\xff\xfe\n"
    for form in ("lines", "csv", "json"):
        told = deindex("lookup", "-", "--sender", cards[0], "--format", form, stdin=asked, code=1)
        assert not set(told.output) & set("\x1b\x07\u202e\x9b")
        shown = told.stdout.splitlines()
        assert len(shown) == 5 + (form == "csv")
    answers = [json.loads(line)["answer"] for line in shown]
    assert answers == ["listed", "not listed", "unreadable", "unreadable", "unreadable"]


def test_a_table_in_the_open_comes_with_a_warning_and_is_not_on_record(
    tmp_path: Path, deindex: Command, cards: tuple[Path, Path], ledger: None
) -> None:
    path = tmp_path / "patterns.csv"
    told = build(deindex, cards, tmp_path, "--plain-csv", path, code=0)
    assert told.stdout == ""
    assert told.stderr.startswith(f"warning: {path}: lists what should not be found")
    with path.open(newline="", encoding="utf-8") as file:
        assert "hf.co/atelier/model-1/" in {row["pattern"] for row in csv.DictReader(file)}
    assert not (tmp_path / "home" / "deindex" / "sent").exists()


def test_the_ledger_knows_what_is_on_whose_list(
    tmp_path: Path, deindex: Command, cards: tuple[Path, Path], ledger: None
) -> None:
    build(deindex, cards, tmp_path)
    build(deindex, cards, tmp_path, "--delta")
    shown = CliRunner().invoke(main, ["review", "list", "--json", "--ledger", str(tmp_path / "ledger")])
    stages = {row["case"]: row["stage"] for row in json.loads(shown.stdout)["cases"]}
    assert stages == {case_id(1): "listed", case_id(2): "approved"}


def test_a_receipt_goes_back(tmp_path: Path, deindex: Command, cards: tuple[Path, Path], ledger: None) -> None:
    path = build(deindex, cards, tmp_path).stdout.strip()
    theirs = ("--sender", cards[0], "--keys", tmp_path / "keys")
    deindex("verify", path, *theirs)
    receipt = tmp_path / "receipt.json"
    deindex("receipt", *theirs, "--acted", "-", "-o", receipt, stdin="3f de-index 2026-11-22T08:00:00Z\n")
    told = deindex("receipt", "--check", receipt, "--recipient", cards[1], "--record", tmp_path / "ledger").stdout
    assert told.splitlines()[1:] == ["3f\tde-index\t2026-11-22T08:00:00Z"]
    assert "give --sender, -o and one of" in deindex("receipt", *theirs, code=2).stderr


@pytest.mark.parametrize("command", ["build", "verify"])
def test_what_is_not_installed_is_named(
    tmp_path: Path,
    deindex: Command,
    cards: tuple[Path, Path],
    ledger: None,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    monkeypatch.setattr(envelope, "find_spec", lambda name: None if name == "pyrage" else object())
    if command == "build":
        told = build(deindex, cards, tmp_path, code=2)
    else:
        told = deindex("verify", cards[0], "--sender", cards[0], code=2)
    assert "pip install 'provenance-auditor[deindex]'" in told.stderr


def test_a_card_is_shown_again(tmp_path: Path, deindex: Command, cards: tuple[Path, Path]) -> None:
    assert deindex("keys").stdout == cards[0].read_text()
    assert json.loads(deindex("keys", "--keys", tmp_path / "keys").stdout)["name"] == "search"
    assert "keys are never replaced" in deindex("keys", "again", code=2).stderr


def test_a_list_in_use_is_exported_dumped_and_compared(
    tmp_path: Path, deindex: Command, cards: tuple[Path, Path], ledger: None
) -> None:
    path = build(deindex, cards, tmp_path).stdout.strip()
    side = ("--sender", cards[0], "--keys", tmp_path / "keys")
    told = deindex("export", path, *side, "-o", tmp_path / "blocked.txt")
    assert "1 entries; delete it when it expires, " in told.stderr
    assert "https://huggingface.co/" in (tmp_path / "blocked.txt").read_text()
    dumped = deindex("dump", "--sender", cards[0]).stdout
    (tmp_path / "dump.jsonl").write_text(dumped)
    assert deindex("diff", tmp_path / "dump.jsonl", tmp_path / "dump.jsonl").stdout == ""


def test_ones_own_card_is_no_recipient(deindex: Command, cards: tuple[Path, Path], ledger: None) -> None:
    refused = deindex("build", "--recipient", cards[0], code=2)
    assert "hotline: is your own card; a list is built with the card that its recipient gave you" in refused.stderr


def test_a_second_recipient_is_refused_and_not_ignored(
    tmp_path: Path, deindex: Command, cards: tuple[Path, Path], ledger: None
) -> None:
    deindex("keys", "other", "--keys", tmp_path / "other")
    other = tmp_path / "other" / "card.json"
    refused = deindex("build", "--recipient", cards[1], "--recipient", other, "--out", tmp_path / "lists", code=2)
    assert "a list has one recipient: run the command once for each" in refused.stderr
    assert not (tmp_path / "lists").exists()


def test_a_country_is_two_letters(deindex: Command, cards: tuple[Path, Path], ledger: None) -> None:
    refused = deindex("build", "--recipient", cards[1], "--country", "Germany", code=2)
    assert "--country Germany: write the two capital letters of ISO 3166, such as DE" in refused.stderr


def test_a_questioned_entry_opens_its_case_again(
    tmp_path: Path, deindex: Command, cards: tuple[Path, Path], ledger: None
) -> None:
    path = build(deindex, cards, tmp_path).stdout.strip()
    theirs = ("--sender", cards[0], "--keys", tmp_path / "keys")
    deindex("verify", path, *theirs)
    entry = json.loads(deindex("dump", "--sender", cards[0]).stdout.splitlines()[1])["entry"]
    receipt = tmp_path / "receipt.json"
    deindex("receipt", *theirs, "--acted", "-", "-o", receipt, stdin=f"{entry} questioned it was renamed\n")
    checked = ("receipt", "--check", receipt, "--recipient", cards[1], "--record", tmp_path / "ledger")
    asked = deindex(*checked).stderr
    assert f"case {case_id(1)} is questioned: it was renamed" in asked
    assert deindex(*checked, "--as", "heron").stderr == f"case {case_id(1)} is open again\n"
    shown = CliRunner().invoke(main, ["review", "show", case_id(1), "--ledger", str(tmp_path / "ledger")])
    assert "search questions the entry: it was renamed" in shown.output


def test_with_reviewers_own_keys_a_questioned_entry_is_opened_again_by_who_signs(
    tmp_path: Path, deindex: Command, cards: tuple[Path, Path], ledger: None
) -> None:
    path = build(deindex, cards, tmp_path).stdout.strip()
    theirs = ("--sender", cards[0], "--keys", tmp_path / "keys")
    deindex("verify", path, *theirs)
    entry = json.loads(deindex("dump", "--sender", cards[0]).stdout.splitlines()[1])["entry"]
    receipt, key = tmp_path / "receipt.json", SigningKey.create(tmp_path / "heron.key")
    deindex("receipt", *theirs, "--acted", "-", "-o", receipt, stdin=f"{entry} questioned it was renamed\n")
    with Ledger.open(tmp_path / "ledger") as book:
        book.enroll("heron", key.public)
    checked = ("receipt", "--check", receipt, "--recipient", cards[1], "--record", tmp_path / "ledger", "--as", "Heron")
    assert "heron must sign" in deindex(*checked, code=2).stderr
    assert deindex(*checked, "--key", tmp_path / "heron.key").stderr == f"case {case_id(1)} is open again\n"
