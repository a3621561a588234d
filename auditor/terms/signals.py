"""Signals in text for a person to review: a marker of adult content and a marker of minors close together.

Either alone says nothing, nor do both in a sentence that prohibits, filters or reports. Text is normalised
first (compatibility forms, look-alike letters, invisible and direction controls, letters spaced apart or
written as digits), each character in its place, so that a position in it is one in the original.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice

import re2

from auditor.clauses.prohibition import is_prohibitive_or_protective
from auditor.terms.patterns import compile_pattern
from auditor.terms.vocabulary import HashedTerms, Term

# Characters between two markers that still count as close together: about a dozen words.
NEAR = 60
# Mentions of one marker of minors that are looked at: more say no more.
MOST = 500
# Stands for a character that reads as nothing (zero-width, bidi control, combining mark).
NOTHING = "\x7f"

# Letters of other scripts that look like Latin ones (a part of Unicode's confusables.txt, UTS 39).
_LOOKING_LIKE: Mapping[str, str] = {
    "3": "з", "a": "аɑαᴀ", "b": "вьß", "c": "сϲᴄ", "d": "ԁɗᴅđ", "e": "еєεᴇ",
    "f": "ғ", "g": "ɡց", "h": "һнʜħ", "i": "іїιıɪ", "j": "јᴊ", "k": "кκᴋ",
    "l": "ӏⅼǀʟł", "m": "мᴍ", "n": "пոηɴ", "o": "оοօσᴏø", "p": "рρᴘ", "q": "ԛ",
    "r": "гʀ", "s": "ѕꜱ", "t": "тτᴛ", "u": "υսцᴜ", "v": "ѵνᴠ", "w": "ԝшωᴡ",
    "x": "хχ", "y": "уγʏ", "z": "ᴢ",
}  # fmt: skip
_LOOKALIKES = {letter: plain for plain, letters in _LOOKING_LIKE.items() for letter in letters}
# Digits and signs written for letters, as RE2 classes over folded text.
_WRITTEN: Mapping[str, str] = {
    "a": "[a4@]", "b": "[b8]", "c": "[c(]", "e": "[e3]", "g": "[g9]", "i": "[i1!|l]", "l": "[l1|i]", "o": "[o0]",
    "s": "[s5$]", "t": "[t7+]", "u": "[uv]", "x": "[x%]",
}  # fmt: skip
_RANGES = ((0xA0, 0x600), (0x1D00, 0x2070), (0x2100, 0x2190), (0x2460, 0x2500), (0xA720, 0xA7B0), (0xFB00, 0xFB07),
           (0xFE00, 0xFE10), (0xFEFF, 0xFF5F), (0x1D400, 0x1D800), (0x1F100, 0x1F1AA))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signal:
    """``value``: a term's id, or two joined by " + "; ``start``, ``end``: characters of the original text."""

    value: str
    start: int
    end: int


@cache
def _folds() -> dict[int, str]:
    """One character for each that is another form of an ASCII letter or digit, or reads as nothing."""
    folds: dict[int, str] = {0x3164: NOTHING, 0x115F: NOTHING, 0x1160: NOTHING, 0x180E: NOTHING}
    for low, high in _RANGES:
        for point in range(low, high):
            character = chr(point)
            if unicodedata.category(character) in ("Cf", "Mn", "Me") or 0xFE00 <= point <= 0xFE0F:
                folds[point] = NOTHING
                continue
            plain = unicodedata.normalize("NFKD", character).casefold()
            plain = "".join(_LOOKALIKES.get(letter, letter) for letter in plain if not unicodedata.combining(letter))
            plain = plain.strip("()., ")
            if plain.isascii() and len(plain) == 1 and plain.isalnum():
                folds[point] = plain
            elif character.isspace():
                folds[point] = " "
    folds.update({ord(letter): plain for letter, plain in _LOOKALIKES.items()})
    return folds


_ASCII = bytes(range(128))
_FOREIGN = re.compile(r"[^\x00-\x7f]+")


def folded(text: str) -> str:
    """The text in plain letters where it used others, of the same length: positions are kept."""
    if text.isascii():
        return text
    folds = _folds()
    foreign = text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass")
    found = [point for point in map(ord, set(foreign)) if point in folds]
    if len(found) > 8:
        return _FOREIGN.sub(lambda run: run.group().translate(folds), text)
    for point in found:  # a dash, an accent or two, as most texts have
        text = text.replace(chr(point), folds[point])
    return text


def disguised(word: str) -> str:
    """An RE2 pattern over folded text for a word (or words), letters written as digits or spaced apart."""
    letters = [_WRITTEN.get(letter, re2.escape(letter)) for letter in word.lower() if letter.isalnum()]
    parts = word.lower().split()
    joined = r"[\s_\-\x7f]+".join(
        NOTHING_MAYBE.join(_WRITTEN.get(letter, re2.escape(letter)) for letter in part) for part in parts
    )
    # Letters apart: every gap is one, or the spacing of ordinary words would make words of its own.
    apart = r"[\s\x7f._*~|/,\-]{1,4}".join(letters)
    # Before it: nothing of a word. A pattern consumes that character, so it is a group of its own.
    return rf"(?:^|[^a-z0-9])(?:{joined}|{apart})(?:$|[^a-z0-9])" if len(letters) > 1 else rf"\b{joined}\b"


NOTHING_MAYBE = r"\x7f*"


@dataclass(frozen=True, slots=True)
class Markers:
    """The vocabulary's markers, compiled. ``cue`` finds any marker of minors or lone signal: most texts hold none."""

    cue: str
    adult: tuple[tuple[str, re2._Regexp], ...]
    minor: tuple[tuple[str, re2._Regexp], ...]
    alone: tuple[tuple[str, re2._Regexp], ...]
    hashed: tuple[HashedTerms, ...] = ()


def markers(terms: Sequence[Term], hashed_terms: Sequence[HashedTerms] = ()) -> Markers:
    """Compiles the markers; once a worker."""

    def of(kind: str) -> tuple[tuple[str, re2._Regexp], ...]:
        return tuple((term.value, compile_pattern(_pattern(term))) for term in terms if term.kind == kind)

    cue = "|".join(_pattern(term) for term in terms if term.kind in ("minor", "signal"))
    return Markers(cue, of("adult"), of("minor"), of("signal"), tuple(hashed_terms))


def _pattern(term: Term) -> str:
    return "|".join(f"(?:{pattern})" for pattern in (*map(disguised, term.words), *term.patterns))


def signals(plain: str, data: bytes, known: Markers, cued: bool = True) -> Iterator[Signal]:
    """What a person should look at, in order; each pair of terms once a text.

    ``plain`` is the :func:`folded` text and ``data`` its UTF-8; ``cued``: the markers' cue may be in it.
    """
    if cued:
        for name, pattern in known.alone:
            if match := pattern.search(data):
                yield Signal(name, *_characters(data, match.span()))
        yield from _pairs(plain, data, known)
    for hashed in known.hashed:
        yield from _hashed(plain, hashed)


def _pairs(plain: str, data: bytes, known: Markers) -> Iterator[Signal]:
    found: dict[str, Signal] = {}
    minors = [
        (name, _trimmed(data, match)) for name, pattern in known.minor for match in islice(pattern.finditer(data), MOST)
    ]
    for name, (start, end) in sorted(minors, key=lambda minor: minor[1]):
        low, high = max(0, start - NEAR), end + NEAR
        around = data[low:high]
        for other, pattern in known.adult:
            value = f"{other} + {name}"
            if value in found:
                continue
            for match in pattern.finditer(around):
                first, last = _trimmed(around, match)
                begin, finish = min(start, low + first), max(end, low + last)
                if low + first < end and start < low + last:
                    continue  # one and the same word
                span = _characters(data, (begin, finish))
                if not is_prohibitive_or_protective(_sentence(plain, span)):
                    found[value] = Signal(value, *span)
                    break
    yield from sorted(found.values(), key=lambda signal: (signal.start, signal.value))


def _trimmed(data: bytes, match: re2._Match) -> tuple[int, int]:
    """The span of a match without the characters beside the word, which its pattern had to look at."""
    start, end = match.span()
    while start < end and not chr(data[start]).isalnum() and data[start] < 0x80:
        start += 1
    while end > start and not chr(data[end - 1]).isalnum() and data[end - 1] < 0x80:
        end -= 1
    return start, end


def _characters(data: bytes, span: tuple[int, int]) -> tuple[int, int]:
    start = len(data[: span[0]].decode("utf-8", "ignore"))
    return start, start + len(data[span[0] : span[1]].decode("utf-8", "ignore"))


_NOT_SAFE = re.compile(r"not[ _-]safe[ _-]for[ _-]work", re.I)  # its "not" denies nothing
_END = re.compile(r"[.!?]\s|\n\s*\n|\n\s*[-*#|•]")


def _sentence(text: str, span: tuple[int, int]) -> str:
    """The sentence around a span, with at most 300 characters before and after it."""
    low, high = max(0, span[0] - 300), min(len(text), span[1] + 300)
    for mark in _END.finditer(text, low, span[0]):
        low = mark.end()
    if mark_after := _END.search(text, span[1], high):
        high = mark_after.start() + 1
    return _NOT_SAFE.sub("nsfw", " ".join(text[low:high].replace(NOTHING, "").split()))


# --- an operator's words that nobody should read ----------------------------------------------------------

_WORDS = re.compile(r"[a-z0-9\x7f]+(?:'[a-z]+)?", re.I)


def normal_tokens(plain: str) -> list[tuple[str, int, int]]:
    """Words of folded text in lower case, and their places; single letters in a row make one word."""
    tokens: list[tuple[str, int, int]] = []
    for match in _WORDS.finditer(plain):
        word = match.group().replace(NOTHING, "").lower()
        if not word:
            continue
        apart = len(word) == 1 and tokens and match.start() - tokens[-1][2] <= 2
        if apart and (len(tokens[-1][0]) == 1 or tokens[-1][2] - tokens[-1][1] > len(tokens[-1][0])):
            before, start, _ = tokens[-1]
            tokens[-1] = (before + word, start, match.end())
        else:
            tokens.append((word, match.start(), match.end()))
    return tokens


def digest_of(words: str, key: bytes) -> str:
    """How an operator writes a term into ``[hashed]``: HMAC-SHA256 over its normalised words, 64 hex digits."""
    normal = " ".join(word for word, _, _ in normal_tokens(folded(words)))
    return hmac.new(key, normal.encode(), hashlib.sha256).hexdigest()


def _hashed(plain: str, hashed: HashedTerms) -> Iterator[Signal]:
    tokens = normal_tokens(plain)
    seen: set[str] = set()
    for length in hashed.lengths:
        for at in range(len(tokens) - length + 1):
            run = tokens[at : at + length]
            words = " ".join(word for word, _, _ in run)
            name = hashed.terms.get(hmac.digest(hashed.key, words.encode(), "sha256"))
            if name is not None and name not in seen:
                seen.add(name)
                yield Signal(name, run[0][1], run[-1][2])
