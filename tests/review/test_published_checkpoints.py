"""Published checkpoints and witnesses: growth is proven; rollback, rewriting, forks and wrong clocks are refused."""

from __future__ import annotations

import base64
import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.errors import SealError
from auditor.review import Ledger
from auditor.review.ledger_storage import LEDGER_FILE
from auditor.review.published_checkpoints import (
    CheckpointConflict,
    PublishedCheckpoint,
    parse_published,
    publish_checkpoint,
    witness_checkpoint,
)
from auditor.review.verified_state import MAX_CLOCK_AHEAD_HOURS, VERIFIED_FILE
from auditor.review.verify_ledger import NOT_EXCLUDED, verify_ledger
from auditor.sealing.keys import SigningKey, encode_public_key
from auditor.timestamps import add_time
from tests.review import independent_verifier
from tests.reviewing import Clock, case_id, create_ledger, opening_action

NOW = "2026-11-23T09:00:00Z"
WITNESS = SigningKey.from_seed(b"\7" * 32)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = create_ledger(tmp_path / "ledger", Clock(NOW))
    ledger.record(*(opening_action(number) for number in range(1, 4)))
    return ledger


@pytest.fixture
def review(tmp_path: Path) -> Callable[..., Result]:
    def run(*args: object, code: int = 0, folder: Path | None = None) -> Result:
        env = {"AUDITOR_HOME": str(tmp_path / "home"), "AUDITOR_LEDGER": str(folder or tmp_path / "ledger")}
        result = CliRunner().invoke(main, ["review", *map(str, args)], env=env)
        assert result.exit_code == code, result.output
        return result

    return run


def cosign(ledger: Ledger, state: Path) -> PublishedCheckpoint:
    published = parse_published(publish_checkpoint(ledger).text)
    return witness_checkpoint(published, WITNESS, state, NOW)[0]


def test_a_witness_cosigns_each_checkpoint_that_continues_its_last(ledger: Ledger, tmp_path: Path) -> None:
    for number in range(10, 16):
        cosigned = cosign(ledger, tmp_path / "state")
        proof = verify_ledger(ledger, earlier=cosigned.text, witness=WITNESS.public)
        assert proof.faults == ()
        assert "which the witness cosigned on 2026-11-23T09:00:00Z" in proof.growth
        ledger.record(opening_action(number))
    assert verify_ledger(ledger).growth == NOT_EXCLUDED
    assert "no witness was named" in verify_ledger(ledger, earlier=cosigned.text).growth


def test_an_older_copy_of_the_ledger_is_refused_against_a_witnessed_checkpoint(
    ledger: Ledger, tmp_path: Path, review: Callable[..., Result]
) -> None:
    shutil.copytree(ledger.folder, tmp_path / "old")
    ledger.record(opening_action(9))
    (tmp_path / "kept.txt").write_text(cosign(ledger, tmp_path / "state").text, encoding="utf-8")
    against = ("--checkpoint", tmp_path / "kept.txt", "--witness", encode_public_key(WITNESS.public))
    assert "only added to since the checkpoint of 5 events" in review("verify", *against).stdout
    refused = review("verify", *against, code=1, folder=tmp_path / "old")
    assert "the ledger was rolled back to an older copy, or cut short" in refused.stdout
    assert NOT_EXCLUDED in review("verify", folder=tmp_path / "old").stdout
    with (
        Ledger.open(tmp_path / "old", clock=Clock(NOW)) as old,
        pytest.raises(CheckpointConflict, match=r"has 4 events and the checkpoint of .* had 5: not cosigned"),
    ):
        cosign(old, tmp_path / "state")


def test_a_fork_is_refused_by_verify_and_by_the_witness(
    ledger: Ledger, tmp_path: Path, review: Callable[..., Result]
) -> None:
    shutil.copytree(ledger.folder, tmp_path / "fork")
    ledger.record(opening_action(8))
    (tmp_path / "kept.txt").write_text(cosign(ledger, tmp_path / "state").text, encoding="utf-8")
    with Ledger.open(tmp_path / "fork", clock=Clock(NOW)) as fork:
        fork.record(opening_action(9))
        fork.record(opening_action(10))
        with pytest.raises(CheckpointConflict, match="the ledger was rewritten or forked"):
            witness_checkpoint(publish_checkpoint(fork, [5]), WITNESS, tmp_path / "state", NOW)
    refused = review("verify", "--checkpoint", tmp_path / "kept.txt", code=1, folder=tmp_path / "fork")
    assert "the ledger was rewritten or forked" in refused.stdout


def test_a_checkpoint_that_is_no_proof_says_nothing_against_the_ledger(
    ledger: Ledger, tmp_path: Path, review: Callable[..., Result]
) -> None:
    kept, other = tmp_path / "kept.txt", SigningKey.from_seed(b"\x2a" * 32)
    kept.write_text(cosign(ledger, tmp_path / "state").text, encoding="utf-8")
    refused = review("verify", "--checkpoint", kept, "--witness", encode_public_key(other.public), code=2)
    assert "this witness has not cosigned the checkpoint" in refused.stdout
    assert "not verified, for the reason above; its entries themselves are intact" in refused.stderr
    assert "restore" not in refused.stderr


def test_a_clock_that_was_ahead_is_no_damage(tmp_path: Path, review: Callable[..., Result]) -> None:
    with create_ledger(tmp_path / "ahead", Clock("2099-01-01T00:00:00Z")) as ahead:
        ahead.record(opening_action(1))
    refused = review("verify", code=2, folder=tmp_path / "ahead")
    assert "in the future: the clock was ahead when it was recorded" in refused.stdout
    assert "its entries themselves are intact" in refused.stderr


def test_a_ledger_with_another_key_under_the_same_name_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    kept = cosign(ledger, tmp_path / "state")
    lines = kept.note.split("\n")
    other = SigningKey.from_seed(b"\5" * 32)
    from auditor.review.checkpoints import Checkpoint

    forged = Checkpoint(ledger.origin, int(lines[1]), base64.b64decode(lines[2]), NOW, other.public).sign(other)
    with pytest.raises(CheckpointConflict, match="signed with another key than the checkpoint of"):
        witness_checkpoint(PublishedCheckpoint(forged, {}), WITNESS, tmp_path / "state", NOW)


def test_a_checkpoint_that_the_named_witness_did_not_cosign_is_no_proof(ledger: Ledger, tmp_path: Path) -> None:
    other = SigningKey.from_seed(b"\6" * 32)
    (fault,) = verify_ledger(ledger, earlier=cosign(ledger, tmp_path).text, witness=other.public).faults
    assert "this witness has not cosigned the checkpoint" in str(fault)
    assert not fault.diverged


@pytest.mark.parametrize("line", range(9))
def test_a_checkpoint_changed_in_any_line_is_refused(ledger: Ledger, tmp_path: Path, line: int) -> None:
    cosign(ledger, tmp_path / "state")
    ledger.record(opening_action(9))
    lines = publish_checkpoint(ledger).text.split("\n")
    lines[line] = f"{lines[line]}A" if lines[line] else "A"
    with pytest.raises(SealError):
        witness_checkpoint(parse_published("\n".join(lines)), WITNESS, tmp_path / "state", NOW)


def test_growth_that_is_not_proven_is_asked_for(ledger: Ledger, tmp_path: Path) -> None:
    cosign(ledger, tmp_path / "state")
    ledger.record(opening_action(9))
    with pytest.raises(SealError, match="ask for `auditor review checkpoint --since 4 -o FILE`"):
        witness_checkpoint(PublishedCheckpoint(publish_checkpoint(ledger).note, {}), WITNESS, tmp_path / "state", NOW)


def test_a_witness_needs_a_key_of_its_own(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(SealError, match="has the ledger's own key"):
        witness_checkpoint(publish_checkpoint(ledger), ledger.load_key(), tmp_path, NOW)


def test_a_witness_refuses_a_checkpoint_of_the_future(ledger: Ledger, tmp_path: Path) -> None:
    assert MAX_CLOCK_AHEAD_HOURS == 1
    assert witness_checkpoint(publish_checkpoint(ledger), WITNESS, tmp_path, add_time(NOW, minutes=-59))
    with pytest.raises(SealError, match="the clock of one of the two machines is wrong"):
        witness_checkpoint(publish_checkpoint(ledger), WITNESS, tmp_path, add_time(NOW, minutes=-61))


def test_a_verifier_that_shares_no_code_accepts_what_the_specification_says(ledger: Ledger, tmp_path: Path) -> None:
    first = cosign(ledger, tmp_path)
    ledger.record(*(opening_action(number) for number in range(20, 27)))
    second = cosign(ledger, tmp_path)
    assert independent_verifier.verify(first.text, second.text, WITNESS.public) == "grown from 4 to 11"
    tampered = second.text.replace("old 4 ", "old 5 ", 1)
    assert independent_verifier.verify(first.text, tampered, WITNESS.public) == "no proof from 4"


# A ledger that is broken is neither listed nor claimed from


@pytest.mark.parametrize(
    "command", [("list",), ("claim", case_id(1), "--as", "heron"), ("show", case_id(2)), ("report",)]
)
def test_a_broken_ledger_is_refused_by_what_reads_it(
    ledger: Ledger, review: Callable[..., Result], command: tuple[str, ...]
) -> None:
    ledger.close()
    with closing(sqlite3.connect(ledger.folder / LEDGER_FILE)) as database, database:
        database.execute("UPDATE queue SET rank = 99 WHERE case_id = ?", (case_id(3),))
    refused = review(*command, code=2).output
    assert "the queue's row of case 0000000000000003 differs from its events" in refused
    assert "decide nothing, run `auditor review verify`" in refused


def test_an_older_copy_of_the_file_alone_is_refused_by_what_reads_it(
    ledger: Ledger, tmp_path: Path, review: Callable[..., Result]
) -> None:
    shutil.copy(ledger.folder / LEDGER_FILE, tmp_path / "old")
    ledger.record(opening_action(9))
    ledger.close()
    shutil.copy(tmp_path / "old", ledger.folder / LEDGER_FILE)
    assert "rolled back to an older copy" in review("list", code=2).output
    (ledger.folder / VERIFIED_FILE).unlink()
    assert "3 of 3 cases" in review("list").output


def test_an_event_of_the_future_is_named_until_the_clock_is_corrected(
    tmp_path: Path, review: Callable[..., Result]
) -> None:
    with create_ledger(tmp_path / "ledger", Clock("2101-01-01T00:00:00Z")) as ledger:
        ledger.record(opening_action(1))
    assert "event 1 is of 2101-01-01T00:00:00Z, in the future" in review("list", code=2).output
    assert "event 0: is of 2101-01-01T00:00:00Z, in the future" in review("verify", code=2).output
    review("clock", "--as", "heron", "--why", "The clock was ahead.")
    assert "1 of 1 cases" in review("list").output
    assert "are intact" in review("verify").output


def test_the_digest_of_a_witness_name_is_that_of_its_key(ledger: Ledger, tmp_path: Path) -> None:
    name = cosign(ledger, tmp_path).note.splitlines()[-1].split(" ")[1]
    assert name == f"auditor/witness/{hashlib.sha256(WITNESS.public).hexdigest()[:16]}"
