"""Parse the metadata that Draw Things writes: a JSON object in the XMP property ``exif:UserComment``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.lineage.generation_tools.named_file import NamedFile, make_named_file

TOOL = "draw things"


def claims(keyword: str, content: Mapping[str, Any]) -> bool:
    """Return whether Draw Things wrote this JSON object."""
    return isinstance(content.get("model"), str) and ("lora" in content or "v2" in content)


def find_named_files(content: Mapping[str, Any]) -> Iterator[NamedFile]:
    """Yield the files that Draw Things' metadata name; its ``v2`` has the names of files, the rest may have titles."""
    settings = content.get("v2")
    for table in (content, settings) if isinstance(settings, dict) else (content,):
        for word, role in (("model", "checkpoint"), ("refinerModel", "checkpoint"), ("refiner", "checkpoint")):
            yield from make_named_file(role, table.get(word), "", TOOL)
        loras = table.get("lora") or table.get("loras")
        for lora in loras if isinstance(loras, list) else ():
            if isinstance(lora, dict):
                yield from make_named_file("lora", lora.get("model") or lora.get("file"), "", TOOL)
