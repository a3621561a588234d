"""Do two who state the same thing disagree?"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.checks import ANY, AS_WRITTEN, Key, PairFact, Readings, Stated, Values
from auditor.model import Evidence, Statement

ABSENCE = False
START = "key"
STOP = ""
PLACE = ""


def ask(
    stated: Stated,
    *,
    key: Key,
    other: Key,
    fact: PairFact,
    values: Values = ANY,
    relations: Values = ANY,
    sources: Values = ANY,
    other_sources: Values = ANY,
    other_relations: Values = ANY,
    readings: Readings = AS_WRITTEN,
    silent: Values = ANY,
) -> Iterator[Evidence]:
    """Both sides state something and nothing that both say is the same.

    ``readings`` translates the other side's values into this side's words; a value that it does not
    know, or one of ``silent`` on either side, says nothing. One agreement settles it: a card may name
    several licences.
    """
    if key not in stated or other not in stated:
        return
    ours = [
        statement
        for statement in stated.get(key, ())
        if statement.source in sources
        and statement.relation in relations
        and statement.value in values
        and not (silent and statement.value in silent)
    ]
    if not ours:
        return
    theirs: list[Statement] = []
    words: set[str] = set()
    for statement in stated.get(other, ()):
        if (
            statement.source in other_sources
            and statement.relation in other_relations
            and not (silent and statement.value in silent)
            and (read := readings.of(statement.value))
        ):
            theirs.append(statement)
            words.update(read)
    if theirs and words.isdisjoint(statement.value.casefold() for statement in ours):
        fields = {"value": _joined(ours), "other": _joined(theirs)}
        yield Evidence(fact.of(**fields), min(theirs).place)


def _joined(statements: list[Statement]) -> str:
    return " and ".join(dict.fromkeys(statement.value for statement in sorted(statements)))
