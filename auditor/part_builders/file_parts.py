"""Build a part of each of several small files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.parts import Part


def read_file_parts(blobs: Iterable[Blob], part: Callable[[Blob, bytes], Part], limit: int) -> Iterator[Part | Unread]:
    """Yield the part of each small file, for a reader that needs no more than its beginning.

    Args:
        blobs: The files.
        part: Makes a part of a file and its bytes; raises Unreadable, with the reason why the file is unread.
        limit: How many bytes of a file are read at most.
    """
    for blob in blobs:
        try:
            data = blob.read(limit)
            yield part(blob, data)
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)
