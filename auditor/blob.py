"""Blobs: files to read, parts of files and members of archives; and the files that were not read."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass, field, fields, replace
from typing import BinaryIO, Literal

from auditor.errors import Unreadable
from auditor.model import Kind, Ref
from auditor.remote_file import RemoteFile, RemoteReadError
from auditor.safe_open import open_regular_file

# A file of at most so many bytes is opened and read once, and kept for its reader.
MAX_KEPT_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Blob:
    """One file, a range of one, or a member of an archive held in memory, and the subject that it belongs to.

    Attributes:
        path: Where it is; may hold surrogate escapes.
        uri: Its place for reports: relative to the target, valid Unicode.
        size: Its bytes.
        kind: The kind of the subject that its folder belongs to; "" in a folder that is no subject of its own. There,
            samples belong to the dataset ``name`` (the target), and a card or a terms text is a subject by itself.
        name: The name of that subject.
        revision: The revision of that subject, if it is known.
        offset: Where its bytes begin, if it is not ``whole``.
        whole: False: it is the ``size`` bytes from ``offset``.
        standalone_name: Its name as a subject of its own, where ``kind`` is "".
        standalone_kind: The kind of that subject as the names of folders tell; "": its reader decides.
        modified: When it was changed, in nanoseconds since 1970; a resumed run reads a file that was changed again.
        link: The text of a link to a file that is not here, which is read in place of its bytes; "": it is no link.
        remote: Where its bytes are fetched from, for a file of a hub; None: it is a file of this machine.
        holder: The archive or container that it is a member of; None for a file. The uri of a member is that of its
            holder, "!/", and its path in there.
        partition: (k, n): only part k, from 0, of n parts of its rows is read here; a large table is read by several
            workers.
        basename: The last part of ``uri``.
        suffix: The suffix of ``basename`` in lower case, with its dot; "" for none.
    """

    path: str
    uri: str
    size: int
    kind: Kind | Literal[""] = ""
    name: str = ""
    revision: str = ""
    offset: int = 0
    whole: bool = True
    standalone_name: str = ""
    standalone_kind: Kind | Literal[""] = ""
    modified: int = 0
    partition: tuple[int, int] = (0, 1)
    link: str = ""
    remote: RemoteFile | None = None
    holder: Blob | None = field(default=None, repr=False, compare=False)
    basename: str = field(default="", init=False, repr=False, compare=False)
    suffix: str = field(default="", init=False, repr=False, compare=False)
    _data: bytes = field(default=b"", init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Set what every reader asks for."""
        name = self.uri.rpartition("/")[2]
        stem, dot, suffix = name.rpartition(".")
        object.__setattr__(self, "basename", name)
        object.__setattr__(self, "suffix", f".{suffix.lower()}" if dot and stem else "")

    def __reduce__(self) -> tuple[type[Blob], tuple[object, ...]]:
        """Pickle the fields without the kept bytes, in half the time of a dataclass's own method."""
        return Blob, tuple(getattr(self, name) for name in _PICKLED_FIELDS)

    def with_prefix(self, prefix: str) -> Blob:
        """Return the same file for a run of several targets, whose places begin with the target's name."""
        return replace(self, uri=prefix + self.uri)

    def member(self, path: str, data: bytes) -> Blob:
        """Return a member of this archive or container, held in memory, as a file of the same subject."""
        found = replace(
            self,
            path="",
            uri=f"{self.uri}!/{path}",
            size=len(data),
            offset=0,
            whole=True,
            partition=(0, 1),
            remote=None,
            holder=self,
        )
        object.__setattr__(found, "_data", data)
        return found

    @property
    def depth(self) -> int:
        """How many archives or containers it lies in; 0 for a file."""
        return 1 + self.holder.depth if self.holder else 0

    @property
    def file(self) -> Blob:
        """The file that it is or lies in."""
        return self.holder.file if self.holder else self

    def partition_range(self, count: int) -> range:
        """Return which of ``count`` parts of the file belong to its partition; each belongs to exactly one."""
        number, partitions = self.partition
        return range(-(-count * number // partitions), -(-count * (number + 1) // partitions))

    def ref(self, default: Kind) -> Ref:
        """Return the subject that the blob's folder belongs to, of the default kind if the layout does not tell."""
        return Ref(self.kind or default, self.name, self.revision)

    def text_ref(self, kind: Kind) -> Ref:
        """Return the subject of a card or terms text in this blob; ``kind`` counts if it is one by itself."""
        if self.kind:
            return self.ref(kind)
        name = self.standalone_name or self.name
        return Ref(kind, name, self.revision if name == self.name else "")

    def open(self) -> BinaryIO:
        """Open the file at its first byte. Raises :class:`Unreadable`."""
        if self._data or self.holder:
            return io.BytesIO(self._data)
        if self.link:
            return io.BytesIO(os.fsencode(self.link))
        if self.remote:
            return self.remote.open(self.size)
        try:
            file = open(self.path, "rb", opener=open_regular_file)  # noqa: SIM115 - the caller closes it
        except OSError as error:
            raise Unreadable(f"cannot be opened: {error.strerror}") from error
        if self.whole:
            if (size := os.fstat(file.fileno()).st_size) != self.size:
                file.close()
                raise Unreadable(f"changed since it was listed: it had {self.size:,} bytes and has {size:,}")
            return file
        with file:
            try:
                file.seek(self.offset)
                return io.BytesIO(file.read(self.size))
            except OSError as error:
                raise Unreadable(f"cannot be read: {error.strerror}") from error

    def read(self, limit: int | None = None) -> bytes:
        """Return all bytes, or the first ``limit``. Raises :class:`Unreadable`."""
        if (data := self._data or self._read_short()) or self.holder:
            return data[:limit]
        with self.open() as file:
            try:
                if limit is None:
                    return file.read()
                # Python allocates the whole limit before it reads a byte, and most files are short.
                data = file.read(min(limit, MAX_KEPT_BYTES))
                return data if len(data) < MAX_KEPT_BYTES else data + file.read(limit - len(data))
            except RemoteReadError as error:
                raise Unreadable(str(error)) from error
            except OSError as error:
                raise Unreadable(f"cannot be read: {error.strerror}") from error

    def head(self, size: int) -> bytes:
        """Return the first bytes, and keep all those of a short file for its reader. Raises :class:`Unreadable`."""
        if self.holder:
            return self._data[:size]
        if self.remote:
            size = min(size, self.remote.head_bytes)
        object.__setattr__(self, "_data", self._read_short())
        return self._data[:size] or self.read(size)

    def kept_sha256(self) -> bytes:
        """Return the SHA-256 of a file whose bytes :meth:`head` kept; b"" if they were not kept."""
        return hashlib.sha256(self._data).digest() if self._data and not self.holder else b""

    def _read_short(self) -> bytes:
        """Return a short file's bytes, faster than through a file object.

        Nothing, if it is longer than :data:`MAX_KEPT_BYTES`, has not the size it was listed with, or cannot be read.
        """
        if not self.whole or self.holder or self.link or self.size > MAX_KEPT_BYTES:
            return b""
        if self.remote:
            return self.remote.fetch(0, self.size, self.size) if self.remote.may_keep_whole and self.size else b""
        try:
            file = open_regular_file(self.path)
        except (OSError, Unreadable):
            return b""
        try:
            data = os.read(file, MAX_KEPT_BYTES)
        except OSError:
            return b""
        finally:
            os.close(file)
        return data if len(data) == self.size else b""


_PICKLED_FIELDS = tuple(one.name for one in fields(Blob) if one.init)


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that was not read, and why.

    Attributes:
        uri: Its place, as that of a :class:`Blob`.
        why: The reason, for a person; what comes before its first colon is counted.
        skipped: True: nothing in it was to be read. False: it should have been read, and leaves a gap.
        blob: The file, if it could be listed.
    """

    uri: str
    why: str
    skipped: bool = False
    blob: Blob | None = None

    def with_prefix(self, prefix: str) -> Unread:
        """Return the same for a run of several targets, whose places begin with the target's name."""
        return replace(self, uri=prefix + self.uri)
