"""Reads what other weights files say without loading them: pickles, GGUF, ONNX and more, and Git LFS pointers.

Nothing is unpickled or unpacked: of a pickle the first bytes are looked at, of a zip its directory.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import BinaryIO

from auditor.errors import Unreadable
from auditor.hashing.weight_digests import weight_file_digests
from auditor.model import Gap, Place, Statement, Subject
from auditor.parts import Part
from auditor.readers import ReaderExample, ReadOptions
from auditor.samples import ARTEFACT_SHA256
from auditor.sources import Blob, Unread
from auditor.syntax import safetensors_header
from auditor.syntax.lfs_pointer import parse_lfs_pointer
from auditor.syntax.model_names import without_local_folders

# What each suffix usually holds; content says otherwise where it can.
SUFFIXES: Mapping[str, str] = MappingProxyType(
    {
        ".ckpt": "pickle",
        ".pt": "pickle",
        ".pth": "pickle",
        ".pkl": "pickle",
        ".pickle": "pickle",
        ".joblib": "pickle",
        ".bin": "",
        ".gguf": "gguf",
        ".onnx": "onnx",
        ".h5": "hdf5",
        ".keras": "keras",
        ".tflite": "tflite",
        ".msgpack": "flax",
        ".mlmodel": "coreml",
        ".npz": "numpy",
    }
)
# Protocols 2 to 5 say themselves; a protocol 0 or 1 pickle is told by its suffix alone.
_PICKLE = re.compile(rb"\x80[\x02-\x05][^\x00]")
_ZIP = b"PK\x03\x04"
DIRECTORY_READ = 8 << 20  # of a zip's directory: PyTorch writes about 100 bytes a tensor
METADATA_READ = 4 << 20  # of a GGUF file: general.* comes before the tokenizer's vocabulary
_CODE = "loading it can run code"


def _format(blob: Blob, head: bytes) -> str:
    """The format that the first bytes tell; "" where they tell none."""
    if parse_lfs_pointer(head):
        return "pointer"
    if head.startswith(b"GGUF"):
        return "gguf"
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "hdf5"
    if head.startswith(_ZIP) and (blob.suffix in SUFFIXES or blob.suffix in safetensors_header.SUFFIXES):
        return "zip"
    return "pickle" if _PICKLE.match(head) else ""


READS_WEIGHTS = True


def claims(blob: Blob, head: bytes) -> int:
    """Weights by content whatever they are called, then by suffix; files of a dataset only if they point elsewhere."""
    named = blob.suffix in SUFFIXES or blob.suffix in safetensors_header.SUFFIXES
    told = _format(blob, head)
    if told == "pointer":
        return 90 if named else 0
    if blob.kind == "dataset":
        return 0
    if told:
        return 90 if named else 40
    return 50 if SUFFIXES.get(blob.suffix) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Unread]:
    for blob in blobs:
        place = Place(blob.uri)
        try:
            with blob.open() as file:
                head = file.read(4096)
                statements, gaps = _read(blob, head, file, place)
                if (
                    head
                    and not parse_lfs_pointer(head)
                    and (options.weights == "full" or ARTEFACT_SHA256 in options.algorithms)
                ):
                    statements += [
                        Statement("artefact", str(digest), blob.basename, place, "computed")
                        for digest in weight_file_digests(file)
                    ]
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)
            continue
        except OSError as error:
            yield Unread(blob.uri, f"cannot be read: {error.strerror}", blob=blob)
            continue
        ref = blob.ref("model")
        yield Part(Subject(ref.kind, ref.name, ref.revision, tuple(statements), tuple(gaps)))


def _read(blob: Blob, head: bytes, file: BinaryIO, place: Place) -> tuple[list[Statement], list[Gap]]:
    told = _format(blob, head)
    if found := parse_lfs_pointer(head):
        digest, size = found
        says = Statement("artefact", f"sha256:{digest}", blob.basename, place, "lfs-pointer", f"{size:,} bytes")
        return [says], [Gap("header", "a Git LFS pointer: the weights themselves are not here", place)]
    weights_format = told or SUFFIXES.get(blob.suffix, "")
    gaps: list[Gap] = []
    more: list[Statement] = []
    if not head:
        gaps.append(Gap("header", "the file is empty", place))
    elif told == "zip":
        try:
            weights_format = _zipped(_members(file, blob.size), SUFFIXES.get(blob.suffix, ""))
        except Unreadable as error:
            weights_format = SUFFIXES.get(blob.suffix, "") or "zip"
            gaps.append(Gap("header", str(error), place))
    elif told == "gguf":
        try:
            more = list(_gguf(file, place))
        except Unreadable as error:
            gaps.append(Gap("header", str(error), place))
    if blob.suffix in safetensors_header.SUFFIXES:
        gaps.append(Gap("header", f"called {blob.suffix} but is {weights_format}, not safetensors", place))
    remark = _CODE if weights_format == "pickle" else ""
    return [Statement("weights_format", weights_format, blob.basename, place, "header", remark), *more], gaps


def _zipped(members: set[str], by_suffix: str) -> str:
    if any(name.endswith((".pkl", ".pickle")) for name in members):
        return "pickle"
    if "config.json" in members and any(name.endswith(".weights.h5") for name in members):
        return "keras"
    if members and all(name.endswith(".npy") for name in members):
        return "numpy"
    return by_suffix if by_suffix not in ("", "pickle") else "zip"


def _members(file: BinaryIO, size: int) -> set[str]:
    """The names in a zip's directory, read from its end (PKWARE APPNOTE 4.3.12, 4.3.16, 4.3.14). Raises Unreadable."""
    file.seek(max(0, size - 66_000))
    tail = file.read(66_000)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        raise Unreadable("a zip without its directory: cut off")
    length, start = struct.unpack_from("<II", tail, at + 12)
    wide = tail.rfind(b"PK\x06\x06", 0, at)
    if 0xFFFFFFFF in (length, start) and wide >= 0 and at - wide >= 56:
        length, start = struct.unpack_from("<QQ", tail, wide + 40)
    if length > DIRECTORY_READ or start + length > size:
        raise Unreadable("a zip whose directory is larger than is read, or lies outside the file")
    file.seek(start)
    directory = file.read(length)
    names: set[str] = set()
    position = 0
    while directory[position : position + 4] == b"PK\x01\x02" and position + 46 <= len(directory):
        name, extra, comment = struct.unpack_from("<HHH", directory, position + 28)
        names.add(directory[position + 46 : position + 46 + name].decode("utf-8", "replace"))
        position += 46 + name + extra + comment
    return names


# GGUF value types by number: struct format (ggml-org/ggml: docs/gguf.md).
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _ARRAY = 8, 9


class _Cursor:
    """Reads GGUF values, at most :data:`METADATA_READ` bytes of them."""

    def __init__(self, file: BinaryIO) -> None:
        file.seek(0)
        self.bytes = file.read(METADATA_READ)
        self.at = 4

    def take(self, form: str) -> int | float | bool:
        try:
            (value,) = struct.unpack_from(f"<{form}", self.bytes, self.at)
        except struct.error:
            raise Unreadable("the metadata is cut off or longer than is read") from None
        self.at += struct.calcsize(form)
        return value  # type: ignore[no-any-return]

    def text(self) -> str:
        length = int(self.take("Q"))
        if self.at + length > len(self.bytes):
            raise Unreadable("the metadata is cut off or longer than is read")
        self.at += length
        return self.bytes[self.at - length : self.at].decode("utf-8", "replace")

    def value(self, kind: int, depth: int = 0) -> object:
        """A value; arrays of text as a list, other arrays passed over as None."""
        if kind in _SCALARS:
            return self.take(_SCALARS[kind])
        if kind == _TEXT:
            return self.text()
        if kind != _ARRAY or depth > 2:
            raise Unreadable(f"the metadata holds a value of unknown type {kind}")
        item, count = int(self.take("I")), int(self.take("Q"))
        size = struct.calcsize(_SCALARS[item]) if item in _SCALARS else 1
        if self.at + size * count > len(self.bytes):
            raise Unreadable("the metadata is cut off or longer than is read")
        if item in _SCALARS:
            self.at += size * count
            return None
        return [self.value(item, depth + 1) for _ in range(count)]


def _gguf(file: BinaryIO, place: Place) -> Iterator[Statement]:
    """What ``general.*`` says: architecture, name, licence, base models, datasets. Raises Unreadable."""
    cursor = _Cursor(file)
    version = int(cursor.take("I"))
    if version not in (2, 3):
        raise Unreadable(f"GGUF version {version} is not read")
    cursor.take("Q")
    general: dict[str, object] = {}
    for _ in range(int(cursor.take("Q"))):
        key = cursor.text()
        # A vocabulary is megabytes long and stands after general.*, by the format's own advice.
        if key.startswith("tokenizer."):
            break
        value = cursor.value(int(cursor.take("I")))
        if key.startswith("general."):
            general[key.removeprefix("general.")] = value

    def says(key: str, name: str, relation: str = "") -> Iterator[Statement]:
        value = general.get(name)
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and text.strip():
                local = key in ("base_model", "trained_on")
                yield Statement(
                    key, without_local_folders(text.strip()) if local else text.strip(), relation, place, "header", name
                )

    yield from says("architecture", "architecture")
    yield from says("title", "name")
    yield from says("licence", "license")
    # What was converted; the file itself is its quantised form.
    for name in ("source.huggingface.repository", "source.repo_url", "source.url"):
        if general.get(name):
            yield from says("base_model", name, "quantized")
            break
    for key, group in (("base_model", "base_model"), ("trained_on", "dataset")):
        count = general.get(f"{group}.count")
        for number in range(min(count, 1000) if isinstance(count, int) else 0):
            for name in (f"{group}.{number}.repo_url", f"{group}.{number}.name"):
                if general.get(name):
                    yield from says(key, name)
                    break
    yield from says("trained_on", "datasets")


def _gguf_text(key: str, value: str) -> bytes:
    pair = key.encode(), value.encode()
    return struct.pack("<Q", len(pair[0])) + pair[0] + struct.pack("<IQ", _TEXT, len(pair[1])) + pair[1]


EXAMPLES = (
    ReaderExample(
        "pointer.safetensors",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"ab" * 32 + b"\nsize 137262\n",
        states=(("artefact", "sha256:" + "ab" * 32, "pointer.safetensors"),),
        gaps=("header",),
    ),
    ReaderExample(
        "renamed.safetensors",
        b"\x80\x02}q\x00.",
        states=(("weights_format", "pickle", "renamed.safetensors"),),
        gaps=("header",),
    ),
    ReaderExample(
        "pytorch_model.bin",
        b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
        states=(("weights_format", "pickle", "pytorch_model.bin"),),
    ),
    ReaderExample("model.onnx", b"\x08\x07\x12\x04test", states=(("weights_format", "onnx", "model.onnx"),)),
    ReaderExample(
        "meadow.gguf",
        b"GGUF"
        + struct.pack("<IQQ", 3, 0, 4)
        + _gguf_text("general.architecture", "llama")
        + _gguf_text("general.license", "apache-2.0")
        + _gguf_text("general.source.url", "https://huggingface.co/org/meadow")
        + struct.pack("<Q", 19)
        + b"tokenizer.ggml.list"
        + struct.pack("<I", 99),
        states=(
            ("weights_format", "gguf", "meadow.gguf"),
            ("architecture", "llama", ""),
            ("licence", "apache-2.0", ""),
            ("base_model", "https://huggingface.co/org/meadow", "quantized"),
        ),
    ),
)
