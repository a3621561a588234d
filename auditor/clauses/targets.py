"""Find the targets of a prohibition: abuse, harm or sexualisation of a minor, or such imagery by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import re2

from auditor.clauses.cues import CompiledCues
from auditor.clauses.lazy_pattern import lazy_pattern
from auditor.clauses.lexicon import (
    ACCESS_WORD,
    CONNECTING_WORDS,
    NOUNS_ABOUT_ABUSE,
    NOUNS_AFTER_HARMLESS_SEXUAL,
    NOUNS_AFTER_TECHNICAL_CHILD,
    OTHER_PEOPLE,
    WORDS_AFTER_A_MINOR,
)
from auditor.clauses.segment import HYPHENATED_LINE_END

# An act and the minor that it is done to, in one sentence.
_ACT_THEN_MINOR = r"\b({harm}|{sexual})\b({span}{0,110}?)\b({minor})\b"
_MINOR_THEN_ACT = r"\b({minor})\b({span}{0,60}?)\b({harm}|{sexual})\b"
# Words that no policy on labour uses; there "child exploitation" means work.
_NOT_LABOUR = lazy_pattern(r"(?i)\b(?:cs[ae]m|csa[ie]|csea|p(?:a|e|ae)?edo\w*|loli\w*|shota\w*|groom\w*)\b")
_COUNT_AFTER = lazy_pattern(r"^(?: ?\(\d[\d,]*\)|[^|]{0,60}\| ?\d[\d.,]* ?%? ?(?:\||$)|:? \d[\d,]*[,;]|: \d[\d,]*\.?$)")
_COUNT_BEFORE = lazy_pattern(r"(?i)\b\d[\d,]* (?:cases? |accounts? |users? |reports? )?(?:for|of) $")
# "An abused child", "children who were abused": victims who are mentioned; "images of abused children" are imagery.
_VICTIM_PARTICIPLE = lazy_pattern(
    r"(?i)^(?:abused|exploited|harmed|endangered|mistreated|molested|trafficked|victimi[sz]ed)$"
)
_VICTIM_NOUN = lazy_pattern(r"(?i)\b(?:victims?|survivors?)\b")
_IMAGES_OF = lazy_pattern(
    r"(?i)\b(?:imag|pictur|photo|video|depict|content|material|show|portray|scene|draw)\w*[^.;]{0,20}$"
)
_WHO_WERE = lazy_pattern(
    r"(?i)\bwho (?:were|was|have been|had been|has been|(?:have |has |had )?(?:reported|suffered|survived|experienced|"
    r"disclosed|spoken|spoke|told))\b"
)
_MODAL_OR_PRONOUN = lazy_pattern(r"(?i)\b(?:may|might|could|would|can|will|it|they|she|he)\b")
_NEXT_CLAUSE = lazy_pattern(r"(?i), ?(?:and|or|but)\b")
_CLAUSE_BREAK = lazy_pattern(
    r"(?i)\b(?:not|never|no)\b|, so\b|, (?:but|because|while|whereas|since|"
    r"as (?:\w+ ){1,2}(?:is|are|may|can|might|contains?|has|have|"
    r"does|do)|for it|"
    r"for they)\b"
)
# "Which a reasonable person would regard as indecent": the words in between are removed.
_REASONABLE_PERSON = lazy_pattern(
    r"(?i)\b(?:which|that|who|whom) (?:an? )?reasonabl[ey] (?:\w+ )?(?:would|might|could|may) "
    r"(?:regard|consider|deem|find|take|see|think|perceive|view)(?: as| to be)?\b"
)
_DISCRIMINATION = lazy_pattern(r"(?i)\bdiscriminat\w+|\bsexual orientation\b")
# "Advertisements must not exploit the credulity of children": an advertising code.
_ADVERTISING_CODE = lazy_pattern(
    r"(?i)\bexploit\w* (?:the |their )?(?:(?:inexperience|credulity|loyalty|trust|naivety|gullibility|"
    r"lack of experience|sense of loyalty)(?:,? (?:and |or )?)?)+(?:of|in) "
)
# "… keeps sexual content from minors".
_KEPT_FROM = lazy_pattern(r"(?i)\b(?:keep|kept|hid|shield|protect|block|withh)\w*\b[^.;]{0,60}$")
# "Pornographic material with minors" shows them, unless it is shared with them.
_SHARING_VERB = lazy_pattern(r"(?i)\b(?:shar|show|watch|discuss|view|look|send|see|leav|talk)\w*\b[^.;]{0,60}$")
# A unit with more targets than this is made to be slow.
MAX_TARGETS = 16
# Bytes between a word for a minor and a word for an act: longer than any sentence that joins the two.
NEAR_WINDOW = 250


def may_mention(cues: CompiledCues, text: str) -> bool:
    """Return whether a word for a minor is near a word for harm or sex; if none is, the text has no target."""
    return _has_act_near_minor(cues, text.encode()) or (
        _has_hyphenated_line_end(text) and _has_act_near_minor(cues, HYPHENATED_LINE_END.sub(r"\1\2", text).encode())
    )


def _has_hyphenated_line_end(text: str) -> bool:
    """Return whether a line ends in a part of a word; never in a card, which is Markdown and begins with "---"."""
    if text.startswith("---"):
        return False
    at = text.find("-\n", 1)
    while at != -1 and not text[at - 1].islower():
        at = text.find("-\n", at + 1)
    return at != -1


def _has_act_near_minor(cues: CompiledCues, text: bytes) -> bool:
    """Return whether a word for harm or sex is within :data:`NEAR_WINDOW` bytes of a word for a minor."""
    return any(
        cues.act_word_bytes.search(text[max(0, match.start() - NEAR_WINDOW) : match.end() + NEAR_WINDOW])
        for match in cues.minor_word_bytes.finditer(text)
    )


@lru_cache(maxsize=512)
def find_targets(cues: CompiledCues, unit: str) -> tuple[tuple[int, int], ...]:
    """Return the starts and ends of the targets in the unit, in order."""
    found: list[tuple[int, int]] = []
    for imagery in islice(cues.find("imagery", unit), MAX_TARGETS):
        after = unit[imagery.end : imagery.end + 20].split()
        if after and after[0].lower().strip(".,;:") in NOUNS_ABOUT_ABUSE:
            continue
        if unit[imagery.start : imagery.start + 6].lower() == "minor " and after and after[0].lower() in ("of", "to"):
            continue  # "minor abuse of equipment"
        found.append((imagery.start, imagery.end))
    for minor_first, pattern in enumerate((_ACT_THEN_MINOR, _MINOR_THEN_ACT)):
        match = cues.pattern(pattern).search(unit)
        for _ in range(MAX_TARGETS):
            if match is None:
                break
            if _is_act_on_minor(cues, unit, match, minor_first=bool(minor_first)):
                found.append(match.span())
            # The next target may begin within this one: "harm others or exploit minors".
            match = cues.pattern(pattern).search(unit, match.end(1))
    found += [(match.start, match.end) for match in islice(cues.find_groups("exception", unit), MAX_TARGETS)]
    if minor := cues.pattern(rf"\b(?:{cues.minor_word})").search(unit):
        found += find_acts_on_them(cues, unit, minor.end())
    found = [
        span for span in found if not (_is_statistic(unit, *span) or cues.has("alleged", unit[: span[0]].rstrip()))
    ]
    if not found or is_about_labour_or_machines(cues, unit) or cues.has("not-a-target", unit):
        return ()
    return tuple(sorted(found))


# "Sexual content about them", "exploits them".
_ACT_ON_THEM = r"\b(?:{harm}|{sexual})\b(?: [\w-]+){0,3}? them\b"


def find_acts_on_them(cues: CompiledCues, unit: str, start: int = 0) -> list[tuple[int, int]]:
    """Return the acts that are done to "them", the minors that were named before the character ``start``."""
    if "them" not in unit:
        return []
    return [match.span() for match in islice(cues.pattern(_ACT_ON_THEM).finditer(unit, start), MAX_TARGETS)]


def _is_statistic(unit: str, start: int, end: int) -> bool:
    """Return whether the target is in a line of statistics: "child exploitation (12)", "120 for child exploitation"."""
    return bool(_COUNT_AFTER.match(unit[end : end + 80]) or _COUNT_BEFORE.search(unit[max(0, start - 40) : start]))


def is_about_labour(cues: CompiledCues, words: str) -> bool:
    """Return whether a title, or a sentence under it, is about labour and suppliers."""
    return cues.has("labour", words)


def has_sexual_word(cues: CompiledCues, words: str) -> bool:
    """Return whether the words contain a word that policies on labour do not use."""
    return cues.has("sexual", words) or _NOT_LABOUR.search(words) is not None


def is_about_labour_or_machines(cues: CompiledCues, unit: str) -> bool:
    """Return whether the unit is about labour, or about children and minors that are not people, and nothing sexual."""
    aside = cues.has("labour", unit) or cues.has("not-a-person", unit)
    return aside and not (cues.has("sexual", unit) or cues.has("imagery", unit))


class _Pair(NamedTuple):
    """An act and a minor in one sentence, with the words around them.

    Attributes:
        before: The sentence up to the pair.
        deed: The word for the act.
        minor: The word for the minor.
        between: What stands between the two.
        words: The words in between.
        after_deed: The word after the act, or "".
        after_minor: The word after the minor, or "".
        from_deed: The sentence from the act on.
        is_harm: The act is harm, not something sexual.
        minor_first: The minor stands before the act.
    """

    before: str
    deed: str
    minor: str
    between: str
    words: tuple[str, ...]
    after_deed: str
    after_minor: str
    from_deed: str
    is_harm: bool
    minor_first: bool


def _read_pair(cues: CompiledCues, unit: str, match: re2._Match, *, minor_first: bool) -> _Pair:
    """Return the act and the minor of a match of :data:`_ACT_THEN_MINOR` or :data:`_MINOR_THEN_ACT`."""
    deed, minor = (3, 1) if minor_first else (1, 3)
    between = match.group(2)
    if "reasonabl" in between:
        between = _REASONABLE_PERSON.sub(" ", between)
    words = [word.strip("\"'“”’().,*_").lower() for word in between.replace("/", " ").replace(",", " ").split()]
    return _Pair(
        unit[: match.start()],
        match.group(deed).lower(),
        match.group(minor).lower(),
        between,
        tuple(words[1:] if between[:2] in ("'s", "’s") else words),
        _first_word(unit[match.end(deed) :].lstrip(" -")),
        _first_word(unit[match.end(minor) :]),
        unit[match.start(deed) :],
        cues.pattern("{harm}").fullmatch(match.group(deed)) is not None,
        minor_first,
    )


def _first_word(words: str) -> str:
    """Return the first word in lower case, without punctuation."""
    return words.split(maxsplit=1)[0].lower().strip(".,;:()") if words.strip() else ""


def _is_act_on_minor(cues: CompiledCues, unit: str, match: re2._Match, *, minor_first: bool) -> bool:
    """Return whether the act concerns the minor: the words between say that it is done to them or shows them."""
    low, high = match.span(1 if minor_first else 3)
    if any(other.start < high and low < other.end for other in cues.find("not-a-minor", unit)):
        return False
    pair = _read_pair(cues, unit, match, minor_first=minor_first)
    if pair.deed == "sex" and _DISCRIMINATION.search(unit):
        return False  # "age, sex, sexual orientation"
    is_act = cues.pattern("{harm}|{sexual}")
    if pair.minor.endswith(" minor") and not (
        (not pair.is_harm and not minor_first)
        or pair.after_minor in WORDS_AFTER_A_MINOR
        or pair.after_minor.startswith(("'s", "’s"))
        or is_act.fullmatch(pair.after_minor)
    ):
        return False  # "a minor bug"
    orders = _MINOR_FIRST_EXCEPTIONS if minor_first else _ACT_FIRST_EXCEPTIONS
    if any(excepts(pair) for excepts in (*_EXCEPTIONS, *orders)):
        return False
    if not minor_first and not pair.is_harm and (shown := _is_shown_with(pair)) is not None:
        return shown
    others = sum(word not in CONNECTING_WORDS and (minor_first or not is_act.fullmatch(word)) for word in pair.words)
    return others <= (MAX_WORDS_MINOR_FIRST if minor_first else MAX_WORDS_HARM if pair.is_harm else MAX_WORDS_SEXUAL)


# Words between an act and a minor that may be other than CONNECTING_WORDS.
MAX_WORDS_MINOR_FIRST, MAX_WORDS_HARM, MAX_WORDS_SEXUAL = 1, 3, 5
# What a pair must not be, whatever its order.
_EXCEPTIONS: tuple[Callable[[_Pair], bool], ...] = (
    lambda pair: pair.deed in {"sexual", "sexually", "sex"} and pair.after_deed in NOUNS_AFTER_HARMLESS_SEXUAL,
    lambda pair: pair.minor == "child" and pair.after_minor in NOUNS_AFTER_TECHNICAL_CHILD,
    lambda pair: _CLAUSE_BREAK.search(pair.between) is not None,
    lambda pair: pair.deed.startswith("exploit") and _ADVERTISING_CODE.match(pair.from_deed) is not None,
)
# "Children see ads for adult content", "children who were abused".
_MINOR_FIRST_EXCEPTIONS: tuple[Callable[[_Pair], bool], ...] = (
    lambda pair: pair.after_deed in NOUNS_ABOUT_ABUSE,
    lambda pair: _WHO_WERE.search(pair.between) is not None,
    # "No minors, explicit talk inside"
    lambda pair: pair.between.strip() == "," and pair.before.lower().endswith("no "),
    lambda pair: _VICTIM_NOUN.search(pair.between) is not None and not _IMAGES_OF.search(pair.before),
    lambda pair: ACCESS_WORD.search(pair.between) is not None,
    lambda pair: _MODAL_OR_PRONOUN.search(pair.between) is not None,
    lambda pair: _NEXT_CLAUSE.search(pair.between) is not None,
    lambda pair: pair.is_harm and pair.deed.endswith(("ing", "s")),
)
# "Abused children", "harm others or meet children", "keep sexual content from children".
_ACT_FIRST_EXCEPTIONS: tuple[Callable[[_Pair], bool], ...] = (
    lambda pair: (
        not pair.words and _VICTIM_PARTICIPLE.match(pair.deed) is not None and not _IMAGES_OF.search(pair.before)
    ),
    lambda pair: pair.is_harm and _is_done_to_others(pair.words),
    lambda pair: not pair.is_harm and ACCESS_WORD.search(pair.between) is not None,
    lambda pair: not pair.is_harm and pair.words[-1:] == ("from",) and _KEPT_FROM.search(pair.before) is not None,
)


def _is_done_to_others(words: tuple[str, ...]) -> bool:
    """Return whether an act is done to other people, and the minor belongs to the next act."""
    taken = next((at for at, word in enumerate(words) if word in OTHER_PEOPLE), None)
    if taken is None or {"including", "such", "especially", "particularly", "like", "under"} & set(words[taken + 1 :]):
        return False
    joined = [word for word in words[taken + 1 :] if word]
    return joined[:1] in (["or"], ["and"]) and len(joined) > MAX_WORDS_JOINED


# "Others or young children".
MAX_WORDS_JOINED = 2


def _is_shown_with(pair: _Pair) -> bool | None:
    """Return whether a minor is shown by what is sexual "with" or "to" a minor; None if it is another word."""
    if (
        pair.words[-1:] not in (("to",), ("with",), ("by",))
        or {"related", "relating", "relates", "relate"} & set(pair.words)
        or pair.deed in {"sexualize", "sexualise"}
    ):
        return None
    if pair.words[-1] == "with":
        return pair.deed in _ACTS_WITH or not _SHARING_VERB.search(pair.before)
    return pair.words[-1] == "to" and bool(_APPROACHES & set(pair.words))


# Sexual acts that are done "with" someone, whatever verb stands before them.
_ACTS_WITH = frozenset({"sex", "sexual", "sexually", "erotic", "lewd", "erp"})
# What is sexual and is said to a minor.
_APPROACHES = frozenset(
    "message messages advance advances comment comments remark remarks request requests dms".split()
)
