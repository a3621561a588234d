"""Why a case is open: its facts, and the reasons that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from auditor.model import Ref, Severity, Statement

Strength = Literal["listed", "exact", "by-name", "named", "short", "derived", "near", "alike", "declared", "stated"]
STRENGTH_MEANINGS: Mapping[Strength, str] = MappingProxyType(
    {
        "listed": "a list of models holds these weights",
        "exact": "samples match entries exactly",
        "by-name": "a list of models names it",
        # Only in older ledgers, which did not distinguish the two.
        "named": "a list of models names it, or the model that it is made directly from",
        "short": "a list of models holds the first 12 hex digits of these weights' digest",
        "derived": "it is made directly from a model that a list of models holds",
        "near": "samples match entries nearly",
        "alike": "its weights have sampled values like those of a model that a list of models holds",
        "declared": "digests that a manifest states, and that nobody computed from the samples, match entries",
        "stated": "a statement about it",
    }
)
# Descriptions that name the list and its holder in place of ``{list}``.
_LIST_DESCRIPTIONS: Mapping[Strength, str] = MappingProxyType(
    {
        "listed": "{list} holds these weights",
        "by-name": "{list} names it",
        "short": "{list} holds the first 12 hex digits of these weights' digest",
        "derived": "it is made directly from a model that {list} holds",
        "alike": "its weights have sampled values like those of a model that {list} holds",
    }
)
# The order of strengths in the queue. Ledgers store it, so a number never changes.
STRENGTH_RANKS: Mapping[Strength, int] = MappingProxyType(
    {
        "listed": 0,
        "exact": 1,
        "by-name": 2,
        "named": 2,
        "short": 2,
        "derived": 2,
        "near": 3,
        "alike": 3,
        "declared": 3,
        "stated": 4,
    }
)
# A decision can rest on these alone only after a person has recorded that a match was confirmed.
NEEDS_CONFIRMATION: tuple[Strength, ...] = ("near", "alike")


@dataclass(frozen=True, slots=True)
class ListSource:
    """A list that a reason follows from, and its holder: "" where the list names none."""

    name: str
    holder: str = ""

    def __str__(self) -> str:
        held = f", held by {self.holder}," if self.holder else " (no holder stated)"
        return f"list {self.name}{held}"


@dataclass(frozen=True, slots=True)
class CaseFact:
    """One known fact that a case rests on. ``statement.source`` says where it comes from."""

    subject: Ref
    statement: Statement

    @property
    def list_name(self) -> str:
        """The name of the list that this fact is a match with; "" when it is no match."""
        return self.statement.value if self.statement.key in ("known_content", "known_model") else ""

    def __str__(self) -> str:
        said = self.statement
        relation = f" ({said.relation})" if said.relation else ""
        return f"{self.subject.kind} {self.subject.name}: {said.key} {said.value}{relation}"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a case is open: what one rule flagged on one subject.

    ``words`` are the sources of the facts it follows from, the least reliable first (labels: SOURCE_LABELS).
    ``remark`` holds counts; only reviewers see it: no list, notice or public report does.
    ``test_lists`` are lists that mean ``test`` and without which the rule would not fire; if there are any, nothing is
    reported on this reason. ``lists`` are the lists of models that it follows from: empty when it follows from samples,
    or when an older version recorded it.
    """

    rule: str
    subject: Ref
    fact: str
    severity: Severity
    strength: Strength
    words: tuple[str, ...] = ()
    remark: str = ""
    test_lists: tuple[str, ...] = ()
    lists: tuple[ListSource, ...] = ()

    @property
    def descriptions(self) -> tuple[str, ...]:
        """What was found: one sentence for each list of models, naming the list and its holder."""
        if sentence := _LIST_DESCRIPTIONS.get(self.strength):
            return tuple(sentence.format(list=source) for source in self.lists) or (STRENGTH_MEANINGS[self.strength],)
        return (STRENGTH_MEANINGS[self.strength],)
