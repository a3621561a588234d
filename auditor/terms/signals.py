"""Find signals in text for a person to review: a marker of adult content and a marker of minors close together.

Either alone is no signal, nor are both in a sentence that prohibits, filters or reports.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import re2

from auditor.clauses.cues import CompiledCues
from auditor.clauses.prohibition import is_prohibitive_or_protective
from auditor.terms.folding import INVISIBLE, disguised_pattern
from auditor.terms.keyed_words import HashedTerms, find_hashed_terms
from auditor.terms.patterns import compile_pattern
from auditor.terms.vocabulary import Term

# The largest distance in bytes between a marker of adult content and one of minors: about a dozen words.
MAX_DISTANCE = 60
# The most mentions of one marker of minors that are examined, which bounds the time for a hostile text.
MAX_MENTIONS = 500
_SENTENCE_REACH = 300  # characters


@dataclass(frozen=True, slots=True)
class Signal:
    """``value``: a term's id, or two joined by " + "; ``start``, ``end``: characters of the original text."""

    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Markers:
    """The compiled markers of a vocabulary, by the value that they state.

    ``cue`` is a pattern that finds any marker of minors and any lone signal: most texts have none.
    """

    cue: str
    adult: tuple[tuple[str, re2._Regexp], ...]
    minor: tuple[tuple[str, re2._Regexp], ...]
    alone: tuple[tuple[str, re2._Regexp], ...]
    hashed: tuple[HashedTerms, ...] = ()


def compile_markers(terms: Sequence[Term], hashed_terms: Sequence[HashedTerms] = ()) -> Markers:
    """Compile the markers of signals among a vocabulary's terms."""

    def compile_kind(kind: str) -> tuple[tuple[str, re2._Regexp], ...]:
        """Compile the markers of one kind of signal."""
        return tuple((term.value, compile_pattern(_term_pattern(term))) for term in terms if term.kind == kind)

    cue = "|".join(_term_pattern(term) for term in terms if term.kind in ("minor", "signal"))
    return Markers(cue, compile_kind("adult"), compile_kind("minor"), compile_kind("signal"), tuple(hashed_terms))


def _term_pattern(term: Term) -> str:
    """Return the pattern of a signal's marker."""
    return "|".join(f"(?:{pattern})" for pattern in (*map(disguised_pattern, term.words), *term.patterns))


def find_signals(
    plain: str, data: bytes, markers: Markers, clause_cues: CompiledCues, cued: bool = True
) -> Iterator[Signal]:
    """Yield the signals that a person should review, each pair of terms once.

    Args:
        plain: The folded text.
        data: The UTF-8 of the folded text.
        markers: What is looked for.
        clause_cues: Cues of sentences that prohibit, in which there is no signal.
        cued: Whether the text may hold the markers' cue.
    """
    if cued:
        for name, pattern in markers.alone:
            if match := pattern.search(data):
                yield Signal(name, *_character_span(data, match.span()))
        yield from _find_pairs(plain, data, markers, clause_cues)
    for hashed in markers.hashed:
        for name, start, end in find_hashed_terms(plain, hashed):
            yield Signal(name, start, end)


def _find_pairs(plain: str, data: bytes, markers: Markers, clause_cues: CompiledCues) -> Iterator[Signal]:
    """Yield each signal: a marker of minors and one of adult content that are close together in the text."""
    found: dict[str, Signal] = {}
    minors = [
        (name, _trim_span(data, match))
        for name, pattern in markers.minor
        for match in islice(pattern.finditer(data), MAX_MENTIONS)
    ]
    for name, (start, end) in sorted(minors, key=lambda minor: minor[1]):
        low, high = max(0, start - MAX_DISTANCE), end + MAX_DISTANCE
        around = data[low:high]
        for other, pattern in markers.adult:
            value = f"{other} + {name}"
            if value in found:
                continue
            for match in pattern.finditer(around):
                first, last = _trim_span(around, match)
                begin, finish = min(start, low + first), max(end, low + last)
                if low + first < end and start < low + last:
                    continue  # the same word
                span = _character_span(data, (begin, finish))
                if not is_prohibitive_or_protective(clause_cues, _surrounding_sentence(plain, span)):
                    found[value] = Signal(value, *span)
                    break
    yield from sorted(found.values(), key=lambda signal: (signal.start, signal.value))


def _trim_span(data: bytes, match: re2._Match) -> tuple[int, int]:
    """Return the span of a signal's marker without the characters around the word, which its pattern includes."""
    start, end = match.span()
    while start < end and not chr(data[start]).isalnum() and data[start] < 0x80:
        start += 1
    while end > start and not chr(data[end - 1]).isalnum() and data[end - 1] < 0x80:
        end -= 1
    return start, end


def _character_span(data: bytes, span: tuple[int, int]) -> tuple[int, int]:
    """Return the characters of a signal's span of bytes."""
    start = len(data[: span[0]].decode("utf-8", "ignore"))
    return start, start + len(data[span[0] : span[1]].decode("utf-8", "ignore"))


_NOT_SAFE_FOR_WORK = re.compile(r"not[ _-]safe[ _-]for[ _-]work", re.I)  # its "not" denies nothing
_SENTENCE_END = re.compile(r"[.!?]\s|\n\s*\n|\n\s*[-*#|•]")


def _surrounding_sentence(text: str, span: tuple[int, int]) -> str:
    """Return the sentence around a signal, with at most :data:`_SENTENCE_REACH` characters on either side."""
    low, high = max(0, span[0] - _SENTENCE_REACH), min(len(text), span[1] + _SENTENCE_REACH)
    for mark in _SENTENCE_END.finditer(text, low, span[0]):
        low = mark.end()
    if mark_after := _SENTENCE_END.search(text, span[1], high):
        high = mark_after.start() + 1
    return _NOT_SAFE_FOR_WORK.sub("nsfw", " ".join(text[low:high].replace(INVISIBLE, "").split()))
