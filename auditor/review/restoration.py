"""Whether a decision that ended was also taken back by every recipient of a list: proven by their receipts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.review.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Removal:
    """A case that was taken off a recipient's list: with which version, and when.

    ``receipt_at`` is when the recipient signed that it acted on that version or a later one; "" while it has not.
    """

    recipient: str
    version: str
    at: str
    receipt_at: str = ""

    def __str__(self) -> str:
        removed = f"{self.recipient}: taken off with version {self.version}"
        if not self.receipt_at:
            return f"{removed}; not proven: there is no receipt for that version or a later one yet"
        return f"{removed}; proven by its receipt of {self.receipt_at}"


def read_removals(ledger: Ledger, case: str) -> tuple[Removal, ...]:
    """Return the last removal of a case from each recipient's list it is no longer on."""
    on_list = set(ledger.state(case).listed)
    last = {
        event.data["recipient"]: Removal(event.data["recipient"], event.data["version"], event.time)
        for event in ledger.history(case)
        if event.kind == "delisted" and event.data["recipient"] not in on_list
    }
    if not last:
        return ()
    receipts = list(ledger.receipts())
    return tuple(
        Removal(recipient, removal.version, removal.at, min(_receipt_times(receipts, removal), default=""))
        for recipient, removal in sorted(last.items())
    )


def _receipt_times(receipts: list[tuple[str, str, str]], removal: Removal) -> Iterator[str]:
    """Yield the times of the receipts that cover a removal."""
    for recipient, version, at in receipts:
        if recipient == removal.recipient and int(version) >= int(removal.version):
            yield at
