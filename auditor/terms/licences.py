"""Recognise licences by name and by text, whatever the spelling, the line breaks or the copyright notice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import Literal, NamedTuple

from auditor.terms.licence_words import WORD_BYTES, decode_words

# The numbers of first lines and characters in which a title is searched for.
_TITLE_LINES = 4
_TITLE_CHARACTERS = 1_000
_MAX_TITLE = 100  # characters of a line that can be a title
_MAX_NAME = 300  # characters of a licence's name or address; what is longer is text
_NUMBER = re.compile(r"\b\d+\.\d+\b")


# exact: all differences are formal. edited: the known text with changes. derived: another text that shares much with
# it, such as another version or a sibling. unknown: no known text.
TextRelation = Literal["exact", "edited", "derived", "unknown"]


@dataclass(frozen=True, slots=True)
class Licence:
    """One licence of the vocabulary. ``clause``: explicit, by-reference, absent or unknown (then nothing is stated)."""

    id: str
    title: str
    spdx: str = ""
    aliases: tuple[str, ...] = ()
    permits: Mapping[str, str] = field(default_factory=dict)
    clause: str = "unknown"
    refers: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class LicenceText:
    """A licence's text as the hashes of its words.

    ``first`` and ``last`` bound the words of the licence itself: a title before it and an appendix after it may be
    left out or filled in.
    """

    licence: str
    data: bytes
    first: int = 0
    last: int = 0

    @property
    def words(self) -> tuple[int, ...]:
        """The hashes of the words."""
        return decode_words(self.data)

    @property
    def end(self) -> int:
        """The index after the last word of the licence itself."""
        return self.last or len(self.data) // WORD_BYTES


class TextMatch(NamedTuple):
    """A known text in a file: how similar the words are, what differs, and the line of the first difference."""

    licence: str
    relation: TextRelation
    share: float
    differences: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Licences:
    """All licences of a vocabulary, by id and by every spelling; and their texts."""

    by_id: Mapping[str, Licence]
    by_key: Mapping[tuple[str, ...], str]
    texts: tuple[LicenceText, ...] = ()
    known_words: tuple[str, ...] = ()

    def find_licence_id(self, words: str) -> str:
        """Return the id of the licence that these words (a name, an SPDX id, a URL) mean; "" if none is known.

        "other", "unknown" and "unlicensed" are none; "unlicense" is one.
        """
        if len(words) > _MAX_NAME:
            return ""
        return self.by_key.get(spelling_key(_name_in_url(words)), "") if words else ""

    def find_licence_ids(self, words: str) -> tuple[str, ...]:
        """Return the ids of the licences that a name, a list or an SPDX expression (``MIT OR Apache-2.0``) names.

        "or later" and "only" are left out; an exception (``WITH``) is a licence of its own if it is known.
        """
        known = self.find_licence_id(words)
        if known or len(words) > _MAX_NAME or not words:
            return (known,) if known else ()
        parts = (words,) if "://" in words else _SEPARATOR.split(words)
        ids = (self.find_licence_id(_LATER.sub("", part.strip(" ()[]\"'"))) for part in parts)
        return tuple(dict.fromkeys(known for known in ids if known))

    def recognise_text(self, text: str) -> tuple[TextMatch, ...]:
        """Return the licences whose texts a file holds; the last one has no licence if other terms remain."""
        from auditor.terms.licence_texts import index_texts  # imports numpy, and few files are licences

        found = index_texts(self.texts, self.known_words).find(text)
        return tuple(
            match._replace(relation="derived")
            if match.relation == "edited" and self._title_names_another(text, match.licence)
            else match
            for match in found
        )

    def _title_names_another(self, text: str, licence: str) -> bool:
        """Return whether the title names another licence of the family: Llama 3.2's is nine tenths Llama 3.1's.

        The name of the family itself ("GNU General Public License") is not another licence.
        """
        titles = [line.strip(" #*=\t") for line in text[:_TITLE_CHARACTERS].split("\n")]
        titles = [title for title in titles if 0 < len(title) <= _MAX_TITLE][:_TITLE_LINES]
        named = {self.by_key.get(spelling_key(title), "") for title in titles} - {""}
        if named:
            return not any(licence == name or licence.startswith(f"{name}-") for name in named)
        known = self.by_id.get(licence)
        own = set(_NUMBER.findall(" ".join((known.title, known.spdx, *known.aliases)))) if known else set()
        numbers = set(_NUMBER.findall(" ".join(titles)))
        return bool(own and numbers) and not own & numbers


class SpellingConflict(ValueError):
    """One spelling names two licences, whose ids are ``licences``."""

    def __init__(self, spelling: str, first: str, second: str) -> None:
        super().__init__(f"“{spelling}” names both {first} and {second}")
        self.licences = (first, second)


def index_licences(
    known: Iterable[Licence], texts: tuple[LicenceText, ...] = (), known_words: tuple[str, ...] = ()
) -> Licences:
    """Index licences by every spelling, and their texts. Raises :class:`SpellingConflict`."""
    by_id: dict[str, Licence] = {}
    by_key: dict[tuple[str, ...], str] = {}
    for licence in known:
        by_id[licence.id] = licence
        for spelling in (licence.id, licence.title, licence.spdx, *licence.aliases):
            if spelling and by_key.setdefault(spelling_key(spelling), licence.id) != licence.id:
                raise SpellingConflict(spelling, by_key[spelling_key(spelling)], licence.id)
    return Licences(by_id, by_key, texts, known_words)


# What separates the licences of an SPDX expression or a list.
_SEPARATOR = re.compile(r"(?i)\s+(?:and(?:/or)?|or|with|plus)\s+|\s*[,;/|&]\s*")
_LATER = re.compile(r"(?i)(?:[- ](?:or[- ]later|only|or[- ](?:any[- ])?(?:later|newer)[- ]version)|(?<=\d)\+)$")
_TOKENS = re.compile(r"\d+(?:\.\d+)*|[^\W\d_]+|\+\+|\+")
_VERSION = re.compile(r"v(?=\d)")
_IGNORED_WORDS = frozenset(
    {"license", "licence", "licensed", "version", "ver", "the", "agreement", "international", "unported"}
)
_URLS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"creativecommons\.org/publicdomain/zero/(\d\.\d)"), r"cc0 \1"),
    (re.compile(r"creativecommons\.org/licenses/([a-z-]+)/(\d\.\d)"), r"cc \1 \2"),
    (re.compile(r"(?:opensource|spdx)\.org/licen[cs]es?/([\w.+-]+?)(?:\.html|\.json|\.txt)?/?$"), r"\1"),
    (re.compile(r"(?:choosealicense|tldrlegal)\.com/licenses?/([\w.+-]+?)(?:-\([\w.%-]*\))?/?$"), r"\1"),
    (re.compile(r"apache\.org/licenses/license-(\d\.\d)"), r"apache \1"),
    (re.compile(r"gnu\.org/(?:licenses|copyleft)/([a-z]+-?[\d.]*?)(?:\.html|\.txt|\.en)*/?$"), r"\1"),
    (re.compile(r"opendatacommons\.org/licenses/([a-z]+)"), r"\1"),
)


@lru_cache(maxsize=1 << 12)  # a hub names few licences, often
def spelling_key(words: str) -> tuple[str, ...]:
    """Return a key that all spellings of a licence share: "apache-2" and "Apache License, Version 2.0" have one key."""
    folded = _VERSION.sub(" ", unicodedata.normalize("NFKC", words).casefold())
    tokens = (
        f"{token}.0" if token.isdecimal() else token for token in _TOKENS.findall(folded) if token not in _IGNORED_WORDS
    )
    return tuple(token for token, _ in groupby(tokens))  # "MIT License (MIT)" repeats its name


def _name_in_url(words: str) -> str:
    """Return the licence's name in the URL of a licence; other words unchanged."""
    if "://" not in words and "www." not in words:
        return words
    lower = words.strip().lower()
    for pattern, short in _URLS:
        if match := pattern.search(lower):
            return "odc by" if (name := match.expand(short)) == "by" else name
    return words
