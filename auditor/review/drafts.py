"""Draft what may follow from a decision: a statement of reasons, reports to hotlines, a notice to the owner.

Everything here is a draft for a person: nothing is sent, and counsel says whether a duty exists. No draft names a
sample, its place or digest, a list's entry or a distance. No draft is made from a rehearsal (a case that rests on
lists that mean ``test``), nor from a decision to do nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from auditor.errors import UsageError
from auditor.printable import printable
from auditor.reporting.cybertipline import DRAFT_NOTICE, FILL_IN, build_cybertipline_draft
from auditor.review.case_reasons import NEEDS_CONFIRMATION, Reason
from auditor.review.case_state import CaseState
from auditor.review.evidence_sentences import describe_confirmations, describe_facts, describe_subject
from auditor.review.evidence_strength import SOURCE_LABELS
from auditor.review.review_types import ACTION_VERDICTS, VERDICT_MEANINGS, Decision, Verdict
from auditor.review.transition_guards import require_decided_appeal

_DSA_VISIBILITY: Mapping[Verdict, str] = MappingProxyType(
    {
        "de-index": "DECISION_VISIBILITY_CONTENT_DISABLED",
        "interim": "DECISION_VISIBILITY_CONTENT_DISABLED",
        "demote": "DECISION_VISIBILITY_CONTENT_DEMOTED",
        "label": "DECISION_VISIBILITY_CONTENT_LABELLED",
        "gate": "DECISION_VISIBILITY_CONTENT_INTERACTION_RESTRICTED",
    }
)


# StatementStoreRequest.php. A model is listed for what it generates; training data that matches is not generated.
DSA_KEYWORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "linked": ("KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL", "KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL_DEEPFAKE"),
        "exposed": ("KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL",),
    }
)
# Who told of it, by the words of ``auditor review draft --source``.
DSA_SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "own-audit": "SOURCE_VOLUNTARY",
        "trusted-flagger": "SOURCE_TRUSTED_FLAGGER",
        "notice": "SOURCE_ARTICLE_16",
        "other": "SOURCE_TYPE_OTHER_NOTIFICATION",
    }
)

_MAX_EXPLANATION = 2000  # StatementStoreRequest.php: characters of an explanation
# Statements whose value names a dataset, a model or a list, which no public text holds.
_NAMING_FACTS = ("trained_on", "sourced_from", "base_model", "copy_of", "known_content", "known_model")

_GROUND_SENTENCES = {
    "linked": "a list of models holds its weights or values like them, or the model it is made from, or names it",
    "exposed": "the data that it says it was trained on matches entries of a list of known abuse imagery",
}


def reason_not_to_draft(state: CaseState, decision: Decision, policy: Mapping[str, Any]) -> str:
    """Return why nothing may be drafted from a decision, or "" when drafts may be made.

    A list's own declared meaning counts, whatever the profile treats it as.
    """
    if decision.verdict not in ACTION_VERDICTS:
        return (
            f"decision {decision.id}: {decision.verdict} ({VERDICT_MEANINGS[decision.verdict]}): report nothing, "
            "and notify no owner"
        )
    return rehearsal_warning(decision.reasons, state, policy)


def rehearsal_warning(reasons: Sequence[Reason], state: CaseState, policy: Mapping[str, Any]) -> str:
    """Return why nothing may be drafted or reported from reasons that all rest on test lists; "" if any does not."""
    if not reasons or any(not _test_lists_of(reason, state, policy) for reason in reasons):
        return ""
    names = sorted({name for reason in reasons for name in _test_lists_of(reason, state, policy)})
    lists = f"list {names[0]}, which means" if len(names) == 1 else f"lists {', '.join(names)}, which mean"
    return printable(
        f"case {state.id} depends on {lists} `test`: this is a rehearsal, so report nothing. To report a "
        "real match, scan again with a list that its holder declares as known content or known models",
        2000,
    )


def _require_reportable(state: CaseState, decision: Decision, policy: Mapping[str, Any]) -> Decision:
    """Return a decision to draft from, without reasons that rest on test lists. Raises :class:`UsageError`."""
    if why := reason_not_to_draft(state, decision, policy):
        raise UsageError(why)
    reasons = tuple(reason for reason in decision.reasons if not _test_lists_of(reason, state, policy))
    tested = {reason.rule for reason in decision.reasons} - {reason.rule for reason in reasons}
    return replace(decision, reasons=reasons, rules=tuple(rule for rule in decision.rules if rule not in tested))


def _test_lists_of(reason: Reason, state: CaseState, policy: Mapping[str, Any]) -> tuple[str, ...]:
    """Return for a draft the test lists that a reason rests on, if it rests on nothing else.

    Reasons in older ledgers do not record them: then all lists of the case's facts, if all of them mean ``test``.
    """
    if reason.test_lists:
        return reason.test_lists
    means = {known["name"]: known["means"] for known in policy.get("lists", ())}
    lists = {fact.list_name for fact in state.facts if fact.list_name}
    return tuple(sorted(lists)) if all(means.get(name) == "test" for name in lists) else ()


def statement_of_reasons(
    state: CaseState,
    decision: Decision,
    policy: Mapping[str, Any],
    *,
    law: str = "",
    countries: Sequence[str] = (),
    source: str = "own-audit",
) -> dict[str, Any]:
    """Draft an entry of the DSA Transparency Database: its fields, and which of them a person must fill in.

    The database is public: no field names the model or its data. Lengths are the database's.
    Source: digital-services-act/transparency-database, Statement.php and StatementStoreRequest.php.

    Args:
        state: The case.
        decision: The decision in force.
        policy: The recorded policy of the case.
        law: The legal ground for calling the content illegal; without it the ground is the service's own terms.
        countries: Where the decision holds.
        source: A key of :data:`DSA_SOURCES`.
    """
    decision = _require_reportable(state, decision, policy)
    if decision.verdict not in _DSA_VISIBILITY:
        raise UsageError(f"decision {decision.id}: {decision.verdict} restricts nothing, so no statement is due")
    refs = (state.subject, *state.copies, *state.joined, *(fact.subject for fact in state.facts))
    names = {ref.name for ref in refs}
    names |= {fact.statement.value for fact in state.facts if fact.statement.key in _NAMING_FACTS}
    words = [_withhold_names(f"{role}: {said}", names) for role, said in _reviewers_words(decision)]
    explained = " ".join(_truncate(said, _MAX_EXPLANATION // len(words) - 1) for said in words)
    facts = "; ".join(f"rule {rule}: {title}" for rule, title in _rule_titles(decision, policy).items())
    evidence = "; ".join(_describe_strengths(decision))
    found = f"Found by comparing published metadata and digests; decided by people. Evidence: {evidence}. {facts}"
    statement: dict[str, Any] = {
        "decision_visibility": [_DSA_VISIBILITY[decision.verdict]],
        "content_type": ["CONTENT_TYPE_OTHER"],
        "content_type_other": "AI model",
        "category": "STATEMENT_CATEGORY_PROTECTION_OF_MINORS",
        "category_specification": list(DSA_KEYWORDS[decision.ground]),
        "content_date": FILL_IN,
        "application_date": decision.decided_at[:10],
        "end_date_visibility_restriction": decision.expires_at[:10],
        "decision_facts": _truncate(found, 5000),
        "source_type": DSA_SOURCES[source],
        "automated_detection": "Yes",
        "automated_decision": "AUTOMATED_DECISION_NOT_AUTOMATED",
        "territorial_scope": list(countries) or FILL_IN,
        "puid": decision.id,
    }
    if source != "own-audit":
        statement["source_identity"] = FILL_IN
    if law:
        statement |= {
            "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT",
            "illegal_content_legal_ground": _truncate(law, 500),
            "illegal_content_explanation": explained,
        }
    else:
        statement |= {
            "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
            "incompatible_content_ground": FILL_IN,
            "incompatible_content_explanation": explained,
            "incompatible_content_illegal": FILL_IN,
        }
    missing = sorted(name for name, value in statement.items() if value == FILL_IN)
    return {"draft": DRAFT_NOTICE, "fill_in": missing, "statement": statement}


def cybertipline_draft(
    state: CaseState, decision: Decision, policy: Mapping[str, Any], *, urls: Sequence[str] = ()
) -> str:
    """Draft a report for NCMEC's CyberTipline as XML, with the SHA-256 of each weights file in its text.

    A person files it; nothing was viewed, and nothing is attached.
    """
    decision = _require_reportable(state, decision, policy)
    files = [digest.value for digest in decision.digests if digest.algorithm == "sha256"]
    told = ("Nobody ran the model or opened a matched sample.", *(["SHA-256 of its weights files:"] if files else []))
    return build_cybertipline_draft(
        found_at=decision.opened_at,
        found_words="When the audit found it; not when it was published",
        sentences=(*_describe_decision(state, decision, policy), *told),
        urls=urls,
        hashes=files,
    )


def hotline_draft(
    state: CaseState, decision: Decision, policy: Mapping[str, Any], *, name: str = "", urls: Sequence[str] = ()
) -> str:
    """Draft a report for any hotline in plain words: what, where, why, and hashes of the weights files."""
    decision = _require_reportable(state, decision, policy)
    lines = [DRAFT_NOTICE, "", f"To: {printable(name) if name else FILL_IN}", f"From: {FILL_IN}", ""]
    lines += [*_describe_decision(state, decision, policy), ""]
    lines += ["Addresses:", *(f"  {printable(url, 2000)}" for url in urls or (FILL_IN,)), ""]
    lines += ["Hashes of the weights files (SHA-256; sha256-tensors leaves out the header):"]
    lines += [f"  {digest}" for digest in decision.digests] or ["  none known"]
    lines += ["", "Nobody ran the model or opened a matched sample. No image is attached, and none is to be sent."]
    return "\n".join(lines) + "\n"


def owner_notice_draft(state: CaseState, decision: Decision, policy: Mapping[str, Any], *, appeals: str = "") -> str:
    """Draft a notice to the owner, without places and counts of matches. ``appeals`` is where an appeal goes.

    Raises:
        UsageError: No person has recorded yet that the case was reported, or that no report is due. An earlier notice
            could warn someone whom the police should reach first.
    """
    decision = _require_reportable(state, decision, policy)
    if not state.reported:
        raise UsageError(
            f"case {state.id}: a notice is drafted only after a person has recorded that it was reported, "
            "or that no report is due; see `auditor review reported --help`"
        )
    lines = [DRAFT_NOTICE, "", f"About: {printable(decision.subject.name)}", ""]
    lines += [f"On {decision.decided_at[:10]} it was decided that {VERDICT_MEANINGS[decision.verdict]}.", ""]
    lines += [f"Ground: {_GROUND_SENTENCES[decision.ground]}."]
    lines += [f"{said}." for said in _describe_evidence(state, decision, policy)]
    lines += ["Rules that justify the decision:"]
    lines += [f"  {rule}: {title}" for rule, title in _rule_titles(decision, policy).items()]
    lines += ["Reasons, in the words of those who decided:"]
    lines += [f"  {role}: {printable(said, 4000)}" for role, said in _reviewers_words(decision)]
    lines += ["", "What you can do:"]
    fixes = {rule["id"]: " ".join(rule["fix"].split()) for rule in policy["rules"]}
    lines += [f"  {fixes[rule]}" for rule in decision.rules if rule in fixes]
    lines += [
        "",
        "It was found by automated means, from what is published about the model and from digests. People decided.",
        f"It will be reviewed again by {decision.review_by[:10]} and ends by {decision.expires_at[:10]}.",
        f"You can appeal until {decision.appeal_by[:10]}: {printable(appeals, 500) if appeals else FILL_IN}. "
        "Someone who took no part will decide. You can also go to an out-of-court body or to court.",
        f"Reference: {decision.id}",
    ]
    return "\n".join(lines) + "\n"


def appeal_outcome_draft(state: CaseState, policy: Mapping[str, Any], *, appeals: str = "") -> str:
    """Draft a message to the owner: how their last appeal was decided, why, and what follows.

    Args:
        state: The case.
        policy: The recorded policy of the case.
        appeals: An address for questions.

    Raises:
        UsageError: No appeal was decided, or the decision is a rehearsal.
    """
    decision = require_decided_appeal(state)
    if why := rehearsal_warning(decision.reasons, state, policy):
        raise UsageError(why)
    lines = [DRAFT_NOTICE, "", f"About: {printable(decision.subject.name)}", ""]
    lines += [
        f"You appealed against the decision of {decision.decided_at[:10]} that {VERDICT_MEANINGS[decision.verdict]}.",
        "Someone who took no part in it has decided your appeal.",
        "",
    ]
    if decision.appeal == "overturned":
        lines += [
            f"Outcome: overturned. The decision ended on {decision.overturned_at[:10]}.",
            "The next list for each service that was told of it removes it, and its receipt confirms that.",
            "The same facts do not open it again.",
        ]
    else:
        lines += [
            "Outcome: upheld. The decision stays in force.",
            f"It will be reviewed again by {decision.review_by[:10]} and ends by {decision.expires_at[:10]}.",
            "You can also go to an out-of-court body or to court.",
        ]
    lines += ["", f"Reasons: {printable(decision.appeal_explanation, 4000)}", ""]
    lines += [f"Questions: {printable(appeals, 500) if appeals else FILL_IN}", f"Reference: {decision.id}"]
    return "\n".join(lines) + "\n"


def _describe_decision(state: CaseState, decision: Decision, policy: Mapping[str, Any]) -> Iterable[str]:
    """Yield sentences of a draft on what was found, without places and counts of matches."""
    yield f"The {describe_subject(decision.subject)} is published as an AI model."
    if decision.copies:
        yield f"The same weights are also published as {', '.join(printable(copy.name) for copy in decision.copies)}."
    yield f"Ground: {_GROUND_SENTENCES[decision.ground]}."
    yield from (f"{sentence}." for sentence in _describe_evidence(state, decision, policy))
    yield f"{_describe_deciders(decision)}."


def _describe_evidence(state: CaseState, decision: Decision, policy: Mapping[str, Any]) -> Iterable[str]:
    """Yield sentences of a draft, without full stops: the reasons, and the facts that are no matches of test lists."""
    found = dict.fromkeys(printable(words, 500) for reason in decision.reasons for words in reason.descriptions)
    yield f"Facts that it is based on: {'; '.join(found)}"
    tests = {known["name"] for known in policy.get("lists", ()) if known["means"] == "test"}
    yield from describe_facts((fact for fact in state.facts if fact.list_name not in tests), policy, counts=False)
    if any(reason.strength in NEEDS_CONFIRMATION for reason in decision.reasons):
        confirmed = describe_confirmations(decision.confirmations)
        yield f"{confirmed[0].upper()}{confirmed[1:]}"


def _describe_strengths(decision: Decision) -> Iterable[str]:
    """Return for a public draft, without names, how strong the evidence is, who says so, and what was confirmed."""
    found: dict[str, None] = {}
    for reason in decision.reasons:
        sources = ", ".join(SOURCE_LABELS.get(one, one) for one in reason.words) or "not recorded"
        found |= dict.fromkeys(printable(f"{words} (sources: {sources})", 500) for words in reason.descriptions)
    if any(reason.strength in NEEDS_CONFIRMATION for reason in decision.reasons):
        found[describe_confirmations(decision.confirmations)] = None
    return found


def _describe_deciders(decision: Decision) -> str:
    """Return in a draft's words how many people decided, and whether others disagreed."""
    if not decision.approver:
        return "One reviewer decided so far, for 72 hours at most"
    if not decision.dissents:
        return f"Two reviewers decided on {decision.decided_at[:10]}"
    opinions = 2 + len(decision.dissents)
    return f"{opinions} reviewers gave opinions, which differed; two of them agreed on {decision.decided_at[:10]}"


def _reviewers_words(decision: Decision) -> Iterator[tuple[str, str]]:
    """Yield for a draft what each reviewer who agreed wrote, without their pseudonyms."""
    yield "First reviewer", decision.explanation
    if decision.approver:
        yield "Second reviewer", decision.second_explanation


def _rule_titles(decision: Decision, policy: Mapping[str, Any]) -> dict[str, str]:
    """Return the titles of the rules that a drafted decision rests on."""
    titles = {rule["id"]: rule["title"] for rule in policy["rules"]}
    return {rule: titles.get(rule, "") for rule in decision.rules}


def _withhold_names(words: str, names: Iterable[str]) -> str:
    """Return a reviewer's text for a draft without these names and their parts before and after the slash."""
    whole = sorted(names, key=len, reverse=True)
    parts = [part for name in whole for part in name.split("/") if len(part) > 3]
    for name in (*whole, *parts):
        words = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "[name withheld]", words, flags=re.IGNORECASE)
    return words


def _truncate(text: str, limit: int) -> str:
    """Return a text for a draft, cut visibly at a length."""
    shown = printable(text, len(text) or 1)
    return shown if len(shown) <= limit else f"{shown[: limit - 2]} …"
