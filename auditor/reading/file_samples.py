"""Makes samples of whole files by their exact digests, and of the files that Git LFS pointers stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice

from auditor.errors import Unreadable
from auditor.hashing import exact
from auditor.model import Basis, Ref
from auditor.samples import Samples, build_sample_batch
from auditor.sources import Blob, Unread
from auditor.syntax.lfs_pointer import MAX_POINTER_BYTES, is_lfs_pointer, parse_lfs_pointer

BATCH_FILES = 256
# A larger file is digested as a stream and not held in memory to be decoded.
MAX_DECODED_BYTES = 256 << 20
TOO_LARGE_TO_DECODE = "a file of more than 256 MiB, so not decoded"

_ARCHIVE = "an archive: its members were not checked"
_POINTER = "a Git LFS pointer: the file itself is not here"
_DECLARED = "a Git LFS pointer: the file itself is not here, and only the SHA-256 that it declares was compared"

# First bytes of zip, gzip, bzip2, xz, 7z, rar and Zstandard.
_ARCHIVE_MAGIC = (
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\0",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\x28\xb5\x2f\xfd",
)


def sample_whole_files(blobs: Iterable[Blob], algorithms: Iterable[str], gap: str = "") -> Iterator[Samples | Unread]:
    """Yield a sample of each file, in batches of one subject.

    Args:
        blobs: The files. Each is read as a stream, whatever its size.
        algorithms: The digest columns; those of perceptual algorithms are null.
        gap: What of each file was not checked. "": it is an archive's or pointer's own gap, or none.
    """
    wanted = tuple(algorithms)
    for ref, group in groupby(blobs, key=lambda blob: blob.ref("dataset")):
        while some := tuple(islice(group, BATCH_FILES)):
            rows: list[_Row] = []
            pointers: list[tuple[Blob, str]] = []
            for blob in some:
                try:
                    with blob.open() as file:
                        head = file.read(MAX_POINTER_BYTES)
                        if pointer := parse_lfs_pointer(head):
                            pointers.append((blob, pointer[0]))
                            continue
                        file.seek(0)
                        rows.append((blob, exact.exact_digests_of_stream(file, wanted), gap or _gap_of_content(head)))
                except OSError as error:
                    yield Unread(blob.uri, f"cannot be read: {error.strerror}", blob=blob)
                except Unreadable as error:
                    yield Unread(blob.uri, str(error), blob=blob)
            if rows:
                yield _samples(ref, "computed", rows, wanted)
            yield from sample_lfs_pointers(pointers, wanted)


def sample_lfs_pointers(pointers: Sequence[tuple[Blob, str]], algorithms: Iterable[str]) -> Iterator[Samples]:
    """Yield one batch of the files that Git LFS pointers of one subject stand for.

    Args:
        pointers: The pointers, each with the SHA-256 (hex) that it declares.
        algorithms: The algorithms that were asked for; a pointer declares SHA-256 alone.
    """
    wanted = tuple(name for name in algorithms if name == "sha256")
    gap = _DECLARED if wanted else _POINTER
    if pointers:
        rows: list[_Row] = [(blob, {"sha256": bytes.fromhex(sha256)}, gap) for blob, sha256 in pointers]
        yield _samples(pointers[0][0].ref("dataset"), "declared", rows, wanted)


# A file, its digests by algorithm, and what of it was not checked.
_Row = tuple[Blob, Mapping[str, bytes], str | None]


def _samples(ref: Ref, basis: Basis, rows: Sequence[_Row], algorithms: tuple[str, ...]) -> Samples:
    columns: dict[str, list[object]] = {
        "sample": [blob.basename for blob, _, _ in rows],
        "place": [blob.uri for blob, _, _ in rows],
        "gap": [gap for _, _, gap in rows],
        **{name: [digests.get(name) for _, digests, _ in rows] for name in algorithms},
    }
    return Samples(ref, basis, build_sample_batch(columns, algorithms))


def _gap_of_content(head: bytes) -> str | None:
    """Return why digests of these bytes do not cover what the file stands for; None if they do."""
    if is_lfs_pointer(head):
        return _POINTER
    return _ARCHIVE if head.startswith(_ARCHIVE_MAGIC) or head[257:262] == b"ustar" else None
