"""What reviewers see and do on the page, and what they must not see."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest

from auditor.page import wording
from auditor.page.preferences import Preferences, PreferenceStore
from auditor.review import Query, verify_ledger
from auditor.review.ledger import Ledger, LedgerAction
from auditor.review.ledger_storage import LEDGER_FILE
from tests.reviewing import POLICY, case_id, decide_case, opening_action

from .conftest import HOSTILE, ORIGIN, Browser, Office

EXACT, NEAR, LISTED = map(case_id, (1, 2, 3))


def text(page: str) -> str:
    """What a person reads of a page."""
    body = re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body.partition("<main")[2])).split())


def test_two_people_carry_a_case_from_new_to_a_decision_and_through_an_appeal(office: Office) -> None:
    heron, wren, owl = map(office.browser, ("heron", "wren", "owl"))
    assert "Your proposal is recorded" in heron.opine(EXACT, "de-index")
    assert "two people agree" in wren.opine(EXACT, "de-index", "I compared it too.")
    with office.ledger() as ledger:
        ledger.record_listed(ledger.decisions_in_force(), recipient="search", version="1")
    page = heron.see(f"/case/{EXACT}")
    assert "On the list of: search ." in text(page)
    heron.send(page, f"/case/{EXACT}/appeal", why="These are my own pictures.")
    assert "You took part in this case" in text(heron.see(f"/case/{EXACT}"))
    page = owl.see(f"/case/{EXACT}")
    assert "These are my own pictures." in text(page)
    owl.send(page, f"/case/{EXACT}/decide-appeal", outcome="overturned", why="They are.")
    assert "removed" in text(owl.see("/list?to=search")).replace("1 removed", "removed")
    with office.ledger() as ledger:
        assert not list(ledger.decisions_in_force())
        assert verify_ledger.verify_ledger(ledger).faults == ()


def test_a_rehearsal_shows_why_nothing_is_reported_and_no_owner_is_told(office: Office) -> None:
    act = opening_action(4)
    tested = {**act.data["reasons"][0], "test_lists": ["known-pictures"]}
    office.record(replace(act, data={**act.data, "reasons": [tested]}))
    heron, wren = map(office.browser, ("heron", "wren"))
    for number in (1, 4):
        heron.opine(case_id(number), "de-index")
        wren.opine(case_id(number), "de-index")
    real, rehearsal = (heron.see(f"/case/{case_id(number)}") for number in (1, 4))
    assert "rests on list known-pictures, which means `test`: this is a rehearsal" in text(rehearsal)
    assert f'action="/case/{case_id(4)}/report"' not in rehearsal
    assert "this is a rehearsal" not in text(real)
    assert f'action="/case/{case_id(1)}/report"' in real
    with office.ledger() as ledger:  # recorded elsewhere: the owner is still not to be told
        ledger.report(case_id(4), "heron", "not-due", why="words")
    assert "The owner may be told now" not in heron.see(f"/case/{case_id(4)}")


def test_instructions_for_reviewers_and_for_owners_are_shown_apart(office: Office) -> None:
    asked = {**POLICY["rules"][0], "review": "Look at the counts first."}
    page = office.browser("heron")
    assert "For reviewers." not in text(page.see(f"/case/{EXACT}"))  # the policy was recorded without it
    new = {**POLICY, "fingerprint": "1" * 64, "rules": [asked]}
    act = opening_action(4)
    office.record(
        LedgerAction("policy", "", "auditor", new), replace(act, data={**act.data, "policy": new["fingerprint"]})
    )
    assert (
        "For reviewers. Look at the counts first. What the owner is told to do. Train again on a cleaned version, "
        "and say so in the card."
    ) in text(page.see(f"/case/{case_id(4)}"))


def test_the_second_review_is_blind_on_every_page(office: Office) -> None:
    heron, wren = office.browser("heron"), office.browser("wren")
    heron.opine(EXACT, "demote", "An argument that nobody else may read yet.")
    for path in (f"/case/{EXACT}", "/", "/?show=all", "/log", "/list", f"/case/{EXACT}?words=shown"):
        page = text(wren.see(path)).partition("Why, in your words")[0]
        assert "An argument" not in page
        assert "Demote" not in page or "Verdict De-index" in page.replace(" a a search", " a search")
    history = text(wren.see(f"/case/{EXACT}")).partition("History Each")[2]
    assert "not shown until two have spoken" in history
    assert "Demote" not in history
    assert "Demote" in text(heron.see(f"/case/{EXACT}")).partition("Your opinion")[2]


def test_a_proposal_on_fewer_reasons_stays_secret_when_a_new_round_begins(office: Office) -> None:
    heron, wren = office.browser("heron"), office.browser("wren")
    heron.opine(EXACT, "demote", "An argument that nobody else may read yet.")
    reason = dict(opening_action(1).data["reasons"][0], fact="trained on dataset northlight/other")
    joined = {"copies": [], "reasons": [reason], "facts": [], "digests": [], "policy": "0" * 64, "version": "0"}
    office.record(LedgerAction("joined", EXACT, "auditor", joined))
    assert "An argument" not in wren.see(f"/case/{EXACT}")


def test_where_two_differ_a_third_decides_between_their_verdicts(office: Office) -> None:
    heron, wren, owl = map(office.browser, ("heron", "wren", "owl"))
    heron.opine(EXACT, "demote")
    assert "a third person decides" in wren.opine(EXACT, "label", "It is enough.")
    page = owl.see(f"/case/{EXACT}")
    assert {"demote", "label", "interim"} == set(re.findall(r'name="verdict" value="([\w-]+)"', page))
    owl.opine(EXACT, "label", "Agreed.")
    with office.ledger() as ledger:
        assert [decision.verdict for decision in ledger.decisions_in_force()] == ["label"]


def test_a_case_of_near_matches_alone_must_be_confirmed_first(office: Office) -> None:
    heron = office.browser("heron")
    refused = heron.opine(NEAR, "de-index", "My words are kept.", status=422)
    assert "near matches alone" in text(refused)
    assert "My words are kept." in refused
    heron.send(heron.see(f"/case/{NEAR}"), f"/case/{NEAR}/confirm", why="Hotline reference 17.")
    assert "Your proposal is recorded" in heron.opine(NEAR, "de-index")


def test_taking_passing_and_their_undoing_leave_no_decision(office: Office) -> None:
    heron = office.browser("heron")
    page = heron.send(heron.see(f"/case/{EXACT}"), f"/case/{EXACT}/claim")
    assert "yours for four hours" in text(page)
    heron.send(page, f"/case/{EXACT}/release")
    with office.ledger() as ledger:
        before = ledger.size
    page = heron.send(heron.see(f"/case/{EXACT}"), f"/case/{EXACT}/pass")
    assert "Nobody is told" in text(page)
    assert f'href="/case/{EXACT}"' not in page
    assert f'href="/case/{EXACT}"' in heron.see("/?show=passed")
    heron.send(page, f"/case/{EXACT}/take-back")
    assert f'href="/case/{EXACT}"' in heron.see("/")
    with office.ledger() as ledger:
        assert ledger.size == before


def test_a_proposal_can_be_taken_back_until_it_is_decided(office: Office) -> None:
    heron, wren = office.browser("heron"), office.browser("wren")
    page = heron.opine(EXACT, "demote", "A secret until then.")
    assert "Taken back" in text(heron.send(page, f"/case/{EXACT}/withdraw"))
    assert "A secret" not in wren.see(f"/case/{EXACT}")
    wren.opine(EXACT, "de-index")
    assert f"/case/{EXACT}/withdraw" not in heron.see(f"/case/{EXACT}")
    heron.opine(EXACT, "de-index")
    assert f"/case/{EXACT}/withdraw" not in heron.see(f"/case/{EXACT}")


def test_an_opinion_that_disputes_can_be_taken_back_but_not_given_again(office: Office) -> None:
    heron, wren, owl = map(office.browser, ("heron", "wren", "owl"))
    heron.opine(EXACT, "demote", "A secret until then.")
    page = wren.opine(EXACT, "label")
    wren.send(page, f"/case/{EXACT}/withdraw")
    assert "A secret" not in owl.see(f"/case/{EXACT}")
    assert f"/case/{EXACT}/decide" not in wren.see(f"/case/{EXACT}")
    assert "two people agree" in owl.opine(EXACT, "demote")


def test_two_tabs_deciding_at_once_record_one_and_keep_the_words_of_the_other(office: Office) -> None:
    heron = office.browser("heron")
    path = f"/case/{EXACT}"
    tabs = heron.see(path), heron.see(path)
    heron.send(tabs[0], f"{path}/decide", verdict="label", why="First tab.", rule="trained-on-known-content")
    late = heron.send(tabs[1], f"{path}/decide", 409, verdict="demote", why="Second tab.")
    assert "has changed since you looked at it" in text(late)
    with office.ledger() as ledger:
        assert [opinion.why for opinion in ledger.state(EXACT).opinions] == ["First tab."]


def test_two_second_reviewers_at_once_record_one_and_keep_the_words_of_the_other(office: Office) -> None:
    heron, wren, owl = map(office.browser, ("heron", "wren", "owl"))
    heron.opine(EXACT, "label")
    path = f"/case/{EXACT}"
    pages = wren.see(path), owl.see(path)
    wren.send(pages[0], f"{path}/decide", verdict="label", why="One.", rule="trained-on-known-content")
    late = owl.send(pages[1], f"{path}/decide", 409, verdict="label", why="Another.", rule="trained-on-known-content")
    assert "Nothing of yours was recorded" in text(late)


def test_an_opinion_without_words_or_verdict_is_asked_for_again(office: Office) -> None:
    heron = office.browser("heron")
    assert "Say why, in words" in text(heron.opine(EXACT, "label", "   ", 422))
    page = heron.see(f"/case/{EXACT}")
    again = heron.send(page, f"/case/{EXACT}/decide", 422, why="Words that I do not want to type twice.")
    assert "Choose a verdict." in text(again)
    assert "Words that I do not want to type twice." in again


def test_one_reviewer_may_act_at_once_only_where_a_list_or_an_exact_match_says_so(office: Office) -> None:
    heron = office.browser("heron")
    assert 'value="interim"' not in heron.see(f"/case/{NEAR}")
    assert "72 hours at most" in heron.opine(LISTED, "interim")
    with office.ledger() as ledger:
        (decision,) = ledger.decisions_in_force()
    assert (decision.verdict, decision.approver) == ("interim", "")


def test_the_words_of_an_interim_decision_stay_secret_until_two_have_spoken(office: Office) -> None:
    heron, wren = office.browser("heron"), office.browser("wren")
    heron.opine(LISTED, "interim", "An argument that nobody else may read yet.")
    for path in (f"/case/{LISTED}", "/log", "/list"):
        assert "An argument" not in wren.see(path)


def test_filters_narrow_the_queue(office: Office) -> None:
    heron = office.browser("heron")
    cases = {EXACT, NEAR, LISTED}

    def shown(query: str) -> set[str]:
        return set(re.findall(r'<a href="/case/(\w+)" data-stop', heron.see(f"/?{query}")))

    assert shown("") == cases
    assert shown("ground=linked") == {LISTED}
    assert shown("strength=near") == {NEAR}
    assert shown("name=MODEL-2") == {NEAR}
    assert shown("show=mine") == set()
    office.clock.advance(days=8)
    office.record(opening_action(4))
    assert shown("age=7") == cases
    heron.opine(EXACT, "label")
    assert shown("show=mine") == {EXACT}
    assert EXACT not in shown("")
    assert EXACT in set(re.findall(r'<a href="/case/(\w+)" data-stop', office.browser("wren").see("/?stage=proposed")))


def test_a_filter_that_nobody_offered_is_named(office: Office) -> None:
    assert "choose one of linked, exposed" in text(office.browser("heron").see("/?ground=nonsense", 422))
    assert "no place in the queue" in text(office.browser("heron").see("/?after=nonsense", 422))


def test_every_page_of_the_queue_holds_other_cases(office: Office) -> None:
    office.record(*(opening_action(number) for number in range(10, 140)))
    heron = office.browser("heron")
    seen: list[str] = []
    page = heron.see("/")
    while True:
        seen += re.findall(r'<a href="/case/(\w+)" data-stop', page)
        more = re.search(r'href="(/\?[^"]*after=[^"]+)" data-key="n"', page)
        if not more:
            break
        page = heron.see(unescape(more[1]))
    assert len(seen) == len(set(seen)) == 133


def test_hidden_categories_stay_hidden_until_the_reviewer_asks(office: Office) -> None:
    heron = office.browser("heron")
    heron.send(heron.see("/settings"), "/settings", apart="linked", break_minutes="30", keys="1")
    assert LISTED not in heron.see("/")
    assert "You need not open it" in text(heron.see(f"/case/{LISTED}"))
    assert "Why it is open" in text(heron.see(f"/case/{LISTED}?anyway=1"))
    assert LISTED in office.browser("wren").see("/")


def test_strong_words_are_masked_until_asked_for(office: Office) -> None:
    office.record(opening_action(5, name="atelier/NSFW-harbour"))
    heron = office.browser("heron")
    path = f"/case/{case_id(5)}"
    for page in (heron.see(path), heron.see("/")):
        assert "NSFW" not in page
        assert "harbour" in page
    assert "atelier/NSFW-harbour" in heron.see(f"{path}?words=shown")


def test_an_operators_marker_words_are_masked_too(office: Office, tmp_path: Path) -> None:
    (tmp_path / "vocabulary").mkdir()
    (tmp_path / "vocabulary" / "own.toml").write_text('[[term]]\nid = "ours"\nkind = "adult"\nwords = ["teapot"]\n')
    office.service.rules = (tmp_path,)
    office.record(opening_action(5, name="atelier/te4pot-harbour"))
    page = office.browser("heron").see(f"/case/{case_id(5)}")
    assert "te4pot" not in page
    assert "harbour" in page


def test_a_break_is_offered_after_a_while_and_being_away_is_one(office: Office) -> None:
    heron = office.browser("heron")
    for _ in range(6):
        office.ticking.seconds += 9 * 60
        page = heron.see("/")
    assert "You have been here for 54 minutes." in text(page)
    assert "Welcome back" in text(heron.send(page, "/rest"))
    assert "You have been here" not in text(heron.see("/"))
    office.ticking.seconds += 46 * 60
    assert "You have been here" not in text(heron.see("/"))


def test_support_is_in_sight_on_every_page_and_no_page_has_an_image_or_a_link_out(office: Office) -> None:
    heron = office.browser("heron")
    pages = [heron.see(path) for path in ("/", f"/case/{EXACT}", "/log", "/coverage", "/list", "/settings", "/help")]
    pages += [heron.see("/nothing", 404), heron.see("/case/nothing", 404)]
    for page in pages:
        assert "Ask Sam, 555 0100" in page
        assert not re.search(r"<(img|picture|video|audio|iframe|object|embed|link|base)\b|\burl\(|@import", page)
        assert not re.search(r'\b(href|src|action)="(?![/#])', page)


def test_preferences_are_kept_in_a_private_file_and_nothing_else_reads_them(office: Office, tmp_path: Path) -> None:
    heron = office.browser("heron")
    heron.send(heron.see(f"/case/{EXACT}"), f"/case/{EXACT}/pass")
    path = tmp_path / "choices" / "heron.json"
    assert path.stat().st_mode & 0o077 == 0
    assert PreferenceStore.load("heron", path).preferences == Preferences(passed=(EXACT,))


@pytest.mark.parametrize("content", ["", "[]", '{"passed": [1]}', '{"speed": 3}', '{"unmask": "yes"}'])
def test_a_damaged_preferences_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "heron.json"
    path.write_text(content)
    with pytest.raises(Exception, match="remove it to start again"):
        PreferenceStore.load("heron", path)


def test_the_list_to_build_says_what_is_new_changed_and_removed(office: Office) -> None:
    heron = office.browser("heron")
    with office.ledger() as ledger:
        decide_case(ledger, EXACT)
        decide_case(ledger, LISTED)
        ledger.record_listed(ledger.decisions_in_force(), recipient="search", version="1")
        ledger.reopen(EXACT, "heron", why="New facts.")
        decide_case(ledger, EXACT, "label")
        ledger.reopen(LISTED, "heron", why="New facts.")
        decide_case(ledger, LISTED, "no-action")
    page = text(heron.see("/list?to=search"))
    assert "1 removed 0 new 1 changed 0 held back 0 kept" in page
    assert "0 removed 1 new" in text(heron.see("/list?to=another"))


# The ledger under the running page


def test_a_ledger_that_another_program_writes_to_is_waited_for_and_words_are_given_back(office: Office) -> None:
    heron = office.browser("heron")
    page = heron.see(f"/case/{EXACT}")
    other = sqlite3.connect(office.folder / LEDGER_FILE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        busy = heron.send(page, f"/case/{EXACT}/decide", 503, verdict="label", why="Do not lose these words.")
        assert "Nothing is lost" in text(busy)
        assert "Do not lose these words." in busy
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert "Your proposal is recorded" in heron.opine(EXACT, "label")


def tamper(folder: Path, statement: str, *values: object) -> None:
    """Write past the ledger's triggers, as somebody with the file can."""
    with sqlite3.connect(folder / LEDGER_FILE) as database:
        triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            database.execute(f"DROP TRIGGER {name}")
        database.execute(statement, values)
        for _, sql in triggers:
            database.execute(sql)
    database.close()


def test_an_entry_that_was_changed_from_outside_is_not_shown(office: Office) -> None:
    heron = office.browser("heron")
    tamper(
        office.folder, "UPDATE events SET body = replace(body, 'atelier/model-1', 'atelier/model-9') WHERE number = 2"
    )
    for path in (f"/case/{EXACT}", "/log"):
        page = heron.see(path, 500)
        assert "was changed" in text(page)
        assert "model-9" not in page
    page = heron.send(heron.see("/help").replace("/leave", "/log"), "/log", 403)
    assert "made for another visit" in page


def test_a_whole_verification_names_the_entry_that_was_changed(office: Office) -> None:
    heron = office.browser("heron")
    page = heron.see("/log")
    assert "Verified: all 5 entries and 3 cases" in text(heron.send(page, "/log"))
    office.record(*(opening_action(number) for number in range(10, 200)))
    page = heron.see("/log")
    tamper(office.folder, "UPDATE events SET body = replace(body, 'atelier', 'atelieR') WHERE number = 3")
    found = text(heron.send(page, "/log"))
    assert "The ledger is not whole." in found
    assert "event 3" in found


def test_a_ledger_cut_back_rewritten_or_replaced_under_the_page_is_refused(office: Office, tmp_path: Path) -> None:
    older = tmp_path / "older.sqlite"
    shutil.copy(office.folder / LEDGER_FILE, older)
    heron = office.browser("heron")
    heron.opine(EXACT, "label")
    heron.see("/")
    newer = tmp_path / "newer.sqlite"
    shutil.copy(office.folder / LEDGER_FILE, newer)

    shutil.copy(older, office.folder / LEDGER_FILE)
    assert "it was cut back or replaced by an older copy" in text(heron.see("/", 500))

    with office.ledger() as ledger:  # the same key signs another story, as long and longer
        for case in (EXACT, NEAR):
            ledger.claim(case, "wren")
            ledger.propose(case, "wren", "no-action", why="Another story.")
    assert "entries that this page has seen were rewritten" in text(heron.see("/", 500))

    with Ledger.create(tmp_path / "other", clock=office.clock) as other:
        other.record(*(opening_action(number) for number in range(20)))
    shutil.copy(tmp_path / "other" / LEDGER_FILE, office.folder / LEDGER_FILE)
    assert "is another ledger than the one this page began with" in text(heron.see("/", 500))

    (office.folder / LEDGER_FILE).write_bytes(b"not a database" * 100)
    assert "The ledger cannot be relied on" in text(heron.see("/", 500))
    (office.folder / LEDGER_FILE).unlink()
    assert "holds no ledger" in text(heron.see("/", 422))

    shutil.copy(newer, office.folder / LEDGER_FILE)
    assert "2 cases that you can take up" in text(heron.see("/"))


def test_many_requests_at_once_are_answered_by_a_growing_ledger(office: Office) -> None:
    browsers = [office.browser(name) for name in ("heron", "wren", "owl")]
    office.record(*(opening_action(number) for number in range(10, 40)))

    def work(browser: Browser) -> list[int]:
        seen = []
        for number in range(10, 40):
            path = f"/case/{case_id(number)}"
            page = browser.see(path)
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
    with office.ledger() as ledger:
        assert verify_ledger.verify_ledger(ledger).faults == ()


# Text from outside


def test_a_name_of_a_megabyte_is_cut_where_one_sees_it(office: Office) -> None:
    office.record(opening_action(5, name="a/" + "b" * 1_000_000))
    heron = office.browser("heron")
    for path in ("/", f"/case/{case_id(5)}", f"/case/{case_id(5)}?words=shown", "/log"):
        page = heron.see(path)
        assert len(page) < 200_000
    assert "… (1,000,002 characters)" in heron.see(f"/case/{case_id(5)}")


@pytest.mark.slow
def test_no_field_of_an_address_or_a_form_breaks_the_page_or_comes_back_as_markup(office: Office) -> None:
    heron = office.browser("heron")
    path = f"/case/{EXACT}"
    page = heron.see(path)
    token = re.search(rf'action="{path}/decide"><input type="hidden" name="token" value="(\w+)"', page)
    assert token
    for text in HOSTILE:
        told = quote(text, safe="")
        addresses = [f"/?{name}={told}" for name in ("name", "ground", "after", "show", "done", "passed", "words")]
        addresses += [f"/case/{told}", f"/log?before={told}", f"/coverage?run={told}", f"/list?to={told}", f"/{told}"]
        answers = [heron.client.get(address) for address in addresses[:: 1 if text in HOSTILE[:20] else 4]]
        fields = dict.fromkeys(("verdict", "rule", "why", "seen", "review_days", "outcome"), text)
        answers += [heron.client.post(f"{path}/decide", data={**fields, "token": token[1]}, headers={"Origin": ORIGIN})]
        for answer in answers:
            assert answer.status_code < 500, answer.url
            assert text not in answer.text.partition("<body>")[2], answer.url


def test_control_and_bidi_characters_are_shown_as_what_they_are(office: Office) -> None:
    office.record(opening_action(5, name="a/\u202eevil\u200b\x1b[31m\x00"))
    page = office.browser("heron").see(f"/case/{case_id(5)}")
    assert "a/\\u{202e}evil\\u{200b}\\u{1b}[31m\\u{0}" in page
    assert not set("\u202e\u200b\x1b\x00") & set(page)


def test_dates_and_spans_read_as_a_person_says_them() -> None:
    assert wording.readable_time("2026-11-03T09:05:00Z") == "3 November 2026, 09:05 UTC"
    assert wording.relative_time("2026-11-20T09:00:00Z", "2026-11-23T09:00:00Z") == "3 days ago"
    assert wording.relative_time("2026-11-23T10:01:00Z", "2026-11-23T09:00:00Z") == "in 1 hour"
    assert wording.relative_time("2026-11-23T09:00:00Z", "2026-11-23T09:00:20Z") == "just now"


def test_nothing_on_the_page_counts_how_fast_somebody_is(office: Office) -> None:
    heron = office.browser("heron")
    heron.opine(EXACT, "label")
    office.browser("wren").opine(EXACT, "label")
    for path in ("/", "/?show=mine", "/settings", "/log", f"/case/{EXACT}"):
        assert not re.search(r"per (hour|day)|average|rank|score|streak|fastest", text(heron.see(path)))


def test_ledgers_hold_what_the_page_recorded_and_no_more(office: Office) -> None:
    heron = office.browser("heron")
    heron.send(heron.see(f"/case/{EXACT}"), f"/case/{EXACT}/claim")
    with office.ledger() as ledger:
        last = list(ledger.all_events())[-1]
        assert (last.kind, last.actor, last.case) == ("claimed", "heron", EXACT)
        assert json.dumps(dict(last.data)) == '{"until": "2026-11-23T13:00:00Z"}'
        assert ledger.queue(Query(mine="heron")).total == 1


def test_a_message_names_the_reviewer_page_and_not_a_stack(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from starlette.testclient import TestClient

    from auditor.page import app
    from auditor.page.app import application

    def broken(page_request: object) -> None:
        raise RuntimeError("a secret of the program")

    monkeypatch.setattr(app, "help_page", broken)
    client = TestClient(application(office.service), base_url=ORIGIN, raise_server_exceptions=False)
    client.get(office.link("heron"))
    answer = client.get("/help")
    assert answer.status_code == 500
    assert "Tell the makers of auditor" in answer.text
    assert "a secret" not in answer.text
    assert "script-src" in answer.headers["content-security-policy"]
