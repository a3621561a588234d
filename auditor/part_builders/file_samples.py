"""Build samples of whole files by their exact digests, and of files that Git LFS and git-annex pointers stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.hashing import exact
from auditor.model import Basis, Carrier, Ref
from auditor.samples import Samples, build_sample_batch
from auditor.syntax.file_pointer import MAX_POINTER_BYTES, FilePointer, is_file_pointer, parse_file_pointer

BATCH_FILES = 256
# A larger file is digested as a stream and not held in memory to be decoded.
MAX_DECODED_BYTES = 256 << 20
TOO_LARGE_TO_DECODE = "a file of more than 256 MiB, so not decoded"

_ARCHIVE = "an archive: its members were not checked"
_BROKEN_POINTER = "a Git LFS pointer: the file itself is not here"

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


def sample_whole_files(
    blobs: Iterable[Blob], algorithms: Iterable[str], gap: str = "", carrier: Carrier = "other file"
) -> Iterator[Samples | Unread]:
    """Yield a sample of each whole file, in batches of one subject.

    Args:
        blobs: The files. Each is read as a stream, whatever its size.
        algorithms: The digest columns; those of perceptual algorithms are null.
        gap: What of each file was not checked, where it is no archive or pointer, which have a gap of their own.
        carrier: What kind of files they are.
    """
    wanted = tuple(algorithms)
    for ref, group in groupby(blobs, key=lambda blob: blob.ref("dataset")):
        while some := tuple(islice(group, BATCH_FILES)):
            rows: list[_Row] = []
            pointers: list[tuple[Blob, FilePointer]] = []
            for blob in some:
                try:
                    with blob.open() as file:
                        head = file.read(MAX_POINTER_BYTES)
                        if pointer := parse_file_pointer(head):
                            pointers.append((blob, pointer))
                            continue
                        file.seek(0)
                        rows.append(
                            (blob, exact.exact_digests_of_stream(file, wanted), _gap_of_content(head) or gap or None)
                        )
                except OSError as error:
                    yield Unread(blob.uri, f"cannot be read: {error.strerror}", blob=blob)
                except Unreadable as error:
                    yield Unread(blob.uri, str(error), blob=blob)
            if rows:
                yield _samples(ref, "computed", rows, wanted, carrier)
            yield from sample_file_pointers(pointers, wanted)


def sample_file_pointers(pointers: Sequence[tuple[Blob, FilePointer]], algorithms: Iterable[str]) -> Iterator[Samples]:
    """Yield one batch of the files that pointers of one subject stand for, with the digests that they declare.

    A key of git-annex names one object, so that several links to it are one sample.

    Args:
        pointers: The pointers, each with its parsed content.
        algorithms: The requested algorithms.
    """
    wanted = tuple(algorithms)
    rows: dict[object, _Row] = {}
    for blob, pointer in pointers:
        digests = {pointer.algorithm: bytes.fromhex(pointer.digest)} if pointer.algorithm in wanted else {}
        gap = f"a {pointer.kind} pointer: the file itself is not here"
        if digests:
            gap += f", and only the {_DISPLAY_NAMES[pointer.algorithm]} that it declares was compared"
        is_key = pointer.kind == "git-annex" and pointer.digest
        rows.setdefault((pointer.algorithm, pointer.digest) if is_key else blob.uri, (blob, digests, gap))
    if rows:
        declared = {pointer.algorithm for _, pointer in pointers}
        columns = tuple(name for name in wanted if name in declared)
        yield _samples(pointers[0][0].ref("dataset"), "declared", tuple(rows.values()), columns)


_DISPLAY_NAMES = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256"}
# A file, its digests by algorithm, and which part of it was not checked.
_Row = tuple[Blob, Mapping[str, bytes], str | None]


def _samples(
    ref: Ref, basis: Basis, rows: Sequence[_Row], algorithms: tuple[str, ...], carrier: Carrier = "other file"
) -> Samples:
    """Build a batch of samples of whole files with their exact digests."""
    columns: dict[str, list[object]] = {
        "sample": [blob.basename for blob, _, _ in rows],
        "place": [blob.uri for blob, _, _ in rows],
        "gap": [gap for _, _, gap in rows],
        **{name: [digests.get(name) for _, digests, _ in rows] for name in algorithms},
    }
    return Samples(ref, basis, build_sample_batch(columns, algorithms), carrier=carrier)


def _gap_of_content(head: bytes) -> str | None:
    """Return why a file's sample does not cover the content that it stands for; None if it does."""
    if is_file_pointer(head):
        return _BROKEN_POINTER
    return _ARCHIVE if head.startswith(_ARCHIVE_MAGIC) or head[257:262] == b"ustar" else None
