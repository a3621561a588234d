"""The types of a review: facts, reasons, opinions and decisions.

Every time is ISO 8601 in UTC, to the second (``2026-11-23T09:30:00Z``), so that text order is time order.
No type here names a sample, its place, its digest or a distance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from auditor.model import Digest, Ground, Ref
from auditor.review.case_reasons import Reason

Verdict = Literal["de-index", "demote", "label", "gate", "refer", "interim", "no-action", "need-more"]


Status = Literal["standing", "superseded", "overturned", "recorded"]


StepName = Literal["restrict", "preserve", "report", "tell-host"]


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


# Verdicts that one decision may give to a group of cases. A de-index covers copies of the same weights only.
GROUP_VERDICTS: tuple[Verdict, ...] = ("no-action", "label", "gate", "need-more", "de-index")


@dataclass(frozen=True, slots=True)
class ReportStep:
    """A step of a report case that one person did, or that is not due. ``why`` are the reviewer's own words."""

    step: StepName
    outcome: Literal["done", "not-due"]
    why: str
    reviewer: str
    at: str


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
    appeal_explanation: str = ""  # the words of who decided the appeal, which the owner is told
    outcome_told_at: str = ""  # when the owner was told the outcome
    second_explanation: str = ""  # the approver's own words; ``explanation`` are the proposer's
    dissents: tuple[Opinion, ...] = ()  # opinions of the round with another verdict
    confirmations: int = 0  # how many people had recorded that near matches were confirmed

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
