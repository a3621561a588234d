"""Reads the index of sharded weights (``model.safetensors.index.json``): which files the weights lie in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.model import Place, Statement, Subject
from auditor.part_builders.file_parts import read_file_parts
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import MAX_VALUE_CHARACTERS, Part, PartlyRead
from auditor.readers import ReaderExample
from auditor.syntax.plain_json import READ_LIMIT, find_line, load_json_object
from auditor.syntax.text_encoding import decode_text

UNREAD_GAP = "header"
_SUFFIX = ".index.json"
_WEIGHT_MAP = "weight_map"
# DeepSeek-V3 has 163 shards; more than this are not looked for.
MAX_SHARDS = 10_000


def claims(blob: Blob, head: bytes) -> int:
    """Claim the index of weights by its name, in a dataset's folder by its content too."""
    if not blob.basename.endswith(_SUFFIX):
        return 0
    return 80 if blob.kind != "dataset" or _WEIGHT_MAP.encode() in head else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterable[Part | PartlyRead | Unread]:
    """Yield the shards that each index names."""
    return read_file_parts(blobs, part, READ_LIMIT + 1)


def part(blob: Blob, data: bytes) -> Part:
    """Return the files that the index in ``data`` names. Raises :class:`Unreadable`."""
    text, _ = decode_text(data)
    weight_map = load_json_object(text).get(_WEIGHT_MAP)
    if not isinstance(weight_map, Mapping):
        raise Unreadable(f"has no {_WEIGHT_MAP}: which files hold the weights is not known")
    names = dict.fromkeys(name[:MAX_VALUE_CHARACTERS] for name in weight_map.values() if isinstance(name, str))
    if len(names) > MAX_SHARDS:
        raise Unreadable(f"names more than {MAX_SHARDS:,} files")
    ref = blob.ref("model")
    statements = (
        Statement("weights_shard", name, "", Place(blob.uri, find_line(text, f'"{name}"')), "index") for name in names
    )
    return Part(Subject(ref.kind, ref.name, ref.revision, tuple(statements)))


EXAMPLES = (
    ReaderExample(
        "model.safetensors.index.json",
        b'{"metadata": {}, "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors", "c": '
        b'"model-1.safetensors"}}',
        states=(("weights_shard", "model-1.safetensors", ""), ("weights_shard", "model-2.safetensors", "")),
    ),
)
