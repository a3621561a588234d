"""A browser's session: whose it is, the tokens of its forms, and how long the reviewer has worked without a break."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from auditor.page.preferences import PreferenceStore

BREAK_SECONDS = 10 * 60  # so long without a request counts as a break


@dataclass(slots=True)
class Session:
    """One browser's session. ``key`` makes the tokens of its forms; it never leaves this process."""

    reviewer: str
    store: PreferenceStore
    clock: Callable[[], float]  # in seconds
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    since: float = 0.0  # start of work, or end of the last break
    seen: float = 0.0  # the last request

    def token(self, action: str) -> str:
        """Return the session's token for the form that posts to this path; no other form or session can use it."""
        return hmac.new(self.key, action.encode(), hashlib.sha256).hexdigest()

    def record_request(self) -> None:
        """Record a request in the reviewer's session; a long time without one was a break."""
        now = self.clock()
        if now - self.seen > BREAK_SECONDS:
            self.since = now
        self.seen = now

    def minutes_without_break(self) -> int:
        """Return how long this reviewer has worked without a break."""
        return int((self.clock() - self.since) // 60)

    def record_break(self) -> None:
        """Start counting the reviewer's working time again after a break."""
        self.since = self.clock()
