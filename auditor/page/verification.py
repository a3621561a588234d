"""Verify a whole ledger while the page goes on answering, and say how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock, Thread

from auditor.errors import AuditorError, UsageError
from auditor.page.ledger_session import LedgerSession
from auditor.review.verify_ledger import VerificationResult, verify_ledger

SECONDS_BEFORE_PROGRESS = 1.0  # what takes no longer is answered at once


@dataclass(slots=True)
class Verification:
    """One verification: what it compares with, as it was typed, how far it is, and what it found."""

    earlier: str
    witness: str
    done: int = 0
    total: int = 1
    result: VerificationResult | None = None
    error: AuditorError | None = None
    thread: Thread | None = None

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.thread is not None and self.thread.is_alive()

    @property
    def percent(self) -> int:
        """How far it is."""
        return min(99, 100 * self.done // max(1, self.total))


@dataclass(slots=True)
class LedgerVerifier:
    """The verification that runs or ran last; only one runs at a time."""

    last: Verification | None = None
    _lock: Lock = field(default_factory=Lock)

    def verify(self, session: LedgerSession, earlier: str, witness: str, key: bytes) -> Verification:
        """Start a verification and wait for it for a moment. Raises UsageError while another one runs.

        Args:
            session: The ledger.
            earlier: A checkpoint to compare with, or "".
            witness: The witness's public key as it was typed, or "".
            key: The same decoded, or b"".
        """
        with self._lock:
            if self.last is not None and self.last.running:
                raise UsageError("The ledger is being verified. Wait until that has ended.")
            made = self.last = Verification(earlier, witness)
            made.thread = Thread(target=_run, args=(session, made, key), daemon=True)
            made.thread.start()
        made.thread.join(SECONDS_BEFORE_PROGRESS)
        return made


def _run(session: LedgerSession, made: Verification, key: bytes) -> None:
    """Verify a ledger and keep what was found."""

    def advance(done: int, total: int) -> None:
        """Keep how far the verification is."""
        made.done, made.total = done, total

    earlier = f"{made.earlier}\n" if made.earlier else ""
    try:
        with session.open_ledger() as ledger:
            made.result = verify_ledger(
                ledger, earlier=earlier, witness=key, now=ledger.machine_time(), progress=advance
            )
    except AuditorError as error:
        made.error = error
