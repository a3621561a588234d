"""The entries of a de-index list: one repository each, with the decision on it, its reasons, and how to appeal."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from auditor.deindex.hubs import DEFAULT_HUB, Hub, Repository, shipped_hubs
from auditor.deindex.locators import Locators, build_locators
from auditor.deindex.repositories import resolve_repository
from auditor.errors import SealError
from auditor.model import Ref
from auditor.printable import printable
from auditor.reporting.labels import CASE_GROUNDS
from auditor.review.case_reasons import STRENGTH_MEANINGS, STRENGTH_RANKS, Reason, Strength
from auditor.review.drafts import DSA_KEYWORDS
from auditor.review.evidence_sentences import describe_confirmations
from auditor.review.review_types import Decision, Verdict

# What a search service can act on. A referral goes to a hotline, not to a list.
LISTABLE_VERDICTS: tuple[Verdict, ...] = ("de-index", "demote", "label", "gate")


MAX_TEXT_LENGTH = 2000  # the limit of an explanation in the DSA transparency database


# digital-services-act/transparency-database: StatementStoreRequest.php
CATEGORY = "STATEMENT_CATEGORY_PROTECTION_OF_MINORS"


# Begins the explanation of an entry whose reasons all rest on lists that mean `test`.
REHEARSAL = "Rehearsal, from a test list alone: act on no page because of it. "


@dataclass(frozen=True, slots=True)
class EntryContext:
    """What the entries of one list have in common. ``key`` is the sender's secret, from which tokens are made."""

    key: bytes
    recipient: str
    now: str
    source: str = ""
    appeals: str = ""
    hub: str = DEFAULT_HUB
    interim: bool = False
    countries: tuple[str, ...] = ()
    legal_ground: str = ""
    hubs: Mapping[str, Hub] = field(default_factory=shipped_hubs)

    def token(self, *parts: str) -> str:
        """Return a keyed token of 32 hex digits. It differs between recipients, so a leak shows whose list it was."""
        text = "\0".join((self.recipient, *parts)).encode("utf-8", "surrogatepass")
        return hmac.digest(self.key, text, "sha256").hex()[:32]


@dataclass(frozen=True, slots=True)
class DeindexEntry:
    """One repository of a decision in force; its texts are safe to show."""

    id: str
    token: str
    subject: Ref
    repository: Repository
    locators: Locators
    decision: Decision
    status: str  # standing, due (for re-review), interim
    supersedes: str
    source: str
    appeals: str
    countries: tuple[str, ...] = ()
    legal_ground: str = ""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A subject of a decision that is not listed, and why: a person must be told."""

    decision: str
    subject: Ref
    why: str


def build_entries(decision: Decision, terms: EntryContext) -> Iterator[DeindexEntry | HeldBack]:
    """Yield a de-index entry for the subject of a decision and for each of its copies.

    Yield nothing for a decision that is not in force, that no second person approved (an interim one counts only if the
    context says so), or that asks nothing of a search service.
    """
    interim = decision.verdict == "interim" and terms.interim
    approved = (
        bool(decision.approver) and decision.approver != decision.proposer and decision.verdict in LISTABLE_VERDICTS
    )
    if not decision.is_in_force(terms.now) or not (approved or interim):
        return
    seen: set[Locators] = set()
    for subject in (decision.subject, *decision.copies):
        try:
            found = resolve_repository(subject, terms.hubs, terms.hub)
            made = build_locators(found, terms.hubs)
        except SealError as error:
            yield HeldBack(decision.id, subject, str(error))
            continue
        if made not in seen:
            seen.add(made)
            status = "interim" if interim else "due" if decision.is_due_for_review(terms.now) else "standing"
            supersedes = repository_entry_id(terms, decision.supersedes, found) if decision.supersedes else ""
            yield DeindexEntry(
                repository_entry_id(terms, decision.id, found),
                terms.token("subject", found.hub, found.kind, found.name),
                subject,
                found,
                made,
                decision,
                status,
                supersedes,
                terms.source,
                terms.appeals,
                terms.countries,
                terms.legal_ground,
            )


def repository_entry_id(terms: EntryContext, decision: str, found: Repository) -> str:
    """Return the id of a repository's entry in a de-index list."""
    return terms.token("entry", decision, found.hub, found.kind, found.name)


def entry_json(entry: DeindexEntry) -> bytes:
    """Return the de-index entry as JSON in ASCII, texts cut visibly at :data:`MAX_TEXT_LENGTH` characters."""
    return _to_json(entry_content(entry))


def entry_line(said: bytes, version: int, log: bytes) -> bytes:
    """Return the line of a de-index entry: its JSON, the version since which it is unchanged, and its proof."""
    return b'%b,"version":%d,"log":%b}\n' % (said[:-1], version, log)


def removal_line(entry_id: str, clearance: str) -> bytes:
    """Return the line that removes a de-index entry; ``clearance`` is why it is cleared, "" if it is not."""
    if clearance:
        return _to_json({"remove": entry_id, "why": clearance, "cleared": True}) + b"\n"
    return _to_json({"remove": entry_id, "why": "no longer in force"}) + b"\n"


def _to_json(content: object) -> bytes:
    """Return an entry of a de-index list as JSON text."""
    return _encoder.encode(content).encode("ascii")


_encoder = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


def entry_content(entry: DeindexEntry) -> dict[str, object]:
    """Return the de-index entry as deindex-list.schema.json defines it, without its version and proof.

    The reviewers' words, and the facts, which may name a dataset or a list, stay with the sender.
    """
    made, decision = entry.locators, entry.decision
    facts = dict.fromkeys((reason.rule, reason.strength) for reason in decision.reasons)

    def digests(algorithm: str) -> list[str]:
        """Return the digests that an entry of a de-index list states."""
        return [digest.value for digest in decision.digests if digest.algorithm == algorithm]

    return {
        "entry": entry.id,
        "subject": {
            "token": entry.token,
            "platform": entry.repository.hub,
            "kind": entry.repository.kind,
            "name": entry.repository.name,
            "revision": _printable_text(entry.subject.revision),
        },
        "locators": {
            "hosts": made.hosts,
            "exact": made.exact,
            "prefix": made.prefix,
            "letter_case": made.letter_case,
        },
        "artefacts": {
            "sha256": digests("sha256"),
            "sha256_tensors": digests("sha256-tensors"),
            "autov3": decision.autov3,
        },
        "action": decision.verdict,
        "scope": "repository",
        "status": entry.status,
        "ground": decision.ground,
        "ground_text": CASE_GROUNDS[decision.ground],
        "countries": entry.countries,
        "legal_ground": _printable_text(entry.legal_ground),
        "strength": strongest_first(decision.reasons)[0],
        "explanation": explain_decision(decision),
        "facts": [{"rule": rule, "strength": strength} for rule, strength in facts],
        "category": CATEGORY,
        "keywords": DSA_KEYWORDS[decision.ground],
        "rules": decision.rules,
        "policy": decision.policy,
        "program": decision.version,
        "automated_detection": decision.automated,
        "automated_decision": False,
        "source": _printable_text(entry.source),
        "opinions": 2 if decision.approver else 1,
        "opened_at": decision.opened_at,
        "proposed_at": decision.proposed_at,
        "decided_at": decision.decided_at,
        "notified_at": decision.notified_at,
        "appeal": {"route": _printable_text(entry.appeals), "by": decision.appeal_by, "state": decision.appeal},
        "review_by": decision.review_by,
        "expires_at": decision.expires_at,
        "supersedes": entry.supersedes,
        "evidence": decision.evidence,
    }


def strongest_first(reasons: Iterable[Reason]) -> tuple[Strength, ...]:
    """Return the strengths of a decision's reasons, each once, the strongest first; ("stated",) if there are none."""
    found = dict.fromkeys(reason.strength for reason in reasons)
    return tuple(sorted(found, key=STRENGTH_RANKS.__getitem__)) or ("stated",)


def explain_decision(decision: Decision) -> str:
    """Return the explanation of an entry, in the program's words alone."""
    meanings = (STRENGTH_MEANINGS[strength] for strength in strongest_first(decision.reasons))
    confirmed = (describe_confirmations(decision.confirmations),) if decision.confirmations else ()
    rehearsed = bool(decision.reasons) and all(reason.test_lists for reason in decision.reasons)
    return f"{REHEARSAL if rehearsed else ''}{CASE_GROUNDS[decision.ground]}: {'; '.join((*meanings, *confirmed))}."


def _printable_text(text: str) -> str:
    """Return a text of a de-index entry with unprintable characters escaped."""
    return printable(text, MAX_TEXT_LENGTH)
