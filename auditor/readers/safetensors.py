"""Reads the header of safetensors files: what the weights are, what they were made from, and what was stripped.

Only the header's bytes are read, however large the file, unless the run options digests. Training folders,
captions and tags are counted and never repeated.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache

import msgspec
import re2

from auditor.errors import Unreadable
from auditor.hashing.distinctive_tensors import MIN_DISTINCTIVE_BYTES, tensor_hasher
from auditor.hashing.weight_digests import RangeHasher, weight_file_digests
from auditor.model import Gap, Place, Statement, Subject
from auditor.parts import Part
from auditor.readers import ReaderExample, ReadOptions
from auditor.samples import ARTEFACT_SHA256
from auditor.sources import Blob, Unread
from auditor.syntax.model_names import without_local_folders
from auditor.syntax.safetensors_header import (
    MAX_HEADER_BYTES,
    MAX_HEADER_READ,
    SUFFIXES,
    SafetensorsHeader,
    Tensor,
    read_header,
)

READS_WEIGHTS = True


def claims(blob: Blob, head: bytes) -> int:
    """By suffix, and by content whatever the name: a plausible length, then ``{"``."""
    if blob.suffix in SUFFIXES:
        return 60
    if len(head) > 10 and head[8:10] in (b'{"', b"{}"):
        (length,) = struct.unpack("<Q", head[:8])
        return 80 if 2 <= length <= min(MAX_HEADER_BYTES, blob.size - 8) else 0
    return 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Unread]:
    """One part a file: its format, what its header says, and digests where they are wanted."""
    for blob in blobs:
        place = Place(blob.uri)
        gaps: list[Gap] = []
        tensors: RangeHasher | None = None
        statements = [Statement("weights_format", "safetensors", blob.basename, place, "header")]
        try:
            with blob.open() as file:
                data = 0
                try:
                    found = read_header(file, blob.size)
                except Unreadable as error:
                    gaps.append(Gap("header", str(error), place))
                else:
                    data = found.data
                    gaps.extend(Gap("header", fault, place) for fault in found.faults)
                    statements.extend(_statements(found, place))
                if options.weights == "full" or ARTEFACT_SHA256 in options.algorithms:
                    if options.weights == "full" and data and not found.faults:
                        tensors = tensor_hasher(found)
                    digests = {digest.algorithm: digest.value for digest in weight_file_digests(file, data, tensors)}
                    statements.extend(_artefacts(digests, blob, blob.size - data, place))
                    if data:
                        statements.extend(_embedded(found.metadata, digests, place))
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)
            continue
        except OSError as error:
            yield Unread(blob.uri, f"cannot be read: {error.strerror}", blob=blob)
            continue
        ref = blob.ref("model")
        subject = Subject(ref.kind, ref.name, ref.revision, tuple(statements), tuple(gaps))
        yield Part(subject, tensors=tensors.digests() if tensors else frozenset())


def _artefacts(digests: Mapping[str, str], blob: Blob, tensors: int, place: Place) -> Iterator[Statement]:
    """The digests that tell this file from others: a few bytes of tensors, zeros mostly, are the same in many."""
    for algorithm, value in digests.items():
        if algorithm == "sha256" or tensors >= MIN_DISTINCTIVE_BYTES:
            yield Statement("artefact", f"{algorithm}:{value}", blob.basename, place, "computed")


def _embedded(metadata: Mapping[str, str], digests: Mapping[str, str], place: Place) -> Iterator[Statement]:
    """Does the hash of the tensors that the header carries agree? (ModelSpec hash_sha256, kohya sshs_model_hash)"""
    for key in ("modelspec.hash_sha256", "sshs_model_hash"):
        stated = metadata.get(key, "").lower().removeprefix("0x")
        if stated and stated != digests.get("sha256-tensors"):
            yield Statement("header", "disagrees-with-hash", key, place, "header")


def _statements(found: SafetensorsHeader, place: Place) -> Iterator[Statement]:
    metadata = found.metadata

    def says(key: str, value: str, relation: str = "", remark: str = "") -> Statement:
        return Statement(key, value, relation, place, "header", remark)

    words = _words("\n".join(found.tensors))
    adapter = not words.isdisjoint(_ADAPTER) or metadata.get("ss_network_module", "").startswith(
        ("networks.", "lycoris")
    )
    for key in ("modelspec.architecture", "ss_base_model_version"):
        if value := metadata.get(key, "").strip():
            yield says("architecture", value, "", key)
            if declared := _declared_family(value):
                yield says("base_family", declared, "declared", key)
    if shown := family(found, words):
        yield says("base_family", shown, "tensors")
    if title := metadata.get("modelspec.title", "").strip():
        yield says("title", title)
    if licence := metadata.get("modelspec.license", "").strip():
        yield says("licence", licence)
    relation = "adapter" if adapter else "finetune"
    if base := metadata.get("ss_sd_model_name", "").strip():
        yield says("base_model", without_local_folders(base), relation, "ss_sd_model_name")
    if _SHA256.fullmatch(digest := metadata.get("ss_new_sd_model_hash", "").lower()):
        yield says("base_model", f"sha256:{digest}", relation, "ss_new_sd_model_hash")
    for parent in metadata.get("modelspec.merged_from", "").split(","):
        if parent.strip():
            yield says("base_model", without_local_folders(parent.strip()), "merge", "modelspec.merged_from")
    yield from _training(metadata, says)
    kohya = {key for key in metadata if key.startswith("ss_")}
    if adapter and "ss_network_module" in kohya and kohya <= _MINIMUM:
        yield says("header", "stripped", "minimum", "only the keys that kohya's --no_metadata leaves")
    elif adapter and not kohya and not any(key.startswith("modelspec.") for key in metadata) and _KOHYA in words:
        yield says("header", "stripped", "none", "names of a kohya trainer, without its metadata")


def _training(metadata: Mapping[str, str], says: Callable[[str, str, str, str], Statement]) -> Iterator[Statement]:
    """Folders and captions are counted: their words may be a person's name or worse, and stay here."""
    folders: set[str] = set()
    captions: set[str] = set()
    for key in ("ss_tag_frequency", "ss_dataset_dirs"):
        table = _inner(metadata.get(key, ""))
        if not isinstance(table, dict):
            continue
        folders.update(table)
        if key == "ss_tag_frequency":
            captions.update(*(tags for tags in table.values() if isinstance(tags, dict)))
    datasets = _inner(metadata.get("ss_datasets", ""))
    for dataset in datasets if isinstance(datasets, list) else ():
        subsets = dataset.get("subsets") if isinstance(dataset, dict) else None
        for subset in subsets if isinstance(subsets, list) else ():
            if isinstance(subset, dict) and isinstance(subset.get("image_dir"), str):
                folders.add(subset["image_dir"].replace("\\", "/").rstrip("/").rsplit("/", 1)[-1])
    if folders:
        yield says("header", "training-folders", "", f"{len(folders):,} folders")
    if captions:
        yield says("header", "captions", "", f"{len(captions):,} different captions or tags")


def _inner(text: str) -> object:
    """JSON in a string, as kohya nests it; None where it is broken or larger than a header should be."""
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


_SHA256 = re.compile(r"[0-9a-f]{64}")
_ADAPTER = ("lora_", "lokr_", "hada_w", ".lora.", "oft_", "dora_scale")
_KOHYA = r"(?m)^lora_(?:unet|te|te1|te2|transformer|prior_te)_"
# kohya-ss/sd-scripts: library/train_util.py SS_METADATA_MINIMUM_KEYS
_MINIMUM = {
    "ss_v2",
    "ss_base_model_version",
    "ss_network_module",
    "ss_network_dim",
    "ss_network_alpha",
    "ss_network_args",
}
_DECLARED = (
    ("stable-diffusion-xl", "sdxl"),
    ("sdxl", "sdxl"),
    ("stable-diffusion-v1", "sd1"),
    ("sd_v1", "sd1"),
    ("sd_1", "sd1"),
    ("stable-diffusion-v2", "sd2"),
    ("sd_v2", "sd2"),
    ("sd_2", "sd2"),
    ("stable-diffusion-3", "sd3"),
    ("sd3", "sd3"),
    ("flux-1", "flux"),
    ("flux1", "flux"),
    ("anima", "anima"),
)


def _declared_family(version: str) -> str:
    lowered = version.lower()
    return next((name for prefix, name in _DECLARED if lowered.startswith(prefix)), "")


# Width of the text that cross-attention takes in: CLIP-L, OpenCLIP-H, CLIP-L + OpenCLIP-bigG, bigG alone (refiner).
_TEXT_WIDTHS = {768: "sd1", 1024: "sd2", 2048: "sdxl", 1280: "sdxl"}
_DOWN = r"[._](?:lora[._])?(?:lora_)?(?:A\.(?:default\.)?|down\.)?weight$"
_TEXT_KEYS = "attn2", re.compile(rf"attn2[._](?:processor[._])?to_k(?:_lora)?{_DOWN}")
_ENCODER = "lora_te_text_model_", re.compile(rf"_[qk]_proj{_DOWN}")
_DOUBLE = (
    "_blocks",
    re.compile(
        rf"(?:double_blocks[._]\d+[._]img_attn[._](?:proj|qkv)|single_transformer_blocks[._]\d+[._]attn[._]to_q){_DOWN}"
    ),
)
_ANIMA = r"blocks[._]\d+[._](?:cross|self)_attn[._][qkv]_proj|blocks[._]\d+[._]adaln_modulation"
_WAN = r"blocks[._]\d+[._]cross_attn[._][qkvo][._]"


# What is looked for in the names of tensors: one pass finds it all.
_LITERAL = (
    "txtfusion",
    "single_transformer_blocks",
    "double_blocks",
    "single_blocks",
    "individual_token_refiner",
    "distilled_guidance_layer",
    "joint_blocks",
    "conditioner.embedders.1.",
    "lora_te2_",
    "cond_stage_model.",
    "cond_stage_model.model.",
    *_ADAPTER,
    *(word for word, _ in (_TEXT_KEYS, _ENCODER, _DOUBLE)),
)
_LOOKED_FOR = (*_LITERAL, _ANIMA, _WAN, _KOHYA)


@cache
def _finder() -> re2.Set:
    found = re2.Set.SearchSet()
    for pattern in (*map(re.escape, _LITERAL), *_LOOKED_FOR[len(_LITERAL) :]):
        found.Add(pattern)
    found.Compile()
    return found


def _words(names: str) -> frozenset[str]:
    """Which of :data:`_LOOKED_FOR` occur in these names."""
    return frozenset(_LOOKED_FOR[at] for at in _finder().Match(names.encode("utf-8", "surrogatepass")) or ())


def family(found: SafetensorsHeader, words: Collection[str]) -> str:
    """The family of base models that tensor names and shapes tell, or "".

    Names after diffusers (loaders/single_file_utils.py), widths after InvokeAI (configs/lora.py).
    """

    def width(word: str, pattern: re.Pattern[str]) -> int:
        """Of what the first tensor takes in whose name has the word and fits the pattern; 0 where none does."""
        for name, tensor in found.tensors.items() if word in words else ():
            if word in name and len(tensor.shape) > 1 and pattern.search(name):
                return tensor.shape[1]
        return 0

    if "txtfusion" in words:
        return "krea2"
    if "single_transformer_blocks" in words or ("double_blocks" in words and "single_blocks" in words):
        if "individual_token_refiner" in words:
            return "hunyuan-video"
        if "distilled_guidance_layer" in words:
            return "chroma"
        return {0: "flux", 3072: "flux", 6144: "flux2"}.get(width(*_DOUBLE), "")
    if "joint_blocks" in words:
        return "sd3"
    if told := _TEXT_WIDTHS.get(width(*_TEXT_KEYS)):
        return told
    if "conditioner.embedders.1." in words or "lora_te2_" in words:
        return "sdxl"
    if "cond_stage_model." in words:
        return "sd2" if "cond_stage_model.model." in words else "sd1"
    if told := _TEXT_WIDTHS.get(width(*_ENCODER)):
        return told
    if _ANIMA in words:
        return "anima"
    if _WAN in words:
        return "wan"
    if set(found.tensors) == {"clip_l", "clip_g"}:
        return "sdxl"
    alone = next(iter(found.tensors.items())) if len(found.tensors) == 1 else ("", Tensor())
    return {768: "sd1", 1024: "sd2"}.get((0, *alone[1].shape)[-1], "") if alone[0] in ("emb_params", "*") else ""


def _file(top: Mapping[str, object], data: bytes = b"\0\0") -> bytes:
    text = json.dumps(top).encode()
    return struct.pack("<Q", len(text)) + text + data


_W = {"w": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}}
_LORA = {
    "lora_unet_down_blocks_0_attn2_to_k.lora_down.weight": {
        "dtype": "F16",
        "shape": [1, 768],
        "data_offsets": [0, 1536],
    }
}
EXAMPLES = (
    ReaderExample(
        "lora.safetensors",
        _file(
            {
                "__metadata__": {
                    "ss_network_module": "networks.lora",
                    "ss_base_model_version": "sd_v1",
                    "ss_sd_model_name": "D:\\models\\landscapes-v2.safetensors",
                    "ss_tag_frequency": '{"10_hills": {"a hill": 3, "a tree": 2}}',
                    "modelspec.license": "mit",
                },
                **_LORA,
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
        _file({"__metadata__": {"modelspec.title": "Meadows", "modelspec.merged_from": "lakes, org/hills"}, **_W}),
        states=(
            ("weights_format", "safetensors", "merge.safetensors"),
            ("title", "Meadows", ""),
            ("base_model", "lakes", "merge"),
            ("base_model", "org/hills", "merge"),
        ),
    ),
    ReaderExample(
        "stripped.safetensors",
        _file({"__metadata__": {"format": "pt"}, **_LORA}, bytes(1536)),
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
        _file(_W, b""),
        states=(("weights_format", "safetensors", "header-only.safetensors"),),
        gaps=("header",),
    ),
)
