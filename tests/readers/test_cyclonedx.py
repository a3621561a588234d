"""Bills of materials that name models."""

from __future__ import annotations

import json

from auditor.blob import Unread
from auditor.parts import Part
from auditor.readers import cyclonedx
from tests.readers.blobs import unopened_blob


def test_a_bill_of_several_models_is_several_subjects() -> None:
    bill = {
        "bomFormat": "CycloneDX",
        "metadata": {"component": {"type": "machine-learning-model", "name": "leaf", "version": "2"}},
        "components": [
            {"type": "library", "name": "numpy", "components": [{"type": "machine-learning-model", "name": "inner"}]},
            {"type": "machine-learning-model", "group": "acme", "name": "tree", "licenses": [{"expression": "MIT"}]},
        ],
    }
    items = list(cyclonedx.parts(unopened_blob("bom.json"), json.dumps(bill).encode()))
    assert [
        (p.subject.name, p.subject.revision, p.subject.values("licence")) for p in items if isinstance(p, Part)
    ] == [
        ("leaf", "2", ()),
        ("inner", "", ()),
        ("acme/tree", "", ("MIT",)),
    ]


def test_an_ancestor_has_the_name_of_its_package_url() -> None:
    ancestor = {"type": "machine-learning-model", "name": "tree", "purl": "pkg:huggingface/acme/tree%2Dv1@ab12"}
    model = {"type": "machine-learning-model", "name": "leaf", "pedigree": {"ancestors": [ancestor]}}
    (item,) = cyclonedx.parts(
        unopened_blob("bom.json"), json.dumps({"bomFormat": "CycloneDX", "components": [model]}).encode()
    )
    assert item.subject.values("base_model") == ("acme/tree-v1",)


def test_a_bill_without_models_is_skipped() -> None:
    (item,) = cyclonedx.parts(unopened_blob("bom.json"), b'{"bomFormat": "CycloneDX"}')
    assert isinstance(item, Unread)
    assert item.skipped


def test_considerations_and_governance_of_a_model_card_are_stated() -> None:
    card = {
        "modelParameters": {"datasets": [{"ref": "d"}]},
        "considerations": {"technicalLimitations": ["Rhymes only."], "useCases": ["Poems."], "users": []},
    }
    data = {
        "type": "data", "bom-ref": "d", "name": "leaves",
        "data": [{"type": "dataset", "governance": {"owners": [{"organization": {"name": "Leaf Trust"}}]}}],
    }  # fmt: skip
    model = {"type": "machine-learning-model", "name": "leaf", "modelCard": card}
    (item,) = cyclonedx.parts(
        unopened_blob("bom.json"), json.dumps({"bomFormat": "CycloneDX", "components": [model, data]}).encode()
    )
    assert isinstance(item, Part)
    assert item.subject.values("limitations") == ("technicalLimitations",)
    assert item.subject.values("intended_use") == ("useCases",)
    (provider,) = item.subject.statements_for("provider")
    assert (provider.value, provider.relation) == ("Leaf Trust", "owner of leaves")
    assert item.texts[0].text == "## Technical limitations\n\nRhymes only.\n\n## Use cases\n\nPoems.\n\n## Users\n\n"
