"""Drafts of what a decision may oblige to: reasons for the public record, reports to hotlines, a notice to the owner.

Everything here is a draft for a person: nothing is sent, and whether a duty exists is counsel's to say. No draft
names a sample, its place or digest, a list's entry or a distance. None is made of a rehearsal (a case that rests on
lists that mean ``test``), nor of a decision to do nothing.
"""

from __future__ import annotations

import json
import re
import statistics
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from auditor.errors import UsageError
from auditor.printable import printable
from auditor.review.case_state import State
from auditor.review.decisions import ACTIONS, VERDICTS, Decision, Reason, Verdict
from auditor.review.ledger import Ledger

DRAFT = "DRAFT: written by a program and sent to nobody; a person must check, complete and file it"
FILL_IN = "TO BE FILLED IN"

_VISIBILITY: Mapping[Verdict, str] = MappingProxyType(
    {
        "de-index": "DECISION_VISIBILITY_CONTENT_DISABLED",
        "interim": "DECISION_VISIBILITY_CONTENT_DISABLED",
        "demote": "DECISION_VISIBILITY_CONTENT_DEMOTED",
        "label": "DECISION_VISIBILITY_CONTENT_LABELLED",
        "gate": "DECISION_VISIBILITY_CONTENT_INTERACTION_RESTRICTED",
    }
)
_GROUNDS = {
    "linked": "a list of models holds its weights or values like them, or the model it is made from, or names it",
    "exposed": "the data that it says it was trained on matches entries of a list of known abuse imagery",
}


def withheld(state: State, decision: Decision, policy: Mapping[str, Any]) -> str:
    """Return why nothing may be drafted from a decision, or "" where drafts may be made.

    A list's own declared meaning counts, whatever the profile treats it as.
    """
    if decision.verdict not in ACTIONS:
        return (
            f"decision {decision.id}: {decision.verdict} ({VERDICTS[decision.verdict]}): nothing is to be reported, "
            "and no owner is to be told"
        )
    if not decision.reasons or any(not _test_lists(reason, state, policy) for reason in decision.reasons):
        return ""
    names = sorted({name for reason in decision.reasons for name in _test_lists(reason, state, policy)})
    lists = f"list {names[0]}, which means" if len(names) == 1 else f"lists {', '.join(names)}, which mean"
    return printable(
        f"case {state.id} rests on {lists} `test`: this is a rehearsal, and nothing is to be reported. To report a "
        "real match, scan again with a list that its holder declares as known content or known models",
        2000,
    )


def _may_report(state: State, decision: Decision, policy: Mapping[str, Any]) -> Decision:
    """Return the decision without reasons that rest on test lists. Raises :class:`UsageError` if none is left."""
    if why := withheld(state, decision, policy):
        raise UsageError(why)
    reasons = tuple(reason for reason in decision.reasons if not _test_lists(reason, state, policy))
    tested = {reason.rule for reason in decision.reasons} - {reason.rule for reason in reasons}
    return replace(decision, reasons=reasons, rules=tuple(rule for rule in decision.rules if rule not in tested))


def _test_lists(reason: Reason, state: State, policy: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the test lists that a reason rests on, if it rests on nothing else.

    Ledgers from before reasons recorded them: all lists of the case's facts, where all of them mean ``test``.
    """
    if reason.test_lists:
        return reason.test_lists
    means = {known["name"]: known["means"] for known in policy.get("lists", ())}
    lists = {fact.list for fact in state.facts if fact.list}
    return tuple(sorted(lists)) if all(means.get(name) == "test" for name in lists) else ()


def statement_of_reasons(
    state: State, decision: Decision, policy: Mapping[str, Any], *, law: str = "", countries: Sequence[str] = ()
) -> dict[str, Any]:
    """A draft for the DSA Transparency Database: its fields, and which of them a person must still fill in.

    ``law`` is the legal ground for calling the content illegal; without it the ground is the service's own terms.
    The database is public: neither the model nor its data is named in any field. Lengths are the database's.
    Source: digital-services-act/transparency-database, Statement.php and StatementStoreRequest.php.
    """
    decision = _may_report(state, decision, policy)
    if decision.verdict not in _VISIBILITY:
        raise UsageError(f"decision {decision.id}: {decision.verdict} restricts nothing, so no statement is due")
    refs = (state.subject, *state.copies, *state.joined, *(fact.subject for fact in state.facts))
    explained = _cut(_unnamed(decision.explanation, {ref.name for ref in refs}), 2000)
    facts = "; ".join(f"rule {rule}: {title}" for rule, title in _titles(decision, policy).items())
    found = f"Found by comparing published metadata and digests; decided by people. {facts}"
    statement: dict[str, Any] = {
        "decision_visibility": [_VISIBILITY[decision.verdict]],
        "content_type": ["CONTENT_TYPE_OTHER"],
        "content_type_other": "AI model",
        "category": "STATEMENT_CATEGORY_PROTECTION_OF_MINORS",
        "category_specification": ["KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL"],
        "content_date": FILL_IN,
        "application_date": decision.decided_at[:10],
        "end_date_visibility_restriction": decision.expires_at[:10],
        "decision_facts": _cut(found, 5000),
        "source_type": "SOURCE_VOLUNTARY",
        "automated_detection": "Yes",
        "automated_decision": "AUTOMATED_DECISION_NOT_AUTOMATED",
        "territorial_scope": list(countries) or FILL_IN,
        "puid": decision.id,
    }
    if law:
        statement |= {
            "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT",
            "illegal_content_legal_ground": _cut(law, 500),
            "illegal_content_explanation": explained,
        }
    else:
        statement |= {
            "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
            "incompatible_content_ground": FILL_IN,
            "incompatible_content_explanation": explained,
        }
    missing = sorted(name for name, value in statement.items() if value == FILL_IN)
    return {"draft": DRAFT, "fill_in": missing, "statement": statement}


def cybertipline(state: State, decision: Decision, policy: Mapping[str, Any], *, urls: Sequence[str] = ()) -> str:
    """A draft report for NCMEC's CyberTipline as XML: the report, and the details of each weights file by its hash.

    The schema itself is behind a login: elements and their order are those that public clients write
    (Johannes-Andersen/CyberTipline-Tools). A person files it; nothing was viewed, and nothing is attached.
    """
    decision = _may_report(state, decision, policy)
    draft = ET.Element("draft", {"note": DRAFT})
    report = ET.SubElement(draft, "report")
    incident = ET.SubElement(report, "incidentSummary")
    _text(incident, "incidentType", "Child Pornography (possession, manufacture, and distribution)")
    _text(incident, "incidentDateTime", decision.opened_at)
    _text(incident, "incidentDateTimeDescription", "When the audit found it; not when it was published")
    if urls:
        page = ET.SubElement(ET.SubElement(report, "internetDetails"), "webPageIncident")
        for url in urls:
            _text(page, "url", url)
    person = ET.SubElement(ET.SubElement(report, "reporter"), "reportingPerson")
    for name in ("firstName", "lastName", "email"):
        _text(person, name, FILL_IN)
    _text(report, "additionalInfo", " ".join((DRAFT + ".", *_plain(decision))))
    for digest in decision.digests:
        if digest.algorithm == "sha256":
            file = ET.SubElement(draft, "fileDetails")
            _text(file, "fileViewedByEsp", "false")
            _text(file, "publiclyAvailable", "true" if urls else FILL_IN)
            ET.SubElement(ET.SubElement(file, "fileAnnotations"), "generativeAi")
            _text(file, "originalFileHash", digest.value).set("hashType", "SHA256")
            _text(file, "additionalInfo", "A model's weights file, not an image. It was not run.")
    ET.indent(draft)
    return ET.tostring(draft, encoding="unicode", xml_declaration=True) + "\n"


def hotline(
    state: State, decision: Decision, policy: Mapping[str, Any], *, name: str = "", urls: Sequence[str] = ()
) -> str:
    """A draft report for any hotline, in plain words: what, where, why, and hashes of the weights files."""
    decision = _may_report(state, decision, policy)
    lines = [DRAFT, "", f"To: {printable(name) if name else FILL_IN}", f"From: {FILL_IN}", ""]
    lines += [*_plain(decision), ""]
    lines += ["Addresses:", *(f"  {printable(url, 2000)}" for url in urls or (FILL_IN,)), ""]
    lines += ["Hashes of the weights files (SHA-256; sha256-tensors leaves out the header):"]
    lines += [f"  {digest}" for digest in decision.digests] or ["  none is known"]
    lines += ["", "Nobody ran the model or opened a matched sample. No image is attached, and none is to be sent."]
    return "\n".join(lines) + "\n"


def notice(state: State, decision: Decision, policy: Mapping[str, Any], *, appeals: str = "") -> str:
    """A draft notice to the owner, without details of any match. ``appeals`` is where an appeal goes.

    Raises :class:`UsageError` until a person has recorded that it was reported, or that no report is due: a
    notice before that could warn someone whom the police ought to reach first.
    """
    decision = _may_report(state, decision, policy)
    if not state.reported:
        raise UsageError(
            f"case {state.id}: a notice is drafted only after a person has recorded that it was reported, "
            "or that no report is due; see `auditor review reported --help`"
        )
    lines = [DRAFT, "", f"About: {printable(decision.subject.name)}", ""]
    lines += [f"On {decision.decided_at[:10]} it was decided that {VERDICTS[decision.verdict]}.", ""]
    lines += [f"Ground: {_GROUNDS[decision.ground]}."]
    lines += [_rests_on(decision)] if decision.ground == "linked" else []  # how samples match is a detail
    lines += ["Rules it follows:"]
    lines += [f"  {rule}: {title}" for rule, title in _titles(decision, policy).items()]
    lines += ["", "What you can do:"]
    fixes = {rule["id"]: " ".join(rule["fix"].split()) for rule in policy["rules"]}
    lines += [f"  {fixes[rule]}" for rule in decision.rules if rule in fixes]
    lines += [
        "",
        "It was found by automated means, from what is published about the model and from digests. People decided.",
        f"It will be looked at again by {decision.review_by[:10]} and ends by {decision.expires_at[:10]}.",
        f"You can appeal until {decision.appeal_by[:10]}: {printable(appeals, 500) if appeals else FILL_IN}. "
        "Someone who took no part will decide. You can also go to an out-of-court body or to court.",
        f"Reference: {decision.id}",
    ]
    return "\n".join(lines) + "\n"


def transparency(book: Ledger) -> dict[str, Any]:
    """The public report: counts, grounds, times to decision, appeals, and the ledger's Merkle root. Nothing else."""
    now = book.now
    stages: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    grounds: Counter[str] = Counter()
    appeals: Counter[str] = Counter()
    states: Counter[str] = Counter()
    hours: list[float] = []
    cases = 0
    for state in book.states():
        cases += 1
        grounds[state.ground] += 1
        stages[state.stage(now)] += 1
        for decision in state.decisions:
            verdicts[decision.verdict] += 1
            states["lapsed" if decision.lapsed(now) else decision.status] += 1
            if decision.appeal:
                appeals[decision.appeal] += 1
            hours.append(_hours(decision.opened_at, decision.decided_at))
    checkpoint = book.checkpoint()
    return {
        "as_of": now,
        "cases": cases,
        "grounds": dict(sorted(grounds.items())),
        "stages": dict(sorted(stages.items())),
        "decisions": dict(sorted(verdicts.items())),
        "became": dict(sorted(states.items())),
        "hours_to_decision": _spread(hours),
        "appeals": {outcome: appeals[outcome] for outcome in ("open", "upheld", "overturned")},
        "ledger": {"events": checkpoint.size, "merkle_root": checkpoint.root.hex()},
    }


def as_text(report: Mapping[str, Any]) -> str:
    """A public report or a statement as JSON, in ASCII, so that no name in it can act on a terminal."""
    return json.dumps(report, indent=1) + "\n"


def _spread(hours: Sequence[float]) -> dict[str, float]:
    if not hours:
        return {}
    ordered = sorted(hours)
    ninth = ordered[min(len(ordered) - 1, int(len(ordered) * 0.9))]
    return {"median": round(statistics.median(ordered), 1), "90th": round(ninth, 1), "longest": round(ordered[-1], 1)}


def _hours(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() / 3600


def _plain(decision: Decision) -> Iterable[str]:
    """What was found, in sentences: kinds of reasons, never a match's details."""
    subject = decision.subject
    revision = f", revision {printable(subject.revision)}" if subject.revision else ""
    yield f"The {subject.kind} {printable(subject.name)}{revision} is published as an AI model."
    if decision.copies:
        yield f"The same weights are also published as {', '.join(printable(copy.name) for copy in decision.copies)}."
    yield f"Ground: {_GROUNDS[decision.ground]}."
    yield _rests_on(decision)
    yield (
        f"Two reviewers decided on {decision.decided_at[:10]}." if decision.approver else "One reviewer decided so far."
    )


def _rests_on(decision: Decision) -> str:
    """What was found, with each list of models and its holder where it says who that is."""
    found = dict.fromkeys(printable(words, 500) for reason in decision.reasons for words in reason.found)
    return f"It rests on this: {'; '.join(found)}."


def _titles(decision: Decision, policy: Mapping[str, Any]) -> dict[str, str]:
    titles = {rule["id"]: rule["title"] for rule in policy["rules"]}
    return {rule: titles.get(rule, "") for rule in decision.rules}


def _unnamed(words: str, names: Iterable[str]) -> str:
    """A reviewer's words without these names, nor their parts before and after the slash."""
    whole = sorted(names, key=len, reverse=True)
    parts = [part for name in whole for part in name.split("/") if len(part) > 3]
    for name in (*whole, *parts):
        words = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "[name withheld]", words, flags=re.IGNORECASE)
    return words


def _cut(text: str, limit: int) -> str:
    shown = printable(text, len(text) or 1)
    return shown if len(shown) <= limit else f"{shown[: limit - 2]} …"


def _text(parent: ET.Element, name: str, text: str) -> ET.Element:
    element = ET.SubElement(parent, name)
    element.text = printable(text, 2000)
    return element
