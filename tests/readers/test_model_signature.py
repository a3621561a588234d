"""Signatures of models: what they list is a claim, and is compared with the files beside them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path

import pytest

from auditor.blob import Blob, Unread
from auditor.model import Statement
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part
from auditor.readers import HEAD_BYTES, model_signature, reader_name
from auditor.sources.folder import blobs


def bundle(resources: list[dict[str, str]]) -> bytes:
    """Return a bundle that lists these files."""
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {"resources": resources},
    }
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    media = "application/vnd.dev.sigstore.bundle.v0.3+json"
    return json.dumps({"mediaType": media, "dsseEnvelope": {"payload": payload}}).encode()


def listed(name: str, content: bytes, algorithm: str = "sha256") -> dict[str, str]:
    """Return a file as a signature lists it."""
    return {"name": name, "algorithm": algorithm, "digest": hashlib.new(algorithm, content).hexdigest()}


def outcomes(folder: Path, resources: list[dict[str, str]]) -> dict[str, str]:
    """Return what came of each file that the signature in the folder lists."""
    data = bundle(resources)
    (folder / "model.sig").write_bytes(data)
    blob = Blob(str(folder / "model.sig"), "model.sig", len(data), "model", "acme/leaf")
    (part,) = model_signature.read([blob], ReadOptions())
    assert isinstance(part, Part)
    return {one.value: one.relation for one in part.subject.statements_for("signed_file")}


def test_files_fit_differ_or_are_missing(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.bin").write_bytes(b"a")
    (tmp_path / "sub" / "b.bin").write_bytes(b"changed")
    found = outcomes(
        tmp_path,
        [listed("a.bin", b"a", "blake2b"), listed("sub/b.bin", b"b"), listed("c.bin", b"c")],
    )
    assert found == {"a.bin": "fits", "sub/b.bin": "differs", "c.bin": "is missing"}


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "a/../../secret", "a\\b", "link/secret"])
def test_a_name_that_leads_out_of_the_folder_is_not_opened(name: str, tmp_path: Path) -> None:
    inside = tmp_path / "model"
    inside.mkdir()
    (tmp_path / "secret").write_bytes(b"s")
    (inside / "a.bin").write_bytes(b"a")
    os.symlink(tmp_path, inside / "link")
    assert outcomes(inside, [listed("a.bin", b"a"), listed(name, b"s")])[name] == "was not compared"


def test_what_a_signature_lists_is_a_claim(tmp_path: Path) -> None:
    data = bundle([listed("a.bin", b"a")])
    (tmp_path / "model.sig").write_bytes(data)
    blob = Blob(str(tmp_path / "model.sig"), "model.sig", len(data), "model", "m")
    (part,) = model_signature.read([blob], ReadOptions())
    assert isinstance(part, Part)
    digest = f"sha256:{hashlib.sha256(b'a').hexdigest()}"
    assert part.subject.statements[0] == Statement(
        "artefact", digest, "a.bin", part.subject.statements[0].place, "signature",
        "claimed by a signature that was not verified",
    )  # fmt: skip


def test_a_large_file_is_compared_only_where_weights_are_read_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_signature, "MAX_COMPARED_BYTES", 10)
    (tmp_path / "a.bin").write_bytes(b"a" * 11)
    assert outcomes(tmp_path, [listed("a.bin", b"b")]) == {"a.bin": "was not compared"}
    blob = Blob(str(tmp_path / "model.sig"), "model.sig", (tmp_path / "model.sig").stat().st_size, "model", "m")
    (part,) = model_signature.read([blob], ReadOptions(weights="full"))
    assert isinstance(part, Part)
    assert [one.relation for one in part.subject.statements_for("signed_file")] == ["differs"]


def test_a_signature_without_files_leaves_a_gap(tmp_path: Path) -> None:
    data = bundle([])
    (tmp_path / "model.sig").write_bytes(data)
    blob = Blob(str(tmp_path / "model.sig"), "model.sig", len(data), "model", "m")
    (part,) = model_signature.read([blob], ReadOptions())
    assert isinstance(part, Part)
    assert [gap.why for gap in part.subject.gaps] == ["a signature that lists no files"]


@pytest.mark.corpus
def test_every_published_test_vector_fits_its_files(corpus: Path) -> None:
    """The vectors of sigstore/model-transparency: each signature stands beside the files that it signs."""
    folder = corpus / "08-manifests-and-hash-lists" / "model-signing"
    found = [b for b in blobs(str(folder)) if isinstance(b, Blob) and b.basename == "model.sig"]
    assert len(found) >= 7
    for blob in found:
        assert reader_name(blob, blob.read(HEAD_BYTES)) == "model_signature"
        (part,) = model_signature.read([blob], ReadOptions())
        assert not isinstance(part, Unread)
        outcomes = {one.value: one.relation for one in part.subject.statements_for("signed_file")}
        # A signature of one file calls it ".", so that nothing tells which file it is.
        expected = {name: "was not compared" if name == "." else "fits" for name in outcomes}
        assert outcomes == expected, blob.uri
