"""Who may ask: a browser on this machine that was given the one-time link, and no other page that it has open."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field

from auditor.page.preferences import Seat

HOST = "127.0.0.1"
BODY = 256 * 1024  # bytes of a form
IDLE_SECONDS = 8 * 3600
LINK_SECONDS = 15 * 60  # a link that nobody followed ends
BREAK_SECONDS = 10 * 60  # away for so long is a break


@dataclass(slots=True)
class Session:
    """One browser. ``key`` makes the tokens of its forms; it never leaves this process."""

    reviewer: str
    seat: Seat
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    since: float = 0.0  # when this reviewer began, or came back from a break
    seen: float = 0.0

    def token(self, action: str) -> str:
        """The token of the form that posts to this path: of no use to any other form or session."""
        return hmac.new(self.key, action.encode(), hashlib.sha256).hexdigest()


class Door:
    """Links that open once, and the sessions they opened. All in memory: stopping the page ends them."""

    def __init__(self, port: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.authority = f"{HOST}:{port}"
        self.origin = f"http://{self.authority}"
        # A cookie belongs to a host whatever its port, so its name says the port.
        self.cookie = f"auditor-review-{port}"
        self._clock = clock
        self._links: MutableMapping[str, tuple[Seat, float]] = {}
        self._sessions: MutableMapping[str, Session] = {}

    def link(self, seat: Seat) -> str:
        """An address that lets one browser in, once."""
        token = secrets.token_urlsafe(32)
        self._links[_digest(token)] = (seat, self._clock())
        return f"{self.origin}/enter?token={token}"

    def enter(self, token: str) -> str:
        """The secret of a new session; "" for a token that is unknown, used or too old."""
        seat, made = self._links.pop(_digest(token), (None, 0.0))
        now = self._clock()
        if seat is None or now - made > LINK_SECONDS:
            return ""
        secret = secrets.token_urlsafe(32)
        self._sessions[_digest(secret)] = Session(seat.reviewer, seat, since=now, seen=now)
        return secret

    def session(self, secret: str) -> Session | None:
        key = _digest(secret)
        session, now = self._sessions.get(key), self._clock()
        if session is None:
            return None
        if now - session.seen > IDLE_SECONDS:
            self._sessions.pop(key, None)
            return None
        if now - session.seen > BREAK_SECONDS:
            session.since = now
        session.seen = now
        return session

    def minutes(self, session: Session) -> int:
        """How long this reviewer has been here without a break."""
        return int((self._clock() - session.since) // 60)

    def rested(self, session: Session) -> None:
        session.since = self._clock()

    def leave(self, secret: str) -> None:
        self._sessions.pop(_digest(secret), None)

    def refused(self, method: str, path: str, headers: Mapping[str, str]) -> str:
        """Why a request is not one of this page's own browser, "" when it may be.

        The host is checked against DNS rebinding: a name that resolves to this machine is not this page. The origin
        is checked against other pages' forms, other ports of this machine included.
        """
        if headers.get("host", "") != self.authority:
            return f"This page answers at {self.origin} only."
        site = headers.get("sec-fetch-site", "")
        if site not in ("", "none", "same-origin"):
            return "Another page asked for this. Paste the link into the address bar, or go back to the review page."
        if method not in ("GET", "HEAD", "POST"):
            return "This page is only read, or sent forms."
        if method == "POST" and headers.get("origin", "") != self.origin:
            return "This form was not sent by the review page."
        return ""


def same(token: str, expected: str) -> bool:
    return hmac.compare_digest(token.encode(), expected.encode())


def headers(style: str, script: str) -> dict[str, str]:
    """What every answer carries: one style and one script run, by their hashes; nothing else runs, loads or is kept.

    The referrer goes nowhere else. It is not "no-referrer", with which browsers send ``Origin: null`` (Fetch
    standard, "append a request Origin header"), so that a form's own origin could not be checked.
    """
    policy = (
        "default-src 'none'",
        f"style-src '{_hash(style)}'",
        f"script-src '{_hash(script)}'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=()",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow",
    }


def cookie(name: str, secret: str) -> str:
    """Gone with the browser's session, never shown to a script, never sent along from another site."""
    return f"{name}={secret}; HttpOnly; SameSite=Strict; Path=/"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _digest(secret: str) -> str:
    """Secrets are looked up by their hashes, so that how long a look-up takes tells nothing of them."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
