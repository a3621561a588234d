"""Format and mask text for the page: dates, labels, and text from outside, which is made safe to show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

import re2
from markupsafe import Markup, escape

from auditor.printable import printable
from auditor.review.case_state import LedgerEvent, Stage
from auditor.review.decisions import Verdict
from auditor.terms.folding import disguised_pattern, fold
from auditor.terms.vocabulary import PAIRED_KINDS, Term

if TYPE_CHECKING:
    from re2 import _Regexp

MAX_NAME_LENGTH = 400  # characters of a name or fact
MAX_PROSE_LENGTH = 4000  # characters of what a reviewer or owner wrote
MASK = "▒▒▒▒"

STAGE_LABELS: Mapping[Stage, str] = MappingProxyType(
    {
        "new": "new",
        "claimed": "claimed",
        "proposed": "second review",
        "disputed": "disputed",
        "approved": "approved",
        "listed": "listed",
        "re-review": "re-review due",
        "appealed": "appealed",
        "waiting": "needs more facts",
        "overturned": "overturned",
    }
)
VERDICT_LABELS: Mapping[Verdict, str] = MappingProxyType(
    {
        "de-index": "De-index",
        "demote": "Demote",
        "label": "Label",
        "gate": "Gate",
        "refer": "Refer to a hotline",
        "interim": "De-index now for 72 hours",
        "no-action": "No action",
        "need-more": "Needs more facts",
    }
)
EVENT_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "begun": "created this ledger",
        "policy": "recorded the rules that a run used",
        "clock": "recorded that the clock was wrong before",
        "receipt": "recorded a recipient's receipt",
        "opened": "opened the case",
        "joined": "added re-uploads or reasons",
        "claimed": "claimed the case",
        "released": "released the case",
        "proposed": "proposed a decision",
        "reviewed": "gave the second opinion",
        "settled": "decided between two opinions",
        "withdrawn": "withdrew their opinion or confirmation",
        "interim": "de-indexed the subject for at most 72 hours",
        "confirmed": "recorded that a match was confirmed",
        "reopened": "opened a new round",
        "appealed": "recorded the owner's appeal",
        "appeal-decided": "decided the appeal",
        "reported": "recorded whether the case was reported",
        "notified": "recorded that the owner was notified",
        "listed": "put the decision on a list",
        "delisted": "took the decision off a list",
    }
)
# How a fact relates its subject to its value.
FACT_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "known_content": "matches entries of list",
        "known_content_lead": "has leads to entries of list",
        "known_model": "matches entries of list",
        "trained_on": "was trained on",
        "base_model": "was made from",
        "sourced_from": "was made from",
        "copy_of": "has the same weights as",
    }
)
# Keys whose values quote other texts: masked as a whole.
FULLY_MASKED_KEYS = frozenset({"adult_content", "signal", "tag", "title", "companion"})


def parse_time(iso: str) -> datetime | None:
    """Return a time, None if the text is not ISO 8601."""
    try:
        return datetime.fromisoformat(iso)
    except ValueError:
        return None


def readable_time(iso: str) -> str:
    """Return a time like "23 November 2026, 09:30 UTC"."""
    at = parse_time(iso)
    return f"{at.day} {at:%B %Y, %H:%M} UTC" if at else printable(iso, 40)


def relative_time(iso: str, now: str) -> str:
    """Return how long before or after `now` a time is, such as "3 hours ago"."""
    at, here = parse_time(iso), parse_time(now)
    if at is None or here is None:
        return ""
    seconds = (here - at).total_seconds()
    span = _span(abs(seconds))
    return "just now" if span == "" else f"in {span}" if seconds < 0 else f"{span} ago"


def _span(seconds: float) -> str:
    """Return a span of time in words for the page, in its largest unit."""
    for name, size in (("year", 365 * 86400), ("month", 30 * 86400), ("day", 86400), ("hour", 3600), ("minute", 60)):
        if number := int(seconds // size):
            return count_of(number, name)
    return ""


def count_of(number: int, name: str) -> str:
    """Return a number with its noun, in the plural where needed."""
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def mask_text(text: object, strong_words: StrongWords | None = None, limit: int = MAX_NAME_LENGTH) -> str:
    """Return text from outside on one line, with the strong words masked if they are given."""
    line = printable(str(text), limit)
    if strong_words is None:
        return line
    return "".join(MASK if strong else part for part, strong in strong_words.split(line))


def external_text_html(text: object, strong_words: StrongWords | None, limit: int = MAX_NAME_LENGTH) -> Markup:
    """Return the same as HTML, isolated so that right-to-left letters reorder nothing around them."""
    line = printable(str(text), limit)
    if strong_words is None:
        return Markup("<bdi>{}</bdi>").format(line)
    return Markup("<bdi>{}</bdi>").format(
        Markup().join(masked_html("a word") if strong else escape(part) for part, strong in strong_words.split(line))
    )


def masked_html(what: str) -> Markup:
    """Return a mask with a label for screen readers."""
    return Markup('<span class="masked" role="img" aria-label="{} masked">{}</span>').format(what, MASK)


def multiline_html(text: object, strong_words: StrongWords | None) -> Markup:
    """Return what a person wrote as HTML, its lines kept."""
    cut = str(text)
    lines = cut[:MAX_PROSE_LENGTH].replace("\r\n", "\n").split("\n")
    whole = Markup("<br>").join(external_text_html(line, strong_words, MAX_PROSE_LENGTH) for line in lines)
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
    """Yield the spans of strong words without the characters around them; two neighbours may share one separator."""
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


def event_label(event: LedgerEvent) -> str:
    """Return what somebody did in a few words, without the verdict."""
    return EVENT_LABELS.get(event.kind, event.kind)
