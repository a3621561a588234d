"""Show text from outside on the page, with the strong words masked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import re2
from markupsafe import Markup, escape

from auditor.printable import printable
from auditor.terms.folding import disguised_pattern, fold
from auditor.terms.vocabulary import PAIRED_KINDS, Term

if TYPE_CHECKING:
    from re2 import _Regexp


MAX_NAME_LENGTH = 400  # characters of a name or fact
MAX_PROSE_LENGTH = 4000  # characters of what a reviewer or owner wrote
MASK = "▒▒▒▒"


def mask_text(text: object, strong_words: StrongWords | None = None, limit: int = MAX_NAME_LENGTH) -> str:
    """Return text from outside on one line, with the strong words masked if they are given."""
    line = printable(str(text), limit)
    if strong_words is None:
        return line
    return "".join(MASK if strong else part for part, strong in strong_words.split(line))


def masked_text_html(text: object, strong_words: StrongWords | None, limit: int = MAX_NAME_LENGTH) -> Markup:
    """Return masked text as HTML, isolated so that right-to-left letters reorder nothing around it."""
    line = printable(str(text), limit)
    if strong_words is None:
        return Markup("<bdi>{}</bdi>").format(line)
    return Markup("<bdi>{}</bdi>").format(
        Markup().join(mask_html("a word") if strong else escape(part) for part, strong in strong_words.split(line))
    )


def mask_html(what: str) -> Markup:
    """Return the HTML of a mask over a strong word, with a label for screen readers."""
    return Markup('<span class="masked" role="img" aria-label="{} masked">{}</span>').format(what, MASK)


def masked_lines_html(text: object, strong_words: StrongWords | None) -> Markup:
    """Return what a person wrote as HTML, its lines kept and the strong words masked."""
    cut = str(text)
    lines = cut[:MAX_PROSE_LENGTH].replace("\r\n", "\n").split("\n")
    whole = Markup("<br>").join(masked_text_html(line, strong_words, MAX_PROSE_LENGTH) for line in lines)
    return whole + (f"… ({len(cut):,} characters)" if len(cut) > MAX_PROSE_LENGTH else "")


@dataclass(frozen=True, slots=True)
class StrongWords:
    """The words for adult content and minors, however they are disguised, that the page masks."""

    pattern: _Regexp

    @classmethod
    def compile(cls, terms: Iterable[Term]) -> StrongWords:
        """Compile the markers among a vocabulary's terms."""
        words = sorted({disguised_pattern(word) for term in terms if term.kind in PAIRED_KINDS for word in term.words})
        options = re2.Options()
        options.case_sensitive = False
        options.max_mem = 64 << 20
        return cls(re2.compile("|".join(f"(?:{word})" for word in words), options))

    def split(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield the text in pieces, each with whether it is a strong word."""
        start = 0
        for begin, end in _strong_word_spans(self.pattern, fold(text)):
            if begin > start:
                yield text[start:begin], False
            if end > start:
                yield text[max(begin, start) : end], True
                start = end
        yield text[start:], False


def _strong_word_spans(strong: _Regexp, text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of strong words to mask, without the characters around them."""
    at = 0
    while found := strong.search(text, at):
        begin, end = found.span()
        while begin < end and not text[begin].isalnum():
            begin += 1
        while end > begin and not text[end - 1].isalnum():
            end -= 1
        if begin == end:
            return
        yield begin, end
        at = end
