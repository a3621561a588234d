"""Find cues in words: the phrases by which the clause check recognises a prohibition, and what undoes one.

A cue is data: ``rules/vocabulary/clauses.toml`` holds the shipped ones. One automaton of the literals that cues need
tells which of them may stand in a sentence; only those are searched for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import re2

from auditor.clauses.cue_kinds import KINDS
from auditor.re2_patterns import compile_re2
from auditor.suggestions import did_you_mean


@dataclass(frozen=True, slots=True)
class Cue:
    """One phrase that the clause check recognises.

    Attributes:
        id: Its name in evidence.
        kind: What it does: a key of :data:`~auditor.clauses.cue_kinds.KINDS`.
        pattern: An RE2 pattern, in any letter case. ``{name}`` stands for the words of that name: a class of words, or
            all cues of a kind.
        examples: Texts whose answer is the kind's because of this cue.
        counterexamples: Texts whose answer is another one although they resemble the examples.
        gate: A shorter pattern that stands wherever this one does; only for words for minors, which are searched for
            in every text.
    """

    id: str
    kind: str
    pattern: str
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...] = ()
    gate: str = ""


class CueMatch(NamedTuple):
    """A cue's id, and the characters of the words in which it stands."""

    cue: str
    start: int
    end: int


# A pattern that no text matches.
_NOTHING = r"[^\s\S]"
_PLACEHOLDER = re.compile(r"\{([a-z][a-z-]*)\}")
# Words of which it is remembered which cues stand in them.
_REMEMBERED = 1024
# The longest patterns need more than RE2's default of 8 MiB; beyond it RE2 is slow and writes a line to stderr.
_PATTERN_MEMORY = 32 << 20


def _options() -> re2.Options:
    """Return the RE2 options with which cues are compiled."""
    options = re2.Options()
    options.case_sensitive = False
    options.max_mem = _PATTERN_MEMORY
    options.log_errors = False
    return options


def expand_pattern(pattern: str, words: Mapping[str, str]) -> str:
    """Return the pattern with each ``{name}`` replaced by its words. Raises :class:`ValueError` for an unknown name."""

    def replace(match: re.Match[str]) -> str:
        """Return the words of one name as a group."""
        if match[1] not in words:
            similar = did_you_mean(match[1], words)
            raise ValueError(f"there are no words {match[1]!r}{similar}; add them to [words] or correct the name")
        return f"(?:{expand_pattern(words[match[1]], words)})"

    return _PLACEHOLDER.sub(replace, pattern)


def compile_cue(pattern: str, written: str = "") -> re2._Regexp:
    """Compile the expanded pattern of a cue. Raises :class:`ValueError` with what was ``written`` and the reason."""
    return compile_re2(pattern, _options(), written)


def class_patterns(cues: Iterable[Cue]) -> Mapping[str, str]:
    """Return the words that ``{kind}`` stands for, for each kind of cues that is a class of words."""
    patterns: dict[str, list[str]] = {kind: [] for kind, description in KINDS.items() if description.is_class}
    for cue in cues:
        if cue.kind in patterns:
            patterns[cue.kind].append(cue.pattern)
    return {kind: "|".join(alternatives) or _NOTHING for kind, alternatives in patterns.items()}


def check_cue(cue: Cue, cues: Iterable[Cue], words: Mapping[str, str]) -> None:
    """Raise :class:`ValueError` if a pattern of the cue is none for RE2, or names words that there are not."""
    known = {**words, **class_patterns(other for other in cues if other.kind != cue.kind)}
    for key, pattern in (("pattern", cue.pattern), ("gate", cue.gate)):
        try:
            compiled = compile_cue(expand_pattern(pattern, known), pattern)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from error
        if pattern and compiled.search(""):
            raise ValueError(f"{key}: {pattern!r} matches an empty text; correct the pattern")


class CompiledCues:
    """The cues of a run, compiled for the search in sentences."""

    def __init__(self, cues: Sequence[Cue], words: Mapping[str, str]) -> None:
        """Compile cues.

        Args:
            cues: The cues.
            words: Classes of words by name, for the placeholders of patterns.
        """
        self.words = {**words, **class_patterns(cues)}
        gates = [cue.gate or cue.pattern for cue in cues if cue.kind in ("minor", "imagery")]
        # A text without such a word has no clause: a pattern for the search of whole texts.
        self.minor_word = expand_pattern(rf"(?i)\b(?:{'|'.join(gates) or _NOTHING})\b", self.words)
        self._cues = tuple(cues)
        self._present = lru_cache(maxsize=_REMEMBERED)(self._search)
        self.pattern = lru_cache(maxsize=None)(self._compile)

    @cached_property
    def _filter(self) -> re2.Filter:
        """The automaton, compiled for the first text that may have a clause: it takes longer than a small scan."""
        automaton = re2.Filter()
        for cue in self._cues:
            pattern = expand_pattern(cue.pattern, self.words)
            automaton.Add(rf"\b(?:{pattern})\b" if KINDS[cue.kind].is_class else pattern, _options())
        if self._cues:
            automaton.Compile()
        return automaton

    @cached_property
    def _patterns(self) -> Sequence[re2._Regexp]:
        """The patterns of the cues, in their order."""
        return [self._filter.re(at) for at in range(len(self._cues))]

    @cached_property
    def minor_word_bytes(self) -> re2._Regexp:
        """The pattern of ``minor_word`` for UTF-8."""
        return re2.compile(self.minor_word.encode(), _options())

    @cached_property
    def act_word_bytes(self) -> re2._Regexp:
        """The pattern of any word for harm, for what is sexual or for imagery, for UTF-8."""
        return re2.compile(expand_pattern(r"\b(?:{harm}|{sexual}|{imagery})", self.words).encode(), _options())

    def _compile(self, pattern: str) -> re2._Regexp:
        """Compile a pattern of which each ``{name}`` is replaced by the words of that name."""
        return compile_cue(expand_pattern(pattern, self.words))

    def _search(self, words: str) -> Mapping[str, tuple[int, ...]]:
        """Return which cues stand in the words, by kind."""
        found: dict[str, tuple[int, ...]] = {}
        for at in sorted(self._filter.Match(words) or ()) if self._cues else ():
            kind = self._cues[at].kind
            found[kind] = (*found.get(kind, ()), at)
        return found

    def find(self, kind: str, words: str) -> Iterator[CueMatch]:
        """Yield where the cues of this kind stand in the words, cue by cue."""
        for at in self._present(words).get(kind, ()):
            for match in self._patterns[at].finditer(words):
                yield CueMatch(self._cues[at].id, match.start(), match.end())

    def find_groups(self, kind: str, words: str) -> Iterator[CueMatch]:
        """Yield where the first groups of the cues of this kind stand in the words, or the cues that have none."""
        for at in self._present(words).get(kind, ()):
            for match in self._patterns[at].finditer(words):
                group = 1 if self._patterns[at].groups and match.group(1) is not None else 0
                yield CueMatch(self._cues[at].id, match.start(group), match.end(group))

    def first(self, kind: str, words: str) -> CueMatch | None:
        """Return the first cue of this kind in the words; None if there is none."""
        return min(self.find(kind, words), key=lambda match: match.start, default=None)

    def has(self, kind: str, words: str) -> bool:
        """Return whether a cue of this kind stands in the words."""
        return kind in self._present(words)

    def ids(self, kinds: Iterable[str], words: str) -> tuple[str, ...]:
        """Return the ids of the cues of these kinds in the words."""
        present = self._present(words)
        return tuple(self._cues[at].id for kind in kinds for at in present.get(kind, ()))
