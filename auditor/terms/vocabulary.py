"""Define the terms that texts are searched for: plain words, or keyed hashes of confidential words."""

from __future__ import annotations

from dataclasses import dataclass

PAIRED_KINDS = ("adult", "minor")
"""Kinds of markers that mean something only close to each other."""


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the vocabulary: its key and value, and how it is recognised.

    Attributes:
        kind: The statement key that it states; ``adult`` or ``minor`` for a marker that means something only close to
            one of the other kind; ``signal`` for one that means something alone.
        value: The value that it states; its id unless the file gives another.
        headings: RE2 patterns of headings, in any letter case.
        patterns: RE2 patterns of text, in any letter case.
        words: Plain words, found however they are spaced or disguised.
        tags: A model's tags, whole.
        source: Where the wording is from.
        exceptions: RE2 patterns; a phrase in whose sentence one of them is found states nothing.
        examples: Sentences or tags that state the term.
        counterexamples: Sentences that do not state it.
    """

    id: str
    kind: str
    value: str
    headings: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    source: str = ""
    exceptions: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()
