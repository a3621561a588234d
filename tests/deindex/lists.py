"""Decisions, keys and lists for the tests."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from auditor.deindex import build_list, receive_list
from auditor.deindex.build_list import BuildOptions, BuildResult
from auditor.deindex.lookup import Lookup, open_lookup
from auditor.deindex.party_cards import Party
from auditor.deindex.party_keys import Keys
from auditor.deindex.proofs import Prover, SignedCheckpoint
from auditor.deindex.received_state import ReceivedList
from auditor.model import Digest, Ref
from auditor.review.case_reasons import Reason
from auditor.review.checkpoints import Checkpoint
from auditor.review.review_types import Decision
from auditor.sealing import encryption, merkle
from auditor.sealing.keys import SigningKey, encode_public_key

NOW = "2026-11-23T12:00:00Z"
RULE = "linked-same-weights"


def decision(name: str, id_: str = "", **changed: object) -> Decision:
    """Return a decision in force of two people on a model."""
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


class MemoryLedger:
    """A ledger in memory: seven general events, then one event for each added decision."""

    def __init__(self, origin: str = "auditor/ledger/ledger") -> None:
        self.origin, self.key = origin, SigningKey.from_seed(b"l" * 32)
        self.size = 0
        self.tree: dict[tuple[int, int], bytes] = {}
        self.known: dict[str, Decision] = {}
        self.add_events(7)

    def add_events(self, events: int = 1) -> None:
        """Add events that belong to no decision."""
        for _ in range(events):
            self.add(f"event {self.size}")

    def add(self, text: str) -> None:
        hashed = merkle.hash_leaf(text.encode())
        for level, number, node in merkle.completed_subtrees(self.size, hashed, lambda level, at: self.tree[level, at]):
            self.tree[level, number] = node
        self.size += 1

    def add_decision(self, made: Decision) -> Decision:
        """Add the event of a decision, once; return the decision with its place in the ledger."""
        data: dict[str, object] = {"verdict": made.verdict, "rules": made.rules, "words": "00" * 32, "name": "11" * 32}
        if made.verdict == "interim":
            data["expires"] = made.expires_at
        kind = "interim" if made.verdict == "interim" else "reviewed"
        event = {"actor": "", "case": made.case, "kind": kind, "time": made.decided_at}
        key = json.dumps([made.id, event, data])
        if key not in self.known:
            text = json.dumps({**event, "data": data, "number": self.size, "previous": "00" * 32})
            leaf = merkle.hash_leaf(text.encode()).hex()
            self.known[key] = replace(made, index=self.size, leaf=leaf, logged=text)
            self.add(text)
        held = self.known[key]
        return replace(made, index=held.index, leaf=held.leaf, logged=held.logged)

    def prover(self) -> Prover:
        root = merkle.root_hash(self.size, lambda level, number: self.tree[level, number])
        note = Checkpoint(self.origin, self.size, root).sign(self.key)
        return Prover(
            SignedCheckpoint(note, encode_public_key(self.key.public)),
            lambda wanted: [self.tree[at] for at in wanted],
        )


@dataclass(frozen=True)
class ListExchange:
    """A sender and a recipient of lists, and the folder of their state."""

    folder: Path
    sender: Keys
    recipient: Keys
    ledger: MemoryLedger = field(default_factory=MemoryLedger)

    def build(self, *decisions: Decision, now: str = NOW, to: Party | None = None, **order: object) -> BuildResult:
        held = [self.ledger.add_decision(made) for made in decisions]
        return self.sealed(held, now, to, **order)

    def sealed(
        self, decisions: Iterable[Decision], now: str = NOW, to: Party | None = None, **order: object
    ) -> BuildResult:
        """Build a list of decisions that the ledger already has."""
        return build_list.build_list(
            decisions,
            to or self.recipient.card,
            self.sender,
            self.folder / "out",
            self.folder / "sent",
            now,
            BuildOptions(**order),  # type: ignore[arg-type]
            self.ledger.prover(),
        )

    def receive(
        self, path: Path, now: str = NOW, keys: Keys | None = None, sender: Party | None = None
    ) -> ReceivedList:
        return receive_list.receive_list(
            path, keys or self.recipient, sender or self.sender.card, self.folder / "home", now
        )

    def lookup(self, now: str = NOW) -> Lookup:
        return open_lookup(self.folder / "home", self.sender.card, now)

    def answers(self, *texts: str, now: str = NOW) -> list[str]:
        return [answer.outcome for answer in self.lookup(now).lookup_texts(texts)]

    def plain(self, path: Path, keys: Keys | None = None) -> bytes:
        """Return a list decrypted, without verifying it."""
        out = io.BytesIO()
        with path.open("rb") as file:
            encryption.decrypt(file, out, (keys or self.recipient).identity)
        return out.getvalue()

    def forged(self, path: Path, change: Callable[[list[bytes]], Iterable[bytes]], to: Party | None = None) -> Path:
        """Change lines of a list and encrypt it again, as anyone who can read the list could."""
        lines = list(change(self.plain(path).splitlines(keepends=True)))
        forged = path.with_suffix(".forged")
        with forged.open("wb") as file:
            encryption.encrypt(lines, file, (to or self.recipient.card).age)
        return forged
