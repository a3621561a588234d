"""What files say. A reader turns blobs into parts of subjects and batches of samples.

A reader is a module of this package with two functions and its examples::

    def claims(blob: Blob, head: bytes) -> int          0: not mine; the reader that claims most reads it
    def read(blobs: Iterable[Blob], wants: Wants) -> Iterator[Part | Samples | Unread]
    EXAMPLES: tuple[Example, ...]                       small files it reads, and what it must state of them

``head`` is the blob's first :data:`HEAD` bytes. ``read`` gets every blob of a shard that it claims and
never raises on what a file holds: a blob that cannot be read at all is yielded as ``Unread``, one that
can be read in part yields a part with gaps. A blob not yielded as ``Unread`` counts as scanned. A reader
that minds :attr:`Blob.stretch` says ``IN_STRETCHES = True``; any other gets a blob once, for its first stretch.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, NamedTuple, Protocol

from auditor.errors import Unreadable
from auditor.model import Statement, Subject
from auditor.samples import Samples
from auditor.sources import Blob, Unread

HEAD = 4096

Role = Literal["card", "licence", "terms", "document"]


class Text(NamedTuple):
    """A text that was read, for the derivations that need its words. It never leaves the worker.

    ``accepted``: whoever downloads has to accept it first, so that a policy it names binds.
    """

    role: Role
    uri: str
    text: str
    first_line: int = 1  # the line of the file on which it begins (after front matter); 0: its lines are not the file's
    accepted: bool = False


class Part(NamedTuple):
    """What one blob says of one subject. Parts of a subject are joined after all shards are done.

    ``tensors`` are digests of tensors by which models can be told apart, where weights are read in full.
    """

    subject: Subject
    texts: tuple[Text, ...] = ()
    tensors: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class Wants:
    """What a run needs to know, so that nothing else is computed.

    ``algorithms`` are those that a loaded list can answer. ``weights`` is how far weights files are
    read. ``variants`` are the further forms of an image that are hashed: ``dihedral``, ``unpadded``,
    ``oriented``, ``512`` (the other PDQ convention).
    """

    algorithms: frozenset[str] = frozenset()
    weights: Literal["header", "sample", "full"] = "header"
    variants: frozenset[str] = frozenset({"oriented", "unpadded"})


@dataclass(frozen=True, slots=True)
class Example:
    """A small file, and what its reader must state: (key, value, relation); ``gaps`` are their ``what``."""

    name: str
    data: bytes
    states: tuple[tuple[str, str, str], ...] = ()
    gaps: tuple[str, ...] = ()
    unread: str = ""
    columns: tuple[str, ...] = ()
    wants: Wants = field(default_factory=Wants)


class Reader(Protocol):
    EXAMPLES: tuple[Example, ...]

    def claims(self, blob: Blob, head: bytes) -> int: ...

    def read(self, blobs: Iterable[Blob], wants: Wants) -> Iterator[Part | Samples | Unread]: ...


@cache
def readers() -> Mapping[str, Reader]:
    """Every module of this package, by name: adding a reader is adding a file."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}") for name in names}


def reader_of(blob: Blob, head: bytes) -> str:
    """The name of the reader that claims this blob most (the first by name of those that claim alike)."""
    best, mine = 0, ""
    for name, reader in readers().items():
        if (claim := reader.claims(blob, head)) > best:
            best, mine = claim, name
    return mine


def state(subject: Subject, *statements: Statement) -> Subject:
    """The subject with more statements."""
    return Subject(subject.kind, subject.name, subject.revision, (*subject.statements, *statements), subject.gaps)


def each(blobs: Iterable[Blob], part: Callable[[Blob, bytes], Part], limit: int) -> Iterator[Part | Unread]:
    """A part for each blob, from its first ``limit`` bytes; one that ``part`` finds :class:`Unreadable` is unread."""
    for blob in blobs:
        try:
            yield part(blob, blob.read(limit))
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)
