"""Readers: what files say. A reader turns files into parts of subjects and batches of samples.

Each module (or package) of this folder is a reader, with the functions and constants of :class:`Reader`; adding a
reader is adding a file. What several readers share is in :mod:`auditor.part_builders` and :mod:`auditor.syntax`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

from auditor.blob import Blob, Unread
from auditor.extensions import READERS, Extension, load_members
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part, PartlyRead
from auditor.samples import Samples

# Bytes from the beginning of a file that readers are asked to claim it by.
HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class ReaderExample:
    """A small file, and what its reader must say of it.

    Attributes:
        name: The file's name, with folders.
        data: Its bytes.
        states: Statements that must be among those made, as (key, value, relation).
        gaps: The ``what`` of gaps that must be among those left; without any, there must be none.
        unread: Part of the reason why the file is not read; "": it is read.
        columns: Columns that the batches of samples must have.
        options: With which options it is read.
    """

    name: str
    data: bytes
    states: tuple[tuple[str, str, str], ...] = ()
    gaps: tuple[str, ...] = ()
    unread: str = ""
    columns: tuple[str, ...] = ()
    options: ReadOptions = field(default_factory=ReadOptions)


class Reader(Protocol):
    """The duties of a reader. It fetches nothing, unpickles nothing and extracts nothing to disk.

    Attributes:
        EXAMPLES: Files that it claims and reads, broken ones among them. Tests read them, and feed it altered ones.
        READS_PARTITIONS: Optional. True: it reads only the rows of :attr:`Blob.partition`, so that a large table is
            read by several workers. False: it gets a file once, for its first partition.
        READS_MEMBERS: Optional. True: it reads what holds samples, members of archives and containers too.
        READS_WEIGHTS: Optional. True: its files hold a model's weights, whose values may be sampled and compared.
        UNREAD_GAP: Optional. The kind of gap (:data:`auditor.model.GAP_KINDS`) that a file leaves that cannot be
            read: only rules that ask for what such a file states are left open by it. ``file``: it may state anything.
    """

    EXAMPLES: tuple[ReaderExample, ...]
    READS_PARTITIONS: bool = False
    READS_MEMBERS: bool = False
    READS_WEIGHTS: bool = False
    UNREAD_GAP: str = "file"

    def claims(self, blob: Blob, head: bytes) -> int:
        """Return how surely the file is one for this reader, from 0 (not at all) to 100; the highest claim reads it.

        It judges by the first :data:`HEAD_BYTES` bytes, then by the name, and never raises on what they hold.
        """
        ...

    def read(
        self, blobs: Iterable[Blob], options: ReadOptions
    ) -> Iterator[Part | Samples | PartlyRead | Unread | Blob]:
        """Yield what the files of a shard say.

        It never raises on what a file holds. A file that cannot be read at all is yielded as :class:`Unread`; what was
        read of one that breaks off counts, with a :class:`PartlyRead` for the rest, as for each carrier of it that is
        not read. A file of which neither is yielded counts as scanned. A :class:`Blob` is a member of the file that
        another reader is to read: see :meth:`Blob.member`.
        """
        ...


def readers(extensions: tuple[Extension, ...] = ()) -> Mapping[str, Reader]:
    """Return every reader by name: those of this folder, and those that installed packages add.

    Raises:
        auditor.errors.ExtensionError: A module is no reader, or an extension has the name of another reader.
    """
    return cast("Mapping[str, Reader]", load_members(__name__, Reader, READERS, extensions))


def reader_name(blob: Blob, head: bytes, extensions: tuple[Extension, ...] = ()) -> str:
    """Return the name of the reader that claims a file most, the first by name among equals; "" if none does."""
    best, chosen = 0, ""
    for name, reader in readers(extensions).items():
        if (claim := reader.claims(blob, head)) > best:
            best, chosen = claim, name
    return chosen
