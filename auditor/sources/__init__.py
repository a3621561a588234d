"""Where files are. A source lists blobs; it never follows a link out of its target and opens nothing.

A source is a module with two functions::

    def claims(target: str) -> bool                 is this target mine?
    def blobs(target: str) -> Iterator[Blob | Unread]    every file, in a stable order

Which subject a file belongs to is decided in one place, :mod:`auditor.sources.layout`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol

from auditor.errors import Unreadable
from auditor.model import Kind, Ref


@dataclass(frozen=True, slots=True)
class Blob:
    """One file, or a stretch of one (a tar member), and the subject it belongs to.

    ``kind`` is ``""`` where only the text itself can tell (a card in a flat folder): its reader asks
    :func:`auditor.sources.layout.kind_of_card`. ``path`` may hold surrogate escapes; ``uri`` is valid
    Unicode and relative to the target.
    """

    path: str
    uri: str
    size: int
    kind: Kind | Literal[""] = ""
    name: str = ""
    revision: str = ""
    offset: int = 0
    whole: bool = True  # False: size bytes from offset

    @property
    def basename(self) -> str:
        return self.uri.rsplit("/", 1)[-1]

    @property
    def suffix(self) -> str:
        """The lower-case suffix with its dot, or ""."""
        stem, dot, suffix = self.basename.rpartition(".")
        return f".{suffix.lower()}" if dot and stem else ""

    def ref(self, otherwise: Kind) -> Ref:
        """The subject this blob belongs to, of that kind where the layout cannot tell."""
        return Ref(self.kind or otherwise, self.name, self.revision)

    def open(self) -> BinaryIO:
        """The file's bytes, unbuffered position 0. Raises :class:`Unreadable`."""
        try:
            file = open(self.path, "rb")
        except OSError as error:
            raise Unreadable(f"cannot be opened: {error.strerror}") from error
        if self.whole:
            return file
        with file:
            file.seek(self.offset)
            return io.BytesIO(file.read(self.size))

    def read(self, limit: int | None = None) -> bytes:
        """All bytes, or the first ``limit``. Raises :class:`Unreadable`."""
        with self.open() as file:
            try:
                return file.read() if limit is None else file.read(limit)
            except OSError as error:
                raise Unreadable(f"cannot be read: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that was not read, and why. ``skipped``: there was nothing to read in it, or no reason to."""

    uri: str
    why: str
    skipped: bool = False
    blob: Blob | None = None


class Source(Protocol):
    def claims(self, target: str) -> bool: ...

    def blobs(self, target: str) -> Iterator[Blob | Unread]: ...
