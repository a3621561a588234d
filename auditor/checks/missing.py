"""Is something not stated that ought to be?"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.checks import NOWHERE, PlainFact, Stated, Where
from auditor.model import Evidence
from auditor.printable import printable

ABSENCE = True
START = "although"
STOP = "wanted"
PLACE = "card"


def ask(stated: Stated, *, wanted: Where, fact: PlainFact, although: Where = NOWHERE) -> Iterator[Evidence]:
    """None of ``wanted`` is stated, although one of ``although`` is (none given: in any case).

    The place is where that which shows the need is stated, else the card.
    """
    if wanted.any(stated):
        return
    if not although.tests:
        card = min(stated.get("card", ()), default=None)
        yield Evidence(fact.of(), card.place) if card else Evidence(fact.of())
    elif shown := min(although.of(stated), default=None):
        yield Evidence(fact.of(), shown.place, f"shown by {shown.key} {printable(shown.value)}")
