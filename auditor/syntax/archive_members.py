"""Read archives and compressed files as a stream of members, without extraction, and with limits on size and number.

Reads zip and tar, tar in gzip, bzip2, xz, zstd or lz4, and a single file so compressed. Other archive formats are
recognised by their first bytes, to be named. What an archive claims of itself is never believed: a member's bytes are
read in pieces, and reading stops where they unfold to more than the limits below.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal, cast

from auditor.errors import Unreadable
from auditor.syntax.zip_directory import claimed_member_count

# An archive may unfold to this many times its size (real ones of text reach some 20, of blank pictures some 500), or
# to FREE_BYTES where that is more.
MAX_RATIO = 1000
FREE_BYTES = 1 << 30
MAX_MEMBERS = 2_000_000
# The most that is read at once on an archive's own word: long names and extended headers of tar have some kB.
MAX_READ = 1 << 26
_PIECE = 1 << 20
# Fewer bytes between the members of a zip are descriptors and filling; longer notes of a member are told.
MIN_REMAINDER = 64
MAX_ZIP_NOTES = 256
# Other notes that are longer, in gzip and tar, can hold a file.
MAX_NOTES = 256
LONG_NOTES = "a long name or comment in a gzip header: not read"
SKIPPED_FRAME = "a frame that readers skip in a compressed file: not read"
_GZIP_HEADER, _GZIP_EXTRA, _GZIP_TEXTS = 10, 4, 24  # RFC 1952: bytes, and flags
_SKIPPABLE = b"\x2a\x4d\x18"  # RFC 8878, 3.1.2: after a byte from 0x50 on
_PAX_NAMES = frozenset(("path", "linkpath", "mtime", "atime", "ctime", "size", "uid", "gid", "uname", "gname"))
TOO_LONG_REMAINDER = "more than 64 MiB that belong to no member: not read"
# The lengths of name and extra field in a zip's local header of 30 bytes (APPNOTE 4.3.7).
_LOCAL_HEADER = struct.Struct("<26xHH")

Compression = Literal["gzip", "bzip2", "xz", "zstd", "lz4"]

_COMPRESSIONS: tuple[tuple[bytes, Compression], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_UNSUPPORTED = (
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"MSCF\0\0\0\0", "CAB"),
    (b"\x1f\x9d", "compress (.Z)"),
    (b"LZIP", "lzip"),
    (b"!<arch>\n", "ar"),
    (b"hsqs", "SquashFS"),
)
# What the libraries raise on archives that are damaged or that they cannot read.
ARCHIVE_ERRORS = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,  # an encrypted member, an unknown compression, and the recursion of a tar with thousands of headers
    MemoryError,
)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive. Read ``stream`` before the next member is requested; it is empty if there is a problem.

    Args:
        path: its name within the archive, as valid Unicode.
        size: its length in bytes as the archive states it; -1 where it does not.
        problem: why its bytes cannot be read ("" where they can): a link, a device, an encrypted member.
    """

    path: str
    size: int
    stream: BinaryIO
    problem: str = ""


def compression_of(head: bytes) -> Compression | None:
    """Return how an archive or other file is compressed, by its first bytes; None where it is not."""
    return next((name for magic, name in _COMPRESSIONS if head.startswith(magic)), None)


def is_zip(head: bytes) -> bool:
    """Return whether the first bytes begin a zip archive."""
    return head.startswith(_ZIP)


def is_tar(head: bytes) -> bool:
    """Return whether the first 512 bytes begin a tar archive: by the magic, or an older header's checksum."""
    if head[257:262] == b"ustar":
        return True
    try:
        tarfile.TarInfo.frombuf(head[:512], "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True


def unsupported_archive(head: bytes) -> str:
    """Return the name of an archive format that is recognised and not read; "" for any other file."""
    return next((name for magic, name in _UNSUPPORTED if head.startswith(magic)), "")


def read_members(file: BinaryIO, name: str) -> Iterator[Member]:
    """Yield the members of an archive, in their order; one for a compressed file, named without its suffix.

    Args:
        file: the archive, at its first byte; zip needs it seekable.
        name: the archive's file name.

    Raises:
        Unreadable: it is none of these archives, or breaks off, or unfolds beyond the limits. Members that were
            yielded before stand.
    """
    head = file.read(512)
    file.seek(0)
    try:
        if is_zip(head):
            yield from _zip_members(file)
        elif compression := compression_of(head):
            yield from _compressed_members(file, compression, name)
        elif is_tar(head):
            yield from _tar_members(cast("BinaryIO", _Bounded(file)), "r:")
        else:
            kind = unsupported_archive(head)
            raise Unreadable(f"{kind} archives are not read" if kind else "not an archive that can be read")
    except ARCHIVE_ERRORS as error:
        raise Unreadable(f"the archive breaks off: {_reason(error)}") from error


def open_compressed(file: BinaryIO, compression: Compression) -> BinaryIO:
    """Open a compressed file as a stream of decompressed bytes that can only be read forwards.

    Its reads raise Unreadable beyond MAX_RATIO, and errors of the compression as its library has them.
    """
    if compression in ("zstd", "lz4"):
        import pyarrow as pa

        stream = cast("BinaryIO", pa.CompressedInputStream(pa.PythonFile(file, mode="r"), compression))
    elif compression == "gzip":
        stream = cast("BinaryIO", gzip.GzipFile(fileobj=file))
    elif compression == "bzip2":
        stream = cast("BinaryIO", _Decompressed(file, bz2.BZ2Decompressor))
    else:
        stream = cast("BinaryIO", _Decompressed(file, lzma.LZMADecompressor))
    return cast("BinaryIO", _Limited(stream, _length(file)))


def _compressed_members(file: BinaryIO, compression: Compression, name: str) -> Iterator[Member]:
    """Yield the members of a compressed tar, or a single compressed file as one member."""
    yield from _compression_notes(file, compression)
    stream = open_compressed(file, compression)
    head = _read_fully(stream, 512)
    whole = cast("BinaryIO", _Joined(head, stream))
    if is_tar(head):
        yield from _tar_members(whole, "r|")
    else:
        stem, dot, suffix = name.rpartition(".")
        inner = f"{stem}.tar" if suffix.lower() in ("tgz", "tbz2", "txz", "tzst") else stem
        yield Member(inner if dot and stem else f"{name}.unpacked", -1, whole)


def _compression_notes(file: BinaryIO, compression: Compression) -> Iterator[Member]:
    """Yield as members what a compressed file holds beside its data: a gzip header's fields, skipped frames."""
    if compression == "gzip":
        head = file.read(_GZIP_HEADER + MAX_NOTES).ljust(_GZIP_HEADER + 2, b"\0")
        extra_bytes = int.from_bytes(head[_GZIP_HEADER : _GZIP_HEADER + 2], "little")
        texts = (head[3] & _GZIP_TEXTS).bit_count()
        if head[3] & _GZIP_EXTRA and extra_bytes > MAX_NOTES:
            file.seek(_GZIP_HEADER + 2)
            extra = file.read(extra_bytes)
            yield Member("(extra field)", len(extra), io.BytesIO(extra))
        elif len(head) == _GZIP_HEADER + MAX_NOTES and head[_GZIP_HEADER:].count(0) < texts:
            yield Member("(name or comment)", -1, io.BytesIO(), LONG_NOTES)
    elif compression in ("zstd", "lz4"):
        size = _length(file)
        at, window = 0, b""
        while piece := file.read(MAX_READ):
            window = window[-8:] + piece
            found = window.find(_SKIPPABLE)
            while found >= 0:
                start = at - (len(window) - len(piece)) + found - 1
                length = int.from_bytes(window[found + 3 : found + 7], "little")
                if found and window[found - 1] >> 4 == 5 and MAX_NOTES < length <= size - start - 8:
                    yield Member(f"(bytes {start + 1:,}-{start + 8 + length:,})", -1, io.BytesIO(), SKIPPED_FRAME)
                found = window.find(_SKIPPABLE, found + 1)
            at += len(piece)
    file.seek(0)


class _TarHeader(tarfile.TarInfo):
    """A tar header that raises an error where it is damaged; tarfile would take the damage for the archive's end."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> _TarHeader:
        """Read the next header of a tar. Raises Unreadable where the archive is damaged or cut short."""
        assert isinstance(archive, _Tar)
        try:
            header = super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # a block of zeros
            archive.ended = True
            raise
        except tarfile.EmptyHeaderError as error:  # type: ignore[attr-defined]  # the end of the file
            if not archive.ended:
                raise Unreadable("a tar without its end mark: it may be cut short") from error
            raise
        except tarfile.HeaderError as error:
            raise Unreadable(f"a damaged header in a tar: {error}") from error
        archive.ended = False
        return header


class _Tar(tarfile.TarFile):
    tarinfo = _TarHeader
    ended = False


def _tar_members(file: BinaryIO, mode: Literal["r:", "r|"]) -> Iterator[Member]:
    """Yield the members of a tar archive; a link, device or sparse file is yielded with its problem."""
    # Zeros are skipped: members after an end mark (of two joined tars, for example) are read too.
    with _Tar.open(fileobj=file, mode=mode, ignore_zeros=True) as archive:
        number = 0
        while (info := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # tarfile remembers every member
            number += 1
            if number > MAX_MEMBERS:
                raise Unreadable(f"the archive holds more than {MAX_MEMBERS:,} members")
            path = info.name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            notes = "\n".join(value for key, value in info.pax_headers.items() if key not in _PAX_NAMES)
            if len(notes) > MAX_NOTES:
                yield Member(f"{path} (pax headers)", -1, io.BytesIO(notes.encode("utf-8", "surrogateescape")))
            if info.isdir():
                continue
            if not info.isreg() or info.issparse():
                kind = "a sparse file" if info.issparse() else "a link or device"
                yield Member(path, 0, io.BytesIO(), f"{kind} inside an archive: not followed")
                continue
            content = archive.extractfile(info)
            assert content
            yield Member(path, info.size, cast("BinaryIO", _Limited(cast("BinaryIO", content), 0, info.size)))


def _zip_members(file: BinaryIO) -> Iterator[Member]:
    """Yield the members of a zip archive; one that cannot be read is yielded with its problem."""
    entries = claimed_member_count(file, _length(file))
    if entries > MAX_MEMBERS:
        raise Unreadable(f"the archive claims {entries:,} members, more than {MAX_MEMBERS:,}")
    size = _length(file)
    left = max(FREE_BYTES, MAX_RATIO * size)
    with zipfile.ZipFile(file) as archive:
        yield from _zip_remainders(file, archive, size)
        for info in archive.infolist():
            path = info.filename.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            if info.is_dir():
                continue
            if stat.S_ISLNK(info.external_attr >> 16):
                yield Member(path, 0, io.BytesIO(), "a link or device inside an archive: not followed")
            elif info.flag_bits & 1:
                yield Member(path, info.file_size, io.BytesIO(), "an encrypted member of an archive")
            else:
                try:
                    content = archive.open(info)
                except ARCHIVE_ERRORS as error:
                    yield Member(path, info.file_size, io.BytesIO(), f"a damaged member: {_reason(error)}")
                    continue
                stream = _Limited(cast("BinaryIO", content), size, left)
                yield Member(path, info.file_size, cast("BinaryIO", stream))
                left -= stream.count


def _zip_remainders(file: BinaryIO, archive: zipfile.ZipFile, size: int) -> Iterator[Member]:
    """Yield as members the bytes of a zip that none of its members has: before, between and after them, comments."""
    spans: list[tuple[int, int]] = []
    for info in archive.infolist():
        file.seek(info.header_offset)
        header = file.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size:
            continue  # it cannot be opened either
        name, extra = _LOCAL_HEADER.unpack(header)
        start = info.header_offset + _LOCAL_HEADER.size + name
        spans.append((info.header_offset, start + extra + info.compress_size))
        if extra + len(info.extra) + len(info.comment) > MAX_ZIP_NOTES:
            file.seek(start)
            yield Member(f"{info.filename} (notes)", -1, io.BytesIO(file.read(extra) + info.extra + info.comment))
    at = 0
    for begin, end in [*sorted(spans), (archive.start_dir, size - 22 - len(archive.comment))]:
        if begin - at >= MIN_REMAINDER:
            file.seek(at)
            data = file.read(min(begin - at, MAX_READ))
            if data.strip(b"\0"):
                yield Member(
                    f"(bytes {at + 1:,}-{begin:,})",
                    begin - at,
                    io.BytesIO(data),
                    "" if len(data) == begin - at else TOO_LONG_REMAINDER,
                )
        at = max(at, end)
    if len(archive.comment) >= MIN_REMAINDER:
        yield Member("(comment)", len(archive.comment), io.BytesIO(archive.comment))


class _Limited:
    """A stream of decompressed bytes with a limit; ``count`` is the number of bytes that were read."""

    def __init__(self, stream: BinaryIO, packed: int, limit: int = 0) -> None:
        self._stream = stream
        self._limit = limit or max(FREE_BYTES, MAX_RATIO * packed)
        self.count = 0

    def read(self, size: int = -1, /) -> bytes:
        """Return decompressed bytes of an archive. Raises Unreadable beyond the limit."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(_PIECE), b""))
        data = self._stream.read(min(size, MAX_READ))
        self.count += len(data)
        if self.count > self._limit:
            raise Unreadable(f"it unfolds to more than {self._limit:,} bytes: not read further")
        return data


class _Decompressed:
    """A stream of bzip2 or xz, of one or more parts. The library's own readers pass over what follows the last part."""

    def __init__(self, file: BinaryIO, decompressor: type[bz2.BZ2Decompressor] | type[lzma.LZMADecompressor]) -> None:
        self._file, self._new = file, decompressor
        self._part, self._packed = decompressor(), b""

    def read(self, size: int = -1, /) -> bytes:
        """Return decompressed bytes of an archive. Raises Unreadable for other bytes after the last part."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(_PIECE), b""))
        while True:
            if self._part.eof:
                rest = (self._part.unused_data + self._file.read(_PIECE)).lstrip(b"\0")
                if not rest:
                    return b""
                if compression_of(rest) not in ("bzip2", "xz"):
                    raise Unreadable("other bytes follow the end of the compressed data")
                self._part, self._packed = self._new(), rest
            elif self._part.needs_input and not self._packed:
                self._packed = self._file.read(_PIECE)
                if not self._packed:
                    raise EOFError("the compressed data is cut short")
            data = self._part.decompress(self._packed, size)
            self._packed = b""
            if data:
                return data


class _Joined:
    """A stream whose first bytes were read already."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def read(self, size: int = -1, /) -> bytes:
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(_PIECE), b""))
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
            return data
        return self._rest.read(size)


class _Bounded:
    """A file of which no more than MAX_READ bytes are read at once, whatever a header claims."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.close = file.seek, file.tell, file.close

    def read(self, size: int = -1, /) -> bytes:
        if size > MAX_READ:
            raise Unreadable(f"a header claims {size:,} bytes")
        return self._file.read(size)


def _read_fully(stream: BinaryIO, size: int) -> bytes:
    """Return ``size`` bytes of an archive's stream, fewer only at its end."""
    data = b""
    while len(data) < size and (piece := stream.read(size - len(data))):
        data += piece
    return data


def _length(file: BinaryIO) -> int:
    """Return the length of an open archive."""
    at = file.tell()
    length = file.seek(0, io.SEEK_END)
    file.seek(at)
    return length


def _reason(error: BaseException) -> str:
    """Return a short reason why an archive could not be read, from the error."""
    if isinstance(error, RecursionError):
        return "thousands of extended headers in a row"
    if isinstance(error, MemoryError):
        return "it needs more memory than a worker may take"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = " ".join(str(error).split())[:120]
    return text or type(error).__name__
