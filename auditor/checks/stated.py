"""Is something stated that ought not to be, or that people should look at?"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.checks import ANY, Fact, Key, Stated, Values
from auditor.model import Evidence

ABSENCE = False
START = "key"
STOP = ""
PLACE = ""


def ask(
    stated: Stated,
    *,
    key: Key,
    fact: Fact,
    values: Values = ANY,
    relations: Values = ANY,
    sources: Values = ANY,
) -> Iterator[Evidence]:
    """Each statement under ``key`` with one of the values, relations and sources (none given: any)."""
    for statement in stated.get(key, ()):
        if statement.value in values and statement.relation in relations and statement.source in sources:
            yield Evidence(
                fact.of(value=statement.value, relation=statement.relation),
                statement.place,
                statement.remark,
                statement.relation,
            )
