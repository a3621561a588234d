"""The metadata that Fooocus writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.lineage.generation_tools import Lead, make_lead

TOOL = "fooocus"


def claims(keyword: str, content: Mapping[str, Any]) -> bool:
    """Tell whether a JSON object is what Fooocus writes."""
    return "base_model" in content


def find_leads(content: Mapping[str, Any]) -> Iterator[Lead]:
    """Yield the files that the metadata name."""
    for word in ("base_model", "refiner_model"):
        yield from make_lead("checkpoint", content.get(word), content.get(f"{word}_hash"), TOOL)
    yield from make_lead("vae", content.get("vae"), "", TOOL)
    loras = content.get("loras")
    for lora in loras if isinstance(loras, list) else ():
        if isinstance(lora, list) and len(lora) > 1:
            yield from make_lead("lora", lora[0], lora[2] if len(lora) > 2 else "", TOOL)
