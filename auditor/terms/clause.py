"""Does a text itself prohibit sexual exploitation or abuse of minors, or such imagery?

Three things must meet in one unit of sense (:mod:`auditor.terms.sentences`): what is meant
(:mod:`~auditor.terms.meant`: abuse, harm or sexualisation, and a minor as its object), a prohibition that governs
it (:mod:`~auditor.terms.prohibited`: in the unit, in a stem above it, or in a heading), and nothing that undoes it
(:mod:`~auditor.terms.undone`: a negation, a permission, a definition; :mod:`~auditor.terms.whose`: someone else's
policy). Where none does, the policy that the text points to (:mod:`~auditor.terms.reference`).
English only: ask :func:`auditor.terms.language.language_of` first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import re2

from auditor.terms.meant import NAMED, SUFFERED, by_label, is_meant, near, of_no_people
from auditor.terms.prohibited import AFTER, BEFORE, prohibited, prohibitions
from auditor.terms.reference import reference
from auditor.terms.sentences import Unit, units
from auditor.terms.undone import BENIGN, DEFINITION, undone
from auditor.terms.whose import of_others, told

Answer = Literal["explicit", "by-reference", "absent"]


@dataclass(frozen=True, slots=True)
class Clause:
    """What a text says; ``start`` and ``end`` are characters of it. ``refers``: the policy it points to."""

    answer: Answer
    quote: str = ""
    start: int = 0
    end: int = 0
    refers: str = ""


ABSENT = Clause("absent")


def clause(text: str, *, references: bool = True) -> Clause:
    """What this English text says itself; the first unit that prohibits is quoted.

    A heading alone ("Child sexual abuse material") prohibits nothing. ``references``: look for a policy
    that the text points to (cards point to many that do not bind).
    """
    if near(text.encode()):
        # The sentence before, where it names it and says neither that it may be nor that it may not.
        named: tuple[Unit, int] | None = None
        for unit in units(text):
            names = NAMED.search(unit.text) is not None
            if names and SUFFERED.search(unit.text) and not (of_no_people(unit.text) or _disowned(unit.text)):
                return _said(unit)
            meant = (is_meant(unit.text) if names else ()) or by_label(unit, names=names)
            for start, end in meant:
                if prohibited(unit, start, end) and not _told(text, unit, start, end):
                    return _said(unit)
            if named is not None and _prohibits_what_was_named(unit, topic=named[1] < _AT_ITS_HEAD):
                before = named[0]
                return Clause("explicit", f"{before.text} {unit.text}", before.start, unit.end)
            if meant and _leaves_open(unit, meant[0][0]):
                named = unit, meant[0][0]
            elif not (named and named[0].kind == unit.kind == "item"):  # "… any of the above" may follow the list
                named = None
    if references and (policy := reference(text)):
        return Clause("by-reference", "", policy.start, policy.end, policy.name)
    return ABSENT


# "X is illegal. Such use is forbidden.", "… You must never generate it."
_BACK = re2.compile(
    r"(?i)^(?:and |but |so )?(?:any |all |none of )?(?:such|this|that|these|those|doing (?:so|this|that))\b"
)
_BACK_OBJECT = re2.compile(
    r"(?i)^ ?(?:\w+ ){0,4}?(?:this|that|such [a-z]+|these|those|so)\b|"
    r"^[^.;]{0,120}\b(?:the|these|those) (?:above|foregoing|aforementioned|preceding)\b"
)
_BACK_TOPIC = re2.compile(r"(?i)^ ?(?:\w+ ){1,4}?(?:it|them)\b")
_AT_ITS_HEAD = 20  # characters before what a sentence is about


def _leaves_open(unit: Unit, start: int) -> bool:
    words = unit.text
    said = unit.kind == "heading" or words.endswith(":") or BENIGN.search(words[:start])
    return not (said or undone(words) or DEFINITION.search(words))


def _prohibits_what_was_named(unit: Unit, *, topic: bool) -> bool:
    """Does this sentence prohibit what the one before it names, by a pronoun? "It" is what that one is about."""
    words = unit.text
    if unit.kind == "heading" or _disowned(words):
        return False
    if _BACK.search(words) and any(True for _ in prohibitions(words, 0, len(words), AFTER)):
        return True
    rests = [words[end:] for _, end in prohibitions(words, 0, len(words), BEFORE)]
    return any(_BACK_OBJECT.search(rest) or (topic and _BACK_TOPIC.search(rest)) for rest in rests)


def _told(text: str, unit: Unit, start: int, end: int) -> bool:
    """Is it somebody else's prohibition, by the unit's words or by those of a stem that it hangs on?"""
    target = unit.text[start:end]
    return any(told(text, words, unit.start, target) for words in (unit.text, *unit.stems))


def _said(unit: Unit) -> Clause:
    stem = f"{unit.stems[0]} … " if unit.stems else ""
    return Clause("explicit", stem + unit.text, unit.start, unit.end)


def _disowned(unit: str) -> bool:
    return bool(of_others(unit) or undone(unit) or unit.endswith("?"))
