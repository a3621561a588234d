"""Normalise the names of models and datasets, so that different spellings of one name compare equal."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.policy.vocabulary_tables import RenamedRepositories

WEIGHTS_SUFFIXES = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".onnx")
_HUB_HOSTS = ("huggingface.co", "www.huggingface.co", "hf.co", "hf-mirror.com")
_KIND_FOLDERS = ("models", "datasets", "spaces")
_HUB_CACHE_PATH = re.compile(r"(?:^|/)(?:models|datasets)--([^/]+?)--([^/]+)")
_MARKDOWN_LINK = re.compile(r"^\[[^\]]*\]\((\S+?)\)$")
_LOCAL_PATH = re.compile(r"^(?:[A-Za-z]:|[/~.])")
# Names that diffusers gives to the folders of a pipeline's components: the folder above names the model.
_COMPONENT_FOLDERS = r"(?:unet|vae|transformer|prior|decoder|text_encoder|image_encoder|safety_checker)(?:_\d)?"
_COMPONENT_SUFFIX = re.compile(rf"(?<=[^/:~.])/{_COMPONENT_FOLDERS}/?$")
# Folder names that many machines have: alone they identify nothing.
_COMMON_FOLDERS = (
    r"checkpoint[-_]?\d*|outputs?|results?|models?|final|merged?|tmp|temp|saved?|latest|best|weights|lora|adapter|"
    + _COMPONENT_FOLDERS
)
_COMMON_FOLDER = re.compile(_COMMON_FOLDERS)
_NORMAL_NAME = r"^[A-Za-z0-9_\-][A-Za-z0-9_.\-]*(?:/[A-Za-z0-9_\-][A-Za-z0-9_.\-]*)?$"


def normalize_name(written: str) -> str:
    """Return the normalised name: ``ORG/NAME``, ``NAME``, ``host/path``, ``sha256:HEX`` or ``local:…``.

    Hub URLs and caches, ``datasets/ORG/NAME``, revisions, Markdown links and paths of any system are recognised.
    Letter case is kept. A normalised name stays as it is.
    """
    name = written.strip().strip("\"'`").strip()
    if match := _MARKDOWN_LINK.match(name):
        name = match[1]
    if name.startswith(("sha256:", "sha256-tensors:", "local:")):
        return name
    name = name.replace("\\", "/")
    if match := _HUB_CACHE_PATH.search(name):
        return f"{match[1]}/{match[2]}"
    scheme, found, rest = name.partition("://")
    if found:
        if scheme.lower() == "hf":
            return _normalize_path(rest)
        return _normalize_url(rest) if scheme.lower() in ("http", "https") else name
    if name.lower().startswith(tuple(f"{host}/" for host in _HUB_HOSTS)):
        return _normalize_url(name)
    if _LOCAL_PATH.match(name):
        return _normalize_local_path(_COMPONENT_SUFFIX.sub("", name))
    return _normalize_path(_COMPONENT_SUFFIX.sub("", name) if name.count("/") > 1 else name)


def _normalize_url(rest: str) -> str:
    """Return the repository that an address without its scheme names."""
    host, _, path = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
    host, path = host.lower(), path.strip("/")
    if host in _HUB_HOSTS and path:
        return _normalize_path(path)
    return f"{host.removeprefix('www.')}/{path.removesuffix('.git')}".rstrip("/")


def _normalize_path(path: str) -> str:
    """Return the repository name that a path of a hub address or a local path gives; "" for none."""
    parts = [part for part in path.strip("/").split("/") if part]
    if len(parts) > 1 and parts[0] in _KIND_FOLDERS:
        parts = parts[1:]
    if not parts:
        return ""
    if len(parts) == 1 and _COMMON_FOLDER.fullmatch(parts[0].lower()):
        return _normalize_local_path(parts[0])
    if len(parts) > 2 and parts[2] in ("tree", "blob", "resolve", "raw", "commit", "discussions"):
        parts = parts[:2]
    if len(parts) > 2:
        if not parts[-1].lower().endswith(WEIGHTS_SUFFIXES):
            return _normalize_local_path("/".join(parts))
        parts = parts[:2]
    parts[-1] = parts[-1].split("@", 1)[0] if not parts[-1].startswith("@") else parts[-1]
    return "/".join(parts).removesuffix(".git")


def _normalize_local_path(path: str) -> str:
    """Return the name of a local folder; ``local:`` marks one that many machines have."""
    parts = [part for part in path.split("/") if part not in ("", ".", "..", "~") and not part.endswith(":")]
    if not parts:
        return "local:"
    if _COMMON_FOLDER.fullmatch(parts[-1].lower()):
        return "local:" + "/".join(parts[-2:])
    return parts[-1]


def normalize_names(written: pa.Array) -> pa.Array:
    """Normalise every name of an array; only unusual ones are handled one by one."""
    is_normal = pc.and_(pc.match_substring_regex(written, _NORMAL_NAME), pc.invert(pc.starts_with(written, "models/")))
    is_normal = pc.and_(is_normal, pc.invert(pc.starts_with(written, "datasets/")))
    is_normal = pc.and_(is_normal, pc.invert(pc.ends_with(written, ".git")))
    is_normal = pc.and_(
        is_normal, pc.invert(pc.match_substring_regex(written, rf"^(?:{_COMMON_FOLDERS})$", ignore_case=True))
    )
    unusual = np.flatnonzero(~is_normal.to_numpy(zero_copy_only=False))
    if not len(unusual):
        return written
    places = pa.array(unusual)
    replaced = pa.array([normalize_name(name) for name in written.take(places).to_pylist()], pa.string())
    return pc.replace_with_mask(written, pc.invert(is_normal), replaced)


def join_keys(written: pa.Array, kind: Literal["models", "datasets"], renames: RenamedRepositories) -> pa.Array:
    """Return the keys by which names are joined: normalised, with renamed repositories replaced, in lower case."""
    lowered = pc.utf8_lower(normalize_names(written))
    for table in (renames.models if kind == "models" else renames.datasets, renames.files):
        if not table:
            continue
        at = pc.index_in(lowered, pa.array(list(table), pa.string()))
        moved = pc.utf8_lower(pa.array(list(table.values()), pa.string())).take(at)
        lowered = pc.coalesce(moved, lowered)
    return lowered
