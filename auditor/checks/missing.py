"""Is something not stated that ought to be?"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.checks import NOWHERE, PlainFact, Stated, Where
from auditor.model import Evidence
from auditor.printable import printable

ABSENCE = True


def ask(stated: Stated, *, wanted: Where, fact: PlainFact, although: Where = NOWHERE) -> Iterator[Evidence]:
    """None of ``wanted`` is stated, although one of ``although`` is (none given: in any case).

    The place is where that which shows the need is stated, else the card.
    """
    if although.tests:
        shown = min(although.of(stated), default=None)
        if shown is None or wanted.any(stated):
            return
        remark = f"shown by {shown.key} {printable(shown.value)}"
        yield Evidence(fact.of(), shown.place, remark)
    elif not wanted.any(stated):
        card = min(stated.get("card", ()), default=None)
        yield Evidence(fact.of(), card.place) if card else Evidence(fact.of())
