"""The page in a real browser: Chromium, headless, driven by keys alone. Skipped where there is none.

The accessibility checks run where a copy of axe-core is named by AUDITOR_AXE (its file axe.min.js).
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auditor.review import Ledger
from auditor.review.case_groups import parse_group
from auditor.review.check_cases import place_check_cases
from auditor.review.ledger_events import LedgerAction
from auditor.review.transparency_report import transparency_report
from tests.reviewing import POLICY, case_id, create_ledger, opening_action

from .conftest import HOSTILE

pytest.importorskip("starlette", reason="needs the extra `review`")
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")

from auditor.page import server  # noqa: E402 (needs the extra)

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs an installed Chromium")

FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync""".split()
CASE = case_id(1)
NOW = "2026-11-23T10:00:00Z"


@dataclass
class ServedPage:
    """A review page served over HTTP by a thread."""

    folder: Path
    service: Any

    def ledger(self) -> Ledger:
        return Ledger.open(self.folder, clock=lambda: NOW)

    def link(self, name: str) -> str:
        link: str = self.service.access.create_link(self.service.stores[name])
        return link


@pytest.fixture
def served_page(tmp_path: Path) -> Iterator[ServedPage]:
    with create_ledger(tmp_path / "ledger", None) as ledger:
        ledger.record(LedgerAction("policy", "", "auditor", POLICY))
        ledger.record(
            opening_action(1, "exact"), opening_action(2, "near"), opening_action(3, "listed", ground="linked")
        )
    names = ("heron", "wren", "owl")
    service, listening = server.create_service(
        tmp_path / "ledger", names, "Ask Sam, 555 0100", home=tmp_path / "choices", clock=lambda: NOW
    )
    listener = server.create_server(service)
    thread = threading.Thread(target=listener.run, kwargs={"sockets": [listening]})
    thread.start()
    while not listener.started:
        time.sleep(0.01)
    yield ServedPage(tmp_path / "ledger", service)
    listener.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def enter(chromium: Any, served_page: ServedPage, name: str, **options: Any) -> Any:
    """A browser context of this reviewer's, whose page remembers every request and error."""
    page = chromium.new_context(**options).new_page()
    page.asked, page.errors = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(served_page.link(name))
    return page


def press_keys(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def wait_for_text(page: Any, words: str) -> None:
    page.get_by_text(words).first.wait_for(timeout=10_000)


def test_two_people_carry_a_case_from_new_to_listed_and_through_an_appeal_by_keys_alone(
    chromium: Any, served_page: ServedPage
) -> None:
    heron, wren, owl = (enter(chromium, served_page, name) for name in ("heron", "wren", "owl"))
    wait_for_text(heron, "3 cases that you can claim")
    press_keys(heron, "j", "j", "Enter")  # the linked case comes first, then the exact one
    heron.wait_for_url(f"**/case/{CASE}")
    press_keys(heron, "a")
    heron.keyboard.type("The digest is on the list, jk.")  # letters of a text are no commands
    press_keys(heron, "Control+Enter")
    wait_for_text(heron, "Your proposal is recorded")
    press_keys(heron, "u")
    wait_for_text(heron, "Withdrawn")
    press_keys(heron, "a")
    heron.keyboard.type("The digest is on the list.")
    press_keys(heron, "Control+Enter")
    wait_for_text(heron, "Your proposal is recorded")

    wren.goto(heron.url.partition("?")[0])
    assert "The digest is on the list" not in wren.content()
    press_keys(wren, "a")
    wren.keyboard.type("I compared it too.")
    press_keys(wren, "Control+Enter")
    wait_for_text(wren, "two people agree")

    with served_page.ledger() as ledger:
        ledger.record_listed(ledger.decisions_in_force(), recipient="search", version="1")
    heron.reload()
    wait_for_text(heron, "On the list of: search")
    heron.get_by_text("Record the owner's appeal").press("Enter")
    heron.get_by_label("The owner's appeal, in their own words").fill("These are my own pictures.")
    heron.keyboard.press("Control+Enter")
    wait_for_text(heron, "The appeal is recorded")

    owl.goto(heron.url.partition("?")[0])
    owl.get_by_label("Overturned").press("Space")
    owl.get_by_label("Your reasons").fill("They are their own pictures.")
    owl.keyboard.press("Control+Enter")
    wait_for_text(owl, "The appeal is decided")
    owl.goto(f"{served_page.service.access.origin}/list?to=search")
    wait_for_text(owl, "removed")
    press_keys(owl, "?")
    wait_for_text(owl, "Stages of a case")
    for page in (heron, wren, owl):
        assert page.errors == []
        assert {re.match(r"[a-z]+://[^/]+", url)[0] for url in page.asked} == {served_page.service.access.origin}  # type: ignore[index]


def test_a_group_is_decided_by_keys_alone(chromium: Any, served_page: ServedPage) -> None:
    with served_page.ledger() as ledger:
        ledger.record(*(opening_action(number, dataset="northlight/scenes") for number in range(11, 15)))
    heron, wren = (enter(chromium, served_page, name) for name in ("heron", "wren"))
    for page in (heron, wren):
        press_keys(page, "g")
        page.wait_for_url("**/groups")
        press_keys(page, "j", "Enter")  # the dataset's group comes before the list's, which is as large
        page.wait_for_url("**/group/*")
    press_keys(heron, "t")
    assert heron.locator("input[data-tick]:checked").count() == 0
    press_keys(heron, "t", "j", "j", "x")  # all but the second case
    assert heron.locator("input[data-tick]:checked").count() == 3
    press_keys(heron, "2")
    heron.keyboard.type("Each card names the dataset, xt.")  # letters of a text are no commands
    press_keys(heron, "Control+Enter")
    wait_for_text(heron, "is recorded on 3 cases: now second review")
    # What the other typed before is refused, and not lost.
    press_keys(wren, "2")
    wren.keyboard.type("Wren read them too.")
    wren.get_by_label("Take in case 000000000000000c").uncheck()
    press_keys(wren, "Control+Enter")
    wait_for_text(wren, "nothing was recorded: 1 of its cases wait for a first opinion, 3 for a second")
    assert "Wren read them too." in wren.content()
    wren.get_by_text("3 for second and further opinions").click()
    press_keys(wren, "2")
    wren.keyboard.type("Wren read them too.")
    press_keys(wren, "Control+Enter")
    wait_for_text(wren, "is recorded on 3 cases: now approved")
    for page in (heron, wren):
        assert all("a status of 422" in error for error in page.errors)
    with served_page.ledger() as ledger:
        assert [ledger.state(case_id(number)).phase for number in (11, 12, 13, 14)] == [
            "approved", "new", "approved", "approved",
        ]  # fmt: skip


@pytest.mark.slow
def test_a_group_of_1000_is_gated_by_two_people_once_its_innocents_are_found(
    chromium: Any, served_page: ServedPage
) -> None:
    with served_page.ledger() as ledger:
        ledger.record(*(opening_action(number, dataset="northlight/scenes") for number in range(1000, 2000)))
        place_check_cases(ledger, parse_group("exposed:dataset:northlight/scenes"))
    for name, stage in (("heron", "second review"), ("wren", "approved")):
        page = enter(chromium, served_page, name)
        page.goto(f"{served_page.service.access.origin}/groups")
        page.get_by_role("link", name="northlight/scenes").click()
        if name == "wren":
            page.get_by_text("1,000 for second and further opinions").click()
        gate_all(page, f"{name} read them.")
        wait_for_text(page, "held, nothing was recorded: 5 known innocents among these cases")
        assert f"{name} read them." in page.content()
        while True:
            for row in page.locator("tbody tr", has_text="none of whose samples matches").all():
                row.locator("input[data-tick]").uncheck()
            if not page.get_by_role("button", name="Next page").count():
                break
            with page.expect_navigation():
                page.get_by_role("button", name="Next page").click()
        gate_all(page, f"{name} looked again.")
        wait_for_text(page, f"is recorded on 1,000 cases: now {stage}")
    with served_page.ledger() as ledger:
        gated = [decision for decision in ledger.decisions_in_force() if decision.verdict == "gate"]
        assert len(gated) == 1000
        assert {(one.proposer, one.approver) for one in gated} == {("heron", "wren")}
        assert transparency_report(ledger)["cases"] == 1003


def gate_all(page: Any, why: str) -> None:
    """Choose to gate all cases of a group, and send it."""
    page.get_by_label("but those that you unticked").check()
    page.get_by_label("Gate").check()
    page.get_by_label("Your reasons").fill(why)
    page.get_by_role("button", name=re.compile("^(Propose|Give my opinion)$")).click()


def test_the_reasons_and_the_decision_are_within_one_screen(chromium: Any, served_page: ServedPage) -> None:
    page = enter(chromium, served_page, "heron", viewport={"width": 1280, "height": 900})
    page.goto(f"{served_page.service.access.origin}/case/{CASE}")
    for shown in (page.get_by_text("Why it is open"), page.locator("#why"), page.get_by_role("button", name="Propose")):
        box = shown.bounding_box()
        assert box["y"] + box["height"] <= 900 - page.locator("aside.care").bounding_box()["height"]


def hostile_case(number: int, text: str) -> LedgerAction:
    """A case that says this in every field that comes from outside."""
    act = opening_action(number, "near", name=text)
    fact_json: dict[str, Any] = {"key": "signal", "value": text, "relation": text, "source": text, "remark": text}
    subject = {"kind": "model", "name": text, "revision": text}
    reason = {**act.data["reasons"][0], "subject": subject, "fact": text, "remark": text, "words": [text]}
    fact = {"subject": subject, "statement": {**fact_json, "place": {"uri": text, "line": 1}}}
    parent = {"subject": subject, "statement": {**fact["statement"], "key": "base_model"}}  # type: ignore[dict-item]
    content = {"subject": subject, "copies": [subject], "reasons": [reason], "facts": [fact, parent]}
    return LedgerAction("opened", act.case, act.actor, {**act.data, **content})


def test_nothing_that_a_name_a_reason_or_an_appeal_says_is_run(chromium: Any, served_page: ServedPage) -> None:
    assert len(set(HOSTILE)) == 200
    with served_page.ledger() as ledger:
        ledger.record(*(hostile_case(100 + number, text) for number, text in enumerate(HOSTILE)))
        for number, text in enumerate(HOSTILE[:40]):
            case = case_id(100 + number)
            ledger.claim(case, "heron")
            ledger.confirm(case, "wren", why=text)
            ledger.propose(case, "heron", "label", why=text)
            ledger.decide(case, "wren", "label" if number % 2 else "gate", why=text)
            if number % 2:
                ledger.record_listed(list(ledger.state(case).in_force), recipient=text[:60], version=text)
                ledger.appeal(case, "heron", why=text)
    page = enter(chromium, served_page, "owl")
    paths = [f"/case/{case_id(100 + number)}?words=shown" for number in range(len(HOSTILE))]
    paths += ["/?show=all", "/log", "/list", f"/?name={HOSTILE[0]}"]
    for path in paths:
        page.goto(f"{served_page.service.access.origin}{path}")
        assert page.evaluate("window.ran") is None, path
        assert page.locator("img, iframe, object, embed, video, base, marquee, math, meta[http-equiv]").count() == 0
        assert page.locator("script").count() == 1
    assert page.errors == []


def test_another_page_can_neither_frame_read_nor_post_to_it(chromium: Any, served_page: ServedPage) -> None:
    heron = enter(chromium, served_page, "heron")
    heron.goto(f"{served_page.service.access.origin}/case/{CASE}")
    form = heron.locator(f'form[action="/case/{CASE}/claim"]')
    token, seen = (form.locator(f"input[name={name}]").get_attribute("value") for name in ("token", "seen"))
    link = served_page.link("wren")
    attack = f"""<form method=post action="{served_page.service.access.origin}/case/{CASE}/claim">
        <input name=token value={token}><input name=seen value={seen}><button>go</button></form>
        <iframe src="{served_page.service.access.origin}/"></iframe><a href="{link}">in</a>"""
    evil = socket.create_server(("127.0.0.1", 0))
    port = evil.getsockname()[1]

    def serve() -> None:
        while True:
            try:
                connection, _ = evil.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"
                connection.sendall((head + attack).encode())

    threading.Thread(target=serve, daemon=True).start()
    try:
        page = heron.context.new_page()  # the same browser, with the reviewer's cookie
        page.goto(f"http://127.0.0.1:{port}/")
        assert "Cases" not in (page.frames[1].content() if len(page.frames) > 1 else "")
        failed = page.evaluate(
            f"fetch('{served_page.service.access.origin}/', {{credentials: 'include'}}).then(r => '', e => 'no')"
        )
        assert failed == "no"
        page.get_by_text("go").click()
        wait_for_text(page, "Another web page sent this request")
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_text("in", exact=True).click()
        wait_for_text(page, "Another web page sent this request")
    finally:
        evil.close()
    with served_page.ledger() as ledger:
        assert ledger.state(CASE).claimed_by == ""
    assert enter(chromium, served_page, "wren").locator("text=You are wren").count() == 1


def test_keys_can_be_turned_off_and_all_is_done_without_them(chromium: Any, served_page: ServedPage) -> None:
    heron = enter(chromium, served_page, "heron")
    heron.goto(f"{served_page.service.access.origin}/settings")
    heron.get_by_label("Keyboard shortcuts of one letter").press("Space")
    heron.get_by_role("button", name="Save").press("Enter")
    wait_for_text(heron, "Only you see these settings")
    assert heron.locator("script").count() == 0
    heron.goto(f"{served_page.service.access.origin}/case/{CASE}")
    press_keys(heron, "s")
    assert heron.url.endswith(CASE)
    heron.get_by_role("button", name="Pass").press("Enter")
    wait_for_text(heron, "You passed")


def test_without_scripts_a_case_is_decided(chromium: Any, served_page: ServedPage) -> None:
    heron = enter(chromium, served_page, "heron", java_script_enabled=False)
    heron.goto(f"{served_page.service.access.origin}/case/{CASE}")
    heron.get_by_label("Label").check()
    heron.get_by_label("Your reasons").fill("It is enough.")
    heron.get_by_role("button", name="Propose").click()
    wait_for_text(heron, "Your proposal is recorded")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("light", {}),
        ("dark", {"color_scheme": "dark"}),
        ("phone", {"viewport": {"width": 360, "height": 740}}),
        ("zoomed to 200 %", {"viewport": {"width": 640, "height": 400}}),
    ],
)
def test_every_view_fits_and_axe_finds_nothing_serious(
    chromium: Any, served_page: ServedPage, name: str, options: dict[str, Any]
) -> None:
    with served_page.ledger() as ledger:
        ledger.record(opening_action(5, name="atelier/" + "a-very-long-name-" * 30, dataset="northlight/scenes"))
        ledger.record(opening_action(6, dataset="northlight/scenes"))
        ledger.claim(case_id(3), "wren")
        ledger.propose(case_id(3), "wren", "label", why="So it is.")
        ledger.decide(case_id(3), "heron", "gate", why="Not so.")
    page = enter(chromium, served_page, "owl", bypass_csp=True, **options)
    axe = os.environ.get("AUDITOR_AXE", "")
    cases = [f"/case/{case_id(number)}" for number in (1, 2, 3, 5)]
    page.goto(f"{served_page.service.access.origin}/groups")
    group = page.locator("a[data-stop]").first.get_attribute("href")
    for path in (
        "/",
        "/?show=all",
        "/groups",
        group,
        f"{group}?show=second",
        *cases,
        "/log",
        "/coverage",
        "/list",
        "/settings",
        "/help",
        "/nothing",
    ):
        page.goto(f"{served_page.service.access.origin}{path}")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} scrolls sideways"
        if axe:
            page.evaluate(Path(axe).read_text("utf-8"))
            found = page.evaluate("axe.run()")["violations"]
            assert [(one["id"], path) for one in found if one["impact"] in ("serious", "critical")] == []
