"""The dates that cases have ahead, as a list and as a calendar."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.review import Ledger
from auditor.review.due_dates import DueDate, calendar_text, due_dates
from auditor.timestamps import add_time
from tests.reviewing import Clock, case_id, create_ledger, decide_case, opening_action

NOW = "2026-11-23T09:00:00Z"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = create_ledger(tmp_path / "ledger", Clock(NOW))
    ledger.record(opening_action(1), opening_action(2), opening_action(3))
    decide_case(ledger, case_id(1))
    ledger.claim(case_id(2), "heron")
    return ledger


def test_the_dates_of_decisions_and_claims_are_listed_in_order(ledger: Ledger) -> None:
    assert due_dates(ledger) == (
        DueDate(add_time(NOW, hours=4), case_id(2), "claim ends"),
        DueDate(add_time(NOW, days=180), case_id(1), "review by"),
        DueDate(add_time(NOW, days=183), case_id(1), "appeal until"),  # DSA, article 20(1): at least six months
        DueDate(add_time(NOW, days=210), case_id(1), "expires"),
    )


def test_an_appeal_that_is_open_waits_from_the_day_it_came(ledger: Ledger) -> None:
    ledger.appeal(case_id(1), "heron", why="words of the owner")
    assert due_dates(ledger)[0] == DueDate(NOW, case_id(1), "appeal waits")


def test_a_calendar_has_an_event_for_each_day_and_names_no_model(ledger: Ledger) -> None:
    text = calendar_text(due_dates(ledger), "auditor/ledger/0123", NOW)
    events = text.split("BEGIN:VEVENT\r\n")
    assert events[0] == "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//auditor//review//EN\r\nCALSCALE:GREGORIAN\r\n"
    assert events[2] == (
        f"UID:{case_id(1)}-review-by@0123\r\nDTSTAMP:20261123T090000Z\r\nDTSTART;VALUE=DATE:20270522\r\n"
        f"SUMMARY:Case {case_id(1)}: review by\r\nEND:VEVENT\r\n"
    )
    assert text.endswith("END:VCALENDAR\r\n")
    assert "atelier" not in text
    assert max(map(len, text.split("\r\n"))) <= 75  # RFC 5545: no line needs to be folded


def test_the_command_writes_both_forms(ledger: Ledger, tmp_path: Path) -> None:
    ledger.close()
    shown = CliRunner().invoke(main, ["review", "calendar", "--ledger", str(tmp_path / "ledger")])
    assert shown.exit_code == 0
    assert f"\t{case_id(1)}\treview by\n" in shown.stdout
    assert "3 dates, " in shown.stderr
    out = tmp_path / "review.ics"
    CliRunner().invoke(
        main, ["review", "calendar", "--format", "ics", "-o", str(out), "--ledger", str(tmp_path / "ledger")]
    )
    assert out.read_text().startswith("BEGIN:VCALENDAR")


def test_a_report_case_is_to_be_reported_and_what_was_reported_is_preserved(tmp_path: Path) -> None:
    clock = Clock(NOW)
    ledger = create_ledger(tmp_path / "reports", clock)
    ledger.record(opening_action(1, ground="report"))
    found = ledger.state(case_id(1)).found_at
    assert due_dates(ledger) == (DueDate(add_time(found, hours=24), case_id(1), "report by"),)
    ledger.report(case_id(1), "heron", "reported", why="Reference 7.")
    assert due_dates(ledger) == (DueDate(add_time(NOW, days=365), case_id(1), "preserve until"),)
