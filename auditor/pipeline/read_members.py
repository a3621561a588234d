"""Read files, and the members of archives and containers among them, each with the reader that claims it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.extensions import Extension
from auditor.part_builders.read_options import ReadOptions
from auditor.part_builders.text_contents import asks_of_texts, read_file_name, read_text_file
from auditor.parts import Part, PartlyRead
from auditor.readers import HEAD_BYTES, Reader, reader_name, readers
from auditor.samples import Samples

# An archive in an archive is read down to this depth.
MAX_DEPTH = 4
TOO_DEEP = f"archives in archives more than {MAX_DEPTH} deep: not read"
# The members of one file may have so many bytes for each of its own, at all depths together, or FREE_BYTES.
MAX_RATIO = 10_000
FREE_BYTES = 1 << 34
TOO_MUCH = "archives in archives that unfold to too much: not read further"
# Members that are held in memory until they are read together.
_BATCH_MEMBERS, _BATCH_BYTES = 256, 64 << 20

# The reader of whatever no other reader of samples claims.
OTHER_FILES = "other_files"

Item = Part | Samples | PartlyRead | Unread


def read_with_members(
    name: str, blobs: Iterable[Blob], options: ReadOptions, extensions: tuple[Extension, ...] = ()
) -> Iterator[Item]:
    """Yield what a reader says of these files, and what other readers say of their members.

    Of a member, only what holds samples is read: its cards and licences are none of a subject of their own. One that
    could not be read is a carrier of its file that was not read.

    Args:
        name: The reader's name.
        blobs: The files that it claims.
        options: What the run needs.
        extensions: Readers that installed packages add.
    """
    yield from _read(name, blobs, options, extensions, Counter())


def _read(
    name: str, blobs: Iterable[Blob], options: ReadOptions, extensions: tuple[Extension, ...], unfolded: Counter[str]
) -> Iterator[Item]:
    """Yield what a reader says of files or members; ``unfolded`` counts the bytes of each file's members by its uri."""
    waiting: list[Blob] = []
    held = 0
    for item in _items(readers(extensions)[name], list(blobs), options):
        if not isinstance(item, Blob):
            yield item
            continue
        before, limit = unfolded[item.file.uri], max(FREE_BYTES, MAX_RATIO * item.file.size)
        unfolded[item.file.uri] += item.size
        if before + item.size > limit:
            if before <= limit:
                yield PartlyRead(item.file, f"the members from {_path(item)}", TOO_MUCH)
            continue
        waiting.append(item)
        held += item.size
        if len(waiting) >= _BATCH_MEMBERS or held >= _BATCH_BYTES:
            yield from _read_members(waiting, options, extensions, unfolded)
            waiting, held = [], 0
    yield from _read_members(waiting, options, extensions, unfolded)


def _items(reader: Reader, blobs: list[Blob], options: ReadOptions) -> Iterator[Item | Blob]:
    """Yield what a reader says of files, and of a reader of words what samples their texts carry."""
    yield from reader.read(blobs, options)
    for blob in blobs:
        yield from read_file_name(blob, options.algorithms)
    if reader.READS_MEMBERS or reader.READS_WEIGHTS or not asks_of_texts(options.algorithms):
        return
    for blob in blobs:
        if blob.remote and blob.remote.reading != "all":
            continue
        with suppress(Unreadable, OSError):  # its reader says that it cannot be read
            yield from (item for item in read_text_file(blob, options.algorithms) if item is not None)


def _read_members(
    members: list[Blob], options: ReadOptions, extensions: tuple[Extension, ...], unfolded: Counter[str]
) -> Iterator[Item]:
    """Yield what readers say of members of archives and containers, each by the reader that claims it."""
    claimed: dict[str, list[Blob]] = {}
    for member in members:
        if member.depth > MAX_DEPTH:
            yield PartlyRead(member.file, _path(member), TOO_DEEP)
            continue
        name = reader_name(member, member.head(HEAD_BYTES), extensions)
        # Of a card or a licence in an archive, what it carries counts, and not what it says.
        name = name if name and readers(extensions)[name].READS_MEMBERS else OTHER_FILES
        claimed.setdefault(name, []).append(member)
    for name, blobs in claimed.items():
        for item in _read(name, blobs, options, extensions, unfolded):
            if isinstance(item, Unread):
                if not item.skipped:
                    member = item.blob or blobs[0]
                    yield PartlyRead(member.file, _path(member), item.why)
            elif isinstance(item, PartlyRead) and item.blob.holder:
                yield PartlyRead(item.blob.file, f"{_path(item.blob)}!/{item.carrier}", item.why)
            else:
                yield item


def _path(member: Blob) -> str:
    """Return the path of a member within its archive or container."""
    return member.uri.removeprefix(f"{member.file.uri}!/")
