"""Decides which subject a file belongs to: its kind, its name and its revision. Nothing else decides it.

For each folder, from the target down, the first that fits:

1. **A hub's layout**, also in the path above the target: ``models/ORG/NAME`` and ``datasets/ORG/NAME``
   are the model or dataset ``ORG/NAME``; ``models--ORG--NAME/snapshots/REVISION`` (huggingface_hub's
   cache) likewise, with its revision. All that lies below belongs to it.
2. **A repository**: a folder with weights or a model's configuration is a model (a file such as ``train.pt`` beside
   data is no proof of one); one with dataset
   metadata (``metadata.csv``, ``dataset_infos.json``, a Croissant file) is a dataset; one whose README is
   a card is what the card's metadata says. Its name is its path from the target; that of the target is
   its folder's name. A folder below a model belongs to that model unless it holds a card of its own.
3. **No subject of its own**: samples in it belong to the folder above, at last to the target, as a
   dataset. Each card or terms text in it is a subject by itself: ``ORG__NAME.md`` and
   ``ORG__NAME__README.md`` are ``ORG/NAME``, the name of any other is its path without the suffix. Its
   kind is that of the folders' names (``model-cards``, ``datasets``) or else what the card itself tells.

**Revision**: the snapshot's commit in a hub cache; the commit that ``hf download --local-dir`` leaves in
``.cache/huggingface/download``; else empty.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from auditor.model import Kind

WEIGHTS_SUFFIXES = (".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".onnx", ".h5", ".msgpack", ".tflite")
# Suffixes of weights that data has too: tensors, embeddings, index files, arrays.
AMBIGUOUS_SUFFIXES = (".pt", ".pth", ".bin", ".h5", ".msgpack")
# Files of data. Beside them, a file with an ambiguous suffix makes no model of a folder unless its name says so.
DATA_SUFFIXES = (
    *(".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"),
    *(".parquet", ".arrow", ".orc", ".csv", ".tsv", ".jsonl", ".tar", ".zip", ".npz", ".tfrecord", ".mp4", ".webm"),
)
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
_HUB_FOLDERS = {"models": "model", "datasets": "dataset"}
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NAMES_MODELS = re.compile(r"(^|[^a-z])models?($|[^a-z])")
_NAMES_DATASETS = re.compile(r"(^|[^a-z])datasets?($|[^a-z])")
_NAMES_WEIGHTS = re.compile(r"model|weight|lora|adapter|unet|vae|encoder|checkpoint|ckpt|epoch|step|best|last|final")
_PART_OF_WEIGHTS = re.compile(r"-\d{5}-of-\d{5}\.")
_CARD_STEMS = ("readme", "modelcard", "model_card")
_CARD_NAMES = tuple(f"{stem}.md" for stem in _CARD_STEMS)
_REPOSITORY_NAME = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class Owner:
    """The subject that a folder is or lies in; ``rank`` says by which of the three rules above."""

    kind: Kind | Literal[""]
    name: str
    revision: str = ""
    rank: Literal["target", "repository", "hub"] = "target"


def hub_owner(parts: Sequence[str]) -> Owner | None:
    """Return the hub repository that a path leads to or into; None if there is none."""
    for at in range(len(parts) - 1, -1, -1):
        part = parts[at]
        for word, kind in _HUB_FOLDERS.items():
            if part.startswith(f"{word}--"):
                revision = next((p for p in parts[at + 1 : at + 3] if _COMMIT.fullmatch(p)), "")
                return Owner(kind, part.removeprefix(f"{word}--").replace("--", "/"), revision, "hub")  # type: ignore[arg-type]
            if part == word and len(parts) > at + 2 and all(map(_REPOSITORY_NAME.fullmatch, parts[at + 1 : at + 3])):
                return Owner(kind, f"{parts[at + 1]}/{parts[at + 2]}", "", "hub")  # type: ignore[arg-type]
    return None


def kind_from_file_names(names: Sequence[str], *, has_dataset_card: bool = False) -> Kind | Literal[""]:
    """Return the kind of a repository's folder by the names of its files; "" if they do not tell.

    Args:
        names: The names of its files.
        has_dataset_card: Its card is a dataset's, so that files whose suffix data has too are no weights.
    """
    weights = _weights_names(names)
    if has_dataset_card or any(name.lower().endswith(DATA_SUFFIXES) for name in names):
        weights = [name for name in weights if not name.endswith(AMBIGUOUS_SUFFIXES) or _NAMES_WEIGHTS.search(name)]
    if weights or not MODEL_FILES.isdisjoint(map(str.lower, names)):
        return "model"
    if not DATASET_FILES.isdisjoint(map(str.lower, names)):
        return "dataset"
    return ""


def _weights_names(names: Sequence[str]) -> list[str]:
    """Return in lower case those names of files that are names of weights."""
    return [lower for name in names if _has_weights_name(lower := name.lower())]


def _has_weights_name(name: str) -> bool:
    """Return whether a name in lower case is that of weights; HDF5 is often data, so its name must say so."""
    return name.endswith(WEIGHTS_SUFFIXES) and (not name.endswith(".h5") or "model" in name or "weight" in name)


def is_weights_collection(names: Sequence[str]) -> bool:
    """Return whether a folder holds several models: weights without a card, configuration or numbered parts."""
    weights = _weights_names(names)
    if len(weights) < 2 or any(_PART_OF_WEIGHTS.search(name) for name in weights):
        return False
    return not any(lower in MODEL_FILES or lower.endswith(".index.json") for lower in map(str.lower, names)) and (
        not find_card(names)
    )


def kind_from_folder_names(parts: tuple[str, ...]) -> Kind | Literal[""]:
    """Return the kind that a repository's folder names give to the texts in them, nearest first; "" for none."""
    for part in reversed(parts):
        model, dataset = _NAMES_MODELS.search(part.lower()), _NAMES_DATASETS.search(part.lower())
        if bool(model) != bool(dataset):
            return "model" if model else "dataset"
    return ""


def find_card(names: Sequence[str]) -> str:
    """Return the file that is the card of a repository's folder: README.md in any case, else ``modelcard.md``; ""."""
    cards = {lower: name for name in names if (lower := name.lower()) in _CARD_NAMES}
    return next((cards[name] for name in _CARD_NAMES if name in cards), "")


def standalone_name(uri: str) -> str:
    """Return the name of a repository's text that is a subject by itself; "" for the target's README."""
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
