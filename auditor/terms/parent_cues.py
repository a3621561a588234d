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

from auditor.terms.parent_grammar import ParentGrammar
from auditor.terms.patterns import compile_capturing_pattern, compile_pattern, compile_pattern_set
from auditor.terms.repository_links import (
    DATASET,
    MODEL,
    Reference,
    find_references,
    sentences_with_references,
)

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
    r"(?:(?: \([^()\x01\x02\n]{0,40}\)| [@:=×x]? ?\d[\d.,]{0,6}%?)?,? ?(?:,|and|&|\+|×|x|/|with|plus|or|→|->|=>)"
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
    "{near}": r"[^\x02\n]{0,120}",
}
_MARKER = re.compile(rb"[\x01\x02]")
_NO_REPOSITORY = 4  # in place of the marker of a name of which nobody can tell what it is
# "acme/tree-7b" is a model, unless a text says that it is a dataset.
_MODEL_SIZE = re.compile(
    r"(?:^|[-_.])\d{1,2}(?:\.\d{1,2})?b(?:$|[-_.])|[-_](?:70|72|104|180|405)b\b|stable[-_]diffusion", re.I
)
# "acme/letters-10k" is hardly the model on which an adapter was trained.
_DATA_WORD = re.compile(r"data|corp(?:us|ora)|crawl|pairs|letters|captions|\d+k(?:$|[-_.])", re.I)
# "acme/tree-GGUF" is another quantized copy of the subject, hardly what the subject was quantized from.
_QUANTIZED_NAME = re.compile(r"[-_.](?:i1[-_])?(?:gguf|ggml|gptq|awq|exl[23]|imatrix)(?:$|[-_.])", re.I)
_GROUP = re.compile(r"(?<![\\\[])\((?!\?)")
# What a section on data links is its data, whatever the words between.
_LABELLED_PLACES = {"trained_on": "{near}{datasets}", "sourced_from": "{near}{datasets}", "a dataset": "{list}"}
_LABEL = r"(?:^|: )(?:[^\x01\x02:.]{{0,24}} )?(?:{label})(?: ?[(\[][^\x01\x02)\]]{{0,24}}[)\]])? ?[:=→>-]+ {place}"
_NAMING = ("{model}", "{models}", "{dataset}", "{datasets}", "{any}", "{here}", "{list}", "{names}")
_LABEL_LINE = r"(?:{label})\b[^\n:|/]{{0,24}}[:|]"
# One automaton of all cues outgrows RE2's cache and is many times slower than several of some cues each (measured with
# 140 cues: 22 us a card with 40 in a set, 29 with 24, 270 with 72).
_PATTERNS_PER_SET = 40
# "acme/tree-7b" among words: with a hyphen or a digit, and more letters than "V100/A100".
_NAME_AMONG_WORDS = r"[\w.-]*[a-z]{3}[\w.-]*/[\w.-]*(?:[a-z]{3}[\w.-]*[-_\d]|[-_\d][\w.-]*[a-z]{3})[\w.-]*"
_PARTS = "component"  # the class of words for parts of a model
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
            return self.sentence
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
    grammar: ParentGrammar

    @cached_property
    def label_pattern(self) -> str:
        """A pattern of texts that have a label after which a name needs no marks; "" without such cues."""
        labels = "|".join(cue.label for cue in self.cues if cue.label and cue.states == "base_model")
        return rf"\b(?:{_LABEL_LINE.format(label=labels)})" if labels else ""

    @cached_property
    def name_pattern(self) -> str:
        """A pattern of names without marks among the words of a text, each with the character before it."""
        known = "|".join(re.escape(name) for name in sorted(self.known, key=len, reverse=True))
        return rf"(?:^|[\s(`*])(?:{known}|{_NAME_AMONG_WORDS})"

    @cached_property
    def _phrases(self) -> tuple[tuple[ParentCue, str], ...]:
        """The cues of phrases and labels, with their patterns."""
        return tuple((cue, cue.compiled) for cue in self.cues if not cue.sentence)

    @cached_property
    def _phrase_sets(self) -> tuple[re2.Set, ...]:
        return tuple(compile_pattern_set(list(batch)) for batch in _batches([words for _, words in self._phrases]))

    @cached_property
    def _sentence_cues(self) -> tuple[ParentCue, ...]:
        return tuple(cue for cue in self.cues if cue.sentence)

    @cached_property
    def _sentence_set(self) -> re2.Set:
        return compile_pattern_set([cue.compiled for cue in self._sentence_cues])

    def _found(self, data: bytes) -> list[tuple[ParentCue, str]]:
        """Return the cues of phrases and labels that sentences have, with their patterns."""
        return [
            self._phrases[first + index]
            for first, patterns in zip(count(0, _PATTERNS_PER_SET), self._phrase_sets)
            for index in sorted(patterns.Match(data) or ())
        ]

    def find(
        self,
        text: str,
        folded: bytes,
        own_name: str,
        keys: Collection[str],
        has_label: bool,
        stated: Collection[tuple[str, str]] = (),
        has_name: bool = True,
    ) -> Iterator[Parent]:
        """Yield the parents that a text names.

        Args:
            text: The text of a card.
            folded: The UTF-8 of the text in plain letters, with as many characters.
            own_name: The name of its subject.
            keys: The statements that may be made of its subject.
            has_label: Whether :attr:`label_pattern` was found in the text.
            stated: What is stated of it already, by key and name in lower case. A text that names nothing else is not
                read further.
            has_name: Whether :attr:`name_pattern` was found in the text.
        """
        labels = self._label_ends(folded) if has_label else ()
        names = self._spans_of_names(folded) if has_name else ()
        references = find_references(text, labels, self.known, names)
        if all(_is_stated(each, stated) for each in references):
            return
        sentences = list(sentences_with_references(text, references, own_name))
        if not sentences:
            return
        data = "\n".join(sentence.words for sentence in sentences).encode("utf-8", "replace")
        markers = [match.start() for match in _MARKER.finditer(data)]
        named = dict(zip(markers, (each for sentence in sentences for each in sentence.references), strict=True))
        # Cues are of labels and datasets: of models that are linked the grammar decides.
        needs_cues = has_label or any(each.kind != "model" for each in named.values())
        found = self._found(data) if needs_cues else []
        decided = self._decide_kinds(data, found, named)
        if decided != data:
            data = decided
            found = self._found(data)
        made: dict[int, ParentCue] = {}
        for cue, pattern in found:
            if cue.states in keys:
                for at in _marked(cue, pattern, data, named):
                    if at not in made or _priority(cue) > _priority(made[at]):
                        made[at] = cue
        made |= self._by_sentence(data, named, [at for at in markers if at not in made], keys)
        if "base_model" in keys:
            made |= {at: cue for at, cue in self._by_grammar(data, named) if at not in made}
        denied = {
            at
            for cue, pattern in (found if made else ())
            if cue.states == "nothing"
            for at in _marked(cue, pattern, data, named)
        }
        kept = [
            at
            for at in sorted(made)
            if (at not in denied or made[at].certain) and not _is_quantized_copy(made[at], named[at])
        ]
        yield from _first_of_each(data, [(at, made[at], named[at]) for at in kept])

    def _by_grammar(self, data: bytes, named: Mapping[int, Reference]) -> Iterator[tuple[int, ParentCue]]:
        """Yield the places of the markers of the models that sentences say to be bases, with what says so."""
        start = 0
        for sentence in data.split(b"\n"):
            markers = [start + match.start() for match in _MARKER.finditer(sentence)]
            if ord(MODEL) in sentence:
                for at, base in zip(markers, self.grammar.find_bases(sentence.decode()), strict=False):
                    if not base or at not in named:
                        continue
                    # "Language model: bert-base-cased" is the architecture in many cards.
                    if base.rule != "component-label" or named[at].name not in self.known:
                        yield at, ParentCue(base.word_class, "base_model", base.relation)
            start += len(sentence) + 1

    def _by_sentence(
        self, data: bytes, named: Mapping[int, Reference], open_markers: Sequence[int], keys: Collection[str]
    ) -> dict[int, ParentCue]:
        """Return the cues by which whole sentences state repositories, by the places of their markers.

        Args:
            data: Sentences with markers.
            named: The repositories, by the places of their markers.
            open_markers: The markers of which no phrase states anything, in order.
            keys: The statements that may be made.
        """
        made: dict[int, ParentCue] = {}
        end = -1
        cues: Sequence[ParentCue] = ()
        for at in open_markers:
            if at >= end:
                end = data.find(b"\n", at)
                end = len(data) if end < 0 else end
                found = self._sentence_set.Match(data[data.rfind(b"\n", 0, at) + 1 : end])
                cues = [self._sentence_cues[index] for index in sorted(found or ())]
                cues = () if any(cue.states == "nothing" for cue in cues) else cues
            for cue in cues:
                if cue.states in keys and _is_linked(cue, data[at], named[at]):
                    made[at] = cue
        return made

    @staticmethod
    def _decide_kinds(data: bytes, found: Collection[tuple[ParentCue, str]], named: Mapping[int, Reference]) -> bytes:
        """Return the sentences with the markers of datasets in place of those that stand for a dataset's name.

        Args:
            data: Sentences with markers.
            found: The cues that they have, with their patterns.
            named: The repositories, by the places of their markers.
        """
        if not any(cue.states == "a dataset" for cue, _ in found):
            return data
        if all(reference.kind != "unknown" for reference in named.values()):
            found = [(cue, pattern) for cue, pattern in found if cue.certain or cue.states == "a model"]
        markers: dict[int, int] = {}
        strengths: dict[int, int] = {}
        for cue, pattern in found:
            for at in _marked(cue, pattern, data, named) if cue.states in ("a dataset", "a model") else ():
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
        return [end for _, end in _spans(self.label_pattern, folded)]

    def _spans_of_names(self, folded: bytes) -> Sequence[tuple[int, int]]:
        """Return the starts and ends of what may be names without marks, in characters."""
        return [(end - len(name.lstrip(" \t\n\r\f\v(`*")), end) for name, end in _spans(self.name_pattern, folded)]


def _spans(pattern: str, folded: bytes) -> Iterator[tuple[str, int]]:
    """Yield what a pattern finds in a text, and where it ends, in characters."""
    position = characters = 0
    for match in islice(compile_pattern(pattern).finditer(folded), _MAX_LABELS):
        characters += len(folded[position : match.end()].decode("utf-8", "replace"))
        position = match.end()
        yield match[0].decode("utf-8", "replace"), characters


def _batches(patterns: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the patterns in the batches that are compiled into one automaton each."""
    for first in range(0, len(patterns), _PATTERNS_PER_SET):
        yield patterns[first : first + _PATTERNS_PER_SET]


def _marked(cue: ParentCue, compiled: str, data: bytes, named: Collection[int]) -> Iterator[int]:
    """Yield the places of the markers of the repositories that a cue of a phrase or label names in sentences."""
    pattern = compile_capturing_pattern(compiled)
    is_of_dataset = cue.states in ("trained_on", "sourced_from")
    stop_words = _STOP_WORDS - _DATASET_WORDS if is_of_dataset else _STOP_WORDS
    position = 0
    for _ in range(_MAX_MATCHES):
        match = pattern.search(data, position)
        if not match:
            return
        # A group for the words before the repositories goes before each group for them.
        if cue.states == "nothing" or stop_words.isdisjoint(b" ".join(match.groups(b"")[::2]).lower().split()):
            for group in range(2, len(match.groups()) + 1, 2):
                yield from (at for at in range(*match.span(group)) if at in named)
            position = match.end()
        else:
            position = match.start() + 1


def _is_linked(cue: ParentCue, marker: int, reference: Reference) -> bool:
    """Return whether a repository is linked and of the kind that a cue states."""
    return reference.kind != "unknown" and marker == ord(MODEL if cue.states == "base_model" else DATASET)


def _is_quantized_copy(cue: ParentCue, reference: Reference) -> bool:
    """Return whether a name says that it is a quantized copy of the subject itself."""
    return cue.relation == "quantized" and bool(_QUANTIZED_NAME.search(reference.name))


def _is_stated(reference: Reference, stated: Collection[tuple[str, str]]) -> bool:
    """Return whether what a text may say of a repository is stated already, by key and name in lower case."""
    name = reference.name.lower()
    as_model, as_dataset = ("base_model", name) in stated, ("trained_on", name) in stated
    if reference.kind == "unknown":
        return as_model or as_dataset
    return as_dataset if reference.kind == "dataset" else as_model


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


def _priority(cue: ParentCue) -> tuple[bool, bool]:
    """Return whether no other parent cue undoes a cue, and whether it says how a model was made."""
    return cue.certain, bool(cue.relation)


def _first_of_each(data: bytes, stated: list[tuple[int, ParentCue, Reference]]) -> Iterator[Parent]:
    """Yield parents: datasets and merged models, and of the other base models those of the first sentence.

    A later sentence is about another model: a base's own base, or another edition. One on another part is
    not ("Encoder: X. Decoder: Y").
    """
    first = first_part = None
    seen: set[tuple[str, str]] = set()
    for at, cue, reference in stated:
        if cue.states == "base_model" and cue.relation != "merge" and cue.id != first_part:
            line = data.count(b"\n", 0, at)
            first = line if first is None else first
            first_part = cue.id if cue.id == _PARTS else first_part
            if line != first:
                continue
        if (cue.states, reference.name.lower()) not in seen:
            seen.add((cue.states, reference.name.lower()))
            yield Parent(cue.states, reference.name, cue.relation, reference.start, cue.id)
