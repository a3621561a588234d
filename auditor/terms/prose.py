"""What a card's prose states: training data, intended and prohibited use, safeguards, by headings and plain phrases."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import re2

from auditor.terms.patterns import compile_pattern, compile_pattern_set
from auditor.terms.vocabulary import PAIRED_KINDS, Term

# Keys whose phrases may be denied: "the model was not red-teamed" states no red teaming.
_NEVER_DENIED = frozenset({"prohibited_use", "limitations", "contact", "age_limit"})


@dataclass(frozen=True, slots=True)
class Mention:
    """A term that a text states; ``start`` is a byte of the text's UTF-8."""

    key: str
    value: str
    start: int


@dataclass(frozen=True, slots=True)
class _Told:
    """What a pattern tells. It is compiled when it is first needed: most of them never are."""

    key: str
    value: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Prose:
    """Every term's patterns: one automaton tells which are there, then each alone tells where.

    The automaton also finds the ``cues`` of other derivations: one pass over a text answers for them all.
    ``headed`` is what a heading's line tells, by key and value; hubs' cards share most of their headings.
    """

    together: re2.Set
    told: tuple[_Told, ...]
    cues: tuple[str, ...]
    headed: Callable[[bytes], tuple[tuple[str, str], ...]]

    def found(self, data: bytes) -> tuple[list[int], list[str]]:
        """Which of the phrases may be in a text, and which cues are."""
        found = sorted(self.together.Match(data) or ())
        own = bisect_left(found, len(self.told))
        return found[:own], [self.cues[index - len(self.told)] for index in found[own:]]


def prose(vocabulary: Sequence[Term], cues: Mapping[str, str]) -> Prose:
    """Compiles the terms that state something by themselves, and the patterns of ``cues``."""
    terms = [term for term in vocabulary if term.kind not in PAIRED_KINDS and term.kind != "signal"]
    headed = _headed([(term.kind, term.value, words) for term in terms for words in term.headings])
    told = tuple(
        _Told(term.kind, term.value, pattern)
        for term in terms
        for pattern in (*term.patterns, *(rf"\b{re2.escape(word)}\b" for word in term.words))
    )
    together = compile_pattern_set([*(one.pattern for one in told), *cues.values()])
    return Prose(together, told, tuple(cues), headed)


def _headed(terms: list[tuple[str, str, str]]) -> Callable[[bytes], tuple[tuple[str, str], ...]]:
    together = compile_pattern_set([rf"^(?:{words})\b" for _, _, words in terms])

    @lru_cache(maxsize=1 << 14)
    def headed(line: bytes) -> tuple[tuple[str, str], ...]:
        text = line.decode("utf-8", "replace").lstrip(" \t>#*_")
        # Before the words there may be a number, a bullet or a pictogram.
        first = next((at for at, letter in enumerate(text[:13]) if letter.isalpha()), 0)
        found = together.Match(text[first:].encode()) or ()
        return tuple(terms[index][:2] for index in sorted(found))

    return headed


_HEADING = re.compile(rb"\n[ \t>]{0,3}(?:#{1,6}|\*\*|__)[^\n]+")  # what begins with a letter is found fast
_HEAD = 300  # bytes of a heading: the words that tell stand at its beginning


def mentions(
    data: bytes, found: Iterable[int], known: Prose, stated: Iterable[tuple[str, str]] = ()
) -> Iterator[Mention]:
    """What a text states, each key and value once, where it first does, but for what is ``stated`` already.

    ``found`` are the phrases that :meth:`Prose.found` found in it.
    """
    seen = set(stated)
    for match in _HEADING.finditer(b"\n" + data):
        for told in known.headed(match.group()[1:_HEAD]):
            if told not in seen and _filled(data, match.end() - 1):
                seen.add(told)
                yield Mention(*told, match.start())
    for index in found:
        phrase = known.told[index]
        if (phrase.key, phrase.value) in seen:
            continue
        for match in islice(compile_pattern(phrase.pattern).finditer(data), 20):
            start, end = match.span()
            if phrase.key in _NEVER_DENIED or not _denied(data, start, end):
                seen.add((phrase.key, phrase.value))
                yield Mention(phrase.key, phrase.value, start)
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
