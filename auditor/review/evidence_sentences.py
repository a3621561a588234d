"""Say in words what the facts of a case are: whose list, what it means, how it matches, of what, and who says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from auditor.model import Ref
from auditor.printable import printable
from auditor.reporting.labels import LIST_MEANINGS
from auditor.review.case_reasons import STRENGTH_MEANINGS, CaseFact
from auditor.review.evidence_strength import SOURCE_LABELS, fact_strength, is_declared

_MAX_NAME_LENGTH = 200


def describe_facts(facts: Iterable[CaseFact], policy: Mapping[str, Any], *, counts: bool) -> Iterator[str]:
    """Yield a sentence, without a full stop, for each fact that matches a list or says what a model was trained on.

    Args:
        facts: The facts of a case.
        policy: The recorded policy of the case; {} when the ledger holds none.
        counts: Whether to say how many samples match.
    """
    lists = {known["name"]: known for known in policy.get("lists", ())}
    sentences = (_describe_fact(fact, lists, counts) for fact in facts)
    yield from dict.fromkeys(sentence for sentence in sentences if sentence)


def describe_confirmations(confirmed: int) -> str:
    """Return in words how many people have recorded that near matches of a case were confirmed."""
    if not confirmed:
        return "nobody has recorded that a near match was confirmed"
    return f"{confirmed} confirmation{'s' if confirmed > 1 else ''} of near matches recorded"


def describe_subject(ref: Ref) -> str:
    """Return the kind, name and revision of what a case is about."""
    revision = f"revision {printable(ref.revision, _MAX_NAME_LENGTH)}" if ref.revision else "revision not stated"
    return f"{ref.kind} {printable(ref.name, _MAX_NAME_LENGTH)} ({revision})"


def _describe_fact(fact: CaseFact, lists: Mapping[str, Mapping[str, Any]], counts: bool) -> str:
    """Return the sentence for one fact of a case; "" for a fact of another kind."""
    said, about = fact.statement, describe_subject(fact.subject)
    counted = f" ({printable(said.remark, _MAX_NAME_LENGTH)})" if counts and said.remark else ""
    if said.key == "known_content":
        how = "nearly" if said.relation.endswith("near") else "exactly"
        compared = "digests that its manifest declares" if is_declared(said) else "digests computed from its files"
        return f"{about}: {compared} match entries of {_describe_list(said.value, lists)}, {how}{counted}"
    if said.key == "known_model":
        return f"{about}: {STRENGTH_MEANINGS[fact_strength(said)]}: {_describe_list(said.value, lists)}{counted}"
    if said.key == "trained_on":
        source = SOURCE_LABELS.get(said.source, printable(said.source) or "not recorded")
        dataset = printable(said.value, _MAX_NAME_LENGTH)
        owners = _compare_owners(fact.subject.name, said.value)
        return f"{about}: trained on dataset {dataset} (source: {source}); {owners}"
    return ""


def _describe_list(name: str, lists: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the name of a list, its version, who holds it, and what its entries are."""
    known = lists.get(name, {})
    version = f" {printable(str(known['version']), _MAX_NAME_LENGTH)}" if known.get("version") else ""
    holder = f"held by {printable(known['holder'], _MAX_NAME_LENGTH)}" if known.get("holder") else "no holder stated"
    means = LIST_MEANINGS.get(known.get("means", ""), "meaning not recorded")
    return f"list {printable(name, _MAX_NAME_LENGTH)}{version} ({holder}; {means})"


def _compare_owners(model: str, dataset: str) -> str:
    """Return in words whether a model and a dataset have the same owner, as their names say."""
    owners = [name.rpartition("/")[0].casefold() for name in (model, dataset)]
    if not all(owners):
        return "whether both have the same owner is not known"
    return "both have the same owner" if owners[0] == owners[1] else "they have different owners"
