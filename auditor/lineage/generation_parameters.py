"""Find the models that the generation parameters in a picture's metadata name.

Only fields that name a checkpoint, LoRA, VAE or embedding, and its hash, are kept; prompts are neither kept nor shown.
Anyone can write such fields to incriminate a model, so a result is only a lead, which alone opens no case.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from auditor.lineage.generation_tools import JsonTool, NamedFile, a1111, comfyui, fooocus, invokeai
from auditor.lineage.picture_text import read_texts

# The tools that write JSON, in the order in which they are tried.
JSON_TOOLS: tuple[JsonTool, ...] = (invokeai, fooocus, comfyui)
_WEIGHTS_SUFFIXES = (".safetensors", ".ckpt", ".pt")
# The algorithm of the file digest that a hash in metadata is a prefix of.
_DIGEST_ALGORITHMS = {"sha256": "sha256", "autov2": "sha256", "autov3": "sha256-tensors"}


def find_named_files(file: BinaryIO) -> tuple[NamedFile, ...]:
    """Return the files that a picture's metadata, or a text of parameters, names. Raises Unreadable, OSError."""
    return tuple(sorted({named for keyword, text in read_texts(file) for named in _named_files_in_text(keyword, text)}))


def _named_files_in_text(keyword: str, text: str) -> Iterator[NamedFile]:
    """Yield the files that one text of the metadata names, by the tool that wrote the text."""
    if text.lstrip().startswith("{"):
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            return
        if isinstance(content, dict):
            yield from next(tool for tool in JSON_TOOLS if tool.claims(keyword, content)).find_named_files(content)
    elif keyword == "parameters":
        yield from a1111.find_named_files(text)


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """A model that a named file may be; ``by`` is sha256, autov2, autov3, or name, which many files may share."""

    name: str
    by: str
    file: str


def find_candidates(named: NamedFile, run: Path) -> tuple[Candidate, ...]:
    """Return the models of a run with a weights file that has the named hash or, where none has, the name."""
    import pyarrow.compute as pc
    import pyarrow.dataset as pads

    facts = pads.dataset(sorted(map(str, (run / "facts").glob("*.parquet"))), format="parquet")
    of_models = pc.field("kind") == "model"
    if algorithm := _DIGEST_ALGORITHMS.get(named.algorithm):
        has_hash = (pc.field("key") == "artefact") & pc.starts_with(pc.field("value"), f"{algorithm}:{named.value}")
        table = facts.to_table(["name", "relation"], filter=of_models & has_hash)
        if table.num_rows:
            found = {Candidate(row["name"], named.algorithm, row["relation"]) for row in table.to_pylist()}
            return tuple(sorted(found))
    if not named.name:
        return ()
    has_suffix = named.name.lower().endswith(_WEIGHTS_SUFFIXES)
    stem = named.name.rpartition(".")[0] if has_suffix else named.name
    files = [stem + suffix for suffix in _WEIGHTS_SUFFIXES]
    has_name = (pc.field("key") == "weights_format") & pc.field("relation").isin(files)
    table = facts.to_table(["name", "relation"], filter=of_models & has_name)
    return tuple(sorted({Candidate(row["name"], "name", row["relation"]) for row in table.to_pylist()}))
