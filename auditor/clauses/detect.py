"""Detect whether a text itself prohibits sexual exploitation or abuse of minors, or such imagery.

One unit of the text (:mod:`auditor.clauses.segment`) must contain:

* a target (:mod:`~auditor.clauses.targets`): abuse, harm or sexualisation with a minor as its object, or such imagery;
* a prohibition of the target (:mod:`~auditor.clauses.prohibition`), in the unit, in a stem above it, or in a heading,
  which nothing undoes (:mod:`~auditor.clauses.grammar`: a negation, a permission, a definition);
* no sign that the prohibition is another party's (:mod:`~auditor.clauses.attribution`).

If no unit does, the policy that the text refers to is looked for (:mod:`~auditor.clauses.by_reference`). Only English
is understood: check with :func:`auditor.terms.language.detect_language` first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from auditor.clauses.attribution import is_enumeration_of_policies, is_reported
from auditor.clauses.by_reference import find_policy_reference
from auditor.clauses.cue_kinds import Answer
from auditor.clauses.cues import CompiledCues
from auditor.clauses.grammar import contains_reason, find_prohibiting, is_negated, is_protective, is_report
from auditor.clauses.label_targets import find_label_targets
from auditor.clauses.lazy_pattern import lazy_pattern
from auditor.clauses.prohibition import decide_target
from auditor.clauses.rows import lay_out_data
from auditor.clauses.segment import MAX_TEXT_LENGTH, Unit, split_units
from auditor.clauses.targets import (
    find_acts_on_them,
    find_targets,
    has_sexual_word,
    is_about_labour,
    is_about_labour_or_machines,
    may_mention,
)


@dataclass(frozen=True, slots=True)
class Clause:
    """The prohibition clause of a text.

    ``start`` and ``end`` are characters of the text. ``policy`` is the name of the policy that it refers to. ``cues``
    are the ids of the cues that name the target and prohibit it.
    ``unread_reason`` is why a part of the text was not examined; it is empty if all of it was, or if the answer is
    explicit.
    """

    answer: Answer
    quote: str = ""
    start: int = 0
    end: int = 0
    policy: str = ""
    unread_reason: str = ""
    cues: tuple[str, ...] = ()


# The work that one text may cost, measured in units split. A million characters of prose are about 10,000 units, of
# which a policy on children names them in some dozens: a text that costs more is data, or made to be slow.
WORK_BUDGET = 40_000
# Examining a unit takes as long as splitting this many.
JUDGE_COST = 15
# Each target of a unit costs as much again for this many characters of the unit.
LONG_UNIT = 1_000


def detect_clause(text: str, cues: CompiledCues, *, references: bool = True) -> Clause:
    """Return the clause of this English text; it quotes the first unit that prohibits.

    A heading alone ("Child sexual abuse material") prohibits nothing.

    Args:
        text: The text of a licence, a policy or a card.
        cues: The compiled cues.
        references: Look for a policy that the text refers to. Cards refer to many policies that are not binding.
    """
    text = _blank_struck_words(_normalize_typography(text))
    found = Clause("absent")
    if may_mention(cues, text[:MAX_TEXT_LENGTH].replace("_", " ")):
        layout = lay_out_data(text)
        found = _find_explicit(layout.text if layout else text, cues)
        if layout:
            last = layout.original(max(found.start, found.end - 1))
            found = replace(found, start=layout.original(found.start), end=last + 1)
    if found.answer == "explicit":
        return found
    unread_reason = found.unread_reason or (
        f"longer than {MAX_TEXT_LENGTH:,} characters" if len(text) > MAX_TEXT_LENGTH else ""
    )
    if references and (policy := find_policy_reference(text, cues)):
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


# Markdown and HTML that strikes words out; a pair of tildes may be a home directory, so it ends on the same line.
_STRUCK_WORDS = re.compile(r"~~(?=\S)[^~\n]{1,2000}~~|<(del|s|strike)>[^<]{1,2000}</\1>", re.I)


def _blank_struck_words(text: str) -> str:
    """Replace words that are struck out by as many spaces, so that places stay the same."""
    if "~~" not in text and "<" not in text:
        return text
    return _STRUCK_WORDS.sub(lambda match: " " * len(match.group()), text)


def _find_explicit(text: str, cues: CompiledCues) -> Clause:
    """Return the first explicit prohibition, or an absent clause."""
    # The unit before, with the start of its target, if it neither prohibits nor permits the target.
    antecedent: tuple[Unit, int] | None = None
    pending: Clause | None = None  # prohibited by a title alone; counts if the section is not about labour
    title: Unit | None = None  # the unit before, if it is a heading or a label that names a target
    definitions: list[tuple[str, Unit]] = []  # defined terms that mean a target, and the units that define them
    minor_before = False  # the unit before names a minor
    work = 0
    minor_word = cues.pattern(cues.minor_word)
    for unit in split_units(text):
        if unit.is_table_header:
            continue
        if pending and (unit.kind == "heading" or not is_about_labour(cues, unit.text)):
            return pending
        pending = None
        names_minor = minor_word.search(unit.text) is not None
        if work > WORK_BUDGET:
            return _budget_exceeded(unit)
        if (
            names_minor
            and cues.has("whole", unit.text)
            and not (is_about_labour_or_machines(cues, unit.text) or _is_not_own_statement(cues, unit.text))
        ):
            return _explicit_clause(unit, cues.ids(("whole",), unit.text))
        targets = (find_targets(cues, unit.text) if names_minor else ()) or find_label_targets(
            cues, unit, names_minor=names_minor
        )
        if minor_before and not names_minor and not targets:
            targets = find_acts_on_them(cues, unit.text)
        minor_before = names_minor
        work += 1 + JUDGE_COST * (bool(names_minor or targets) + len(targets) * len(unit.text) // LONG_UNIT)
        for start, end in targets:
            decision = decide_target(cues, unit, start, end)
            if decision.prohibits and not _is_attributed_to_others(cues, text, unit, start, end):
                found = _explicit_clause(unit, (*cues.ids(_TARGET_KINDS, unit.text[start:end]), *decision.cues))
                if has_sexual_word(cues, unit.text) or unit.stems:
                    return found
                if not any(is_about_labour(cues, heading) for heading in unit.headings):
                    pending = found
                    break
        if pending and unit.kind != "heading":
            return pending
        if title and cues.has("elliptical", unit.text):
            by = (*cues.ids(_TARGET_KINDS, title.text), *cues.ids(("elliptical",), unit.text))
            return Clause("explicit", f"{title.text} … {unit.text}", title.start, unit.end, cues=by)
        title = unit if targets and (unit.kind == "heading" or unit.text.endswith(":")) else None
        if antecedent is not None:
            before = antecedent[0]
            named = " ".join((*before.stems[-1:], before.text))
            if by := _prohibits_antecedent(cues, unit, named, topic=antecedent[1] < MAX_TOPIC_START):
                return Clause("explicit", f"{before.text} {unit.text}", before.start, unit.end, cues=by)
        if targets and (term := _defined_term(unit, targets[0][1])):
            definitions.append((term, unit))
        if targets and _is_antecedent(cues, unit, targets[0][0]):
            antecedent = unit, targets[0][0]
        elif not (antecedent and antecedent[0].kind == unit.kind == "item"):  # "… any of the above" may follow the list
            antecedent = None
    return pending or _find_by_defined_term(text, cues, definitions[:MAX_DEFINED_TERMS])


# The kinds of cues by which a sentence prohibits what its subject refers to.
_PROHIBITS_ITS_SUBJECT = ("prohibits-before", "sanction-before", "forbidding-word", "adverse-word")
# The kinds of cues that name a target.
_TARGET_KINDS = ("imagery", "harm", "sexual", "minor")
# "Illegal Content includes …": a term of two words at least, that another sentence may prohibit.
_TERM_DEFINITION = lazy_pattern(
    r"^[\W\d]*(?:(?:For the purposes? of|In) (?:this|these|the) [\w ]{3,30}, )?"
    r"(?:[Tt]he term )?(?:[“\"'*_]*([A-Z][\w-]*(?: [A-Z][\w-]*){1,3})[”\"'*_]* (?:shall |will )?"
    r"(?:means?|includes?|covers|comprises|is defined as|refers to)\b|"
    r"[“\"'‘]([\w-]+(?: [\w-]+){1,3})[”\"'’](?: (?:shall |will )?(?:means?|includes?|is|are)\b| ?[:=]))"
)
# "Images of child abuse ("Illicit Material")".
_BRACKETED_TERM = lazy_pattern(
    r"\((?:the |each an? |together,? |collectively,? )*[“\"'‘]([A-Z][\w-]*(?: [\w-]+){1,3})[”\"'’]\)"
)
MAX_DEFINED_TERMS = 10


def _defined_term(unit: Unit, end: int) -> str:
    """Return the term that a unit or its stem defines as a target ending at ``end``; "" if none."""
    for words in (unit.text, *unit.stems[-1:]):
        if found := _TERM_DEFINITION.match(words):
            return str(found.group(1) or found.group(2))
    bracketed = _BRACKETED_TERM.search(unit.text, end)
    return str(bracketed.group(1)) if bracketed else ""


def _find_by_defined_term(text: str, cues: CompiledCues, defined: list[tuple[str, Unit]]) -> Clause:
    """Return the clause of a sentence that prohibits a term which another sentence defines."""
    work = 0
    for unit in split_units(text) if defined else ():
        for term, definition in defined:
            at = unit.text.find(term)
            if at < 0 or unit.start == definition.start:
                continue
            words = unit.text.replace(term, "X" * len(term))  # "Restricted Content" restricts nothing here
            work += JUDGE_COST
            if work > WORK_BUDGET:
                return _budget_exceeded(unit)
            by = [
                match.cue
                for match in find_prohibiting(cues, "prohibits-after", words, 0, at)
                if not (contains_reason(cues, words[match.end : at]) or cues.has("other-act", words[match.end : at]))
            ] or [
                match.cue
                for kind in _PROHIBITS_ITS_SUBJECT
                for match in find_prohibiting(cues, kind, words, at + len(term))
                if not contains_reason(cues, words[at + len(term) : match.start])
            ]
            if by and not (
                _is_not_own_statement(cues, words) or is_reported(cues, text, words, unit.start, "X" * len(term))
            ):
                quote = f"{unit.text} … {definition.text}"
                return Clause("explicit", quote, definition.start, definition.end, cues=tuple(by[:1]))
    return Clause("absent")


def _budget_exceeded(unit: Unit) -> Clause:
    """Return the clause of a text that exceeds the work budget; the units from this one on are not examined."""
    return Clause("absent", unread_reason=f"more sentences than are read, from character {unit.start:,} on")


# A target that starts within this many characters is what its sentence is about.
MAX_TOPIC_START = 20


def _is_antecedent(cues: CompiledCues, unit: Unit, start: int) -> bool:
    """Return whether a unit names a target without prohibiting or permitting it: the next unit may then refer to it."""
    words = unit.text
    said = (
        (unit.kind == "heading" and not words.endswith("?"))
        or words.endswith(":")
        or is_protective(cues, words[:start])
    )
    return not (said or is_negated(cues, words) or cues.has("definition", words))


def _prohibits_antecedent(cues: CompiledCues, unit: Unit, before: str, *, topic: bool) -> tuple[str, ...]:
    """Return the cues by which this unit prohibits, by a pronoun, what the unit before it names; () if it does not.

    Args:
        cues: The compiled cues.
        unit: The unit.
        before: The words of the unit before it, with its last stem.
        topic: The unit before is about the target, so that "it" and "them" refer to the target.
    """
    words = unit.text
    if cues.has("data-work", before):
        return ()
    if cues.has("answers-no", words) and cues.has("asks-permission", before):
        return cues.ids(("answers-no",), words)
    if cues.has("asks-consequence", before) and cues.has("consequence", words):
        return cues.ids(("consequence",), words)
    if unit.kind == "heading" or _is_not_own_statement(cues, words):
        return ()
    if back := cues.first("refers-back", words):
        for kind in _PROHIBITS_ITS_SUBJECT:
            for match in find_prohibiting(cues, kind, words):
                return back.cue, match.cue
    for offence in cues.find_groups("refers-back-offender", words):
        if cues.has("offender", words[: offence.start]) and cues.has("expelled", words[offence.end :]):
            return (offence.cue,)
    for match in find_prohibiting(cues, "prohibits-after", words):
        rest = words[match.end :]
        for adverbial in sorted(cues.find("adverbial", rest), key=lambda match: -match.start):
            rest = f"{rest[: adverbial.start]} {rest[adverbial.end :]}"
        for kind in ("refers-back-object", "refers-to-topic")[: 1 + topic]:
            if found := cues.first(kind, rest):
                return match.cue, found.cue
    return ()


def _is_attributed_to_others(cues: CompiledCues, text: str, unit: Unit, start: int, end: int) -> bool:
    """Return whether the prohibition is another party's, by the words of the unit or of a stem above it."""
    stem = unit.stems[-1] if unit.stems else ""
    if is_enumeration_of_policies(cues, text, unit.text, unit.start, stem, unit.headings):
        return True
    target = unit.text[start:end]
    return any(is_reported(cues, text, words, unit.start, target) for words in (unit.text, *unit.stems))


def _explicit_clause(unit: Unit, cues: tuple[str, ...]) -> Clause:
    """Return the clause that quotes this unit with its outermost stem."""
    stem = f"{unit.stems[0]} … " if unit.stems else ""
    return Clause("explicit", stem + unit.text, unit.start, unit.end, cues=cues)


def _is_not_own_statement(cues: CompiledCues, unit: str) -> bool:
    """Return whether a sentence reports what others say, is negated, or is a question."""
    return is_report(cues, unit) or is_negated(cues, unit) or unit.endswith("?")
