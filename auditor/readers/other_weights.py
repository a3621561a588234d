"""Reads other weights files without loading them: pickles, GGUF, ONNX and more, and Git LFS pointers to any of them.

Nothing is unpickled or unpacked: of a pickle only the first bytes are read, of a zip its directory.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import BinaryIO

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.hashing.text_content import find_encoded_files
from auditor.model import Gap, Place, Statement, Subject
from auditor.part_builders.embedded_files import embedded_members, remainder_members
from auditor.part_builders.file_digests import weight_digests
from auditor.part_builders.read_options import ReadOptions
from auditor.part_builders.stored_tensors import read_stored_tensors
from auditor.part_builders.tensor_pictures import read_tensor_pictures
from auditor.part_builders.text_contents import PIECE_BYTES, asks_of_texts, read_texts_in
from auditor.parts import Part, PartlyRead
from auditor.readers import ReaderExample
from auditor.samples import Samples
from auditor.syntax import gguf, onnx_tensors, safetensors_header, zip_directory
from auditor.syntax.c2pa import C2PA_UNREAD, onnx_has_manifest
from auditor.syntax.embedded_pictures import MIN_PICTURE_BYTES
from auditor.syntax.file_pointer import FilePointer, parse_file_pointer
from auditor.syntax.model_names import without_local_folders

# The format that each suffix usually means; "": any. What the first bytes tell comes first.
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
# Protocols 2 to 5 begin with their number; pickles of protocols 0 and 1 are known by their suffix alone.
_PICKLE = re.compile(rb"\x80[\x02-\x05][^\x00]")
# The first bytes of a map in MessagePack: Flax saves weights as one, data are often a list.
_MAPS = tuple(bytes((first,)) for first in (*range(0x80, 0x90), 0xDE, 0xDF))
_HDF5 = b"\x89HDF\r\n\x1a\n"
_HEAD_BYTES = 4096
# Of pickles and other weights, whose structure is not read, so much of each end is searched for pictures.
_SEARCHED_BYTES = 8 << 20
_ENCODED = "encoded files in weights: not read"
_PICKLE_REMARK = "loading it can run code"
# More base models or datasets are not read of one GGUF file.
_MAX_GGUF_SOURCES = 1000

READS_WEIGHTS = True
UNREAD_GAP = "header"


def claims(blob: Blob, head: bytes) -> int:
    """Claim weights by their content whatever their name, then by suffix; of a dataset's files only LFS pointers."""
    content = _format_of_content(blob, head)
    if content == "pointer":
        return 90 if _has_weights_suffix(blob) else 0
    if blob.kind == "dataset":
        return 0
    if content:
        return 90 if _has_weights_suffix(blob) else 40
    if blob.suffix == ".msgpack" and blob.kind != "model" and not head.startswith(_MAPS):
        return 0
    return 50 if SUFFIXES.get(blob.suffix) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Samples | PartlyRead | Unread | Blob]:
    """Yield a part of each weights file: its format, what its metadata says, and its digest if it is asked for.

    Pictures among its tensors and bytes after them are samples, or gaps.
    """
    for blob in blobs:
        place = Place(blob.uri)
        try:
            with blob.open() as file:
                head = file.read(_HEAD_BYTES)
                if pointer := parse_file_pointer(head):
                    statements, gaps = _read_pointer(blob, place, pointer)
                else:
                    statements, gaps = _read_weights(blob, head, file, place)
                    if head and not blob.remote and (wanted := options.file_digests):
                        digests, not_computed = weight_digests(blob, file, wanted)
                        gaps.extend(not_computed)
                        statements += [
                            Statement("artefact", f"{algorithm}:{value}", blob.basename, place, "computed")
                            for algorithm, value in digests.items()
                        ]
                    if not blob.remote and asks_of_texts(options.algorithms):
                        yield from _carried(blob, head, file, options)
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)
            continue
        except OSError as error:
            yield Unread(blob.uri, f"cannot be read: {error.strerror}", blob=blob)
            continue
        ref = blob.ref("model")
        yield Part(Subject(ref.kind, ref.name, ref.revision, tuple(statements), tuple(gaps)))


def _carried(blob: Blob, head: bytes, file: BinaryIO, options: ReadOptions) -> Iterator[Samples | PartlyRead | Blob]:
    """Yield the pictures in a file of other weights, and the bytes after them. Raises OSError."""
    content = _format_of_content(blob, head)
    weights_format = content or SUFFIXES.get(blob.suffix, "")
    try:
        if content == "gguf":
            start = gguf.start_of_tensors(file)
            file.seek(0)
            metadata = file.read(min(start, PIECE_BYTES))
            yield from read_texts_in(blob, metadata, options.algorithms, "metadata")
            yield from embedded_members(blob, io.BytesIO(metadata))
            yield from read_tensor_pictures(blob, file, gguf.locate_tensors(file), options.algorithms, options.variants)
            end = gguf.end_of_tensors(file)
            if end is not None and blob.size - end >= MIN_PICTURE_BYTES:
                yield from remainder_members(blob, file, [(end, blob.size)])
        elif weights_format == "onnx":
            tensors = onnx_tensors.locate_tensors(file)
            yield from read_tensor_pictures(blob, file, tensors, options.algorithms, options.variants)
        elif content == "zip":
            yield from read_stored_tensors(blob, file, options.algorithms)
        else:
            for start, end in _searched_spans(blob.size):
                yield from embedded_members(blob, file, start, end)
                file.seek(start)
                if next(find_encoded_files(file.read(end - start), is_text=False), None):
                    yield PartlyRead(blob, "its content", _ENCODED)
    except Unreadable:
        return  # its header is damaged, which its part says


def _searched_spans(size: int) -> tuple[tuple[int, int], ...]:
    """Return which spans of other weights are searched for pictures: all of a small file, the ends of a large one."""
    if size <= 2 * _SEARCHED_BYTES:
        return ((0, size),)
    return ((0, _SEARCHED_BYTES), (size - _SEARCHED_BYTES, size))


def _has_weights_suffix(blob: Blob) -> bool:
    """Return whether a file has the suffix of a format of other weights."""
    return blob.suffix in SUFFIXES or blob.suffix in safetensors_header.SUFFIXES


def _format_of_content(blob: Blob, head: bytes) -> str:
    """Return the other weights' format that the first bytes tell; "" if they tell none."""
    if parse_file_pointer(head):
        return "pointer"
    if head.startswith(gguf.MAGIC):
        return "gguf"
    if head.startswith(_HDF5):
        return "hdf5"
    if head.startswith(zip_directory.MAGIC) and _has_weights_suffix(blob):
        return "zip"
    return "pickle" if _PICKLE.match(head) else ""


def _read_pointer(blob: Blob, place: Place, pointer: FilePointer) -> tuple[list[Statement], list[Gap]]:
    """Return the digest of other weights that a pointer stands for, and a gap: the weights are not here."""
    source = "lfs-pointer" if pointer.kind == "Git LFS" else "annex-key"
    value, size = f"{pointer.algorithm}:{pointer.digest}", f"{pointer.size:,} bytes"
    digests = [Statement("artefact", value, blob.basename, place, source, size)] if pointer.digest else []
    return digests, [Gap("header", f"a {pointer.kind} pointer: the weights themselves are not here", place)]


def _read_weights(blob: Blob, head: bytes, file: BinaryIO, place: Place) -> tuple[list[Statement], list[Gap]]:
    """Return what a file of other weights says, and what of it could not be read. Raises OSError."""
    content = _format_of_content(blob, head)
    format_of_suffix = SUFFIXES.get(blob.suffix, "")
    weights_format = content or format_of_suffix
    gaps: list[Gap] = []
    metadata: list[Statement] = []
    try:
        if not head:
            gaps.append(Gap("header", "the file is empty", place))
        elif content == "zip":
            weights_format = format_of_suffix or "zip"
            weights_format = _format_of_members(zip_directory.zip_member_names(file, blob.size), format_of_suffix)
        elif content == "gguf":
            general, problem = gguf.read_general_metadata(file)
            metadata = list(_gguf_statements(general, place))
            gaps += [Gap("header", problem, place)] if problem else []
        elif weights_format == "onnx" and onnx_has_manifest(file):
            gaps.append(Gap("provenance", C2PA_UNREAD, place))
    except Unreadable as error:
        gaps.append(Gap("header", str(error), place))
    if blob.suffix in safetensors_header.SUFFIXES:
        gaps.append(Gap("header", f"called {blob.suffix} but is {weights_format}, not safetensors", place))
    remark = _PICKLE_REMARK if weights_format == "pickle" else ""
    return [Statement("weights_format", weights_format, blob.basename, place, "header", remark), *metadata], gaps


def _format_of_members(names: set[str], format_of_suffix: str) -> str:
    """Return the format of other weights that a zip with these members is."""
    if any(name.endswith((".pkl", ".pickle")) for name in names):
        return "pickle"
    if "config.json" in names and any(name.endswith(".weights.h5") for name in names):
        return "keras"
    if names and all(name.endswith(".npy") for name in names):
        return "numpy"
    return format_of_suffix if format_of_suffix not in ("", "pickle") else "zip"


# What each key of ``general.*`` states.
_GGUF_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "architecture": "architecture",
        "name": "title",
        "license": "licence",
        "license.name": "licence_name",
        "license.link": "licence_link",
        "tags": "tag",
        "languages": "language",
        "datasets": "trained_on",
    }
)
# The model that was converted, of which this file is the quantised form; the first one stated counts.
_GGUF_CONVERTED_FROM = ("source.huggingface.repository", "source.repo_url", "source.url")


def _gguf_statements(general: Mapping[str, object], place: Place) -> Iterator[Statement]:
    """Yield what GGUF weights say in ``general.*``: architecture, name, licence, tags, base models, datasets."""
    for name, key in _GGUF_KEYS.items():
        for text in _texts(general.get(name)):
            yield Statement(key, text, "", place, "header", name)
    for name in _GGUF_CONVERTED_FROM:
        if texts := _texts(general.get(name)):
            yield Statement("base_model", without_local_folders(texts[0]), "quantized", place, "header", name)
            break
    for key, group in (("base_model", "base_model"), ("trained_on", "dataset")):
        count = general.get(f"{group}.count")
        for number in range(min(count, _MAX_GGUF_SOURCES) if isinstance(count, int) else 0):
            source, name = _gguf_source(general, f"{group}.{number}")
            if source:
                yield Statement(key, without_local_folders(source), "", place, "header", name)


def _gguf_source(general: Mapping[str, object], group: str) -> tuple[str, str]:
    """Return a base model or dataset that GGUF weights name, and the key: its address, else organisation and name.

    The converter writes a repository's name with blanks in place of hyphens.
    """
    for name in (f"{group}.repo_url", f"{group}.name"):
        if texts := _texts(general.get(name)):
            organization = _texts(general.get(f"{group}.organization"))
            if not organization or name.endswith("repo_url") or "/" in texts[0]:
                return texts[0], name
            return f"{organization[0]}/{texts[0]}".replace(" ", "-"), name
    return "", ""


def _texts(value: object) -> tuple[str, ...]:
    """Return the texts of a GGUF weights metadata value that is a text or a list, without blank ones."""
    return tuple(
        item.strip()
        for item in (value if isinstance(value, list) else [value])
        if isinstance(item, str) and item.strip()
    )


def _gguf_text(key: str, value: str) -> bytes:
    """Return a text of GGUF weights' metadata as bytes, for the reader's example."""
    pair = key.encode(), value.encode()
    return struct.pack("<Q", len(pair[0])) + pair[0] + struct.pack("<IQ", gguf.TEXT_TYPE, len(pair[1])) + pair[1]


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
        gaps=("header",),
    ),
)
