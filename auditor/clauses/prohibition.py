"""Decide whether a unit, a stem above it or a heading prohibits the target that the unit names."""

from __future__ import annotations

from functools import lru_cache

from auditor.clauses.attribution import is_third_party
from auditor.clauses.label_targets import LABEL
from auditor.clauses.lazy_pattern import lazy_pattern
from auditor.clauses.negation import (
    DEFINITION,
    FAILURE_TO,
    JOINED_PROHIBITION,
    LIABILITY,
    OBSERVED_FACT,
    OTHER_ACT,
    PROTECTIVE_CONTEXT,
    PROTECTIVE_WORDS,
    contains_reason,
    is_negated,
)
from auditor.clauses.prohibition_cues import PREFIX_CUES, SUFFIX_CUES, find_cues
from auditor.clauses.sanctions import (
    REAL_WORLD_CONTEXT,
    SANCTION_PREFIX_CUES,
    SANCTION_SUFFIX_CUES,
    is_act_of_expelled_offender,
    is_offender_under_expulsion,
    is_sanctioned_condition,
)
from auditor.clauses.segment import Unit

# Characters: a longer stem is a sentence, not a title.
MAX_TITLE_STEM = 60
# "You promise that:" above what is promised.
_PLEDGE_STEM = lazy_pattern(
    r"(?i)\b((?:you|users?|licensees?|customers?|uploaders?|members?|contributors?|recipients?|sellers?|creators?)"
    r"(?: \w+){0,3} (?:represents?|warrants?|promises?|confirms?|certif(?:y|ies)|guarantees?|affirms?|declares?|"
    r"attests?|pledges?)(?: that)?):$"
)
_PERMITTING_STEM = lazy_pattern(
    r"(?i)(?:\b(?:intended|permitted|allowed|acceptable|encouraged|appropriate|approved) (?:uses?|purposes?|"
    r"for|to)\b|"
    r"\b(?:you|users?|licensees?) (?:may|can|are (?:free|allowed|permitted) to)(?: [a-z]+){0,6}?:|"
    r"\b(?:we|our (?:team|efforts|work|moderators?)) (?:use|report|work|collect|remove|take|may|filter|screen|detect|"
    r"recommend|support|partner|measure|evaluat\w+)\b|"
    r"\b(?:please |to )?report\b|\b(?:contact|resources|helplines?|hotlines?|learn more|see also|references)\b)"
)
_PROHIBITING_HEADING = lazy_pattern(
    r"(?i)\b(?:prohibit\w*|forbidden|disallowed|unacceptable|not (?:allowed|permitted|acceptable)|may not|must not|"
    r"shall not|do not|don['’]?t|never|"
    r"restricted uses?|use[- ]restrictions?|use-?based restrictions?|restrictions on use|usage restrictions?|"
    r"out[- ]of[- ]scope uses?|misuse|malicious use|zero[- ]tolerance|"
    r"banned|what(?: is|['’]s) not|(?:i|we) (?:will not|won['’]t|can ?not|can['’]t|refuse to|never) (?:draw|write|make|"
    r"create|take|accept|generate|render|depict|publish|list|sell|host)|agrees? not|(?:harmful|excluded|"
    r"inappropriate|unintended|unsafe) uses?|"
    r"not intended|hard (?:exclusions?|limits?|lines?)|(?:excluded|inappropriate|harmful) content|violations|"
    r"not (?:ok|okay|allowed here)|out[- ]of[- ]scope|"
    r"off[- ]limits|"
    r"(?:content|posts?|uploads?|files|models|accounts?|materials?|images|things|"
    r"what) (?:that )?we (?:will )?(?:remove|delete|ban|reject|"
    r"take down|refuse)|"
    r"red lines?|hard no(?:e?s|['’]s)?|no-?no(?:e?s|['’]s)?|don['’]ts|no[- ]go(?:es|s)?|(?:can['’]?t|cannot) do)\b|"
    r"\b(?:grounds|reasons?|causes?) for (?:an? )?(?:\w+ )?(?:bans?|suspension|termination|expulsion|removal|"
    r"closure)\W*$|\bbannable (?:offen[cs]es?|acts?|content)\b|"
    r"^\W*we (?:will )?(?:remove|delete|take down|ban|reject|refuse)\W*$|"
    r"^\W*(?:serious |grave )?violations of (?:this|our|these|the) [a-z]+ include"
)
# "What it does not cover", "What we don't know".
_DESCRIPTIVE_HEADING = lazy_pattern(
    r"(?i)\b(?:do not|does not|don['’]?t|doesn['’]?t|never|cannot|can['’]?t)(?: \w+ly| yet)? (?:cover|know|detect|"
    r"catch|"
    r"collect|measure|test|see|understand|miss|handle|study|filter|worry|forget|track|tell|ask|need|look|ignore|"
    r"hesitate|keep|store|claim|find)\b|"
    r"^[\W\d]*(?:the |our |all )?(?:moderators?|annotators?|analysts?|reviewers?|raters?|staff|employees|volunteers) "
    r"(?:do|does|never)\b"
)
_WORD_LIST_LABEL = lazy_pattern(
    r"(?i)\b(?:banned|blocked|forbidden|prohibited|disallowed|excluded|negative) (?:words?|tokens|tags?|keywords?|"
    r"strings)\b|"
    r"\bnegative[ _-]?prompts?\b|\b(?:block|deny|stop|black)[- ]?(?:lists?|words?)\b|"
    r"\b(?:annotat\w+|label(?:l?ing)?|rating|raters?) (?:guidelines?|instructions?|rules?)\b|"
    r"\b(?:results?|scores?|accuracy|passed|detected|rate)\W*\|\W*$|"
    r"^\W*(?:tags?|keywords?|captions?)\W{0,3}[:=]"
)
# Words of a title about work on data, which is not a prohibition.
DATA_WORK = lazy_pattern(r"(?i)\b(?:data ?sets?|detect\w*|classif\w+|benchmarks?|corpus|moderation|taxonomy|labels?)\b")
_FINITE_VERB = lazy_pattern(
    r"(?i)\b(?:is|are|was|were|we|you|i|our|your|will|may|can|has|have|had|must|should|do|does|please)\b"
)
# "Nothing sexual about minors is in the set" states a fact.
_STATES_FACT = lazy_pattern(
    r"(?i)\b(?:was|were|been|has|have|had|happen\w*|appear\w*|remain\w*|occur\w*|came|did|does|do|will be)\b|"
    r"\b(?:is|are) (?:in|on|here|there|known|found|present|included|shown|kept|stored|left|part|among|available|new|"
    r"true)\b"
)
# "No law can stop …", "there is no evidence that …": a fact, not a rule.
_STATES_NONE_EXISTS = lazy_pattern(
    r"(?i)^ ?(?:\w+ )?(?:evidence|signs?|indications?|proof|reasons?|doubt|guarantee|consensus|mention|stud(?:y|ies)|"
    r"research|laws?|idea|figures|statistics)\b|^ (?:[a-z]+ ){1,2}(?:can|could|did|has|have|had) [a-z]+\b"
)
# A table with such a column and none for what is allowed holds statistics: its "no" is not a prohibition.
_STATISTICS_COLUMN = r"\b(?:counts?|number|totals?|cases|reports|items|share|automated|percent)\b"
_STATISTICS_TABLE = lazy_pattern(rf"(?i)\|.*(?:{_STATISTICS_COLUMN}|%)|(?:{_STATISTICS_COLUMN}|%).*\|")
_ALLOWED_COLUMN = lazy_pattern(
    r"(?i)(?:^|\|)\W*(?:is |are )?(?:allowed|permitted|accepted|acceptable|ok|okay)\W*(?:\||$)"
)
_PERMISSION_NOUN = lazy_pattern(r"(?i)\b(?:permission|rights?|licen[cs]e|leave|authority|business|place)$")
# "… provided that no minor is shown in them".
_PROVIDED_THAT = lazy_pattern(
    r"(?i)\b(?:provided|conditions?|ensures?|agrees?|warrants?|promises?|certif(?:y|ies)|confirms?|guarantees?|"
    r"(?:so|as) long as)\b[^.;]{0,80}\b(?:that|as) $"
)
# "The following content will be removed: …".
_FOLLOWING_WORD = lazy_pattern(r"(?i)\b(?:following|these)\b")
_NOT_PREFIX = lazy_pattern(r"(?i)^not (?:to )?")
_PROTECTIVE_OR_NEGATIVE_WORD = lazy_pattern(
    rf"(?i)\b{PROTECTIVE_WORDS}\b|\b(?:no|not|never|without|non|avoid\w*|exclud\w+|refus\w+|reject\w*|negative|nor|unsafe|toxic\w*|"
    rf"harmful|"
    rf"safety|policy|illegal)\b"
)


def is_governed(unit: str, start: int, end: int) -> bool | None:
    """Return whether the unit's own words prohibit the target; None if they do neither."""
    benign = PROTECTIVE_CONTEXT.search(unit[:start])
    if is_third_party(unit) or (
        benign
        and not FAILURE_TO.search(unit[: benign.start()])
        and not JOINED_PROHIBITION.search(unit[: benign.start()])
    ):
        return False
    if unit[start : start + 3].lower() == "no " and _PROVIDED_THAT.search(unit[:start]):
        return True
    listed = unit.rfind(":", 0, start)
    if listed > 0 and _FOLLOWING_WORD.search(unit[:listed]) and _stem_prohibits(unit[: listed + 1]):
        return True
    for first, last in find_cues(unit, 0, start, PREFIX_CUES):
        # "Not contact the children": the act is a part of the cue.
        deed = last - len(_NOT_PREFIX.sub("", unit[first:last])) if unit[first : first + 3].lower() == "not" else last
        between = unit[deed:start].replace("without limitation", "")
        another = contains_reason(between) or LIABILITY.search(between) or OTHER_ACT.search(between)
        if not (another or _states_absence(unit[first:last], between, unit[start:], unit[end:])):
            return True
    for first, _ in find_cues(unit, end, len(unit), SUFFIX_CUES):
        if not contains_reason(unit[end:first]):
            return True
    if _is_sanctioned(unit, start, end):
        return True
    return False if is_negated(unit) or DEFINITION.search(unit) else None


def _states_absence(words: str, between: str, target_on: str, after: str) -> bool:
    """Return whether "no", "zero" or "nothing" states that there is none, not that there must be none.

    Args:
        words: The cue.
        between: The words between the cue and the target.
        target_on: The words from the target on.
        after: The words after the target.
    """
    none = words.strip(" ,;:(–—-").lower()
    if (
        none.endswith(("no", "zero"))
        and (is_so := _STATES_NONE_EXISTS.search(between))
        and not _PERMISSION_NOUN.search(is_so.group())
    ):
        return True
    if none.endswith(("nothing", "nothing that")):
        return _STATES_FACT.search(after) is not None
    return none in ("no", "zero") and OBSERVED_FACT.match(target_on) is not None


def _is_sanctioned(unit: str, start: int, end: int) -> bool:
    """Return whether the unit states a consequence of the target for an account, a licence or a post."""
    if REAL_WORLD_CONTEXT.search(unit):
        return False
    for _, last in find_cues(unit, 0, start, SANCTION_PREFIX_CUES):
        if not (contains_reason(unit[last:start]) or LIABILITY.search(unit[last:start])):
            return True
    for first, _ in find_cues(unit, end, len(unit), SANCTION_SUFFIX_CUES):
        if not contains_reason(unit[end:first]):
            return True
    return is_act_of_expelled_offender(unit, start, end) or (
        is_sanctioned_condition(unit, start, end) and not is_negated(unit)
    )


@lru_cache(maxsize=512)  # called for the same stem once for each of its items
def _stem_prohibits(stem: str) -> bool | None:
    """Return whether a stem prohibits (True) or permits (False) what belongs to it; None if neither."""
    if is_third_party(stem):
        return False
    if any(
        True
        for pattern in (
            (PREFIX_CUES, SUFFIX_CUES)
            if REAL_WORLD_CONTEXT.search(stem)
            else (PREFIX_CUES, SUFFIX_CUES, SANCTION_PREFIX_CUES, SANCTION_SUFFIX_CUES)
        )
        for _ in find_cues(stem, 0, len(stem), pattern)
    ):
        return True
    if len(stem) <= MAX_TITLE_STEM and stem[-1:] not in ".;!?" and _is_prohibiting_title(stem) and not is_negated(stem):
        return True
    return False if is_negated(stem) or _PERMITTING_STEM.search(stem) else None


@lru_cache(maxsize=512)
def _is_prohibiting_title(words: str) -> bool:
    """Return whether a title or label says that what follows is prohibited, not that it is unknown or not done."""
    return bool(_PROHIBITING_HEADING.search(words)) and not _DESCRIPTIVE_HEADING.search(words)


@lru_cache(maxsize=512)
def _is_word_list_label(words: str) -> bool:
    """Return whether a label announces a list of words or tags, which a filter searches for."""
    return _WORD_LIST_LABEL.search(words) is not None


@lru_cache(maxsize=512)
def _pledge_words(stem: str) -> str:
    """Return the words of a stem such as "You promise that", or ""."""
    pledges = _PLEDGE_STEM.search(stem)
    return pledges.group(1) if pledges else ""


def is_prohibited(unit: Unit, start: int, end: int) -> bool:
    """Return whether the target at ``start`` to ``end`` of the unit's text is prohibited."""
    if unit.text.rstrip("'\"”’)*_ ").endswith("?"):
        return False  # a question
    if unit.has_cross_marker:
        return True
    if unit.stems and _STATISTICS_TABLE.search(unit.stems[-1]) and not _ALLOWED_COLUMN.search(unit.stems[-1]):
        return False
    if any(map(_is_word_list_label, (unit.text, *unit.stems[-1:], *unit.headings[-1:]))):
        return False
    if unit.stems and is_offender_under_expulsion(unit.stems[-1], unit.text):
        return True
    own = is_governed(unit.text, start, end)
    if own is not None:
        return own
    label = LABEL.match(unit.text)
    if label and label.end(1) <= start and _is_prohibiting_title(label.group(1)):
        return True
    for stem in reversed(unit.stems):
        if pledger := _pledge_words(stem):
            pledge = f"{pledger} {unit.text}"
            at = len(pledge) - len(unit.text)
            return any(True for _ in find_cues(pledge, 0, at + start, PREFIX_CUES)) and not is_negated(unit.text)
        said = _stem_prohibits(stem)
        if said is not None:
            return said
    if unit.kind == "prose" and _FINITE_VERB.search(unit.text[:start]):
        return False  # a full sentence is not an entry of a list under the heading
    for heading in reversed(unit.headings):
        if heading.endswith(":") and (said := _stem_prohibits(heading)) is not None:
            return said
        if _is_prohibiting_title(heading) and not is_negated(heading) and not DATA_WORK.search(heading):
            return True
        if _PERMITTING_STEM.search(heading):
            return False
    return False


def is_prohibitive_or_protective(sentence: str) -> bool:
    """Return whether this sentence prohibits, filters, reports or denies anything, whatever it names."""
    return any(
        pattern.search(sentence)
        for pattern in (
            PREFIX_CUES,
            SUFFIX_CUES,
            SANCTION_PREFIX_CUES,
            SANCTION_SUFFIX_CUES,
            _PROTECTIVE_OR_NEGATIVE_WORD,
        )
    )
