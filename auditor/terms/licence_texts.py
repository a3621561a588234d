"""Recognise licences by their texts, and tell what was changed in them.

A known text is a sequence of hashes of words. The words of a file are aligned with it; each difference is either
formal (a title, the owner's name, the number of a clause), as the SPDX matching guidelines define it, or an edit.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from auditor.terms.licence_words import (
    LIMITING_NOUNS,
    MAX_WORDS,
    OPERATIVE_WORDS,
    LicenceWords,
    fold_word,
    hash_word,
    read_words,
)
from auditor.terms.licences import LicenceText, TextMatch, TextRelation

# A text is an edited form of a known one if it shares this share of its own or of the known words, and the second of
# the other side's. Measured: siblings such as Llama 3.1 and SDXL 0.9 share 0.5-0.8 of both sides; a text with a clause
# more or less keeps 0.9 of one side.
EDITED_SHARE = 0.9
EDITED_OTHER_SHARE = 0.6
# Another text that shares this much of both sides is derived from the known one.
DERIVED_SHARE = 0.5

# Words of a run that must be equal for two texts to be compared at all.
_RUN = 4
# Limits for hostile texts: texts found in one file, alignments tried for each of them, and the product of the numbers
# of words up to which a gap between anchors is aligned word by word.
_MAX_FOUND = 60
_MAX_TRIES = 8
_MAX_GAP_PRODUCT = 100_000
# Words on either side of the words in common that are also compared.
_MARGIN = 12
# A run of words in common at the edge of a text that is shorter and lies apart is a coincidence.
_MIN_EDGE_RUN = 3
_MAX_EDGE_GAP = 20
_MAX_EDGE_WORDS = 1_000
# Fewer words than that, and a text is not compared: a title is no licence.
_MIN_WORDS = 12
# How many differences are shown, and how many words of each.
MAX_SHOWN = 4
MAX_SHOWN_WORDS = 24
# Of the texts that explain a file, one without edits is preferred if it has this share of the best one's words.
_AS_GOOD_SHARE = 0.8
# Beside the numbers of a version or a date as many words may differ.
_MAX_OTHER_WORDS = 4
# An appendix may be left out; so few words of it that differ are a change.
_SMALL_CHANGE = 3
# A list of licences holds so many texts or more.
_MIN_TEXTS_OF_LIST = 3
# Words from the beginning of a text in which its version and date stand.
_HEAD_WORDS = 80

# What a licence calls its owner: a copy has the owner's name there.
_HOLDERS = frozenset(
    """holder holders author authors contributor contributors owner owners regents university organization
    organizations company companies copyright developer developers maintainer maintainers project foundation
    corporation inc committers institute institution team person persons group consortium individual
    individuals entity entities related""".split()
)
_HOLDER_FILLERS = frozenset(
    "the of and or nor its their his her any other all by name names california berkeley to this software".split()
)
_NAME_WORDS = frozenset("the name names of".split())
_ARTICLES = frozenset("the a an this these its their his her any other said".split())
_NUMERALS = re.compile(r"\d{1,2}|[a-z]|[ivx]{1,5}")
_VERSION_WORDS = frozenset(
    "january february march april june july august september october november december v version".split()
)
# From so many letters on, words of which one letter differs are the same word, misspelt.
_MIN_TYPO_LETTERS = 6
# The words of a licence of its own, in what stands beside a known text.
_GRANT = re.compile(
    r"permission (?:is|to)|redistribution and use|hereby grant|granted|licensed under|distributed under|released under"
    r"|under the terms|public domain|free software|terms and conditions|may be (?:freely )?(?:used|copied|distributed)"
    r"|copying and distribution"
)
# Words that limit what a text permits, in what stands beside it; a preface may say that conditions follow.
_DECIDING_WORDS = (OPERATIVE_WORDS | LIMITING_NOUNS) - set(
    "subject condition conditions agree agrees permission permissions void may might should".split()
)
# "nor the name of …" names one more owner.
_OTHER_NAME = re.compile(r"\bnor the names? of\b")
_OWN_GRANT = re.compile(
    r"permission to use|permission is (?:also )?(?:hereby |herewith )?granted|redistribution and use"
)
_LICENCE_NOUNS = frozenset("use uses license licensed version edition terms only non".split())
_YEAR = re.compile(r"(?:19|20)\d\d")
_SEPARATOR = re.compile(r"(?im)^[ \t>#|]{0,40}(?:[-=*_~#]{3,}[ \t]*$|licen[cs]e[ \t]*:|files[ \t]*:)")
# Lines of Debian's machine-readable list of the licences of a package's files.
_LIST_FIELD = re.compile(r"(?im)^(?:files|format|license|copyright|upstream-name|source|comment):")
_MIN_LIST_FIELDS = 3
# Words with which a file's preface says that an exception follows in its own words, not in the licence's.
_NOTICE = re.compile(
    r"(?:except|unless)(?: where| as| when)?(?: otherwi[sz]e)?(?: expressly)? "
    r"(?:noted|stated|indicated|marked|specified)"
    r"|if a copy of the mpl was not distributed with this \w+|mit no attribution|do not edit"
)


class _Difference(NamedTuple):
    """Words of the known text [left_start, left_end) that stand in the file as its words [start, end)."""

    left_start: int
    left_end: int
    start: int
    end: int


@dataclass(frozen=True)
class _Alignment:
    """A known text on a stretch of a file's words, and the differences that are not formal."""

    known: LicenceText
    start: int
    end: int
    equal: int
    edits: tuple[_Difference, ...]

    @property
    def edited_words(self) -> int:
        return sum(max(edit.left_end - edit.left_start, edit.end - edit.start) for edit in self.edits)

    @property
    def score(self) -> float:
        """How well the known text explains the file: words in common, less those that differ."""
        return self.equal - 1.5 * self.edited_words

    @property
    def shares(self) -> tuple[float, float]:
        """The shares of the known words and of the file's that are in common."""
        own = sum(edit.end - edit.start for edit in self.edits)
        known = sum(edit.left_end - edit.left_start for edit in self.edits)
        return self.equal / max(1, self.equal + known), self.equal / max(1, self.equal + own)


@lru_cache(maxsize=4)
def index_texts(texts: tuple[LicenceText, ...], known_words: tuple[str, ...]) -> TextIndex:
    """Return the index of the known texts; built once in each process."""
    return TextIndex(texts, known_words)


@dataclass(frozen=True)
class TextIndex:
    """The known texts, indexed by their runs of words."""

    texts: tuple[LicenceText, ...]
    known_words: tuple[str, ...] = ()

    @cached_property
    def _runs(self) -> tuple[Any, Any, Any]:
        """The runs of all texts, sorted; the text of each; and the number of different runs of each text."""
        runs = [np.unique(_runs_of(np.array(text.words, np.uint64))) for text in self.texts]
        owners = np.repeat(np.arange(len(runs)), [len(each) for each in runs])
        joined = np.concatenate(runs) if runs else np.zeros(0, np.uint64)
        order = np.argsort(joined, kind="stable")
        return joined[order], owners[order], np.array([max(1, len(each)) for each in runs])

    @cached_property
    def _word_of(self) -> dict[int, str]:
        """The words by their hash, as far as they are known."""
        return {hash_word(fold_word(word)): word for word in self.known_words}

    def find(self, text: str) -> tuple[TextMatch, ...]:
        """Return the known texts in a file, in their order; a last one without a licence if other terms remain."""
        read = read_words(text)
        if len(read.words) > MAX_WORDS:
            read = read._replace(words=read.words[:MAX_WORDS])
        return _Comparison(self, read).matches() if len(read.words) >= _MIN_WORDS else ()

    def candidates(self, runs: Any) -> list[int]:
        """Return the texts that share most runs with these, the best first."""
        joined, owners, sizes = self._runs
        unique = np.unique(runs)
        first, last = np.searchsorted(joined, unique, "left"), np.searchsorted(joined, unique, "right")
        hits = np.zeros(len(self.texts))
        for start, end in zip(first[first < last], last[first < last], strict=True):
            hits[owners[start:end]] += 1
        rank = hits * (hits / sizes)
        best = np.argsort(-rank, kind="stable")[:_MAX_TRIES]
        return [int(at) for at in best if hits[at] >= max(2, 0.15 * sizes[at])]

    def word(self, hashed: int) -> str:
        """Return the word with this hash; "…" if it is not known."""
        return self._word_of.get(hashed, "…")


def _runs_of(words: Any) -> Any:
    """Return the hashes of the runs of :data:`_RUN` words that begin at each word."""
    if len(words) < _RUN:
        return np.zeros(0, np.uint64)
    count = len(words) - _RUN + 1
    runs = np.zeros(count, np.uint64)
    with np.errstate(over="ignore"):
        for at in range(_RUN):
            runs = (runs ^ words[at : at + count]) * np.uint64(0x9E3779B97F4A7C15)
            runs ^= runs >> np.uint64(29)
    return runs


class _Comparison:
    """The comparison of one file's words with the known texts."""

    def __init__(self, index: TextIndex, read: LicenceWords) -> None:
        """Hash the words of the file."""
        self.index = index
        self.read = read
        self.hashes = [hash_word(word.folded) for word in read.words]
        self.words_of_file = {hashed: word.folded for hashed, word in zip(self.hashes, read.words, strict=True)}
        self.runs = _runs_of(np.array(self.hashes, np.uint64))

    def matches(self) -> tuple[TextMatch, ...]:
        """Return the known texts that the file holds, in order, then whether it holds terms of no known text."""
        found = self._align_all()
        added: dict[int, list[_Difference]] = {}
        has_others = not found
        is_list = len(found) >= _MIN_TEXTS_OF_LIST or len(_LIST_FIELD.findall(self.read.text)) >= _MIN_LIST_FIELDS
        has_several = is_list or len({each.known.licence for each in found}) > 1
        for start, end, neighbour in self._stretches_between(found):
            if found and self._is_harmless_text(start, end):
                continue
            if found and not has_several and not self._is_licence_of_its_own(start, end):
                added.setdefault(neighbour, []).append(_Difference(0, 0, start, end))
            else:
                has_others = True
        made = [self._match(each, tuple(added.get(at, ())), is_list) for at, each in enumerate(found)]
        unique: dict[tuple[str, str, tuple[str, ...]], TextMatch] = {}
        for match in made:
            unique.setdefault((match.licence, match.relation, match.differences), match)
        others = (TextMatch("", "unknown", 0.0),) if has_others else ()
        return (*unique.values(), *others)

    def _align_all(self) -> list[_Alignment]:
        """Return the known texts of the file, in order, each on words of its own."""
        free = [(0, len(self.hashes))]
        found: list[_Alignment] = []
        while free and len(found) < _MAX_FOUND:
            start, end = free.pop()
            if end - start < _MIN_WORDS:
                continue
            best = self._best(start, end)
            if best is not None:
                found.append(best)
                free += [(start, best.start), (best.end, end)]
        return sorted(found, key=lambda each: each.start)

    def _best(self, start: int, end: int) -> _Alignment | None:
        """Return the known text that explains most of the words [start, end) of the file."""
        runs = self.runs[start : max(start, end - _RUN + 1)]
        tried = [self._align(self.index.texts[at], start, end) for at in self.index.candidates(runs)]
        good = [each for each in tried if each is not None and self._relation(each) != "unknown"]
        if not good:
            return None
        best = max(good, key=lambda each: (each.score, -len(each.known.data)))
        without_edits = [each for each in good if not each.edits and each.equal >= _AS_GOOD_SHARE * best.equal]
        return max(without_edits, key=lambda each: each.equal, default=best)

    def _align(self, known: LicenceText, start: int, end: int) -> _Alignment | None:
        """Align a known text with the words [start, end) of the file."""
        window = self._window(known, start, end)
        if window is None:
            return None
        first, last = window
        blocks = _trimmed(_equal_runs(known.words, self.hashes[first:last]))
        if not blocks:
            return None
        differences = []
        left, right = 0, blocks[0][1]
        for at, place, size in blocks:
            if at > left or place > right:
                differences.append(_Difference(left, at, first + right, first + place))
            left, right = at + size, place + size
        if left < len(known.words):
            differences.append(_Difference(left, len(known.words), first + right, first + right))
        edits = tuple(each for each in differences if not self._is_formal(known, each))
        equal = sum(size for _, _, size in blocks)
        return _Alignment(known, first + blocks[0][1], first + right, equal, edits)

    def _window(self, known: LicenceText, start: int, end: int) -> tuple[int, int] | None:
        """Return the stretch of the file's words [start, end) on which the known text stands, with a margin."""
        own = _runs_of(np.array(known.words, np.uint64))
        runs = self.runs[start : max(start, end - _RUN + 1)]
        unique, first = np.unique(own, return_index=True)
        if not len(unique) or not len(runs):
            return None
        at = np.minimum(np.searchsorted(unique, runs), len(unique) - 1)
        places = np.flatnonzero(unique[at] == runs)
        if not len(places):
            return None
        offsets = places - first[at[places]]
        width = max(30, len(known.words) // 2)
        buckets = offsets // width
        values, counts = np.unique(buckets, return_counts=True)
        pairs = counts + np.array([counts[values == value + 1].sum() for value in values])
        best = values[int(np.argmax(pairs))]
        near = (buckets == best) | (buckets == best + 1)
        chosen, lefts = places[near], first[at[places]][near]
        before = int(lefts.min()) + _MARGIN
        after = len(known.words) - int(lefts.max()) + _MARGIN
        return max(start, start + int(chosen.min()) - before), min(end, start + int(chosen.max()) + after)

    # What is formal

    def _is_formal(self, known: LicenceText, difference: _Difference) -> bool:
        """Return whether a difference is one of those that the SPDX matching guidelines ignore."""
        left = [self._word(hashed) for hashed in known.words[difference.left_start : difference.left_end]]
        places = range(difference.start, difference.end)
        marks = self.read.marks.issuperset(places)
        right = [self.read.words[at].folded for at in places if at not in self.read.marks]
        if difference.left_end <= known.first or difference.left_start >= known.end:
            is_small = len(left) <= _SMALL_CHANGE and OPERATIVE_WORDS.intersection(left)
            return not is_small and not _DECIDING_WORDS.intersection(right)
        if difference.left_start < known.first:  # the title, and the first words of the licence itself
            left = left[known.first - difference.left_start :]
        if difference.left_end > known.end:
            left = left[: known.end - difference.left_end]
        if marks and all(map(_NUMERALS.fullmatch, left)):
            return True
        if all(map(_YEAR.fullmatch, (*left, *right))):
            return True
        if "".join(left) == "".join(right) or (_ARTICLES.issuperset(left) and _ARTICLES.issuperset(right)):
            return True
        if len(left) == len(right) and all(map(_is_same_word, left, right)):
            return True
        if self._is_repeated_title(known, left, right):
            return True
        if OPERATIVE_WORDS.intersection(left) or OPERATIVE_WORDS.intersection(
            _OTHER_NAME.sub("", " ".join(right)).split()
        ):
            return False
        if right and self.read.addresses.issuperset(range(difference.start, difference.end)):
            return len(left) <= len(right) + 6
        return self._is_owners_name(known, difference, left, right)

    def _is_repeated_title(self, known: LicenceText, left: Sequence[str], right: Sequence[str]) -> bool:
        """Return whether words that are missing repeat the title."""
        title = {self._word(hashed) for hashed in known.words[: known.first]}
        return not right and bool(title) and title.issuperset(left) and not OPERATIVE_WORDS.intersection(left)

    def _is_owners_name(
        self, known: LicenceText, difference: _Difference, left: Sequence[str], right: Sequence[str]
    ) -> bool:
        """Return whether the words of a difference name the owner, where the known text has a word for one."""
        names = _HOLDERS | _HOLDER_FILLERS
        if left and names.issuperset(left) and _HOLDERS.intersection(left):
            return True
        if not left and _NAME_WORDS.issuperset(right):  # "Names of Acme may not be used" for "the name of …"
            return True
        around = (
            *known.words[max(0, difference.left_start - 2) : difference.left_start],
            *known.words[difference.left_end : difference.left_end + 2],
        )
        if not names.issuperset(left) or not _HOLDERS.intersection(map(self._word, around)):
            return False
        if names.issuperset(right):
            return True
        capitals = all(
            self.read.text[word.start].isupper() or word.folded in names or not word.folded.isalpha()
            for word in self.read.words[difference.start : difference.end]
        )
        return (capitals and len(right) <= MAX_SHOWN_WORDS) or (bool(left) and len(right) == 1)

    def _word(self, hashed: int) -> str:
        """Return a word of the known text or the file by its hash."""
        return self.words_of_file.get(hashed) or fold_word(self.index.word(hashed))

    # What stands beside the known texts

    def _stretches_between(self, found: list[_Alignment]) -> Iterator[tuple[int, int, int]]:
        """Yield the stretches of words that belong to no known text, each with the text that it stands beside."""
        position = 0
        for at, each in enumerate(found):
            if each.start > position:
                yield position, each.start, max(0, at - 1)
            position = each.end
        if position < len(self.hashes):
            yield position, len(self.hashes), len(found) - 1

    def _is_harmless_text(self, start: int, end: int) -> bool:
        """Return whether words beside a known text decide nothing: titles, names, addresses."""
        words = " ".join("" if self._is_in_a_name(at) else self.read.words[at].folded for at in range(start, end))
        return not _DECIDING_WORDS.intersection(_NOTICE.sub(" ", words).split())

    def _is_in_a_name(self, at: int) -> bool:
        """Return whether a word that could limit a permission is part of a name: "Tennessee Research Foundation"."""
        if self.read.words[at].folded not in LIMITING_NOUNS:
            return False
        around = self.read.words[max(0, at - 1) : at + 2]
        return len(around) > 1 and all(
            self.read.text[word.start : word.end].istitle() and word.folded not in _LICENCE_NOUNS for word in around
        )

    def _is_licence_of_its_own(self, start: int, end: int) -> bool:
        """Return whether words beside a known text are another licence: a grant under a notice or a line of its own."""
        words = " ".join(word.folded for word in self.read.words[start:end])
        if _OWN_GRANT.search(words):
            return True
        if not _GRANT.search(words):
            return False
        first = self.read.words[start - 1].end if start else 0
        last = self.read.words[end - 1].end
        notices = self.read.notices
        at = bisect_left(notices, first)
        return (at < len(notices) and notices[at] < last) or _SEPARATOR.search(self.read.text, first, last) is not None

    # What is said

    def _relation(self, each: _Alignment) -> TextRelation:
        """Return how a file's text relates to a known one, by the words that they share."""
        of_known, of_file = each.shares
        if each.equal < _MIN_WORDS or min(of_known, of_file) < DERIVED_SHARE:
            return "unknown"
        if not each.edits:
            return "exact"
        is_near = max(of_known, of_file) >= EDITED_SHARE and min(of_known, of_file) >= EDITED_OTHER_SHARE
        return "edited" if is_near and not self._is_other_version(each) else "derived"

    def _is_other_version(self, each: _Alignment) -> bool:
        """Return whether the version or date at the head of the text is another."""
        for edit in each.edits:
            left = [self._word(hashed) for hashed in each.known.words[edit.left_start : edit.left_end]]
            right = [word.folded for word in self.read.words[edit.start : edit.end]]
            before = each.known.words[max(0, edit.left_start - 2) : edit.left_start]
            context = {*left, *right, *map(self._word, before)}
            is_dated = bool(_VERSION_WORDS & context) or any(map(_YEAR.fullmatch, context))
            numbers = [[word for word in side if word.isdecimal() or word in _VERSION_WORDS] for side in (left, right)]
            others = len(left) + len(right) - len(numbers[0]) - len(numbers[1])
            if edit.left_start < _HEAD_WORDS and is_dated and all(numbers) and others <= _MAX_OTHER_WORDS:
                return True
        return False

    def _match(self, each: _Alignment, added: tuple[_Difference, ...], is_list: bool) -> TextMatch:
        """Return what is said of a known text in the file. In a list of many licences each may have variants."""
        relation = self._relation(each)
        if relation == "edited" and is_list:
            relation = "derived"
        if relation == "exact" and added:
            relation = "edited"
        if relation == "exact":
            return TextMatch(each.known.licence, relation, 1.0)
        edits = (*each.edits, *added)
        shown = tuple(words for edit in edits for words in self._show(each.known, edit))
        first = min((edit.start for edit in edits), default=0)
        place = self.read.words[min(first, len(self.read.words) - 1)].start
        more = (f"and {len(shown) - MAX_SHOWN} more",) if len(shown) > MAX_SHOWN else ()
        line = self.read.text.count("\n", 0, place) + 1
        return TextMatch(each.known.licence, relation, min(each.shares), (*shown[:MAX_SHOWN], *more), line)

    def _show(self, known: LicenceText, edit: _Difference) -> Iterator[str]:
        """Yield the words that were removed and added, in order."""
        removed = [self._shown_word(hashed) for hashed in known.words[edit.left_start : edit.left_end]]
        words = self.read.words[edit.start : edit.end]
        if removed:
            yield f"removed: {_shortened(removed)}"
        if words:
            yield f"added: {_shortened([self.read.text[word.start : word.end] for word in words])}"

    def _shown_word(self, hashed: int) -> str:
        """Return a word of a known text for a person to read."""
        word = self.index.word(hashed)
        return word if word != "…" else self.words_of_file.get(hashed, "…")


def _shortened(words: Sequence[str]) -> str:
    """Return the first words, and how many more there are."""
    shown = " ".join(words[:MAX_SHOWN_WORDS])
    return f"{shown} … ({len(words) - MAX_SHOWN_WORDS} more words)" if len(words) > MAX_SHOWN_WORDS else shown


def _is_same_word(left: str, right: str) -> bool:
    """Return whether two words are one: its singular and plural, or a word of many letters with one mistake."""
    if left == right or (left.rstrip("s") == right.rstrip("s") and len(left) > 2):
        return True
    if min(len(left), len(right)) < _MIN_TYPO_LETTERS or left[0] != right[0] or abs(len(left) - len(right)) > 1:
        return False
    if {left, right} & OPERATIVE_WORDS:
        return False
    start = next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    rests = (
        (left[start + 1 :], right[start + 1 :]),
        (left[start + 1 :], right[start:]),
        (left[start:], right[start + 1 :]),
    )
    return any(a == b for a, b in rests) or (
        left[start : start + 2] == right[start : start + 2][::-1] and left[start + 2 :] == right[start + 2 :]
    )


_Block = tuple[int, int, int]


def _equal_runs(left: Sequence[int], right: Sequence[int]) -> list[_Block]:
    """Return the runs of equal words in order, as (place in left, place in right, length).

    Runs that occur once on both sides are anchors; the words between two anchors are aligned by themselves.
    """
    blocks: list[_Block] = []
    at, place = 0, 0
    for anchor_left, anchor_right in [*_anchors(left, right), (len(left), len(right))]:
        if anchor_left < at or anchor_right < place:
            continue
        gap_left, gap_right = left[at:anchor_left], right[place:anchor_right]
        if gap_left and gap_right and len(gap_left) * len(gap_right) <= _MAX_GAP_PRODUCT:
            matcher = SequenceMatcher(None, gap_left, gap_right, autojunk=False)
            blocks += [(at + a, place + b, size) for a, b, size in matcher.get_matching_blocks() if size]
        size = 0
        while (
            anchor_left + size < len(left)
            and anchor_right + size < len(right)
            and left[anchor_left + size] == right[anchor_right + size]
        ):
            size += 1
        if size:
            blocks.append((anchor_left, anchor_right, size))
        at, place = anchor_left + size, anchor_right + size
    return blocks


def _anchors(left: Sequence[int], right: Sequence[int]) -> list[tuple[int, int]]:
    """Return the places of runs that occur once on both sides, in the order of both (patience diff)."""
    sides = []
    for words in (left, right):
        unique, first, counts = np.unique(_runs_of(np.array(words, np.uint64)), return_index=True, return_counts=True)
        sides.append((unique[counts == 1], first[counts == 1]))
    _, in_left, in_right = np.intersect1d(sides[0][0], sides[1][0], assume_unique=True, return_indices=True)
    pairs = sorted(zip(sides[0][1][in_left].tolist(), sides[1][1][in_right].tolist(), strict=True))
    ends: list[int] = []  # the smallest end of an increasing sequence of each length
    last: list[int] = []
    before: list[int] = []
    for at, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        if length == len(ends):
            ends.append(place)
            last.append(at)
        else:
            ends[length], last[length] = place, at
        before.append(last[length - 1] if length else -1)
    chosen = []
    at = last[-1] if last else -1
    while at >= 0:
        chosen.append(pairs[at])
        at = before[at]
    return chosen[::-1]


def _trimmed(blocks: list[_Block]) -> list[_Block]:
    """Return the runs without coincidences at the edges: few words, followed by more that are not in common."""
    kept = [block for block in blocks if block[2]]
    for _ in range(2):  # from the end, then, in the order of the text, from the beginning
        kept = kept[::-1]
        size, cut = 0, 0
        for at, (block, following) in enumerate(pairwise(kept), 1):
            size += block[2]
            low, high = sorted((block, following))
            if (gap := high[1] - low[1] - low[2]) > max(_MIN_EDGE_RUN, size):
                cut = at if gap > _MAX_EDGE_GAP or size < _MIN_EDGE_RUN else cut
            if size > _MAX_EDGE_WORDS:
                break
        kept = kept[cut:]
    return kept
