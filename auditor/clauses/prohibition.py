"""Decide whether a unit, a stem above it or a heading prohibits the target that the unit names."""

from __future__ import annotations

from functools import lru_cache

from auditor.clauses.cues import CompiledCues
from auditor.clauses.grammar import (
    STEM_RULES,
    TITLE_WORD_RULES,
    UNIT_RULES,
    WORD_RULES,
    Decision,
    decide,
    find_prohibiting,
    find_title,
    is_negated,
    is_report,
)
from auditor.clauses.label_targets import LABEL
from auditor.clauses.lazy_pattern import lazy_pattern
from auditor.clauses.segment import Unit

_NOT_PROHIBITED = Decision(prohibits=False)
_FINITE_VERB = lazy_pattern(
    r"(?i)\b(?:is|are|was|were|we|you|i|our|your|will|may|can|has|have|had|must|should|do|does|please)\b"
)
# A table with such a column and none for what is allowed holds statistics: its "no" is not a prohibition.
_STATISTICS_COLUMN = r"\b(?:counts?|number|totals?|cases|reports|items|share|automated|percent)\b"
_STATISTICS_TABLE = lazy_pattern(rf"(?i)\|.*(?:{_STATISTICS_COLUMN}|%)|(?:{_STATISTICS_COLUMN}|%).*\|")
_ALLOWED_COLUMN = lazy_pattern(
    r"(?i)(?:^|\|)\W*(?:is |are )?(?:allowed|permitted|accepted|acceptable|ok|okay)\W*(?:\||$)"
)
# "The following content will be removed: …".
_FOLLOWING_WORD = lazy_pattern(r"(?i)\b(?:following|these)\b")


def decide_unit(cues: CompiledCues, unit: str, start: int, end: int) -> Decision | None:
    """Return whether the unit's own words prohibit the target; None if they do neither."""
    listed = unit.rfind(":", 0, start)
    if listed > 0 and _FOLLOWING_WORD.search(unit[:listed]) and not is_report(cues, unit):
        above = _decide_stem(cues, unit[: listed + 1])
        if above and above.prohibits:
            return above
    return decide(UNIT_RULES, cues, unit, start, end)


@lru_cache(maxsize=512)  # called for the same stem once for each of its items
def _decide_stem(cues: CompiledCues, stem: str) -> Decision | None:
    """Return whether a stem prohibits or permits what belongs to it; None if neither."""
    return decide(STEM_RULES, cues, stem, 0, len(stem))


@lru_cache(maxsize=512)
def _is_word_list_label(cues: CompiledCues, words: str) -> bool:
    """Return whether a label announces a list of words or tags, which a filter searches for."""
    return cues.has("word-list", words)


@lru_cache(maxsize=512)
def _pledge_words(cues: CompiledCues, stem: str) -> str:
    """Return the words of a stem such as "You promise that", or ""."""
    pledge = next(cues.find_groups("pledge", stem), None)
    return stem[pledge.start : pledge.end] if pledge else ""


def decide_target(cues: CompiledCues, unit: Unit, start: int, end: int) -> Decision:
    """Return whether the target at ``start`` to ``end`` of the unit's text is prohibited."""
    if unit.text.rstrip("'\"”’)*_ ").endswith("?"):
        return _NOT_PROHIBITED  # a question
    if unit.has_cross_marker:
        return Decision(prohibits=True)
    # Of a cell: the header's row, and the cell of the header above it.
    labels = unit.stems[-2:]
    if any(_STATISTICS_TABLE.search(label) and not _ALLOWED_COLUMN.search(label) for label in labels):
        return _NOT_PROHIBITED
    if any(_is_word_list_label(cues, words) for words in (unit.text, *labels, *unit.headings[-1:])):
        return _NOT_PROHIBITED
    if unit.stems and cues.has("expulsion-label", unit.stems[-1]) and cues.has("offender-item", unit.text):
        return Decision(prohibits=True, cues=cues.ids(("expulsion-label",), unit.stems[-1]))
    if own := decide_unit(cues, unit.text, start, end):
        return own
    if unit.stems and (off := cues.first("switched-off", unit.text[end:])) and cues.has("allows", unit.stems[-1]):
        return Decision(prohibits=True, cues=(off.cue,))
    label = LABEL.match(unit.text)
    if label and label.end(1) <= start and (title := next(find_title(cues, label.group(1)), None)):
        return Decision(prohibits=True, cues=(title.cue,))
    for stem in reversed(unit.stems):
        if pledger := _pledge_words(cues, stem):
            return _decide_pledge(cues, pledger, unit.text, start)
        if decision := _decide_stem(cues, stem):
            return decision
    is_narrative = any(
        cues.has("narrative", words)
        for words in (unit.text, *(stem for stem in unit.stems[-1:] if not stem.endswith("?")))
    )
    if not is_narrative:
        above = " ".join((*unit.stems, ""))
        if by_words := decide(WORD_RULES, cues, above + unit.text, len(above) + start, len(above) + end):
            return by_words
    if unit.kind == "prose" and _FINITE_VERB.search(unit.text[:start]):
        return _NOT_PROHIBITED  # a full sentence is not an entry of a list under the heading
    for heading in reversed(unit.headings):
        if decision := _decide_heading(cues, heading, by_words=not is_narrative):
            return decision
    return _NOT_PROHIBITED


def _decide_pledge(cues: CompiledCues, pledger: str, words: str, start: int) -> Decision:
    """Return whether a pledge, with the words for who makes it, prohibits the target at ``start`` of its words."""
    pledge = f"{pledger} {words}"
    found = next(find_prohibiting(cues, "prohibits-after", pledge, 0, len(pledger) + 1 + start), None)
    return Decision(prohibits=True, cues=(found.cue,)) if found and not is_negated(cues, words) else _NOT_PROHIBITED


@lru_cache(maxsize=512)
def _decide_heading(cues: CompiledCues, heading: str, *, by_words: bool) -> Decision | None:
    """Return whether a heading prohibits or permits what stands below it, one word being enough; None if neither."""
    if heading.endswith(":") and (above := _decide_stem(cues, heading)):
        return above
    title = next(find_title(cues, heading), None)
    if title and not is_negated(cues, heading) and not cues.has("data-work", heading):
        return Decision(prohibits=True, cues=(title.cue,))
    if cues.has("permission", heading):
        return _NOT_PROHIBITED
    if not by_words or cues.has("data-work", heading):
        return None
    return decide(TITLE_WORD_RULES, cues, heading, 0, len(heading))


def is_prohibitive_or_protective(cues: CompiledCues, sentence: str) -> bool:
    """Return whether this sentence prohibits, filters, reports or denies anything, whatever it names."""
    kinds = ("prohibits-after", "prohibits-before", "sanction-after", "sanction-before", "protects")
    return any(cues.has(kind, sentence) for kind in kinds) or _NEGATIVE_WORD.search(sentence) is not None


_NEGATIVE_WORD = lazy_pattern(
    r"(?i)\b(?:no|not|never|without|non|avoid\w*|exclud\w+|refus\w+|reject\w*|negative|nor|unsafe|toxic\w*|"
    r"harmful|safety|policy|illegal)\b"
)
