"""Cases that are open for the same reason are found as groups, without reading every case."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.errors import UsageError
from auditor.review import Ledger
from auditor.review.case_groups import parse_group
from auditor.review.ledger_storage import LEDGER_FILE
from auditor.review.queue import QueueQuery
from auditor.review.verify_ledger import verify_ledger
from tests.reviewing import Clock, case_id, create_ledger, decide_case, opening_action

SCENES, STREETS = "exposed:dataset:northlight/scenes", "exposed:dataset:atelier/streets"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Five models of one dataset, two of another, and one report case."""
    clock = Clock()
    with create_ledger(tmp_path / "ledger", clock) as ledger:
        ledger.record(opening_action(1, dataset="northlight/scenes"))
        clock.advance(days=1)
        ledger.record(*(opening_action(number, dataset="northlight/scenes") for number in range(2, 6)))
        ledger.record(*(opening_action(number, dataset="atelier/streets") for number in (6, 7)))
        ledger.record(opening_action(8, name="northlight/scenes", ground="report"))
        yield ledger


def test_groups_name_what_their_cases_share_with_counts_and_age(ledger: Ledger) -> None:
    ledger.claim(case_id(2), "heron")
    ledger.propose(case_id(2), "heron", "label", why="words")
    decide_case(ledger, case_id(3), "no-action")
    found = {str(one.group): (one.cases, one.new, one.proposed, one.oldest) for one in ledger.groups(ground="exposed")}
    assert found == {
        "exposed:list:known-pictures": (6, 5, 1, "2026-11-23T09:00:00Z"),
        SCENES: (4, 3, 1, "2026-11-23T09:00:00Z"),
        STREETS: (2, 2, 0, "2026-11-24T09:00:00Z"),
    }
    assert [str(one.group) for one in ledger.groups(kind="dataset")] == [SCENES, STREETS]


def test_cases_are_filtered_by_dataset_list_rule_and_group(ledger: Ledger) -> None:
    def cases(**asked: object) -> list[str]:
        return sorted(row.case for row in ledger.queue(QueueQuery(**asked)).rows)  # type: ignore[arg-type]

    assert cases(group=parse_group(STREETS)) == [case_id(6), case_id(7)]
    assert cases(shared=("dataset:atelier/streets", "rule:trained-on-known-content")) == [case_id(6), case_id(7)]
    assert cases(shared=("dataset:northlight/scenes",)) == [*map(case_id, (1, 2, 3, 4, 5, 8))]
    assert cases(shared=("list:known-pictures",), opened_before="2026-11-24") == [case_id(1)]
    assert cases(shared=("rule:other",)) == []
    digest = f"{4:064x}"
    assert cases(group=parse_group(f"exposed:weights:sha256:{digest}")) == [case_id(4)]


@pytest.mark.parametrize("text", ["exposed", "report:dataset:a/b", "exposed:rule:x", "exposed:dataset:", "a:b:c", ""])
def test_what_names_no_group_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no group; `auditor review groups` lists them"):
        parse_group(text)


def test_a_ledger_from_before_groups_gets_them_when_it_is_opened(ledger: Ledger, tmp_path: Path) -> None:
    shutil.copytree(ledger.folder, tmp_path / "older")
    with closing(sqlite3.connect(tmp_path / "older" / LEDGER_FILE)) as database:
        database.execute("DROP TABLE case_groups")
    with Ledger.open(tmp_path / "older") as older:
        assert older.groups() == ledger.groups()
        assert verify_ledger(older).faults == ()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE case_groups SET phase = '' WHERE case_id = '0000000000000002'", "differs from its events"),
        ("DELETE FROM case_groups WHERE case_id = '0000000000000002'", "differs from its events"),
        (
            "INSERT INTO case_groups VALUES ('dataset:x', 'exposed', '0000000000000009', 'new', '')",
            "case_groups has rows that no event made",
        ),
    ],
)
def test_a_group_that_no_event_made_is_found(ledger: Ledger, statement: str, message: str) -> None:
    ledger.database.execute(statement)
    assert message in str(verify_ledger(ledger).faults[0])


def test_groups_are_listed_on_the_command_line(ledger: Ledger) -> None:
    def review(*args: str) -> str:
        result = CliRunner().invoke(main, ["review", *args, "--ledger", str(ledger.folder)])
        assert result.exit_code == 0, result.output
        return result.stdout

    first = review("groups").splitlines()[0]
    assert first == "exposed:list:known-pictures\t7\t2026-11-23\t7 new, 0 proposed, 0 disputed"
    assert [row["group"] for row in json.loads(review("groups", "--kind", "dataset", "--json"))] == [SCENES, STREETS]
    assert len(review("list", "--group", STREETS).splitlines()) == 2
    assert len(review("list", "--dataset", "northlight/scenes", "--ground", "report").splitlines()) == 1
