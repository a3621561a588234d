"""Define the items of a list file: its header, batches of entries, withdrawals, and lines that cannot be read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, TypeAlias

import pyarrow as pa

from auditor.samples import DIGEST_BYTES, TEXT_SIGNALS, VPDQ, WEIGHT_FINGERPRINT

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "csam": "child sexual abuse material, as the holder's law defines it",
        "exploitative": "exploitative of children, below the legal threshold",
        "ncii": "intimate images shared without consent",
        "terrorism": "terrorist content",
        "withdrawn": "part of a dataset that was withdrawn",
        "benign": "known to be harmless: excludes near matches and nothing else",
        "model": "models that the list's holder lists",
        "test": "stands for known content in a test or an example",
    }
)


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Options for a list file: ``columns`` maps an algorithm (or id, classification …) to a column's name."""

    columns: Mapping[str, str] = field(default_factory=dict)
    algorithm: str = ""


@dataclass(frozen=True, slots=True)
class ListHeader:
    """The fields of a list file that apply to the whole list; "" where the file has none.

    Attributes:
        format: The format's name.
        name: The list's name.
        version: The list's version.
        holder: The organisation that holds the list.
        means: A key of :data:`MEANINGS`.
        delta: The file changes an earlier version and is not a whole list.
        feed: The file is a page of changes, as exchanges hand them out; the first pages begin the list.
        duty: What the holder requires of those who find a match.
        classes: The meaning of a classification, where one list holds several (``{"B1": "exploitative"}``). A
            classification that is not a key has the list's meaning.
    """

    format: str
    name: str = ""
    version: str = ""
    holder: str = ""
    means: str = ""
    delta: bool = False
    feed: bool = False
    duty: str = ""
    classes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entries:
    """A batch of entries of one algorithm, as columns of equal length; a column of None is null or false throughout.

    Attributes:
        algorithm: A digest algorithm, or a text signal (``url``, ``domain``).
        values: Raw digest bytes (fixed-size binary of the algorithm's width), or strings for a text signal; no nulls.
        ids: The holder's entry id, the same for all hashes of one item.
        classification: The holder's classification.
        withdrawn: True where the entry withdraws that value.
        quality: The PDQ quality, 0 to 100.
        series: The series that the item belongs to.
        contributor: Who listed the item.
        feedback: As written; it holds "disputed" where the file records that someone disagrees.
        lines: Line or record in the file, from 1.
        fingerprints: Fingerprints of weights, or the PDQ hashes of a video's frames; the values are their SHA-256.
    """

    algorithm: str
    values: pa.Array
    ids: pa.Array | None = None
    classification: pa.Array | None = None
    withdrawn: pa.Array | None = None
    quality: pa.Array | None = None
    series: pa.Array | None = None
    contributor: pa.Array | None = None
    feedback: pa.Array | None = None
    lines: pa.Array | None = None
    fingerprints: pa.Array | None = None

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class WithdrawnIds:
    """Entry ids that are withdrawn, for formats that withdraw an item without repeating its hashes."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnknownAlgorithm:
    """An algorithm that cannot be computed or matched (``tmk-pdqf``, ``netclean`` …), and its number of entries."""

    algorithm: str
    count: int


@dataclass(frozen=True, slots=True)
class MalformedEntry:
    """A line or record (from 1) that cannot be read, and the reason, which never repeats a hash."""

    line: int
    reason: str


ListItem: TypeAlias = ListHeader | Entries | WithdrawnIds | UnknownAlgorithm | MalformedEntry

Column = Literal["ids", "classification", "withdrawn", "quality", "series", "contributor", "feedback", "lines"]
_COLUMN_TYPES: Mapping[Column, pa.DataType] = {
    "ids": pa.string(),
    "classification": pa.string(),
    "withdrawn": pa.bool_(),
    "quality": pa.int16(),
    "series": pa.string(),
    "contributor": pa.string(),
    "feedback": pa.string(),
    "lines": pa.int64(),
}


def make_entries(
    algorithm: str, values: Sequence[bytes | str] | pa.Array, **columns: Sequence[object] | pa.Array | None
) -> Entries:
    """Return list entries with columns of the right types, from Python sequences or arrays.

    Raises:
        pyarrow.ArrowInvalid: A digest is not as wide as the algorithm's.
    """
    kind = pa.string() if algorithm in TEXT_SIGNALS else pa.binary(DIGEST_BYTES[algorithm])
    typed = {
        name: None if column is None else pa.array(column, _COLUMN_TYPES[name])  # type: ignore[index]
        for name, column in columns.items()
    }
    return Entries(algorithm, pa.array(values, kind), **typed)


def make_fingerprint_entries(fingerprints: Sequence[bytes], **columns: Sequence[object] | None) -> Entries:
    """Return entries of weight fingerprints, each given as the bytes of its file."""
    return _entries_by_digest(WEIGHT_FINGERPRINT, fingerprints, columns)


def make_video_entries(videos: Sequence[bytes], **columns: Sequence[object] | pa.Array | None) -> Entries:
    """Return entries of videos, each given as the PDQ hashes of its frames, one after another."""
    return _entries_by_digest(VPDQ, videos, columns)


def _entries_by_digest(
    algorithm: str, data: Sequence[bytes], columns: Mapping[str, Sequence[object] | pa.Array | None]
) -> Entries:
    """Return list entries whose values are the SHA-256 of what they hold."""
    made = make_entries(algorithm, [hashlib.sha256(one).digest() for one in data], **columns)
    return replace(made, fingerprints=pa.array(data, pa.large_binary()))
