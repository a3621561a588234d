"""The ML-BOM is valid CycloneDX 1.7, says who says what, and holds no digest of a sample."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from auditor.facts import subjects_to_rows
from auditor.model import Gap, Place, Ref, Statement, Subject
from auditor.pipeline.report import Report
from auditor.policy.vocabularies import load_vocabularies
from auditor.render import cyclonedx
from tests.render.test_hostile_text import HOSTILE, with_text_everywhere

Show = Callable[..., str]
CARD = Place("models/o/m/README.md", 2)
DIGEST = "sha256:" + "ab" * 32
MODEL = (
    Statement("task", "text-to-image", "", CARD, "card"),
    Statement("architecture", "stable-diffusion-v1", "", Place("models/o/m/m.safetensors"), "header"),
    Statement("licence", "MIT", "", CARD, "card"),
    Statement("licence_id", "mit", "", CARD, "card"),
    Statement("base_model", "o/base", "finetune", CARD, "card"),
    Statement("trained_on", "o/pictures", "", CARD, "card"),
    Statement("trained_on", "o/elsewhere", "", CARD, "card"),
    Statement("artefact", DIGEST, "m.safetensors", Place("models/o/m/m.safetensors"), "header"),
    Statement("artefact", "sha256-tensors:" + "cd" * 32, "m.safetensors", Place("models/o/m/m.safetensors"), "header"),
    Statement("clause", "explicit", "", CARD, "vocabulary"),
    Statement("known_model", "CANARY-list", "same-weights", CARD, "lineage", "by sha256"),
)
DATASET = (
    Statement("licence_id", "house-licence", "", Place("datasets/o/pictures/README.md", 3), "card"),
    Statement("known_content", "CANARY-list", "exact"),
    Statement("distribution", "sha256:" + "ef" * 32),
)


@pytest.fixture
def stated(report: Report, tmp_path: Path) -> Report:
    """The report of a run with one model and its dataset."""
    facts = tmp_path / "facts"
    facts.mkdir()
    subjects = [Subject("model", "o/m", "", MODEL), Subject("dataset", "o/pictures", "", DATASET)]
    pq.write_table(pa.Table.from_batches([subjects_to_rows(subjects)]), facts / "0.parquet")
    gap = Ref("dataset", "o/pictures"), Gap("samples", "the picture is truncated")
    return replace(report, facts=facts, findings=(), gaps=(gap,), subjects={"model": 1, "dataset": 1})


def _bom(report: Report, shown: Show, **options: Any) -> dict[str, Any]:
    """The bill of materials, after its validation by the official schema."""
    text = shown(report, "cyclonedx", **options)
    assert JsonStrictValidator(SchemaVersion.V1_7).validate_str(text) is None
    bom: dict[str, Any] = json.loads(text)
    return bom


def _at(bom: dict[str, Any], pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) names."""
    found: Any = bom
    for part in pointer.split("/")[1:]:
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found


@pytest.mark.parametrize("audience", ["author", "operator"])
def test_the_example_is_valid_by_the_official_schema(example: Report, shown: Show, audience: str) -> None:
    bom = _bom(example, shown, audience=audience)
    assert [one["name"] for one in bom["components"]][:3] == [
        "crawlers/web-pictures",
        "northlight/street-scenes",
        "northlight/tiles",
    ]
    assert len(bom["components"]) == 13


def test_every_reference_has_what_it_refers_to_and_every_name_is_given_once(example: Report, shown: Show) -> None:
    bom = _bom(example, shown)
    tools = bom["metadata"]["tools"]["components"]
    named = [one["bom-ref"] for one in tools if "bom-ref" in one]
    for component in bom["components"]:
        named += [component["bom-ref"], *(file["bom-ref"] for file in component.get("components", ()))]
    assert len(named) == len(set(named)) > 20
    used = {one["attributedTo"] for one in bom["citations"]}
    used |= {name for one in bom["annotations"] for name in one["subjects"]}
    used |= {name for one in bom["compositions"] for name in one["assemblies"]}
    datasets = [
        dataset
        for component in bom["components"]
        for dataset in component.get("modelCard", {}).get("modelParameters", {}).get("datasets", ())
    ]
    used |= {dataset["ref"] for dataset in datasets if "ref" in dataset}
    assert used <= set(named)
    pointers = [pointer for one in bom["citations"] for pointer in one["pointers"]]
    assert len(pointers) == len(set(pointers)) > 40
    assert all(_at(bom, pointer) for pointer in pointers)


def test_a_model_has_its_card_parents_data_licence_and_files(stated: Report, shown: Show) -> None:
    bom = _bom(stated, shown)
    dataset, model = bom["components"]
    assert model["type"] == "machine-learning-model"
    assert model["licenses"] == [{"license": {"id": "MIT", "acknowledgement": "declared"}}]
    assert [(one["type"], one["name"]) for one in model["pedigree"]["ancestors"]] == [
        ("machine-learning-model", "o/base")
    ]
    assert model["pedigree"]["ancestors"][0]["properties"] == [
        {"name": "auditor:relation", "value": "finetune of this model"}
    ]
    assert model["modelCard"]["modelParameters"] == {
        "task": "text-to-image",
        "modelArchitecture": "stable-diffusion-v1",
        "datasets": [{"type": "dataset", "name": "o/elsewhere"}, {"ref": "dataset-1"}],
    }
    files = {one["name"]: one.get("hashes") for one in model["components"]}
    assert files == {
        "models/o/m/m.safetensors": [{"alg": "SHA-256", "content": "ab" * 32}],
        "models/o/m/README.md": None,
    }
    assert (dataset["type"], dataset["name"]) == ("data", "o/pictures")
    assert dataset["licenses"] == [{"license": {"name": "house-licence", "acknowledgement": "declared"}}]


def test_each_field_is_attributed_to_the_file_that_states_it(stated: Report, shown: Show) -> None:
    bom = _bom(stated, shown)
    names = {one["bom-ref"]: one["name"] for one in bom["components"][1]["components"]} | {"auditor": "auditor"}
    said = {
        pointer: (names[one["attributedTo"]], one["note"])
        for one in bom["citations"]
        for pointer in one["pointers"]
        if pointer.startswith("/components/1/")
    }
    assert said == {
        "/components/1/licenses/0": ("models/o/m/README.md", "card"),
        "/components/1/pedigree/ancestors/0": ("models/o/m/README.md", "card"),
        "/components/1/modelCard/modelParameters/task": ("models/o/m/README.md", "card"),
        "/components/1/modelCard/modelParameters/modelArchitecture": ("models/o/m/m.safetensors", "header"),
        "/components/1/modelCard/modelParameters/datasets/0": ("models/o/m/README.md", "card"),
        "/components/1/modelCard/modelParameters/datasets/1": ("models/o/m/README.md", "card"),
        "/components/1/modelCard/properties/0": ("auditor", "vocabulary"),
    }


def test_no_list_and_no_digest_of_a_sample_is_in_it(stated: Report, shown: Show) -> None:
    for audience in ("author", "operator"):
        text = shown(stated, "cyclonedx", audience=audience)
        assert "CANARY" not in text
        assert "ef" * 32 not in text


def test_what_was_not_read_is_incomplete_and_nothing_is_called_complete(stated: Report, shown: Show) -> None:
    assert _bom(stated, shown)["compositions"] == [
        {"aggregate": "incomplete", "assemblies": ["dataset-1"]},
        {"aggregate": "unknown", "assemblies": ["model-1"]},
    ]


def test_the_same_run_has_the_same_serial_number_and_another_run_another(stated: Report, shown: Show) -> None:
    first, again, later = (
        json.loads(shown(one, "cyclonedx"))["serialNumber"]
        for one in (stated, stated, replace(stated, finished="2026-01-06T09:00:42Z"))
    )
    assert first == again != later


def test_an_expression_of_known_licences_is_kept_as_one(stated: Report, shown: Show) -> None:
    def licences(written: str) -> Any:
        assert stated.facts is not None
        statements = (
            Statement("licence", written, "", CARD, "card"),
            Statement("licence_id", "mit", "", CARD, "card"),
            Statement("licence_id", "apache-2.0", "", CARD, "card"),
        )
        table = pa.Table.from_batches([subjects_to_rows([Subject("model", "o/m", "", statements)])])
        pq.write_table(table, stated.facts / "0.parquet")
        return _bom(stated, shown)["components"][0]["licenses"]

    assert licences("MIT OR Apache-2.0") == [{"expression": "MIT OR Apache-2.0", "acknowledgement": "declared"}]
    assert [one["license"]["id"] for one in licences("mit or ours")] == ["Apache-2.0", "MIT"]


def test_every_licence_of_the_vocabulary_has_an_id_that_the_schema_knows(stated: Report, shown: Show) -> None:
    assert stated.facts is not None
    known = load_vocabularies().licences.by_id
    statements = tuple(Statement("licence_id", name, "", CARD, "card") for name in known)
    table = pa.Table.from_batches([subjects_to_rows([Subject("model", "o/m", "", statements)])])
    pq.write_table(table, stated.facts / "0.parquet")
    licences = _bom(stated, shown)["components"][0]["licenses"]
    assert len(licences) >= len({licence.spdx or licence.id for licence in known.values()}) > 100


def test_models_beyond_the_limit_are_counted(stated: Report, shown: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stated.facts is not None
    monkeypatch.setattr(cyclonedx, "MAX_SUBJECTS", 2)
    subjects = [Subject("model", f"o/{number}", "", MODEL[:1]) for number in range(9)]
    pq.write_table(pa.Table.from_batches([subjects_to_rows(subjects)]), stated.facts / "0.parquet")
    bom = _bom(replace(stated, subjects={"model": 9}, gaps=()), shown)
    assert [one["name"] for one in bom["components"]] == ["o/0", "o/1"]
    assert {"name": "auditor:left-out", "value": "7 models and datasets beyond 2"} in bom["metadata"]["properties"]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_any_text_leaves_it_valid(report: Report, shown: Show, text: str) -> None:
    _bom(with_text_everywhere(report, text), shown, audience="operator")
