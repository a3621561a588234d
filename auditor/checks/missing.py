"""Check whether a statement that a subject should make is missing."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.check_parameters import NO_CONDITIONS, PlainFact, Where
from auditor.checks import CheckExample
from auditor.model import Evidence, Place, Statement, StatementsByKey
from auditor.statement_words import shown_by

HELP = "is nothing in `wanted` stated, although something in `although` is, with no relation in `unless`?"
FLAGS_ABSENCE = True
TRIGGER = "although"
SETTLED_BY = "wanted"
PLACE_KEY = "card"
_GATING = {"wanted": {"gating": ["manual"]}, "although": {"tag": ["lora"]}, "fact": "is not gated"}
EXAMPLES = (
    CheckExample(
        {"wanted": {"licence": []}, "fact": "names no licence"},
        (Statement("card", "front-matter", place=Place("README.md", 1)),),
        (Evidence("names no licence", Place("README.md", 1)),),
    ),
    CheckExample({"wanted": {"licence": []}, "fact": "names no licence"}, (Statement("licence", "mit"),)),
    CheckExample(
        _GATING,
        (Statement("tag", "LoRA", place=Place("README.md", 7)), Statement("gating", "none")),
        (Evidence("is not gated", Place("README.md", 7), "shown by its tag: LoRA"),),
    ),
    CheckExample(_GATING, (Statement("tag", "lora"), Statement("gating", "manual"))),
    CheckExample(
        {"wanted": {"trained_on": []}, "unless": {"base_model": ["merge"]}, "fact": "names no training data"},
        (Statement("base_model", "acme/one", "merge"),),
    ),
)


def ask(
    stated: StatementsByKey,
    *,
    wanted: Where,
    fact: PlainFact,
    although: Where = NO_CONDITIONS,
    unless: Where = NO_CONDITIONS,
) -> Iterator[Evidence]:
    """Yield a fact if a statement is missing: none of ``wanted`` although one of ``although`` (none: always).

    Nothing is found where a statement has one of the relations that ``unless`` gives for its key: a merge has no
    training data of its own. The place is that of the statement which shows the need, or else the card.
    """
    if wanted.any_key_matches(stated) or unless.any_relation_matches(stated):
        return
    if not although.conditions:
        card = min(stated.get("card", ()), default=None)
        yield Evidence(fact.fill(), card.place) if card else Evidence(fact.fill())
    elif shown := min(although.matching(stated), default=None):
        yield Evidence(fact.fill(), shown.place, shown_by(shown))
