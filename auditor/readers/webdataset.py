"""Tar shards of datasets (webdataset, img2dataset): members are samples, read where they lie in the file.

Members that share a name up to the first dot of their last part are one sample in webdataset's convention
(webdataset/webdataset: README.md); each picture, film or other file of it is a row here, so that a match says
which. img2dataset's ``KEY.json`` gives the URL, the digests of the file as it was downloaded and the size it had
before it was padded. Nothing is extracted: a member is a stretch of the tar's bytes. Compressed archives
are not opened; they are samples by their own digests.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from auditor.errors import Unreadable
from auditor.hashing import exact
from auditor.hashing.hash_images import COMPUTED_ALGORITHMS, EncodedImage, hash_images
from auditor.model import Gap, Place, Subject
from auditor.parts import Part
from auditor.readers import ReaderExample, ReadOptions
from auditor.reading.file_samples import MAX_DECODED_BYTES, TOO_LARGE_TO_DECODE
from auditor.samples import DIGEST_BYTES, Samples, build_sample_batch
from auditor.sources import Blob, Unread
from auditor.syntax.image_magic import is_image

_BATCH_FILES = 256
_BATCH_BYTES = 64 << 20
_METADATA_BYTES = 1 << 20
_NOT_A_FILE = "a link or device inside an archive: not followed"
# What belongs to a sample but is none: captions, labels, numbers.
_BESIDE = frozenset(("txt", "json", "cls", "cls2", "index", "inx", "id", "caption", "csv", "tsv"))
# img2dataset: digests of the raw bytes (README.md, "output format").
_DECLARED = ("md5", "sha256", "sha512")


def claims(blob: Blob, head: bytes) -> int:
    if blob.kind == "model":
        return 0
    if head[257:262] == b"ustar":
        return 90
    return 90 if blob.suffix == ".tar" and _is_old_tar(head) else 0


def _is_old_tar(head: bytes) -> bool:
    """A header block without the later magic: its checksum says that it is one."""
    try:
        tarfile.TarInfo.frombuf(head[:512], "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Samples | Unread]:
    for blob in blobs:
        try:
            with blob.open() as file:
                yield from _shard(blob, file, options)
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)


def _shard(blob: Blob, file: BinaryIO, options: ReadOptions) -> Iterator[Part | Samples]:
    shard = _Shard(blob, options)
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            while (member := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # tarfile remembers every member
                yield from shard.member(member, file)
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        ref = blob.ref("dataset")
        gap = Gap("table", f"a tar that ends or breaks before its end: {type(error).__name__}", Place(blob.uri))
        yield Part(Subject(ref.kind, ref.name, ref.revision, gaps=(gap,)))
    yield from shard.flush()


@dataclass(slots=True)
class _Shard:
    """The members of one tar since the last batch."""

    blob: Blob
    options: ReadOptions
    _key: str = ""
    _metadata: Mapping[str, object] = field(default_factory=dict)
    _sample: list[tuple[str, bytes]] = field(default_factory=list)
    _pictures: list[EncodedImage] = field(default_factory=list)
    _others: list[tuple[str, Mapping[str, bytes], str | None]] = field(default_factory=list)
    _declared: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    _bytes: int = 0

    def member(self, member: tarfile.TarInfo, file: BinaryIO) -> Iterator[Samples]:
        if member.isdir():
            return
        name = member.name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        folder, _, last = name.rpartition("/")
        stem, _, extension = last.partition(".")
        key = f"{folder}/{stem}"
        if key != self._key:
            self._end_sample()
            self._key = key
            if len(self._pictures) + len(self._others) >= _BATCH_FILES or self._bytes >= _BATCH_BYTES:
                yield from self.flush()
        if not member.isreg() or member.issparse():
            self._others.append((name, {}, _NOT_A_FILE))
        elif extension.lower() in _BESIDE:
            if extension.lower() == "json" and member.size <= _METADATA_BYTES:
                self._metadata = _object(_bytes(file, member))
        elif member.size > MAX_DECODED_BYTES:
            self._others.append((name, self._digests(_Stretch(file, member)), TOO_LARGE_TO_DECODE))
        else:
            data = _bytes(file, member)
            self._bytes += len(data)
            if is_image(data[:32]):
                self._sample.append((name, data))
            else:
                self._others.append((name, self._digests(io.BytesIO(data)), None))

    def _digests(self, file: io.BytesIO | _Stretch) -> Mapping[str, bytes]:
        wanted = [name for name in exact.CRYPTOGRAPHIC_ALGORITHMS if name in self.options.algorithms]
        return exact.exact_digests_of_stream(file, wanted) if wanted else {}  # type: ignore[arg-type]

    def _end_sample(self) -> None:
        """A sample's pictures wait for its metadata, which may come before or after them."""
        sides = [self._metadata.get(f"original_{side}") for side in ("width", "height")]
        width, height = (side if isinstance(side, int) else 0 for side in sides)
        url = self._metadata.get("url")
        for name, data in self._sample:
            original = (width, height) if width > 0 and height > 0 else None
            address = url if isinstance(url, str) else None
            self._pictures.append(EncodedImage(name, self.blob.uri, 0, data, original, address))
            if self._metadata:
                self._declared.append((name, self._metadata))
        self._sample, self._metadata = [], {}

    def flush(self) -> Iterator[Samples]:
        """The batches of what was gathered: computed digests, then those that metadata declares."""
        self._end_sample()
        ref, place = self.blob.ref("dataset"), self.blob.uri
        wanted = tuple(name for name in COMPUTED_ALGORITHMS if name in self.options.algorithms)
        if self._pictures:
            yield Samples(ref, "computed", hash_images(self._pictures, wanted, self.options.variants))
        if self._others:
            columns: dict[str, list[object]] = {
                "sample": [name for name, _, _ in self._others],
                "place": [place] * len(self._others),
                "gap": [gap for _, _, gap in self._others],
                **{name: [digests.get(name) for _, digests, _ in self._others] for name in wanted},
            }
            yield Samples(ref, "computed", build_sample_batch(columns, wanted))
        declared = tuple(name for name in _DECLARED if name in self.options.algorithms)
        if declared and self._declared:
            columns = {
                "sample": [name for name, _ in self._declared],
                "place": [place] * len(self._declared),
                **{a: [_digest(metadata.get(a), DIGEST_BYTES[a]) for _, metadata in self._declared] for a in declared},
            }
            yield Samples(ref, "declared", build_sample_batch(columns, declared), already_counted=True)
        self._pictures, self._others, self._declared, self._bytes = [], [], [], 0


class _Stretch:
    """A member's bytes as a file that is read forwards."""

    def __init__(self, file: BinaryIO, member: tarfile.TarInfo) -> None:
        self._file, self._left = file, member.size
        file.seek(member.offset_data)

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data


def _bytes(file: BinaryIO, member: tarfile.TarInfo) -> bytes:
    file.seek(member.offset_data)
    data = file.read(member.size)
    if len(data) < member.size:
        raise EOFError
    return data


def _object(data: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _digest(written: object, width: int) -> bytes | None:
    try:
        digest = bytes.fromhex(written) if isinstance(written, str) else b""
    except ValueError:
        return None
    return digest if len(digest) == width else None


def _tar(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


EXAMPLES: tuple[ReaderExample, ...] = (
    ReaderExample(
        "a shard of films with captions",
        _tar({"000.mp4": b"a film", "000.txt": b"hills", "001.mp4": b"another", "001.json": b"{}"}),
        columns=("md5",),
        options=ReadOptions(frozenset({"md5"})),
    ),
    ReaderExample("a shard that is cut off", _tar({"000.mp4": b"a film" * 400})[:1000], gaps=("table",)),
)
