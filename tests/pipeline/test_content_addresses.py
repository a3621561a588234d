"""Content addresses of weights files: computed where they are asked for, and matched by what a hub lists."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter
from pathlib import Path

import hf_xet
import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.errors import Unreadable
from auditor.hashing.weight_digests import weight_file_digests, xet_digest
from auditor.known.open_list import open_list
from auditor.lineage.model_matching import match_models
from auditor.model import HUB_LISTING, Statement, Subject
from auditor.pipeline.audit import audit
from auditor.pipeline.report import Report
from auditor.reporting.coverage import chance_matches
from tests.weights import safetensors_bytes

# The Xet specification's hash of a file of one chunk, of the bytes 0 to 255 sixteen times (IETF draft-denis-xet-03).
XET_OF_4096_BYTES = "e3d10b180a301f1c404c65e6ed3ec256dfa7d123804fdee6d6b13f2860af9f14"
# The first official test vector: no bytes (BLAKE3-team/BLAKE3, test_vectors.json).
BLAKE3_OF_NOTHING = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"


def weights_folder(folder: Path) -> bytes:
    import numpy as np

    data = safetensors_bytes({"layer.weight": np.arange(1 << 19, dtype=np.float32)})
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(data)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Model\n")
    return data


def models_list(folder: Path, columns: str, *rows: str) -> Path:
    path = folder / "models.csv"
    path.write_text("\n".join(["# name: authority", "# version: 1", "# means: model", columns, *rows]) + "\n")
    return path


def stated_digests(run: Path) -> set[str]:
    output = CliRunner().invoke(main, ["facts", str(run)]).stdout
    facts = map(json.loads, output.splitlines())
    return {fact["value"].partition(":")[0] for fact in facts if fact["key"] == "artefact"}


def model_rules(report: Report) -> dict[str, str]:
    return {found.rule: found.remark for found in report.findings if found.rule.startswith(("linked", "listed"))}


def test_the_xet_hash_is_that_of_the_specification(tmp_path: Path) -> None:
    file = tmp_path / "bytes"
    file.write_bytes(bytes(range(256)) * 16)
    assert xet_digest(str(file)).value == XET_OF_4096_BYTES == hf_xet.hash_files([str(file)])[0].hash
    with pytest.raises(Unreadable, match="its Xet hash cannot be computed"):
        xet_digest(str(tmp_path / "none"))


def test_one_pass_gives_each_digest_that_is_asked_for_and_no_other(tmp_path: Path) -> None:
    data = bytes(range(256)) * 8192
    (tmp_path / "weights").write_bytes(data)
    with open(tmp_path / "weights", "rb") as file:
        found = {d.algorithm: d.value for d in weight_file_digests(file, algorithms=["blake3", "crc32", "autov1"])}
    assert found.keys() == {"blake3", "crc32", "autov1"}
    assert found["crc32"] == f"{zlib.crc32(data):08x}"
    assert found["autov1"] == hashlib.sha256(data[0x100000:0x110000]).hexdigest()[:8]
    (tmp_path / "empty").touch()
    with open(tmp_path / "empty", "rb") as file:
        assert {d.value for d in weight_file_digests(file, algorithms=["blake3"])} == {BLAKE3_OF_NOTHING}


def test_digests_are_computed_only_where_they_are_asked_for(tmp_path: Path) -> None:
    weights_folder(tmp_path / "model")
    for digests, expected in (
        ((), set()),
        (("xet", "blake3"), {"xet", "blake3"}),
        (("sha256",), {"sha256", "sha256-tensors"}),
    ):
        run = tmp_path / f"run-{len(digests)}-{'-'.join(digests)}"
        audit(tmp_path / "model", digests=digests, out=run, workers=1)
        assert stated_digests(run) == expected
    known = models_list(tmp_path, "id,blake3", f"1,{'ab' * 32}")
    audit(tmp_path / "model", known=[known], out=tmp_path / "by-list", workers=1)
    assert stated_digests(tmp_path / "by-list") == {"blake3"}


@pytest.mark.parametrize("algorithm", ["xet", "blake3"])
def test_the_same_file_by_its_content_address_is_linked(algorithm: str, tmp_path: Path) -> None:
    data = weights_folder(tmp_path / "model")
    if algorithm == "xet":
        digest = xet_digest(str(tmp_path / "model" / "model.safetensors")).value
    else:
        from blake3 import blake3

        digest = blake3(data).hexdigest()
    known = models_list(tmp_path, f"id,{algorithm},purpose", f"1,{digest},general")
    report = audit(tmp_path / "model", known=[known], out=tmp_path / "run", workers=1)
    assert [case.ground for case in report.cases] == ["linked"]
    assert model_rules(report) == {"linked-same-weights": f"by {algorithm}: general; computed from its files"}


def test_short_hashes_are_leads_with_the_matches_that_chance_would_give(tmp_path: Path) -> None:
    data = weights_folder(tmp_path / "model")
    crc32, autov1 = f"{zlib.crc32(data):08x}", hashlib.sha256(data[0x100000:0x110000]).hexdigest()[:8]
    known = models_list(tmp_path, "id,crc32,autov1,purpose", f"1,{crc32},{autov1},dedicated")
    report = audit(tmp_path / "model", known=[known], out=tmp_path / "run", workers=1)
    assert report.cases == ()
    remarks = model_rules(report)
    assert remarks.keys() == {"listed-model-lead"}
    assert "short-hash (crc32, 32 bits)" in remarks["listed-model-lead"]
    # One hash and one entry: 1 / 2**32.
    assert chance_matches(report) == tuple(
        f"List authority: 1 {name} hashes of 32 bits compared with 1 entries; about 2.3e-10 matches are expected by "
        "coincidence. Such a match is a lead only."
        for name in ("autov1", "crc32")
    )


def test_a_hubs_listing_is_matched_without_a_byte_of_the_files(tmp_path: Path) -> None:
    files = [{"rfilename": "model.safetensors", "lfs": {"sha256": "ab" * 32}, "xetHash": "cd" * 32}]
    rows = [
        {"id": f"acme/{name}", "siblings": files if name == "listed" else files[:0]} for name in ("listed", "other")
    ]
    rows[1]["siblings"] = [{"rfilename": "other.safetensors", "lfs": {"sha256": "ef" * 32}, "xetHash": "01" * 32}]
    listing = tmp_path / "models.jsonl"
    listing.write_text("\n".join(map(json.dumps, rows)))
    known = models_list(tmp_path, "id,xet", f"1,{'cd' * 32}")
    report = audit(listing, known=[known], out=tmp_path / "run", workers=1)
    leads = {found.subject for found in report.findings if found.rule == "listed-model-lead"}
    assert leads == {"acme/listed"}
    assert report.cases == ()
    assert report.subjects == {"model": 2}
    assert report.exit_code() == 0


def test_models_that_are_matched_together_keep_their_names_and_revisions(tmp_path: Path) -> None:
    known = models_list(tmp_path, "id,sha256,name", f"1,{'ab' * 32},", "2,,acme/by-name")
    opened = open_list(str(known), into=tmp_path)
    artefact = Statement("artefact", f"sha256:{'ab' * 32}", "m.safetensors", source=HUB_LISTING)
    models = [
        Subject("model", "acme/other", "r0", (Statement("artefact", f"sha256:{'00' * 32}", "m", source="computed"),)),
        Subject("model", "acme/copy", "r1", (artefact,)),
        Subject("dataset", "acme/data", "r2", (artefact,)),
        Subject("model", "acme/by-name", "r3", (Statement("card", "none"),)),
        Subject("model", "acme/child", "r4", (Statement("base_model", "acme/by-name"),)),
    ]
    compared, coverage = Counter[str](), Counter[str]()
    hits = match_models(models, [opened], compared, coverage)
    found = {(row["name"], row["revision"], row["algorithm"], row["row"]) for row in hits.to_pylist()}
    assert found == {
        ("acme/copy", "r1", "sha256", 0),
        ("acme/by-name", "r3", "name", 0),
        ("acme/child", "r4", "base-name", 0),
    }
    assert coverage == {}


def test_an_unknown_digest_is_a_misuse(tmp_path: Path) -> None:
    weights_folder(tmp_path / "model")
    result = CliRunner().invoke(main, ["scan", str(tmp_path / "model"), "--digests", "sha256,md5"])
    assert result.exit_code == 2
    assert "'md5': write one or more of sha256, xet, blake3" in result.output
