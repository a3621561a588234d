"""The nouns of a review as JSON, in the ledger and in what it exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from auditor.model import Digest, Place, Ref, Statement
from auditor.review.decisions import Decision, Fact, ListSource, Opinion, Reason


def of(noun: Ref | Digest | Reason | Fact | Opinion | Decision) -> dict[str, Any]:
    if isinstance(noun, Fact):
        return {
            "subject": asdict(noun.subject),
            "statement": noun.statement._asdict() | {"place": noun.statement.place._asdict()},
        }
    return asdict(noun)


def ref(content: Mapping[str, Any]) -> Ref:
    return Ref(content["kind"], content["name"], content["revision"])


def digest(content: Mapping[str, Any]) -> Digest:
    return Digest(content["algorithm"], content["value"])


def reason(content: Mapping[str, Any]) -> Reason:
    tuples = {name: tuple(content.get(name, ())) for name in ("words", "test_lists")}
    lists = tuple(ListSource(**source) for source in content.get("lists", ()))  # older ledgers name none
    return Reason(**{**content, **tuples, "subject": ref(content["subject"]), "lists": lists})


def fact(content: Mapping[str, Any]) -> Fact:
    said = content["statement"]
    return Fact(ref(content["subject"]), Statement(**{**said, "place": Place(**said["place"])}))
