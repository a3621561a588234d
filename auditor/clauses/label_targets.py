"""Find targets that a label and the words below or after it name only together: "Sexual content: no minors"."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice

import re2

from auditor.clauses.lazy_pattern import lazy_pattern
from auditor.clauses.lexicon import ACCESS_WORD, HARM, MINOR, MINOR_WORD, NOUNS_AFTER_HARMLESS_SEXUAL, SEXUAL, SPAN
from auditor.clauses.segment import Unit
from auditor.clauses.targets import MAX_TARGETS

# A label names one half of a target, the words after it the other half: "Sexual content: no depictions of minors".
LABEL = lazy_pattern(r"^([^:]{3,50}): +\S")

_SEXUAL_LABEL = lazy_pattern(rf"(?i)\b(?:{SEXUAL})\b")

_MINORS_LABEL = lazy_pattern(
    r"(?i)^[\W_\d.]*(?:(?:protection|safety|protecting|content|depictions?|no) (?:of |involving |with |about )?)?"
    r"(?:minors?|children|child|kids|teens|youth|under-?aged?|under[- ]?18s?)(?: \w+)?(?: safety| protection)?[\W_]*$"
)

_CHARACTER_NOUN = r"(?:characters?|persons?|people|girls?|boys?|figures?|bots?|personas?)"

_MINOR_SHOWN = lazy_pattern(
    rf"(?i)(?:\b(?:depict\w*|involv\w*|featur\w*|includ\w*|of|show\w*|portray\w*|about|contain\w*|concern\w*|"
    rf"creat\w+|generat\w+|mak(?:e|es|ing)|draw\w*|produc\w+|render\w*|writ\w+|prompt\w* for|"
    rf"(?:content|images?|pictures?|scenes?|stories|art|material|stuff|anything|nothing|not|videos?) with)"
    rf"(?: \w+){{0,3}}? |^no |\b{_CHARACTER_NOUN} (?:who|that) (?:are|is|looks?(?: like)?) )({MINOR})\b|"
    rf"^\W*(?:(?:any|all) )?(?:under-?\s?aged?|minor|child|teen) {_CHARACTER_NOUN}\b|"
    rf"^\W*{_CHARACTER_NOUN} (?:who|that) (?:are|is|looks?(?: like)?) (?:{MINOR})\b"
)

_SEXUAL_ACT = lazy_pattern(rf"(?i)\b(sexuali[sz]\w*|sexual|nud\w+|porn\w*|lewd|(?:{HARM})\b{SPAN}{{0,40}}\bthem)\b")

# A longer line above a unit is not a label.
MAX_LABEL_LENGTH = 50

# "Adult content. Do not share with people under 18."
_GIVEN_TO = lazy_pattern(
    r"(?i)\b(?:shar(?:e|ed|ing)|show(?:n|ing)?|s[eo]ll(?:ing)?|sold|giv(?:e|en|ing)|send(?:ing)?|sent|"
    r"offer(?:ed)?|provid\w+|"
    r"distribut\w+|expos\w+|accessible|available)(?: \w+){0,3} (?:with|to|by)\b"
)


def find_label_targets(unit: Unit, *, names_minor: bool) -> list[tuple[int, int]]:
    """Return the targets that a label and the unit name only together, such as "Sexual content: no minors".

    The label stands before a colon in the unit, or is the heading or stem right above it.

    Args:
        unit: The unit.
        names_minor: The unit itself has a word for a minor.
    """
    label, low = "", 0
    if ":" in unit.text and (own := LABEL.match(unit.text)):
        label, low = own.group(1), own.end(1) + 1
    else:
        above = (*unit.stems[::-1], *unit.headings[::-1])
        label = next(
            (words for words in above if _pattern_below_label(words) is _MINOR_SHOWN), above[0] if above else ""
        )
    if (
        not 0 < len(label) <= MAX_LABEL_LENGTH
        or not (pattern := _pattern_below_label(label))
        or not (names_minor or MINOR_WORD.search(label))
    ):
        return []
    rest = unit.text[low:]
    if ACCESS_WORD.search(rest.partition("not ")[0]) or _GIVEN_TO.search(rest):
        return []
    spans = (found.span(1 if found.group(1) else 0) for found in islice(pattern.finditer(rest), MAX_TARGETS))
    return [(low + start, low + end) for start, end in spans]


@lru_cache(maxsize=512)
def _pattern_below_label(label: str) -> re2._Regexp | None:
    """Return the pattern of the half of a target that a label lacks; None if the label names neither half."""
    if len(label) > MAX_LABEL_LENGTH:
        return None
    sexual = _SEXUAL_LABEL.search(label)
    if sexual and not NOUNS_AFTER_HARMLESS_SEXUAL & set(label[sexual.end() :].lower().split()[:1]):
        return _MINOR_SHOWN
    return _SEXUAL_ACT if _MINORS_LABEL.search(label) else None
