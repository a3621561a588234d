"""Why files, samples and subjects were not read or judged: each reason once, with its number."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.pipeline.report import Report
from auditor.pipeline.selection import EXCLUDED, NOT_NAMED
from auditor.printable import printable
from auditor.reporting.labels import GAP_WORDS
from auditor.reporting.report_summary import group_gaps, where

MAX_PLACES = 3  # that stand beside a reason


@dataclass(frozen=True, slots=True)
class UncheckedReason:
    """A reason why something was not read or judged.

    Attributes:
        number: How often.
        what: What was concerned, in the plural: files and samples, cards, …
        why: The reason, printable.
        places: At most :data:`MAX_PLACES` places or subjects that it concerns, printable; none, if none is known.
    """

    number: int
    what: str
    why: str
    places: tuple[str, ...] = ()

    def __str__(self) -> str:
        often = "once" if self.number == 1 else f"{self.number:,} times"
        return f"{self.what}, {often}: {self.why}{where(self.places, self.number)}"


def unchecked_reasons(report: Report) -> tuple[UncheckedReason, ...]:
    """Return why something was not read or judged, the most frequent reasons first.

    What the user left out is not here: :func:`auditor.reporting.coverage.files_left_out` tells it. A gap whose reason
    is counted for files and samples already is not counted again, and gives an example of it.
    """
    gaps = group_gaps(report.gaps, MAX_PLACES)
    reasons = []
    told: set[int] = set()
    for why, number in report.tally.reasons.items():
        if why.startswith((EXCLUDED, NOT_NAMED)):
            continue
        same = [index for index, gap in enumerate(gaps) if why in map(str.strip, gap.why.split(":"))]
        told.update(same)
        # A reason is counted without its particulars, which its gap has.
        told_why = gaps[same[0]].why if len(same) == 1 else why
        places = tuple(dict.fromkeys(place for index in same for place in gaps[index].places))
        reasons.append(UncheckedReason(number, "files or samples", printable(told_why), places[:MAX_PLACES]))
    for index, group in enumerate(gaps):
        if index not in told:
            why = printable(group.why) or "other reasons"
            what = GAP_WORDS.get(group.what, group.what)
            reasons.append(UncheckedReason(group.count, what, why, group.places))
    return tuple(sorted(reasons, key=lambda reason: (-reason.number, reason.what, reason.why)))
