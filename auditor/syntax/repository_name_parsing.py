"""Read the names of models and datasets as people write them: addresses, paths, lists, tables, and words for "none"."""

from __future__ import annotations

import re
from functools import lru_cache

WEIGHTS_SUFFIXES = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".onnx")
_HUB_HOSTS = ("huggingface.co", "www.huggingface.co", "hf.co", "hf-mirror.com")
_KIND_FOLDERS = ("models", "datasets", "spaces")
_HUB_CACHE_PATH = re.compile(r"(?:^|/)(?:models|datasets)--([^/]+?)--([^/]+)")
_MARKDOWN_LINK = re.compile(r"^\[[^\]]*\]\((\S+?)\)$")
_LOCAL_PATH = re.compile(r"^(?:[A-Za-z]:/|[/~.$%])")
# Names that diffusers gives to the folders of a pipeline's components: the folder above names the model.
_COMPONENT_FOLDERS = r"(?:unet|vae|transformer|prior|decoder|text_encoder|image_encoder|safety_checker)(?:_\d)?"
_COMPONENT_SUFFIX = re.compile(rf"(?<=[^/:~.])/{_COMPONENT_FOLDERS}/?$")
# Folder names that many machines have: alone they identify nothing.
COMMON_FOLDERS = (
    r"checkpoint[-_]?\d*|outputs?|results?|models?|final|merged?|tmp|temp|saved?|latest|best|weights|lora|adapter|"
    + _COMPONENT_FOLDERS
)
_COMMON_FOLDER = re.compile(COMMON_FOLDERS)
# What is written where a name should be and names nothing: words for "none", file types, relations, numbers, revisions.
_NO_NAMES = frozenset(
    """adapter awq base basemodel bin ckpt custom distilled false finetune finetuned fine-tune fine-tuned ggml gguf gptq
    lora main master merge merged model n/a na nil no none null onnx original other own pickle pretrained private
    proprietary pt pth pytorch quantised quantized safetensors scratch self tbd todo true undisclosed unknown
    unspecified various yes""".split()
)
_NO_NAME = re.compile(
    r"\W*|v?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?|[0-9a-f]{40}|(?:from|trained from) scratch|base model|your[-_ ].*|"
    r"not (?:applicable|available|specified|disclosed|known)|\[?(?:more information needed|needs more information)\]?",
    re.I,
)
_PLAIN_NAME = re.compile(r"[\w./@:-]+")
_SPACE = re.compile(r"\s")
_REMARK = re.compile(r"\s+\([^()]*\)\s*$")
_ENUMERATION = re.compile(r"\s*[,;|\n]\s*")
_CONJUNCTION = re.compile(r"\s+(?:and|&|\+)\s+")  # also between the words of one name
# Keys of a table that hold the name of a repository, the most telling first; revisions, weights and types name nothing.
_NAME_KEYS = ("repo_id", "repo", "id", "base_model", "model", "dataset", "path", "url", "link", "name")
_OTHER_KEYS = frozenset(
    """args commit config density filter hash language license licence lora_weight parameters relation revision role sha
    split subset tag task type version weight weights""".split()
)
_MAX_DEPTH = 8  # of tables and lists in each other
_FIRST_FOLDERS = frozenset(
    """checkpoint checkpoints ckpt ckpts data drive logs lora loras model models mydrive output outputs results runs
    saved tmp weights workspace""".split()
)


def normalize_name(written: str) -> str:
    """Return the normalised repository name: ``ORG/NAME``, ``NAME``, ``host/path``, ``sha256:HEX``, ``local:…``.

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
    """Return the repository name of an address without its scheme."""
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
    """Return the repository name of a local folder; ``local:`` marks one that many machines have."""
    parts = [part for part in path.split("/") if part not in ("", ".", "..", "~") and not part.endswith(":")]
    if not parts:
        return "local:"
    if _COMMON_FOLDER.fullmatch(parts[-1].lower()):
        return "local:" + "/".join(parts[-2:])
    return parts[-1]


def names_of(value: object, depth: int = 0) -> list[str]:
    """Return the repository names in a metadata value: a string, "a, b", a list, or tables with a name.

    Args:
        value: The value, as YAML or JSON has it.
        depth: In how many tables and lists it is.
    """
    if isinstance(value, str):
        text = value.strip()
        if _PLAIN_NAME.fullmatch(text):  # as nearly all are
            return [text]
        parts = [part for part in _ENUMERATION.split(text) if part]
        if not any(map(_SPACE.search, parts)) and not text.startswith("/"):
            return parts
        parts = _CONJUNCTION.split(text)
        return parts if all("/" in part and not _SPACE.search(part) for part in parts) else [text]
    if depth > _MAX_DEPTH or value is None or isinstance(value, (bool, int, float)):
        return []
    if isinstance(value, dict):
        named = [names_of(value[key], depth + 1) for key in _NAME_KEYS if key in value]
        if named:
            return next((names for names in named if any("/" in name for name in names)), named[0])
        if len(value) == 1:
            ((key, item),) = value.items()
            if isinstance(item, str) and "/" not in str(key) and str(key).lower() not in _OTHER_KEYS:
                return [f"{key}: {item.strip()}"]  # "- name: words" of a list is words, not a table
        return [
            name
            for key, item in value.items()
            if str(key).lower() not in _OTHER_KEYS
            for name in (names_of(str(key)) if "/" in str(key) or item is None else names_of(item, depth + 1))
        ]
    return [name for item in value for name in names_of(item, depth + 1)] if isinstance(value, (list, tuple)) else []


@lru_cache(maxsize=1 << 14)  # a few names are the parents of most models
def stated_name(written: str) -> str:
    """Return the repository that a stated name means; ``local:`` and the last part for a path; "" for no name.

    A repository of a hub is ``ORG/NAME``, whatever address, revision or file it was given by. Other text stays.
    """
    bare = _REMARK.sub("", written.strip().strip("\"'`")).strip()
    if bare.lower() in _NO_NAMES or _NO_NAME.fullmatch(bare):
        return ""
    path = bare.replace("\\", "/")
    scheme, found, rest = path.partition("://")
    if found and scheme.lower() == "file":
        path = "/" + rest
    if _is_local(path):
        parts = [part for part in path.split("/") if part not in ("", ".", "..", "~") and not part.endswith(":")]
        return f"local:{parts[-1]}" if parts else ""
    if _SPACE.search(bare) and "](" not in bare:
        return bare
    name = normalize_name(bare)
    is_local = name.startswith("local:") or ("/" not in name and path.strip("/").count("/") > 1 and not found)
    return f"local:{name.removeprefix('local:').rpartition('/')[2]}" if is_local else name


def _is_local(path: str) -> bool:
    """Return whether a repository name is a path on somebody's machine."""
    if _HUB_CACHE_PATH.search(path):
        return False
    if _LOCAL_PATH.match(path):
        return True
    first, *rest = path.lower().split("/")
    is_hub_path = first in _KIND_FOLDERS and len(rest) > 1  # datasets/ORG/NAME
    return bool(rest) and first in _FIRST_FOLDERS and not is_hub_path
