"""Reads tar shards of datasets (webdataset, img2dataset): members are samples, read where they are in the file.

By webdataset's convention (webdataset/webdataset: README.md), members whose names are the same up to the first dot of
their last part are one sample. Each image, video or other file of it is a row here, so that a match tells which it is.
img2dataset's ``KEY.json`` gives the URL, the digests of the file as it was downloaded and the size it had before it was
padded. Nothing is extracted: a member is a range of the tar's bytes. Compressed archives are not opened; they are
samples by their own digests.
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

_MAX_BATCH_FILES = 256
_MAX_BATCH_BYTES = 64 << 20
_MAX_METADATA_BYTES = 1 << 20
_NOT_A_FILE = "a link or device inside an archive: not followed"
# Members that say something of a sample: captions, labels, numbers.
_METADATA_EXTENSIONS = frozenset(("txt", "json", "cls", "cls2", "index", "inx", "id", "caption", "csv", "tsv"))
# img2dataset: digests of the raw bytes (README.md, "output format").
_DECLARED_ALGORITHMS = ("md5", "sha256", "sha512")


def claims(blob: Blob, head: bytes) -> int:
    """Claim an uncompressed tar that is no model's, by its content."""
    if blob.kind == "model":
        return 0
    if head[257:262] == b"ustar":
        return 90
    return 90 if blob.suffix == ".tar" and _is_old_tar(head) else 0


def _is_old_tar(head: bytes) -> bool:
    """Return whether it is a header block of a tar without magic, by its checksum."""
    try:
        tarfile.TarInfo.frombuf(head[:512], "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Samples | Unread]:
    """Yield the samples of each tar; where it breaks off, those before that and a gap."""
    for blob in blobs:
        try:
            with blob.open() as file:
                yield from _read_tar(blob, file, options)
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)


def _read_tar(blob: Blob, file: BinaryIO, options: ReadOptions) -> Iterator[Part | Samples]:
    shard = _TarSamples(blob, options)
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            while (member := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # tarfile remembers every member
                yield from shard.add(member, file)
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        ref = blob.ref("dataset")
        gap = Gap("table", f"a tar that ends or breaks before its end: {type(error).__name__}", Place(blob.uri))
        yield Part(Subject(ref.kind, ref.name, ref.revision, gaps=(gap,)))
    yield from shard.flush()


@dataclass(slots=True)
class _TarSamples:
    """Collects the samples of one tar since the last batch."""

    blob: Blob
    options: ReadOptions
    _key: str = ""
    _metadata: Mapping[str, object] = field(default_factory=dict)
    _sample: list[tuple[str, bytes]] = field(default_factory=list)
    _images: list[EncodedImage] = field(default_factory=list)
    _others: list[tuple[str, Mapping[str, bytes], str | None]] = field(default_factory=list)
    _declared: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    _held_bytes: int = 0

    def add(self, member: tarfile.TarInfo, file: BinaryIO) -> Iterator[Samples]:
        """Add a member of the tar; yield batches that are full."""
        if member.isdir():
            return
        name = member.name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        folder, _, last = name.rpartition("/")
        stem, _, extension = last.partition(".")
        key = f"{folder}/{stem}"
        if key != self._key:
            self._end_sample()
            self._key = key
            if len(self._images) + len(self._others) >= _MAX_BATCH_FILES or self._held_bytes >= _MAX_BATCH_BYTES:
                yield from self.flush()
        if not member.isreg() or member.issparse():
            self._others.append((name, {}, _NOT_A_FILE))
        elif extension.lower() in _METADATA_EXTENSIONS:
            if extension.lower() == "json" and member.size <= _MAX_METADATA_BYTES:
                self._metadata = _json_object(_read_member(file, member))
        elif member.size > MAX_DECODED_BYTES:
            self._others.append((name, self._digests(_MemberFile(file, member)), TOO_LARGE_TO_DECODE))
        else:
            data = _read_member(file, member)
            self._held_bytes += len(data)
            if is_image(data[:32]):
                self._sample.append((name, data))
            else:
                self._others.append((name, self._digests(io.BytesIO(data)), None))

    def _digests(self, file: io.BytesIO | _MemberFile) -> Mapping[str, bytes]:
        wanted = [name for name in exact.CRYPTOGRAPHIC_ALGORITHMS if name in self.options.algorithms]
        return exact.exact_digests_of_stream(file, wanted) if wanted else {}  # type: ignore[arg-type]

    def _end_sample(self) -> None:
        """Hand on the images of a sample, which wait for its metadata: it may come before or after them."""
        sides = [self._metadata.get(f"original_{side}") for side in ("width", "height")]
        width, height = (side if isinstance(side, int) else 0 for side in sides)
        url = self._metadata.get("url")
        for name, data in self._sample:
            original = (width, height) if width > 0 and height > 0 else None
            address = url if isinstance(url, str) else None
            self._images.append(EncodedImage(name, self.blob.uri, 0, data, original, address))
            if self._metadata:
                self._declared.append((name, self._metadata))
        self._sample, self._metadata = [], {}

    def flush(self) -> Iterator[Samples]:
        """Yield what was collected: samples with computed digests, then what metadata declares of the same ones."""
        self._end_sample()
        ref, place = self.blob.ref("dataset"), self.blob.uri
        wanted = tuple(name for name in COMPUTED_ALGORITHMS if name in self.options.algorithms)
        if self._images:
            yield Samples(ref, "computed", hash_images(self._images, wanted, self.options.variants))
        if self._others:
            columns: dict[str, list[object]] = {
                "sample": [name for name, _, _ in self._others],
                "place": [place] * len(self._others),
                "gap": [gap for _, _, gap in self._others],
                **{name: [digests.get(name) for _, digests, _ in self._others] for name in wanted},
            }
            yield Samples(ref, "computed", build_sample_batch(columns, wanted))
        declared = tuple(name for name in _DECLARED_ALGORITHMS if name in self.options.algorithms)
        if declared and self._declared:
            columns = {
                "sample": [name for name, _ in self._declared],
                "place": [place] * len(self._declared),
                **{
                    a: [_parse_hex(metadata.get(a), DIGEST_BYTES[a]) for _, metadata in self._declared]
                    for a in declared
                },
            }
            yield Samples(ref, "declared", build_sample_batch(columns, declared), already_counted=True)
        self._images, self._others, self._declared, self._held_bytes = [], [], [], 0


class _MemberFile:
    """A member of a tar as a file that is read from its beginning to its end."""

    def __init__(self, file: BinaryIO, member: tarfile.TarInfo) -> None:
        self._file, self._left = file, member.size
        file.seek(member.offset_data)

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data


def _read_member(file: BinaryIO, member: tarfile.TarInfo) -> bytes:
    file.seek(member.offset_data)
    data = file.read(member.size)
    if len(data) < member.size:
        raise EOFError
    return data


def _json_object(data: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _parse_hex(written: object, width: int) -> bytes | None:
    try:
        digest = bytes.fromhex(written) if isinstance(written, str) else b""
    except ValueError:
        return None
    return digest if len(digest) == width else None


def _tar_bytes(members: Mapping[str, bytes]) -> bytes:
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
        _tar_bytes({"000.mp4": b"a film", "000.txt": b"hills", "001.mp4": b"another", "001.json": b"{}"}),
        columns=("md5",),
        options=ReadOptions(frozenset({"md5"})),
    ),
    ReaderExample("a shard that is cut off", _tar_bytes({"000.mp4": b"a film" * 400})[:1000], gaps=("table",)),
)
