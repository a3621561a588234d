"""Detect whether a text itself prohibits sexual exploitation or abuse of minors, or such imagery.

One unit of the text (:mod:`auditor.clauses.segment`) must contain:

* a target (:mod:`~auditor.clauses.targets`): abuse, harm or sexualisation with a minor as its object, or such imagery;
* a prohibition of the target (:mod:`~auditor.clauses.prohibition`), in the unit, in a stem above it, or in a heading;
* nothing that undoes the prohibition (:mod:`~auditor.clauses.negation`: a negation, permission or definition) or makes
  it another party's (:mod:`~auditor.clauses.attribution`).

If no unit does, the policy that the text refers to is looked for (:mod:`~auditor.clauses.by_reference`). Only English
is understood: check with :func:`auditor.terms.language.detect_language` first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from auditor.clauses.attribution import is_enumeration_of_policies, is_reported, is_third_party
from auditor.clauses.by_reference import find_policy_reference
from auditor.clauses.label_targets import find_label_targets
from auditor.clauses.lazy_pattern import lazy_pattern
from auditor.clauses.lexicon import MINOR_WORD
from auditor.clauses.negation import DEFINITION, OTHER_ACT, PROTECTIVE_CONTEXT, contains_reason, is_negated
from auditor.clauses.prohibition import DATA_WORK, is_prohibited
from auditor.clauses.prohibition_cues import PREFIX_CUES, SUFFIX_CUES, find_cues
from auditor.clauses.sanctions import SANCTION_SUFFIX_CUES, is_act_of_expelled_offender
from auditor.clauses.segment import MAX_TEXT_LENGTH, Unit, split_units
from auditor.clauses.targets import (
    PASSIVE_PROHIBITION,
    find_targets,
    has_sexual_word,
    is_about_labour,
    is_about_labour_or_machines,
    may_mention,
)

Answer = Literal["explicit", "by-reference", "absent"]


@dataclass(frozen=True, slots=True)
class Clause:
    """The prohibition clause of a text.

    ``start`` and ``end`` are characters of the text. ``policy`` is the name of the policy that it refers to.
    ``unread_reason`` is why a part of the text was not examined; it is empty if all of it was, or if the answer is
    explicit.
    """

    answer: Answer
    quote: str = ""
    start: int = 0
    end: int = 0
    policy: str = ""
    unread_reason: str = ""


# The work that one text may cost, measured in units split. A million characters of prose are about 10,000 units, of
# which a policy on children names them in some dozens: a text that costs more is data, or made to be slow.
WORK_BUDGET = 40_000
# Examining a unit takes as long as splitting this many.
JUDGE_COST = 15
# Each target of a unit costs as much again for this many characters of the unit.
LONG_UNIT = 1_000


def detect_clause(text: str, *, references: bool = True) -> Clause:
    """Return the clause of this English text; it quotes the first unit that prohibits.

    A heading alone ("Child sexual abuse material") prohibits nothing.

    Args:
        text: The text of a licence, a policy or a card.
        references: Look for a policy that the text refers to. Cards refer to many policies that are not binding.
    """
    text = _normalize_typography(text)
    found = _find_explicit(text) if may_mention(text[:MAX_TEXT_LENGTH]) else Clause("absent")
    if found.answer == "explicit":
        return found
    unread_reason = found.unread_reason or (
        f"longer than {MAX_TEXT_LENGTH:,} characters" if len(text) > MAX_TEXT_LENGTH else ""
    )
    if references and (policy := find_policy_reference(text)):
        return Clause("by-reference", "", policy.start, policy.end, policy.name, unread_reason)
    return Clause("absent", unread_reason=unread_reason)


# Typographic hyphens and spaces, each with its plain form of one character.
_TYPOGRAPHIC_CHARACTERS = (("\u2010", "-"), ("\u2011", "-"), ("\u00a0", " "), ("\u202f", " "), ("\u2009", " "))


def _normalize_typography(text: str) -> str:
    """Replace typographic hyphens and spaces by plain ones; each is one character, so places stay the same."""
    if not text.isascii():
        for typeset, plain in _TYPOGRAPHIC_CHARACTERS:
            text = text.replace(typeset, plain)
    return text


def _find_explicit(text: str) -> Clause:
    """Return the first explicit prohibition, or an absent clause."""
    # The unit before, with the start of its target, if it neither prohibits nor permits the target.
    antecedent: tuple[Unit, int] | None = None
    pending: Clause | None = None  # prohibited by a title alone; counts if the section is not about labour
    definitions: list[tuple[str, Unit]] = []  # defined terms that mean a target, and the units that define them
    work = 0
    for unit in split_units(text):
        if pending and (unit.kind == "heading" or not is_about_labour(unit.text)):
            return pending
        pending = None
        names_minor = MINOR_WORD.search(unit.text) is not None
        if work > WORK_BUDGET:
            return _budget_exceeded(unit)
        if (
            names_minor
            and PASSIVE_PROHIBITION.search(unit.text)
            and not (is_about_labour_or_machines(unit.text) or _is_not_own_statement(unit.text))
        ):
            return _explicit_clause(unit)
        targets = (find_targets(unit.text) if names_minor else ()) or find_label_targets(unit, names_minor=names_minor)
        work += 1 + JUDGE_COST * (bool(names_minor or targets) + len(targets) * len(unit.text) // LONG_UNIT)
        for start, end in targets:
            if is_prohibited(unit, start, end) and not _is_attributed_to_others(text, unit, start, end):
                if has_sexual_word(unit.text) or unit.stems:
                    return _explicit_clause(unit)
                if not any(map(is_about_labour, unit.headings)):
                    pending = _explicit_clause(unit)
                    break
        if pending and unit.kind != "heading":
            return pending
        if antecedent is not None and _prohibits_antecedent(
            unit, " ".join((*antecedent[0].stems[-1:], antecedent[0].text)), topic=antecedent[1] < MAX_TOPIC_START
        ):
            before = antecedent[0]
            return Clause("explicit", f"{before.text} {unit.text}", before.start, unit.end)
        if targets and (term := _TERM_DEFINITION.match(unit.text)):
            definitions.append((term.group(1), unit))
        if targets and _is_antecedent(unit, targets[0][0]):
            antecedent = unit, targets[0][0]
        elif not (antecedent and antecedent[0].kind == unit.kind == "item"):  # "… any of the above" may follow the list
            antecedent = None
    return pending or _find_by_defined_term(text, definitions[:MAX_DEFINED_TERMS])


# "Illegal Content includes …": a term of two words at least, that another sentence may prohibit.
_TERM_DEFINITION = lazy_pattern(
    r"^[\W\d]*(?:The term )?[“\"'*_]*([A-Z][\w-]*(?: [A-Z][\w-]*){1,3})[”\"'*_]* (?:shall |will )?"
    r"(?:means?|includes?|covers|comprises|is defined as|refers to)\b"
)
MAX_DEFINED_TERMS = 10


def _find_by_defined_term(text: str, defined: list[tuple[str, Unit]]) -> Clause:
    """Return the clause of a sentence that prohibits a term which another sentence defines."""
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
    """Return the clause of a text that exceeds the work budget; the units from this one on are not examined."""
    return Clause("absent", unread_reason=f"more sentences than are read, from character {unit.start:,} on")


# "X is illegal. Such use is forbidden.", "… You must never generate it."
_PRONOUN_SUBJECT = lazy_pattern(
    r"(?i)^(?:and |but |so )?(?:(?:any |all |none of )?(?:such|this|that|these|those|doing (?:so|this|that))\b|"
    r"(?:[a-z]+ing (?:(?:or|and) [a-z]+ing )?)?(?:any|all|one|each|none) of (?:this|that|these|those|them|the above)\b|"
    r"[a-z]+ing (?:(?:or|and) [a-z]+ing )?(?:this|these|such (?:an? )?[a-z]+) (?:is|are|will|gets?|leads?|results?|"
    r"means)\b)"
)
# "Anyone who asks for this is blocked."
_PRONOUN_ACT_OF_OFFENDER = lazy_pattern(
    r"(?i)^(?:and |but |so )?(?:anyone|any ?body|users?|members?|those|people|accounts?) (?:who|that|which) "
    r"(?:\w+ ){1,3}(this|these|those|such [a-z]+|so|it|them)\b"
)
_PRONOUN_OBJECT = lazy_pattern(
    r"(?i)^ ?(?:\w+ ){0,4}?(?:this|that|such [a-z]+|these|those|so)\b|"
    r"^[^.;]{0,120}\b(?:the|these|those) (?:above|foregoing|aforementioned|preceding)\b"
)
# "… in that event" refers to no act.
_PRONOUN_IN_ADVERBIAL = lazy_pattern(
    r"(?i)\b(?:in|at|for|by|from|of) (?:this|that|these|those|such) (?:an? )?(?:events?|cases?|ways?|"
    r"times?|respects?|contexts?|sense|regard|points?|reasons?|means|manner|stage|date|section|page|document)\b"
)
_PRONOUN_FOR_TOPIC = lazy_pattern(r"(?i)^ ?(?:\w+ ){1,4}?(?:it|them)\b")
# "May I …? No."
_PERMISSION_QUESTION = lazy_pattern(
    r"(?i)(?:\b(?:may|can|could|am) (?:i|we|one|users?|you)\b|\b(?:allow(?:ed)?|permit(?:ted)?|okay|ok|acceptable|"
    r"accept(?:ed)?)"
    r"\b).*\?\W*$"
)
_ANSWER_NO = lazy_pattern(
    r"(?i)^\W*(?:a(?:nswer)?: ?)?(?:no|never|absolutely not|certainly not|of course not)\b(?:[.,!;:]|$| never)"
)
# A target that starts within this many characters is what its sentence is about.
MAX_TOPIC_START = 20


def _is_antecedent(unit: Unit, start: int) -> bool:
    """Return whether a unit names a target without prohibiting or permitting it: the next unit may then refer to it."""
    words = unit.text
    said = (
        (unit.kind == "heading" and not words.endswith("?"))
        or words.endswith(":")
        or PROTECTIVE_CONTEXT.search(words[:start])
    )
    return not (said or is_negated(words) or DEFINITION.search(words))


def _prohibits_antecedent(unit: Unit, before: str, *, topic: bool) -> bool:
    """Return whether this unit prohibits, by a pronoun, what the unit before it names.

    Args:
        unit: The unit.
        before: The words of the unit before it, with its last stem.
        topic: The unit before is about the target, so that "it" and "them" refer to the target.
    """
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
    """Return whether the prohibition is another party's, by the words of the unit or of a stem above it."""
    if is_enumeration_of_policies(text, unit.text, unit.start, unit.stems[-1] if unit.stems else "", unit.headings):
        return True
    target = unit.text[start:end]
    return any(is_reported(text, words, unit.start, target) for words in (unit.text, *unit.stems))


def _explicit_clause(unit: Unit) -> Clause:
    """Return the clause that quotes this unit with its outermost stem."""
    stem = f"{unit.stems[0]} … " if unit.stems else ""
    return Clause("explicit", stem + unit.text, unit.start, unit.end)


def _is_not_own_statement(unit: str) -> bool:
    """Return whether a sentence reports what others say, is negated, or is a question."""
    return bool(is_third_party(unit) or is_negated(unit) or unit.endswith("?"))
