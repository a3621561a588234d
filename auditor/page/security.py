"""Which requests are answered: only those of a browser on this machine that followed a one-time link."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping, MutableMapping

from auditor.page.preferences import PreferenceStore
from auditor.page.sessions import Session

HOST = "127.0.0.1"
MAX_FORM_BYTES = 256 * 1024  # of one form
IDLE_SECONDS = 8 * 3600
LINK_SECONDS = 15 * 60  # a link expires if nobody follows it


class AccessControl:
    """One-time links and the sessions that they opened, in memory only: stopping the page ends them."""

    def __init__(self, port: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.authority = f"{HOST}:{port}"
        self.origin = f"http://{self.authority}"
        # A cookie belongs to a host whatever its port, so its name says the port.
        self.cookie = f"auditor-review-{port}"
        self._clock = clock
        self._links: MutableMapping[str, tuple[PreferenceStore, float]] = {}
        self._sessions: MutableMapping[str, Session] = {}

    def create_link(self, store: PreferenceStore) -> str:
        """Return an address that lets one browser in, once."""
        token = secrets.token_urlsafe(32)
        self._links[_hash_secret(token)] = (store, self._clock())
        return f"{self.origin}/enter?token={token}"

    def create_session(self, token: str) -> str:
        """Return the secret of a new session; "" for a token that is unknown, used or too old."""
        store, made = self._links.pop(_hash_secret(token), (None, 0.0))
        now = self._clock()
        if store is None or now - made > LINK_SECONDS:
            return ""
        secret = secrets.token_urlsafe(32)
        self._sessions[_hash_secret(secret)] = Session(store.reviewer, store, self._clock, since=now, seen=now)
        return secret

    def find_session(self, secret: str) -> Session | None:
        """Return the session of a secret, None if it is unknown or has been idle too long."""
        key = _hash_secret(secret)
        session, now = self._sessions.get(key), self._clock()
        if session is None:
            return None
        if now - session.seen > IDLE_SECONDS:
            self._sessions.pop(key, None)
            return None
        session.record_request()
        return session

    def end_session(self, secret: str) -> None:
        """End the session of a secret."""
        self._sessions.pop(_hash_secret(secret), None)

    def refusal_reason(self, method: str, path: str, headers: Mapping[str, str]) -> str:
        """Return why a request is refused, "" when it is allowed.

        The host is checked against DNS rebinding: another name that resolves to this machine is not this page.
        The origin is checked against forms of other pages, those on other ports of this machine included.
        """
        if headers.get("host", "") != self.authority:
            return f"This page answers at {self.origin} only."
        site = headers.get("sec-fetch-site", "")
        if site not in ("", "none", "same-origin"):
            return "Another web page sent this request. Paste the link into the address bar, or return to this page."
        if method not in ("GET", "HEAD", "POST"):
            return "This page accepts only GET and POST requests."
        if method == "POST" and headers.get("origin", "") != self.origin:
            return "This form was not sent by the review page."
        return ""


def tokens_match(token: str, expected: str) -> bool:
    """Compare two security tokens in constant time."""
    return hmac.compare_digest(token.encode(), expected.encode())


def response_headers(style: str, script: str) -> dict[str, str]:
    """Return the security headers of every answer: only this style and script run, by their hashes.

    Nothing else is loaded or stored.

    The referrer policy is not "no-referrer": with it browsers send ``Origin: null`` (Fetch standard, "append a request
    Origin header"), and the origin of a form could not be checked.
    """
    policy = (
        "default-src 'none'",
        f"style-src '{_csp_hash(style)}'",
        f"script-src '{_csp_hash(script)}'",
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


def session_cookie(name: str, secret: str) -> str:
    """Return a secure session cookie, which ends with the browser session and no script or other site can use."""
    return f"{name}={secret}; HttpOnly; SameSite=Strict; Path=/"


def _csp_hash(text: str) -> str:
    """Return a hash as a Content-Security-Policy header writes it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _hash_secret(secret: str) -> str:
    """Return the hash by which a security token is looked up, so that timing reveals nothing about it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
