"""Reads what no other reader claims: any other file of a dataset is a sample by its exact digests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.hashing import exact
from auditor.parts import Part
from auditor.readers import ReaderExample, ReadOptions
from auditor.reading.file_samples import sample_whole_files
from auditor.samples import Samples
from auditor.sources import Blob, Unread

_NO_LIST = "no list to match it against"
_NOT_A_MODEL = "not a kind of file that says anything about a model"

READS_MEMBERS = True


def claims(blob: Blob, head: bytes) -> int:
    """Claim every file, less than any other reader does."""
    return 1


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Samples | Unread]:
    """Yield a sample of each file, if a list asks for exact digests; skip a model's files, which are no samples."""
    algorithms = [name for name in exact.CRYPTOGRAPHIC_ALGORITHMS if name in options.algorithms]
    samples: list[Blob] = []
    for blob in blobs:
        if blob.kind == "model":
            yield Unread(blob.uri, _NOT_A_MODEL, skipped=True, blob=blob)
        elif not blob.size:
            yield Unread(blob.uri, "empty", skipped=True, blob=blob)
        elif not algorithms:
            yield Unread(blob.uri, _NO_LIST, skipped=True, blob=blob)
        else:
            samples.append(blob)
    yield from sample_whole_files(samples, algorithms)


EXAMPLES: tuple[ReaderExample, ...] = (
    ReaderExample(
        "a video of a dataset",
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
        columns=("md5",),
        options=ReadOptions(frozenset({"md5"})),
    ),
    ReaderExample("no list to match it against", b"some bytes", unread=_NO_LIST),
)
