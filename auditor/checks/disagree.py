"""Do two who state the same thing disagree?"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.checks import ANY, AS_WRITTEN, Key, PairFact, Readings, Stated, Values
from auditor.model import Evidence, Statement

ABSENCE = False


def ask(
    stated: Stated,
    *,
    key: Key,
    other: Key,
    fact: PairFact,
    sources: Values = ANY,
    other_sources: Values = ANY,
    other_relations: Values = ANY,
    readings: Readings = AS_WRITTEN,
    silent: Values = ANY,
) -> Iterator[Evidence]:
    """Both sides state something and nothing that both say is the same.

    ``readings`` translates the other side's values into this side's words; a value that it does not
    know, or one of ``silent`` on either side (``other``, ``unknown``), says nothing. One agreement
    settles it: a card may name several licences.
    """

    def says(value: str) -> bool:
        return not silent or value not in silent

    ours = sorted(s for s in stated.get(key, ()) if s.source in sources and says(s.value))
    if not ours:
        return
    theirs: list[Statement] = []
    words: set[str] = set()
    for statement in sorted(stated.get(other, ())):
        if statement.source in other_sources and statement.relation in other_relations and says(statement.value):
            read = readings.of(statement.value)
            if read:
                theirs.append(statement)
                words.update(read)
    if theirs and words.isdisjoint(statement.value.casefold() for statement in ours):
        fields = {"value": _joined(ours), "other": _joined(theirs)}
        yield Evidence(fact.of(**fields), theirs[0].place)


def _joined(statements: list[Statement]) -> str:
    return " and ".join(dict.fromkeys(statement.value for statement in statements))
