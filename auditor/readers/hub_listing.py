"""Reads listings of a hub's models, as its API gives them: the digests of their files, without a byte of the files.

Of the tags, those that name a licence, a base model and datasets are read too.

JSON lines, a JSON array or one object, each with ``id`` and ``siblings``; a sibling has ``rfilename`` and, for a large
file, ``lfs.sha256`` (or ``lfs.oid``) and ``xetHash``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import ijson
import msgspec

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.model import HUB_LISTING, Gap, Place, Statement, Subject
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part
from auditor.readers import ReaderExample

_SUFFIXES = (".json", ".jsonl", ".ndjson")
_ID = re.compile(rb'"(?:id|modelId)"\s*:\s*"[^"]+/[^"]+"')
_SIBLINGS = re.compile(rb'"siblings"\s*:\s*\[\s*\{[^{}\[\]]*"rfilename"')
_DIGEST = re.compile(r"[0-9a-f]{64}")
# What the hub derives from a card's metadata.
_KEYS = {"license": "licence", "base_model": "base_model", "dataset": "trained_on"}
_TAG = re.compile(r"(license|dataset|base_model):(?:(finetune|adapter|merge|quantized):)?(.+)")
_MAX_LINE_BYTES = 64 << 20  # a model with some hundred thousand files
_MAX_BAD_ROWS = 100  # after so many rows that cannot be read, the rest is not read


class _Lfs(msgspec.Struct):
    """What a hub lists of a file in large-file storage; ``oid`` in listings of a tree."""

    sha256: str = ""
    oid: str = ""


class _Sibling(msgspec.Struct, rename={"name": "rfilename", "xet": "xetHash"}):
    """What a hub lists of a file of a model."""

    name: str
    lfs: _Lfs | None = None
    xet: str | None = None


class _Listed(msgspec.Struct):
    """What a hub lists of a model."""

    siblings: list[_Sibling]
    id: str = ""
    modelId: str = ""  # noqa: N815 - the API's name
    sha: str | None = None
    tags: list[str] | None = None


_decode = msgspec.json.Decoder(_Listed).decode


def claims(blob: Blob, head: bytes) -> int:
    """Claim a listing of models, by its keys; a folder of datasets holds none."""
    if blob.suffix not in _SUFFIXES or "dataset" in (blob.kind, blob.standalone_kind):
        return 0
    return 65 if _ID.search(head) and _SIBLINGS.search(head) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Unread]:
    """Yield the listed digests of each model."""
    for blob in blobs:
        bad: list[Gap] = []
        try:
            with blob.open() as file:
                for number, row in enumerate(_rows(file), 1):
                    if isinstance(row, str):
                        bad.append(Gap("table", row, Place(blob.uri, number)))
                        if len(bad) == _MAX_BAD_ROWS:
                            why = "too many rows that cannot be read: the rest was not read"
                            bad.append(Gap("table", why, Place(blob.uri)))
                            break
                    else:
                        yield _part(blob, number, row)
        except (Unreadable, OSError, ijson.JSONError) as error:
            if not isinstance(error, ijson.JSONError):
                yield Unread(blob.uri, f"cannot be read: {error}", blob=blob)
                continue
            bad.append(Gap("table", "cannot be read to the end: is not JSON", Place(blob.uri)))
        if bad:
            ref = blob.text_ref("document")
            yield Part(Subject(ref.kind, ref.name, ref.revision, gaps=tuple(bad)))


def _part(blob: Blob, number: int, row: _Listed) -> Part:
    """Return the listed digests of one model."""
    place = Place(blob.uri, number)
    statements = []
    for file in row.siblings:
        for algorithm, value in (("sha256", file.lfs and (file.lfs.sha256 or file.lfs.oid)), ("xet", file.xet)):
            if value and _DIGEST.fullmatch(value):
                name = file.name.rpartition("/")[2]
                statements.append(Statement("artefact", f"{algorithm}:{value}", name, place, HUB_LISTING))
    for tag in row.tags or ():
        if found := _TAG.fullmatch(tag):
            relation = found[2] or ""
            statements.append(Statement(_KEYS[found[1]], found[3], relation, place, HUB_LISTING))
    return Part(Subject("model", row.id or row.modelId, row.sha or "", tuple(statements)))


def _rows(file: BinaryIO) -> Iterator[_Listed | str]:
    """Yield the models of a listing; a text says why a row cannot be read. Raises ijson.JSONError."""
    start = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    file.seek(0)
    if start.startswith(b"["):
        if file.read(3) != b"\xef\xbb\xbf":
            file.seek(0)
        for row in ijson.items(file, "item"):
            try:
                yield _checked(msgspec.convert(row, _Listed))
            except msgspec.ValidationError:
                yield _NO_MODEL
        return
    first = file.readline(_MAX_LINE_BYTES)
    try:
        yield _checked(_decode(first.removeprefix(b"\xef\xbb\xbf")))
    except msgspec.MsgspecError:
        file.seek(0)
        if not first.strip().startswith(b"{") or first.strip().endswith(b"}"):
            file.readline(_MAX_LINE_BYTES)
            yield _NO_MODEL
        else:  # one object over several lines
            try:
                yield _checked(_decode(file.read(_MAX_LINE_BYTES)))
            except msgspec.MsgspecError:
                yield _NO_MODEL
            return
    while line := file.readline(_MAX_LINE_BYTES):
        if line.strip():
            try:
                yield _checked(_decode(line))
            except msgspec.MsgspecError:
                yield _NO_MODEL


_NO_MODEL = "is no model with an id and its files"


def _checked(row: _Listed) -> _Listed | str:
    """Return a row of a listing, or why it cannot be used."""
    return row if row.id or row.modelId else _NO_MODEL


_ROW = (
    b'{"id": "acme/leaf", "sha": "%b", "tags": ["license:mit", "base_model:adapter:acme/tree"], '
    b'"siblings": [{"rfilename": "README.md"}, ' % (b"0" * 40)
)
_LFS = b'{"rfilename": "unet/model.safetensors", "lfs": {"sha256": "%b"}, ' % (b"ab" * 32)
_FILE = _LFS + b'"xetHash": "%b"}]}' % (b"cd" * 32)
_STATES = (
    ("artefact", "sha256:" + "ab" * 32, "model.safetensors"),
    ("artefact", "xet:" + "cd" * 32, "model.safetensors"),
    ("licence", "mit", ""),
    ("base_model", "acme/tree", "adapter"),
)
EXAMPLES = (
    ReaderExample("models.jsonl", _ROW + _FILE + b"\n" + _ROW + _FILE + b"\nbroken\n", _STATES, gaps=("table",)),
    ReaderExample("models.json", b"[" + _ROW + _FILE + b"]", _STATES),
    ReaderExample("model.json", (_ROW + _FILE).replace(b", ", b",\n"), _STATES),
)
