"""Find the models that the generation parameters in a picture's metadata name.

Only fields that name a checkpoint, LoRA, VAE or embedding, and its hash, are kept; prompts are neither kept nor shown.
Anyone can write such fields to incriminate a model, so a result is only a lead, which alone opens no case.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from auditor.lineage.generation_tools import JsonTool, a1111, civitai, comfyui, draw_things, fooocus, invokeai, swarmui
from auditor.lineage.generation_tools.named_file import NamedFile
from auditor.lineage.picture_text import XMP_KEYWORD, read_picture_texts

# The tools that write JSON, in the order in which they are tried.
JSON_TOOLS: tuple[JsonTool, ...] = (swarmui, invokeai, fooocus, draw_things, comfyui)
# What a picture's XMP has as its comment: an element, mostly with a list of one item, or an attribute.
_XMP_COMMENT = re.compile(r'<exif:UserComment>(.*?)</exif:UserComment>|exif:UserComment="([^"]*)"', re.DOTALL)
_XML_TAG = re.compile(r"<[^>]*>")
_WEIGHTS_SUFFIXES = (".safetensors", ".ckpt", ".pt")
# The algorithm of the file digest that a hash in metadata is a prefix of.
_DIGEST_ALGORITHMS = {"sha256": "sha256", "autov1": "autov1", "autov2": "sha256", "autov3": "sha256-tensors"}
_BITS_PER_DIGIT = 4


class GenerationParameters(NamedTuple):
    """What a picture's metadata say of the models that it was generated with.

    Attributes:
        files: The files that they name.
        unrecognized: The keywords of texts that no known tool wrote: what they name is not known.
    """

    files: tuple[NamedFile, ...]
    unrecognized: tuple[str, ...]


def read_generation_parameters(file: BinaryIO) -> GenerationParameters:
    """Return what a picture's metadata, or a text of parameters, name. Raises Unreadable, OSError."""
    files: set[NamedFile] = set()
    unrecognized: dict[str, None] = {}
    for keyword, text in read_picture_texts(file):
        if not text.strip():
            continue
        named = _named_files_in_text(keyword, _xmp_comment(text) if keyword == XMP_KEYWORD else text)
        if named is None:
            unrecognized[keyword] = None
        else:
            files.update(named)
    return GenerationParameters(tuple(sorted(files)), tuple(unrecognized))


def _xmp_comment(xmp: str) -> str:
    """Return the generation parameters in a picture's XMP comment; "" where there are none."""
    found = _XMP_COMMENT.search(xmp)
    return html.unescape(_XML_TAG.sub("", found[1] or found[2] or "")).strip() if found else ""


def _named_files_in_text(keyword: str, text: str) -> Iterator[NamedFile] | None:
    """Return the files that one text of generation parameters names, by the tool that wrote it; None: no known tool."""
    if text.lstrip().startswith("{"):
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            return None
        tool = next((tool for tool in JSON_TOOLS if tool.claims(keyword, content)), None)
        # Civitai's own generator adds what it used to a graph of nodes, or writes it alone.
        resources = tuple(_civitai_resources(content))
        return chain(resources, tool.find_named_files(content) if tool else ()) if tool or resources else None
    return a1111.find_named_files(text) if a1111.claims(text) else None


def _civitai_resources(content: Mapping[str, Any]) -> Iterator[NamedFile]:
    """Yield the files that generation parameters name in the object ``extraMetadata``, a text of JSON."""
    extra = content.get("extraMetadata")
    try:
        extra = json.loads(extra) if isinstance(extra, str) else extra
    except (ValueError, RecursionError):
        return
    if isinstance(extra, dict):
        yield from civitai.find_resources(extra.get("resources"))


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """A model that a named file may be.

    Attributes:
        name: The model.
        by: sha256, autov1, autov2, autov3, or name, which many files may share.
        file: The model's file.
        chance: How many files of the run are expected to have such a hash by chance.
    """

    name: str
    by: str
    file: str
    chance: float = 0


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
            is_digest = (pc.field("key") == "artefact") & pc.starts_with(pc.field("value"), f"{algorithm}:")
            chance = facts.count_rows(filter=of_models & is_digest) / 2 ** (_BITS_PER_DIGIT * len(named.value))
            found = {Candidate(row["name"], named.algorithm, row["relation"], chance) for row in table.to_pylist()}
            return tuple(sorted(found))
    if not named.name:
        return ()
    has_suffix = named.name.lower().endswith(_WEIGHTS_SUFFIXES)
    stem = named.name.rpartition(".")[0] if has_suffix else named.name
    files = [stem + suffix for suffix in _WEIGHTS_SUFFIXES]
    has_name = (pc.field("key") == "weights_format") & pc.field("relation").isin(files)
    table = facts.to_table(["name", "relation"], filter=of_models & has_name)
    return tuple(sorted({Candidate(row["name"], "name", row["relation"]) for row in table.to_pylist()}))
