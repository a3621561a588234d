"""Find the models and datasets that a card's prose says its subject was made from, by cues that are data.

A cue is one turn of phrase with a place for the parent (``fine-tuned from {models}``), or the label of a line, table
row or heading (``Base model``), or words of a sentence that tell what the repositories in it are to the subject. Cues
that state nothing keep what they name from being a parent: what is only compared with, thanked or used as a tool. A
cue's ``{model}`` is a marker of :mod:`auditor.terms.repository_links`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count, islice
from typing import NamedTuple

import re2

from auditor.terms.patterns import compile_capturing_pattern, compile_pattern, compile_pattern_set
from auditor.terms.repository_links import DATASET, MODEL, Reference, find_references, sentences_with_references

# "a dataset" and "a model" state no parent, but what a name without a link is.
STATES = ("base_model", "trained_on", "sourced_from", "nothing", "a dataset", "a model")
RELATIONS = ("", "finetune", "adapter", "merge", "quantized", "distilled")

# Words that may not stand between a phrase and its repository: "fine-tuned from the multilingual large model acme/tree"
# names a parent, "fine-tuned from scratch with the tokenizer of acme/tree" none.
_STOP_WORDS = frozenset(
    b"""and answers architecture are as at available be bias but by can captions card code completions config
    configuration data demo embeddings generated guide has have here in into is labels like limitations notebook on or
    output outputs paper performance prompts responses results scratch script see space than tokeniser tokenizer
    translations unlike used using via vocabulary was were when which while with""".split()
)
# Of those, what a dataset may be made of.
_DATASET_WORDS = frozenset(
    b"answers captions completions data generated labels outputs prompts responses translations".split()
)
_WORDS = r"((?:\(?[^\s\x01\x02,;:()]+\)?[,:]? ){0,7})"
_NEXT = (
    r"(?:(?: \([^()\x01\x02\n]{0,40}\))?,? ?(?:,|and|&|\+|×|x|/|with|plus|or|→|->|=>)"
    r" (?:\(?[^\s\x01\x02,;:()]+\)? ){0,4}"
)
# Between a phrase and names that are no parents by it: only these.
_ARTICLES = (
    r"(?:(?:the|an?|our|my|its|their|both|all|only|new|public|private|following|from|of|is|are|was|were|we|i|used?|using"
    r"|have|taken|took|take|called|named) ){0,4}"
)
_LIST = rf"{MODEL}(?:(?: \([^()\x01\x02\n]{{0,40}}\))? ?(?:,|and|&|\+|, and) (?:(?:the|our|my|from) )?{MODEL})*"
_PLACES = {
    "{here}": f"()({MODEL})",
    "{list}": f"{_ARTICLES}()({_LIST})",
    "{names}": f"{_WORDS}({_LIST})",
    "{model}": rf"{_WORDS}({MODEL})",
    "{models}": rf"{_WORDS}({MODEL}{_NEXT}{MODEL})*)",
    "{dataset}": rf"{_WORDS}({DATASET})",
    "{datasets}": rf"{_WORDS}({DATASET}{_NEXT}{DATASET})*)",
    "{any}": rf"{_WORDS}([{MODEL}{DATASET}])",
    "{other}": MODEL,
    "{few}": r"((?:\(?[^\s\x01\x02,;:()]+\)? ){0,6})()",
    "{words}": r"(?:[^\s\x01\x02]+ ){0,8}",
    "{near}": r"[^\x02\n]{0,120}",
}
_MARKER = re.compile(rb"[\x01\x02]")
_NO_REPOSITORY = 4  # in place of the marker of a name of which nobody can tell what it is
# "acme/tree-7b" is a model, unless a text says that it is a dataset.
_MODEL_SIZE = re.compile(r"(?:^|[-_.])\d{1,2}(?:\.\d{1,2})?b(?:$|[-_.])|[-_](?:70|72|104|180|405)b\b", re.I)
# "acme/letters-10k" is hardly the model on which an adapter was trained.
_DATA_WORD = re.compile(r"data|corp(?:us|ora)|crawl|pairs|letters|captions|\d+k(?:$|[-_.])", re.I)
_GROUP = re.compile(r"(?<![\\\[])\((?!\?)")
# What a section on data links is its data, whatever the words between.
_LABELLED_PLACES = {"trained_on": "{near}{datasets}", "sourced_from": "{near}{datasets}", "a dataset": "{list}"}
_LABEL = r"(?:^|: )(?:[^\x01\x02:.]{{0,24}} )?(?:{label})(?: ?[(\[][^\x01\x02)\]]{{0,24}}[)\]])? ?[:=→>-]+ {place}"
_NAMING = ("{model}", "{models}", "{dataset}", "{datasets}", "{any}", "{here}", "{list}", "{names}")
_LABEL_LINE = r"(?:{label})\b[^\n:|/]{{0,24}}[:|]"
# One automaton of all cues outgrows RE2's cache and is a hundred times slower than several of some cues each (measured
# with 99 cues; two sets are enough).
_PATTERNS_PER_SET = 24
_MAX_MATCHES = 500  # of one cue
_MAX_LABELS = 200  # labels of one text after which a name is looked for


@dataclass(frozen=True, slots=True)
class ParentCue:
    """A turn of phrase that names a parent.

    Attributes:
        states: The statement that it makes; ``nothing``: what it names is no parent; ``a dataset``, ``a model``: what a
            name without a link is.
        relation: How the model was made from the parent; "" where the phrase does not say.
        pattern: RE2 over a sentence in plain words, with ``{model}``, ``{models}``, ``{dataset}`` or ``{datasets}``.
        label: RE2 of a label before the parent's name, instead of a pattern.
        sentence: RE2 of words instead of a pattern: in a sentence with them each linked repository of the kind that is
            stated is a parent, unless another cue says something else. One that states nothing undoes only such cues.
        certain: Whether no other cue undoes it; one of a dataset holds for links too.
        examples: Texts that state something by this cue alone.
        counterexamples: Texts that resemble them and state nothing.
    """

    id: str
    states: str
    relation: str = ""
    pattern: str = ""
    label: str = ""
    sentence: str = ""
    certain: bool = False
    examples: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()

    @property
    def compiled(self) -> str:
        """The pattern with its places filled in. Raises :class:`ValueError` if it has no place."""
        if _GROUP.search(self.pattern or self.label or self.sentence):
            raise ValueError("write (?:…) for (…)")  # groups hold the repositories
        if self.sentence:
            return f"(?m){self.sentence}"
        place = _LABELLED_PLACES.get(self.states, "{models}")
        pattern = self.pattern or _LABEL.format(label=self.label, place=place)
        filled = f"(?m){pattern}"
        for name, words in _PLACES.items():
            filled = filled.replace(name, words)
        if not any(pattern.count(name) for name in _NAMING):
            raise ValueError(f"{pattern!r} has none of {', '.join(_NAMING)}")
        return filled


class Parent(NamedTuple):
    """A parent that a text names: the statement's key, its value and relation, where it stands, and the cue's id."""

    states: str
    name: str
    relation: str
    start: int
    cue: str


@dataclass(frozen=True)
class CompiledParentCues:
    """The cues, compiled at their first use, and the canonical names without an owner, in lower case."""

    cues: tuple[ParentCue, ...]
    known: Collection[str]

    @property
    def label_pattern(self) -> str:
        """A pattern of texts that have a label after which a name needs no marks; "" without such cues."""
        labels = "|".join(cue.label for cue in self.cues if cue.label and cue.states == "base_model")
        return rf"\b(?:{_LABEL_LINE.format(label=labels)})" if labels else ""

    @cached_property
    def _patterns(self) -> tuple[str, ...]:
        return tuple(cue.compiled for cue in self.cues)

    @cached_property
    def _pattern_sets(self) -> tuple[re2.Set, ...]:
        return tuple(compile_pattern_set(list(batch)) for batch in _batches(self._patterns))

    def _found(self, data: bytes) -> list[int]:
        """Return the cues that sentences have."""
        return [
            first + index
            for first, patterns in zip(count(0, _PATTERNS_PER_SET), self._pattern_sets)
            for index in sorted(patterns.Match(data) or ())
        ]

    def find(self, text: str, folded: bytes, own_name: str, keys: Collection[str], has_label: bool) -> Iterator[Parent]:
        """Yield the parents that a text names.

        Args:
            text: The text of a card.
            folded: The UTF-8 of the text in plain letters, with as many characters.
            own_name: The name of its subject.
            keys: The statements that may be made of its subject.
            has_label: Whether :attr:`label_pattern` was found in the text.
        """
        references = find_references(text, self._label_ends(folded) if has_label else (), self.known)
        sentences = list(sentences_with_references(text, references, own_name)) if references else ()
        if not sentences:
            return
        data = "\n".join(sentence.words for sentence in sentences).encode("utf-8", "replace")
        markers = [match.start() for match in _MARKER.finditer(data)]
        named = dict(zip(markers, (each for sentence in sentences for each in sentence.references), strict=True))
        found = self._found(data)
        decided = self._decide_kinds(data, found, named)
        if decided != data:
            data = decided
            found = self._found(data)
        made: dict[int, ParentCue] = {}
        denied: dict[bool, set[int]] = {True: set(), False: set()}  # by whether the cue speaks of a whole sentence
        for index in found:
            cue = self.cues[index]
            if cue.states != "nothing" and cue.states not in keys:
                continue
            for start, end in _places(cue, self._patterns[index], data):
                for at in (at for at in range(start, end) if at in named):
                    if cue.states == "nothing":
                        denied[bool(cue.sentence)].add(at)
                    elif cue.sentence and not _is_linked(cue, data[at], named[at]):
                        continue
                    elif at not in made or _priority(cue) > _priority(made[at]):
                        made[at] = cue
        kept = [
            at
            for at, cue in sorted(made.items())
            if cue.certain or not (at in denied[False] or (cue.sentence and at in denied[True]))
        ]
        yield from _first_of_each(data, [(at, made[at], named[at]) for at in kept])

    def _decide_kinds(self, data: bytes, found: Collection[int], named: Mapping[int, Reference]) -> bytes:
        """Return the sentences with the markers of datasets in place of those that stand for a dataset's name.

        Args:
            data: Sentences with markers.
            found: The cues that they have.
            named: The repositories, by the places of their markers.
        """
        if not any(self.cues[index].states == "a dataset" for index in found):
            return data
        markers: dict[int, int] = {}
        strengths: dict[int, int] = {}
        for index in found:
            cue = self.cues[index]
            if cue.states not in ("a dataset", "a model"):
                continue
            for start, end in _places(cue, self._patterns[index], data):
                for at in (at for at in range(start, end) if at in named):
                    strength = _strength(cue, named[at])
                    if strength >= strengths.get(at, 0):
                        strengths[at] = strength
                        markers[at] = _marker(cue, named[at])
        if not markers:
            return data
        decided = bytearray(data)
        for at, marker in markers.items():
            decided[at] = marker
        return bytes(decided)

    def _label_ends(self, folded: bytes) -> Sequence[int]:
        """Return the positions after labels, in characters."""
        ends: list[int] = []
        position = characters = 0
        for match in islice(compile_pattern(self.label_pattern).finditer(folded), _MAX_LABELS):
            characters += len(folded[position : match.end()].decode("utf-8", "replace"))
            position = match.end()
            ends.append(characters)
        return ends


def _batches(patterns: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the patterns in the batches that are compiled into one automaton each."""
    for first in range(0, len(patterns), _PATTERNS_PER_SET):
        yield patterns[first : first + _PATTERNS_PER_SET]


def _places(cue: ParentCue, compiled: str, data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the beginnings and ends of the parents that a cue names in sentences, or of the sentences they stand in."""
    pattern = compile_capturing_pattern(compiled)
    is_of_dataset = cue.states in ("trained_on", "sourced_from")
    stop_words = _STOP_WORDS - _DATASET_WORDS if is_of_dataset else _STOP_WORDS
    position, groups = 0, pattern.groups
    for _ in range(_MAX_MATCHES):
        match = pattern.search(data, position)
        if not match:
            return
        if cue.sentence:
            position = _sentence_end(data, match.end())
            yield data.rfind(b"\n", 0, match.start()) + 1, position
            continue
        # A group for the words before the repositories goes before each group for them.
        if cue.states == "nothing" or stop_words.isdisjoint(b" ".join(match.groups(b"")[::2]).lower().split()):
            yield from (match.span(group) for group in range(2, groups + 1, 2))
            position = match.end()
        else:
            position = match.start() + 1


def _sentence_end(data: bytes, position: int) -> int:
    """Return the end of the sentence that this position is in."""
    end = data.find(b"\n", position)
    return len(data) if end < 0 else end


def _is_linked(cue: ParentCue, marker: int, reference: Reference) -> bool:
    """Return whether a repository is linked and of the kind that a cue states."""
    return reference.kind != "unknown" and marker == ord(MODEL if cue.states == "base_model" else DATASET)


def _strength(cue: ParentCue, reference: Reference) -> int:
    """Return how strongly a cue says what a name is; below 0 if it does not count. A link's address says it too."""
    if reference.kind == "unknown":
        return 2 * cue.certain + (cue.states == "a model")
    return 3 if cue.states == "a model" else 2 if cue.certain else -1


def _marker(cue: ParentCue, reference: Reference) -> int:
    """Return the marker of a name of which a cue says what it is, unless the name itself says something else."""
    if cue.certain or reference.kind == "model":
        return ord(DATASET if cue.states == "a dataset" else MODEL)
    if cue.states == "a model":
        is_data = _DATA_WORD.search(reference.name) and not _MODEL_SIZE.search(reference.name)
        return _NO_REPOSITORY if is_data else ord(MODEL)
    return ord(MODEL if _MODEL_SIZE.search(reference.name) else DATASET)


def _priority(cue: ParentCue) -> tuple[bool, bool, bool]:
    """Return whether no other cue undoes a cue, whether it names the parent's place, and says how a model was made."""
    return cue.certain, not cue.sentence, bool(cue.relation)


def _first_of_each(data: bytes, stated: list[tuple[int, ParentCue, Reference]]) -> Iterator[Parent]:
    """Yield parents: datasets and merged models, and of the other base models those of the first sentence.

    A later sentence is about another model: a base's own base, or another edition.
    """
    first = None
    seen: set[tuple[str, str]] = set()
    for at, cue, reference in stated:
        if cue.states == "base_model" and cue.relation != "merge":
            line = data.count(b"\n", 0, at)
            first = line if first is None else first
            if line != first:
                continue
        if (cue.states, reference.name.lower()) not in seen:
            seen.add((cue.states, reference.name.lower()))
            yield Parent(cue.states, reference.name, cue.relation, reference.start, cue.id)
