"""Define the terms that texts are searched for: plain words, or keyed hashes of confidential words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PAIRED_KINDS = ("adult", "minor")
"""Kinds of markers that mean something only close to each other."""
LONGEST_TERM = 8  # words of a hashed term: a text is hashed once for each number of words
_SHORTEST_KEY = 16  # bytes


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
    """

    id: str
    kind: str
    value: str
    headings: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class HashedTerms:
    """Terms as HMAC-SHA256 of their normalised words joined by one space.

    Attributes:
        key: The operator's secret.
        lengths: The numbers of words that terms have.
        terms: The id of each term by its digest.
    """

    key: bytes
    lengths: tuple[int, ...]
    terms: Mapping[bytes, str]


def read_key(path: Path) -> bytes:
    """Return an operator's key, the file's bytes without white space around them. Raises :class:`ValueError`."""
    key = path.read_bytes().strip()
    if len(key) < _SHORTEST_KEY:
        raise ValueError(f"the key in {path.name} is shorter than {_SHORTEST_KEY} bytes")
    return key
