"""C2PA manifests in weights are named as gaps."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from auditor.blob import Blob
from auditor.model import Gap, Place
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part
from auditor.readers import other_weights, safetensors
from auditor.syntax.c2pa import C2PA_UNREAD
from tests.weights import safetensors_file

WEIGHTS = {"w": np.zeros((2, 2), np.float32)}


def model_blob(path: Path) -> Blob:
    """A file in a model's folder."""
    return Blob(str(path), path.name, path.stat().st_size, "model", "acme/leaf")


def test_a_manifest_in_a_safetensors_header_is_a_gap(tmp_path: Path) -> None:
    path = safetensors_file(tmp_path / "m.safetensors", WEIGHTS, {"c2pa:manifest": "AAAA"})
    (part,) = safetensors.read([model_blob(path)], ReadOptions())
    assert isinstance(part, Part)
    assert part.subject.gaps == (Gap("provenance", C2PA_UNREAD, Place("m.safetensors")),)


def test_a_manifest_in_onnx_metadata_is_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"\x08\x07" + bytes(5_000_000) + b"r\x12\n\rc2pa:manifest\x12\x04AAAA")
    (part,) = other_weights.read([model_blob(path)], ReadOptions())
    assert isinstance(part, Part)
    assert part.subject.gaps == (Gap("provenance", C2PA_UNREAD, Place("m.onnx")),)


def test_weights_without_a_manifest_have_no_such_gap(tmp_path: Path) -> None:
    path = safetensors_file(tmp_path / "m.safetensors", WEIGHTS, {"format": "pt"})
    (part,) = safetensors.read([model_blob(path)], ReadOptions())
    assert isinstance(part, Part)
    assert part.subject.gaps == ()
