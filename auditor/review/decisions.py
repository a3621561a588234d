"""The nouns of a review: what a case rests on, what a person said of it, and what was decided.

Every time is ISO 8601 in UTC, to the second (``2026-11-23T09:30:00Z``), so that text order is time order.
Nothing here names a sample, its place, its digest or a distance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Literal

from auditor.model import Digest, Ground, Ref, Severity, Statement

Verdict = Literal["de-index", "demote", "label", "gate", "refer", "interim", "no-action", "need-more"]
Strength = Literal["listed", "exact", "by-name", "named", "short", "derived", "near", "alike", "stated"]
Status = Literal["standing", "superseded", "overturned", "recorded"]

VERDICTS: Mapping[Verdict, str] = MappingProxyType(
    {
        "de-index": "a search service should no longer show it",
        "demote": "a search service should rank it low",
        "label": "it should carry a label",
        "gate": "it should be shown to vetted users only",
        "refer": "to be referred to a hotline, by hashes only",
        "interim": "de-indexed at once by one reviewer, for at most 72 hours, until two have decided",
        "no-action": "nothing is to be done",
        "need-more": "cannot be decided on what is known",
    }
)
# What a decision may change for an owner: only these can be appealed, notified and listed.
ACTIONS: tuple[Verdict, ...] = ("de-index", "demote", "label", "gate", "refer", "interim")

STRENGTHS: Mapping[Strength, str] = MappingProxyType(
    {
        "listed": "a list of models holds these weights",
        "exact": "samples match entries exactly",
        "by-name": "a list of models names it",
        # Only in ledgers of older programs, which did not tell these apart.
        "named": "a list of models names it, or the model that it is made directly from",
        "short": "a list of models holds the first 12 hex digits of these weights' digest",
        "derived": "it is made directly from a model that a list of models holds",
        "near": "samples, or sampled values of its weights, match entries nearly",
        "alike": "its weights have sampled values like those of a model that a list of models holds",
        "stated": "something is stated of it",
    }
)
# What is said of a model where the list is known: ``{list}`` is the list with its holder.
_LISTED: Mapping[Strength, str] = MappingProxyType(
    {
        "listed": "{list} holds these weights",
        "by-name": "{list} names it",
        "short": "{list} holds the first 12 hex digits of these weights' digest",
        "derived": "it is made directly from a model that {list} holds",
        "alike": "its weights have sampled values like those of a model that {list} holds",
    }
)
# The order of strengths in the queue. Ledgers store it, so a number never changes.
RANKS: Mapping[Strength, int] = MappingProxyType(
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
# Matches that a person must have confirmed before a decision rests on them alone.
TO_CONFIRM: tuple[Strength, ...] = ("near", "alike")


@dataclass(frozen=True, slots=True)
class ListSource:
    """A list that a reason follows from, and who holds it: "" where the list does not say."""

    name: str
    holder: str = ""

    def __str__(self) -> str:
        held = f", held by {self.holder}," if self.holder else " (no holder stated)"
        return f"list {self.name}{held}"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing known of a subject that a case rests on. ``statement.source`` is whose word it is."""

    subject: Ref
    statement: Statement

    @property
    def list(self) -> str:
        """The name of the list that this fact is a match of; "" where it is no match."""
        return self.statement.value if self.statement.key in ("known_content", "known_model") else ""

    def __str__(self) -> str:
        said = self.statement
        relation = f" ({said.relation})" if said.relation else ""
        return f"{self.subject.kind} {self.subject.name}: {said.key} {said.value}{relation}"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a case is open: what one rule says of one subject, and whose word that is, the weakest first.

    ``remark`` holds counts; it is shown to reviewers and is in no list, notice or public report.
    ``test_lists`` names the lists that mean ``test`` and without which the reason would fall: then nothing is
    reported on it. ``lists`` are the lists of models that it follows from: none where it follows from samples, or an
    older program recorded it.
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
    def found(self) -> tuple[str, ...]:
        """What was found, a sentence for each list of models: it names the list and who holds it."""
        if sentence := _LISTED.get(self.strength):
            return tuple(sentence.format(list=source) for source in self.lists) or (STRENGTHS[self.strength],)
        return (STRENGTHS[self.strength],)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one reviewer said of a case. ``rules`` are the ids of the rules it follows, ``why`` their own words."""

    reviewer: str
    verdict: Verdict
    ground: Ground
    rules: tuple[str, ...]
    why: str
    at: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What two people agreed on, or one for at most 72 hours (``interim``).

    ``subject`` and ``copies`` (the same weights elsewhere) are what was reviewed; ``digests`` are those of the
    weights files, ``sha256`` and ``sha256-tensors``. ``index`` is the number of the ledger's event that made
    the decision, ``leaf`` its leaf hash (hex), ``logged`` what that is the hash of without a reviewer's words ("" in
    ledgers that close no words), ``evidence`` the leaf hash of the last event of the case that the reviewers saw.
    Reviewers are pseudonyms. ``policy`` is the fingerprint of what was judged by, ``version`` the program's.
    ``overturned_at`` and ``superseded_by`` say how a decision ended that did.
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
    appeal_by: str = ""  # until when it can be appealed

    @property
    def autov3(self) -> tuple[str, ...]:
        """The first 12 hex digits of each SHA-256 over the bytes after a header, as image tools write it."""
        return tuple(digest.value[:12] for digest in self.digests if digest.algorithm == "sha256-tensors")

    @property
    def automated(self) -> bool:
        """Were the facts found by a machine? Always; the decision never is one's."""
        return True

    def stands(self, now: str) -> bool:
        """Is it in force: not overturned, superseded or expired? One that is due for re-review still stands."""
        return self.status == "standing" and now < self.expires_at

    def due(self, now: str) -> bool:
        """Is it in force, and the date has passed by which a person must look at it again?"""
        return self.stands(now) and self.review_by <= now

    def lapsed(self, now: str) -> bool:
        """Did it end by its date alone? A person must be told: it is never dropped silently."""
        return self.status == "standing" and self.expires_at <= now


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def now() -> str:
    return iso(datetime.now(UTC))


def later(moment: str, **span: float) -> str:
    """The moment plus days, hours … (the arguments of :class:`datetime.timedelta`)."""
    return iso(datetime.fromisoformat(moment) + timedelta(**span))
