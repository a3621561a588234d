"""Does a text itself prohibit sexual exploitation or abuse of minors, or such imagery?

Three things must meet in one unit of sense (:mod:`auditor.clauses.segment`): what is meant
(:mod:`~auditor.clauses.targets`: abuse, harm or sexualisation, and a minor as its object), a prohibition that governs
it (:mod:`~auditor.clauses.prohibition`: in the unit, in a stem above it, or in a heading), and nothing that undoes it
(:mod:`~auditor.clauses.negation`: a negation, a permission, a definition;
:mod:`~auditor.clauses.attribution`: someone else's policy). Where none does, the
policy that the text points to (:mod:`~auditor.clauses.by_reference`).
English only: ask :func:`auditor.terms.language.language_of` first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import re2

from auditor.clauses.attribution import listed, of_others, told
from auditor.clauses.by_reference import reference
from auditor.clauses.negation import ANOTHER_DEED, BENIGN, DEFINITION, caused, undone
from auditor.clauses.prohibition import AFTER, BEFORE, OF_DATA, prohibited, prohibitions
from auditor.clauses.sanctions import SANCTION_AFTER, expelled
from auditor.clauses.segment import MAX_TEXT_LENGTH, Unit, units
from auditor.clauses.targets import NAMED, SUFFERED, by_label, is_meant, names_sex, near, of_no_people, of_work

Answer = Literal["explicit", "by-reference", "absent"]


@dataclass(frozen=True, slots=True)
class Clause:
    """What a text says; ``start`` and ``end`` are characters of it. ``refers``: the policy it points to.

    ``unread``: why a part of the text was not judged; empty where all of it was, or where its answer is explicit.
    """

    answer: Answer
    quote: str = ""
    start: int = 0
    end: int = 0
    refers: str = ""
    unread: str = ""


# The work one text may cost, in units cut; to judge one is as much as to cut fifteen. A million characters of prose are
# some 10,000 units, and a policy on children names them in some dozens: what costs more is data, or made to be slow.
MOST_WORK = 40_000
_TO_JUDGE = 15
_A_LONG_ONE = 1_000  # characters of a unit, for each of its targets, that cost as much again


def detect_clause(text: str, *, references: bool = True) -> Clause:
    """What this English text says itself; the first unit that prohibits is quoted.

    A heading alone ("Child sexual abuse material") prohibits nothing. ``references``: look for a policy
    that the text points to (cards point to many that do not bind).
    """
    text = _plain(text)
    said = _explicit(text) if near(text[:MAX_TEXT_LENGTH]) else Clause("absent")
    if said.answer == "explicit":
        return said
    unread = said.unread or (f"longer than {MAX_TEXT_LENGTH:,} characters" if len(text) > MAX_TEXT_LENGTH else "")
    if references and (policy := reference(text)):
        return Clause("by-reference", "", policy.start, policy.end, policy.name, unread)
    return Clause("absent", unread=unread)


# Hyphens and spaces that a typesetter chose: each is one character, so places stay.
_TYPESET = (("\u2010", "-"), ("\u2011", "-"), ("\u00a0", " "), ("\u202f", " "), ("\u2009", " "))


def _plain(text: str) -> str:
    if not text.isascii():
        for typeset, plain in _TYPESET:
            text = text.replace(typeset, plain)
    return text


def _explicit(text: str) -> Clause:
    # The sentence before, where it names it and says neither that it may be nor that it may not.
    named: tuple[Unit, int] | None = None
    held: Clause | None = None  # what a title alone prohibits, until its section shows that it is not of labour
    defined: list[tuple[str, Unit]] = []  # terms that stand for it
    work = 0
    for unit in units(text):
        if held and (unit.kind == "heading" or not of_work(unit.text)):
            return held
        held = None
        names = NAMED.search(unit.text) is not None
        if work > MOST_WORK:
            return _given_up(unit)
        if names and SUFFERED.search(unit.text) and not (of_no_people(unit.text) or _disowned(unit.text)):
            return _said(unit)
        meant = (is_meant(unit.text) if names else ()) or by_label(unit, names=names)
        work += 1 + _TO_JUDGE * (bool(names or meant) + len(meant) * len(unit.text) // _A_LONG_ONE)
        for start, end in meant:
            if prohibited(unit, start, end) and not _told(text, unit, start, end):
                if names_sex(unit.text) or unit.stems:
                    return _said(unit)
                if not any(map(of_work, unit.headings)):
                    held = _said(unit)
                    break
        if held and unit.kind != "heading":
            return held
        if named is not None and _prohibits_what_was_named(
            unit, " ".join((*named[0].stems[-1:], named[0].text)), topic=named[1] < _AT_ITS_HEAD
        ):
            before = named[0]
            return Clause("explicit", f"{before.text} {unit.text}", before.start, unit.end)
        if meant and (term := _DEFINES.match(unit.text)):
            defined.append((term.group(1), unit))
        if meant and _leaves_open(unit, meant[0][0]):
            named = unit, meant[0][0]
        elif not (named and named[0].kind == unit.kind == "item"):  # "… any of the above" may follow the list
            named = None
    return held or _by_definition(text, defined[:_MOST_TERMS])


# "Illegal Content includes …": a term of two words at least, that another sentence may prohibit.
_DEFINES = re2.compile(
    r"^[\W\d]*(?:The term )?[“\"'*_]*([A-Z][\w-]*(?: [A-Z][\w-]*){1,3})[”\"'*_]* (?:shall |will )?"
    r"(?:means?|includes?|covers|comprises|is defined as|refers to)\b"
)
_MOST_TERMS = 10


def _by_definition(text: str, defined: list[tuple[str, Unit]]) -> Clause:
    """What a sentence prohibits by a term that another one defines."""
    work = 0
    for unit in units(text) if defined else ():
        for term, definition in defined:
            at = unit.text.find(term)
            if at < 0 or unit.start == definition.start:
                continue
            work += _TO_JUDGE
            if work > MOST_WORK:
                return _given_up(unit)
            between = [unit.text[end:at] for _, end in prohibitions(unit.text, 0, at, BEFORE)]
            own = any(not (caused(words) or ANOTHER_DEED.search(words)) for words in between)
            if own and not (_disowned(unit.text) or told(text, unit.text, unit.start, term)):
                return Clause("explicit", f"{unit.text} … {definition.text}", definition.start, definition.end)
    return Clause("absent")


def _given_up(unit: Unit) -> Clause:
    return Clause("absent", unread=f"more sentences than are read, from character {unit.start:,} on")


# "X is illegal. Such use is forbidden.", "… You must never generate it."
_BACK = re2.compile(
    r"(?i)^(?:and |but |so )?(?:(?:any |all |none of )?(?:such|this|that|these|those|doing (?:so|this|that))\b|"
    r"(?:[a-z]+ing (?:(?:or|and) [a-z]+ing )?)?(?:any|all|one|each|none) of (?:this|that|these|those|them|the above)\b|"
    r"[a-z]+ing (?:(?:or|and) [a-z]+ing )?(?:this|these|such (?:an? )?[a-z]+) (?:is|are|will|gets?|leads?|results?|"
    r"means)\b)"
)
# "Anyone who asks for this is blocked."
_BACK_CULPRIT = re2.compile(
    r"(?i)^(?:and |but |so )?(?:anyone|any ?body|users?|members?|those|people|accounts?) (?:who|that|which) "
    r"(?:\w+ ){1,3}(this|these|those|such [a-z]+|so|it|them)\b"
)
_BACK_OBJECT = re2.compile(
    r"(?i)^ ?(?:\w+ ){0,4}?(?:this|that|such [a-z]+|these|those|so)\b|"
    r"^[^.;]{0,120}\b(?:the|these|those) (?:above|foregoing|aforementioned|preceding)\b"
)
# "… in that event": it names no deed.
_ASIDE = re2.compile(
    r"(?i)\b(?:in|at|for|by|from|of) (?:this|that|these|those|such) (?:an? )?(?:events?|cases?|ways?|"
    r"times?|respects?|contexts?|sense|regard|points?|reasons?|means|manner|stage|date|section|page|document)\b"
)
_BACK_TOPIC = re2.compile(r"(?i)^ ?(?:\w+ ){1,4}?(?:it|them)\b")
# "May I …? No."
_ASKED = re2.compile(
    r"(?i)(?:\b(?:may|can|could|am) (?:i|we|one|users?|you)\b|\b(?:allow(?:ed)?|permit(?:ted)?|okay|ok|acceptable|"
    r"accept(?:ed)?)"
    r"\b).*\?\W*$"
)
_NO = re2.compile(
    r"(?i)^\W*(?:a(?:nswer)?: ?)?(?:no|never|absolutely not|certainly not|of course not)\b(?:[.,!;:]|$| never)"
)
_AT_ITS_HEAD = 20  # characters before what a sentence is about


def _leaves_open(unit: Unit, start: int) -> bool:
    words = unit.text
    said = (unit.kind == "heading" and not words.endswith("?")) or words.endswith(":") or BENIGN.search(words[:start])
    return not (said or undone(words) or DEFINITION.search(words))


def _prohibits_what_was_named(unit: Unit, before: str, *, topic: bool) -> bool:
    """Does this sentence prohibit what the one before it names, by a pronoun? "It" is what that one is about."""
    words = unit.text
    if _NO.match(words) and _ASKED.search(before) and not OF_DATA.search(before):
        return True
    if unit.kind == "heading" or _disowned(words) or OF_DATA.search(before):
        return False
    if _BACK.search(words) and any(
        True for pattern in (AFTER, SANCTION_AFTER) for _ in prohibitions(words, 0, len(words), pattern)
    ):
        return True
    if (culprit := _BACK_CULPRIT.search(words)) and expelled(words, *culprit.span(1)):
        return True
    rests = [_ASIDE.sub(" ", words[end:]) for _, end in prohibitions(words, 0, len(words), BEFORE)]
    return any(_BACK_OBJECT.search(rest) or (topic and _BACK_TOPIC.search(rest)) for rest in rests)


def _told(text: str, unit: Unit, start: int, end: int) -> bool:
    """Is it somebody else's prohibition, by the unit's words or by those of a stem that it hangs on?"""
    if listed(text, unit.text, unit.start, unit.stems[-1] if unit.stems else "", unit.headings):
        return True
    target = unit.text[start:end]
    return any(told(text, words, unit.start, target) for words in (unit.text, *unit.stems))


def _said(unit: Unit) -> Clause:
    stem = f"{unit.stems[0]} … " if unit.stems else ""
    return Clause("explicit", stem + unit.text, unit.start, unit.end)


def _disowned(unit: str) -> bool:
    return bool(of_others(unit) or undone(unit) or unit.endswith("?"))
