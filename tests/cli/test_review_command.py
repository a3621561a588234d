"""``auditor review`` from the command line: one case from a run to an appeal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.review import Ledger, reviewers
from auditor.review.ledger_events import LedgerAction
from tests.reviewing import POLICY, Clock, case_id, create_ledger, opening_action

CASE = case_id(1)


@pytest.fixture
def review(tmp_path: Path) -> Callable[..., Result]:
    folder = tmp_path / "ledger"

    def run(*args: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, ["review", *args, "--ledger", str(folder)])
        assert result.exit_code == code, result.output
        return result

    return run


def test_a_story_from_the_command_line(tmp_path: Path, review: Callable[..., Result]) -> None:
    with create_ledger(tmp_path / "ledger", Clock("2020-01-01T00:00:00Z")) as ledger:
        ledger.record(LedgerAction("policy", "", reviewers.PROGRAM_ACTOR, POLICY), opening_action(1))
    why = ("--why", "words")
    assert "1 of 1 cases" in review("list").output
    review("claim", CASE, "--as", "heron")
    review("propose", CASE, "de-index", "--as", "heron", *why)
    refused = review("decide", CASE, "de-index", "--as", "heron", *why, code=2)
    assert "someone else must give the next" in refused.output
    assert "is approved: decided by two" in review("decide", CASE, "de-index", "--as", "wren", *why).output
    assert review("draft", CASE, "notice", code=2).output.startswith("auditor: case 0000000000000001: a notice is")
    assert "For reviewers" not in review("show", CASE).output  # the ledger's policy is from before it was recorded
    review("appeal", CASE, "--as", "finch", *why)
    review("decide-appeal", CASE, "overturned", "--as", "owl", *why)
    page = json.loads(review("list", "--json", "--stage", "overturned").output)
    assert [row["case"] for row in page["cases"]] == [CASE]
    assert json.loads(review("report").output)["appeals"]["overturned"] == 1
    assert "events of 1 cases are intact" in review("verify").output


def test_a_ledger_is_made_exported_and_restored(tmp_path: Path, review: Callable[..., Result]) -> None:
    assert "holds no ledger; `auditor review init` makes one" in review("list", code=2).output
    review("init")
    assert review("reviewers", "add", "heron", "--person", "A. Person").output == "heron\n"
    review("checkpoint", "-o", str(tmp_path / "checkpoint.txt"))
    review("export", str(tmp_path / "backup.jsonl"))
    assert "are intact" in review("verify", "--earlier", str(tmp_path / "checkpoint.txt")).output
    restored = CliRunner().invoke(
        main, ["review", "restore", str(tmp_path / "backup.jsonl"), "--ledger", str(tmp_path / "restored")]
    )
    assert "1 events are intact; put signing.key there" in restored.output
    assert Ledger.open(tmp_path / "restored").size == 1
    assert "holds a ledger already" in review("init", code=2).output


def test_verify_exits_2_and_names_the_place(tmp_path: Path, review: Callable[..., Result]) -> None:
    with create_ledger(tmp_path / "ledger", Clock("2020-01-01T00:00:00Z")) as ledger:
        ledger.record(opening_action(1))
        ledger.database.execute("UPDATE queue SET base = 'approved'")
    assert "event 1: the queue's row of case 0000000000000001" in review("verify", code=2).output


def test_every_command_shows_an_example(review: Callable[..., Result]) -> None:
    from auditor.cli.review import command

    for name in command.commands:
        result = CliRunner().invoke(main, ["review", name, "--help"])
        assert f"auditor review {name}" in result.output.split("--help")[-1] or "Example" in result.output, name
