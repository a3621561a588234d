"""Check whether two sides that state the same thing contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.check_parameters import ANY, BY_VALUE, UNTRANSLATED, Comparison, Key, PairFact, Translations, Values
from auditor.checks import CheckExample
from auditor.model import Evidence, Place, Statement, StatementsByKey

HELP = "do two sides that state the same contradict each other?"
TRIGGER = "key"
_LICENCES = {
    "key": "licence_id", "sources": ["card"], "other": "licence_id", "other_sources": ["header"],
    "silent": ["other"], "fact": "card {value}, header {other}",
}  # fmt: skip
_BASES = {
    "key": "base_model", "sources": ["card"], "other": "base_model", "other_sources": ["summary"],
    "compare": "names", "fact": "card {value}, summary {other}",
}  # fmt: skip
_APACHE_HEADER = Statement("licence_id", "apache-2.0", place=Place("m.safetensors"), source="header")
EXAMPLES = (
    CheckExample(
        _LICENCES,
        (Statement("licence_id", "mit", source="card"), _APACHE_HEADER),
        (Evidence("card mit, header apache-2.0", Place("m.safetensors")),),
    ),
    CheckExample(
        _LICENCES,
        (
            Statement("licence_id", "mit", source="card"),
            Statement("licence_id", "apache-2.0", source="card"),
            _APACHE_HEADER,
        ),
    ),
    CheckExample(_LICENCES, (Statement("licence_id", "other", source="card"), _APACHE_HEADER)),
    CheckExample(
        _BASES,
        (
            Statement("base_model", "acme/Tree-1.0", source="card"),
            Statement("base_model", "tree 1.0", source="summary"),
        ),
    ),
)


def ask(
    stated: StatementsByKey,
    *,
    key: Key,
    other: Key,
    fact: PairFact,
    values: Values = ANY,
    relations: Values = ANY,
    sources: Values = ANY,
    other_sources: Values = ANY,
    other_relations: Values = ANY,
    readings: Translations = UNTRANSLATED,
    silent: Values = ANY,
    compare: Comparison = BY_VALUE,
) -> Iterator[Evidence]:
    """Yield a fact if two sides disagree: both state something and they have no value in common.

    ``readings`` translates the other side's values into this side's words; a value that it does not translate, or one
    of ``silent`` on either side, is left out. One value in common is enough: a card may name several licences. With
    ``compare = "names"``, names of repositories are the same whatever their owner, letter case and separators.
    """
    if key not in stated or other not in stated:
        return
    left = [
        statement
        for statement in stated.get(key, ())
        if statement.source in sources
        and statement.relation in relations
        and statement.value in values
        and not (silent and statement.value in silent)
    ]
    if not left:
        return
    right: list[Statement] = []
    words: set[str] = set()
    for statement in stated.get(other, ()):
        if (
            statement.source in other_sources
            and statement.relation in other_relations
            and not (silent and statement.value in silent)
            and (translated := readings.translate(statement.value))
        ):
            right.append(statement)
            words.update(map(compare.form, translated))
    if right and words.isdisjoint(compare.form(statement.value) for statement in left):
        yield Evidence(fact.fill(value=_join_values(left), other=_join_values(right)), min(right).place)


def _join_values(statements: list[Statement]) -> str:
    """Return the values of a side that disagrees, joined."""
    return " and ".join(dict.fromkeys(statement.value for statement in sorted(statements)))
