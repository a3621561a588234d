"""Reads signatures of models (OpenSSF Model Signing 1.0): the digests that a Sigstore bundle lists, unverified.

What is listed is a claim: who signed it is not checked. Listed files beside the signature are compared with their
digests. The bundle: sigstore/protobuf-specs; the statement in it: in-toto/attestation; its predicate:
ossf/model-signing-spec.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.model import Gap, Place, Statement, Subject
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import MAX_VALUE_CHARACTERS, Part
from auditor.readers import ReaderExample
from auditor.safe_open import open_regular_file
from auditor.syntax.plain_json import READ_LIMIT, iter_objects, iter_strings, load_json_object
from auditor.syntax.text_encoding import decode_text

UNREAD_GAP = "provenance"
SOURCE = "signature"
MAX_LISTED_FILES = 20_000
# Where only headers of weights are read, so many bytes of the listed files of a signature are compared at most.
MAX_COMPARED_BYTES = 1 << 30
_CHUNK_BYTES = 1 << 20
_PREDICATES = ("https://model_signing/signature/v1.0", "https://model_signing/Digests/v0.1")
_ALGORITHMS = {"sha256": 64, "sha384": 96, "sha512": 128, "blake2b": 128}  # and the digits of a digest
_UNVERIFIED = "claimed by a signature that was not verified"
_HEX = re.compile(r"[0-9a-f]+")
_NO_SIGNATURE = "a Sigstore bundle that is no signature of a model"


class _Listed(NamedTuple):
    """A file that a signature lists, by its path beside the signature."""

    name: str
    algorithm: str
    digest: str


def claims(blob: Blob, head: bytes) -> int:
    """Claim a Sigstore bundle by its content."""
    if blob.holder or not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return 0
    return 75 if b"application/vnd.dev.sigstore.bundle" in head or b'"dsseEnvelope"' in head else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Unread]:
    """Yield what each signature claims of its model's files, and whether they fit."""
    for blob in blobs:
        try:
            yield _part(blob, blob.read(READ_LIMIT + 1), None if options.weights == "full" else MAX_COMPARED_BYTES)
        except Unreadable as error:
            is_other = str(error) == _NO_SIGNATURE
            yield Unread(blob.uri, str(error), skipped=is_other, blob=blob)


def _part(blob: Blob, data: bytes, limit: int | None) -> Part:
    """Return what a model's signature claims, and what came of comparing up to ``limit`` bytes of its files."""
    listed, faults = _listed_files(data)
    place = Place(blob.uri)
    statements: list[Statement] = []
    gaps = [Gap("provenance", fault, place) for fault in faults]
    for file, outcome in zip(listed, _outcomes(blob, listed, limit), strict=True):
        name = file.name[:MAX_VALUE_CHARACTERS]
        if file.algorithm == "sha256":
            artefact = f"sha256:{file.digest}"
            statements.append(Statement("artefact", artefact, name.rpartition("/")[2], place, SOURCE, _UNVERIFIED))
        statements.append(Statement("signed_file", name, outcome, place, SOURCE, f"{file.algorithm}; {_UNVERIFIED}"))
    ref = blob.ref("model")
    return Part(Subject(ref.kind, ref.name, ref.revision, tuple(dict.fromkeys(statements)), tuple(gaps)))


def _listed_files(data: bytes) -> tuple[list[_Listed], list[str]]:
    """Return the files that a model's signature lists, and what could not be read. Raises :class:`Unreadable`."""
    if len(data) > READ_LIMIT:
        raise Unreadable(f"a signature of more than {READ_LIMIT:,} bytes")
    bundle = load_json_object(decode_text(data)[0])
    envelope = bundle.get("dsseEnvelope")
    payload = envelope.get("payload") if isinstance(envelope, Mapping) else None
    if not isinstance(payload, str):
        raise Unreadable(_NO_SIGNATURE)
    try:
        statement = load_json_object(decode_text(base64.b64decode(payload, validate=True))[0])
    except (binascii.Error, ValueError) as error:
        raise Unreadable("a signature whose payload is not Base64") from error
    if statement.get("predicateType") not in _PREDICATES:
        raise Unreadable(_NO_SIGNATURE)
    predicate = statement.get("predicate")
    resources = list(iter_objects(predicate.get("resources"))) if isinstance(predicate, Mapping) else []
    rows = [(file.get("name"), file.get("algorithm"), file.get("digest")) for file in resources]
    if not rows:  # version 0.1 lists the files as the statement's subjects
        for file in iter_objects(statement.get("subject")):
            digests = file.get("digest")
            for algorithm, digest in digests.items() if isinstance(digests, Mapping) else ():
                rows.append((file.get("name"), algorithm, digest))
    faults = [f"a signature that lists more than {MAX_LISTED_FILES:,} files"] if len(rows) > MAX_LISTED_FILES else []
    listed = []
    for row in rows[:MAX_LISTED_FILES]:
        words = list(iter_strings(list(row)))
        if len(words) == 3 and _HEX.fullmatch(words[2].lower()):
            listed.append(_Listed(words[0], words[1].lower(), words[2].lower()))
        elif not faults:
            faults.append("a signature that lists a file without a digest")
    if not listed and not faults:
        faults.append("a signature that lists no files")
    return listed, faults


def _outcomes(blob: Blob, listed: list[_Listed], limit: int | None) -> list[str]:
    """Return for each file in a model's signature whether its digest fits: fits, differs, is missing, not compared."""
    if blob.holder or blob.link or not blob.whole or not os.path.isfile(blob.path):
        return ["was not compared"] * len(listed)
    folder = os.path.realpath(os.path.dirname(blob.path))
    paths = [_path_beside(folder, file.name) for file in listed]
    if not any(path and os.path.lexists(path) for path in paths):
        return ["was not compared"] * len(listed)  # the signature lies elsewhere than its files
    left = limit
    outcomes = []
    for file, path in zip(listed, paths, strict=True):
        if path and not os.path.lexists(path):
            outcomes.append("is missing")
            continue
        size = os.path.getsize(path) if path else 0
        if not path or len(file.digest) != _ALGORITHMS.get(file.algorithm) or (left is not None and size > left):
            outcomes.append("was not compared")
            continue
        left = None if left is None else left - size
        outcomes.append(_compare(path, file))
    return outcomes


def _path_beside(folder: str, name: str) -> str:
    """Return where a file in a model's signature lies; "" for a name that leads out of the folder, also by a link."""
    parts = name.split("/")
    if any(part in ("", ".", "..") or "\\" in part or "\0" in part or ":" in part for part in parts):
        return ""
    path = os.path.join(folder, *parts)
    return path if os.path.realpath(path) == path else ""


def _compare(path: str, file: _Listed) -> str:
    """Return whether a file has the digest that a model's signature lists."""
    digest = hashlib.new(file.algorithm)
    try:
        with open(path, "rb", opener=open_regular_file) as content:
            while chunk := content.read(_CHUNK_BYTES):
                digest.update(chunk)
    except (OSError, Unreadable):
        return "was not compared"
    return "fits" if digest.hexdigest() == file.digest else "differs"


def _bundle(statement: str) -> bytes:
    """Return a bundle with this statement, for the example of the reader of model signatures."""
    payload = base64.b64encode(statement.encode()).decode()
    return b'{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": {"payload": "%b"}}' % (
        payload.encode()
    )


_DIGEST = "ab" * 32
EXAMPLES = (
    ReaderExample(
        "model.sig",
        _bundle(
            '{"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://model_signing/signature/v1.0",'
            ' "predicate": {"resources": [{"name": "leaf/model.bin", "algorithm": "sha256",'
            f' "digest": "{_DIGEST}"}}]}}}}'
        ),
        (("artefact", f"sha256:{_DIGEST}", "model.bin"), ("signed_file", "leaf/model.bin", "was not compared")),
    ),
    ReaderExample("wheel.sigstore.json", _bundle('{"predicateType": "https://docs.pypi.org/"}'), unread=_NO_SIGNATURE),
    ReaderExample("model.sig", b'{"dsseEnvelope": {"payload": "*"}}', unread="a signature whose payload is not Base64"),
)
