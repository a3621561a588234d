"""A ledger of ordinary pretend models, and browsers that have followed a reviewer's link."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="needs the extra `review`")

from starlette.testclient import TestClient

from auditor.page.app import application
from auditor.page.ledger_session import LedgerSession
from auditor.page.preferences import PreferenceStore
from auditor.page.security import AccessControl
from auditor.page.service import ReviewService
from auditor.review import Ledger
from auditor.review.ledger_events import LedgerAction
from tests.reviewing import POLICY, REVIEWERS, Clock, create_ledger, opening_action

PORT = 4711
ORIGIN = f"http://127.0.0.1:{PORT}"

# What an attacker writes where a name, a reason or an appeal goes: markup, templates, encodings, and parts of them.
_TAGS = (
    "<script>{}</script>", "<img src=x onerror={}>", "<svg onload={}>", "<svg><script>{}</script></svg>",
    "<body onload={}>", "<iframe srcdoc='<script>parent.{}</script>'>", "<details open ontoggle={}>",
    "<input autofocus onfocus={}>", "<a href=javascript:{}>go</a>", "<form action=javascript:{}><button>go",
    "<object data='javascript:{}'>", "<embed src=javascript:{}>", "<video><source onerror={}>",
    "<math><mtext></mtext><script>{}</script>", "<style onload={}></style>", "<link rel=stylesheet onload={} href=/>",
    "<meta http-equiv=refresh content='0;javascript:{}'>", "<base href='javascript:{}//'>", "<marquee onstart={}>",
    "<template><script>{}</script></template><script>{}</script>",
)  # fmt: skip
_BEFORE = ("", '">', "'>", "</title>", "</textarea>", "</script>", "</style>", "-->", "]]>", "<!--><")
HOSTILE = tuple(
    before + tag.replace("{}", f"window.ran={number}{n}")
    for number, before in enumerate(_BEFORE)
    for n, tag in enumerate(_TAGS)
)


class MonotonicClock:
    """A clock in seconds that only the test advances."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Browser:
    """A reviewer's browser: it keeps its cookie, and sends the forms of pages that it received."""

    client: TestClient
    name: str

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text[-3000:]
        return answer.text

    def submit(self, page: str, path: str, status: int = 200, **fields: Any) -> str:
        """Submit the form of a page that posts to this path, with its hidden fields."""
        form = re.search(rf'<form method="post" action="{re.escape(path)}">(.*?)</form>', page, re.S)
        assert form, f"no form posts to {path}"
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[1]))
        answer = self.client.post(path, data={**hidden, **fields}, headers={"Origin": ORIGIN})
        assert answer.status_code == status, answer.text[-3000:]
        return answer.text

    def give_opinion(self, case: str, verdict: str, why: str = "The digest is on the list.", status: int = 200) -> str:
        path = f"/case/{case}"
        rules = {"rule": "trained-on-known-content"}
        return self.submit(self.get(path), f"{path}/decide", status, verdict=verdict, why=why, **rules)


@dataclass
class ReviewApp:
    """A ledger, the page that serves it, and the browsers of its reviewers."""

    folder: Path
    service: ReviewService
    clock: Clock
    monotonic: MonotonicClock

    def ledger(self) -> Ledger:
        return Ledger.open(self.folder, clock=self.clock)

    def record(self, *actions: LedgerAction) -> None:
        with self.ledger() as ledger:
            ledger.record(*actions)

    def link(self, name: str) -> str:
        return self.service.access.create_link(self.service.stores[name])

    def browser(self, name: str) -> Browser:
        browser = Browser(TestClient(application(self.service), base_url=ORIGIN, raise_server_exceptions=True), name)
        browser.get(self.link(name))
        return browser


@pytest.fixture
def app(tmp_path: Path) -> ReviewApp:
    """Create three cases: an exact match, a near match, and weights that a list holds."""
    clock, monotonic = Clock(), MonotonicClock()
    folder = tmp_path / "ledger"
    with create_ledger(folder, clock) as ledger:
        ledger.record(LedgerAction("policy", "", "auditor", POLICY))
        ledger.record(
            opening_action(1, "exact"), opening_action(2, "near"), opening_action(3, "listed", ground="linked")
        )
    stores = {name: PreferenceStore.load(name, tmp_path / "choices" / f"{name}.json") for name in REVIEWERS}
    return ReviewApp(
        folder,
        ReviewService(LedgerSession(folder, clock), AccessControl(PORT, monotonic), stores, "Ask Sam, 555 0100"),
        clock,
        monotonic,
    )
