"""Parse the prompts and workflows that ComfyUI writes: graphs of nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.lineage.generation_tools import NamedFile, make_named_file
from auditor.lineage.repository_names import WEIGHTS_SUFFIXES

TOOL = "comfyui"
# Words in the name of a node, or of its input, and the role of the file that it names.
_ROLE_WORDS = (
    ("lora", "lora"),
    ("vae", "vae"),
    ("ckpt", "checkpoint"),
    ("checkpoint", "checkpoint"),
    ("unet", "checkpoint"),
)


def claims(keyword: str, content: Mapping[str, Any]) -> bool:
    """Return whether a JSON object may be a graph of nodes. Any object may, so this format is tried last."""
    return True


def find_named_files(content: Mapping[str, Any]) -> Iterator[NamedFile]:
    """Yield the files named in the inputs of a prompt's nodes, or in the widgets of a workflow's nodes."""
    nodes = content.get("nodes")
    for node in nodes if isinstance(nodes, list) else content.values():
        if not isinstance(node, dict):
            continue
        inputs, widgets = node.get("inputs"), node.get("widgets_values")
        pairs = list(inputs.items()) if isinstance(inputs, dict) else []
        pairs += [(str(node.get("type", "")), value) for value in widgets] if isinstance(widgets, list) else []
        for input_name, value in pairs:
            # rgthree's loader of many LoRAs: {"on": true, "lora": "boats.safetensors", "strength": 1}.
            if isinstance(value, dict) and value.get("on", True):
                value = value.get("lora")
            role = next((role for word, role in _ROLE_WORDS if word in input_name.lower()), "")
            if role and isinstance(value, str) and value.lower().endswith(WEIGHTS_SUFFIXES):
                yield from make_named_file(role, value, "", TOOL)
