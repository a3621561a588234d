"""Parse the metadata that Fooocus writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.lineage.generation_tools.named_file import NamedFile, make_named_file

TOOL = "fooocus"


def claims(keyword: str, content: Mapping[str, Any]) -> bool:
    """Return whether Fooocus wrote this JSON object."""
    return "base_model" in content


def find_named_files(content: Mapping[str, Any]) -> Iterator[NamedFile]:
    """Yield the files that Fooocus's metadata name."""
    for word in ("base_model", "refiner_model"):
        yield from make_named_file("checkpoint", content.get(word), content.get(f"{word}_hash"), TOOL)
    yield from make_named_file("vae", content.get("vae"), "", TOOL)
    loras = content.get("loras")
    for lora in loras if isinstance(loras, list) else ():
        if isinstance(lora, list) and len(lora) > 1:
            yield from make_named_file("lora", lora[0], lora[2] if len(lora) > 2 else "", TOOL)
