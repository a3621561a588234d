"""Files of a hub or a bucket, read over the network: only the ranges that are needed, in memory, never on disk."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, cast

from auditor.bucket_requests import fetch_object_range
from auditor.errors import Unreadable
from auditor.hub_address import RepositoryKind
from auditor.hub_requests import Unavailable, fetch_range

# How much of a remote file may be fetched.
# header: of weights, what tells them apart: never the tensors. declared: of a table, the columns of digests and
# addresses. all: every byte. listed: nothing.
Reading = Literal["header", "declared", "all", "listed"]
# What a header, or the directory at the end of a zip, takes at most; GGUF keeps its vocabulary before its tensors.
_HEADER_BUDGET, _GGUF_BUDGET = 1 << 20, 32 << 20
# Of other weights the first bytes tell the format.
_HEAD_BYTES = 4096
_SAFETENSORS_SUFFIXES = (".safetensors", ".sft")
# huggingface/safetensors, src/tensor.rs: MAX_HEADER_SIZE.
_MAX_SAFETENSORS_HEADER = 100_000_000
_LENGTH_BYTES = 8
_PARQUET_MAGIC = b"PAR1"
# Bytes that one request fetches: more each time that a file is read on, up to the last.
_FIRST_WINDOW, _LAST_WINDOW = 1 << 16, 1 << 23
# Ranges of so many bytes are kept while the shard is read: a file is claimed by its first bytes before it is read.
_MAX_KEPT_BYTES = 1 << 20
_MAX_KEPT_RANGES = 4

NOT_FETCHED = "not read: only --content fetches it"
BEYOND_HEADER = "lies beyond the header, and no more of weights on a hub is fetched"


class RemoteReadError(OSError):
    """A range of a remote file could not be read; ``strerror`` says why."""

    def __init__(self, why: str) -> None:
        super().__init__(0, why)

    def __str__(self) -> str:
        return str(self.strerror)


@dataclass(slots=True, unsafe_hash=True)
class RemoteFile:
    """A file of a repository on a hub, at one commit. Only ``reading`` is set anew, before it is read.

    Attributes:
        hub: The address of the hub.
        kind: The kind of its repository.
        repository: The repository's name.
        commit: The commit, so that a branch that moves changes nothing.
        path: Its path in the repository.
        sha256: The SHA-256 that the hub lists; "" for none.
        xet: The Xet hash that the hub lists; "" for none.
        reading: How much of it may be fetched.
    """

    hub: str
    kind: RepositoryKind
    repository: str
    commit: str
    path: str
    sha256: str = ""
    xet: str = ""
    reading: Reading = field(default="all", repr=False, compare=False)
    _kept: list[tuple[int, bytes]] = field(default_factory=list, init=False, repr=False, compare=False)
    _failure: list[Unreadable] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def is_worth_retrying(self) -> bool:
        """Whether it was not read for a reason that will pass."""
        return any(isinstance(error, Unavailable) for error in self._failure)

    @property
    def is_declared_parquet(self) -> bool:
        """Whether it is a Parquet file of which no more than some columns is fetched: wherever else samples may lie."""
        return self.reading == "declared" and self.path.lower().endswith(".parquet")

    @property
    def may_keep_whole(self) -> bool:
        """Whether all of it may be fetched at once if it is short."""
        return self.reading == "all" or (self.reading == "declared" and not self.is_declared_parquet)

    @property
    def head_bytes(self) -> int:
        """How many of its first bytes may be fetched to tell what it is."""
        return len(_PARQUET_MAGIC) if self.is_declared_parquet else sys.maxsize

    def open(self, size: int) -> BinaryIO:
        """Open the file, of ``size`` bytes as listed; its bytes are fetched as they are read."""
        return cast("BinaryIO", _RangedFile(self, size))

    def fetch(self, start: int, stop: int, size: int) -> bytes:
        """Return a range of the file's bytes. Raises Unreadable; what failed once is not asked for again."""
        for at, data in self._kept:
            if at <= start and stop <= at + len(data):
                return data[start - at : stop - at]
        if self._failure:
            raise self._failure[0]
        try:
            data = self._request(start, stop, size)
        except Unreadable as error:
            self._failure.append(error)
            raise
        if len(data) <= _MAX_KEPT_BYTES:
            self._kept.append((start, data))
            del self._kept[:-_MAX_KEPT_RANGES]
        return data

    def _request(self, start: int, stop: int, size: int) -> bytes:
        """Ask for a range of the file's bytes. Raises Unreadable."""
        return fetch_range(self.hub, self.kind, self.repository, self.commit, self.path, start, stop, size)


class BucketFile(RemoteFile):
    """An object of a bucket: ``hub`` is the scheme, ``repository`` the bucket and prefix, ``commit`` its ETag."""

    __slots__ = ()

    def _request(self, start: int, stop: int, size: int) -> bytes:
        """Ask for a range of the object's bytes. Raises Unreadable."""
        return fetch_object_range(self.hub, f"{self.repository}/{self.path}", start, stop)


class _RangedFile(io.BufferedIOBase):
    """A remote file that is read by ranges. Raises :class:`RemoteReadError`."""

    def __init__(self, remote: RemoteFile, size: int) -> None:
        self._remote = remote
        self._size = size
        self._position = 0
        # The range that was fetched last.
        self._start, self._block = next((kept for kept in remote._kept if kept[0] == 0), (0, b""))
        self._window = _FIRST_WINDOW
        self._prefix = size  # bytes from the beginning that may be fetched
        self._budget = size
        self._is_gguf = False  # its reader asks for more and takes less: metadata has no length
        if remote.is_declared_parquet:
            self._window = 0  # what is asked for and no byte beside it
        elif remote.reading == "header":
            self._is_gguf = remote.path.lower().endswith(".gguf")
            self._window = _FIRST_WINDOW if self._is_gguf else _HEAD_BYTES
            self._budget = _GGUF_BUDGET if self._is_gguf else _HEADER_BUDGET
            if remote.path.lower().endswith(_SAFETENSORS_SUFFIXES):
                self._prefix = self._budget = -1  # not known before its first bytes

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that any of its ranges can be read."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position; nothing is fetched."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next ``size`` bytes, or all that follow."""
        left = max(0, self._size - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        if self._is_gguf:
            wanted = min(wanted, self._window)
        pieces: list[bytes] = []
        while wanted > 0:
            at = self._position - self._start
            if not 0 <= at < len(self._block):
                if pieces and 0 <= self._prefix <= self._position:
                    break  # what may be fetched ends here
                self._fetch(wanted)
                continue
            piece = self._block[at : at + wanted]
            pieces.append(piece)
            wanted -= len(piece)
            self._position += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def read1(self, size: int = -1, /) -> bytes:
        """Return the next bytes, at most ``size``, of what one request gives."""
        return self.read(_FIRST_WINDOW if size < 0 else size)

    def _fetch(self, wanted: int) -> None:
        """Fetch the range at the position: ``wanted`` bytes, or more if the file is read on and on."""
        if self._prefix < 0:
            self._prefix = self._budget = self._safetensors_prefix()
            self._window = min(self._prefix, _LAST_WINDOW)
        start = self._position
        is_read_on = start == self._start + len(self._block)
        stop = min(start + max(wanted, self._window), self._size, self._prefix)
        if self._remote.reading == "header":
            stop = min(stop, start + self._budget)
        if stop <= start:
            raise RemoteReadError(BEYOND_HEADER)
        try:
            self._block = self._remote.fetch(start, stop, self._size)
        except Unreadable as error:
            raise RemoteReadError(str(error)) from error
        self._start = start
        self._budget -= stop - start
        if is_read_on and self._window:
            self._window = min(2 * self._window, _LAST_WINDOW)

    def _safetensors_prefix(self) -> int:
        """Return where the header of a safetensors file ends; of what has none, the first bytes tell what it is."""
        try:
            length = int.from_bytes(self._remote.fetch(0, min(_LENGTH_BYTES, self._size), self._size), "little")
        except Unreadable as error:
            raise RemoteReadError(str(error)) from error
        end = _LENGTH_BYTES + length
        return end if length <= _MAX_SAFETENSORS_HEADER and end <= self._size else min(_HEAD_BYTES, self._size)
