"""Parse the prompts and workflows that ComfyUI writes: graphs of nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.lineage.generation_tools import civitai
from auditor.lineage.generation_tools.named_file import NamedFile, make_named_file
from auditor.syntax.repository_name_parsing import WEIGHTS_SUFFIXES

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
    """Return whether a JSON object is ComfyUI's workflow or prompt: nodes in a list, or by their numbers."""
    if isinstance(content.get("nodes"), list):
        return True
    return any(isinstance(node, dict) and ("class_type" in node or "inputs" in node) for node in content.values())


def find_named_files(content: Mapping[str, Any]) -> Iterator[NamedFile]:
    """Yield the files named in the inputs of a ComfyUI prompt's nodes, or in the widgets of a workflow's nodes."""
    for node in _nodes(content):
        inputs, widgets = node.get("inputs"), node.get("widgets_values")
        pairs = list(inputs.items()) if isinstance(inputs, dict) else []
        pairs += [(str(node.get("type", "")), value) for value in widgets] if isinstance(widgets, list) else []
        for input_name, value in pairs:
            # rgthree's loader of many LoRAs: {"on": true, "lora": "boats.safetensors", "strength": 1}.
            if isinstance(value, dict) and value.get("on", True):
                value = value.get("lora")
            if not isinstance(value, str):
                continue
            yield from civitai.find_resource_names(value)
            role = next((role for word, role in _ROLE_WORDS if word in input_name.lower()), "")
            if role and value.lower().endswith(WEIGHTS_SUFFIXES):
                yield from make_named_file(role, value, "", TOOL)


def _nodes(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the nodes of a ComfyUI prompt, or of a workflow and its subgraphs (``definitions.subgraphs``)."""
    nodes = content.get("nodes")
    graphs = [nodes if isinstance(nodes, list) else list(content.values())]
    definitions = content.get("definitions")
    subgraphs = definitions.get("subgraphs") if isinstance(definitions, dict) else None
    for subgraph in subgraphs if isinstance(subgraphs, list) else ():
        inner = subgraph.get("nodes") if isinstance(subgraph, dict) else None
        graphs.append(inner if isinstance(inner, list) else [])
    yield from (node for graph in graphs for node in graph if isinstance(node, dict))
