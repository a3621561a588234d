"""Decides which subject a file belongs to: its kind, its name and its revision. The one place for it.

For each folder, from the target down, the first that fits:

1. **A hub's layout**, also in the path above the target: ``models/ORG/NAME`` and ``datasets/ORG/NAME``
   are the model or dataset ``ORG/NAME``; ``models--ORG--NAME/snapshots/REVISION`` (huggingface_hub's
   cache) likewise, with its revision. All that lies below belongs to it.
2. **A repository**: a folder with weights or a model's configuration is a model; one with dataset
   metadata (``metadata.csv``, ``dataset_infos.json``, a Croissant file) is a dataset; one whose README is
   a card is what the card's metadata says. It is called by its path from the target, the target itself
   by its folder's name. A folder below a model belongs to that model unless it holds a card of its own.
3. **No subject of its own**: samples in it belong to the folder above, at last to the target, as a
   dataset. Each card or terms text in it stands alone: ``ORG__NAME.md`` and ``ORG__NAME__README.md`` are
   ``ORG/NAME``, any other is called by its path without the suffix. Its kind is the folder's word
   (``model-cards``, ``datasets``) or else what the card itself tells.

**Revision**: the snapshot's commit in a hub cache; the commit that ``hf download --local-dir`` leaves in
``.cache/huggingface/download``; else empty.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from auditor.model import Kind

WEIGHTS = (".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".onnx", ".h5", ".msgpack", ".tflite")
MODEL_FILES = frozenset(
    {"model_index.json", "adapter_config.json", "config.json", "generation_config.json", "mergekit_config.yml"}
)
DATASET_FILES = frozenset(
    {
        "dataset_infos.json",
        "dataset_info.json",
        "dataset_dict.json",
        "croissant.json",
        "metadata.csv",
        "metadata.jsonl",
        "metadata.parquet",
    }
)
_HUB = {"models": "model", "datasets": "dataset"}
_COMMIT = re.compile(r"[0-9a-f]{40}")
_MODEL_WORD = re.compile(r"(^|[^a-z])models?($|[^a-z])")
_DATASET_WORD = re.compile(r"(^|[^a-z])datasets?($|[^a-z])")
_PART = re.compile(r"-\d{5}-of-\d{5}\.")
_CARD_STEMS = ("readme", "modelcard", "model_card")
_REPOSITORY_NAME = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class Owner:
    """The subject that a folder is or lies in. ``rank`` says how surely: hub, repository or target."""

    kind: Kind | Literal[""]
    name: str
    revision: str = ""
    rank: Literal["target", "repository", "hub"] = "target"


def hub_owner(parts: Sequence[str]) -> Owner | None:
    """The hub repository that a path's parts lead to or into, or None."""
    for at in range(len(parts) - 1, -1, -1):
        part = parts[at]
        for word, kind in _HUB.items():
            if part.startswith(f"{word}--"):
                revision = next((p for p in parts[at + 1 : at + 3] if _COMMIT.fullmatch(p)), "")
                return Owner(kind, part.removeprefix(f"{word}--").replace("--", "/"), revision, "hub")  # type: ignore[arg-type]
            if part == word and len(parts) > at + 2 and all(map(_REPOSITORY_NAME.fullmatch, parts[at + 1 : at + 3])):
                return Owner(kind, f"{parts[at + 1]}/{parts[at + 2]}", "", "hub")  # type: ignore[arg-type]
    return None


def kind_of_files(names: Sequence[str]) -> Kind | Literal[""]:
    """What a folder is by its files' names alone; "" where they do not tell."""
    lower = [name.lower() for name in names]
    if any(name in MODEL_FILES or name.endswith(WEIGHTS) for name in lower):
        return "model"
    if any(name in DATASET_FILES for name in lower):
        return "dataset"
    return ""


def is_collection(names: Sequence[str]) -> bool:
    """Several files of weights that nothing says belong together: no card, configuration or parts of one."""
    lower = [name.lower() for name in names]
    weights = [name for name in lower if name.endswith(WEIGHTS)]
    together = any(name in MODEL_FILES or name.endswith(".index.json") for name in lower) or card_name(names)
    return len(weights) > 1 and not together and not any(_PART.search(name) for name in weights)


def kind_of_words(parts: tuple[str, ...]) -> Kind | Literal[""]:
    """What the folder names say of the texts in them, the nearest first."""
    for part in reversed(parts):
        model, dataset = _MODEL_WORD.search(part.lower()), _DATASET_WORD.search(part.lower())
        if bool(model) != bool(dataset):
            return "model" if model else "dataset"
    return ""


def card_name(names: Sequence[str]) -> str:
    """The file that would be the folder's card: README.md in any case, else ``modelcard.md``, or ""."""
    lower = {name.lower(): name for name in names}
    return next((lower[f"{stem}.md"] for stem in _CARD_STEMS if f"{stem}.md" in lower), "")


def alone(uri: str) -> str:
    """The name of a text that is a subject of its own; "" for the target's README."""
    folder, _, name = uri.rpartition("/")
    stem = name.rpartition(".")[0] or name
    if stem.lower() in _CARD_STEMS:
        return folder
    if "__" in stem.strip("_"):
        parts = [part for part in stem.split("__") if part]
        if len(parts) > 1 and parts[-1].lower() in _CARD_STEMS:
            parts.pop()
        return "/".join(parts)
    return f"{folder}/{stem}" if folder else stem
