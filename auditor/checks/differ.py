"""Check whether files that should state the same state different things."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.check_parameters import ANY, Key, PairFact, Values
from auditor.checks import CheckExample
from auditor.model import Evidence, Place, Statement, StatementsByKey

HELP = "do two files state different values under one key?"
TRIGGER = "key"
_TEXTS = {"key": "licence_text", "relations": ["exact"], "fact": "{value} in one file, {other} in another"}
_MIT = Statement("licence_text", "mit", "exact", Place("LICENSE"))
_APACHE = Statement("licence_text", "apache-2.0", "exact", Place("LICENSE.md"))
EXAMPLES = (
    CheckExample(
        _TEXTS, (_MIT, _APACHE), (Evidence("mit in one file, apache-2.0 in another", Place("LICENSE.md"), "LICENSE"),)
    ),
    CheckExample(_TEXTS, (_MIT, _APACHE._replace(place=Place("LICENSE")))),
    CheckExample({**_TEXTS, "files": ["re:^LICENSE$"]}, (_MIT, _APACHE)),
)


def ask(
    stated: StatementsByKey, *, key: Key, fact: PairFact, files: Values = ANY, relations: Values = ANY
) -> Iterator[Evidence]:
    """Yield a fact for the first file that differs: whose values under ``key`` have none in common with another file's.

    ``files`` are the paths that count; without it, all.
    """
    values: dict[str, set[str]] = {}
    for statement in sorted(stated.get(key, ())):
        if statement.value and statement.relation in relations and statement.place.uri in files:
            values.setdefault(statement.place.uri, set()).add(statement.value)
    ordered = sorted(values)
    for at, second in enumerate(ordered):
        for first in ordered[:at]:
            if values[first].isdisjoint(values[second]):
                words = (" and ".join(sorted(values[each])) for each in (first, second))
                yield Evidence(fact.fill(**dict(zip(("value", "other"), words, strict=True))), Place(second), first)
                return
