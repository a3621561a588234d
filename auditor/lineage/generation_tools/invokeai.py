"""Parse the metadata that InvokeAI writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.lineage.generation_tools.named_file import NamedFile, make_named_file

TOOL = "invokeai"


def claims(keyword: str, content: Mapping[str, Any]) -> bool:
    """Return whether InvokeAI wrote this JSON object."""
    return keyword in ("invokeai_metadata", "sd-metadata") or isinstance(content.get("model"), dict)


def find_named_files(content: Mapping[str, Any]) -> Iterator[NamedFile]:
    """Yield the files that InvokeAI's metadata name."""
    loras = content.get("loras")
    used = [lora for lora in loras if isinstance(lora, dict)] if isinstance(loras, list) else []
    models = [("checkpoint", content.get(word)) for word in ("model", "refiner_model")]
    models.append(("vae", content.get("vae")))
    for role, model in [*models, *(("lora", lora.get("model") or lora.get("lora")) for lora in used)]:
        if isinstance(model, dict):
            yield from make_named_file(role, model.get("name") or model.get("model_name"), model.get("hash"), TOOL)
    # InvokeAI 2 (ldm/invoke/server: sd-metadata).
    yield from make_named_file("checkpoint", content.get("model_weights"), content.get("model_hash"), TOOL)
