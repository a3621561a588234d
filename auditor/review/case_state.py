"""The state of a case after its events, and the limits and stages of a review.

report case: new → reported (a report, or that none is due, is recorded) → closed (every step is recorded)

new → claimed → proposed → approved by another reviewer, or disputed → settled by a third
approved → listed → re-review when its date passes · appealed → upheld or overturned by someone not involved
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from auditor.model import Digest, Ground, Ref
from auditor.review.case_reasons import NEEDS_CONFIRMATION, STRENGTH_MEANINGS, CaseFact, Reason, Strength
from auditor.review.review_types import Decision, Opinion, ReportStep

Phase = Literal["new", "proposed", "disputed", "approved", "waiting", "overturned", "reported", "closed"]


Stage = Literal[
    "new",
    "claimed",
    "proposed",
    "disputed",
    "approved",
    "listed",
    "re-review",
    "appealed",
    "waiting",
    "overturned",
    "reported",
    "closed",
]


STAGE_MEANINGS: Mapping[Stage, str] = MappingProxyType(
    {
        "new": "waits for a first opinion, or to be reported",
        "claimed": "claimed by a reviewer who works on it",
        "proposed": "waits for a second opinion; the second reviewer is not shown the first one",
        "disputed": "reviewers disagree: waits for another opinion, until two agree",
        "approved": "decided by two reviewers",
        "listed": "decided by two reviewers, and sent out on a de-index list",
        "re-review": "its decision must be reviewed again, or has lapsed",
        "appealed": "the owner has appealed: waits for someone not involved",
        "waiting": "cannot be decided on the known facts: waits for new ones",
        "overturned": "its decision was overturned on appeal",
        "reported": "reported, or no report is due; other steps are not recorded yet",
        "closed": "reported, or no report is due, and every other step is recorded",
    }
)


INTERIM_HOURS = 72


LEASE_HOURS = 24  # the maximum; each claim states its own length


REVIEW_DAYS = 180  # a decision is reviewed after so many days, or sooner if a reviewer says so


GRACE_DAYS = 30  # and ends so many days after that, if nobody has reviewed it


APPEAL_DAYS = 183  # DSA, article 20(1): at least six months


@dataclass(frozen=True, slots=True)
class CaseState:
    """A case after its events. ``opinions`` are those of the current round.

    ``joined`` are re-uploads found after the case was opened: nobody has reviewed them, so no decision covers them yet.
    """

    id: str
    ground: Ground
    subject: Ref
    copies: tuple[Ref, ...]
    digests: tuple[Digest, ...]
    weights: str
    reasons: tuple[Reason, ...]
    facts: tuple[CaseFact, ...]
    policy: str
    version: str
    opened_at: str
    linked: str = ""
    joined: tuple[Ref, ...] = ()
    phase: Phase = "new"
    claimed_by: str = ""
    claimed_until: str = ""
    opinions: tuple[Opinion, ...] = ()
    barred_reviewers: frozenset[str] = (
        frozenset()
    )  # took back an opinion after seeing the other one: may give none in this round
    involved: frozenset[str] = frozenset()
    decisions: tuple[Decision, ...] = ()
    confirmed: tuple[str, ...] = ()  # explanations of those who confirmed near matches
    confirmers: tuple[str, ...] = ()  # their pseudonyms, in the same order
    found_at: str = ""  # of a report case: when the audit ended that found the matches, which starts its clock
    steps: tuple[ReportStep, ...] = ()  # of a report case
    reported: str = ""  # "reported" or "not-due", as a person recorded it
    appeal: str = ""  # the owner's words while an appeal is open
    group_size: int = 0  # of how many cases the first opinion of this round was given at once; 0: of this one alone
    changed_since: bool = False  # re-uploads, facts or reasons joined after a first opinion on a group
    readers: frozenset[str] = frozenset()  # who recorded that they read its reasons and facts as they are now
    listed: tuple[str, ...] = ()  # recipients on whose list it is
    first_event: int = 0  # number of its first event
    last_event: int = 0
    event_count: int = 0
    changed_at: str = ""
    evidence: str = ""  # the leaf hash of its last event

    @property
    def in_force(self) -> tuple[Decision, ...]:
        """The decision that was neither superseded nor overturned: one or none. It may have lapsed."""
        return tuple(decision for decision in self.decisions if decision.status == "standing")[-1:]

    @property
    def confidence(self) -> Strength:
        """The strength of the strongest reason."""
        order = list(STRENGTH_MEANINGS)
        return min((reason.strength for reason in self.reasons), key=order.index, default="stated")

    @property
    def near_only(self) -> bool:
        """Whether the case rests on near matches alone."""
        return self.confidence in NEEDS_CONFIRMATION

    def stage(self, now: str) -> Stage:
        """Return the stage at a time: claims end and dates pass without an event."""
        if self.appeal:
            return "appealed"
        if self.phase == "approved":
            if any(decision.review_by <= now for decision in self.in_force):
                return "re-review"
            return "listed" if self.listed else "approved"
        return "claimed" if self.phase == "new" and self.is_claimed(now) else self.phase

    def is_claimed(self, now: str) -> bool:
        """Return whether a reviewer's claim is active at a time."""
        return bool(self.claimed_by) and now < self.claimed_until
