"""A list of models opens cases for the same weights, and for nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from auditor.pipeline.audit import audit
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
    assert (report.tally.samples.skipped, report.tally.coverage) == (1, {})


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


DATA = Path(__file__).parents[1] / "data"


def model_findings(out: Path, *targets: Path, known: Path) -> set[tuple[str, str]]:
    """(rule, subject) of all that is said of listed models."""
    found = audit(*targets, known=[known], out=out, workers=1).findings
    return {(f.rule, f.subject) for f in found if f.rule.startswith(("linked", "listed"))}


def test_the_example_shows_a_reupload_under_an_edited_header_and_a_direct_derivative(tmp_path: Path) -> None:
    report = audit(DATA / "hub", known=[DATA / "listed-models.csv"], out=tmp_path / "run", workers=2)
    remarks = {(f.rule, f.subject): f.remark for f in report.findings if f.rule.startswith("linked")}
    assert remarks == {
        ("linked-same-weights", "northlight/paint-base"): "by sha256-tensors: general; computed from its files",
        ("linked-same-weights", "mirror/paint-best"): "by sha256-tensors: general; computed from its files",
        ("linked-same-weights", "atelier/paint-harbour"): (
            "by sha256: dedicated, 2 confirmations, the project's own tests; computed from its files"
        ),
        ("linked-dedicated-derivative", "mixer/paint-blend"): (
            "made from atelier/paint-harbour, says its card; "
            "the list says of that: dedicated, 2 confirmations, the project's own tests"
        ),
    }
    assert {(case.ground, case.subject) for case in report.cases} == {
        ("linked", "atelier/paint-harbour"),
        ("linked", "mirror/paint-best"),
        ("linked", "mixer/paint-blend"),
    }


def test_short_hashes_and_named_bases_are_leads_and_open_no_case(tmp_path: Path) -> None:
    weights = {"layer.weight": np.arange(1024, dtype=np.float32).reshape(32, 32)}
    mine = safetensors_file(tmp_path / "models" / "acme" / "one" / "model.safetensors", weights)
    digest = hashlib.sha256(mine.read_bytes()).hexdigest()
    child = tmp_path / "models" / "b" / "child"
    child.mkdir(parents=True)
    (child / "README.md").write_text("---\nbase_model: gone/listed\n---\n# A child\n")
    known = tmp_path / "models.csv"
    known.write_text(f"# name: authority\n# version: 1\n# means: model\nautov2,name\n{digest[:10]},\n,gone/listed\n")
    report = audit(tmp_path / "models", known=[known], out=tmp_path / "run", workers=1)
    assert report.cases == ()
    assert {(f.subject, f.fact) for f in report.findings if f.rule == "listed-model-lead"} == {
        ("acme/one", "leads to a model of list authority (short-hash)"),
        ("b/child", "leads to a model of list authority (base)"),
    }


def test_autov3_recomputed_from_the_file_is_a_match(tmp_path: Path) -> None:
    weights = {"layer.weight": np.arange(1024, dtype=np.float32).reshape(32, 32)}
    one = safetensors_file(tmp_path / "models" / "acme" / "one" / "model.safetensors", weights, {"title": "another"})
    data = one.read_bytes()
    short = hashlib.sha256(data[8 + int.from_bytes(data[:8], "little") :]).hexdigest()[:12]
    known = tmp_path / "models.csv"
    known.write_text(f"# name: authority\n# version: 1\n# means: model\nautov3\n{short}\n")
    assert model_findings(tmp_path / "run", tmp_path / "models", known=known) == {("linked-same-weights", "acme/one")}


def test_an_adapter_of_a_listed_file_that_is_not_here_is_linked_by_its_header(tmp_path: Path) -> None:
    weights = {"lora_unet_x.lora_up.weight": np.ones((8, 4), np.float16)}
    header = {"ss_new_sd_model_hash": "ab" * 32, "ss_network_module": "networks.lora"}
    safetensors_file(tmp_path / "models" / "acme" / "lora" / "lora.safetensors", weights, header)
    known = tmp_path / "models.csv"
    known.write_text(f"# name: authority\n# version: 1\n# means: model\nsha256,purpose\n{'ab' * 32},dedicated\n")
    assert model_findings(tmp_path / "run", tmp_path / "models", known=known) == {
        ("linked-dedicated-derivative", "acme/lora")
    }


def test_a_general_model_that_is_listed_links_none_of_its_fine_tunes(tmp_path: Path) -> None:
    weights = {"layer.weight": np.arange(64, dtype=np.float32).reshape(8, 8)}
    base = safetensors_file(tmp_path / "models" / "acme" / "base" / "model.safetensors", weights)
    child = tmp_path / "models" / "b" / "child"
    child.mkdir(parents=True)
    (child / "README.md").write_text("---\nbase_model: acme/base\n---\n# A child\n")
    known = tmp_path / "models.csv"
    digest = hashlib.sha256(base.read_bytes()).hexdigest()
    known.write_text(f"# name: authority\n# version: 1\n# means: model\nsha256,purpose\n{digest},general\n")
    assert model_findings(tmp_path / "run", tmp_path / "models", known=known) == {("linked-same-weights", "acme/base")}


def test_a_pointer_that_claims_a_listed_digest_is_a_lead_and_opens_no_case(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "acme" / "one"
    folder.mkdir(parents=True)
    digest = hashlib.sha256(b"weights elsewhere").hexdigest()
    (folder / "model.safetensors").write_text(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 17\n"
    )
    known = tmp_path / "models.csv"
    known.write_text(f"# name: authority\n# version: 1\n# means: model\nsha256\n{digest}\n")
    report = audit(tmp_path / "models", known=[known], out=tmp_path / "run", workers=1)
    assert [
        (f.severity, f.fact) for f in report.findings if f.rule == "listed-model-lead" and f.outcome == "FLAGGED"
    ] == [("warning", "leads to a model of list authority (claimed-weights)")]
    assert report.cases == ()
