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

from auditor.clauses.attribution import is_enumeration_of_policies, is_reported, is_third_party
from auditor.clauses.by_reference import find_policy_reference
from auditor.clauses.negation import DEFINITION, OTHER_ACT, PROTECTIVE_CONTEXT, contains_reason, is_negated
from auditor.clauses.prohibition import DATA_WORK, is_prohibited
from auditor.clauses.prohibition_cues import PREFIX_CUES, SUFFIX_CUES, find_cues
from auditor.clauses.sanctions import SANCTION_SUFFIX_CUES, is_act_of_expelled_offender
from auditor.clauses.segment import MAX_TEXT_LENGTH, Unit, split_units
from auditor.clauses.targets import (
    MINOR_WORD,
    PASSIVE_PROHIBITION,
    find_label_targets,
    find_targets,
    has_sexual_word,
    is_about_labour,
    is_about_labour_or_machines,
    may_mention,
)

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
WORK_BUDGET = 40_000
JUDGE_COST = 15
LONG_UNIT = 1_000  # characters of a unit, for each of its targets, that cost as much again


def detect_clause(text: str, *, references: bool = True) -> Clause:
    """What this English text says itself; the first unit that prohibits is quoted.

    A heading alone ("Child sexual abuse material") prohibits nothing. ``references``: look for a policy
    that the text points to (cards point to many that do not bind).
    """
    text = _normalize_typography(text)
    said = _find_explicit(text) if may_mention(text[:MAX_TEXT_LENGTH]) else Clause("absent")
    if said.answer == "explicit":
        return said
    unread = said.unread or (f"longer than {MAX_TEXT_LENGTH:,} characters" if len(text) > MAX_TEXT_LENGTH else "")
    if references and (policy := find_policy_reference(text)):
        return Clause("by-reference", "", policy.start, policy.end, policy.name, unread)
    return Clause("absent", unread=unread)


# Hyphens and spaces that a typesetter chose: each is one character, so places stay.
_TYPOGRAPHIC_CHARACTERS = (("\u2010", "-"), ("\u2011", "-"), ("\u00a0", " "), ("\u202f", " "), ("\u2009", " "))


def _normalize_typography(text: str) -> str:
    if not text.isascii():
        for typeset, plain in _TYPOGRAPHIC_CHARACTERS:
            text = text.replace(typeset, plain)
    return text


def _find_explicit(text: str) -> Clause:
    # The sentence before, where it names it and says neither that it may be nor that it may not.
    named: tuple[Unit, int] | None = None
    held: Clause | None = None  # what a title alone prohibits, until its section shows that it is not of labour
    defined: list[tuple[str, Unit]] = []  # terms that stand for it
    work = 0
    for unit in split_units(text):
        if held and (unit.kind == "heading" or not is_about_labour(unit.text)):
            return held
        held = None
        names = MINOR_WORD.search(unit.text) is not None
        if work > WORK_BUDGET:
            return _budget_exceeded(unit)
        if (
            names
            and PASSIVE_PROHIBITION.search(unit.text)
            and not (is_about_labour_or_machines(unit.text) or _is_not_own_statement(unit.text))
        ):
            return _explicit_clause(unit)
        meant = (find_targets(unit.text) if names else ()) or find_label_targets(unit, names=names)
        work += 1 + JUDGE_COST * (bool(names or meant) + len(meant) * len(unit.text) // LONG_UNIT)
        for start, end in meant:
            if is_prohibited(unit, start, end) and not _is_attributed_to_others(text, unit, start, end):
                if has_sexual_word(unit.text) or unit.stems:
                    return _explicit_clause(unit)
                if not any(map(is_about_labour, unit.headings)):
                    held = _explicit_clause(unit)
                    break
        if held and unit.kind != "heading":
            return held
        if named is not None and _prohibits_antecedent(
            unit, " ".join((*named[0].stems[-1:], named[0].text)), topic=named[1] < MAX_TOPIC_START
        ):
            before = named[0]
            return Clause("explicit", f"{before.text} {unit.text}", before.start, unit.end)
        if meant and (term := _TERM_DEFINITION.match(unit.text)):
            defined.append((term.group(1), unit))
        if meant and _is_antecedent(unit, meant[0][0]):
            named = unit, meant[0][0]
        elif not (named and named[0].kind == unit.kind == "item"):  # "… any of the above" may follow the list
            named = None
    return held or _find_by_defined_term(text, defined[:MAX_DEFINED_TERMS])


# "Illegal Content includes …": a term of two words at least, that another sentence may prohibit.
_TERM_DEFINITION = re2.compile(
    r"^[\W\d]*(?:The term )?[“\"'*_]*([A-Z][\w-]*(?: [A-Z][\w-]*){1,3})[”\"'*_]* (?:shall |will )?"
    r"(?:means?|includes?|covers|comprises|is defined as|refers to)\b"
)
MAX_DEFINED_TERMS = 10


def _find_by_defined_term(text: str, defined: list[tuple[str, Unit]]) -> Clause:
    """What a sentence prohibits by a term that another one defines."""
    work = 0
    for unit in split_units(text) if defined else ():
        for term, definition in defined:
            at = unit.text.find(term)
            if at < 0 or unit.start == definition.start:
                continue
            work += JUDGE_COST
            if work > WORK_BUDGET:
                return _budget_exceeded(unit)
            between = [unit.text[end:at] for _, end in find_cues(unit.text, 0, at, PREFIX_CUES)]
            own = any(not (contains_reason(words) or OTHER_ACT.search(words)) for words in between)
            if own and not (_is_not_own_statement(unit.text) or is_reported(text, unit.text, unit.start, term)):
                return Clause("explicit", f"{unit.text} … {definition.text}", definition.start, definition.end)
    return Clause("absent")


def _budget_exceeded(unit: Unit) -> Clause:
    return Clause("absent", unread=f"more sentences than are read, from character {unit.start:,} on")


# "X is illegal. Such use is forbidden.", "… You must never generate it."
_PRONOUN_SUBJECT = re2.compile(
    r"(?i)^(?:and |but |so )?(?:(?:any |all |none of )?(?:such|this|that|these|those|doing (?:so|this|that))\b|"
    r"(?:[a-z]+ing (?:(?:or|and) [a-z]+ing )?)?(?:any|all|one|each|none) of (?:this|that|these|those|them|the above)\b|"
    r"[a-z]+ing (?:(?:or|and) [a-z]+ing )?(?:this|these|such (?:an? )?[a-z]+) (?:is|are|will|gets?|leads?|results?|"
    r"means)\b)"
)
# "Anyone who asks for this is blocked."
_PRONOUN_ACT_OF_OFFENDER = re2.compile(
    r"(?i)^(?:and |but |so )?(?:anyone|any ?body|users?|members?|those|people|accounts?) (?:who|that|which) "
    r"(?:\w+ ){1,3}(this|these|those|such [a-z]+|so|it|them)\b"
)
_PRONOUN_OBJECT = re2.compile(
    r"(?i)^ ?(?:\w+ ){0,4}?(?:this|that|such [a-z]+|these|those|so)\b|"
    r"^[^.;]{0,120}\b(?:the|these|those) (?:above|foregoing|aforementioned|preceding)\b"
)
# "… in that event": it names no deed.
_PRONOUN_IN_ADVERBIAL = re2.compile(
    r"(?i)\b(?:in|at|for|by|from|of) (?:this|that|these|those|such) (?:an? )?(?:events?|cases?|ways?|"
    r"times?|respects?|contexts?|sense|regard|points?|reasons?|means|manner|stage|date|section|page|document)\b"
)
_PRONOUN_FOR_TOPIC = re2.compile(r"(?i)^ ?(?:\w+ ){1,4}?(?:it|them)\b")
# "May I …? No."
_PERMISSION_QUESTION = re2.compile(
    r"(?i)(?:\b(?:may|can|could|am) (?:i|we|one|users?|you)\b|\b(?:allow(?:ed)?|permit(?:ted)?|okay|ok|acceptable|"
    r"accept(?:ed)?)"
    r"\b).*\?\W*$"
)
_ANSWER_NO = re2.compile(
    r"(?i)^\W*(?:a(?:nswer)?: ?)?(?:no|never|absolutely not|certainly not|of course not)\b(?:[.,!;:]|$| never)"
)
MAX_TOPIC_START = 20  # characters before what a sentence is about


def _is_antecedent(unit: Unit, start: int) -> bool:
    words = unit.text
    said = (
        (unit.kind == "heading" and not words.endswith("?"))
        or words.endswith(":")
        or PROTECTIVE_CONTEXT.search(words[:start])
    )
    return not (said or is_negated(words) or DEFINITION.search(words))


def _prohibits_antecedent(unit: Unit, before: str, *, topic: bool) -> bool:
    """Does this sentence prohibit what the one before it names, by a pronoun? "It" is what that one is about."""
    words = unit.text
    if _ANSWER_NO.match(words) and _PERMISSION_QUESTION.search(before) and not DATA_WORK.search(before):
        return True
    if unit.kind == "heading" or _is_not_own_statement(words) or DATA_WORK.search(before):
        return False
    if _PRONOUN_SUBJECT.search(words) and any(
        True for pattern in (SUFFIX_CUES, SANCTION_SUFFIX_CUES) for _ in find_cues(words, 0, len(words), pattern)
    ):
        return True
    if (culprit := _PRONOUN_ACT_OF_OFFENDER.search(words)) and is_act_of_expelled_offender(words, *culprit.span(1)):
        return True
    rests = [_PRONOUN_IN_ADVERBIAL.sub(" ", words[end:]) for _, end in find_cues(words, 0, len(words), PREFIX_CUES)]
    return any(_PRONOUN_OBJECT.search(rest) or (topic and _PRONOUN_FOR_TOPIC.search(rest)) for rest in rests)


def _is_attributed_to_others(text: str, unit: Unit, start: int, end: int) -> bool:
    """Is it somebody else's prohibition, by the unit's words or by those of a stem that it hangs on?"""
    if is_enumeration_of_policies(text, unit.text, unit.start, unit.stems[-1] if unit.stems else "", unit.headings):
        return True
    target = unit.text[start:end]
    return any(is_reported(text, words, unit.start, target) for words in (unit.text, *unit.stems))


def _explicit_clause(unit: Unit) -> Clause:
    stem = f"{unit.stems[0]} … " if unit.stems else ""
    return Clause("explicit", stem + unit.text, unit.start, unit.end)


def _is_not_own_statement(unit: str) -> bool:
    return bool(is_third_party(unit) or is_negated(unit) or unit.endswith("?"))
