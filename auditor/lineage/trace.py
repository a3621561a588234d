"""Which models does a picture say it was made with? Generation parameters, read without decoding the picture.

Image tools write what they used into a picture's metadata. Only the fields that name a checkpoint, LoRA, VAE
or embedding and its hash are kept; prompts are neither kept nor shown. Anyone can write such fields to frame a
model, so what is found here is a lead: alone it opens nothing.
"""

from __future__ import annotations

import io
import json
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from auditor.errors import Unreadable
from auditor.lineage.repository_names import WEIGHTS

# Text read of one picture, and how far a JPEG's or WebP's beginning is searched for it.
LONGEST = 32 << 20
_PNG, _JPEG, _RIFF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"RIFF"
_USER_COMMENT, _EXIF = 0x9286, 0x8769
_NAMED = (0x010F, 0x0110)  # maker and model of a camera
_HEX = re.compile(r"[0-9a-f]{8,64}")
# What a hash of so many digits is: AutoV1 is weak, AutoV2 begins a file's SHA-256, AutoV3 that of its tensors.
_BY_LENGTH = {8: "autov1", 10: "autov2", 12: "autov3", 64: "sha256"}


@dataclass(frozen=True, slots=True, order=True)
class Lead:
    """A file that a picture's parameters name: ``role`` checkpoint, lora, vae, embedding; either may be "" but one."""

    role: str
    name: str
    algorithm: str = ""
    value: str = ""
    tool: str = ""


def leads(file: BinaryIO) -> tuple[Lead, ...]:
    """The files that a picture's metadata, or a text of parameters, names. Raises :class:`Unreadable`, OSError."""
    start = file.read(12)
    file.seek(0)
    if start.startswith(_PNG):
        texts = _png(file)
    elif start.startswith(_JPEG) or (start.startswith(_RIFF) and start[8:12] == b"WEBP"):
        texts = _exif(file)
    else:
        data = file.read(LONGEST + 1)
        if len(data) > LONGEST:
            raise Unreadable(f"more than {LONGEST:,} bytes, and no PNG, JPEG or WebP picture")
        if b"\0" in data:
            raise Unreadable("neither text nor a PNG, JPEG or WebP picture")
        texts = iter([("parameters", data.decode("utf-8", "replace"))])
    return tuple(sorted({lead for key, text in texts for lead in _read(key, text)}))


def _png(file: BinaryIO) -> Iterator[tuple[str, str]]:
    """Keywords and texts of the text chunks (PNG 1.2, 4.2.3), one at a time; pixels are passed over."""
    file.seek(8)
    left = LONGEST
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind not in (b"tEXt", b"zTXt", b"iTXt"):
            file.seek(length + 4, io.SEEK_CUR)
            continue
        if length > left:
            raise Unreadable(f"its text is longer than {LONGEST:,} bytes")
        left -= length
        keyword, _, rest = file.read(length).partition(b"\0")
        file.seek(4, io.SEEK_CUR)
        packed = kind == b"zTXt"
        if kind == b"zTXt":
            rest = rest[1:]
        elif kind == b"iTXt":
            packed, rest = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
        if packed:
            rest = _unpacked(rest, left)
            left -= len(rest)
        yield keyword.decode("latin-1"), rest.decode("utf-8" if kind == b"iTXt" else "latin-1", "replace")


def _unpacked(data: bytes, most: int) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(data, most + 1)
    except zlib.error as error:
        raise Unreadable(f"its text cannot be unpacked: {error}") from error
    if len(text) > most:
        raise Unreadable(f"its text unpacks to more than {LONGEST:,} bytes")
    return text


def _exif(file: BinaryIO) -> Iterator[tuple[str, str]]:
    """The EXIF comment of a JPEG or WebP picture, where tools write what PNG text holds."""
    from PIL.Image import Exif

    data = _exif_block(file)
    if not data:
        return
    exif = Exif()
    try:
        exif.load(data)
        # Fooocus writes the tag into the first directory (modules/meta_parser.py: get_exif).
        comment = exif.get_ifd(_EXIF).get(_USER_COMMENT) or exif.get(_USER_COMMENT, b"")
        named = [str(exif.get(tag, "")) for tag in _NAMED]
    except (SyntaxError, ValueError, KeyError, TypeError, struct.error, OSError) as error:
        raise Unreadable(f"its EXIF data cannot be read: {error}") from error
    # ComfyUI writes "prompt:{…}" and "workflow:{…}" there (comfy_extras/nodes_images.py: SaveAnimatedWEBP).
    for words in named:
        key, _, content = words.partition(":")
        yield key, content
    if isinstance(comment, str):
        comment = comment.encode()
    if not isinstance(comment, bytes):
        return
    # EXIF 2.3, 4.6.5: eight bytes say the characters' code.
    code, text = comment[:8], comment[8:]
    if code.startswith(b"UNICODE"):
        # Which byte is first the standard leaves open; settings are ASCII, whose upper bytes are zeros.
        big = text[::2].count(0) >= text[1::2].count(0)
        yield "parameters", text.decode("utf-16-be" if big else "utf-16-le", "replace").lstrip("\ufeff")
    else:
        yield (
            "parameters",
            (text if code[:5] == b"ASCII" or not code.strip(b"\0") else comment).decode("utf-8", "replace"),
        )


def _exif_block(file: BinaryIO) -> bytes:
    if file.read(2) == _JPEG:
        while len(head := file.read(4)) == 4 and head[0] == 0xFF and head[1] != 0xDA:
            data = file.read(struct.unpack(">H", head[2:])[0] - 2)
            if head[1] == 0xE1 and data.startswith(b"Exif\0\0"):
                return data
        return b""
    file.seek(12)
    while len(head := file.read(8)) == 8:
        (length,) = struct.unpack("<I", head[4:])
        if head[:4] == b"EXIF":
            return file.read(min(length, LONGEST))
        file.seek(length + (length & 1), io.SEEK_CUR)
    return b""


def _read(key: str, text: str) -> Iterator[Lead]:
    if text.lstrip().startswith("{"):
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            return
        if isinstance(content, dict):
            yield from _json(key, content)
    elif key == "parameters":
        yield from _settings(text)


def _json(key: str, content: Mapping[str, Any]) -> Iterator[Lead]:
    if key in ("invokeai_metadata", "sd-metadata") or isinstance(content.get("model"), dict):
        yield from _invoke(content)
    elif "base_model" in content:
        yield from _fooocus(content)
    else:
        yield from _comfy(content)


# The last line of what A1111 and Forge write: "Steps: 20, …, Model hash: …, Lora hashes: "a: 1f, b: 2e", Hashes: {…}".
_FIELD = re.compile(r'([^:,"]{1,60}):\s*+("[^"\\]*+(?:\\.[^"\\]*+)*+"|\{[^{}]*+\}|)([^,]*+),?')
_ROLES = {"model": "checkpoint", "lora": "lora", "vae": "vae", "embed": "embedding", "ti": "embedding"}


def _settings(text: str) -> Iterator[Lead]:
    at = text.rfind("\nSteps: ")
    line = text[at + 1 :] if at >= 0 else text if text.startswith("Steps: ") else ""
    fields = dict(_fields(line.partition("\n")[0]))
    for word, role in (("model", "checkpoint"), ("refiner", "checkpoint"), ("vae", "vae")):
        yield from _lead(role, fields.get(word, ""), fields.get(f"{word} hash", ""), "a1111")
    for word, role in (("lora hashes", "lora"), ("ti hashes", "embedding")):
        for pair in fields.get(word, "").strip('"').split(","):
            name, _, value = pair.rpartition(":")
            yield from _lead(role, name, value, "a1111")
    hashes = _table(fields.get("hashes", ""))
    for name, value in hashes.items():
        word, _, rest = name.partition(":")
        if word in _ROLES and isinstance(value, str):
            yield from _lead(_ROLES[word], rest or fields.get(word, ""), value, "a1111")


def _fields(line: str) -> Iterator[tuple[str, str]]:
    """Each key of a line of settings, in lower case, with its value; what no field is, up to a comma, is passed over.

    Never begun within a value: another field's may hold a prompt, which may look like fields.
    """
    at = 0
    while at < len(line):
        if match := _FIELD.match(line, at):
            yield match[1].strip().lower(), (match[2] or match[3]).strip()
            at = match.end()
        else:
            at = line.find(",", at) + 1 or len(line)


def _table(text: str) -> Mapping[str, Any]:
    try:
        table = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return table if isinstance(table, dict) else {}


# What tools write where nothing was chosen.
_NOTHING = ("none", "automatic", "default (model)")


def _lead(role: str, name: object, value: object, tool: str) -> Iterator[Lead]:
    """A lead, where there is a name or a hash; a hash of an unknown length or algorithm is left out."""
    called = str(name).strip().replace("\\", "/").rsplit("/", 1)[-1] if isinstance(name, str) else ""
    called = "" if called.lower() in _NOTHING else called
    digest = value.strip().lower() if isinstance(value, str) else ""
    algorithm, found, rest = digest.rpartition(":")
    if not (_HEX.fullmatch(rest) and (found or len(rest) in _BY_LENGTH)):
        algorithm = rest = ""
    if called or rest:
        yield Lead(role, called[:300], algorithm or _BY_LENGTH.get(len(rest), "") if rest else "", rest, tool)


def _invoke(content: Mapping[str, Any]) -> Iterator[Lead]:
    loras = content.get("loras")
    used = [lora for lora in loras if isinstance(lora, dict)] if isinstance(loras, list) else []
    models = [("checkpoint", content.get(word)) for word in ("model", "refiner_model")]
    models.append(("vae", content.get("vae")))
    for role, model in [*models, *(("lora", lora.get("model") or lora.get("lora")) for lora in used)]:
        if isinstance(model, dict):
            yield from _lead(role, model.get("name") or model.get("model_name"), model.get("hash"), "invokeai")
    # InvokeAI 2 (ldm/invoke/server: sd-metadata).
    yield from _lead("checkpoint", content.get("model_weights"), content.get("model_hash"), "invokeai")


def _fooocus(content: Mapping[str, Any]) -> Iterator[Lead]:
    for word in ("base_model", "refiner_model"):
        yield from _lead("checkpoint", content.get(word), content.get(f"{word}_hash"), "fooocus")
    yield from _lead("vae", content.get("vae"), "", "fooocus")
    loras = content.get("loras")
    for lora in loras if isinstance(loras, list) else ():
        if isinstance(lora, list) and len(lora) > 1:
            yield from _lead("lora", lora[0], lora[2] if len(lora) > 2 else "", "fooocus")


# What the word in the name of a node's input, or of a node, says that a file is.
_CALLED = (
    ("lora", "lora"),
    ("vae", "vae"),
    ("ckpt", "checkpoint"),
    ("checkpoint", "checkpoint"),
    ("unet", "checkpoint"),
)


def _comfy(content: Mapping[str, Any]) -> Iterator[Lead]:
    """From a prompt the inputs of its nodes, by number; from a workflow what stands in the widgets of its nodes."""
    nodes = content.get("nodes")
    for node in nodes if isinstance(nodes, list) else content.values():
        if not isinstance(node, dict):
            continue
        inputs, widgets = node.get("inputs"), node.get("widgets_values")
        pairs = list(inputs.items()) if isinstance(inputs, dict) else []
        pairs += [(str(node.get("type", "")), value) for value in widgets] if isinstance(widgets, list) else []
        for called, value in pairs:
            # rgthree's loader of many LoRAs: {"on": true, "lora": "boats.safetensors", "strength": 1}.
            if isinstance(value, dict) and value.get("on", True):
                value = value.get("lora")
            role = next((role for word, role in _CALLED if word in called.lower()), "")
            if role and isinstance(value, str) and value.lower().endswith(WEIGHTS):
                yield from _lead(role, value, "", "comfyui")


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """A model of a run that a lead may mean; ``by``: sha256, autov2, autov3, or name, which many may share."""

    name: str
    by: str
    file: str


def candidates(lead: Lead, run: Path) -> tuple[Candidate, ...]:
    """The models of a run whose weights file has the lead's hash or, failing that, its name."""
    import pyarrow.compute as pc
    import pyarrow.dataset as pads

    facts = pads.dataset(sorted(map(str, (run / "facts").glob("*.parquet"))), format="parquet")
    prefix = {"sha256": "sha256:", "autov2": "sha256:", "autov3": "sha256-tensors:"}.get(lead.algorithm)
    wanted = (pc.field("kind") == "model") & (pc.field("key") == "artefact")
    found: set[Candidate] = set()
    if prefix:
        start = prefix + lead.value
        table = facts.to_table(["name", "value", "relation"], filter=wanted & pc.starts_with(pc.field("value"), start))
        found = {Candidate(row["name"], lead.algorithm, row["relation"]) for row in table.to_pylist()}
    if not found and lead.name:
        stem = (
            lead.name.rpartition(".")[0] if lead.name.lower().endswith((".safetensors", ".ckpt", ".pt")) else lead.name
        )
        files = [stem + suffix for suffix in (".safetensors", ".ckpt", ".pt")]
        wanted = (pc.field("kind") == "model") & (pc.field("key") == "weights_format")
        table = facts.to_table(["name", "relation"], filter=wanted & pc.field("relation").isin(files))
        found = {Candidate(row["name"], "name", row["relation"]) for row in table.to_pylist()}
    return tuple(sorted(found))
