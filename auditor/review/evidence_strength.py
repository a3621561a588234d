"""How strong a fact is, and which sources it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.model import Statement
from auditor.review.case_policy import EXPOSING_RELATIONS
from auditor.review.case_reasons import Strength

# The sources of facts, the least reliable first: anyone can write a card, but digests were computed here.
SOURCE_LABELS: Mapping[str, str] = {
    "card": "the publisher's card",
    "card-text": "the publisher's card",
    "stated": "what is stated of the model",
    "configuration": "the publisher's configuration",
    "manifest": "digests that a manifest declares",
    "header": "the weights file's header",
    "weights": "the weights, as compared",
    "hub": "the hub that holds the files",
    "list": "a list's holder",
    "computed": "digests computed from the files",
}


# The strength that a relation of ``known_model`` shows. Any other relation is a lead.
_MODEL_STRENGTHS: Mapping[str, Strength] = {
    "same-weights": "listed",
    "hub-listed-weights": "listed",
    "name": "by-name",
    "same-autov3": "short",
    "dedicated": "derived",
    "same-values": "alike",  # values were sampled: the list's holder must confirm it before a decision
}


def fact_strength(statement: Statement) -> Strength:
    """Return the strength of a fact as evidence, for the queue."""
    if statement.key == "known_model":
        return _MODEL_STRENGTHS.get(statement.relation, "stated")
    if statement.key == "known_content":
        if is_declared(statement):
            return "declared"
        return "near" if statement.relation == "near" else "exact"
    return "stated"


def fact_sources(statement: Statement) -> Iterator[str]:
    """Yield the sources of a fact as evidence. A match has two: the list's holder, and that of what was compared."""
    if statement.key in ("known_content", "known_model"):
        yield "list"
        yield (
            "computed"
            if statement.relation in _COMPUTED_RELATIONS
            else "hub"
            if statement.relation == "hub-listed-weights"
            else "manifest"
            if is_declared(statement)
            else "stated"
        )
    else:
        yield statement.source


# Relations of matches that were computed from bytes.
_COMPUTED_RELATIONS = frozenset({*EXPOSING_RELATIONS, "same-weights", "same-autov3", "same-values"})


# Relations of matches with a digest that a manifest or a pointer file only declares.
_DECLARED_RELATIONS = frozenset({"claimed-exact", "claimed-near", "claimed-weights"})


def is_declared(statement: Statement) -> bool:
    """Return whether a fact is a match with a digest that nobody computed from the bytes."""
    return statement.relation in _DECLARED_RELATIONS


def source_rank(word: str) -> tuple[int, str]:
    """Return the sort key of a source of evidence, the least reliable first."""
    order = list(SOURCE_LABELS)
    return (order.index(word) if word in order else 0, word)
