"""An entry of a de-index list: one repository, what two people decided of it and why, and how it is undone."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from auditor.deindex.locators import DEFAULT, Hub, Locators, Repository, locators, repository, shipped_hubs
from auditor.errors import SealError
from auditor.model import Ref
from auditor.printable import printable
from auditor.reporting.labels import CASE_GROUNDS
from auditor.review.decisions import Decision, Verdict

# What a search service can act on. A referral goes to a hotline, not to a list.
LISTED: tuple[Verdict, ...] = ("de-index", "demote", "label", "gate")
LONGEST = 2000  # characters of a text: the explanation of a decision in the DSA transparency database has as many
# digital-services-act/transparency-database: StatementStoreRequest.php
CATEGORY, KEYWORDS = "STATEMENT_CATEGORY_PROTECTION_OF_MINORS", ("KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL",)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the entries of one list have in common. ``key`` is the sender's secret, under which tokens are made."""

    key: bytes
    recipient: str
    now: str
    source: str = ""
    appeals: str = ""
    hub: str = DEFAULT
    interim: bool = False
    hubs: Mapping[str, Hub] = field(default_factory=shipped_hubs)

    def token(self, *parts: str) -> str:
        """A keyed token of 32 hex digits; another for every recipient, so that a leak tells whose list it was."""
        text = "\0".join((self.recipient, *parts)).encode("utf-8", "surrogatepass")
        return hmac.new(self.key, text, hashlib.sha256).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Entry:
    """One repository of a standing decision; texts in it are harmless to show."""

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


@dataclass(frozen=True, slots=True)
class Held:
    """What a decision names and the list doesn't, and why: a person must be told."""

    decision: str
    subject: Ref
    why: str


def entries(decision: Decision, terms: Terms) -> Iterator[Entry | Held]:
    """An entry for the subject of a standing, approved decision and for each of its copies.

    Nothing for a decision that is not in force, that no second person approved (an interim one counts only where
    ``terms`` say so) or that asks nothing of a search service.
    """
    interim = decision.verdict == "interim" and terms.interim
    approved = bool(decision.approver) and decision.approver != decision.proposer and decision.verdict in LISTED
    if not decision.is_in_force(terms.now) or not (approved or interim):
        return
    seen: set[Locators] = set()
    for subject in (decision.subject, *decision.copies):
        try:
            found = repository(subject, terms.hubs, terms.hub)
            made = locators(found, terms.hubs)
        except SealError as error:
            yield Held(decision.id, subject, str(error))
            continue
        if made not in seen:
            seen.add(made)
            status = "interim" if interim else "due" if decision.is_due_for_review(terms.now) else "standing"
            supersedes = _id(terms, decision.supersedes, found) if decision.supersedes else ""
            yield Entry(
                _id(terms, decision.id, found),
                terms.token("subject", found.hub, found.kind, found.name),
                subject,
                found,
                made,
                decision,
                status,
                supersedes,
                terms.source,
                terms.appeals,
            )


# What people add to the name of what they upload again.
_ADDED = (
    "fp16",
    "ema",
    "pruned",
    "gguf",
    "merged",
    "mix",
    "final",
    "lite",
    "hd",
    "tuned",
    "plus",
    "alt",
    "full",
    "new",
)


def copy(like: Entry, owner: str, terms: Terms) -> Entry:
    """An entry as it would be for the same weights in a repository of this owner, named for this recipient alone.

    Raises SealError for what can be no owner.
    """
    mark = int(terms.token("canary", owner, like.decision.id), 16)
    words = (_ADDED[mark % 14], _ADDED[mark // 14 % 14], f"v{mark // 196 % 9 + 1}")
    stem = like.repository.name.rpartition("/")[2][:48].rstrip("-_.") or "model"
    name = "-".join((stem, *dict.fromkeys(words)))
    revision = hashlib.sha256(f"{mark}".encode()).hexdigest()[: len(like.subject.revision)]
    subject = Ref(like.subject.kind, f"{owner}/{name}", revision)
    found = repository(subject, terms.hubs, terms.hub)
    return replace(
        like,
        id=_id(terms, like.decision.id, found),
        token=terms.token("subject", found.hub, found.kind, found.name),
        subject=subject,
        repository=found,
        locators=locators(found, terms.hubs),
        supersedes=_id(terms, like.decision.supersedes, found) if like.supersedes else "",
    )


def _id(terms: Terms, decision: str, found: Repository) -> str:
    return terms.token("entry", decision, found.hub, found.kind, found.name)


def form(entry: Entry) -> bytes:
    """What the entry says, as JSON in ASCII, texts cut visibly at :data:`LONGEST` characters."""
    return _json(published(entry))


def line(said: bytes, version: int, log: bytes) -> bytes:
    """A line of a list: what an entry says, since which version it says just this, and its proof of that version."""
    return b'%b,"version":%d,"log":%b}\n' % (said[:-1], version, log)


def removal(entry_id: str, why: str) -> bytes:
    """The line of a delta by which an entry is undone."""
    return _json({"remove": entry_id, "why": printable(why, LONGEST)}) + b"\n"


def _json(content: object) -> bytes:
    return _encoder.encode(content).encode("ascii")


_encoder = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


def published(entry: Entry) -> dict[str, object]:
    """The entry as reports/schema/deindex-list.schema.json has it, but for its version and its proof."""
    made, decision = entry.locators, entry.decision

    def digests(algorithm: str) -> list[str]:
        return [digest.value for digest in decision.digests if digest.algorithm == algorithm]

    return {
        "entry": entry.id,
        "subject": {
            "token": entry.token,
            "platform": entry.repository.hub,
            "kind": entry.repository.kind,
            "name": entry.repository.name,
            "revision": _shown(entry.subject.revision),
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
        "explanation": _shown(decision.explanation),
        "facts": [
            {"rule": reason.rule, "fact": _shown(reason.fact), "strength": reason.strength}
            for reason in decision.reasons
        ],
        "category": CATEGORY,
        "keywords": KEYWORDS,
        "rules": decision.rules,
        "policy": decision.policy,
        "program": decision.version,
        "automated_detection": decision.automated,
        "automated_decision": False,
        "source": _shown(entry.source),
        "proposer": _shown(decision.proposer),
        "approver": _shown(decision.approver),
        "opened_at": decision.opened_at,
        "proposed_at": decision.proposed_at,
        "decided_at": decision.decided_at,
        "notified_at": decision.notified_at,
        "appeal": {"route": _shown(entry.appeals), "by": decision.appeal_by, "state": decision.appeal},
        "review_by": decision.review_by,
        "expires_at": decision.expires_at,
        "supersedes": entry.supersedes,
        "evidence": decision.evidence,
    }


def _shown(text: str) -> str:
    return printable(text, LONGEST)


def staleness(run: Path, decisions: Iterable[Decision]) -> Callable[[Decision, Ref], str]:
    """Why a decision no longer fits what a newer run found of a subject; "" where it does, or the run can't tell.

    Weights count first: where the run holds digests of the subject and none is one that was reviewed, it is stale;
    where one is, a changed card changes nothing. Where none is known, what it rests on must still be found.
    Raises RunError.
    """
    import pyarrow.compute as pc
    import pyarrow.dataset as pads

    from auditor.facts import FACTS_SCHEMA
    from auditor.pipeline.report import read_report

    found = {
        (reason.rule, reason.kind, reason.subject, reason.fact)
        for case in read_report(run).cases
        for reason in case.reasons
    }
    names = sorted({ref.name for decision in decisions for ref in (decision.subject, *decision.copies)})
    files = sorted(str(path) for path in (run / "facts").glob("*.parquet"))
    facts = pads.dataset(files, schema=FACTS_SCHEMA, format="parquet")
    artefacts: dict[tuple[str, str], set[str]] = {}
    for batch in facts.to_batches(columns=["kind", "name", "key", "value"], filter=pc.field("name").isin(names)):
        for kind, name, key, value in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            held = artefacts.setdefault((kind, name), set())
            if key == "artefact":
                held.add(value)

    def stale(decision: Decision, subject: Ref) -> str:
        held = artefacts.get((subject.kind, subject.name))
        if held is None:
            return ""
        reviewed = {str(digest) for digest in decision.digests}
        if reviewed and held:
            return "" if reviewed & held else "its weights are no longer those that were reviewed"
        for reason in decision.reasons:
            about = (reason.rule, reason.subject.kind, reason.subject.name, reason.fact)
            if reason.rule in decision.rules and about not in found:
                return f"{reason.rule} no longer finds what was reviewed"
        return ""

    return stale
