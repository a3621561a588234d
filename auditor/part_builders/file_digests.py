"""Compute the digests of a weights file that a run asks for."""

from __future__ import annotations

from collections.abc import Collection
from typing import BinaryIO

from auditor.blob import Blob
from auditor.errors import Unreadable
from auditor.hashing.weight_digests import RangeHasher, weight_file_digests, xet_digest
from auditor.model import Gap, Place

_NO_WHOLE_FILE = "its Xet hash cannot be computed: it is no whole file of this machine"


def weight_digests(
    blob: Blob, file: BinaryIO, algorithms: Collection[str], header: int = 0, ranges: RangeHasher | None = None
) -> tuple[dict[str, str], tuple[Gap, ...]]:
    """Return these digests of a weights file as hex, and a gap for one that cannot be computed.

    Args:
        blob: The file.
        file: The same, open.
        algorithms: The digests that are wanted; see :func:`auditor.hashing.weight_digests.weight_file_digests`.
        header: The length of its header in bytes; 0 if it has none.
        ranges: Is fed the bytes after the header, if given.

    Raises:
        OSError: The file cannot be read.
    """
    digests = {digest.algorithm: digest.value for digest in weight_file_digests(file, header, ranges, algorithms)}
    if "xet" not in algorithms:
        return digests, ()
    try:
        if not blob.whole or blob.holder or blob.link:
            raise Unreadable(_NO_WHOLE_FILE)
        digests["xet"] = xet_digest(blob.path).value
    except Unreadable as error:
        return digests, (Gap("header", str(error), Place(blob.uri)),)
    return digests, ()
