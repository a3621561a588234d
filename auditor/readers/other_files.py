"""The reader of last resort: any other file of a dataset is a sample by its exact digests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice

from auditor.errors import Unreadable
from auditor.hashing import exact
from auditor.model import Basis, Ref
from auditor.readers import Example, Part, Wants
from auditor.readers.other_weights import pointer
from auditor.samples import Samples, build_sample_batch
from auditor.sources import Blob, Unread

BATCH = 256

_NO_LIST = "no list to match it against"
_NOT_A_MODEL = "not a kind of file that says anything about a model"
_ARCHIVE = "an archive: its members were not checked"
_POINTER = "a Git LFS pointer: the file itself is not here"
_DECLARED = "a Git LFS pointer: the file itself is not here, and only the SHA-256 that it declares was compared"

_ARCHIVES = (
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\0",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\x28\xb5\x2f\xfd",
)


def claims(blob: Blob, head: bytes) -> int:
    return 1


def read(blobs: Iterable[Blob], wants: Wants) -> Iterator[Part | Samples | Unread]:
    algorithms = [name for name in exact.ALGORITHMS if name in wants.algorithms]
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
    yield from exact_samples(samples, algorithms)


def exact_samples(blobs: Iterable[Blob], algorithms: Iterable[str], why: str = "") -> Iterator[Samples | Unread]:
    """Samples of whole files, streamed, by subject; ``why`` is the gap that each of them leaves.

    Of ``algorithms`` the perceptual ones are columns of nulls.
    """
    wanted = tuple(algorithms)
    for ref, group in groupby(blobs, key=lambda blob: blob.ref("dataset")):
        while some := tuple(islice(group, BATCH)):
            rows: list[tuple[Blob, Mapping[str, bytes], str | None]] = []
            pointers: list[tuple[Blob, str]] = []
            for blob in some:
                try:
                    with blob.open() as file:
                        head = file.read(1024)
                        if found := pointer(head):
                            pointers.append((blob, found[0]))
                            continue
                        gap = why or _half_checked(head)
                        file.seek(0)
                        rows.append((blob, exact.stream_digests(file, wanted), gap))
                except OSError as error:
                    yield Unread(blob.uri, f"cannot be read: {error.strerror}", blob=blob)
                except Unreadable as error:
                    yield Unread(blob.uri, str(error), blob=blob)
            if rows:
                yield _samples(ref, "computed", rows, wanted)
            yield from pointed(pointers, wanted)


def pointed(pointers: Sequence[tuple[Blob, str]], wanted: Iterable[str]) -> Iterator[Samples]:
    """Samples of files that Git LFS pointers of one subject stand for, by the SHA-256 (hex) that each declares."""
    wanted = tuple(name for name in wanted if name == "sha256")
    gap = _DECLARED if wanted else _POINTER
    if pointers:
        rows = [(blob, {"sha256": bytes.fromhex(sha256)}, gap) for blob, sha256 in pointers]
        yield _samples(pointers[0][0].ref("dataset"), "declared", rows, wanted)


def _samples(
    ref: Ref, basis: Basis, rows: Sequence[tuple[Blob, Mapping[str, bytes], str | None]], wanted: tuple[str, ...]
) -> Samples:
    columns: dict[str, list[object]] = {
        "sample": [blob.basename for blob, _, _ in rows],
        "place": [blob.uri for blob, _, _ in rows],
        "gap": [gap for _, _, gap in rows],
        **{name: [digests.get(name) for _, digests, _ in rows] for name in wanted},
    }
    return Samples(ref, basis, build_sample_batch(columns, wanted))


def _half_checked(head: bytes) -> str | None:
    """Why digests of these bytes say little of what the file stands for; None: they do not."""
    if head.startswith(b"version https://git-lfs.github.com/spec/"):
        return _POINTER
    return _ARCHIVE if head.startswith(_ARCHIVES) or head[257:262] == b"ustar" else None


EXAMPLES: tuple[Example, ...] = (
    Example(
        "a video of a dataset",
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
        columns=("md5",),
        wants=Wants(frozenset({"md5"})),
    ),
    Example("no list to match it against", b"some bytes", unread=_NO_LIST),
)
