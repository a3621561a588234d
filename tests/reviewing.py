"""Ledgers and cases for tests of the review: a clock that the test sets, and cases of ordinary pretend models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from auditor.model import Statement
from auditor.review import Ledger, reviewers
from auditor.review.case_reasons import Strength
from auditor.review.ledger_events import LedgerAction
from auditor.timestamps import add_time

POLICY: dict[str, Any] = {
    "fingerprint": "0" * 64,
    "profile": "example",
    "version": "0",
    "lists": [],
    "rules": [
        {
            "id": "trained-on-known-content",
            "title": "A model was trained on a dataset that matches a known-content list",
            "severity": "error",
            "case": "exposed",
            "why": "A model can reproduce what it learnt from.",
            "fix": "Train again on a cleaned version,\nand say so in the card.",
            "references": [],
        }
    ],
}
REVIEWERS = ("heron", "wren", "owl", "finch")


class Clock:
    """Gives the time that the test says."""

    def __init__(self, time: str = "2026-11-23T09:00:00Z") -> None:
        self.time = time

    def __call__(self) -> str:
        return self.time

    def advance(self, **span: float) -> str:
        self.time = add_time(self.time, **span)
        return self.time


def create_ledger(folder: Path, clock: Clock | None = None) -> Ledger:
    """A new ledger with four reviewers."""
    ledger = Ledger.create(folder, clock=clock or Clock())
    for name in REVIEWERS:
        reviewers.add_reviewer(folder, name, f"Person {name}")
    return ledger


def case_id(number: int) -> str:
    return f"{number:016x}"


def opening_action(
    number: int = 1, strength: Strength = "exact", *, name: str = "", ground: str = "exposed", dataset: str = ""
) -> LedgerAction:
    """The act that opens a case of one reason; with a dataset, also with the facts that it follows from."""
    subject = {"kind": "model", "name": name or f"atelier/model-{number}", "revision": ""}
    reason = {
        "rule": "trained-on-known-content",
        "subject": subject,
        "fact": "trained on dataset northlight/scenes, which matches entries of a known-content list",
        "severity": "error",
        "strength": strength,
        "words": ["card", "computed"],
        "remark": "1 of 12 samples; list known-pictures",
    }
    content = {
        "ground": ground,
        "subject": subject,
        "copies": [],
        "digests": [{"algorithm": "sha256", "value": f"{number:064x}"}],
        "weights": f"{number:064x}",
        "reasons": [reason],
        "facts": [],
        "policy": POLICY["fingerprint"],
        "version": "0",
        "linked": "",
    }
    if dataset:
        reason["fact"] = f"trained on dataset {dataset}, which matches entries of a known-content list"
        stated = (
            (subject, Statement("trained_on", dataset, "", source="card")),
            (
                {"kind": "dataset", "name": dataset, "revision": ""},
                Statement("known_content", "known-pictures", "exact", source="lineage"),
            ),
        )
        content["facts"] = [
            {"subject": of, "statement": said._asdict() | {"place": said.place._asdict()}} for of, said in stated
        ]
    if ground == "report":
        subject["kind"] = "dataset"
        content |= {"digests": [], "weights": "", "found_at": "2026-11-23T08:00:00Z"}
    return LedgerAction("opened", case_id(number), reviewers.PROGRAM_ACTOR, content)


def decide_case(
    ledger: Ledger, case: str, verdict: str = "de-index", first: str = "heron", second: str = "wren"
) -> None:
    """Bring a case to a decision of two."""
    ledger.claim(case, first)
    ledger.propose(case, first, verdict, why="The digest is on the list.")  # type: ignore[arg-type]
    ledger.decide(case, second, verdict, why="I compared it too.")  # type: ignore[arg-type]
