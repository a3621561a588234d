"""Reads the header of safetensors files: what the weights are, what they were made from, and what was stripped.

Only the header's bytes are read, however large the file, unless the run asks for digests. Training folders,
captions and tags are counted and never repeated.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.hashing.distinctive_tensors import MIN_DISTINCTIVE_BYTES, tensor_hasher
from auditor.hashing.weight_digests import RangeHasher
from auditor.model import Gap, Place, Statement, Subject
from auditor.part_builders.file_digests import weight_digests
from auditor.part_builders.read_options import ReadOptions
from auditor.part_builders.tensor_names import describe_tensors, family_of_version
from auditor.part_builders.tensor_pictures import read_tensor_pictures
from auditor.part_builders.text_contents import asks_of_texts, read_texts_in
from auditor.parts import Part, PartlyRead
from auditor.readers import ReaderExample
from auditor.samples import Samples
from auditor.syntax.c2pa import C2PA_KEY, C2PA_UNREAD
from auditor.syntax.model_names import without_local_folders
from auditor.syntax.safetensors_header import (
    MAX_HEADER_BYTES,
    MAX_HEADER_READ,
    SUFFIXES,
    SafetensorsHeader,
    read_header,
)

READS_WEIGHTS = True
UNREAD_GAP = "header"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHA256_OF_NOTHING = hashlib.sha256().hexdigest()
# kohya-ss/sd-scripts: library/train_util.py SS_METADATA_MINIMUM_KEYS
_KOHYA_MINIMUM_KEYS = {
    "ss_v2",
    "ss_base_model_version",
    "ss_network_module",
    "ss_network_dim",
    "ss_network_alpha",
    "ss_network_args",
}


def claims(blob: Blob, head: bytes) -> int:
    """Claim safetensors by its suffix, or whatever its name by its content: a plausible length, then ``{"``."""
    if blob.suffix in SUFFIXES:
        return 60
    if len(head) > 10 and head[8:10] in (b'{"', b"{}"):
        (length,) = struct.unpack("<Q", head[:8])
        return 80 if 2 <= length <= min(MAX_HEADER_BYTES, blob.size - 8) else 0
    return 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Samples | PartlyRead | Unread | Blob]:
    """Yield a part of each safetensors file: format, what its header says, and digests if they are asked for.

    Pictures among its tensors and in its metadata are samples.
    """
    for blob in blobs:
        place = Place(blob.uri)
        gaps: list[Gap] = []
        tensors: RangeHasher | None = None
        statements = [Statement("weights_format", "safetensors", blob.basename, place, "header")]
        try:
            with blob.open() as file:
                data = 0
                try:
                    header = read_header(file, blob.size)
                except Unreadable as error:
                    gaps.append(Gap("header", str(error), place))
                else:
                    data = header.data
                    gaps.extend(Gap("header", fault, place) for fault in header.faults)
                    if C2PA_KEY in header.metadata:
                        gaps.append(Gap("provenance", C2PA_UNREAD, place))
                    statements.extend(_header_statements(header, place))
                if not blob.remote and (wanted := options.file_digests):
                    if options.weights == "full" and data and not header.faults:
                        tensors = tensor_hasher(header)
                    digests, not_computed = weight_digests(blob, file, wanted, data, tensors)
                    gaps.extend(not_computed)
                    statements.extend(_artefact_statements(digests, blob, blob.size - data, place))
                    if "sha256-tensors" in digests:
                        statements.extend(_disagreeing_hashes(header.metadata, digests, place))
                if data and asks_of_texts(options.algorithms):
                    texts = "\n".join(f"{key}: {value}" for key, value in header.metadata.items()).encode()
                    yield from read_texts_in(blob, texts, options.algorithms, "metadata")
                    if not blob.remote:
                        yield from read_tensor_pictures(
                            blob, file, header.tensors, options.algorithms, options.variants, data
                        )
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)
            continue
        except OSError as error:
            yield Unread(blob.uri, f"cannot be read: {error.strerror}", blob=blob)
            continue
        ref = blob.ref("model")
        subject = Subject(ref.kind, ref.name, ref.revision, tuple(statements), tuple(gaps))
        yield Part(subject, tensors=tensors.digests() if tensors else frozenset())


def _artefact_statements(
    digests: Mapping[str, str], blob: Blob, tensor_bytes: int, place: Place
) -> Iterator[Statement]:
    """Yield digests that tell a safetensors file from others: few bytes, mostly zeros, are alike in many."""
    for algorithm, value in digests.items():
        if algorithm != "sha256-tensors" or tensor_bytes >= MIN_DISTINCTIVE_BYTES:
            yield Statement("artefact", f"{algorithm}:{value}", blob.basename, place, "computed")


def _disagreeing_hashes(metadata: Mapping[str, str], digests: Mapping[str, str], place: Place) -> Iterator[Statement]:
    """Yield the safetensors header's keys with a hash that is not the tensors' (ModelSpec's, kohya's).

    What is no SHA-256, or that of no bytes at all (ostris/ai-toolkit writes it), says nothing of the tensors.
    """
    for key in ("modelspec.hash_sha256", "sshs_model_hash"):
        stated = metadata.get(key, "").lower().removeprefix("0x")
        if _SHA256.fullmatch(stated) and stated not in (_SHA256_OF_NOTHING, digests.get("sha256-tensors")):
            yield Statement("header", "disagrees-with-hash", key, place, "header")


def _header_statements(header: SafetensorsHeader, place: Place) -> Iterator[Statement]:
    """Yield what a safetensors header's metadata and names say: ModelSpec's keys, then kohya's."""
    metadata = header.metadata

    def statement(key: str, value: str, relation: str = "", remark: str = "") -> Statement:
        return Statement(key, value, relation, place, "header", remark)

    tensors = describe_tensors(header)
    is_adapter = tensors.are_adapter or metadata.get("ss_network_module", "").startswith(("networks.", "lycoris"))
    for key in ("modelspec.architecture", "ss_base_model_version"):
        if value := metadata.get(key, "").strip():
            yield statement("architecture", value, "", key)
            if family := family_of_version(value):
                yield statement("base_family", family, "declared", key)
    if tensors.family:
        yield statement("base_family", tensors.family, "tensors")
    if title := metadata.get("modelspec.title", "").strip():
        yield statement("title", title)
    if licence := metadata.get("modelspec.license", "").strip():
        yield statement("licence", licence)
    relation = "adapter" if is_adapter else "finetune"
    if base := metadata.get("ss_sd_model_name", "").strip():
        yield statement("base_model", without_local_folders(base), relation, "ss_sd_model_name")
    if _SHA256.fullmatch(digest := metadata.get("ss_new_sd_model_hash", "").lower()):
        yield statement("base_model", f"sha256:{digest}", relation, "ss_new_sd_model_hash")
    for parent in metadata.get("modelspec.merged_from", "").split(","):
        if parent.strip():
            yield statement("base_model", without_local_folders(parent.strip()), "merge", "modelspec.merged_from")
    folders, captions = _training_data(metadata)
    if folders:
        yield statement("header", "training-folders", "", f"{len(folders):,} folders")
    if captions:
        yield statement("header", "captions", "", f"{len(captions):,} different captions or tags")
    kohya_keys = {key for key in metadata if key.startswith("ss_")}
    has_modelspec = any(key.startswith("modelspec.") for key in metadata)
    if is_adapter and "ss_network_module" in kohya_keys and kohya_keys <= _KOHYA_MINIMUM_KEYS:
        yield statement("header", "stripped", "minimum", "only the keys that kohya's --no_metadata leaves")
    elif is_adapter and tensors.are_named_by_kohya and not kohya_keys and not has_modelspec:
        yield statement("header", "stripped", "none", "names of a kohya trainer, without its metadata")


def _training_data(metadata: Mapping[str, str]) -> tuple[set[str], set[str]]:
    """Return a safetensors header's training folders, and captions and tags to count: they may name a person."""
    folders: set[str] = set()
    captions: set[str] = set()
    for key in ("ss_tag_frequency", "ss_dataset_dirs"):
        table = _nested_json(metadata.get(key, ""))
        if not isinstance(table, dict):
            continue
        folders.update(table)
        if key == "ss_tag_frequency":
            captions.update(*(tags for tags in table.values() if isinstance(tags, dict)))
    datasets = _nested_json(metadata.get("ss_datasets", ""))
    for dataset in datasets if isinstance(datasets, list) else ():
        subsets = dataset.get("subsets") if isinstance(dataset, dict) else None
        for subset in subsets if isinstance(subsets, list) else ():
            if isinstance(subset, dict) and isinstance(subset.get("image_dir"), str):
                folders.add(subset["image_dir"].replace("\\", "/").rstrip("/").rsplit("/", 1)[-1])
    return folders, captions


def _nested_json(text: str) -> object:
    """Return JSON in a string of a safetensors header, as kohya nests it; None if broken or too long for a header."""
    if not text or len(text) > MAX_HEADER_READ:
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    try:
        return json.loads(text)  # takes NaN and numbers of any size, as Python's own writer writes them
    except (ValueError, RecursionError):
        return None


def _safetensors_bytes(top: Mapping[str, object], data: bytes = b"\0\0") -> bytes:
    """Return a safetensors file with this header, for the reader's example."""
    text = json.dumps(top).encode()
    return struct.pack("<Q", len(text)) + text + data


_ONE_TENSOR = {"w": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}}
_LORA_TENSOR = {
    "lora_unet_down_blocks_0_attn2_to_k.lora_down.weight": {
        "dtype": "F16",
        "shape": [1, 768],
        "data_offsets": [0, 1536],
    }
}
EXAMPLES = (
    ReaderExample(
        "lora.safetensors",
        _safetensors_bytes(
            {
                "__metadata__": {
                    "ss_network_module": "networks.lora",
                    "ss_base_model_version": "sd_v1",
                    "ss_sd_model_name": "D:\\models\\landscapes-v2.safetensors",
                    "ss_tag_frequency": '{"10_hills": {"a hill": 3, "a tree": 2}}',
                    "modelspec.license": "mit",
                },
                **_LORA_TENSOR,
            },
            bytes(1536),
        ),
        states=(
            ("weights_format", "safetensors", "lora.safetensors"),
            ("architecture", "sd_v1", ""),
            ("base_family", "sd1", "declared"),
            ("base_family", "sd1", "tensors"),
            ("licence", "mit", ""),
            ("base_model", "landscapes-v2.safetensors", "adapter"),
            ("header", "training-folders", ""),
            ("header", "captions", ""),
        ),
    ),
    ReaderExample(
        "merge.safetensors",
        _safetensors_bytes(
            {"__metadata__": {"modelspec.title": "Meadows", "modelspec.merged_from": "lakes, org/hills"}, **_ONE_TENSOR}
        ),
        states=(
            ("weights_format", "safetensors", "merge.safetensors"),
            ("title", "Meadows", ""),
            ("base_model", "lakes", "merge"),
            ("base_model", "org/hills", "merge"),
        ),
    ),
    ReaderExample(
        "stripped.safetensors",
        _safetensors_bytes({"__metadata__": {"format": "pt"}, **_LORA_TENSOR}, bytes(1536)),
        states=(
            ("weights_format", "safetensors", "stripped.safetensors"),
            ("base_family", "sd1", "tensors"),
            ("header", "stripped", "none"),
        ),
    ),
    ReaderExample(
        "twice.safetensors",
        struct.pack("<Q", 107) + b"{%b,%b}\0\0" % ((b'"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}',) * 2),
        states=(("weights_format", "safetensors", "twice.safetensors"),),
        gaps=("header",),
    ),
    ReaderExample(
        "header-only.safetensors",
        _safetensors_bytes(_ONE_TENSOR, b""),
        states=(("weights_format", "safetensors", "header-only.safetensors"),),
        gaps=("header",),
    ),
)
