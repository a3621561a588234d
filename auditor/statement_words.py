"""Put statements into words for people who know nothing of their keys."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from auditor.model import Statement
from auditor.printable import printable

# What the terms of a subject say of the sexual exploitation of minors, by the value of ``clause``.
CLAUSE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "explicit": "prohibits it in its own words",
        "by-reference": "names a policy that may prohibit it",
        "card-only": "prohibits it in the card alone",
        "absent": "does not prohibit it",
    }
)
_NOUNS: Mapping[str, str] = MappingProxyType(
    {
        "base_family": "family of base models",
        "base_model": "base model",
        "companion": "words",
        "generates": "output",
        "licence": "licence",
        "tag": "tag",
        "task": "task",
        "trained_on": "training data",
        "weights_format": "format of weights",
    }
)


def shown_by(statement: Statement) -> str:
    """Return in words what a statement shows."""
    if statement.key == "clause":
        return f"what was read {CLAUSE_WORDS.get(statement.value, printable(statement.value))}"
    noun = _NOUNS.get(statement.key, statement.key.replace("_", " "))
    return f"shown by its {noun}: {printable(statement.value)}"
