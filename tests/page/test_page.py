"""What reviewers see and do on the page, and what they must not see."""

from __future__ import annotations

import re
import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from auditor.errors import UsageError
from auditor.page import readable_times, verification
from auditor.page.preferences import Preferences, PreferenceStore
from auditor.review import verify_ledger
from auditor.review.ledger import Ledger
from auditor.review.ledger_events import LedgerAction
from auditor.review.ledger_storage import LEDGER_FILE
from auditor.review.queue import QueueQuery
from auditor.sealing.keys import SigningKey
from tests.reviewing import POLICY, Clock, case_id, create_ledger, decide_case, opening_action

from .conftest import HOSTILE, ORIGIN, Browser, ReviewApp

EXACT, NEAR, LISTED = map(case_id, (1, 2, 3))


def visible_text(page: str) -> str:
    """What a person reads of a page."""
    body = re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body.partition("<main")[2])).split())


def test_two_people_carry_a_case_from_new_to_a_decision_and_through_an_appeal(app: ReviewApp) -> None:
    heron, wren, owl = map(app.browser, ("heron", "wren", "owl"))
    assert "Your proposal is recorded" in heron.give_opinion(EXACT, "de-index")
    assert "two people agree" in wren.give_opinion(EXACT, "de-index", "I compared it too.")
    with app.ledger() as ledger:
        ledger.record_listed(ledger.decisions_in_force(), recipient="search", version="1")
    page = heron.get(f"/case/{EXACT}")
    assert "On the list of: search ." in visible_text(page)
    heron.submit(page, f"/case/{EXACT}/appeal", why="These are my own pictures.")
    assert "You took part in this case" in visible_text(heron.get(f"/case/{EXACT}"))
    page = owl.get(f"/case/{EXACT}")
    assert "These are my own pictures." in visible_text(page)
    owl.submit(page, f"/case/{EXACT}/decide-appeal", outcome="overturned", why="They are.")
    assert "removed" in visible_text(owl.get("/list?to=search")).replace("1 removed", "removed")
    with app.ledger() as ledger:
        assert not list(ledger.decisions_in_force())
        assert verify_ledger.verify_ledger(ledger).faults == ()


def test_the_owner_is_told_the_outcome_of_the_appeal_and_the_removal_is_proven_on_the_page(app: ReviewApp) -> None:
    path = f"/case/{EXACT}"
    with app.ledger() as ledger:
        decide_case(ledger, EXACT)
        decision = ledger.state(EXACT).in_force[0]
        ledger.record_listed([decision], recipient="search", version="1")
        ledger.appeal(EXACT, "heron", why="The dataset was replaced.")
    heron, owl = app.browser("heron"), app.browser("owl")
    assert "the owner can appeal until" in visible_text(heron.get(path))
    owl.submit(owl.get(path), f"{path}/decide-appeal", outcome="overturned", why="It was replaced in March.")
    page = heron.get(path)
    assert "Outcome: overturned." in page
    assert "Reasons: It was replaced in March." in page
    told = heron.submit(page, f"{path}/tell-outcome")
    assert "the owner was told the outcome of the appeal" in visible_text(told)
    assert f'action="{path}/tell-outcome"' not in heron.get(path)
    with app.ledger() as ledger:
        ledger.record_delisted([EXACT], recipient="search", version="2")
    assert "search: taken off with version 2; not proven" in visible_text(heron.get(path))
    with app.ledger() as ledger:
        ledger.record_receipt(recipient="search", version="1", at="2026-11-23T09:00:00Z", words="none")
        ledger.record_receipt(recipient="other", version="2", at="2026-11-23T09:00:00Z", words="none")
    assert "not proven" in visible_text(heron.get(path))
    with app.ledger() as ledger:
        ledger.record_receipt(recipient="search", version="3", at="2026-11-24T09:00:00Z", words="1 restored")
    assert "proven by its receipt of 2026-11-24T09:00:00Z" in visible_text(heron.get(path))


def submit_step(page: str, path: str, step: str) -> str:
    """The part of a report case's page that holds the form of one step."""
    forms = re.findall(rf'<form method="post" action="{path}/step">.*?</form>', page, re.S)
    return next(form for form in forms if f'name="step" value="{step}"' in form)


def test_one_person_carries_a_report_case_to_reported(app: ReviewApp) -> None:
    app.record(opening_action(9, ground="report"))
    heron, path = app.browser("heron"), f"/case/{case_id(9)}"
    page = heron.get(path)
    assert "found 2026-11-23T08:00:00Z; not reported for 1.0 hours" in visible_text(page)
    assert "whoever is told earlier could warn someone" in visible_text(page)
    for step in ("restrict", "preserve"):
        form = submit_step(heron.get(path), path, step)
        assert "The step is recorded." in heron.submit(form, f"{path}/step", outcome="done", why="It is done.")
    wren = app.browser("wren")
    stale = wren.get(path)
    heron.submit(heron.get(path), f"{path}/report", outcome="reported", why="To the hotline, reference 7.")
    page = heron.get(path)
    assert "reported after 1.0 hours" in visible_text(page)
    heron.submit(submit_step(page, path, "tell-host"), f"{path}/step", outcome="not-due", why="It is ours.")
    with app.ledger() as ledger:
        assert ledger.state(case_id(9)).phase == "closed"
        assert ledger.state(case_id(9)).decisions == ()
    late = wren.submit(stale, f"{path}/report", 409, outcome="not-due", why="Counsel says no.")
    assert "has changed since you opened it" in visible_text(late)


def test_a_rehearsal_shows_why_nothing_is_reported_and_no_owner_is_told(app: ReviewApp) -> None:
    act = opening_action(4)
    tested = {**act.data["reasons"][0], "test_lists": ["known-pictures"]}
    app.record(replace(act, data={**act.data, "reasons": [tested]}))
    heron, wren = map(app.browser, ("heron", "wren"))
    assert visible_text(heron.get("/")).count("a rehearsal: report nothing") == 1
    for number in (1, 4):
        heron.give_opinion(case_id(number), "de-index")
        wren.give_opinion(case_id(number), "de-index")
    real, rehearsal = (heron.get(f"/case/{case_id(number)}") for number in (1, 4))
    assert "depends on list known-pictures, which means `test`: this is a rehearsal" in visible_text(rehearsal)
    assert visible_text(rehearsal).index("A rehearsal:") < visible_text(rehearsal).index("Why it is open")
    assert f'action="/case/{case_id(4)}/report"' not in rehearsal
    assert "this is a rehearsal" not in visible_text(real)
    assert f'action="/case/{case_id(1)}/report"' in real
    with app.ledger() as ledger:  # recorded elsewhere: the owner is still not to be told
        ledger.report(case_id(4), "heron", "not-due", why="words")
    assert "The owner may be told now" not in heron.get(f"/case/{case_id(4)}")


def test_instructions_for_reviewers_and_for_owners_are_shown_apart(app: ReviewApp) -> None:
    rule = {**POLICY["rules"][0], "review": "Look at the counts first."}
    page = app.browser("heron")
    assert "For reviewers." not in visible_text(page.get(f"/case/{EXACT}"))  # the policy was recorded without it
    new = {**POLICY, "fingerprint": "1" * 64, "rules": [rule]}
    act = opening_action(4)
    app.record(
        LedgerAction("policy", "", "auditor", new), replace(act, data={**act.data, "policy": new["fingerprint"]})
    )
    assert (
        "For reviewers. Look at the counts first. Advice to the owner. Train again on a cleaned version, "
        "and say so in the card."
    ) in visible_text(page.get(f"/case/{case_id(4)}"))


def test_the_second_review_is_blind_on_every_page(app: ReviewApp) -> None:
    heron, wren = app.browser("heron"), app.browser("wren")
    heron.give_opinion(EXACT, "demote", "An argument that nobody else may read yet.")
    for path in (f"/case/{EXACT}", "/", "/?show=all", "/log", "/list", f"/case/{EXACT}?words=shown"):
        page = visible_text(wren.get(path)).partition("Your reasons")[0]
        assert "An argument" not in page
        assert "Demote" not in page or "Verdict De-index" in page.replace(" a a search", " a search")
    history = visible_text(wren.get(f"/case/{EXACT}")).partition("History Each")[2]
    assert "not shown until two reviewers have given their opinions" in history
    assert "Demote" not in history
    assert "Demote" in visible_text(heron.get(f"/case/{EXACT}")).partition("Your opinion")[2]


def test_a_proposal_on_fewer_reasons_stays_secret_when_a_new_round_begins(app: ReviewApp) -> None:
    heron, wren = app.browser("heron"), app.browser("wren")
    heron.give_opinion(EXACT, "demote", "An argument that nobody else may read yet.")
    reason = dict(opening_action(1).data["reasons"][0], fact="trained on dataset northlight/other")
    joined = {"copies": [], "reasons": [reason], "facts": [], "digests": [], "policy": "0" * 64, "version": "0"}
    app.record(LedgerAction("joined", EXACT, "auditor", joined))
    assert "An argument" not in wren.get(f"/case/{EXACT}")


def test_where_two_differ_a_third_is_free_to_choose_any_verdict(app: ReviewApp) -> None:
    heron, wren, owl = map(app.browser, ("heron", "wren", "owl"))
    heron.give_opinion(EXACT, "demote")
    assert "another person gives an opinion next, until two agree" in wren.give_opinion(EXACT, "label", "It is enough.")
    page = owl.get(f"/case/{EXACT}")
    offered = set(re.findall(r'name="verdict" value="([\w-]+)"', page))
    assert offered == {"de-index", "demote", "label", "gate", "refer", "no-action", "need-more", "interim"}
    owl.give_opinion(EXACT, "label", "Agreed.")
    with app.ledger() as ledger:
        assert [decision.verdict for decision in ledger.decisions_in_force()] == ["label"]


def test_a_case_of_near_matches_alone_must_be_confirmed_first(app: ReviewApp) -> None:
    heron = app.browser("heron")
    refused = heron.give_opinion(NEAR, "de-index", "My words are kept.", status=422)
    assert "only near matches" in visible_text(refused)
    assert "My words are kept." in refused
    heron.submit(heron.get(f"/case/{NEAR}"), f"/case/{NEAR}/confirm", why="Hotline reference 17.")
    assert "Your proposal is recorded" in heron.give_opinion(NEAR, "de-index")


def test_taking_passing_and_their_undoing_leave_no_decision(app: ReviewApp) -> None:
    heron = app.browser("heron")
    page = heron.submit(heron.get(f"/case/{EXACT}"), f"/case/{EXACT}/claim")
    assert "claimed the case for four hours" in visible_text(page)
    heron.submit(page, f"/case/{EXACT}/release")
    with app.ledger() as ledger:
        before = ledger.size
    page = heron.submit(heron.get(f"/case/{EXACT}"), f"/case/{EXACT}/pass")
    assert "Nobody is informed" in visible_text(page)
    assert f'href="/case/{EXACT}"' not in page
    assert f'href="/case/{EXACT}"' in heron.get("/?show=passed")
    heron.submit(page, f"/case/{EXACT}/take-back")
    assert f'href="/case/{EXACT}"' in heron.get("/")
    with app.ledger() as ledger:
        assert ledger.size == before


def test_a_proposal_can_be_taken_back_until_it_is_decided(app: ReviewApp) -> None:
    heron, wren = app.browser("heron"), app.browser("wren")
    page = heron.give_opinion(EXACT, "demote", "A secret until then.")
    assert "Withdrawn" in visible_text(heron.submit(page, f"/case/{EXACT}/withdraw"))
    assert "A secret" not in wren.get(f"/case/{EXACT}")
    wren.give_opinion(EXACT, "de-index")
    assert f"/case/{EXACT}/withdraw" not in heron.get(f"/case/{EXACT}")
    heron.give_opinion(EXACT, "de-index")
    assert f"/case/{EXACT}/withdraw" not in heron.get(f"/case/{EXACT}")


def test_an_opinion_that_disputes_can_be_taken_back_but_not_given_again(app: ReviewApp) -> None:
    heron, wren, owl = map(app.browser, ("heron", "wren", "owl"))
    heron.give_opinion(EXACT, "demote", "A secret until then.")
    page = wren.give_opinion(EXACT, "label")
    wren.submit(page, f"/case/{EXACT}/withdraw")
    assert "A secret" not in owl.get(f"/case/{EXACT}")
    assert f"/case/{EXACT}/decide" not in wren.get(f"/case/{EXACT}")
    assert "two people agree" in owl.give_opinion(EXACT, "demote")


def test_two_tabs_deciding_at_once_record_one_and_keep_the_words_of_the_other(app: ReviewApp) -> None:
    heron = app.browser("heron")
    path = f"/case/{EXACT}"
    tabs = heron.get(path), heron.get(path)
    heron.submit(tabs[0], f"{path}/decide", verdict="label", why="First tab.", rule="trained-on-known-content")
    late = heron.submit(tabs[1], f"{path}/decide", 409, verdict="demote", why="Second tab.")
    assert "has changed since you opened it" in visible_text(late)
    with app.ledger() as ledger:
        assert [opinion.why for opinion in ledger.state(EXACT).opinions] == ["First tab."]


def test_two_second_reviewers_at_once_record_one_and_keep_the_words_of_the_other(app: ReviewApp) -> None:
    heron, wren, owl = map(app.browser, ("heron", "wren", "owl"))
    heron.give_opinion(EXACT, "label")
    path = f"/case/{EXACT}"
    pages = wren.get(path), owl.get(path)
    wren.submit(pages[0], f"{path}/decide", verdict="label", why="One.", rule="trained-on-known-content")
    late = owl.submit(pages[1], f"{path}/decide", 409, verdict="label", why="Another.", rule="trained-on-known-content")
    assert "Your input was not recorded" in visible_text(late)


def test_an_opinion_without_words_or_verdict_is_asked_for_again(app: ReviewApp) -> None:
    heron = app.browser("heron")
    assert "Give your reasons" in visible_text(heron.give_opinion(EXACT, "label", "   ", 422))
    page = heron.get(f"/case/{EXACT}")
    again = heron.submit(page, f"/case/{EXACT}/decide", 422, why="Words that I do not want to type twice.")
    assert "Choose a verdict." in visible_text(again)
    assert "Words that I do not want to type twice." in again


def test_one_reviewer_may_act_at_once_only_where_a_list_or_an_exact_match_says_so(app: ReviewApp) -> None:
    heron = app.browser("heron")
    assert 'value="interim"' not in heron.get(f"/case/{NEAR}")
    assert "at most 72 hours" in heron.give_opinion(LISTED, "interim")
    with app.ledger() as ledger:
        (decision,) = ledger.decisions_in_force()
    assert (decision.verdict, decision.approver) == ("interim", "")


def test_the_words_of_an_interim_decision_stay_secret_until_two_have_spoken(app: ReviewApp) -> None:
    heron, wren = app.browser("heron"), app.browser("wren")
    heron.give_opinion(LISTED, "interim", "An argument that nobody else may read yet.")
    for path in (f"/case/{LISTED}", "/log", "/list"):
        assert "An argument" not in wren.get(path)


def test_filters_narrow_the_queue(app: ReviewApp) -> None:
    heron = app.browser("heron")
    cases = {EXACT, NEAR, LISTED}

    def shown_cases(query: str) -> set[str]:
        return set(re.findall(r'<a href="/case/(\w+)" data-stop', heron.get(f"/?{query}")))

    assert shown_cases("") == cases
    assert shown_cases("ground=linked") == {LISTED}
    assert shown_cases("strength=near") == {NEAR}
    assert shown_cases("name=MODEL-2") == {NEAR}
    assert shown_cases("show=mine") == set()
    app.clock.advance(days=8)
    app.record(opening_action(4))
    assert shown_cases("age=7") == cases
    heron.give_opinion(EXACT, "label")
    assert shown_cases("show=mine") == {EXACT}
    assert EXACT not in shown_cases("")
    assert EXACT in set(re.findall(r'<a href="/case/(\w+)" data-stop', app.browser("wren").get("/?stage=proposed")))


def test_a_filter_that_nobody_offered_is_named(app: ReviewApp) -> None:
    assert "choose one of linked, exposed, report" in visible_text(app.browser("heron").get("/?ground=nonsense", 422))
    assert "not a value that --after accepts" in visible_text(app.browser("heron").get("/?after=nonsense", 422))


def test_every_page_of_the_queue_holds_other_cases(app: ReviewApp) -> None:
    app.record(*(opening_action(number) for number in range(10, 140)))
    heron = app.browser("heron")
    seen: list[str] = []
    page = heron.get("/")
    while True:
        seen += re.findall(r'<a href="/case/(\w+)" data-stop', page)
        more = re.search(r'href="(/\?[^"]*after=[^"]+)" data-key="n"', page)
        if not more:
            break
        page = heron.get(unescape(more[1]))
    assert len(seen) == len(set(seen)) == 133


def test_hidden_categories_stay_hidden_until_the_reviewer_asks(app: ReviewApp) -> None:
    heron = app.browser("heron")
    heron.submit(heron.get("/settings"), "/settings", apart="linked", break_minutes="30", keys="1")
    assert LISTED not in heron.get("/")
    assert "You do not have to open it" in visible_text(heron.get(f"/case/{LISTED}"))
    assert "Why it is open" in visible_text(heron.get(f"/case/{LISTED}?anyway=1"))
    assert LISTED in app.browser("wren").get("/")


def test_strong_words_are_masked_until_asked_for(app: ReviewApp) -> None:
    app.record(opening_action(5, name="atelier/NSFW-harbour"))
    heron = app.browser("heron")
    path = f"/case/{case_id(5)}"
    for page in (heron.get(path), heron.get("/")):
        assert "NSFW" not in page
        assert "harbour" in page
    assert "atelier/NSFW-harbour" in heron.get(f"{path}?words=shown")


def test_an_operators_marker_words_are_masked_too(app: ReviewApp, tmp_path: Path) -> None:
    (tmp_path / "vocabulary").mkdir()
    (tmp_path / "vocabulary" / "own.toml").write_text('[[term]]\nid = "ours"\nkind = "adult"\nwords = ["teapot"]\n')
    app.service.rules = (tmp_path,)
    app.record(opening_action(5, name="atelier/te4pot-harbour"))
    page = app.browser("heron").get(f"/case/{case_id(5)}")
    assert "te4pot" not in page
    assert "harbour" in page


def test_a_break_is_offered_after_a_while_and_being_away_is_one(app: ReviewApp) -> None:
    heron = app.browser("heron")
    for _ in range(6):
        app.monotonic.seconds += 9 * 60
        page = heron.get("/")
    assert "You have worked for 54 minutes without a break." in visible_text(page)
    assert "Welcome back" in visible_text(heron.submit(page, "/rest"))
    assert "You have been here" not in visible_text(heron.get("/"))
    app.monotonic.seconds += 46 * 60
    assert "You have been here" not in visible_text(heron.get("/"))


def test_support_is_in_sight_on_every_page_and_no_page_has_an_image_or_a_link_out(app: ReviewApp) -> None:
    heron = app.browser("heron")
    pages = [heron.get(path) for path in ("/", f"/case/{EXACT}", "/log", "/coverage", "/list", "/settings", "/help")]
    pages += [heron.get("/nothing", 404), heron.get("/case/nothing", 404)]
    for page in pages:
        assert "Ask Sam, 555 0100" in page
        assert not re.search(r"<(img|picture|video|audio|iframe|object|embed|link|base)\b|\burl\(|@import", page)
        assert not re.search(r'\b(href|src|action)="(?![/#])', page)


def test_preferences_are_kept_in_a_private_file_and_nothing_else_reads_them(app: ReviewApp, tmp_path: Path) -> None:
    heron = app.browser("heron")
    heron.submit(heron.get(f"/case/{EXACT}"), f"/case/{EXACT}/pass")
    path = tmp_path / "choices" / "heron.json"
    assert path.stat().st_mode & 0o077 == 0
    assert PreferenceStore.load("heron", path).preferences == Preferences(passed=(EXACT,))


@pytest.mark.parametrize("content", ["", "[]", '{"passed": [1]}', '{"speed": 3}', '{"unmask": "yes"}'])
def test_a_damaged_preferences_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "heron.json"
    path.write_text(content)
    with pytest.raises(Exception, match="remove it to start again"):
        PreferenceStore.load("heron", path)


def test_the_list_to_build_says_what_is_new_changed_and_removed(app: ReviewApp) -> None:
    heron = app.browser("heron")
    with app.ledger() as ledger:
        decide_case(ledger, EXACT)
        decide_case(ledger, LISTED)
        ledger.record_listed(ledger.decisions_in_force(), recipient="search", version="1")
        ledger.reopen(EXACT, "heron", why="New facts.")
        decide_case(ledger, EXACT, "label")
        ledger.reopen(LISTED, "heron", why="New facts.")
        decide_case(ledger, LISTED, "no-action")
    page = visible_text(heron.get("/list?to=search"))
    assert "1 removed 0 new 1 changed 0 held back 0 kept" in page
    assert "0 removed 1 new" in visible_text(heron.get("/list?to=another"))


# The ledger under the running page


def test_a_ledger_that_another_program_writes_to_is_waited_for_and_words_are_given_back(
    app: ReviewApp,
) -> None:
    heron = app.browser("heron")
    page = heron.get(f"/case/{EXACT}")
    other = sqlite3.connect(app.folder / LEDGER_FILE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        busy = heron.submit(page, f"/case/{EXACT}/decide", 503, verdict="label", why="Do not lose these words.")
        assert "Nothing is lost" in visible_text(busy)
        assert "Do not lose these words." in busy
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert "Your proposal is recorded" in heron.give_opinion(EXACT, "label")


def tamper_with_ledger(folder: Path, statement: str, *values: object) -> None:
    """Write past the ledger's triggers, as somebody with the file can."""
    with sqlite3.connect(folder / LEDGER_FILE) as database:
        triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            database.execute(f"DROP TRIGGER {name}")
        database.execute(statement, values)
        for _, sql in triggers:
            database.execute(sql)
    database.close()


def test_an_entry_that_was_changed_from_outside_is_not_shown(app: ReviewApp) -> None:
    heron = app.browser("heron")
    tamper_with_ledger(
        app.folder,
        "UPDATE events SET body = replace(body, 'atelier/model-1', 'atelier/model-9') WHERE number = 2",
    )
    for path in (f"/case/{EXACT}", "/log"):
        page = heron.get(path, 500)
        assert "was changed" in visible_text(page)
        assert "model-9" not in page
    page = heron.submit(heron.get("/help").replace("/leave", "/log"), "/log", 403)
    assert "belongs to another session" in page


def test_a_whole_verification_names_the_entry_that_was_changed(app: ReviewApp) -> None:
    heron = app.browser("heron")
    page = heron.get("/log")
    assert "Verified: all 5 entries and 3 cases" in visible_text(heron.submit(page, "/log"))
    app.record(*(opening_action(number) for number in range(10, 200)))
    page = heron.get("/log")
    tamper_with_ledger(app.folder, "UPDATE events SET body = replace(body, 'atelier', 'atelieR') WHERE number = 3")
    found = visible_text(heron.submit(page, "/log"))
    assert "The ledger was changed or is damaged." in found
    assert "event 3" in found


def test_a_ledger_cut_back_rewritten_or_replaced_under_the_page_is_refused(app: ReviewApp, tmp_path: Path) -> None:
    older = tmp_path / "older.sqlite"
    shutil.copy(app.folder / LEDGER_FILE, older)
    heron = app.browser("heron")
    heron.give_opinion(EXACT, "label")
    heron.get("/")
    newer = tmp_path / "newer.sqlite"
    shutil.copy(app.folder / LEDGER_FILE, newer)

    shutil.copy(older, app.folder / LEDGER_FILE)
    assert "it was cut back or replaced by an older copy" in visible_text(heron.get("/", 500))

    with app.ledger() as ledger:  # the same key signs another story, as long and longer
        for case in (EXACT, NEAR):
            ledger.claim(case, "wren")
            ledger.propose(case, "wren", "no-action", why="Another story.")
    assert "entries that this page has seen were rewritten" in visible_text(heron.get("/", 500))

    with Ledger.create(tmp_path / "other", clock=app.clock) as other:
        other.record(*(opening_action(number) for number in range(20)))
    shutil.copy(tmp_path / "other" / LEDGER_FILE, app.folder / LEDGER_FILE)
    assert "is not the ledger that this page was started with" in visible_text(heron.get("/", 500))

    (app.folder / LEDGER_FILE).write_bytes(b"not a database" * 100)
    assert "The ledger failed verification" in visible_text(heron.get("/", 500))
    (app.folder / LEDGER_FILE).unlink()
    assert "holds no ledger" in visible_text(heron.get("/", 422))

    shutil.copy(newer, app.folder / LEDGER_FILE)
    assert "2 cases that you can claim" in visible_text(heron.get("/"))


def test_many_requests_at_once_are_answered_by_a_growing_ledger(app: ReviewApp) -> None:
    browsers = [app.browser(name) for name in ("heron", "wren", "owl")]
    app.record(*(opening_action(number) for number in range(10, 40)))

    def work(browser: Browser) -> list[int]:
        seen = []
        for number in range(10, 40):
            path = f"/case/{case_id(number)}"
            page = browser.get(path)
            if f'action="{path}/claim"' in page:
                token = re.search(rf'action="{path}/claim">.*?name="token" value="(\w+)"', page, re.S)
                assert token
                answer = browser.client.post(f"{path}/claim", data={"token": token[1]}, headers={"Origin": ORIGIN})
                seen.append(answer.status_code)
        return seen

    with ThreadPoolExecutor(3) as pool:
        answers = [status for seen in pool.map(work, browsers) for status in seen]
    assert answers.count(200) == 30
    assert set(answers) <= {200, 409, 422}
    with app.ledger() as ledger:
        assert verify_ledger.verify_ledger(ledger).faults == ()


# Text from outside


def test_a_name_of_a_megabyte_is_cut_where_one_sees_it(app: ReviewApp) -> None:
    app.record(opening_action(5, name="a/" + "b" * 1_000_000))
    heron = app.browser("heron")
    for path in ("/", f"/case/{case_id(5)}", f"/case/{case_id(5)}?words=shown", "/log"):
        page = heron.get(path)
        assert len(page) < 200_000
    assert "… (1,000,002 characters)" in heron.get(f"/case/{case_id(5)}")


@pytest.mark.slow
def test_no_field_of_an_address_or_a_form_breaks_the_page_or_comes_back_as_markup(app: ReviewApp) -> None:
    heron = app.browser("heron")
    path = f"/case/{EXACT}"
    page = heron.get(path)
    token = re.search(rf'action="{path}/decide"><input type="hidden" name="token" value="(\w+)"', page)
    assert token
    for text in HOSTILE:
        quoted = quote(text, safe="")
        addresses = [f"/?{name}={quoted}" for name in ("name", "ground", "after", "show", "done", "passed", "words")]
        addresses += [
            f"/case/{quoted}",
            f"/log?before={quoted}",
            f"/coverage?run={quoted}",
            f"/list?to={quoted}",
            f"/{quoted}",
        ]
        answers = [heron.client.get(address) for address in addresses[:: 1 if text in HOSTILE[:20] else 4]]
        fields = dict.fromkeys(("verdict", "rule", "why", "seen", "review_days", "outcome"), text)
        answers += [heron.client.post(f"{path}/decide", data={**fields, "token": token[1]}, headers={"Origin": ORIGIN})]
        for answer in answers:
            assert answer.status_code < 500, answer.url
            assert text not in answer.text.partition("<body>")[2], answer.url


def test_control_and_bidi_characters_are_shown_as_what_they_are(app: ReviewApp) -> None:
    app.record(opening_action(5, name="a/\u202eevil\u200b\x1b[31m\x00"))
    page = app.browser("heron").get(f"/case/{case_id(5)}")
    assert "a/\\u{202e}evil\\u{200b}\\u{1b}[31m\\u{0}" in page
    assert not set("\u202e\u200b\x1b\x00") & set(page)


def test_dates_and_spans_read_as_a_person_says_them() -> None:
    assert readable_times.readable_time("2026-11-03T09:05:00Z") == "3 November 2026, 09:05 UTC"
    assert readable_times.relative_time("2026-11-20T09:00:00Z", "2026-11-23T09:00:00Z") == "3 days ago"
    assert readable_times.relative_time("2026-11-23T10:01:00Z", "2026-11-23T09:00:00Z") == "in 1 hour"
    assert readable_times.relative_time("2026-11-23T09:00:00Z", "2026-11-23T09:00:20Z") == "just now"


def test_nothing_on_the_page_counts_how_fast_somebody_is(app: ReviewApp) -> None:
    heron = app.browser("heron")
    heron.give_opinion(EXACT, "label")
    app.browser("wren").give_opinion(EXACT, "label")
    for path in ("/", "/?show=mine", "/settings", "/log", f"/case/{EXACT}"):
        assert not re.search(r"per (hour|day)|average|rank|score|streak|fastest", visible_text(heron.get(path)))


def test_ledgers_hold_what_the_page_recorded_and_no_more(app: ReviewApp) -> None:
    heron = app.browser("heron")
    heron.submit(heron.get(f"/case/{EXACT}"), f"/case/{EXACT}/claim")
    with app.ledger() as ledger:
        last = list(ledger.all_events())[-1]
        assert (last.kind, last.actor, last.case) == ("claimed", "heron", EXACT)
        assert {key: value for key, value in last.data.items() if key != "name_salt"} == {
            "until": "2026-11-23T13:00:00Z"
        }
        assert ledger.queue(QueueQuery(mine="heron")).total == 1


def test_a_message_names_the_reviewer_page_and_not_a_stack(app: ReviewApp, monkeypatch: pytest.MonkeyPatch) -> None:
    from starlette.testclient import TestClient

    from auditor.page import app as page_app
    from auditor.page.app import application

    def broken(page_request: object) -> None:
        raise RuntimeError("a secret of the program")

    monkeypatch.setattr(page_app, "help_page", broken)
    client = TestClient(application(app.service), base_url=ORIGIN, raise_server_exceptions=False)
    client.get(app.link("heron"))
    answer = client.get("/help")
    assert answer.status_code == 500
    assert "report it to the developers of auditor" in answer.text
    assert "a secret" not in answer.text
    assert "script-src" in answer.headers["content-security-policy"]


# Reviewers' own keys


def test_serve_signs_with_the_reviewers_own_key_and_refuses_another(tmp_path: Path) -> None:
    from auditor.page.server import create_service

    keys = {name: SigningKey.create(tmp_path / f"{name}.key") for name in ("heron", "wren")}
    with create_ledger(tmp_path / "ledger", Clock()) as ledger:
        ledger.record(LedgerAction("policy", "", "auditor", POLICY), opening_action(1))
        for name, key in keys.items():
            ledger.enroll(name, key.public)
    folder, home = tmp_path / "ledger", tmp_path / "home"
    for files in ((), (tmp_path / "wren.key",)):
        with pytest.raises(UsageError, match="heron: this ledger takes only signed entries: give heron's own key"):
            create_service(folder, ["heron"], keys=files, home=home, clock=Clock())
    service, listening = create_service(folder, ["heron"], keys=[tmp_path / "heron.key"], home=home, clock=Clock())
    listening.close()
    with service.ledger_session.open_ledger() as ledger:
        ledger.claim(case_id(1), "heron")
        assert verify_ledger.verify_ledger(ledger).signed == 1
        ledger.revoke("heron", why="left")
        with pytest.raises(UsageError, match="heron was revoked"):
            ledger.claim(case_id(1), "heron")


def test_a_long_verification_says_how_far_it_is_and_then_what_it_found(
    app: ReviewApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    half, go_on = threading.Event(), threading.Event()

    def slow(ledger: Ledger, *, progress: Any, **given: Any) -> Any:
        progress(50, 200)
        half.set()
        assert go_on.wait(10)
        return verify_ledger.verify_ledger(ledger, **given)

    monkeypatch.setattr(verification, "verify_ledger", slow)
    monkeypatch.setattr(verification, "SECONDS_BEFORE_PROGRESS", 0)
    heron, wren = app.browser("heron"), app.browser("wren")
    waiting = heron.submit(heron.get("/log"), "/log")
    assert half.wait(10)
    waiting = heron.get("/log?verification=1")
    assert "The ledger is being verified: 25%." in visible_text(waiting)
    assert '<meta http-equiv="refresh" content="2">' in waiting
    refused = wren.submit(wren.get("/log"), "/log", 422)
    assert "Wait until that has ended" in visible_text(refused)
    assert "Your proposal is recorded" in wren.give_opinion(EXACT, "label")  # the page goes on answering
    go_on.set()
    assert app.service.verifier.last
    app.service.verifier.last.thread.join(10)  # type: ignore[union-attr]
    done = heron.get("/log?verification=1")
    assert "Verified: all 7 entries" in visible_text(done)
    assert "http-equiv" not in done
