"""Precision and recall of the rule ``companion-without-safeguards`` over labelled model cards.

    python -m tests.benchmarks.bench_companions [--show] [CARDS.toml ...]

Without files it takes the three of ``tests/data``, each of which says how much its author knew of the rule. A card
labelled "unguarded" must be flagged and no other. ``--show`` lists the cards that are judged wrongly.
"""

from __future__ import annotations

import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

RULE = "companion-without-safeguards"
DATA = Path(__file__).parents[1] / "data"
CARDS = tuple(DATA / name for name in ("companions.toml", "companions-second.toml", "companions-third.toml"))


class LabelledCard(NamedTuple):
    """A model card, and what its author says that it is: "unguarded", "guarded" or "other"."""

    id: str
    label: str
    text: str


class Score(NamedTuple):
    """How many cards were flagged rightly, flagged wrongly, and missed."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 0.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 0.0

    def __str__(self) -> str:
        found = f"{self.right} right, {self.wrong} wrong, {self.missed} missed"
        return f"precision {self.precision:.3f}, recall {self.recall:.3f} ({found})"


def read_cards(file: Path) -> tuple[LabelledCard, ...]:
    """Return the labelled cards of a file."""
    tables = tomllib.loads(file.read_text(encoding="utf-8"))["card"]
    return tuple(LabelledCard(each["id"], each["label"], each["text"]) for each in tables)


def flagged_cards(cards: Sequence[LabelledCard]) -> frozenset[str]:
    """Return the ids of the cards that the rule flags when all of them are audited as one hub."""
    import auditor

    with tempfile.TemporaryDirectory(prefix="companions-") as folder:
        for card in cards:
            model = Path(folder, "hub", "models", "test", card.id)
            model.mkdir(parents=True)
            (model / "README.md").write_text(card.text.lstrip("\n"), encoding="utf-8")
        report = auditor.audit(Path(folder, "hub"), out=Path(folder, "run"), workers=1, isolated=True)
        findings = [each for each in report.findings if each.rule == RULE and each.outcome == "FLAGGED"]
        return frozenset(each.subject.rpartition("/")[2] for each in findings)


def score_cards(cards: Sequence[LabelledCard], flagged: frozenset[str]) -> Score:
    """Compare what the rule flagged with the labels."""
    unguarded = {card.id for card in cards if card.label == "unguarded"}
    return Score(len(unguarded & flagged), len(flagged - unguarded), len(unguarded - flagged))


def main() -> None:
    files = [Path(name) for name in sys.argv[1:] if name != "--show"]
    for file in files or CARDS:
        cards = read_cards(file)
        flagged = flagged_cards(cards)
        print(f"{file.name}: {len(cards)} cards: {score_cards(cards, flagged)}")
        for card in cards if "--show" in sys.argv else ():
            if (card.id in flagged) != (card.label == "unguarded"):
                print(f"  {'flagged' if card.id in flagged else 'missed'}: {card.id} ({card.label})")


if __name__ == "__main__":
    main()
