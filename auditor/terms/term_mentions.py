"""Find statements in a card's prose, such as training data, intended use and safeguards, by headings and phrases."""

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

# A negated phrase states nothing ("the model was not red-teamed"), except of these keys.
_NEVER_DENIED = frozenset({"prohibited_use", "limitations", "contact", "age_limit"})


@dataclass(frozen=True, slots=True)
class Mention:
    """A term that a text states; ``start`` is a byte of the text's UTF-8."""

    key: str
    value: str
    start: int


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A pattern and its key and value. It is compiled at its first use, since most patterns are never used.

    ``exceptions`` are patterns; where one of them is found in the sentence of a match, the match states nothing.
    """

    key: str
    value: str
    pattern: str
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CompiledMentions:
    """The compiled terms: one automaton finds which phrases a text holds, then each phrase's pattern finds where.

    The automaton also finds the ``cues`` of other derivations: one pass over a text serves them all.
    ``heading_terms`` returns the keys and values that a heading's line states, from a cache: cards share most of their
    headings.
    """

    pattern_set: re2.Set
    phrases: tuple[_Phrase, ...]
    cues: tuple[str, ...]
    heading_terms: Callable[[bytes], tuple[tuple[str, str], ...]]

    def search(self, data: bytes) -> tuple[list[int], list[str]]:
        """Return the indices of the phrases that a text may hold, and the cues that it holds."""
        found = sorted(self.pattern_set.Match(data) or ())
        own = bisect_left(found, len(self.phrases))
        return found[:own], [self.cues[index - len(self.phrases)] for index in found[own:]]


def compile_mentions(vocabulary: Sequence[Term], cues: Mapping[str, str]) -> CompiledMentions:
    """Compile the terms that state something by themselves, and the patterns of ``cues``."""
    terms = [term for term in vocabulary if term.kind not in PAIRED_KINDS and term.kind != "signal"]
    headed = _compile_headings([(term.kind, term.value, words) for term in terms for words in term.headings])
    phrases = tuple(
        _Phrase(term.kind, term.value, pattern, term.exceptions)
        for term in terms
        for pattern in (*map(_allow_line_breaks, term.patterns), *(rf"\b{re2.escape(word)}\b" for word in term.words))
    )
    pattern_set = compile_pattern_set([*(phrase.pattern for phrase in phrases), *cues.values()])
    return CompiledMentions(pattern_set, phrases, tuple(cues), headed)


_SPACE_OUTSIDE_CLASS = re.compile(r"(\[(?:\\.|[^\]\\])+\]|\\.)| ")


def _allow_line_breaks(pattern: str) -> str:
    """Return the pattern with every space outside a character class matching a line break too: cards wrap lines."""
    return _SPACE_OUTSIDE_CLASS.sub(lambda match: match[1] or "[ \\n]", pattern)


def _compile_headings(terms: list[tuple[str, str, str]]) -> Callable[[bytes], tuple[tuple[str, str], ...]]:
    """Return a function that finds which terms a heading of a card states."""
    pattern_set = compile_pattern_set([rf"^(?:{words})\b" for _, _, words in terms])

    @lru_cache(maxsize=1 << 14)
    def heading_terms(line: bytes) -> tuple[tuple[str, str], ...]:
        """Return the terms that a heading of a card's prose states."""
        text = line.decode("utf-8", "replace").lstrip(" \t>#*_")
        # Before the words there may be a number, a bullet or a pictogram.
        first = next((at for at, letter in enumerate(text[:_MAX_MARKS]) if letter.isalpha()), 0)
        found = pattern_set.Match(text[first:].encode()) or ()
        return tuple(terms[index][:2] for index in sorted(found))

    return heading_terms


_HEADING = re.compile(rb"\n[ \t>]{0,3}(?:#{1,6}|\*\*|__)[^\n]+")  # what begins with a letter is found fast
_MAX_MATCHES = 20  # of one phrase that are checked for a negation
_SECTION_BYTES = 600  # under a heading in which something other than a placeholder must be
_MAX_MARKS = 13  # characters before the words of a heading: a number, a bullet, a pictogram
_SENTENCE_BYTES = 300  # before and after a phrase that count as its sentence
_SENTENCE_END = re.compile(rb"[.!?](?=\s|$)|\n\s*\n|\n(?=[#*>|-])")
_HEADING_BYTES = 300  # the words that matter are at the beginning of a heading


def find_mentions(
    data: bytes, found: Iterable[int], prose: CompiledMentions, stated: Iterable[tuple[str, str]] = ()
) -> Iterator[Mention]:
    """Yield the mentions of terms in a card, each key and value once, at its first place.

    Args:
        data: The UTF-8 of the folded text.
        found: The phrases that :meth:`CompiledMentions.search` found in it.
        prose: The compiled terms.
        stated: Keys and values that are stated already, and left out.
    """
    seen = set(stated)
    for match in _HEADING.finditer(b"\n" + data):
        for stated_term in prose.heading_terms(match.group()[1:_HEADING_BYTES]):
            if stated_term not in seen and _has_content(data, match.end() - 1):
                seen.add(stated_term)
                yield Mention(*stated_term, match.start())
    for index in found:
        phrase = prose.phrases[index]
        if (phrase.key, phrase.value) in seen:
            continue
        for match in islice(compile_pattern(phrase.pattern).finditer(data), _MAX_MATCHES):
            start, end = match.span()
            if phrase.key not in _NEVER_DENIED and _is_denied(data, start, end):
                continue
            if not _is_excepted(phrase, data, start, end):
                seen.add((phrase.key, phrase.value))
                yield Mention(phrase.key, phrase.value, start)
                break


def sentence_at(data: bytes, start: int, end: int) -> bytes:
    """Return the sentence around a span, cut to :data:`_SENTENCE_BYTES` on either side."""
    before, after = data[max(0, start - _SENTENCE_BYTES) : start], data[end : end + _SENTENCE_BYTES]
    first = max((match.end() for match in _SENTENCE_END.finditer(before)), default=0)
    following = _SENTENCE_END.search(after)
    return before[first:] + data[start:end] + (after[: following.start()] if following else after)


def _is_excepted(phrase: _Phrase, data: bytes, start: int, end: int) -> bool:
    """Return whether the sentence around a term's phrase has one of the phrase's exceptions."""
    if not phrase.exceptions:
        return False
    sentence = sentence_at(data, start, end)
    return any(compile_pattern(pattern).search(sentence) for pattern in phrase.exceptions)


# The placeholder of the hub's card template in a section that was not filled in.
_PLACEHOLDER_SECTION = re2.compile(
    rb"(?i)^[\s\[\](){}<>*_#.:|-]*(?:(?:more information (?:is )?needed|needs? more information|information needed|"
    rb"coming soon|to ?do|tbd|to be (?:added|written|done|announced)|n/?a|none|unknown|"
    rb"not (?:applicable|available|specified|yet)|optional|provide|"
    rb"<!--[^>]*-->)[\s\[\](){}<>*_.:|-]*)*$"
)
_NEXT_HEADING = re.compile(rb"\n[ \t]{0,3}#{1,6}[ \t]")
_MARKS = b" \t\n\f\r[](){}<>*_#.:|-"
# Every placeholder begins with one of these, after marks.
_PLACEHOLDERS = (
    b"more", b"need", b"information", b"coming", b"to", b"tbd", b"n/a", b"na", b"none", b"unknown", b"not",
    b"optional", b"provide", b"!--",
)  # fmt: skip


def _has_content(data: bytes, end: int) -> bool:
    """Return whether there is anything but a template's placeholder under a term's heading that ends here."""
    body = data[end : end + _SECTION_BYTES]
    following = _NEXT_HEADING.search(body)
    section = body[: following.start()] if following else body
    # "## Training data" over "### Preprocessing" is filled by its subsection.
    if following and not section.strip():
        level = len(following.group().strip())
        own = data[max(0, data.rfind(b"\n", 0, end) + 1) : end].lstrip(b" \t")
        return level > len(own) - len(own.lstrip(b"#")) > 0 and _has_content(data, end + following.end())
    words = section.lstrip(_MARKS)
    return bool(words) and not (
        words[:12].lower().startswith(_PLACEHOLDERS) and _PLACEHOLDER_SECTION.match(section.strip())
    )


_NEGATION_BEFORE = re2.compile(
    rb"(?i)(?:\b(?:not|no|never|without|neither|nor|lacks?|lacking|cannot|non)|n't|n\xe2\x80\x99t)\b[^.!?\n]{0,60}$"
)
_NEGATION_AFTER = re2.compile(
    rb"(?i)^[^.!?\n]{0,40}\b(?:(?:was|were|is|are|has|have) (?:not|never)|isn't|wasn't|weren't|hasn't)\b"
)


# Wherever one of the two patterns above matches there is one of these.
_NEGATION_WORDS = (b"no", b"never", b"neither", b"without", b"lack", b"n't", b"n\xe2\x80\x99t")


def _is_denied(data: bytes, start: int, end: int) -> bool:
    """Return whether a card's prose denies what a term's phrase states."""
    before, after = data[max(0, start - 80) : start], data[end : end + 60]
    if not any(map((before + after).lower().__contains__, _NEGATION_WORDS)):
        return False
    return bool(_NEGATION_BEFORE.search(before) or _NEGATION_AFTER.search(after))
