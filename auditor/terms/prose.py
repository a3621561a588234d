"""What a card's prose states: training data, intended and prohibited use, safeguards, by headings and plain phrases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import re2

from auditor.terms.clause import TOPIC
from auditor.terms.entries import PAIRED, Entries, compiled, pattern_set

# Keys whose phrases may be denied: "the model was not red-teamed" states no red teaming.
_NEVER_DENIED = frozenset({"prohibited_use", "limitations", "contact", "age_limit"})


@dataclass(frozen=True, slots=True)
class Mention:
    """A term that a text states; ``start`` is a character of the text."""

    key: str
    value: str
    start: int


@dataclass(frozen=True, slots=True)
class _Told:
    """What a pattern tells. It is compiled when it is first needed: most of them never are."""

    key: str
    value: str
    pattern: str
    heading: bool


@dataclass(frozen=True, slots=True)
class Prose:
    """Every term's patterns: one automaton tells which are there, then each alone tells where.

    The automaton also finds the clause's :data:`~auditor.terms.clause.TOPIC`: one pass answers for both.
    """

    together: re2.Set
    told: tuple[_Told, ...]

    def found(self, data: bytes) -> tuple[list[int], bool]:
        """Which of the patterns may be in a text, and whether the clause's topic is."""
        found = sorted(self.together.Match(data) or ())
        topic = bool(found) and found[-1] == len(self.told)
        return found[:-1] if topic else found, topic


def heading(words: str, letter: str = r"\pL") -> str:
    """An RE2 pattern for a heading (or a bold lead-in) that begins with these words."""
    return rf"(?m)^[ \t>]{{0,3}}(?:#{{1,6}}[ \t]*|\*\*[ \t]*|__[ \t]*)[^{letter}\n]{{0,12}}(?:{words})\b[^\n]*$"


def prose(entries: Entries) -> Prose:
    """Compiles the terms that state something by themselves."""
    patterns: list[str] = []
    told: list[_Told] = []
    for term in entries.terms:
        if term.kind in PAIRED or term.kind == "signal":
            continue
        words = [rf"\b{re2.escape(word)}\b" for word in term.words]
        for written in term.headings:
            # Every letter of Unicode, sixty times over, takes the set a second: it may find a heading too many.
            patterns.append(heading(written, "a-z"))
            told.append(_Told(term.kind, term.value, heading(written), True))
        for pattern in (*term.patterns, *words):
            patterns.append(pattern)
            told.append(_Told(term.kind, term.value, pattern, False))
    return Prose(pattern_set([*patterns, TOPIC.pattern.decode()]), tuple(told))


def mentions(
    data: bytes, found: Iterable[int], known: Prose, stated: Iterable[tuple[str, str]] = ()
) -> Iterator[Mention]:
    """What a text states, each key and value once, where it first does, but for what is ``stated`` already.

    ``found`` are the patterns that :meth:`Prose.found` found in it.
    """
    seen = set(stated)
    for index in found:
        told = known.told[index]
        if (told.key, told.value) in seen:
            continue
        for match in islice(compiled(told.pattern).finditer(data), 20):
            start, end = match.span()
            if _filled(data, end) if told.heading else told.key in _NEVER_DENIED or not _denied(data, start, end):
                seen.add((told.key, told.value))
                yield Mention(told.key, told.value, len(data[:start].decode("utf-8", "ignore")))
                break


# What the hub's card template leaves in a section nobody has written.
_EMPTY = re2.compile(
    rb"(?i)^[\s\[\](){}<>*_#.:|-]*(?:(?:more information (?:is )?needed|needs? more information|information needed|"
    rb"coming soon|to ?do|tbd|to be (?:added|written|done|announced)|n/?a|none|unknown|"
    rb"not (?:applicable|available|specified|yet)|optional|provide|"
    rb"<!--[^>]*-->)[\s\[\](){}<>*_.:|-]*)*$"
)
_NEXT = re.compile(rb"\n[ \t]{0,3}#{1,6}[ \t]")
_MARKS = b" \t\n\f\r[](){}<>*_#.:|-"
# One of these stands, after marks, wherever a placeholder does.
_PLACEHOLDERS = (
    b"more", b"need", b"information", b"coming", b"to", b"tbd", b"n/a", b"na", b"none", b"unknown", b"not",
    b"optional", b"provide", b"!--",
)  # fmt: skip


def _filled(data: bytes, end: int) -> bool:
    """Does anything stand under the heading that ends here, other than a template's placeholder?"""
    body = data[end : end + 600]
    following = _NEXT.search(body)
    section = body[: following.start()] if following else body
    # "## Training data" over "### Preprocessing" is filled by its subsection.
    if following and not section.strip():
        level = len(following.group().strip())
        own = data[max(0, data.rfind(b"\n", 0, end) + 1) : end].lstrip(b" \t")
        return level > len(own) - len(own.lstrip(b"#")) > 0 and _filled(data, end + following.end())
    words = section.lstrip(_MARKS)
    return bool(words) and not (words[:12].lower().startswith(_PLACEHOLDERS) and _EMPTY.match(section.strip()))


_NOT = re2.compile(
    rb"(?i)(?:\b(?:not|no|never|without|neither|nor|lacks?|lacking|cannot|non)|n't|n\xe2\x80\x99t)\b[^.!?\n]{0,60}$"
)
_HEDGED = re2.compile(
    rb"(?i)^[^.!?\n]{0,40}\b(?:(?:was|were|is|are|has|have) (?:not|never)|isn't|wasn't|weren't|hasn't)\b"
)


# One of these stands wherever the two above match.
_NO = (b"no", b"never", b"neither", b"without", b"lack", b"n't", b"n\xe2\x80\x99t")


def _denied(data: bytes, start: int, end: int) -> bool:
    before, after = data[max(0, start - 80) : start], data[end : end + 60]
    if not any(map((before + after).lower().__contains__, _NO)):
        return False
    return bool(_NOT.search(before) or _HEDGED.search(after))
