"""The page as an ASGI application: every request is checked, answered over the ledger as it is, and says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

import jinja2
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from auditor import render
from auditor.errors import AuditorError, RunError, SealError, UsageError
from auditor.page import actions, security, views, wording
from auditor.page.ledger_session import Busy, Watch
from auditor.page.preferences import Seat
from auditor.page.security import Door, Session
from auditor.page.views import Asked, Go, Shown, Typed, Visit
from auditor.pipeline.report import Report, read_report
from auditor.policy.vocabularies import Vocabularies, load_vocabularies
from auditor.printable import printable
from auditor.review.case_policy import load_current_policy
from auditor.review.decisions import VERDICT_MEANINGS
from auditor.review.ledger import Ledger

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from auditor.policy.load import Policy

HERE = Path(__file__).parent
NO_SUPPORT = "none was named: ask whoever runs this ledger, and start the page with --support"


@dataclass
class Desk:
    """What one running page serves: a ledger, the reviewers who sit at it, and what it may show beside it."""

    watch: Watch
    door: Door
    seats: Mapping[str, Seat]
    support: str = ""
    runs: tuple[Path, ...] = ()
    rules: tuple[Path, ...] = ()
    recipients: tuple[str, ...] = ()
    _policies: dict[str, Policy] = field(default_factory=dict)
    _reports: dict[Path, Report] = field(default_factory=dict)

    def links(self) -> Iterable[tuple[str, str]]:
        """A reviewer and an address that lets their browser in, once."""
        return ((name, self.door.link(seat)) for name, seat in self.seats.items())

    def policy(self, ledger: Ledger, fingerprint: str) -> Policy:
        """The rules as they are now, under the lists that a case was judged with. Raises an AuditorError."""
        if fingerprint not in self._policies:
            self._policies[fingerprint] = load_current_policy(ledger.policy(fingerprint), self.rules)
        return self._policies[fingerprint]

    def reports(self) -> tuple[Report, ...]:
        """The runs that the page was started with; they are finished and do not change."""
        for folder in self.runs:
            if folder not in self._reports:
                self._reports[folder] = read_report(folder)
        return tuple(self._reports[folder] for folder in self.runs)

    @cached_property
    def vocabularies(self) -> Vocabularies:
        """The shipped vocabularies and those of the rules that the page was started with."""
        return load_vocabularies(self.rules)

    @cached_property
    def strong_words(self) -> wording.StrongWords:
        """The words that the page masks."""
        return wording.StrongWords.of(self.vocabularies.terms)

    def masked_words(self, context: Mapping[str, Any]) -> wording.StrongWords | None:
        """Return the words that a template masks, None if it shows them."""
        return None if context["unmasked"] else self.strong_words

    def unmasked(self, visit: Visit) -> bool:
        return visit.session.seat.choices.unmask or visit.query["words"] == "shown"

    @cached_property
    def style(self) -> str:
        """The look of the HTML report, and what a page of forms needs beside it."""
        report_style = Path(render.__file__).parent / "templates" / "report.css"
        return report_style.read_text("utf-8") + (HERE / "templates" / "page.css").read_text("utf-8")

    @cached_property
    def script(self) -> str:
        """The keys; the page does all it does without them."""
        return (HERE / "templates" / "keys.js").read_text("utf-8")

    @cached_property
    def headers(self) -> Mapping[str, str]:
        return security.headers(self.style, self.script)

    @cached_property
    def templates(self) -> jinja2.Environment:
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            finalize=_harmless,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["number"] = lambda number: f"{number:,}"
        environment.filters["prosaic"] = lambda text: " ".join(text.split())
        environment.filters["outside"] = jinja2.pass_context(
            lambda context, text, limit=wording.LONGEST: wording.outside(text, self.masked_words(context), limit)
        )
        environment.filters["person"] = jinja2.pass_context(
            lambda context, text: wording.prose(text, self.masked_words(context))
        )
        environment.filters["when"] = lambda iso: _time(iso, wording.when(iso))
        environment.filters["ago"] = jinja2.pass_context(
            lambda context, iso: _time(iso, wording.ago(iso, context["now"]))
        )
        environment.filters["typed"] = lambda text: Markup.escape(text)
        environment.filters["query"] = lambda query, **more: urlencode(
            {name: value for name, value in {**query, **more}.items() if value}
        )
        environment.globals |= {
            "STAGE": wording.STAGE_LABELS,
            "KEY": wording.FACT_LABELS,
            "meanings": VERDICT_MEANINGS,
            "VERDICT": wording.VERDICT_LABELS,
            "happened": wording.happened,
        }
        return environment

    def answer(self, shown: Shown, now: str, visit: Visit | None = None) -> Response:
        """The page that shows this."""
        content: dict[str, Any] = {
            "css": Markup(self.style),
            "js": Markup(self.script),
            "now": now,
            "support": self.support or NO_SUPPORT,
            "me": "",
            "keys": False,
            "unmasked": True,
            "rest": 0,
            "done": "",
            "query": Asked(),
            "quoted": wording.QUOTED,
            "here": shown.template.removesuffix(".html"),
        }
        if visit is not None:
            session = visit.session
            minutes, choices = self.door.minutes(session), session.seat.choices
            content |= {
                "me": visit.me,
                "keys": choices.keys,
                "unmasked": self.unmasked(visit),
                "rest": minutes if minutes >= choices.break_minutes else 0,
                "done": actions.DONE.get(visit.query["done"], ""),
                "query": visit.query,
                "token": session.token,
            }
        text = self.templates.get_template(shown.template).render({**content, **shown.content})
        return HTMLResponse(text.encode("utf-8", "xmlcharrefreplace"), shown.status)


def application(desk: Desk) -> ASGIApp:
    """The application that serves a desk. Every path but ``/enter`` needs a session."""
    read: dict[str, Callable[[Visit], Shown | Go]] = {
        "/": views.queue,
        "/next": views.following,
        "/case/{case}": views.case,
        "/log": views.log,
        "/coverage": views.coverage,
        "/list": views.listing,
        "/settings": views.settings,
        "/help": views.manual,
    }
    record: dict[str, Callable[[Visit], Shown | Go]] = {
        "/case/{case}/pass": actions.pass_on,
        "/case/{case}/take-back": actions.take_back,
        "/case/{case}/{act}": actions.act,
        "/settings": actions.choose,
        "/rest": actions.rest,
        "/log": actions.verify,
    }
    routes = [Route(path, _reading(desk, view), methods=["GET"]) for path, view in read.items()]
    routes += [Route(path, _recording(desk, act), methods=["POST"]) for path, act in record.items()]
    routes += [
        Route("/enter", _entering(desk), methods=["GET"]),
        Route("/leave", _leaving(desk), methods=["POST"]),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={404: _lost(desk), 405: _lost(desk), 500: _lost(desk)},
    )
    return _Guard(app, desk)  # around everything: what goes wrong has these headers too


class _Guard:
    """Refuses what is not this page's own browser, and sets the headers of every answer."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self.app, self.desk = app, desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope)

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                ours = [(name.lower().encode(), value.encode()) for name, value in self.desk.headers.items()]
                message["headers"] = [*message.get("headers", ()), *ours]
            await send(message)

        hosts = request.headers.getlist("host")
        why = self.desk.door.refused(request.method, request.url.path, request.headers)
        if why or len(hosts) != 1:
            refusal = self.desk.answer(_problem("This was not let in", why or "Two hosts were named.", 403), "")
            await refusal(scope, receive, sending)
            return
        await self.app(scope, receive, sending)


def _reading(desk: Desk, view: Callable[[Visit], Shown | Go]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        session = _session(desk, request)
        if session is None:
            return _nobody(desk)
        return await run_in_threadpool(_answered, desk, session, view, request, Typed())

    return endpoint


def _recording(desk: Desk, act: Callable[[Visit], Shown | Go]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        session = _session(desk, request)
        if session is None:
            return _nobody(desk)
        form = await _form(request)
        if form is None:
            return desk.answer(_problem("That was too long", "A form holds at most 256 kB.", 413), "")
        if not _own(session, request, form):
            why = "This form was made for another visit. Go back, load the page again, and send it once more."
            return desk.answer(_problem("This was not let in", why, 403), "")
        return await run_in_threadpool(_answered, desk, session, act, request, form)

    return endpoint


def _entering(desk: Desk) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        secret = desk.door.enter(request.query_params.get("token", ""))
        if not secret:
            return _nobody(desk)
        answer = RedirectResponse("/", 303)
        answer.headers["Set-Cookie"] = security.cookie(desk.door.cookie, secret)
        return answer

    return endpoint


def _leaving(desk: Desk) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        session, form = _session(desk, request), await _form(request)
        if session is None or form is None or not _own(session, request, form):
            return _nobody(desk)
        desk.door.leave(_cookie(desk, request))
        answer = desk.answer(_problem("You have left", "Start the page again to come back. Take care.", 200), "")
        answer.headers["Set-Cookie"] = f"{security.cookie(desk.door.cookie, '')}; Max-Age=0"
        answer.headers["Clear-Site-Data"] = '"cache"'
        return answer

    return endpoint


def _lost(desk: Desk) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def endpoint(request: Request, error: Exception) -> Response:
        status = getattr(error, "status_code", 500)
        if status in (404, 405):
            return desk.answer(_problem("There is no such page", "Go back to the cases.", status), "")
        why = "The page made a mistake; nothing was recorded. Tell the makers of auditor what you did."
        return desk.answer(_problem("Something went wrong", why, 500), "")

    return endpoint


def _answered(
    desk: Desk,
    session: Session,
    view: Callable[[Visit], Shown | Go],
    request: Request,
    form: Typed,
) -> Response:
    """Answer over the ledger as it is now; what cannot be done is said, and what was typed is kept."""
    now = desk.watch.clock()
    try:
        with desk.watch.ledger() as ledger:
            visit = Visit(desk, session, ledger, Asked(request.query_params), Asked(request.path_params), form)
            try:
                made = view(visit)
            except UsageError as error:
                made = _again(visit, error)
            if isinstance(made, Go):
                return RedirectResponse(made.to, 303)
            return desk.answer(made, ledger.now, visit)
    except Busy as error:
        return desk.answer(_problem("The ledger is busy", str(error), 503, form), now)
    except (SealError, RunError) as error:
        return desk.answer(_problem("The ledger cannot be relied on", str(error), 500, form), now)
    except AuditorError as error:
        return desk.answer(_problem("This cannot be shown", str(error), 422, form), now)


def _again(visit: Visit, error: UsageError) -> Shown | Go:
    """The case's page with what was wrong, and with what was typed; or what else was wrong."""
    if "case" in visit.path:
        try:
            state = visit.ledger.state(visit.path["case"])
        except UsageError:
            return _problem("There is no such case", "Nobody opened a case of that name in this ledger.", 404)
        if visit.form:
            changed = visit.said("seen").isdigit() and visit.said("seen") != str(state.last_event)
            why = str(actions.Changed(error)) if isinstance(error, actions.Changed) else str(error)
            return views.case(visit, why, 409 if changed or isinstance(error, actions.Changed) else 422)
    return _problem("This cannot be shown", str(error), 422)


def _problem(title: str, why: str, status: int, form: Typed | None = None) -> Shown:
    """What went wrong; a person's words are given back, so that they can be kept."""
    return Shown("problem.html", {"title": title, "why": why, "kept": (form or Typed())["why"]}, status)


def _nobody(desk: Desk) -> Response:
    why = (
        "This link has been used, is too old, or its session has ended. Start the page again in the terminal "
        "and follow the new link."
    )
    return desk.answer(_problem("You are not signed in", why, 403), "")


def _session(desk: Desk, request: Request) -> Session | None:
    return desk.door.session(_cookie(desk, request))


def _cookie(desk: Desk, request: Request) -> str:
    try:
        jar = SimpleCookie(request.headers.get("cookie", ""))
    except CookieError:
        return ""
    return jar[desk.door.cookie].value if desk.door.cookie in jar else ""


async def _form(request: Request) -> Typed | None:
    """The fields of a form; None where it is too long."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > security.BODY:
            return None
    if request.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        return Typed()
    try:
        fields = parse_qs(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        return Typed()
    return Typed({name: tuple(values) for name, values in fields.items()})


def _own(session: Session, request: Request, form: Typed) -> bool:
    token = next(iter(form["token"]), "")
    return security.same(token, session.token(request.url.path))


def _time(iso: str, said: str) -> Markup:
    return Markup('<time datetime="{}" title="{}">{}</time>').format(iso, wording.when(iso), said) if iso else Markup()


def _harmless(value: object) -> object:
    """What every expression of a template passes through, before it is escaped."""
    return printable(value, 1000) if isinstance(value, str) and not isinstance(value, Markup) else value
