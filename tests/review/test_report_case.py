"""Report cases: one person restricts, preserves, reports and tells the host; the clock runs from found to reported."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.review import Ledger
from auditor.review.case_view import case_json, case_lines
from auditor.review.report_case import PRESERVE_DAYS, REPORT_WITHIN_HOURS, describe_report_clock, missing_steps
from tests.reviewing import POLICY, Clock, case_id, create_ledger, opening_action

CASE = case_id(1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    with create_ledger(tmp_path / "ledger", clock) as ledger:
        ledger.record(opening_action(1, ground="report"))
        yield ledger


def test_one_person_restricts_preserves_reports_and_tells_the_host(ledger: Ledger, clock: Clock) -> None:
    ledger.record_step(CASE, "heron", "restrict", why="The folder is closed.")
    assert ledger.record_step(CASE, "heron", "preserve", why="Kept as it is.").stage(clock()) == "new"
    clock.advance(hours=2)
    reported = ledger.report(CASE, "heron", "reported", why="To the hotline, reference 7.")
    assert (reported.stage(clock()), missing_steps(reported)) == ("reported", ("tell-host",))
    state = ledger.record_step(CASE, "heron", "tell-host", outcome="not-due", why="We host it ourselves.")
    assert (state.stage(clock()), missing_steps(state)) == ("closed", ())
    assert [(made.step, made.outcome) for made in state.steps] == [
        ("restrict", "done"),
        ("preserve", "done"),
        ("report", "done"),
        ("tell-host", "not-due"),
    ]
    assert list(ledger.decisions()) == []  # so no de-index list can hold it


def test_the_clock_runs_from_found_to_reported_and_says_until_when_to_preserve(ledger: Ledger, clock: Clock) -> None:
    state = ledger.state(CASE)
    assert describe_report_clock(state, clock()) == "found 2026-11-23T08:00:00Z; not reported for 1.0 hours"
    late = clock.advance(hours=23)
    assert describe_report_clock(state, late).endswith("not reported for 24.0 hours, longer than 24")
    state = ledger.report(CASE, "heron", "reported", why="Reference 7.")
    told = describe_report_clock(state, clock.advance(days=3))
    assert told == "found 2026-11-23T08:00:00Z; reported after 24.0 hours; preserve it until 2027-11-24"
    assert (REPORT_WITHIN_HOURS, PRESERVE_DAYS) == (24, 365)


def test_the_host_is_told_only_after_the_report(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="record first that it was reported"):
        ledger.record_step(CASE, "heron", "tell-host", why="Told them.")
    assert ledger.state(CASE).steps == ()


def test_a_step_is_recorded_once_and_only_what_was_not_due_may_be_done_later(ledger: Ledger) -> None:
    ledger.record_step(CASE, "heron", "restrict", outcome="not-due", why="Not ours.")
    ledger.record_step(CASE, "wren", "restrict", why="It is ours after all.")
    with pytest.raises(UsageError, match="wren recorded on 2026-11-23T09:00:00Z that the step restrict is done"):
        ledger.record_step(CASE, "heron", "restrict", why="Again.")
    ledger.report(CASE, "heron", "reported", why="Reference 7.")
    with pytest.raises(UsageError, match=r"heron recorded .* that the step report is done"):
        ledger.report(CASE, "wren", "not-due", why="No.")


@pytest.mark.parametrize("step", ["report", "delete"])
def test_a_step_that_is_none_is_refused(ledger: Ledger, step: str) -> None:
    with pytest.raises(UsageError, match=r"reported|is not a step"):
        ledger.record_step(CASE, "heron", step, why="words")


def test_a_report_case_is_not_decided_on(ledger: Ledger) -> None:
    ledger.claim(CASE, "heron")
    with pytest.raises(UsageError, match="is a report case, which is not decided on"):
        ledger.propose(CASE, "heron", "de-index", why="words")
    with pytest.raises(UsageError, match="is a report case, which is not decided on"):
        ledger.interim(CASE, "heron", why="words")
    with pytest.raises(UsageError, match="heron has claimed it"):
        ledger.report(CASE, "wren", "reported", why="words")


def test_a_case_of_a_model_has_no_steps(ledger: Ledger) -> None:
    ledger.record(opening_action(2))
    with pytest.raises(UsageError, match="has no steps of a report case; its ground is exposed"):
        ledger.record_step(case_id(2), "heron", "restrict", why="words")


def test_a_step_on_a_case_that_changed_since_it_was_seen_is_refused(ledger: Ledger) -> None:
    seen = ledger.state(CASE).last_event
    ledger.report(CASE, "heron", "reported", why="Reference 7.", seen=seen)
    with pytest.raises(UsageError, match=r"has changed since you opened it \(reported by heron\)"):
        ledger.report(CASE, "wren", "not-due", why="No report.", seen=seen)


def test_new_matches_start_the_clock_again_and_keep_what_was_restricted(ledger: Ledger, clock: Clock) -> None:
    ledger.record_step(CASE, "heron", "restrict", why="The folder is closed.")
    ledger.report(CASE, "heron", "reported", why="Reference 7.")
    opened = opening_action(1, ground="report")
    reason = {**opened.data["reasons"][0], "fact": "matches entries of list newer (exact)"}
    found = clock.advance(days=30)
    joined = {**opened.data, "reasons": [reason], "copies": [], "found_at": found}
    ledger.record(type(opened)("joined", CASE, "auditor", joined))
    state = ledger.state(CASE)
    assert (state.phase, state.reported, state.found_at) == ("new", "", found)
    assert missing_steps(state) == ("preserve", "report", "tell-host")


def test_report_cases_come_first_in_the_queue_until_every_step_is_recorded(ledger: Ledger) -> None:
    from auditor.review import QueueQuery

    ledger.record(opening_action(2, "listed", ground="linked"))
    assert [row.ground for row in ledger.queue().rows] == ["report", "linked"]
    ledger.report(CASE, "heron", "not-due", why="Counsel, 23 November.")
    assert [row.stage for row in ledger.queue(QueueQuery(open_to="wren")).rows] == ["reported", "new"]
    for step in ("restrict", "preserve", "tell-host"):
        ledger.record_step(CASE, "heron", step, why="words")
    assert [row.case for row in ledger.queue(QueueQuery(open_to="wren")).rows] == [case_id(2)]


def test_show_says_what_is_to_be_done_and_how_to_draft(ledger: Ledger, clock: Clock) -> None:
    ledger.record_step(CASE, "heron", "restrict", why="The folder is closed.")
    state, events = ledger.blinded_state(CASE), ledger.history(CASE)
    text = "\n".join(case_lines(state, events, POLICY, None, clock()))
    assert "Report case, for one person: found 2026-11-23T08:00:00Z; not reported for 1.0 hours" in text
    assert "done: restrict access to it, without deleting anything (heron, 2026-11-23T09:00:00Z): The folder" in text
    assert "not recorded: report: report it to the hotline or the police" in text
    assert "auditor report RUN --draft hotline" in text
    shown = case_json(state, events, POLICY, None, clock())
    assert (shown["found_at"], shown["missing_steps"]) == ("2026-11-23T08:00:00Z", ["preserve", "report", "tell-host"])
