"""Build members of the pictures that lie in files of other kinds, and of bytes that a file's format has no use for.

Every byte of a file belongs to a part that its reader knows, or to a member that is read by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from auditor.blob import Blob
from auditor.parts import PartlyRead
from auditor.syntax.embedded_pictures import pictures_of_file

MAX_MEMBERS = 10_000
MAX_REMAINDER_BYTES = 256 << 20
_TOO_MANY = f"more than {MAX_MEMBERS:,} pictures in one file: not read"
_TOO_LONG = "more than 256 MiB that the file's format does not explain: not read"


def embedded_members(
    blob: Blob, file: BinaryIO, first: int = 0, last: int | None = None
) -> Iterator[Blob | PartlyRead]:
    """Yield a member for each picture in an open file.

    Args:
        blob: The file.
        file: The same, open.
        first: Where the search begins.
        last: Where it ends; None: at the file's end.

    Raises:
        OSError: The file cannot be read.
    """
    for number, (start, end) in enumerate(pictures_of_file(file, first, last), 1):
        if number > MAX_MEMBERS:
            yield PartlyRead(blob, f"the pictures from byte {start:,}", _TOO_MANY)
            return
        if end - start < blob.size:
            file.seek(start)
            yield blob.member(f"bytes {start + 1:,}-{end:,}", file.read(end - start))


def remainder_members(blob: Blob, file: BinaryIO, spans: Iterable[tuple[int, int]]) -> Iterator[Blob | PartlyRead]:
    """Yield a member for each span of an open file that its format does not explain; zeros are none.

    Args:
        blob: The file.
        file: The same, open.
        spans: Where each begins and ends.

    Raises:
        OSError: The file cannot be read.
    """
    for start, end in spans:
        name = f"bytes {start + 1:,}-{end:,}"
        if end - start > MAX_REMAINDER_BYTES:
            yield PartlyRead(blob, name, _TOO_LONG)
            continue
        file.seek(start)
        if (data := file.read(end - start)).strip(b"\0"):
            yield blob.member(name, data)
