"""Parse the generation settings that A1111 and Forge write as text.

Their last line is ``Steps: 20, …, Model hash: …, Lora hashes: "a: 1f, b: 2e", Hashes: {…}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from auditor.lineage.generation_tools import civitai
from auditor.lineage.generation_tools.named_file import NamedFile, make_named_file

TOOL = "a1111"
_FIELD = re.compile(r'([^:,"]{1,60}):\s*+("[^"\\]*+(?:\\.[^"\\]*+)*+"|\{[^{}]*+\}|)([^,]*+),?')
_CIVITAI_RESOURCES = "Civitai resources: "
_ROLES = {"model": "checkpoint", "lora": "lora", "vae": "vae", "embed": "embedding", "ti": "embedding"}


def claims(text: str) -> bool:
    """Return whether a text has the format of A1111's settings."""
    return text.startswith("Steps: ") or "\nSteps: " in text


def find_named_files(text: str) -> Iterator[NamedFile]:
    """Yield the files that the last line of A1111's settings names."""
    line = text[text.rfind("\nSteps: ") + 1 :].partition("\n")[0]
    _, has_resources, resources = line.partition(_CIVITAI_RESOURCES)
    if has_resources:
        yield from civitai.find_resources(_parse_start(resources, list))
    fields = dict(_parse_fields(line))
    for word, role in (("model", "checkpoint"), ("refiner", "checkpoint"), ("vae", "vae")):
        yield from make_named_file(role, fields.get(word, ""), fields.get(f"{word} hash", ""), TOOL)
    for word, role in (("lora hashes", "lora"), ("ti hashes", "embedding")):
        for pair in fields.get(word, "").strip('"').split(","):
            name, _, value = pair.rpartition(":")
            yield from make_named_file(role, name, value, TOOL)
    hashes = _parse_start(fields.get("hashes", ""), dict)
    for name, value in hashes.items():
        word, _, rest = name.partition(":")
        if word in _ROLES and isinstance(value, str):
            yield from make_named_file(_ROLES[word], rest or fields.get(word, ""), value, TOOL)


def _parse_fields(line: str) -> Iterator[tuple[str, str]]:
    """Yield each key of a line of A1111's settings, in lower case, with its value; skip text that is no field.

    A value is skipped as a whole: it may hold a prompt, which may look like fields.
    """
    at = 0
    while at < len(line):
        if match := _FIELD.match(line, at):
            yield match[1].strip().lower(), (match[2] or match[3]).strip()
            at = match.end()
        else:
            at = line.find(",", at) + 1 or len(line)


_Value = TypeVar("_Value", list[Any], dict[str, Any])


def _parse_start(text: str, kind: type[_Value]) -> _Value:
    """Parse the JSON value at the start of a text in A1111's settings; an empty one where it is not of this kind."""
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return kind()
    return value if isinstance(value, kind) else kind()
