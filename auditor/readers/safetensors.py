"""Reads the header of safetensors files: what the weights are, what they were made from, and what was stripped.

Only the header's bytes are read, however large the file, unless the run wants digests. Training folders,
captions and tags are counted and never repeated.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import BinaryIO

import msgspec
import numpy as np
import re2

from auditor.errors import Unreadable
from auditor.hashing.weight_digests import Stretches, file_digests
from auditor.model import Gap, Place, Statement, Subject
from auditor.readers import Example, Part, Wants
from auditor.sources import Blob, Unread

SUFFIXES = (".safetensors", ".sft")
# The format's own limit (safetensors: src/tensor.rs MAX_HEADER_SIZE), and ours: what parsing may take in memory.
LONGEST, LONGEST_READ = 100_000_000, 32 << 20
# Bits a value takes (safetensors: src/tensor.rs Dtype).
BITS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
        **dict.fromkeys(("F32", "I32", "U32"), 32),
        **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
        **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E5M2FNUZ", "F8_E4M3FNUZ", "F8_E8M0"), 8),
        **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
        "F4": 4,
    }
)
# Bytes of tensors below which their digest says nothing of where they come from.
FEWEST_BYTES = 1024
# A run that has a list of models puts this among the algorithms it wants: weights files are then hashed.
ARTEFACT = "artefact-sha256"


class Tensor(msgspec.Struct, gc=False):
    """One tensor as the header has it; offsets count from the header's end. Never changed once it is read.

    What a field is where the header lacks it, no header that is right can say.
    """

    dtype: str = ""
    shape: tuple[int, ...] = (-1,)
    data_offsets: tuple[int, int] = (-1, -1)


@dataclass(frozen=True, slots=True)
class Header:
    """A header as read: its tensors by name in the order of their values, which begin at the byte ``data``.

    ``faults`` are why a strict loader refuses the file; the rest then holds what could still be told.
    """

    metadata: Mapping[str, str]
    tensors: Mapping[str, Tensor]
    data: int = 0
    faults: tuple[str, ...] = ()


class _Duplicate(ValueError):
    pass


def header(file: BinaryIO, size: int) -> Header:
    """The header of a file of ``size`` bytes. Raises :class:`Unreadable` where there is none, OSError.

    As strict as the format (huggingface/safetensors: README, src/tensor.rs): length at most 100,000,000, JSON
    that begins with ``{``, no key twice, ``__metadata__`` string to string, values that cover the file without
    hole or overlap, sizes that agree with shape and type.
    """
    start = file.read(8)
    if len(start) < 8:
        raise Unreadable(f"header too small: the file has {len(start)} bytes")
    (length,) = struct.unpack("<Q", start)
    if length > LONGEST:
        raise Unreadable(f"header too large: a length of {length:,} bytes is claimed, {LONGEST:,} is the limit")
    if 8 + length > size:
        raise Unreadable(f"invalid header length: {length:,} bytes are claimed, the file has {size - 8:,} more")
    if length > LONGEST_READ:
        raise Unreadable(f"header too large: {length:,} bytes; this program reads at most {LONGEST_READ:,}")
    try:
        text = file.read(length).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(f"invalid header: not UTF-8 at byte {error.start}") from error
    metadata, tensors, reached, faults = _plain(text) or _parsed(text)
    data = 8 + length
    if data + reached > size:
        faults = (*faults, "the file ends before its tensors do: cut off, or a header alone")
    elif data + reached < size and not faults:
        faults = ("incomplete metadata: bytes follow the last tensor",)
    return Header(metadata, tensors, data, faults)


# Metadata, tensors in the order of their values, where the last of these ends, faults.
_Read = tuple[dict[str, str], dict[str, Tensor], int, tuple[str, ...]]
_METADATA = re.compile(r'\{[ \t\n\r]*"__metadata__"[ \t\n\r]*:[ \t\n\r]*')
_QUOTE = ord('"')
_TENSORS = msgspec.json.Decoder(dict[str, Tensor])


def _plain(text: str) -> _Read | None:
    """What :func:`_parsed` reads, in a fifth of its time, or None where anything at all is unusual.

    A parser in C checks the types but drops keys that occur twice or are unknown: those are told by the quotes of
    the text, which are ten for a tensor of five strings and no more.
    """
    metadata: dict[str, str] = {}
    after = 0
    try:
        if start := _METADATA.match(text):
            metadata, after = _STRICT.raw_decode(text, start.end())
        tensors = _TENSORS.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if start:
        if type(metadata) is not dict or not all(type(value) is str for value in metadata.values()):
            return None
        del tensors["__metadata__"]
    region = text[after:]
    if (
        not text.startswith("{")
        or "\\" in region
        or np.count_nonzero(np.frombuffer(region.encode(), np.uint8) == _QUOTE) != 10 * len(tensors)
        or "__metadata__" in tensors
    ):
        return None
    reached, sizes = 0, _Sizes()
    for tensor in tensors.values():
        begin, end = tensor.data_offsets
        if begin != reached or end - begin != sizes[tensor.dtype, tensor.shape]:
            return None
        reached = end
    return (metadata, tensors, reached, ()) if reached < 1 << 64 else None


class _Sizes(dict[tuple[str, tuple[int, ...]], int | None]):
    """Bytes that the values of a tensor of a type and shape take, computed once; None where no header may say so."""

    def __missing__(self, spec: tuple[str, tuple[int, ...]]) -> int | None:
        dtype, shape = spec
        bits = _bits(dtype, shape) if dtype in BITS and _sizes(list(shape)) else -1
        self[spec] = size = None if bits % 8 or bits >= 1 << 64 else bits // 8
        return size


def _bits(dtype: str, shape: Iterable[int]) -> int:
    """Bits that the values take; of a shape larger than any file no more than tells so."""
    if 0 in shape:
        return 0
    bits = BITS[dtype]
    for size in shape:
        bits *= size
        if bits >= 1 << 64:
            break
    return bits


def _parsed(text: str) -> _Read:
    """The header, from JSON of any spacing, with all its faults."""
    faults: list[str] = []
    if not text.startswith("{"):
        faults.append("invalid start: a header begins with {")
    try:
        top = _STRICT.decode(text)
    except _Duplicate as error:
        raise Unreadable("invalid header: a key occurs twice, so loaders may see different files") from error
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"invalid header: not JSON ({_why(error)})") from error
    if not isinstance(top, dict):
        raise Unreadable("invalid header: not a JSON object")
    metadata = top.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        faults.append("invalid header: __metadata__ is not an object")
        metadata = {}
    elif not all(isinstance(value, str) for value in metadata.values()):
        faults.append("invalid header: a value of __metadata__ is not text")
        metadata = {key: value for key, value in metadata.items() if isinstance(value, str)}
    tensors: dict[str, Tensor] = {}
    for name, entry in top.items():
        try:
            tensors[name] = _tensor(entry)
        except Unreadable as error:
            faults.append(str(error))
    tensors = dict(sorted(tensors.items(), key=lambda item: item[1].data_offsets))
    reached = 0
    for tensor in tensors.values():
        begin, end = tensor.data_offsets
        if begin != reached:
            faults.append("invalid offset: tensors overlap or leave a hole")
            break
        reached = end
    reached = max((tensor.data_offsets[1] for tensor in tensors.values()), default=0)
    return metadata, tensors, reached, tuple(dict.fromkeys(faults))


def _tensor(entry: object) -> Tensor:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise Unreadable("invalid header: a tensor lacks dtype, shape or data_offsets, or has more")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS:
        raise Unreadable("invalid header: a tensor has an unknown dtype")
    if not _sizes(shape) or not _sizes(offsets) or len(offsets) != 2:
        raise Unreadable("invalid header: a tensor's shape or offsets are not numbers from 0")
    begin, end = offsets
    bits = _bits(dtype, shape)
    if bits >= 1 << 64:
        raise Unreadable("overflow: a tensor's shape is larger than any file")
    if begin > end or bits % 8 or bits // 8 != end - begin:
        raise Unreadable("invalid shape, dtype or offset of a tensor")
    return Tensor(dtype, tuple(shape), (begin, end))


def _sizes(value: object) -> bool:
    return isinstance(value, list) and all(type(number) is int and 0 <= number < 1 << 64 for number in value)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise _Duplicate
    return table


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_STRICT = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)[:80]


def claims(blob: Blob, head: bytes) -> int:
    """By suffix, and by content whatever the name: a plausible length, then ``{"``."""
    if blob.suffix in SUFFIXES:
        return 60
    if len(head) > 10 and head[8:10] in (b'{"', b"{}"):
        (length,) = struct.unpack("<Q", head[:8])
        return 80 if 2 <= length <= min(LONGEST, blob.size - 8) else 0
    return 0


def read(blobs: Iterable[Blob], wants: Wants) -> Iterator[Part | Unread]:
    """One part a file: its format, what its header says, and digests where they are wanted."""
    for blob in blobs:
        place = Place(blob.uri)
        gaps: list[Gap] = []
        tensors: Stretches | None = None
        statements = [Statement("weights_format", "safetensors", blob.basename, place, "header")]
        try:
            with blob.open() as file:
                data = 0
                try:
                    found = header(file, blob.size)
                except Unreadable as error:
                    gaps.append(Gap("header", str(error), place))
                else:
                    data = found.data
                    gaps.extend(Gap("header", fault, place) for fault in found.faults)
                    statements.extend(_statements(found, place))
                if wants.weights == "full" or ARTEFACT in wants.algorithms:
                    if wants.weights == "full" and data and not found.faults:
                        tensors = stretches(found)
                    digests = {digest.algorithm: digest.value for digest in file_digests(file, data, tensors)}
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


# Norms and embeddings are alike in unlike models; the first half of an adapter's pair hardly leaves its starting
# values, which follow from a seed that thousands share.
_LEFT_OUT = re.compile(
    r"(?:^|[._])(?:norm|ln|layernorm|embed|embedding|embeddings|wte|wpe|lm_head)[\d_]*(?:[._]|$)|_norm|embed_"
    r"|lora[._]?(?:down|A)(?:[._]|$)"
)
# Parts of a checkpoint that unlike models share as they are; looked at only in a file that holds nothing else.
_SHARED = re.compile(
    r"(?:first_stage_model|cond_stage_model|conditioner|vae|text_encoders?|text_model)[._]"
    r"|(?:model[.])?(?:vision_tower|vision_model|image_encoder)[._]"
)
# What a formula fills is the same in unlike models: turns of positions, filters of sound.
_FORMULA = re.compile(r"rotary|freqs|_cached|position|mel_filter")
INDICES = ("BOOL", "I64", "U64")


def telling(found: Header) -> Iterator[tuple[str, Tensor]]:
    """The tensors by which models can be told apart, with their names."""
    core = not all(map(_SHARED.match, found.tensors))
    for name, tensor in found.tensors.items():
        if len(tensor.shape) > 1 and not _LEFT_OUT.search(name) and not (core and _SHARED.match(name)):
            yield name, tensor


def stretches(found: Header) -> Stretches:
    """What takes the digest of each telling tensor of :data:`FEWEST_BYTES` or more, its dtype and shape bound to it.

    Names are not: a tensor that was renamed is the same. It is fed the bytes that follow the header.
    """
    return Stretches(
        (f"{tensor.dtype} {tensor.shape}\n".encode(), *tensor.data_offsets)
        for name, tensor in telling(found)
        if tensor.dtype not in INDICES
        and tensor.data_offsets[1] - tensor.data_offsets[0] >= FEWEST_BYTES
        and not _FORMULA.search(name)
    )


def _artefacts(digests: Mapping[str, str], blob: Blob, tensors: int, place: Place) -> Iterator[Statement]:
    """The digests that tell this file from others: a few bytes of tensors, zeros mostly, are the same in many."""
    for algorithm, value in digests.items():
        if algorithm == "sha256" or tensors >= FEWEST_BYTES:
            yield Statement("artefact", f"{algorithm}:{value}", blob.basename, place, "computed")


def _embedded(metadata: Mapping[str, str], digests: Mapping[str, str], place: Place) -> Iterator[Statement]:
    """Does the hash of the tensors that the header carries agree? (ModelSpec hash_sha256, kohya sshs_model_hash)"""
    for key in ("modelspec.hash_sha256", "sshs_model_hash"):
        stated = metadata.get(key, "").lower().removeprefix("0x")
        if stated and stated != digests.get("sha256-tensors"):
            yield Statement("header", "disagrees-with-hash", key, place, "header")


def _statements(found: Header, place: Place) -> Iterator[Statement]:
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
        yield says("base_model", without_folders(base), relation, "ss_sd_model_name")
    if _SHA256.fullmatch(digest := metadata.get("ss_new_sd_model_hash", "").lower()):
        yield says("base_model", f"sha256:{digest}", relation, "ss_new_sd_model_hash")
    for parent in metadata.get("modelspec.merged_from", "").split(","):
        if parent.strip():
            yield says("base_model", without_folders(parent.strip()), "merge", "modelspec.merged_from")
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
    if not text or len(text) > LONGEST_READ:
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    try:
        return json.loads(text)  # takes NaN and numbers of any size, as Python's own writer writes them
    except (ValueError, RecursionError):
        return None


def without_folders(name: str) -> str:
    """A model's name without the folders of somebody's machine; ``ORG/NAME`` stays."""
    plain = name.replace("\\", "/").rstrip("/")
    local = plain.startswith(("/", "~", ".")) or plain[1:2] == ":" or plain.count("/") > 1 or "\\" in name
    if plain.startswith(("https://", "http://")):
        return plain
    return plain.rsplit("/", 1)[-1] if local else plain


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


def family(found: Header, words: Collection[str]) -> str:
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
    Example(
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
    Example(
        "merge.safetensors",
        _file({"__metadata__": {"modelspec.title": "Meadows", "modelspec.merged_from": "lakes, org/hills"}, **_W}),
        states=(
            ("weights_format", "safetensors", "merge.safetensors"),
            ("title", "Meadows", ""),
            ("base_model", "lakes", "merge"),
            ("base_model", "org/hills", "merge"),
        ),
    ),
    Example(
        "stripped.safetensors",
        _file({"__metadata__": {"format": "pt"}, **_LORA}, bytes(1536)),
        states=(
            ("weights_format", "safetensors", "stripped.safetensors"),
            ("base_family", "sd1", "tensors"),
            ("header", "stripped", "none"),
        ),
    ),
    Example(
        "twice.safetensors",
        struct.pack("<Q", 107) + b"{%b,%b}\0\0" % ((b'"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}',) * 2),
        states=(("weights_format", "safetensors", "twice.safetensors"),),
        gaps=("header",),
    ),
    Example(
        "header-only.safetensors",
        _file(_W, b""),
        states=(("weights_format", "safetensors", "header-only.safetensors"),),
        gaps=("header",),
    ),
)
