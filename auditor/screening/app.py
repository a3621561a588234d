"""The ASGI application of the screening service: it decides which requests are taken, and answers them as JSON."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auditor.screening.access import AccessControl
from auditor.screening.metrics import CONTENT_TYPE, ServiceMetrics
from auditor.screening.openapi import openapi_document
from auditor.screening.rate_limit import RateLimit
from auditor.screening.screener import Screener
from auditor.screening.worker_pool import ScreeningPool

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)

# Seconds that a body of whatever length may take to arrive.
BODY_SECONDS = 30.0
_HEADERS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
# The type of a body that is a form, in which files are parts.
_FORM = "multipart/"
_HEALTH = "/health"
_METHODS = ("GET", "HEAD", "POST")


@dataclass(frozen=True, slots=True)
class ServiceLimits:
    """What the service takes.

    Attributes:
        max_bytes: Of one body.
        max_requests: Pictures that are received, wait or are compared at one time.
        rate: Pictures a second for each token; for all callers where there is none.
        body_seconds: Seconds that a body may take to arrive.
    """

    max_bytes: int = 20 << 20
    max_requests: int = 64
    rate: float = 100.0
    body_seconds: float = BODY_SECONDS


class _Refusal(HTTPException):
    """A request that is answered with an error."""

    def __init__(self, status: int, why: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, why, dict(headers or {}))


class ScreeningService:
    """Answers requests. Its state is used by the event loop alone."""

    def __init__(self, screener: Screener, pool: ScreeningPool, access: AccessControl, limits: ServiceLimits) -> None:
        self._screener, self._pool, self._access, self._limits = screener, pool, access, limits
        self._rate = RateLimit(limits.rate)
        self._in_progress = 0
        self.metrics = ServiceMetrics()

    async def screen(self, request: Request) -> Response:
        """Answer ``POST /v1/screen``: receive a picture, compare it and forget it."""
        caller = self._allowed_caller(request)
        if seconds := self._rate.seconds_to_wait(caller):
            raise _Refusal(429, "too many requests", {"Retry-After": str(math.ceil(seconds))})
        self._refuse_unusable_body(request)
        if self._in_progress >= self._limits.max_requests:
            raise _Refusal(503, "too many pictures wait to be compared", {"Retry-After": "1"})
        self._in_progress += 1
        try:
            data = await self._body(request)
            began = time.perf_counter()
            answer = await self._pool.screen(data)
        finally:
            self._in_progress -= 1
        self.metrics.count_answer(answer.outcome, time.perf_counter() - began)
        return JSONResponse(asdict(answer))

    async def openapi(self, request: Request) -> Response:
        """Answer ``GET /v1/openapi.json``."""
        return JSONResponse(openapi_document(self._limits.max_bytes, needs_token=self._access.needs_token))

    async def health(self, request: Request) -> Response:
        """Answer ``GET /health``."""
        if not self._pool.is_working:
            return JSONResponse({"status": "no workers"}, 503)
        return JSONResponse({"status": "lists too old" if self._screener.outdated_lists else "ok"})

    async def show_metrics(self, request: Request) -> Response:
        """Answer ``GET /metrics``: to callers alone, because counts of matches tell what an answer tells."""
        self._allowed_caller(request)
        return Response(self.metrics.text(self._in_progress), media_type=CONTENT_TYPE)

    def _allowed_caller(self, request: Request) -> int:
        """Return the number of the caller. Raises _Refusal for one that may not ask."""
        if self._access.is_from_web_page(request.headers):
            raise _Refusal(403, "this service answers programs of this machine, under its own address")
        caller = self._access.caller(request.headers)
        if caller is None:
            raise _Refusal(401, "a token is needed: Authorization: Bearer …", {"WWW-Authenticate": "Bearer"})
        return caller

    def _refuse_unusable_body(self, request: Request) -> None:
        """Raise _Refusal for a body that its headers show to be too large, or no file's bytes as they are."""
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise _Refusal(415, "send the bytes of the file as they are, not compressed")
        if request.headers.get("content-type", "").lower().startswith(_FORM):
            raise _Refusal(415, "send the bytes of the file as they are, not as a form")
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length) > self._limits.max_bytes:
            raise self._too_large()

    async def _body(self, request: Request) -> bytes:
        """Return the body. Raises _Refusal if it is too large, or does not arrive whole and in time."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                async for piece in request.stream():
                    body += piece
                    if len(body) > self._limits.max_bytes:
                        raise self._too_large()
        except TimeoutError:
            raise _Refusal(408, "the body did not arrive in time", {"Connection": "close"}) from None
        except ClientDisconnect:
            raise _Refusal(400, "the request broke off") from None
        return bytes(body)

    def _too_large(self) -> _Refusal:
        """Return the refusal of a body that is too large."""
        return _Refusal(413, f"more than {self._limits.max_bytes:,} bytes; scan the file instead")


def create_app(service: ScreeningService) -> ASGIApp:
    """Return the ASGI application of a service."""
    app = Starlette(
        routes=[
            Route("/v1/screen", service.screen, methods=["POST"]),
            Route("/v1/openapi.json", service.openapi, methods=["GET"]),
            Route(_HEALTH, service.health, methods=["GET"]),
            Route("/metrics", service.show_metrics, methods=["GET"]),
        ],
        exception_handlers={HTTPException: _describe_refusal, Exception: _describe_fault},
    )
    return _Observed(app, service.metrics)


class _Observed:
    """Sets the headers of every answer, counts and logs it: its route, status and time, and nothing that was sent."""

    def __init__(self, app: Starlette, metrics: ServiceMetrics) -> None:
        self._app, self._metrics = app, metrics
        self._paths = {route.path for route in app.routes if isinstance(route, Route)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        began = time.perf_counter()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
                status = message["status"]
                if status >= 400 and scope["path"] != _HEALTH:
                    self._metrics.count_refusal(status)
                method = scope["method"] if scope["method"] in _METHODS else "another method"
                path = scope["path"] if scope["path"] in self._paths else "another path"
                _log.info("%s %s %d, %.0f ms", method, path, status, 1000 * (time.perf_counter() - began))
            await send(message)

        await self._app(scope, receive, sending)


async def _describe_refusal(request: Request, error: Exception) -> Response:
    """Return the answer to a refused request."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


async def _describe_fault(request: Request, error: Exception) -> Response:
    """Return the answer to a request that met a fault of the service's own."""
    return JSONResponse({"error": "a fault of the service"}, 500)
