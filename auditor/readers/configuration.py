"""Reads models' configuration files: what they name as the model they were made from, and what they build.

transformers writes ``_name_or_path``, peft ``base_model_name_or_path``, diffusers ``_class_name``; often these
are local paths, and often the model's own name: they say less than a card does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.model import Gap, Place, Statement, Subject
from auditor.part_builders.file_parts import read_file_parts
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import MAX_VALUE_CHARACTERS, Part, PartlyRead
from auditor.readers import ReaderExample
from auditor.syntax.plain_json import find_line, iter_strings, load_json_object
from auditor.syntax.repository_name_parsing import stated_name
from auditor.syntax.safe_yaml import load_yaml as loaded_yaml
from auditor.syntax.text_encoding import decode_text

MAX_FILE_BYTES = 4 << 20  # bytes
_ADAPTER_CONFIG = "adapter_config.json"
_MERGE_CONFIGS = ("mergekit_config.yml", "mergekit_config.yaml")
_YAML_DOCUMENT = re.compile(r"(?m)^---[ \t]*$")
_MERGED_MODEL_KEYS = ("model", "base_model", "source_model", "path")
_FILE_NAMES = frozenset(("config.json", "configuration.json", "model_index.json", _ADAPTER_CONFIG, *_MERGE_CONFIGS))

UNREAD_GAP = "configuration"


def claims(blob: Blob, head: bytes) -> int:
    """Claim a configuration by its name, in a dataset's folder by its content too."""
    if blob.basename not in _FILE_NAMES:
        return 0
    # A dataset may have a config.json of another kind.
    return 60 if blob.kind in ("model", "") or b"_class_name" in head or b"architectures" in head else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | PartlyRead | Unread]:
    """Yield what each configuration file says of its model."""
    return read_file_parts(blobs, part, MAX_FILE_BYTES + 1)


def part(blob: Blob, data: bytes) -> Part:
    """Return what the configuration in ``data`` says of its model. Raises :class:`Unreadable`."""
    if len(data) > MAX_FILE_BYTES:
        raise Unreadable(f"longer than {MAX_FILE_BYTES:,} bytes")
    text, encoding_gap = decode_text(data)
    gaps = [encoding_gap] if encoding_gap else []
    if blob.basename in _MERGE_CONFIGS:
        # A file may hold several merges as YAML documents, of which later ones refer to earlier ones by their name.
        read = [loaded_yaml(document) for document in _YAML_DOCUMENT.split(text)]
        gaps.extend(yaml_gap for _, yaml_gap in read if yaml_gap)
        own = {name for value, _ in read if isinstance(value, Mapping) for name in _text_value(value, "name")}
        stated = [found for value, _ in read for found in _merge_statements(value) if found[1] not in own]
    else:
        stated = list(_configuration_statements(load_json_object(text), blob))
    subject = blob.ref("model")
    return Part(
        Subject(
            "model",
            subject.name,
            subject.revision,
            tuple(
                Statement(
                    key,
                    words[:MAX_VALUE_CHARACTERS],
                    relation,
                    Place(blob.uri, find_line(text, words.removeprefix("local:"))),
                    "config",
                    remark,
                )
                for key, words, relation, remark in dict.fromkeys(stated)
            ),
            tuple(Gap("configuration", why, Place(blob.uri)) for why in gaps),
        )
    )


_Statements = Iterator[tuple[str, str, str, str]]  # key, value, relation, remark


def _configuration_statements(config: Mapping[str, object], blob: Blob) -> _Statements:
    """Yield what a configuration names as the model's base, and what it builds."""
    for name in _repository_name(config, "base_model_name_or_path"):
        revision = "".join(_text_value(config, "revision"))
        yield "base_model", name, "adapter", f"revision {revision}" if revision else ""
    quantized = isinstance(config.get("quantization_config"), Mapping)
    for name in _repository_name(config, "_name_or_path"):
        if name not in (blob.name, blob.name.rpartition("/")[2]):
            yield "base_model", name, "quantized" if quantized else "", "_name_or_path"
    for name in list(iter_strings(config.get("architectures")))[:20]:
        yield "architecture", name, "", ""
    for name in _text_value(config, "_class_name"):
        yield "architecture", name, "", ""
        if "Pipeline" in name:
            yield "generates", _pipeline_output(name), "", ""
    if "_diffusers_version" in config:
        yield "library", "diffusers", "", ""
    elif "transformers_version" in config:
        yield "library", "transformers", "", ""
    elif blob.basename == _ADAPTER_CONFIG and "peft_type" in config:
        yield "library", "peft", "", ""


# Pipelines of diffusers that take no prompt (docs: unconditional image generation).
_UNCONDITIONAL_PIPELINES = frozenset(("DDPM", "DDIM", "PNDM", "ScoreSdeVe", "KarrasVe", "LDM", "ConsistencyModel"))


def _pipeline_output(pipeline: str) -> str:
    """Return what a diffusers pipeline of this name, as a configuration has it, makes."""
    if "Video" in pipeline or "Animate" in pipeline:
        return "video"
    if pipeline.removesuffix("Pipeline") in _UNCONDITIONAL_PIPELINES:
        return "unconditional image"
    return "audio" if "Audio" in pipeline or "Music" in pipeline else "image"


def _text_value(config: Mapping[str, object], key: str) -> tuple[str, ...]:
    """Return the text under a key of a configuration as a tuple of one; an empty tuple for none."""
    value = config.get(key)
    return (value.strip(),) if isinstance(value, str) and value.strip() else ()


def _repository_name(config: Mapping[str, object], key: str) -> tuple[str, ...]:
    """Return the repository that a key of a configuration names as a tuple of one; an empty tuple for none."""
    return tuple(filter(None, map(stated_name, _text_value(config, key))))


def _merge_statements(value: object, depth: int = 0) -> _Statements:
    """Yield every model that a mergekit configuration names (arcee-ai/mergekit: README, moe.md, common.py)."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "lora" and isinstance(item, Mapping):
                yield from (("base_model", name, "adapter", "") for name in _repository_name(item, "path"))
            elif key in _MERGED_MODEL_KEYS and isinstance(item, str):
                name, _, lora = item.partition("+")
                if merged := stated_name(name):
                    yield "base_model", merged, "merge", ""
                if adapter := stated_name(lora):
                    yield "base_model", adapter, "adapter", ""
            elif depth < 20:
                yield from _merge_statements(item, depth + 1)
    elif isinstance(value, list) and depth < 20:
        for item in value:
            yield from _merge_statements(item, depth + 1)


EXAMPLES = (
    ReaderExample(
        "adapter_config.json",
        b'{"base_model_name_or_path": "acme/base", "peft_type": "LORA"}',
        (("base_model", "acme/base", "adapter"), ("library", "peft", "")),
    ),
    ReaderExample(
        "model_index.json",
        b'{"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.30.0", "_name_or_path": "acme/base"}',
        (("base_model", "acme/base", ""), ("architecture", "StableDiffusionPipeline", ""), ("generates", "image", "")),
    ),
    ReaderExample("config.json", b'{"architectures": ["BertModel"]}', (("architecture", "BertModel", ""),)),
    ReaderExample(
        "mergekit_config.yml",
        b"models:\n- model: acme/a\n- model: acme/b+acme/lora\nmerge_method: slerp\n",
        (("base_model", "acme/a", "merge"), ("base_model", "acme/b", "merge"), ("base_model", "acme/lora", "adapter")),
    ),
    ReaderExample("config.json", b"[" * 100_000, unread="nested too deep to be read"),
    ReaderExample("config.json", b"[]", unread="is not a JSON object"),
)
