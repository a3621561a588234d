"""Check whether a subject states something that it should not, or that people should review."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.check_parameters import ANY, Fact, Key, Values
from auditor.checks import CheckExample
from auditor.model import Evidence, Place, Statement, StatementsByKey

HELP = "is this stated?"
TRIGGER = "key"
EXAMPLES = (
    CheckExample(
        {"key": "known_content", "fact": "matches entries of list {value} ({relation})"},
        (Statement("known_content", "demo", "near", Place("data", 3), remark="2 of 9"),),
        (Evidence("matches entries of list demo (near)", Place("data", 3), "2 of 9", "near"),),
    ),
    CheckExample({"key": "tag", "values": ["lora"], "fact": "has tag {value}"}, (Statement("tag", "music"),)),
)


def ask(
    stated: StatementsByKey,
    *,
    key: Key,
    fact: Fact,
    values: Values = ANY,
    relations: Values = ANY,
    sources: Values = ANY,
) -> Iterator[Evidence]:
    """Yield what is stated under ``key`` with one of the values, relations and sources (none given: any)."""
    for statement in stated.get(key, ()):
        if statement.value in values and statement.relation in relations and statement.source in sources:
            words = fact.fill(value=statement.value, relation=statement.relation)
            yield Evidence(words, statement.place, statement.remark, statement.relation)
