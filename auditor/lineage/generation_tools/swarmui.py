"""Parse the metadata that SwarmUI writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.lineage.generation_tools.named_file import NamedFile, make_named_file

TOOL = "swarmui"
_PARAMETERS, _MODELS = "sui_image_params", "sui_models"
# The role of a file by the parameter that chose it; any other chooses a checkpoint.
_ROLES = {"loras": "lora", "vae": "vae", "embeddings": "embedding"}


def claims(keyword: str, content: Mapping[str, Any]) -> bool:
    """Return whether SwarmUI wrote this JSON object."""
    return _PARAMETERS in content


def find_named_files(content: Mapping[str, Any]) -> Iterator[NamedFile]:
    """Yield the files that SwarmUI's metadata name; the hash of one is that of its tensors (T2IModel.cs)."""
    models = content.get(_MODELS)
    for model in models if isinstance(models, list) else ():
        if isinstance(model, dict) and isinstance(model.get("name"), str):
            value = str(model.get("hash") or "").removeprefix("0x")
            role = _ROLES.get(str(model.get("param", "")), "checkpoint")
            yield from make_named_file(role, model["name"], f"autov3:{value}" if value else "", TOOL)
    parameters = content.get(_PARAMETERS)
    if not isinstance(parameters, dict) or isinstance(models, list):
        return
    for word in ("model", "refinermodel", "vae"):
        yield from make_named_file(_ROLES.get(word, "checkpoint"), parameters.get(word), "", TOOL)
    loras = parameters.get("loras")
    for lora in loras.split(",") if isinstance(loras, str) else loras if isinstance(loras, list) else ():
        yield from make_named_file("lora", lora, "", TOOL)
