"""Find targets that a label and the words below or after it name only together: "Sexual content: no minors"."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice

from auditor.clauses.cues import CompiledCues
from auditor.clauses.lazy_pattern import lazy_pattern
from auditor.clauses.lexicon import ACCESS_WORD, NOUNS_AFTER_HARMLESS_SEXUAL
from auditor.clauses.segment import Unit
from auditor.clauses.targets import MAX_TARGETS

# A label names one half of a target, the words after it the other half: "Sexual content: no depictions of minors".
LABEL = lazy_pattern(r"^([^:]{3,50}): +\S")

# A longer line above a unit is not a label.
MAX_LABEL_LENGTH = 50


def find_label_targets(cues: CompiledCues, unit: Unit, *, names_minor: bool) -> list[tuple[int, int]]:
    """Return the targets that a label and the unit name only together, such as "Sexual content: no minors".

    The label stands before a colon in the unit, or is the heading or stem right above it.

    Args:
        cues: The compiled cues.
        unit: The unit.
        names_minor: The unit itself has a word for a minor.
    """
    label, low = "", 0
    if ":" in unit.text and (own := LABEL.match(unit.text)):
        label, low = own.group(1), own.end(1) + 1
    else:
        above = (*unit.stems[::-1], *unit.headings[::-1])
        label = next(
            (words for words in above if _kind_below_label(cues, words) == "minor-shown"), above[0] if above else ""
        )
    if (
        not 0 < len(label) <= MAX_LABEL_LENGTH
        or not (kind := _kind_below_label(cues, label))
        or not (names_minor or cues.pattern(cues.minor_word).search(label))
    ):
        return []
    rest = unit.text[low:]
    if ACCESS_WORD.search(rest.partition("not ")[0]) or cues.has("given-to", rest):
        return []
    return [(low + found.start, low + found.end) for found in islice(cues.find_groups(kind, rest), MAX_TARGETS)]


@lru_cache(maxsize=512)
def _kind_below_label(cues: CompiledCues, label: str) -> str:
    """Return the kind of cue for the half of a target that a label lacks; "" if the label names neither half."""
    if len(label) > MAX_LABEL_LENGTH:
        return ""
    sexual = cues.first("sexual", label)
    if sexual and not NOUNS_AFTER_HARMLESS_SEXUAL & set(label[sexual.end :].lower().split()[:1]):
        return "minor-shown"
    return "sexual-act" if cues.has("minors-label", label) else ""
