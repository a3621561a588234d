"""The ASGI application of the review page: it checks every request, and answers it from the ledger as it is now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from auditor.errors import AuditorError, RunError, SealError, UsageError
from auditor.page import actions, security
from auditor.page.group_actions import act_on_group
from auditor.page.ledger_session import LedgerBusy
from auditor.page.requests import FormFields, PageRequest, QueryParameters
from auditor.page.responses import Page, Redirect
from auditor.page.sessions import Session
from auditor.page.views.case import case_page
from auditor.page.views.coverage import coverage_page
from auditor.page.views.groups import group_page, groups_page
from auditor.page.views.help import help_page
from auditor.page.views.list_preview import list_preview_page
from auditor.page.views.log import log_page
from auditor.page.views.queue import next_case, queue_page
from auditor.page.views.settings import settings_page

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

from auditor.page.service import ReviewService


def application(service: ReviewService) -> ASGIApp:
    """Return the ASGI application of the review page. Every path but ``/enter`` needs a session."""
    read: dict[str, Callable[[PageRequest], Page | Redirect]] = {
        "/": queue_page,
        "/next": next_case,
        "/case/{case}": case_page,
        "/groups": groups_page,
        "/group/{group}": group_page,
        "/log": log_page,
        "/coverage": coverage_page,
        "/list": list_preview_page,
        "/settings": settings_page,
        "/help": help_page,
    }
    record: dict[str, Callable[[PageRequest], Page | Redirect]] = {
        "/case/{case}/pass": actions.pass_case,
        "/case/{case}/take-back": actions.restore_passed_case,
        "/case/{case}/{act}": actions.act_on_case,
        "/group/{group}": act_on_group,
        "/settings": actions.save_preferences,
        "/rest": actions.take_break,
        "/log": actions.verify_whole_ledger,
    }
    routes = [Route(path, _view_endpoint(service, view), methods=["GET"]) for path, view in read.items()]
    routes += [Route(path, _action_endpoint(service, act), methods=["POST"]) for path, act in record.items()]
    routes += [
        Route("/enter", _enter_endpoint(service), methods=["GET"]),
        Route("/leave", _leave_endpoint(service), methods=["POST"]),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={404: _error_page(service), 405: _error_page(service), 500: _error_page(service)},
    )
    return _RequestGuard(app, service)  # around everything: what goes wrong has these headers too


class _RequestGuard:
    """Refuses requests of anything but this page's own browsers, and sets the headers of every answer."""

    def __init__(self, app: ASGIApp, service: ReviewService) -> None:
        self.app, self.service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope)

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                ours = [(name.lower().encode(), value.encode()) for name, value in self.service.headers.items()]
                message["headers"] = [*message.get("headers", ()), *ours]
            await send(message)

        hosts = request.headers.getlist("host")
        why = self.service.access.refusal_reason(request.method, request.url.path, request.headers)
        if why or len(hosts) != 1:
            refusal = self.service.render(
                _problem_page("Request refused", why or "The request names two hosts.", 403), ""
            )
            await refusal(scope, receive, sending)
            return
        await self.app(scope, receive, sending)


def _view_endpoint(
    service: ReviewService, view: Callable[[PageRequest], Page | Redirect]
) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of the page's application that shows a view."""

    async def endpoint(request: Request) -> Response:
        """Answer a request to the page with the view."""
        session = _find_session(service, request)
        if session is None:
            return _not_signed_in(service)
        return await run_in_threadpool(_answer, service, session, view, request, FormFields())

    return endpoint


def _action_endpoint(
    service: ReviewService, act: Callable[[PageRequest], Page | Redirect]
) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of the page's application that does what a form asks."""

    async def endpoint(request: Request) -> Response:
        """Answer a form that was posted to the page; one that cannot be recorded gives a reviewer's words back."""
        session, form = _find_session(service, request), await _read_form(request)
        if form is None:
            return service.render(_problem_page("The form was too long", "A form holds at most 256 kB.", 413), "")
        if session is None:
            return _not_signed_in(service, form)
        if not _has_valid_token(session, request, form):
            why = "This form belongs to another session. Go back, reload the page, and send the form again."
            return service.render(_problem_page("Request refused", why, 403, form), "")
        return await run_in_threadpool(_answer, service, session, act, request, form)

    return endpoint


def _enter_endpoint(service: ReviewService) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of the page's application that lets a browser in by its link."""

    async def endpoint(request: Request) -> Response:
        """Answer a browser that follows a link to the page."""
        secret = service.access.create_session(request.query_params.get("token", ""))
        if not secret:
            return _not_signed_in(service)
        answer = RedirectResponse("/", 303)
        answer.headers["Set-Cookie"] = security.session_cookie(service.access.cookie, secret)
        return answer

    return endpoint


def _leave_endpoint(service: ReviewService) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of the page's application that ends a session."""

    async def endpoint(request: Request) -> Response:
        """End the session of a browser that leaves the page."""
        session, form = _find_session(service, request), await _read_form(request)
        if session is None or form is None or not _has_valid_token(session, request, form):
            return _not_signed_in(service)
        service.access.end_session(_cookie(service, request))
        answer = service.render(
            _problem_page("You have signed out", "To sign in again, restart the page. Take care.", 200),
            "",
        )
        answer.headers["Set-Cookie"] = f"{security.session_cookie(service.access.cookie, '')}; Max-Age=0"
        answer.headers["Clear-Site-Data"] = '"cache"'
        return answer

    return endpoint


def _error_page(service: ReviewService) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return the endpoint of the page's application that explains an error."""

    async def endpoint(request: Request, error: Exception) -> Response:
        """Answer a failed request to the page with an explanation."""
        status = getattr(error, "status_code", 500)
        if status in (404, 405):
            return service.render(_problem_page("Page not found", "Go back to the cases.", status), "")
        why = "An internal error occurred, and nothing was recorded. Please report it to the developers of auditor."
        return service.render(_problem_page("Something went wrong", why, 500), "")

    return endpoint


def _answer(
    service: ReviewService,
    session: Session,
    view: Callable[[PageRequest], Page | Redirect],
    request: Request,
    form: FormFields,
) -> Response:
    """Answer a request to the page's application from the ledger as it is now; errors are shown with what was typed."""
    now = service.ledger_session.clock()
    try:
        with service.ledger_session.open_ledger() as ledger:
            page_request = PageRequest(
                service,
                session,
                ledger,
                QueryParameters(request.query_params),
                QueryParameters(request.path_params),
                form,
            )
            try:
                made = view(page_request)
            except UsageError as error:
                made = _explain_refusal(page_request, error)
            if isinstance(made, Redirect):
                return RedirectResponse(made.location, 303)
            return service.render(made, ledger.now, page_request)
    except LedgerBusy as error:
        return service.render(_problem_page("The ledger is busy", str(error), 503, form), now)
    except (SealError, RunError) as error:
        return service.render(_problem_page("The ledger failed verification", str(error), 500, form), now)
    except AuditorError as error:
        return service.render(_problem_page("This page cannot be shown", str(error), 422, form), now)


def _explain_refusal(page_request: PageRequest, error: UsageError) -> Page | Redirect:
    """Return the application's answer to a refused form: a page with the error and what was typed."""
    if "case" in page_request.path:
        try:
            state = page_request.ledger.state(page_request.path["case"])
        except UsageError:
            return _problem_page("Case not found", "This ledger has no case with that id.", 404)
        if page_request.form:
            changed = page_request.form_value("seen").isdigit() and page_request.form_value("seen") != str(
                state.last_event
            )
            why = str(actions.CaseChanged(error)) if isinstance(error, actions.CaseChanged) else str(error)
            return case_page(page_request, why, 409 if changed or isinstance(error, actions.CaseChanged) else 422)
    return _problem_page("This page cannot be shown", str(error), 422)


def _problem_page(title: str, why: str, status: int, form: FormFields | None = None) -> Page:
    """Return the application's page about an error, which gives a reviewer's words back."""
    return Page("problem.html", {"title": title, "why": why, "kept": (form or FormFields())["why"]}, status)


def _not_signed_in(service: ReviewService, form: FormFields | None = None) -> Response:
    """Return the application's page for a browser without a session, which gives a reviewer's words back."""
    why = (
        "This link has been used, is too old, or its session has ended. Start the page again in the terminal "
        "and follow the new link."
    )
    return service.render(_problem_page("You are not signed in", why, 403, form), "")


def _find_session(service: ReviewService, request: Request) -> Session | None:
    """Return the session of a request to the page's application; None if it has none."""
    return service.access.find_session(_cookie(service, request))


def _cookie(service: ReviewService, request: Request) -> str:
    """Return the session cookie of a request to the page's application."""
    try:
        jar = SimpleCookie(request.headers.get("cookie", ""))
    except CookieError:
        return ""
    return jar[service.access.cookie].value if service.access.cookie in jar else ""


async def _read_form(request: Request) -> FormFields | None:
    """Return the fields of a form; None if it is too long."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > security.MAX_FORM_BYTES:
            return None
    if request.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        return FormFields()
    try:
        fields = parse_qs(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        return FormFields()
    return FormFields({name: tuple(values) for name, values in fields.items()})


def _has_valid_token(session: Session, request: Request, form: FormFields) -> bool:
    """Return whether a request's form carries the anti-forgery token of its reviewer and its path."""
    token = next(iter(form["token"]), "")
    return security.tokens_match(token, session.token(request.url.path))
