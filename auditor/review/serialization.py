"""Convert the types of a review to JSON and back, for the ledger and for what it exports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from auditor.model import Digest, Place, Ref, Statement
from auditor.review.case_reasons import CaseFact, ListSource, Reason
from auditor.review.review_types import Decision, Opinion, ReportStep


def to_json(noun: Ref | Digest | Reason | CaseFact | Opinion | ReportStep | Decision) -> dict[str, Any]:
    """Serialize an object of a review as JSON-ready values."""
    if isinstance(noun, CaseFact):
        return {
            "subject": asdict(noun.subject),
            "statement": noun.statement._asdict() | {"place": noun.statement.place._asdict()},
        }
    return asdict(noun)


def ref_from_json(content: Mapping[str, Any]) -> Ref:
    """Deserialize the subject reference that `to_json` wrote."""
    return Ref(content["kind"], content["name"], content["revision"])


def digest_from_json(content: Mapping[str, Any]) -> Digest:
    """Deserialize the digest that `to_json` wrote."""
    return Digest(content["algorithm"], content["value"])


def reason_from_json(content: Mapping[str, Any]) -> Reason:
    """Deserialize the reason that `to_json` wrote; fields that older ledgers lack get their defaults."""
    tuples = {name: tuple(content.get(name, ())) for name in ("words", "test_lists")}
    lists = tuple(ListSource(**source) for source in content.get("lists", ()))  # older ledgers name none
    return Reason(**{**content, **tuples, "subject": ref_from_json(content["subject"]), "lists": lists})


def fact_from_json(content: Mapping[str, Any]) -> CaseFact:
    """Deserialize the fact that `to_json` wrote."""
    said = content["statement"]
    return CaseFact(ref_from_json(content["subject"]), Statement(**{**said, "place": Place(**said["place"])}))


def to_json_text(report: Mapping[str, Any]) -> str:
    """Serialize an export of a review as JSON text in ASCII, so that no name in it can control a terminal."""
    return json.dumps(report, indent=1) + "\n"
