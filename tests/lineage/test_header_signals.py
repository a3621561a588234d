"""What a weights file's header says against what the file is, through a whole run."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from auditor.pipeline.audit import audit
from tests.weights import safetensors_bytes, safetensors_file


def test_an_embedded_hash_is_held_against_the_recomputed_one_and_the_header_against_the_card(tmp_path: Path) -> None:
    weights = {"layer.weight": np.arange(1024, dtype=np.float32).reshape(32, 32)}
    plain = safetensors_bytes(weights)
    digest = hashlib.sha256(plain[8 + int.from_bytes(plain[:8], "little") :]).hexdigest()
    for name, stated in (("o/true", digest), ("o/false", "00" * 32)):
        header = {"modelspec.hash_sha256": f"0x{stated}", "modelspec.license": "cc-by-nc-4.0"}
        safetensors_file(tmp_path / "models" / name / "model.safetensors", weights, header)
        (tmp_path / "models" / name / "README.md").write_text("---\nlicense: mit\n---\n# A model\n")
    by_weights = {weights: findings(tmp_path, weights) for weights in ("header", "full")}
    assert by_weights["full"] - by_weights["header"] >= {("header-hash-disagrees", "o/false")}
    assert ("header-hash-disagrees", "o/true") not in by_weights["full"]
    assert by_weights["header"] >= {("licence-header-disagrees", "o/true"), ("licence-header-disagrees", "o/false")}


def findings(tmp_path: Path, weights: str) -> set[tuple[str, str]]:
    report = audit(tmp_path / "models", out=tmp_path / weights, weights=weights, workers=1)
    return {(finding.rule, finding.subject) for finding in report.findings}
