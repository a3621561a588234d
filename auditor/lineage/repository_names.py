"""One name for one model or dataset, however a card, a header or a path writes it."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.policy.vocabulary_tables import RenamedRepositories

WEIGHTS = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".onnx")
_HUBS = ("huggingface.co", "www.huggingface.co", "hf.co", "hf-mirror.com")
_KINDS = ("models", "datasets", "spaces")
_CACHED = re.compile(r"(?:^|/)(?:models|datasets)--([^/]+?)--([^/]+)")
_LINK = re.compile(r"^\[[^\]]*\]\((\S+?)\)$")
_LOCAL = re.compile(r"^(?:[A-Za-z]:|[/~.])")
# What diffusers calls the folder of a part of a pipeline: whose part it is the folder above says.
_PARTS = r"(?:unet|vae|transformer|prior|decoder|text_encoder|image_encoder|safety_checker)(?:_\d)?"
_PART = re.compile(rf"(?<=[^/:~.])/{_PARTS}/?$")
# Folder names that a thousand machines have: alone they name nothing.
_USUAL = (
    r"checkpoint[-_]?\d*|outputs?|results?|models?|final|merged?|tmp|temp|saved?|latest|best|weights|lora|adapter|"
    + _PARTS
)
_GENERIC = re.compile(_USUAL)
_PLAIN = r"^[A-Za-z0-9_\-][A-Za-z0-9_.\-]*(?:/[A-Za-z0-9_\-][A-Za-z0-9_.\-]*)?$"


def normal(written: str) -> str:
    """The name on which mentions are joined: ``ORG/NAME``, ``NAME``, ``host/path``, ``sha256:HEX`` or ``local:…``.

    Understands hub URLs and caches, ``datasets/ORG/NAME``, revisions, markdown links and paths of any system.
    Letter case stays; it is idempotent.
    """
    name = written.strip().strip("\"'`").strip()
    if match := _LINK.match(name):
        name = match[1]
    if name.startswith(("sha256:", "sha256-tensors:", "local:")):
        return name
    name = name.replace("\\", "/")
    if match := _CACHED.search(name):
        return f"{match[1]}/{match[2]}"
    scheme, found, rest = name.partition("://")
    if found:
        if scheme.lower() == "hf":
            return _repository(rest)
        return _url(rest) if scheme.lower() in ("http", "https") else name
    if name.lower().startswith(tuple(f"{host}/" for host in _HUBS)):
        return _url(name)
    if _LOCAL.match(name):
        return _local(_PART.sub("", name))
    return _repository(_PART.sub("", name) if name.count("/") > 1 else name)


def _url(rest: str) -> str:
    host, _, path = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
    host, path = host.lower(), path.strip("/")
    if host in _HUBS and path:
        return _repository(path)
    return f"{host.removeprefix('www.')}/{path.removesuffix('.git')}".rstrip("/")


def _repository(path: str) -> str:
    parts = [part for part in path.strip("/").split("/") if part]
    if len(parts) > 1 and parts[0] in _KINDS:
        parts = parts[1:]
    if not parts:
        return ""
    if len(parts) == 1 and _GENERIC.fullmatch(parts[0].lower()):
        return _local(parts[0])
    if len(parts) > 2 and parts[2] in ("tree", "blob", "resolve", "raw", "commit", "discussions"):
        parts = parts[:2]
    if len(parts) > 2:
        if not parts[-1].lower().endswith(WEIGHTS):
            return _local("/".join(parts))
        parts = parts[:2]
    parts[-1] = parts[-1].split("@", 1)[0] if not parts[-1].startswith("@") else parts[-1]
    return "/".join(parts).removesuffix(".git")


def _local(path: str) -> str:
    parts = [part for part in path.split("/") if part not in ("", ".", "..", "~") and not part.endswith(":")]
    if not parts:
        return "local:"
    if _GENERIC.fullmatch(parts[-1].lower()):
        return "local:" + "/".join(parts[-2:])
    return parts[-1]


def normals(written: pa.Array) -> pa.Array:
    """:func:`normal` of every name of an array; only unusual ones are looked at one by one."""
    plain = pc.and_(pc.match_substring_regex(written, _PLAIN), pc.invert(pc.starts_with(written, "models/")))
    plain = pc.and_(plain, pc.invert(pc.starts_with(written, "datasets/")))
    plain = pc.and_(plain, pc.invert(pc.ends_with(written, ".git")))
    plain = pc.and_(plain, pc.invert(pc.match_substring_regex(written, rf"^(?:{_USUAL})$", ignore_case=True)))
    odd = np.flatnonzero(~plain.to_numpy(zero_copy_only=False))
    if not len(odd):
        return written
    places = pa.array(odd)
    replaced = pa.array([normal(name) for name in written.take(places).to_pylist()], pa.string())
    return pc.replace_with_mask(written, pc.invert(plain), replaced)


def keys(written: pa.Array, kind: Literal["models", "datasets"], renames: RenamedRepositories) -> pa.Array:
    """The join keys of names: normal, renamed ones by their new name, in lower case."""
    lowered = pc.utf8_lower(normals(written))
    for table in (renames.models if kind == "models" else renames.datasets, renames.files):
        if not table:
            continue
        at = pc.index_in(lowered, pa.array(list(table), pa.string()))
        moved = pc.utf8_lower(pa.array(list(table.values()), pa.string())).take(at)
        lowered = pc.coalesce(moved, lowered)
    return lowered
