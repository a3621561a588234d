"""Build a part of each of several small files."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part, PartlyRead
from auditor.samples import COMPUTED_ALGORITHMS, TEXT_SIGNALS
from auditor.syntax.file_content import text_carriers

_NOT_READ = "in a text that is not a table: not read"
_SAMPLE_ALGORITHMS = frozenset((*COMPUTED_ALGORITHMS, *TEXT_SIGNALS))


def read_file_parts(
    blobs: Iterable[Blob], part: Callable[[Blob, bytes], Part], limit: int, options: ReadOptions
) -> Iterator[Part | PartlyRead | Unread]:
    """Yield the part of each small file, for a reader that needs no more than its beginning.

    What in such a text carries pictures, addresses or digests is no part of it, and is yielded as not read where a
    list asks for samples.

    Args:
        blobs: The files.
        part: Makes a part of a file and its bytes; raises Unreadable, with the reason why the file is unread.
        limit: How many bytes of a file are read at most.
        options: What the run asks for.
    """
    for blob in blobs:
        try:
            data = blob.read(limit)
            yield part(blob, data)
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)
            continue
        if not _SAMPLE_ALGORITHMS.isdisjoint(options.algorithms):
            for carrier in text_carriers(data, io.BytesIO()) or ():
                yield PartlyRead(blob, carrier, _NOT_READ)
