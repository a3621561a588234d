"""One name for one model or dataset, however a card, a header or a path writes it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import RuleError

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


@dataclass(frozen=True, slots=True)
class Renamed:
    """Old names to new ones, by lower-case old name; ``files`` are names of well-known base models' files."""

    models: Mapping[str, str] = field(default_factory=dict)
    datasets: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@cache
def renamed(vocabulary: Path) -> Renamed:
    """``renamed.toml`` of a vocabulary folder; none there: nothing was renamed. Raises :class:`RuleError`."""
    tables = _toml(vocabulary / "renamed.toml")
    if unknown := sorted(set(tables) - {"models", "datasets", "files"}):
        raise RuleError(f"{vocabulary / 'renamed.toml'}: unknown table {unknown[0]!r}; write models, datasets or files")
    lowered: dict[str, dict[str, str]] = {}
    for key, table in tables.items():
        if not isinstance(table, dict) or not all(isinstance(name, str) for name in table.values()):
            raise RuleError(f'{vocabulary / "renamed.toml"}: every line reads "old" = "new"')
        lowered[key] = {old.lower(): new for old, new in table.items()}
    return Renamed(**lowered)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A dataset that was withdrawn; ``names`` are exact names by which it or a part of it is called."""

    id: str
    title: str
    names: tuple[str, ...]
    references: tuple[str, ...]


@cache
def withdrawn(vocabulary: Path) -> tuple[Withdrawn, ...]:
    """``withdrawn.toml`` of a vocabulary folder, by id. Raises :class:`RuleError`."""
    path = vocabulary / "withdrawn.toml"
    entries: list[Withdrawn] = []
    for entry_id, table in sorted(_toml(path).items()):
        if not isinstance(table, dict) or set(table) - {"title", "names", "references", "why"}:
            raise RuleError(f"{path}: [{entry_id}] takes title, why, names and references")
        names, references = table.get("names"), table.get("references")
        if not _texts(names) or not _texts(references):
            raise RuleError(f"{path}: [{entry_id}] needs names and references, each a list of texts")
        assert isinstance(names, list)
        assert isinstance(references, list)
        entries.append(Withdrawn(entry_id, str(table.get("title", entry_id)), tuple(names), tuple(references)))
    return tuple(entries)


@cache
def permits(vocabulary: Path) -> Mapping[str, Mapping[str, str]]:
    """What each licence of a vocabulary folder permits: commercial, derivatives, redistribution; by its id."""
    licences = _toml(vocabulary / "licences.toml").get("licence", {})
    assert isinstance(licences, dict)
    return {name: table.get("permits", {}) for name, table in licences.items()}


def _texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(text, str) for text in value)


def _toml(path: Path) -> dict[str, object]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RuleError(f"{path}: {error}") from error


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


def keys(written: pa.Array, kind: Literal["models", "datasets"], renames: Renamed) -> pa.Array:
    """The join keys of names: normal, renamed ones by their new name, in lower case."""
    lowered = pc.utf8_lower(normals(written))
    for table in (renames.models if kind == "models" else renames.datasets, renames.files):
        if not table:
            continue
        at = pc.index_in(lowered, pa.array(list(table), pa.string()))
        moved = pc.utf8_lower(pa.array(list(table.values()), pa.string())).take(at)
        lowered = pc.coalesce(moved, lowered)
    return lowered
