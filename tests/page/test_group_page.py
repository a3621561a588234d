"""Groups of like cases on the page: what is read of each, what a decision takes with it, and that no words are lost."""

from __future__ import annotations

import re

import pytest

from auditor.page.messages import without_commands
from auditor.review import check_cases
from auditor.review.case_groups import parse_group
from auditor.review.ledger_events import LedgerAction
from tests.reviewing import POLICY, case_id, opening_action

from .conftest import ORIGIN, Browser, ReviewApp
from .test_page import visible_text

SCENES = parse_group("exposed:dataset:northlight/scenes")
SHARED = "a" * 64
WHY = "Each card names the dataset."


@pytest.fixture
def grouped(app: ReviewApp) -> ReviewApp:
    """Add five models of one dataset, of which two have a weights file in common."""
    actions = [opening_action(number, dataset="northlight/scenes") for number in range(11, 16)]
    for action in actions[:2]:
        action.data["digests"].append({"algorithm": "sha256", "value": SHARED})
    app.record(*actions)
    return app


def group_path(browser: Browser, name: str = "northlight/scenes") -> str:
    found = re.search(rf'<a href="(/group/\w+)" data-stop><bdi>{name}</bdi></a>', browser.get("/groups"))
    assert found, f"no group {name}"
    return found[1]


def decide(
    browser: Browser, path: str, verdict: str = "gate", cases: tuple[str, ...] = (), status: int = 200, **fields: str
) -> str:
    """Send the form of a group with these cases ticked; () are all that are shown."""
    page = browser.get(path)
    shown = re.findall(r'name="shown" value="(\w+)"', page)
    hidden = dict(re.findall(r'<input type="hidden" name="(token|seen|show|after|next)" value="([^"]*)">', page))
    given = {"act": "decide", "verdict": verdict, "scope": "page", "why": WHY, **fields}
    data = {**hidden, **given, "shown": shown, "case": list(cases or shown)}
    answer = browser.client.post(path, data=data, headers={"Origin": ORIGIN})
    assert answer.status_code == status, answer.text[-2000:]
    return answer.text


def test_two_people_decide_a_group_on_the_page(grouped: ReviewApp) -> None:
    heron, wren = grouped.browser("heron"), grouped.browser("wren")
    path = group_path(heron)
    shown = visible_text(heron.get(path))
    assert "5 for first opinions" in shown
    assert "which matches entries of a known-content list ( 1 of 12 samples; list known-pictures )" in shown
    # 5 repositories, 3 hosts and 4 paths of a model in rules/vocabulary/hubs.toml
    assert "take with them 5 repositories, re-uploads included: about 60 addresses" in shown
    taken = tuple(map(case_id, (11, 12, 13, 14)))
    assert "Gate is recorded on 4 cases: now second review" in visible_text(decide(heron, path, cases=taken))
    assert WHY not in wren.get(f"{path}?show=second")
    assert "Gate is recorded on 4 cases: now approved" in visible_text(decide(wren, f"{path}?show=second"))
    with grouped.ledger() as ledger:
        assert ledger.state(case_id(15)).phase == "new"
        assert ledger.state(case_id(11)).in_force[0].approver == "wren"


def test_all_pages_of_a_group_are_meant_but_what_was_unticked(grouped: ReviewApp) -> None:
    grouped.record(*(opening_action(number, dataset="northlight/scenes") for number in range(100, 160)))
    heron = grouped.browser("heron")
    path = group_path(heron)
    first = heron.get(path)
    shown = re.findall(r'name="shown" value="(\w+)"', first)
    assert len(shown) == 50
    hidden = dict(re.findall(r'<input type="hidden" name="(token|seen|show|next)" value="([^"]*)">', first))
    data = {**hidden, "act": "page", "shown": shown, "case": shown[1:]}
    second = heron.client.post(path, data=data, headers={"Origin": ORIGIN}).text
    assert len(re.findall(r'name="shown" value="(\w+)"', second)) == 15
    assert f'value="{shown[0]}" data-tick aria-label="Take in case {shown[0]}">' in heron.get(path)
    done = decide(heron, f"{path}?show=first", "no-action", tuple(shown[1:]), scope="all")
    assert "recorded on 64 cases" in visible_text(done)


def test_a_refusal_keeps_what_was_typed(grouped: ReviewApp) -> None:
    heron, wren = grouped.browser("heron"), grouped.browser("wren")
    path = group_path(heron)
    refused = decide(heron, path, "refer", status=422, why="Do not lose these words.")
    assert "Choose a verdict." in refused
    assert "Do not lose these words." in refused
    # Two tabs, two people: the second is told, and nothing of theirs is recorded.
    page = wren.get(group_path(wren))
    hidden = dict(re.findall(r'<input type="hidden" name="(token|seen|show|after|next)" value="([^"]*)">', page))
    decide(heron, path)
    shown = re.findall(r'name="shown" value="(\w+)"', page)
    data = {**hidden, "act": "decide", "verdict": "label", "scope": "page", "why": "Mine.", "shown": shown}
    answer = wren.client.post(path, data={**data, "case": shown}, headers={"Origin": ORIGIN})
    assert answer.status_code == 422
    assert "nothing was recorded: 0 of its cases wait for a first opinion, 5 for a second" in answer.text
    assert "Mine." in answer.text


def test_words_come_back_when_the_session_has_ended(grouped: ReviewApp) -> None:
    heron = grouped.browser("heron")
    path = group_path(heron)
    heron.get(path)
    grouped.monotonic.seconds += 9 * 3600
    answer = heron.client.post(
        path, data={"why": "Do not lose <these> words.", "act": "decide"}, headers={"Origin": ORIGIN}
    )
    assert answer.status_code == 403
    assert "You are not signed in" in answer.text
    assert "Do not lose &lt;these&gt; words." in answer.text


def test_words_come_back_when_another_has_signed_in(app: ReviewApp) -> None:
    heron = app.browser("heron")
    path = f"/case/{case_id(1)}"
    page = heron.get(path)
    heron.get(app.link("wren"))
    answer = heron.submit(page, f"{path}/decide", 403, verdict="label", why="Heron's words.")
    assert "belongs to another session" in answer
    assert "Heron&#39;s words." in answer


def test_copies_of_the_same_weights_are_de_indexed_once_each_is_read(grouped: ReviewApp) -> None:
    heron = grouped.browser("heron")
    page = heron.get(group_path(heron))
    assert 'value="de-index"' not in page
    weights = re.search(rf'<a href="(/group/\w+)"><code>sha256:{SHARED[:12]}…</code></a>', page)
    assert weights
    case = f"/case/{case_id(11)}"
    group = weights[1].rpartition("/")[2]
    heron.submit(heron.get(f"{case}?group={group}"), f"{case}/read", group=group)
    done = visible_text(decide(heron, weights[1], "de-index"))
    assert "De-index is recorded on 1 case: now second review" in done
    assert "atelier/model-12 : heron has not recorded that they read it as it is now" in done


def test_known_innocents_hold_a_decision_on_the_page(app: ReviewApp) -> None:
    app.record(*(opening_action(number, dataset="northlight/scenes") for number in range(100, 200)))
    with app.ledger() as ledger:
        check_cases.place_check_cases(ledger, SCENES)
    heron = app.browser("heron")
    path = group_path(heron)
    held = decide(heron, path, scope="all", status=422)
    assert "held, nothing was recorded: 5 known innocents among these cases" in held
    assert WHY in held
    assert "known innocents, made up so that a decision without reading is noticed" in held
    with app.ledger() as ledger:
        assert ledger.queue().total == 103
        assert ledger.state(case_id(100)).phase == "new"
        one = check_cases.read_check_cases(ledger.folder, SCENES)[0]
    # A known innocent that is opened looks like a case.
    assert "none of whose samples matches" in heron.get(f"/case/{one.id}")


def test_a_saved_reason_is_shown_and_must_be_confirmed(grouped: ReviewApp) -> None:
    heron, wren = grouped.browser("heron"), grouped.browser("wren")
    path = group_path(heron)
    decide(heron, path, "no-action", (case_id(11),), save_as="licensed")
    again = heron.get(f"{path}?show=first&reason=licensed")
    assert f"{WHY}</textarea>" in again
    assert "I have read these saved reasons" in again
    refused = decide(heron, f"{path}?show=first&reason=licensed", "no-action", (case_id(12),), 422, saved="1")
    assert "Confirm that the saved reasons are right for these cases." in refused
    decide(heron, f"{path}?show=first", "no-action", (case_id(12),), saved="1", confirmed="1")
    assert "licensed" not in wren.get(path)


def test_a_case_says_what_a_decision_takes_with_it_and_its_groups(grouped: ReviewApp) -> None:
    action = opening_action(20, dataset="northlight/scenes")
    action.data["copies"] = [
        {"kind": "model", "name": name, "revision": ""} for name in ("mirror/model-20", "northlight/base")
    ]
    subject = action.data["subject"]
    stated = {**action.data["facts"][0]["statement"], "key": "base_model", "value": "northlight/base"}
    action.data["facts"].append({"subject": subject, "statement": stated})
    grouped.record(action)
    shown = visible_text(grouped.browser("heron").get(f"/case/{case_id(20)}"))
    assert (
        "take with them 36 addresses: all 3 repositories with these weights, at its hub and known mirrors, among them "
        "northlight/base , from which the weights come; and 1 weights file by digest, wherever they are."
    ) in shown
    assert "the same dataset: northlight/scenes" in shown


def test_a_hidden_category_hides_its_groups(grouped: ReviewApp) -> None:
    heron = grouped.browser("heron")
    path = group_path(heron)
    heron.submit(heron.get("/settings"), "/settings", apart="exposed", break_minutes="30", keys="1")
    assert "northlight/scenes" not in heron.get("/groups")
    assert "This is in a category that you hide" in visible_text(heron.get(path))
    assert "northlight/scenes" in heron.get(f"{path}?anyway=1")


def test_no_address_of_a_group_names_what_its_cases_share(grouped: ReviewApp) -> None:
    heron = grouped.browser("heron")
    for page in (heron.get("/groups"), heron.get(group_path(heron)), heron.get(f"/case/{case_id(11)}")):
        assert not any("northlight" in address for address in re.findall(r'(?:href|action)="([^"]*)"', page))
    assert "There is no such group" in visible_text(heron.get("/group/0123456789abcdef", 422))


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            "case 1: only near matches support it, and they can be wrong: it can be de-indexed once a person has "
            "recorded that a match was confirmed; see `auditor review confirm --help`",
            "case 1: only near matches support it, and they can be wrong: it can be de-indexed once a person has "
            "recorded that a match was confirmed",
        ),
        ("case 1: claim it first: `auditor review claim 1 --as heron`", "case 1: claim it first"),
        (
            "it was closed without action; `auditor review reopen` starts a new round",
            "it was closed without action",
        ),
        (
            "has 3 entries; decide nothing, run `auditor review verify`, and restore an export",
            "has 3 entries; decide nothing, and restore an export",
        ),
        ("No command: nothing is left out.", "No command: nothing is left out."),
    ],
)
def test_messages_on_the_page_name_no_commands(message: str, shown: str) -> None:
    assert without_commands(message) == shown


def test_no_view_shows_words_of_the_command_line(grouped: ReviewApp) -> None:
    heron = grouped.browser("heron")
    views = (
        "/",
        "/?show=mine",
        "/groups",
        group_path(heron),
        f"/case/{case_id(1)}",
        "/list",
        "/coverage",
        "/log",
        "/help",
    )
    for path in views:
        assert not re.search(r"auditor (review|deindex|report|scan) |--[a-z]", visible_text(heron.get(path))), path
    refused = heron.give_opinion(case_id(2), "de-index", status=422)
    assert "once a person has recorded that a match was confirmed<" in refused


def test_a_case_says_what_the_lists_that_it_matches_mean(app: ReviewApp) -> None:
    lists = [
        {"name": name, "version": "1", "means": means, "entries": 3, "sha256": "", "holder": "The Hotline"}
        for name, means in (("known-pictures", "csam"), ("other", "terrorism"))
    ]
    app.record(LedgerAction("policy", "", "auditor", {**POLICY, "fingerprint": "1" * 64, "lists": lists}))
    action = opening_action(30, dataset="northlight/scenes")
    action.data["policy"] = "1" * 64
    app.record(action)
    shown = visible_text(app.browser("heron").get(f"/case/{case_id(30)}"))
    assert "The list known-pictures , held by The Hotline , holds known child sexual abuse material." in shown
    assert "terrorist" not in shown


def test_the_queue_is_filtered_by_dataset_list_and_rule(grouped: ReviewApp) -> None:
    heron = grouped.browser("heron")
    assert "5 cases that you can claim" in heron.get("/?dataset=northlight/scenes&rule=trained-on-known-content")
    assert "5 cases that you can claim" in heron.get("/?list=known-pictures")
    assert "No case matches the filter" in heron.get("/?rule=other")
