"""Find the licence that a card's text names: by a label, a heading, a table, a badge or a sentence about the subject.

A licence of something else (a base model, a data set that was used, the hub's own words) is none of the subject's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from auditor.terms.licences import Licences

# A text without it names no licence.
CUE = "licen[cs]"

# Limits for hostile texts: lines with the word, characters of a line, and of the paragraph under a heading.
_MAX_LINES = 60
_MAX_LINE = 600
_MAX_PARAGRAPH = 500
# A licence's name has at most so many words.
_MAX_NAME_WORDS = 10

_OWNER = r"(?:(?:code|models?|weights?|data(?:set)?s?|software|project|repository|content)(?:'s)? )?"
_LABEL = re.compile(
    rf"(?i)^[\s>*_|+•–-]{{0,20}}(?:[^\w\s]{{1,3}}\s*)?\W{{0,4}}{_OWNER}licen[cs](?:es?|ing)"
    r"(?: (?:information|type|id|identifier))?(?:\(s\))?[*_\]`\s]{0,6}(?:[:：|]|is\b|\s[–—-]\s)[*_\s|:]{0,12}"
    r"(?P<value>[^\s{].*)$"
)
_IDENTIFIER = re.compile(r"SPDX-License-Identifier:\s*(?P<value>[^\n*<]{2,120})")
_BADGE = re.compile(
    r"(?i)(?:shields\.io|badgen\.net|badge)/(?:badge/|static/v1\?label=)?(?:[\w%.]{1,30}[-_])?"
    r"licen[cs]es?(?:%3A|:)?(?:[-/]|&message=)(?P<value>[\w%.+()-]{2,80})"
)
_HEADING = re.compile(
    r"(?i)^\s{0,3}(?:#{1,6}|\*\*|__|<h[1-6][^>]{0,80}>)\s*(?:[\d.]{0,6}\s*)(?:[^\w\s]{1,3}\s*)?"
    rf"{_OWNER}(?:licen[cs](?:e|es|ing)(?: (?:information|and [\w ]{{1,30}}|agreement|details|terms))?"
    r"|\w{1,20} (?:and|&) licen[cs](?:e|es|ing))\s*:?\s*(?:\*\*|__|#{1,6}|</h[1-6]>)?\s*:?\s*$"
)
_UNDERLINED = re.compile(r"^\s{0,3}[-=]{3,}\s*$")
_SENTENCE = re.compile(
    r"(?i)(?:\b(?:this|the|our|these|all|it|we|i|its|your)\b(?P<subject>[^.\n]{0,90}?)\b"
    r"|(?:^|[.!?|>]\s)[\s>*_|+•–-]{0,10}(?:[^\w\s]{1,3}\s)?"
    r"(?:(?:code|(?:model )?weights|data|freely|software) (?:is |are )?)?)"
    r"(?:licen[cs]ed|released?|distributed|available|published|provided|shared|covered|governed|public"
    r"|open[- ]?sourced|subject|falls?|comes?|offered|issued)\b"
    r"[^.\n]{0,40}?\b(?:under|with|by|via|to|as)\b(?: (?:the|a|an))?(?: terms(?: and conditions)? of(?: the)?)?"
    r"[\s\[*_`\"'“(<]{1,6}(?P<value>[^\n]{2,200})"
)
# Whose licence it may be, if the sentence is not about the subject of the card.
_OF_ANOTHER = re.compile(
    r"(?i)\b(?:original|base|underlying|parent|upstream|teacher|third[- ]party|wikipedia|corpus|images?|source data"
    r"|training data|llama|qwen|mistral|gemma|whisper|bert)\b|https?:|\]\("
)
_LINK = re.compile(
    r"\[(?P<text>[^\]\n]{1,160})\]\((?P<url>[^)\s]{1,300})[^)\n]*\)|(?P<bare>https?://[^\s)>\]\"']{4,300})"
)
_CELL = re.compile(r"(?i)</?t[dh](?: [^<>\n]{0,200})?>")
_TAG = re.compile(r"<[^<>\n]{1,200}>")
_BLANKS = re.compile(r"[ \t]+")
_NAME_WORD = re.compile(r"\S+")
# Of a name of one word without a digit nobody can tell whether it is one ("Apache" is a foundation too), but of these.
_PLAIN_NAMES = re.compile(r"(?:MIT|ISC|GPL|LGPL|AGPL|WTFPL|Unlicense|zlib|CC0|BSD|mit|unlicense|gpl|bsd|cc0)")
_FIRST_LICENCE_WORD = re.compile(r"[Ll][Ii][Cc][Ee][Nn][CcSs]")  # found faster than in any letter case by a flag


# In place of a licence's id: its text stands under a link.
LINKED = "linked"


class LicenceMention(NamedTuple):
    """A licence that a text names, and where. ``is_certain``: by a label or under a heading, not in a sentence."""

    licence: str
    start: int
    is_certain: bool


def find_licence_mentions(body: str, licences: Licences) -> tuple[LicenceMention, ...]:
    """Return the licences that a card's text names as its own, each once, in the order of the text."""
    found: dict[str, LicenceMention] = {}
    for line, start in _lines_with_licence(body):
        for value, is_certain in _values(body, line, start):
            named = _named(value, licences, is_whole=is_certain)
            if not named and is_certain and _links_a_licence(value):
                named = (LINKED,)
            for licence in named:
                found.setdefault(licence, LicenceMention(licence, start, is_certain))
    if len(found) > 1:
        found.pop(LINKED, None)
    return tuple(found.values())


def _lines_with_licence(body: str) -> Iterator[tuple[str, int]]:
    """Yield the first lines with the word, cut, and their positions."""
    position = 0
    for _ in range(_MAX_LINES):
        match = _FIRST_LICENCE_WORD.search(body, position)
        if match is None:
            return
        start = max(body.rfind("\n", 0, match.start()) + 1, match.start() - _MAX_LINE)
        end = body.find("\n", match.start())
        end = len(body) if end < 0 else end
        yield body[start : min(end, match.start() + _MAX_LINE)], start
        position = end


def _values(body: str, line: str, start: int) -> Iterator[tuple[str, bool]]:
    """Yield what may name a licence in a line and under it, and whether only a licence can stand there."""
    plain = _BLANKS.sub(" ", _TAG.sub(" ", _CELL.sub(" | ", line)))
    for badge in _BADGE.finditer(line):
        value = unquote(badge["value"]).replace("--", "\0")
        yield value.rpartition("-")[0].replace("_", " ").replace("\0", "-") or value.replace("\0", "-"), True
    if identifier := _IDENTIFIER.search(line):
        yield identifier["value"], True
    elif _HEADING.match(line) or _UNDERLINED.match(_next_line(body, start + len(line))):
        if _HEADING.match(line) or _FIRST_LICENCE_WORD.match(plain.strip(" *_#")):
            yield _paragraph_after(body, start + len(line)), True
    elif label := _LABEL.match(plain):
        yield label["value"], True
    else:
        for sentence in _SENTENCE.finditer(line):
            if not _OF_ANOTHER.search(sentence["subject"] or ""):
                yield sentence["value"], False


def _next_line(body: str, end: int) -> str:
    """Return the line after the one that ends here."""
    return body[end + 1 : end + 80].partition("\n")[0]


def _paragraph_after(body: str, end: int) -> str:
    """Return the first words under a heading, on one line; "" if the next heading follows."""
    words = body[end : end + _MAX_PARAGRAPH].lstrip("\n\r -=")
    paragraph = " ".join(words.partition("\n\n")[0].split("\n"))
    return "" if paragraph.startswith("#") else _TAG.sub(" ", paragraph)


def _named(value: str, licences: Licences, *, is_whole: bool) -> tuple[str, ...]:
    """Return the licences that these words name at their beginning, as links, or in a sentence about a licence."""
    value = value.strip().strip("|").strip()
    for link in _LINK.finditer(value[:_MAX_PARAGRAPH]) if is_whole else ():
        for words in (link["text"], link["url"], link["bare"]):
            if words and (known := licences.find_licence_ids(words.strip("*_` ").rstrip(".,"))):
                return known
    plain = _LINK.sub(lambda match: match["text"] or match["bare"] or "", value).replace("*", "").replace("`", "")
    whole = plain.strip(" .\"'“”_()[]|")
    if is_whole and (known := licences.find_licence_ids(whole)):
        return known
    if known := _name_at_start(plain, licences):
        return known
    if is_whole:
        for sentence in re.finditer(
            r"(?i)\b(?:under|the|a|an|by|with|is|are|use[sd]?|licen[cs]e:?|terms of|follows)[ \"'“(]{1,3}(?=[A-Z\d])",
            plain,
        ):
            if known := _name_at_start(plain[sentence.end() :], licences):
                return known
    return ()


def _links_a_licence(value: str) -> bool:
    """Return whether a link of a label or paragraph leads to a licence's text."""
    urls = [link["url"] or link["bare"] for link in _LINK.finditer(value[:_MAX_PARAGRAPH])]
    return any(_FIRST_LICENCE_WORD.search(url.rpartition("/")[2]) for url in urls)


def _name_at_start(words: str, licences: Licences) -> tuple[str, ...]:
    """Return the licence whose name these words begin with, the longest name first."""
    for separator in (". ", "; ", " (", ", which", ", see", ", and "):
        words = words.partition(separator)[0]
    ends = [match.end() for match in _NAME_WORD.finditer(words[:_MAX_LINE])][:_MAX_NAME_WORDS]
    for end in reversed(ends):
        name = words[:end].strip(" \"'“”,.:;*_()[]|")
        known = licences.find_licence_id(name)
        if known and (any(map(str.isdigit, name)) or _FIRST_LICENCE_WORD.search(name) or _PLAIN_NAMES.fullmatch(name)):
            return (known,)
        if known and " " in name:
            return (known,)
    return ()
