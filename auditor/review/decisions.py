"""The types of a review: facts, reasons, opinions and decisions.

Every time is ISO 8601 in UTC, to the second (``2026-11-23T09:30:00Z``), so that text order is time order.
No type here names a sample, its place, its digest or a distance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from auditor.model import Digest, Ground, Ref, Severity, Statement

Verdict = Literal["de-index", "demote", "label", "gate", "refer", "interim", "no-action", "need-more"]


Strength = Literal["listed", "exact", "by-name", "named", "short", "derived", "near", "alike", "stated"]


Status = Literal["standing", "superseded", "overturned", "recorded"]


VERDICT_MEANINGS: Mapping[Verdict, str] = MappingProxyType(
    {
        "de-index": "a search service should no longer show it",
        "demote": "a search service should rank it low",
        "label": "the model should carry a label",
        "gate": "it should be shown to vetted users only",
        "refer": "to be referred to a hotline, by hashes only",
        "interim": "de-indexed at once by one reviewer, for at most 72 hours, until two have decided",
        "no-action": "no action is needed",
        "need-more": "cannot be decided on the known facts",
    }
)


# Verdicts that change something for the owner: only these can be appealed, notified and listed.
ACTION_VERDICTS: tuple[Verdict, ...] = ("de-index", "demote", "label", "gate", "refer", "interim")


STRENGTH_MEANINGS: Mapping[Strength, str] = MappingProxyType(
    {
        "listed": "a list of models holds these weights",
        "exact": "samples match entries exactly",
        "by-name": "a list of models names it",
        # Only in older ledgers, which did not distinguish the two.
        "named": "a list of models names it, or the model that it is made directly from",
        "short": "a list of models holds the first 12 hex digits of these weights' digest",
        "derived": "it is made directly from a model that a list of models holds",
        "near": "samples, or sampled values of its weights, match entries nearly",
        "alike": "its weights have sampled values like those of a model that a list of models holds",
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


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one reviewer said of a case.

    ``rules`` are the ids of the rules it follows, ``why`` the reviewer's own words.
    """

    reviewer: str
    verdict: Verdict
    ground: Ground
    rules: tuple[str, ...]
    why: str
    at: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What two reviewers agreed on, or one reviewer alone for at most 72 hours (``interim``).

    ``subject`` and ``copies`` (repositories with the same weights) are what was reviewed. ``digests`` are those of the
    weights files, ``sha256`` and ``sha256-tensors``.
    ``index`` is the number of the ledger event that made the decision, ``leaf`` its leaf hash in hex. ``logged`` is the
    text that ``leaf`` is the hash of, without the reviewers' words; "" in ledgers of format 1. ``evidence`` is the leaf
    hash of the last event that the reviewers saw.
    Reviewers are pseudonyms. ``policy`` is the fingerprint of the rules and lists, ``version`` the program's version.
    ``overturned_at`` and ``superseded_by`` say how a decision ended.
    """

    id: str
    case: str
    ground: Ground
    subject: Ref
    copies: tuple[Ref, ...]
    digests: tuple[Digest, ...]
    verdict: Verdict
    rules: tuple[str, ...]
    reasons: tuple[Reason, ...]
    explanation: str
    proposer: str
    approver: str  # "" for interim
    opened_at: str
    proposed_at: str
    decided_at: str
    review_by: str
    expires_at: str
    policy: str
    version: str
    index: int
    evidence: str
    leaf: str = ""
    logged: str = ""
    status: Status = "standing"
    supersedes: str = ""
    superseded_by: str = ""
    overturned_at: str = ""
    notified_at: str = ""
    appeal: Literal["", "open", "upheld", "overturned"] = ""
    appeal_by: str = ""  # the last day for an appeal

    @property
    def autov3(self) -> tuple[str, ...]:
        """The first 12 hex digits of each SHA-256 over the bytes after a header, as image tools write it."""
        return tuple(digest.value[:12] for digest in self.digests if digest.algorithm == "sha256-tensors")

    @property
    def automated(self) -> bool:
        """Whether the facts were found by a program: always. The decision itself is always made by people."""
        return True

    def is_in_force(self, now: str) -> bool:
        """Return whether it is neither overturned, superseded nor expired.

        A decision due for review is still in force.
        """
        return self.status == "standing" and now < self.expires_at

    def is_due_for_review(self, now: str) -> bool:
        """Return whether it is in force and its review date has passed."""
        return self.is_in_force(now) and self.review_by <= now

    def has_lapsed(self, now: str) -> bool:
        """Return whether it ended by its expiry date alone. A person must be told: it never disappears silently."""
        return self.status == "standing" and self.expires_at <= now
