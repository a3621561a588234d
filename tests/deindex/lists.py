"""Decisions, keys and lists for the tests."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from auditor.deindex import building, receiving
from auditor.deindex.building import Built, Order
from auditor.deindex.lookup import Lookup, open_lookup
from auditor.deindex.parties import Keys, Party
from auditor.deindex.receiving import Received
from auditor.model import Digest, Ref
from auditor.review.decisions import Decision, Reason
from auditor.sealing import envelope

NOW = "2026-11-23T12:00:00Z"
RULE = "linked-same-weights"


def decision(name: str, id_: str = "", **changed: object) -> Decision:
    """A standing decision of two people on a model."""
    number = sum(name.encode())
    made = Decision(
        id=id_ or f"decision-{name}",
        case=f"case-{name}",
        ground="linked",
        subject=Ref("model", name),
        copies=(),
        digests=(Digest("sha256", f"{number:064x}"), Digest("sha256-tensors", f"{number + 1:064x}")),
        verdict="de-index",
        rules=(RULE,),
        reasons=(Reason(RULE, Ref("model", name), "the same weights as an entry of list models", "error", "listed"),),
        explanation="An authority lists these weights.",
        proposer="heron",
        approver="wren",
        opened_at="2026-11-20T08:00:00Z",
        proposed_at="2026-11-20T09:00:00Z",
        decided_at="2026-11-21T09:00:00Z",
        review_by="2027-05-21T09:00:00Z",
        expires_at="2027-11-21T09:00:00Z",
        policy="f8f3fc15751b",
        version="0.1",
        index=7,
        evidence="ab" * 32,
    )
    return replace(made, **changed)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Desk:
    """Both sides, with a folder for what they keep."""

    folder: Path
    sender: Keys
    recipient: Keys

    def build(self, *decisions: Decision, now: str = NOW, to: Party | None = None, **order: object) -> Built:
        recipient = to or self.recipient.card
        state = self.folder / "sent"
        return building.build(
            decisions,
            recipient,
            self.sender,
            self.folder / "out",
            state,
            now,
            Order(**order),  # type: ignore[arg-type]
        )

    def receive(self, path: Path, now: str = NOW, keys: Keys | None = None, sender: Party | None = None) -> Received:
        return receiving.receive(path, keys or self.recipient, sender or self.sender.card, self.folder / "home", now)

    def lookup(self, now: str = NOW) -> Lookup:
        return open_lookup(self.folder / "home", self.sender.card, now)

    def answers(self, *texts: str, now: str = NOW) -> list[str]:
        return [answer.outcome for answer in self.lookup(now).texts(texts)]

    def plain(self, path: Path, keys: Keys | None = None) -> bytes:
        """A list, decrypted and not verified."""
        out = io.BytesIO()
        with path.open("rb") as file:
            envelope.decrypt(file, out, (keys or self.recipient).identity)
        return out.getvalue()

    def forged(self, path: Path, change: Callable[[list[bytes]], Iterable[bytes]], to: Party | None = None) -> Path:
        """The list with its lines changed, encrypted again: whoever can read a list can do that."""
        lines = list(change(self.plain(path).splitlines(keepends=True)))
        forged = path.with_suffix(".forged")
        with forged.open("wb") as file:
            envelope.encrypt(lines, file, (to or self.recipient.card).age)
        return forged
