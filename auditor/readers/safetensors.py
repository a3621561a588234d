"""Reads the header of safetensors files: what the weights are, what they were made from, and what was stripped.

Only the header's bytes are read, however large the file, unless the run wants digests. Training folders,
captions and tags are counted and never repeated.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import BinaryIO

from auditor.errors import Unreadable
from auditor.hashing.weights import file_digests
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

Spec = tuple[str, tuple[int, ...]]  # dtype, shape


@dataclass(frozen=True, slots=True)
class Header:
    """A header as read. ``names``, ``specs``, ``starts`` and ``ends`` are aligned; offsets count from ``data``.

    ``faults`` are why a strict loader refuses the file; the rest then holds what could still be told.
    """

    metadata: Mapping[str, str]
    names: tuple[str, ...] = ()
    specs: tuple[Spec, ...] = ()
    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()
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
    found, data = _canonical(text) or _parsed(text), 8 + length
    faults = list(found.faults)
    end = data + (max(found.ends) if found.ends else 0)
    if end > size:
        faults.append("the file ends before its tensors do: cut off, or a header alone")
    elif end < size and not faults:
        faults.append("incomplete metadata: bytes follow the last tensor")
    return Header(found.metadata, found.names, found.specs, found.starts, found.ends, data, tuple(faults))


# One tensor as every writer but a hand writes it; a region that is covered by matches needs no JSON parser.
_TENSOR = re.compile(r',"([^"\\\x00-\x1f]*)":\{"dtype":"([^]]*)\],"data_offsets":\[([0-9]{1,18}),([0-9]{1,18})\]\}')
_AROUND = len(',"":{"dtype":"],"data_offsets":[,]}')
_METADATA = '{"__metadata__":{'
_SPEC = re.compile(r'([A-Z0-9_]+)","shape":\[((?:0|[1-9][0-9]{0,17})(?:,(?:0|[1-9][0-9]{0,17}))*|)')


def _canonical(text: str) -> Header | None:
    """The header where it is written without spaces and without fault, None otherwise: half the time of JSON."""
    body = text.rstrip(" ")
    metadata: dict[str, str] = {}
    start = 1
    if body.startswith(_METADATA):
        try:
            metadata, start = _STRICT.raw_decode(body, len(_METADATA) - 1)
        except (ValueError, RecursionError):
            return None
        if not all(isinstance(value, str) for value in metadata.values()):
            return None
    elif not body.startswith('{"'):
        return None
    region = body[start:-1] if start > 1 else f",{body[1:-1]}"
    found = _TENSOR.findall(region) if body[-1:] == "}" else None
    if not found:
        return None
    names, specs, starts, ends = zip(*found, strict=True)
    written = len("".join(names)) + len("".join(specs)) + len("".join(starts)) + len("".join(ends))
    if written + _AROUND * len(found) != len(region):
        return None
    if starts[0] != "0" or starts[1:] != ends[:-1] or len(set(names)) != len(names) or "__metadata__" in names:
        return None
    meant: dict[str, Spec] = {}
    sizes: dict[str, int] = {}
    for spec in set(specs):
        match = _SPEC.fullmatch(spec)
        if not match or match[1] not in BITS:
            return None
        shape = tuple(map(int, match[2].split(","))) if match[2] else ()
        bits = math.prod(shape) * BITS[match[1]]
        if bits % 8:
            return None
        meant[spec], sizes[spec] = (match[1], shape), bits // 8
    try:
        reached = tuple(json.loads(f"[{','.join(ends)}]"))  # refuses 01; each start is written as the end before it
    except ValueError:
        return None
    if tuple(itertools.accumulate(map(sizes.__getitem__, specs))) != reached:
        return None
    return Header(metadata, names, tuple(map(meant.__getitem__, specs)), (0, *reached[:-1]), reached)


def _parsed(text: str) -> Header:
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
    rows: list[tuple[int, int, str, Spec]] = []
    for name, entry in top.items():
        try:
            rows.append(_tensor(name, entry))
        except Unreadable as error:
            faults.append(str(error))
    rows.sort(key=lambda row: row[:2])
    reached = 0
    for begin, end, _, _ in rows:
        if begin != reached:
            faults.append("invalid offset: tensors overlap or leave a hole")
            break
        reached = end
    columns = tuple(zip(*rows, strict=True)) or ((), (), (), ())
    return Header(metadata, columns[2], columns[3], columns[0], columns[1], faults=tuple(dict.fromkeys(faults)))


def _tensor(name: str, entry: object) -> tuple[int, int, str, Spec]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise Unreadable("invalid header: a tensor lacks dtype, shape or data_offsets, or has more")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS:
        raise Unreadable("invalid header: a tensor has an unknown dtype")
    if not _sizes(shape) or not _sizes(offsets) or len(offsets) != 2:
        raise Unreadable("invalid header: a tensor's shape or offsets are not numbers from 0")
    begin, end = offsets
    bits = math.prod(shape) * BITS[dtype]
    if bits >= 1 << 64:
        raise Unreadable("overflow: a tensor's shape is larger than any file")
    if begin > end or bits % 8 or bits // 8 != end - begin:
        raise Unreadable("invalid shape, dtype or offset of a tensor")
    return begin, end, name, (dtype, tuple(shape))


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
                    digests = {digest.algorithm: digest.value for digest in file_digests(file, data)}
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
        yield Part(Subject(ref.kind, ref.name, ref.revision, tuple(statements), tuple(gaps)))


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

    names = "\n".join(found.names)
    adapter = any(word in names for word in _ADAPTER) or metadata.get("ss_network_module", "").startswith(
        ("networks.", "lycoris")
    )
    for key in ("modelspec.architecture", "ss_base_model_version"):
        if value := metadata.get(key, "").strip():
            yield says("architecture", value, "", key)
            if declared := _declared_family(value):
                yield says("base_family", declared, "declared", key)
    if shown := family(found, names):
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
    elif adapter and not kohya and not any(key.startswith("modelspec.") for key in metadata) and _KOHYA.search(names):
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
            captions.update(tag for tags in table.values() if isinstance(tags, dict) for tag in tags)
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
        return json.loads(text)
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
_KOHYA = re.compile(r"^lora_(?:unet|te|te1|te2|transformer|prior_te)_", re.MULTILINE)
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
_ANIMA = re.compile(r"blocks[._]\d+[._](?:cross|self)_attn[._][qkv]_proj|blocks[._]\d+[._]adaln_modulation")
_WAN = re.compile(r"blocks[._]\d+[._]cross_attn[._][qkvo][._]")


def family(found: Header, names: str) -> str:
    """The family of base models that tensor names and shapes tell, or "".

    Names after diffusers (loaders/single_file_utils.py), widths after InvokeAI (configs/lora.py).
    """

    def width(word: str, pattern: re.Pattern[str]) -> int:
        """Of what the first tensor takes in whose name has the word and fits the pattern; 0 where none does."""
        for name, (_, shape) in zip(found.names, found.specs, strict=True) if word in names else ():
            if word in name and len(shape) > 1 and pattern.search(name):
                return shape[1]
        return 0

    if "txtfusion" in names:
        return "krea2"
    if "single_transformer_blocks" in names or ("double_blocks" in names and "single_blocks" in names):
        if "individual_token_refiner" in names:
            return "hunyuan-video"
        if "distilled_guidance_layer" in names:
            return "chroma"
        return {0: "flux", 3072: "flux", 6144: "flux2"}.get(width(*_DOUBLE), "")
    if "joint_blocks" in names:
        return "sd3"
    if told := _TEXT_WIDTHS.get(width(*_TEXT_KEYS)):
        return told
    if "conditioner.embedders.1." in names or "lora_te2_" in names:
        return "sdxl"
    if "cond_stage_model." in names:
        return "sd2" if "cond_stage_model.model." in names else "sd1"
    if told := _TEXT_WIDTHS.get(width(*_ENCODER)):
        return told
    if _ANIMA.search(names):
        return "anima"
    if _WAN.search(names):
        return "wan"
    if found.names in (("emb_params",), ("*",)):
        return {768: "sd1", 1024: "sd2"}.get(found.specs[0][1][-1] if found.specs[0][1] else 0, "")
    return "sdxl" if set(found.names) == {"clip_l", "clip_g"} else ""


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
