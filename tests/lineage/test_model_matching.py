from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from auditor.known.open_list import open_list
from auditor.lineage.model_matching import match_models
from auditor.model import Place, Statement, Subject

DIGEST = "ab" * 32


def model(name: str, digest: str, source: str = "computed") -> Subject:
    place = Place("models/m/model.safetensors")
    return Subject("model", name, "", (Statement("artefact", f"sha256:{digest}", "model.safetensors", place, source),))


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "models.csv"
    path.write_text(f"sha256,url\n{DIGEST},\n,https://huggingface.co/org/listed\n")
    return path


def test_a_listed_file_is_a_match_and_a_listed_name_a_lead(listed: Path, tmp_path: Path) -> None:
    known = open_list(listed, means="model", into=tmp_path / "list")
    subjects = [
        model("o/copy", DIGEST),
        model("o/pointer", DIGEST, "lfs-pointer"),
        model("o/other", "cd" * 32),
        Subject("model", "org/listed", "", (Statement("card", "front-matter"),)),
        Subject("dataset", "org/data", "", (Statement("artefact", f"sha256:{DIGEST}"),)),
    ]
    found = [
        (r["name"], r["algorithm"], r["basis"], r["means"])
        for r in match_models(subjects, [known], Counter(), Counter()).to_pylist()
    ]
    assert found == [
        ("o/copy", "sha256", "computed", "model"),
        ("o/pointer", "sha256", "declared", "model"),
        ("org/listed", "name", "declared", "model"),
    ]


def test_a_list_of_samples_is_never_compared_with_weights(listed: Path, tmp_path: Path) -> None:
    known = open_list(listed, means="csam", into=tmp_path / "list")
    assert match_models([model("o/copy", DIGEST)], [known], Counter(), Counter()).num_rows == 0
