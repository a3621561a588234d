"""Find the targets of a prohibition: abuse, harm or sexualisation of a minor, or such imagery by name."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice

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
    found = [
        span for span in found if not (_is_statistic(unit, *span) or cues.has("alleged", unit[: span[0]].rstrip()))
    ]
    if not found or is_about_labour_or_machines(cues, unit) or cues.has("not-a-target", unit):
        return ()
    return tuple(sorted(found))


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


def _is_act_on_minor(cues: CompiledCues, unit: str, match: re2._Match, *, minor_first: bool) -> bool:
    """Return whether the act concerns the minor: the words between say that it is done to them or shows them."""
    deed_group, minor_group = (3, 1) if minor_first else (1, 3)
    deed, minor = match.group(deed_group).lower(), match.group(minor_group).lower()
    after_deed = unit[match.end(deed_group) :].lstrip(" -").split(maxsplit=1)
    if deed == "sex" and _DISCRIMINATION.search(unit):
        return False  # "age, sex, sexual orientation"
    if (
        deed in {"sexual", "sexually", "sex"}
        and after_deed
        and after_deed[0].lower().strip(".,;:()") in NOUNS_AFTER_HARMLESS_SEXUAL
    ):
        return False
    if minor_first and after_deed and after_deed[0].lower().strip(".,;:()") in NOUNS_ABOUT_ABUSE:
        return False
    after_minor = unit[match.end(minor_group) :].split(maxsplit=1)
    next_word = after_minor[0].lower().strip(".,;:()") if after_minor else ""
    if minor == "child" and next_word in NOUNS_AFTER_TECHNICAL_CHILD:
        return False
    is_act = cues.pattern("{harm}|{sexual}")
    is_person = next_word in WORDS_AFTER_A_MINOR or next_word.startswith(("'s", "’s")) or is_act.fullmatch(next_word)
    if minor.endswith(" minor") and not is_person:
        return False
    low, high = match.span(minor_group)
    if any(other.start < high and low < other.end for other in cues.find("not-a-minor", unit)):
        return False
    between = match.group(2)
    if "reasonabl" in between:
        between = _REASONABLE_PERSON.sub(" ", between)
    if _CLAUSE_BREAK.search(between):
        return False
    words = [word.strip("\"'“”’().,*_").lower() for word in between.replace("/", " ").replace(",", " ").split()]
    if between[:2] in ("'s", "’s"):
        words = words[1:]
    if deed.startswith("exploit") and _ADVERTISING_CODE.match(unit[match.start() :]):
        return False
    if minor_first and _WHO_WERE.search(between):
        return False
    if minor_first and between.strip() == "," and unit[: match.start()].lower().endswith("no "):
        return False  # "No minors, explicit talk inside"
    if minor_first and _VICTIM_NOUN.search(between) and not _IMAGES_OF.search(unit[: match.start()]):
        return False
    if (
        not minor_first
        and not words
        and _VICTIM_PARTICIPLE.match(deed)
        and not _IMAGES_OF.search(unit[: match.start()])
    ):
        return False
    harming = cues.pattern("{harm}").fullmatch(deed) is not None
    if minor_first:
        if (
            ACCESS_WORD.search(between)
            or _MODAL_OR_PRONOUN.search(between)
            or _NEXT_CLAUSE.search(between)
            or (harming and deed.endswith(("ing", "s")))
        ):
            return False
        return sum(word not in CONNECTING_WORDS for word in words) <= 1
    if harming:
        taken = next((at for at, word in enumerate(words) if word in OTHER_PEOPLE), None)
        rest = words[taken + 1 :] if taken is not None else []
        if taken is not None and not {"including", "such", "especially", "particularly", "like", "under"} & set(rest):
            joined = [word for word in rest if word]
            if joined and joined[0] in {"or", "and"} and len(joined) > 2:
                return False
        return sum(word not in CONNECTING_WORDS and not is_act.fullmatch(word) for word in words) <= 3
    if (
        words
        and words[-1] in {"to", "with", "by"}
        and "related" not in words
        and "relating" not in words
        and deed not in {"sexualize", "sexualise"}
    ):
        return words[-1] == "with" and (
            deed in {"sex", "sexual", "sexually", "erotic", "lewd", "erp"}
            or (deed.startswith("porn") and not _SHARING_VERB.search(unit[: match.start()]))
        )
    if ACCESS_WORD.search(between) or (words and words[-1] == "from" and _KEPT_FROM.search(unit[: match.start()])):
        return False
    return sum(word not in CONNECTING_WORDS and not is_act.fullmatch(word) for word in words) <= 5


# "… keeps sexual content from minors".
_KEPT_FROM = lazy_pattern(r"(?i)\b(?:keep|kept|hid|shield|protect|block|withh)\w*\b[^.;]{0,60}$")
# "Pornographic material with minors" shows them, unless it is shared with them.
_SHARING_VERB = lazy_pattern(r"(?i)\b(?:shar|show|watch|discuss|view|look|send|see|leav|talk)\w*\b[^.;]{0,60}$")
