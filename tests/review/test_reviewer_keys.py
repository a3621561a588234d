"""Reviewers' own keys: one key is one reviewer, only its holder signs, and a revoked reviewer records nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.errors import UsageError
from auditor.review import Ledger, reviewers
from auditor.review.ledger_export import export_ledger, restore_ledger
from auditor.review.verify_ledger import verify_ledger
from auditor.sealing.keys import SigningKey
from tests.reviewing import Clock, case_id, create_ledger, decide_case, opening_action

CASE = case_id(1)
KEYS = {name: SigningKey.from_seed(bytes([number]) * 32) for number, name in enumerate(("heron", "wren", "owl"), 1)}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Create a ledger of three reviewers with keys and one without, in which each key is at hand."""
    ledger = create_ledger(tmp_path / "ledger", Clock())
    ledger.record(opening_action(1), opening_action(2))
    for name, key in KEYS.items():
        ledger.enroll(name, key.public)
    ledger.signers.update(KEYS)
    return ledger


def test_two_reviewers_decide_with_their_own_keys(ledger: Ledger) -> None:
    decide_case(ledger, CASE)
    proof = verify_ledger(ledger)
    assert (proof.faults, proof.signed, proof.unsigned) == ((), 3, 0)
    assert proof.signatures == "3 entries of reviewers, each signed with the reviewer's own key"


def test_one_key_cannot_decide_under_two_names(ledger: Ledger) -> None:
    ledger.claim(CASE, "heron")
    ledger.propose(CASE, "heron", "label", why="words")
    ledger.signers["wren"] = KEYS["heron"]
    with pytest.raises(UsageError, match="wren must sign with wren's own key; this key is heron's"):
        ledger.decide(CASE, "wren", "label", why="words")
    with pytest.raises(UsageError, match="finch: this key was enrolled for heron; one key is one reviewer"):
        ledger.enroll("finch", KEYS["heron"].public)
    assert ledger.state(CASE).phase == "proposed"


def test_a_revoked_key_is_not_enrolled_for_another_name(ledger: Ledger) -> None:
    ledger.revoke("heron", why="left")
    with pytest.raises(UsageError, match="this key was enrolled for heron"):
        ledger.enroll("finch", KEYS["heron"].public)


def test_the_key_of_the_ledger_is_no_reviewer(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="this is the ledger's own key"):
        ledger.enroll("finch", ledger.public)


@pytest.mark.parametrize(
    ("name", "message"),
    [("wren", "wren must sign: give the file of wren's own key with --key"), ("finch", "finch has no enrolled key")],
)
def test_an_unsigned_entry_is_refused_once_a_key_is_enrolled(ledger: Ledger, name: str, message: str) -> None:
    ledger.signers.clear()
    with pytest.raises(UsageError, match=message):
        ledger.claim(CASE, name)


def test_a_key_that_is_not_enrolled_is_refused(ledger: Ledger) -> None:
    ledger.signers["wren"] = SigningKey.from_seed(b"\x09" * 32)
    with pytest.raises(UsageError, match="this key is not enrolled"):
        ledger.claim(CASE, "wren")


def test_a_reviewer_enrolls_another_with_a_signature(ledger: Ledger) -> None:
    new = SigningKey.from_seed(b"\x08" * 32)
    ledger.enroll("finch", new.public, by="wren")
    ledger.signers["finch"] = new
    ledger.claim(CASE, "finch")
    assert verify_ledger(ledger).signed == 2


def test_an_entry_from_before_the_first_key_is_said_to_be_unsigned(tmp_path: Path) -> None:
    with create_ledger(tmp_path / "ledger", Clock()) as ledger:
        ledger.record(opening_action(1), opening_action(2))
        decide_case(ledger, CASE)
        ledger.enroll("heron", KEYS["heron"].public)
        ledger.signers.update(KEYS)
        ledger.claim(case_id(2), "heron")
        assert verify_ledger(ledger).signatures.startswith(
            "3 of 4 entries of reviewers are unsigned: whoever could write"
        )


def test_what_a_revoked_reviewer_decided_stays_valid_and_nothing_more_is_taken(ledger: Ledger) -> None:
    decide_case(ledger, CASE)
    ledger.revoke("heron", why="The key was lost.")
    assert [decision.verdict for decision in ledger.decisions_in_force()] == ["de-index"]
    with pytest.raises(UsageError, match="heron was revoked; another reviewer must do this"):
        ledger.claim(case_id(2), "heron")
    assert verify_ledger(ledger).faults == ()


def test_a_case_of_a_revoked_reviewer_is_taken_over_at_once(ledger: Ledger) -> None:
    ledger.claim(CASE, "heron")
    assert ledger.revoke("heron", why="The key was lost.") == (CASE,)
    ledger.claim(CASE, "wren")
    ledger.propose(CASE, "wren", "label", why="words")
    ledger.decide(CASE, "owl", "label", why="words")
    assert verify_ledger(ledger).faults == ()


def test_a_case_that_waits_for_the_second_opinion_goes_on_when_the_first_reviewer_is_revoked(ledger: Ledger) -> None:
    ledger.claim(CASE, "heron")
    ledger.propose(CASE, "heron", "label", why="words")
    ledger.revoke("heron", why="left")
    assert ledger.decide(CASE, "wren", "label", why="words").phase == "approved"


def test_a_reviewer_with_a_new_key_is_still_the_same_reviewer(ledger: Ledger) -> None:
    ledger.claim(CASE, "heron")
    ledger.propose(CASE, "heron", "label", why="words")
    ledger.revoke("heron", why="The key was lost.")
    ledger.enroll("heron", SigningKey.from_seed(b"\x0a" * 32).public)
    ledger.signers["heron"] = SigningKey.from_seed(b"\x0a" * 32)
    with pytest.raises(UsageError, match="heron has given an opinion on it; someone else must give the next"):
        ledger.decide(CASE, "heron", "label", why="words")


def test_a_signature_that_the_holder_of_the_ledgers_key_forged_is_found(ledger: Ledger, tmp_path: Path) -> None:
    """They can write and sign any checkpoint, but not as a reviewer."""
    ledger.claim(CASE, "heron")
    lines: list[str] = []

    class Out:
        write = staticmethod(lines.append)

    export_ledger(ledger, Out)  # type: ignore[arg-type]
    entry = json.loads(lines[-2])
    moved = json.loads(lines[-2].replace(CASE, case_id(2)))
    assert entry["case"] != moved["case"]
    with create_ledger(tmp_path / "other", Clock()) as other:
        other.record(opening_action(1), opening_action(2))
        for name, key in KEYS.items():
            other.enroll(name, key.public)
        from auditor.review.ledger_events import LedgerAction

        with pytest.raises(UsageError, match="the signature of heron is not valid: the entry was changed"):
            other.record(LedgerAction("claimed", case_id(2), "heron", moved["data"]))
    with restore_ledger(iter(lines), tmp_path / "restored", clock=Clock()) as restored:
        assert verify_ledger(restored).signed == 1


@pytest.mark.parametrize(
    "person",
    [
        "PERSON HERON",
        "Person  heron",
        " Personheron",
        "Ｐｅｒｓｏｎ heron",
        "Per\u200bson heron",
        "Person\u3164 heron\ufe0f",
    ],
)
def test_names_that_look_or_sound_the_same_are_one_person(ledger: Ledger, person: str) -> None:
    with pytest.raises(UsageError, match="heron and robin are the same person"):
        reviewers.add_reviewer(ledger.folder, "robin", person)


@pytest.mark.parametrize("name", ["Heron", " heron ", "ＨＥＲＯＮ", "her\u200bon", "he ron"])
def test_pseudonyms_that_look_the_same_are_one(ledger: Ledger, name: str) -> None:
    with pytest.raises(UsageError, match="there is a reviewer heron already"):
        reviewers.add_reviewer(ledger.folder, name, "Somebody Else")


@pytest.mark.parametrize("name", ["h\u0435ron", "her\u03bfn", "h\u00e9ron", "auditor", "h"])
def test_a_pseudonym_with_letters_of_another_script_is_refused_and_named(ledger: Ledger, name: str) -> None:
    with pytest.raises(UsageError, match="is not a valid pseudonym: use 2-32 lower-case letters"):
        reviewers.add_reviewer(ledger.folder, name, "Somebody Else")


def test_a_reviewer_whose_key_is_refused_is_not_added(tmp_path: Path) -> None:
    run = command_line(tmp_path)
    run("init")
    run("keys", "new", "heron", "--out", tmp_path)
    key = ("--public-key", tmp_path / "heron.pub")
    run("reviewers", "add", "heron", "--person", "Person heron", *key)
    refused = run("reviewers", "add", "wren", "--person", "Person wren", *key, code=2)
    assert "wren: this key was enrolled for heron; one key is one reviewer" in refused.output
    assert "wren" not in run("reviewers").output


@pytest.mark.parametrize("person", ["\u200b", " ", "\u3164"])
def test_a_name_of_invisible_letters_is_no_name(ledger: Ledger, person: str) -> None:
    with pytest.raises(UsageError, match="write the person's name"):
        reviewers.add_reviewer(ledger.folder, "robin", person)


def test_the_way_of_a_reviewer_with_a_key_on_the_command_line(tmp_path: Path) -> None:
    run = command_line(tmp_path)
    folder = tmp_path / "ledger"
    run("init")
    for name in ("heron", "wren", "owl"):
        assert f"give {tmp_path / name}.pub to the keeper" in run("keys", "new", name, "--out", tmp_path).output
        run("reviewers", "add", name, "--person", f"Person {name}", "--public-key", tmp_path / f"{name}.pub")
    with Ledger.open(folder) as ledger:
        ledger.record(opening_action(1))
    refused = run("claim", CASE, "--as", "heron", code=2)
    assert "heron must sign: give the file of heron's own key with --key" in refused.output
    run("claim", CASE, "--as", "HERON ", "--key", tmp_path / "heron.key")
    run("propose", CASE, "label", "--as", "heron", "--key", tmp_path / "heron.key", "--why", "words")
    refused = run("decide", CASE, "label", "--as", "wren", "--key", tmp_path / "heron.key", "--why", "words", code=2)
    assert "wren must sign with wren's own key; this key is heron's" in refused.output
    run("decide", CASE, "label", "--as", "wren", "--key", tmp_path / "wren.key", "--why", "words")
    assert "3 entries of reviewers, each signed" in run("verify").output
    assert "wren\trevoked\n" in run("reviewers", "revoke", "wren", "--why", "left").output
    refused = run("reopen", CASE, "--as", "wren", "--key", tmp_path / "wren.key", "--why", "words", code=2)
    assert "wren was revoked" in refused.output


def command_line(tmp_path: Path) -> Callable[..., Result]:
    def run(*args: object, code: int = 0) -> Result:
        env = {"AUDITOR_HOME": str(tmp_path / "home"), "AUDITOR_LEDGER": str(tmp_path / "ledger")}
        result = CliRunner().invoke(main, ["review", *map(str, args)], env=env)
        assert result.exit_code == code, result.output
        return result

    return run
