"""Whom the page lets in, and what a browser may do with it."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from tests.reviewing import case_id

from .conftest import ORIGIN, PORT, ReviewApp

pytest.importorskip("starlette", reason="needs the extra `review`")

from starlette.testclient import TestClient

from auditor.errors import UsageError
from auditor.page import server
from auditor.page.app import application
from auditor.page.security import MAX_FORM_BYTES

CASE = case_id(1)


def client(app: ReviewApp) -> TestClient:
    return TestClient(application(app.service), base_url=ORIGIN, follow_redirects=False)


@pytest.mark.parametrize("path", ["/", "/next", f"/case/{CASE}", "/log", "/coverage", "/list", "/settings", "/help"])
def test_nothing_is_shown_without_the_link(app: ReviewApp, path: str) -> None:
    answer = client(app).get(path)
    assert answer.status_code == 403
    assert "You are not signed in" in answer.text
    assert "atelier" not in answer.text


def test_a_link_opens_once_and_not_after_a_quarter_of_an_hour(app: ReviewApp) -> None:
    link, late = app.link("heron"), app.link("heron")
    assert client(app).get(link).status_code == 303
    assert client(app).get(link).status_code == 403
    app.monotonic.seconds += 16 * 60
    assert client(app).get(late).status_code == 403
    assert client(app).get("/enter?token=guessed").status_code == 403
    assert client(app).get("/enter").status_code == 403


def test_the_cookie_is_for_this_port_alone_and_no_script_can_read_it(app: ReviewApp) -> None:
    answer = client(app).get(app.link("heron"))
    name, _, rest = answer.headers["set-cookie"].partition("=")
    assert name == f"auditor-review-{PORT}"
    assert rest.partition("; ")[2] == "HttpOnly; SameSite=Strict; Path=/"
    assert len(rest.partition(";")[0]) >= 43  # 256 bits


def test_a_session_ends_when_one_leaves_or_is_long_away(app: ReviewApp) -> None:
    heron = app.browser("heron")
    page = heron.get("/")
    app.monotonic.seconds += 9 * 3600
    heron.get("/", 403)
    heron = app.browser("heron")
    page = heron.get("/")
    assert "You have signed out" in heron.submit(page, "/leave")
    heron.get("/", 403)


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", f"localhost:{PORT}", "127.0.0.1", f"127.0.0.1:{PORT + 1}", ""]
)
def test_another_name_for_this_machine_is_not_this_page(app: ReviewApp, host: str) -> None:
    """DNS rebinding: a page of evil.example, whose name now leads here, would have its own origin and our answers."""
    browser = app.browser("heron")
    answer = browser.client.get("/", headers={"Host": host})
    assert answer.status_code == 403
    assert f"This page answers at {ORIGIN} only." in answer.text
    assert "atelier" not in answer.text


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "", f"http://127.0.0.1:{PORT + 1}", f"http://localhost:{PORT}"]
)
def test_a_stolen_token_is_of_no_use_to_another_origin(app: ReviewApp, origin: str) -> None:
    heron = app.browser("heron")
    path = f"/case/{CASE}/claim"
    page = heron.get(f"/case/{CASE}")
    form = re.search(rf'action="{path}">(.*?)</form>', page, re.S)
    assert form
    stolen = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[1]))
    answer = heron.client.post(path, data=stolen, headers={"Origin": origin})
    assert answer.status_code == 403
    assert "not sent by the review page" in answer.text
    with app.ledger() as ledger:
        assert ledger.state(CASE).claimed_by == ""


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_can_neither_read_nor_use_up_a_link(app: ReviewApp, site: str) -> None:
    heron, link = app.browser("heron"), app.link("wren")
    assert heron.client.get("/", headers={"Sec-Fetch-Site": site}).status_code == 403
    assert client(app).get(link, headers={"Sec-Fetch-Site": site}).status_code == 403
    assert client(app).get(link, headers={"Sec-Fetch-Site": "none"}).status_code == 303


def test_each_form_has_a_token_of_its_own_for_its_session_alone(app: ReviewApp) -> None:
    heron, wren = app.browser("heron"), app.browser("wren")
    page = heron.get(f"/case/{CASE}")
    tokens = dict(re.findall(r'action="([^"]+)">\s*<input type="hidden" name="token" value="(\w+)"', page))
    assert len(set(tokens.values())) == len(tokens) >= 4
    path = f"/case/{CASE}/claim"
    for browser, token in ((heron, tokens["/leave"]), (wren, tokens[path]), (heron, ""), (heron, "0" * 64)):
        answer = browser.client.post(path, data={"token": token}, headers={"Origin": ORIGIN})
        assert answer.status_code == 403
        assert "belongs to another session" in answer.text
    with app.ledger() as ledger:
        assert ledger.state(CASE).claimed_by == ""


def test_the_policy_runs_one_script_and_one_style_and_loads_nothing(app: ReviewApp) -> None:
    heron = app.browser("heron")
    answer = heron.client.get("/")
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    for kind in ("style", "script"):
        (inline,) = re.findall(rf"<{kind}>(.*?)</{kind}>", answer.text, re.S)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert policy[f"{kind}-src"] == f"'sha256-{digest}'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "style=" not in answer.text.partition("<body>")[2]
    assert not re.search(r"<\w[^>]* on\w+=", answer.text)


@pytest.mark.parametrize("path", ["/", f"/case/{CASE}", "/nothing", "/case/nothing", "/enter?token=x"])
def test_no_answer_is_kept_framed_or_sent_on(app: ReviewApp, path: str) -> None:
    headers = app.browser("heron").client.get(path).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in headers


def test_no_address_or_title_names_a_subject(app: ReviewApp) -> None:
    heron = app.browser("heron")
    for path in ("/", f"/case/{CASE}", "/log"):
        page = heron.get(path)
        assert "atelier" not in re.findall(r"<title>(.*?)</title>", page)[0]
        assert not [address for address in re.findall(r'href="([^"]+)"', page) if "atelier" in address]


def test_a_form_that_is_too_long_is_refused_before_it_is_read(app: ReviewApp) -> None:
    heron = app.browser("heron")
    heron.get(f"/case/{CASE}")
    answer = heron.client.post(
        f"/case/{CASE}/decide", data={"why": "x" * (MAX_FORM_BYTES + 1)}, headers={"Origin": ORIGIN}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(app: ReviewApp, method: str) -> None:
    assert app.browser("heron").client.request(method, "/").status_code == 403


def test_only_a_reviewer_of_the_ledger_gets_a_link(app: ReviewApp) -> None:
    with pytest.raises(UsageError, match="'stranger': is no reviewer of this ledger"):
        server.create_service(app.folder, ("stranger",))
    with pytest.raises(UsageError, match="name the reviewers"):
        server.create_service(app.folder)


def test_the_page_listens_on_this_machine_alone(app: ReviewApp) -> None:
    service, listening = server.create_service(app.folder, ("heron",), home=app.folder / "choices")
    with listening:
        host, port = listening.getsockname()
    assert host == "127.0.0.1"
    assert service.access.origin == f"http://127.0.0.1:{port}"
    ((name, link),) = service.links()
    assert name == "heron"
    assert link.startswith(f"http://127.0.0.1:{port}/enter?token=")
