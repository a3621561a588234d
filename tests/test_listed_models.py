"""A list of models opens cases for the same weights, and for nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from auditor.runs import audit
from tests.pictures import jpeg, landscape
from tests.weights import safetensors_file


def test_the_same_file_under_another_name_is_linked_and_a_name_alone_is_a_lead(tmp_path: Path) -> None:
    hub = tmp_path / "models"
    values = {"layer.weight": np.arange(64, dtype=np.float32).reshape(8, 8)}
    listed = safetensors_file(hub / "acme" / "listed" / "model.safetensors", values)
    (hub / "other" / "copy").mkdir(parents=True)
    (hub / "other" / "copy" / "renamed.safetensors").write_bytes(listed.read_bytes())
    safetensors_file(hub / "third" / "unrelated" / "model.safetensors", {"layer.weight": values["layer.weight"] + 1})
    digest = hashlib.sha256(listed.read_bytes()).hexdigest()
    known = tmp_path / "models.csv"
    known.write_text(
        f"# name: authority\n# version: 1\n# holder: an authority\n# means: model\nid,sha256\nm1,{digest}\n"
    )
    report = audit(hub, known=[known], out=tmp_path / "run", workers=1)
    (case,) = report.cases
    assert case.ground == "linked"
    assert {case.subject, *(copy.name for copy in case.copies)} == {"acme/listed", "other/copy"}
    assert {finding.rule for finding in case.reasons} == {"linked-same-weights"}
    assert "third/unrelated" not in {finding.subject for finding in report.findings if "linked" in finding.rule}


def test_a_sample_is_never_compared_with_a_list_of_models(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "film.mp4").write_bytes(b"not a film")
    digest = hashlib.sha256(b"not a film").hexdigest()
    known = tmp_path / "models.csv"
    known.write_text(f"# name: authority\n# version: 1\n# means: model\nid,sha256\nm1,{digest}\n")
    report = audit(tmp_path / "data", known=[known], out=tmp_path / "run", workers=1)
    assert report.cases == ()
    assert (report.tally.files.skipped, report.tally.coverage) == (1, {})


def test_a_picture_beside_a_models_weights_that_matches_is_a_finding_and_no_case(tmp_path: Path) -> None:
    picture = jpeg(landscape(5, (160, 120)))
    folder = tmp_path / "models" / "acme" / "painter"
    safetensors_file(folder / "model.safetensors", {"layer.weight": np.ones((2, 2), np.float32)})
    (folder / "preview.jpg").write_bytes(picture)
    known = tmp_path / "known.csv"
    known.write_text(f"# name: demo\n# version: 1\n# means: csam\nid,md5\n1,{hashlib.md5(picture).hexdigest()}\n")
    report = audit(tmp_path / "models", known=[known], out=tmp_path / "run", workers=1)
    found = [(f.rule, f.subject, f.fact) for f in report.findings if f.severity == "error"]
    assert found == [("known-content-in-model", "acme/painter", "its files match entries of list demo (exact)")]
    assert report.cases == ()
