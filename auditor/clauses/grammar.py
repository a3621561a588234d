"""Decide by a table of rules over cues whether words prohibit a target, or what is listed below them.

A rule names the kind of a cue and where it stands; what it says counts unless another cue stands where the rule's
exceptions look for one. The first rule that applies decides.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from auditor.clauses.cues import CompiledCues, CueMatch
from auditor.clauses.lazy_pattern import lazy_pattern

# Characters: a longer line above a list is a sentence, not a title.
MAX_TITLE = 60

Place = Literal["before", "after", "unit", "target"]


class Condition(NamedTuple):
    """A kind of cue, and the words in which it is looked for.

    ``between``: the words between the rule's cue and the target. ``before cue``: the words before the rule's cue.
    Otherwise the words ``before`` and ``after`` the target, the whole ``unit``, or all from the ``target`` on.
    """

    kind: str
    where: Literal["between", "before cue", "before", "after", "unit", "target"]


class Rule(NamedTuple):
    """What a cue of one kind says of a target.

    Attributes:
        kind: The kind of the cue.
        where: Where it stands.
        prohibits: Whether the target is prohibited by it, or not prohibited.
        only: Cues that must stand there too.
        unless: Cues of which none may stand there.
    """

    kind: str
    where: Place
    prohibits: bool
    only: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()


class Decision(NamedTuple):
    """Whether something is prohibited, and the ids of the cues that decided it."""

    prohibits: bool
    cues: tuple[str, ...] = ()


_REASON = Condition("reason", "between")
_REAL_WORLD = Condition("real-world", "unit")
_LIABILITY = Condition("liability", "between")
_NARRATIVE = Condition("narrative", "unit")

# Of a unit and a target in it.
UNIT_RULES = (
    Rule("report", "unit", prohibits=False),
    Rule(
        "removes",
        "before",
        prohibits=True,
        only=(Condition("reports-it", "unit"),),
        unless=(_REAL_WORLD, _NARRATIVE, Condition("data-work", "unit"), Condition("negation", "unit")),
    ),
    Rule("protects", "before", prohibits=False, unless=(Condition("fails-to", "before cue"),)),
    Rule("proviso", "before", prohibits=True, only=(Condition("no-minor", "target"),)),
    Rule("prohibits-after", "before", prohibits=True, unless=(_REASON, _LIABILITY, Condition("other-act", "between"))),
    Rule("prohibits-before", "after", prohibits=True, unless=(_REASON,)),
    Rule("switched-off", "after", prohibits=True, only=(Condition("allows", "before"),)),
    Rule("sanction-after", "before", prohibits=True, unless=(_REAL_WORLD, _REASON, _LIABILITY)),
    Rule("sanction-before", "after", prohibits=True, unless=(_REAL_WORLD, _REASON)),
    Rule("offender", "before", prohibits=True, only=(Condition("expelled", "after"),), unless=(_REAL_WORLD,)),
    Rule(
        "condition",
        "before",
        prohibits=True,
        only=(Condition("consequence", "after"),),
        unless=(_REAL_WORLD, Condition("finds", "before"), Condition("negation", "unit")),
    ),
    Rule(
        "topic",
        "before",
        prohibits=True,
        only=(Condition("topic-verdict", "after"),),
        unless=(Condition("negation", "unit"),),
    ),
    Rule("negation", "unit", prohibits=False),
    Rule("definition", "unit", prohibits=False),
)
# Of a stem above a list: its words are "before" what is listed.
STEM_RULES = (
    Rule("report", "unit", prohibits=False),
    Rule("prohibits-after", "unit", prohibits=True),
    Rule("sanction-after", "unit", prohibits=True, unless=(_REAL_WORLD,)),
    Rule("title", "unit", prohibits=True),
    Rule("forbidding-word", "unit", prohibits=True, unless=(_NARRATIVE, Condition("negation", "unit"))),
    Rule("negation", "unit", prohibits=False),
    Rule("permission", "unit", prohibits=False),
)
# Of a unit with its stems that no rule above decides: one word is enough, wherever it stands.
WORD_RULES = (
    Rule("forbidding-word", "unit", prohibits=True, unless=(_REAL_WORLD, _REASON, _LIABILITY)),
    Rule(
        "adverse-word",
        "unit",
        prohibits=True,
        unless=(_REAL_WORLD, _REASON, _LIABILITY, Condition("other-act", "between")),
    ),
)
# Of a heading that no rule above decides.
TITLE_WORD_RULES = (Rule("adverse-word", "unit", prohibits=True, unless=(_NARRATIVE, _REAL_WORLD)),)
# Kinds of cues of which only those count that are rules for someone, and are not negated themselves.
_PROHIBITING = frozenset({"prohibits-after", "prohibits-before", "sanction-after", "sanction-before"})
# Right before a target: an act for the good of children, with the words that lead from it to the target.
_PROTECTIVE_CONTEXT = (
    r"\b{protects}(?:(?:,|,? and|,? or) {protects})*"
    r"(?: (?:against|any|the|all|of|for|on|about|into|known|potential|suspected|possible|attempts|to|at|content|"
    r"material|[a-z]+ing|from|out|such|risks?|cases|instances|by|with|as|our|users|children|minors|images|sexual|"
    r"sexually|child)){0,6}[ ,]*$"
)
_NO_MINOR = lazy_pattern(r"(?i)^no ")
# "Not contact the children": the act is a part of the cue.
_NOT = lazy_pattern(r"(?i)^not (?:to )?")
# "For contents which are …": a relative clause, no reason.
_RELATIVE_CLAUSE = lazy_pattern(r"(?i)^(?:as|since|for|where) .*\b(?:which|that|who)\b")
# "Without consent is prohibited": the negation is not of the prohibition.
_NEGATES_OTHER_WORDS = lazy_pattern(
    r"(?i)^(?:not|never|without|n['’]t)(?: [\w’']+)+ (?:is|are|was|were|be|being)(?: \w+)? \w+$"
)
_PARTIAL_NOT = lazy_pattern(r"(?i)^not (?:all|every\w*|only|just|yet|sure|much|many|enough|even|always|because)$")
# "Our model never produced X", "we have never": reports, no rules.
_PERFECT_NEVER = lazy_pattern(r"(?i)\b(?:have|has|had|['’]ve) never$")
_PAST_TENSE = lazy_pattern(
    r"(?i)^ (?:\w+ly )?(?:saw|made|wrote|gave|drew|sent|got|was|were|had|has|have|found|shown|"
    r"[a-z]+(?:duc|rat|ar|at|how|ost|epict|urn|ind)ed)\b"
)
# "The model must not be used for X" is a rule, unlike "the model will not generate X".
_BE_USED = lazy_pattern(
    r"(?i)^(?: \w+)? be (?:used|applied|deployed|employed|utili[sz]ed|fine-?tuned|modified|made|integrated|run)"
)
_PERMISSION_NOUN = lazy_pattern(r"(?i)\b(?:permission|rights?|licen[cs]e|leave|authority|business|place)$")


def decide(rules: tuple[Rule, ...], cues: CompiledCues, words: str, start: int, end: int) -> Decision | None:
    """Return what the first rule that applies says of the target at ``start`` to ``end`` of the words, or None."""
    for rule in rules:
        for match in _find(cues, rule, words, start, end):
            if all(_stands(cues, needed, words, match, start, end) for needed in rule.only) and not any(
                _stands(cues, exception, words, match, start, end) for exception in rule.unless
            ):
                return Decision(rule.prohibits, (match.cue,))
    return None


def _find(cues: CompiledCues, rule: Rule, words: str, start: int, end: int) -> Iterator[CueMatch]:
    """Yield the cues of a rule's kind at the rule's place; their offsets are those of ``words``."""
    low, high = {"before": (0, start), "after": (end, len(words)), "target": (start, len(words))}.get(
        rule.where, (0, len(words))
    )
    if rule.kind in _PROHIBITING:
        for match in find_prohibiting(cues, rule.kind, words, low, high):
            between = words[match.end : start]
            if not (rule.where == "before" and _states_absence(cues, words, match, between, start, end)):
                yield match
    elif rule.kind == "protects":
        if found := cues.pattern(_PROTECTIVE_CONTEXT).search(words[:high]):
            yield CueMatch("", found.start(), found.end())
    elif rule.kind == "title":
        if len(words) <= MAX_TITLE and words[-1:] not in ".;!?" and not is_negated(cues, words):
            yield from find_title(cues, words)
    elif rule.kind == "negation":
        yield from _negations(cues, words)
    elif rule.kind == "report":
        yield from _not_conceded(cues, "report", words)
    else:
        yield from (
            CueMatch(found.cue, low + found.start, low + found.end) for found in cues.find(rule.kind, words[low:high])
        )


def _stands(cues: CompiledCues, condition: Condition, words: str, match: CueMatch, start: int, end: int) -> bool:
    """Return whether a cue stands where a condition of the rule of ``match`` looks for it."""
    if condition.where == "between":
        first = match.end
        if words[match.start : match.start + 3].lower() == "not":
            first -= len(_NOT.sub("", words[match.start : match.end]))
        around = (
            words[first:start].replace("without limitation", "") if match.end <= start else words[end : match.start]
        )
    else:
        around = {
            "before cue": words[: match.start],
            "before": words[:start],
            "after": words[end:],
            "target": words[start:],
            "unit": words,
        }[condition.where]
    if condition.kind == "negation":
        return is_negated(cues, around)
    if condition.kind == "no-minor":
        return _NO_MINOR.match(around) is not None
    if condition.kind == "reason":
        return contains_reason(cues, around)
    return cues.has(condition.kind, around)


def _states_absence(cues: CompiledCues, words: str, match: CueMatch, between: str, start: int, end: int) -> bool:
    """Return whether "no", "zero" or "nothing" states that there is none, not that there must be none."""
    none = words[match.start : match.end].strip(" ,;:(–—-").lower()
    if none.endswith(("no", "zero")):
        is_so = cues.first("states-none", between)
        if is_so and not _PERMISSION_NOUN.search(between[is_so.start : is_so.end]):
            return True
    if none.endswith(("nothing", "nothing that")):
        return cues.has("states-fact", words[end:])
    return none in ("no", "zero") and cues.has("observed", words[start:])


def find_prohibiting(
    cues: CompiledCues, kind: str, words: str, low: int = 0, high: int | None = None
) -> Iterator[CueMatch]:
    """Yield the cues of a prohibiting kind in ``words[low:high]`` that are rules for someone and are not negated."""
    for found in cues.find(kind, words[low:high]):
        match = CueMatch(found.cue, low + found.start, low + found.end)
        own, rest = words[match.start : match.end], words[match.end :]
        starts, ends = negated_spans(cues, words)
        if (nearest := bisect_right(starts, match.end)) and match.start <= ends[nearest - 1]:
            continue
        if _PARTIAL_NOT.search(own):
            continue
        if own[-5:].lower() == "never" and (_PAST_TENSE.search(rest) or _PERFECT_NEVER.search(own)):
            continue
        describes = cues.has("behaviour", own) and not cues.has("duty", own)
        if describes and not own.lower().endswith(" be") and not _BE_USED.match(rest):
            continue
        yield match


def find_title(cues: CompiledCues, words: str) -> Iterator[CueMatch]:
    """Yield the cues of a title which says that what follows is prohibited, not that it is unknown or not done."""
    if not cues.has("descriptive-title", words):
        yield from cues.find("prohibiting-title", words)
        if not cues.has("narrative", words):
            yield from cues.find("forbidding-word", words)


def contains_reason(cues: CompiledCues, words: str) -> bool:
    """Return whether the words end what is prohibited and continue with a reason, or with what the text itself does."""
    return any(not _RELATIVE_CLAUSE.search(words[match.start : match.end]) for match in cues.find("reason", words))


def _not_conceded(cues: CompiledCues, kind: str, words: str) -> Iterator[CueMatch]:
    """Yield the cues of a kind in the words, apart from those inside "whether or not …" and its like."""
    conceded = [(match.start, match.end) for match in cues.find("concession", words)]
    for match in cues.find(kind, words):
        if not any(low < match.end and match.start < high for low, high in conceded):
            yield match


def _negations(cues: CompiledCues, words: str) -> Iterator[CueMatch]:
    """Yield the words that negate a prohibition."""
    for match in _not_conceded(cues, "negation", words):
        if not _NEGATES_OTHER_WORDS.search(words[match.start : match.end]):
            yield match


def is_report(cues: CompiledCues, words: str) -> bool:
    """Return whether a sentence is about others: the law, the press, other companies."""
    return next(_not_conceded(cues, "report", words), None) is not None


@lru_cache(maxsize=64)
def negated_spans(cues: CompiledCues, words: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the starts and the ends of the spans that negate a prohibition, in order and without overlaps."""
    starts: list[int] = []
    ends: list[int] = []
    for start, end in sorted((match.start, match.end) for match in _negations(cues, words)):
        if ends and start <= ends[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            starts.append(start)
            ends.append(end)
    return tuple(starts), tuple(ends)


def is_negated(cues: CompiledCues, words: str) -> bool:
    """Return whether anything in the words negates a prohibition."""
    return bool(negated_spans(cues, words)[0])


def is_protective(cues: CompiledCues, words: str) -> bool:
    """Return whether the words end in an act for the good of children, so that a target after them is no deed."""
    return cues.pattern(_PROTECTIVE_CONTEXT).search(words) is not None
