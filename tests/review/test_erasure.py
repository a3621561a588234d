"""Texts can be erased from a ledger for good, and it still verifies; a text that merely went missing is a fault."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.errors import UsageError
from auditor.review import Ledger, reviewers
from auditor.review.erasure import erase_words
from auditor.review.ledger_storage import LEDGER_FILE
from auditor.review.verify_ledger import verify_ledger
from auditor.sealing.keys import SigningKey
from tests.reviewing import Clock, case_id, create_ledger, decide_case, opening_action

CASE = case_id(1)
WORDS = b"The digest is on the list."


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = create_ledger(tmp_path / "ledger", Clock())
    ledger.record(opening_action(1))
    for number, name in enumerate(("heron", "wren"), 1):
        ledger.signers[name] = SigningKey.from_seed(bytes([number]) * 32)
        ledger.enroll(name, ledger.signers[name].public)
    decide_case(ledger, CASE)
    return ledger


def test_an_erased_text_is_gone_from_the_file_and_the_ledger_verifies(ledger: Ledger) -> None:
    before, note = ledger.checkpoint(), ledger.checkpoint_note()
    assert WORDS in (ledger.folder / LEDGER_FILE).read_bytes()
    assert erase_words(ledger, [5], why="asked for") == 1
    assert WORDS not in (ledger.folder / LEDGER_FILE).read_bytes()
    proof = verify_ledger(ledger, earlier=note)
    assert (proof.faults, proof.erased, proof.signed) == ((), 1, 3)
    assert proof.size == before.size + 1
    (decision,) = ledger.decisions_in_force()
    assert (decision.explanation, decision.second_explanation) == ("(erased)", "I compared it too.")


def test_an_entry_without_words_cannot_be_erased(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="entry 1: has no words that can be erased"):
        erase_words(ledger, [1], why="asked for")


def test_a_person_is_erased_by_name_on_the_command_line(ledger: Ledger, tmp_path: Path) -> None:
    ledger.close()
    options = ["--ledger", str(ledger.folder)]
    erased = CliRunner().invoke(main, ["review", "erase", "--person", "PERSON heron", "--why", "asked", *options])
    assert erased.output == "1 texts erased\n"
    assert reviewers.read_reviewers(ledger.folder)["heron"] == "(erased heron)"
    assert WORDS not in (ledger.folder / LEDGER_FILE).read_bytes()
