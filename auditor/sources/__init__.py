"""Sources: where files are. A source lists the files of a target.

Each module of this folder is a source, with the functions of :class:`Source`. Which subject a file belongs to is
decided in :mod:`auditor.repository_layout`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import BinaryIO, Literal, Protocol, cast

from auditor.errors import Unreadable, UsageError
from auditor.extensions import load_members
from auditor.model import Kind, Ref

SHORT = 1 << 16  # bytes; a file no longer than this is opened once
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True, slots=True)
class Blob:
    """One file, or a stretch of one (a tar member), and the subject it belongs to.

    ``kind`` and ``name`` are the subject's that the folder belongs to. ``kind`` is ``""`` in a folder that
    is no subject of its own: samples in it belong to the dataset ``name`` (the target), but a card or a
    terms text is a subject by itself, called ``alone``, whose kind its reader decides from the text.
    ``path`` may hold surrogate escapes; ``uri`` is valid Unicode and relative to the target.
    ``stretch`` (k, n): only the k-th of n stretches of its rows is meant, from 0; a large table is read by many.
    """

    path: str
    uri: str
    size: int
    kind: Kind | Literal[""] = ""
    name: str = ""
    revision: str = ""
    offset: int = 0
    whole: bool = True  # False: size bytes from offset
    alone: str = ""  # this file's name as a subject of its own, where kind is ""
    alone_kind: Kind | Literal[""] = ""  # what the folders' names say a card in them speaks of
    modified: int = 0  # nanoseconds since 1970; an interrupted run reads a file again that has changed since
    stretch: tuple[int, int] = (0, 1)
    basename: str = field(default="", init=False, repr=False, compare=False)
    suffix: str = field(default="", init=False, repr=False, compare=False)  # lower-case, with its dot
    _kept: bytes = field(default=b"", init=False, repr=False, compare=False)

    def __post_init__(self) -> None:  # every reader asks for them
        name = self.uri.rpartition("/")[2]
        stem, dot, suffix = name.rpartition(".")
        object.__setattr__(self, "basename", name)
        object.__setattr__(self, "suffix", f".{suffix.lower()}" if dot and stem else "")

    def __reduce__(self) -> tuple[type[Blob], tuple[object, ...]]:
        """Sent to a worker as it was listed, in half the time of a dataclass's own way."""
        return Blob, tuple(getattr(self, name) for name in _LISTED)

    def under(self, prefix: str) -> Blob:
        """The same blob where several targets are read: its place begins with its target's name."""
        return replace(self, uri=prefix + self.uri)

    def share(self, count: int) -> range:
        """Which of ``count`` parts of the file the stretch is: those of all stretches are all of them, each once."""
        at, of = self.stretch
        return range(-(-count * at // of), -(-count * (at + 1) // of))

    def ref(self, otherwise: Kind) -> Ref:
        """The subject that the blob's folder is, of that kind where the layout cannot tell."""
        return Ref(self.kind or otherwise, self.name, self.revision)

    def text_ref(self, kind: Kind) -> Ref:
        """The subject that a card or terms text in this blob speaks of; ``kind`` is what the text tells."""
        return self.ref(kind) if self.kind else Ref(kind, self.alone or self.name)

    def open(self) -> BinaryIO:
        """The file's bytes, from the first. Raises :class:`Unreadable`."""
        if self._kept:
            return io.BytesIO(self._kept)
        try:
            file = open(self.path, "rb")  # noqa: SIM115 - the caller closes it
        except OSError as error:
            raise Unreadable(f"cannot be opened: {error.strerror}") from error
        if self.whole:
            return file
        with file:
            try:
                file.seek(self.offset)
                return io.BytesIO(file.read(self.size))
            except OSError as error:
                raise Unreadable(f"cannot be read: {error.strerror}") from error

    def read(self, limit: int | None = None) -> bytes:
        """All bytes, or the first ``limit``. Raises :class:`Unreadable`."""
        if data := self._kept or self._at_once():
            return data[:limit]
        with self.open() as file:
            try:
                if limit is None:
                    return file.read()
                # Room for the whole limit would be taken before a byte is read: most files are short.
                data = file.read(min(limit, SHORT))
                return data if len(data) < SHORT else data + file.read(limit - len(data))
            except OSError as error:
                raise Unreadable(f"cannot be read: {error.strerror}") from error

    def head(self, size: int) -> bytes:
        """Its first ``size`` bytes; all of a short file's stay with it, to be read from there. Raises Unreadable."""
        object.__setattr__(self, "_kept", self._at_once())
        return self._kept[:size] or self.read(size)

    def _at_once(self) -> bytes:
        """A short file's bytes, in half the time; nothing where it is not short, not as listed or cannot be read."""
        if not self.whole or self.size > SHORT:
            return b""
        try:
            file = os.open(self.path, _READ)
        except OSError:
            return b""
        try:
            data = os.read(file, SHORT)
        except OSError:
            return b""
        finally:
            os.close(file)
        return data if len(data) == self.size else b""


_LISTED = tuple(one.name for one in fields(Blob) if one.init)


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that was not read, and why. ``skipped``: there was nothing to read in it, or no reason to."""

    uri: str
    why: str
    skipped: bool = False
    blob: Blob | None = None

    def under(self, prefix: str) -> Unread:
        return replace(self, uri=prefix + self.uri)


class Source(Protocol):
    """The duties of a source: it says which targets it lists, and lists their files."""

    def claims(self, target: str) -> bool:
        """Return whether the target is one of this source. Raises UsageError for one that it cannot list."""
        ...

    def blobs(self, target: str) -> Iterator[Blob | Unread]:
        """Yield every file of the target, in an order that is the same each time.

        It never follows a link out of the target and opens no file but for what says whose files they are.
        """
        ...


def source_of(target: str) -> Source:
    """Return the source that claims a target. Raises UsageError where none does."""
    for source in load_members(__name__, Source).values():
        if source.claims(target):
            return cast("Source", source)
    raise UsageError(f"{target}: does not exist; name a file or a folder")


def uri_of(name: str) -> str:
    """Return a file name as valid Unicode: bytes that are not UTF-8 are percent-encoded, and "%" beside them."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raw = os.fsencode(name.replace("%", "%25"))
        return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw)
    return name
