"""Reads archives and compressed files: zip, tar in any compression, webdataset and img2dataset shards.

Pictures in an archive are samples, as are members too large to be held in memory; every other member is handed to the
reader that claims it. Nothing is extracted.

By webdataset's convention (webdataset/webdataset: README.md), members whose names are the same up to a dot of their
last part are one sample: ``KEY.json`` says of ``KEY.jpg`` and of ``KEY.left.jpg`` its URL, the digests of the file as
it was downloaded, and the size that it had before it was padded (img2dataset).
"""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.hashing import exact
from auditor.hashing.digest_parsing import algorithm_from_column_name
from auditor.hashing.hash_images import EncodedImage, hash_images
from auditor.hashing.text_content import find_encoded_files
from auditor.part_builders.file_samples import MAX_DECODED_BYTES
from auditor.part_builders.read_options import ReadOptions
from auditor.part_builders.text_contents import read_file_name, read_texts_in, stated_in_pictures
from auditor.parts import PartlyRead
from auditor.readers import ReaderExample
from auditor.samples import COMPUTED_ALGORITHMS, DIGEST_BYTES, Samples, build_sample_batch
from auditor.syntax.archive_members import (
    ARCHIVE_ERRORS,
    Member,
    compression_of,
    is_tar,
    is_zip,
    read_members,
    unsupported_archive,
)
from auditor.syntax.embedded_pictures import PictureText, find_pictures
from auditor.syntax.image_magic import is_image

READS_MEMBERS = True
UNREAD_GAP = "samples"

_MAX_BATCH_FILES = 256
_MAX_BATCH_BYTES = 64 << 20
_MAX_METADATA_BYTES = 1 << 20
_PIECE = 1 << 20
_TOO_LARGE = "a member of more than 256 MiB: not decoded or opened"
# Captions, labels and numbers of a sample.
_NOTE_EXTENSIONS = frozenset(("txt", "cls", "cls2", "index", "inx", "id", "caption", "text", "transcript"))
# A note of that size without an address, or a word as long as a digest, holds nothing to be compared.
_MAX_NOTE_BYTES = 4096
_CARRIES = re.compile(rb"://|[0-9A-Za-z+/=_-]{32}")
# A picture as base64 in JSON: a data URL, or the first bytes of JPEG, PNG, GIF and RIFF.
_PICTURE_IN_JSON = re.compile(rb'"(?:data:|\\?/9j|iVBORw0KGgo|R0lGOD|UklGR)')
# The members of spreadsheets (Office Open XML, OpenDocument) that hold the cells, and such as carry something.
_SPREADSHEET = re.compile(r"(?:.*/)?(?:xl/(?:sharedStrings|worksheets/[^/]+)|content)\.xml")
_CELLS = re.compile(rb">[^<]*(?:://|[0-9A-Fa-f]{32})")
_CELLS_NOT_READ = "addresses or digests in the cells of a spreadsheet: not read"
# What macOS adds: the description of a folder, and attributes of a file.
_BOOKKEEPING = (b"\0\0\0\1Bud1", b"\0\5\x16\7")
_MAX_BOOKKEEPING_BYTES = 1 << 16
_PACKED = (b"PK\x03\x04", b"\x1f\x8b\x08", b"7z\xbc\xaf", b"Rar!", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")


def claims(blob: Blob, head: bytes) -> int:
    """Claim an archive or a compressed file that is no model's, by its content; a compressed table is the table's."""
    if blob.kind == "model":
        return 0
    if is_zip(head):
        return 70
    if len(head) >= 512 and is_tar(head):
        return 90 if head[257:262] == b"ustar" or blob.suffix == ".tar" else 20
    return 25 if compression_of(head) or unsupported_archive(head) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Samples | PartlyRead | Unread | Blob]:
    """Yield the samples and other members of each archive; where it breaks off, those before that and a gap."""
    for blob in blobs:
        yield from _ArchiveSamples(blob, options).read()


@dataclass(slots=True)
class _ArchiveSamples:
    """The samples of one archive, collected since the last batch."""

    blob: Blob
    options: ReadOptions
    _key: str = ""
    _sidecars: dict[str, bytes] = field(default_factory=dict)  # JSON of the current key, by name without suffix
    _sample: list[tuple[str, bytes]] = field(default_factory=list)  # pictures of the current key
    _images: list[EncodedImage] = field(default_factory=list)
    _large: list[tuple[str, Mapping[str, bytes]]] = field(default_factory=list)
    _declared: list[tuple[str, Mapping[str, bytes]]] = field(default_factory=list)
    _problems: dict[str, list[str]] = field(default_factory=dict)  # members by why they were not read
    _held_bytes: int = 0

    def read(self) -> Iterator[Samples | PartlyRead | Unread | Blob]:
        """Yield all that the archive holds: samples, and other members."""
        last = ""
        end = ""
        try:
            with self.blob.open() as file:
                for member in read_members(file, self.blob.basename):
                    last = member.path
                    yield from self._add(member)
        except Unreadable as error:
            end = str(error)
        except ARCHIVE_ERRORS as error:
            end = f"the archive breaks off: {type(error).__name__}"
        yield from self._end_sample()
        yield from self._flush()
        if end and not last:
            yield Unread(self.blob.uri, end, blob=self.blob)
        elif end:
            yield PartlyRead(self.blob, f"the members after {last}", end)
        for why, paths in self._problems.items():
            more = f" and {len(paths) - 1:,} more members" if len(paths) > 1 else ""
            yield PartlyRead(self.blob, f"{paths[0]}{more}", why)

    def _add(self, member: Member) -> Iterator[Samples | PartlyRead | Blob]:
        """Add a member of the archive to what is held, and yield what was held once that is much."""
        folder, _, last = member.path.rpartition("/")
        key = f"{folder}/{last.partition('.')[0]}"
        if key != self._key or len(self._sample) >= _MAX_BATCH_FILES or self._held_bytes >= _MAX_BATCH_BYTES:
            yield from self._end_sample()
            self._key = key
            if len(self._images) + len(self._large) >= _MAX_BATCH_FILES or self._held_bytes >= _MAX_BATCH_BYTES:
                yield from self._flush()
        if member.problem:
            self._problems.setdefault(member.problem, []).append(member.path)
            return
        try:
            data = _read_bounded(member)
            if len(data) > MAX_DECODED_BYTES:
                self._add_large(member, data)
                return
        except (Unreadable, *ARCHIVE_ERRORS) as error:
            why = " ".join(str(error).split())[:100] or type(error).__name__
            self._problems.setdefault(f"a damaged or truncated member: {why}", []).append(member.path)
            return
        extension = last.rpartition(".")[2].lower()
        if self.options.algorithms and _SPREADSHEET.fullmatch(member.path) and _CELLS.search(data):
            self._problems.setdefault(_CELLS_NOT_READ, []).append(member.path)
        is_note = extension in _NOTE_EXTENSIONS and len(data) <= _MAX_NOTE_BYTES
        if is_image(data[:32]):
            self._held_bytes += len(data)
            self._sample.append((member.path, data))
        elif extension == "json" and data.lstrip()[:1] == b"{" and len(data) <= _MAX_METADATA_BYTES:
            self._sidecars[member.path.rpartition(".")[0]] = data
        elif not _is_bookkeeping(data) and not (is_note and not _CARRIES.search(data)):
            yield self.blob.member(member.path, data)
        else:
            yield from read_file_name(self.blob, self.options.algorithms, last)

    def _add_large(self, member: Member, head: bytes) -> None:
        """Add a member of the archive that is too large to hold, by its exact digests."""
        wanted = [name for name in exact.CRYPTOGRAPHIC_ALGORITHMS if name in self.options.algorithms]

        def pieces() -> Iterator[bytes]:
            yield head
            yield from iter(lambda: member.stream.read(_PIECE), b"")

        if wanted:
            self._large.append((member.path, exact.exact_digests_of_pieces(pieces(), wanted)))
        self._problems.setdefault(_TOO_LARGE, []).append(member.path)

    def _end_sample(self) -> Iterator[Samples | PartlyRead | Blob]:
        """Hand on the archive's pictures of a key, which wait for metadata: it may come before or after them."""
        used: set[str] = set()
        for name, data in self._sample:
            stem = max((stem for stem in self._sidecars if name.startswith(f"{stem}.")), key=len, default="")
            metadata = _json_object(self._sidecars[stem]) if stem else {}
            used.add(stem)
            sides = [metadata.get(f"original_{side}") for side in ("width", "height")]
            width, height = (side if isinstance(side, int) else 0 for side in sides)
            original = (width, height) if width > 0 and height > 0 else None
            url = metadata.get("url")
            address = url if isinstance(url, str) else None
            self._images.append(EncodedImage(name, self.blob.uri, 0, data, original, address))
            if declared := _declared_digests(metadata, self.options):
                self._declared.append((name, declared))
        for stem, data in self._sidecars.items():
            if stem not in used or _PICTURE_IN_JSON.search(data):
                yield self.blob.member(f"{stem}.json", data)
            else:
                yield from self._read_other_notes(f"{stem}.json", data)
        self._sample, self._sidecars = [], {}

    def _read_other_notes(self, name: str, data: bytes) -> Iterator[Samples | PartlyRead | Blob]:
        """Yield what an archive's metadata states beside the address and the digests of its picture."""
        metadata = _json_object(data)
        rest = {key: value for key, value in metadata.items() if key != "url" and not algorithm_from_column_name(key)}
        if _CARRIES.search(text := json.dumps(rest).encode()):
            yield from read_texts_in(self.blob, text, self.options.algorithms, name)

    def _flush(self) -> Iterator[Samples]:
        """Yield an archive's samples held: with computed digests, then what metadata declares of the same ones."""
        ref = self.blob.ref("dataset")
        wanted = tuple(name for name in COMPUTED_ALGORITHMS if name in self.options.algorithms)
        if self._images:
            texts: list[PictureText] = []
            batch = hash_images(self._images, wanted, self.options.variants, texts)
            yield Samples(ref, "computed", batch, carrier="archive member")
            yield from stated_in_pictures(ref, texts, self.options.algorithms)
        if self._large:
            yield Samples(ref, "computed", self._batch(self._large, wanted), carrier="archive member")
        declared = tuple(dict.fromkeys(algorithm for _, digests in self._declared for algorithm in digests))
        if declared:
            yield Samples(ref, "declared", self._batch(self._declared, declared), already_counted=True)
        self._images, self._large, self._declared, self._held_bytes = [], [], [], 0

    def _batch(self, rows: list[tuple[str, Mapping[str, bytes]]], algorithms: tuple[str, ...]) -> pa.RecordBatch:
        """Return members of the archive, by name and digests, as a batch of samples."""
        columns: dict[str, list[object]] = {
            "sample": [name for name, _ in rows],
            "place": [self.blob.uri] * len(rows),
            **{algorithm: [digests.get(algorithm) for _, digests in rows] for algorithm in algorithms},
        }
        return build_sample_batch(columns, algorithms)


def _is_bookkeeping(data: bytes) -> bool:
    """Return whether an archive member is what macOS adds, and has nothing to be compared in it."""
    if not data.startswith(_BOOKKEEPING) or len(data) > _MAX_BOOKKEEPING_BYTES:
        return False
    is_plain = b"://" not in data and not any(magic in data for magic in _PACKED)
    return is_plain and next(find_pictures(data), None) is None and next(find_encoded_files(data), None) is None


def _read_bounded(member: Member) -> bytes:
    """Return an archive member's bytes; of one that is too large, a little more than MAX_DECODED_BYTES."""
    pieces: list[bytes] = []
    held = 0
    while held <= MAX_DECODED_BYTES and (piece := member.stream.read(_PIECE)):
        pieces.append(piece)
        held += len(piece)
    return b"".join(pieces)


def _json_object(data: bytes) -> Mapping[str, object]:
    """Return the JSON object in an archive member of metadata; an empty one for anything else."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _declared_digests(metadata: Mapping[str, object], options: ReadOptions) -> Mapping[str, bytes]:
    """Return the digests that an archive member's metadata gives its sample, of the algorithms the run needs."""
    found: dict[str, bytes] = {}
    for name, value in metadata.items():
        algorithm = algorithm_from_column_name(name)
        if algorithm in options.algorithms and isinstance(value, str):
            try:
                digest = bytes.fromhex(value)
            except ValueError:
                continue
            if len(digest) == DIGEST_BYTES[algorithm]:
                found.setdefault(algorithm, digest)
    return found


def _tar_bytes(members: Mapping[str, bytes]) -> bytes:
    """Return a tar archive of these members, for the reader's example."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _zip_bytes(members: Mapping[str, bytes]) -> bytes:
    """Return a zip archive of these members, for the reader's example."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


_BITMAP = b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\1\0\0\0\1\0\0\0\1\0\x18\0" + bytes(28)
_MD5 = ReadOptions(frozenset({"md5"}))
_SHARD = _tar_bytes({"000.bmp": _BITMAP, "000.txt": b"hills", "001.mp4": b"a film"})
_ZIP = _zip_bytes({"a/000.bmp": _BITMAP})
EXAMPLES: tuple[ReaderExample, ...] = (
    ReaderExample("shard.tar", _SHARD, columns=("md5",), options=_MD5),
    ReaderExample("shard.tar.gz", gzip.compress(_SHARD), columns=("md5",), options=_MD5),
    ReaderExample("pictures.zip", _ZIP, columns=("md5",), options=_MD5),
    ReaderExample("broken.zip", _ZIP[:60], unread="cut short", options=_MD5),
)
