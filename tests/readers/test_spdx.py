"""SPDX 3 documents that name models."""

from __future__ import annotations

import json

from auditor.parts import Part
from auditor.readers import spdx
from tests.readers.blobs import unopened_blob

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"


def part_of(*elements: dict[str, object]) -> Part:
    """Return the part of the one model of a document."""
    data = json.dumps({"@context": CONTEXT, "@graph": list(elements)}).encode()
    (part,) = spdx.parts(unopened_blob("a.spdx.json", "model"), data)
    assert isinstance(part, Part)
    return part


def test_a_dataset_has_the_name_of_its_package_url_or_the_id_it_is_referred_by() -> None:
    part = part_of(
        {"type": "ai_AIPackage", "spdxId": "m", "name": "leaf"},
        {
            "type": "dataset_DatasetPackage",
            "spdxId": "d",
            "name": "x",
            "software_packageUrl": "pkg:huggingface/acme/d@1",
        },
        {"type": "Relationship", "from": "m", "relationshipType": "trainedOn", "to": ["d", "urn:elsewhere"]},
        {"type": "Relationship", "from": "m", "relationshipType": "testedOn", "to": ["d"]},
    )
    assert part.subject.values("trained_on") == ("acme/d", "urn:elsewhere")
    assert part.subject.values("evaluation") == ("acme/d",)


def test_information_about_training_is_stated_unless_it_says_nothing() -> None:
    model = {"type": "ai_AIPackage", "spdxId": "m", "name": "leaf", "ai_informationAboutTraining": "NOASSERTION"}
    assert part_of(model).subject.values("training_data") == ()
    part = part_of({**model, "ai_informationAboutTraining": "Photographs of trees, screened for abuse material."})
    assert part.subject.values("training_data") == ("described",)
    assert part.texts[0].text == "## Training data\n\nPhotographs of trees, screened for abuse material."


def test_a_library_that_a_model_depends_on_is_no_base_model() -> None:
    part = part_of(
        {"type": "ai_AIPackage", "spdxId": "m", "name": "leaf"},
        {"type": "software_Package", "spdxId": "p", "name": "numpy"},
        {"type": "Relationship", "from": "m", "relationshipType": "dependsOn", "to": ["p"]},
    )
    assert part.subject.values("base_model") == ()


def test_several_models_have_names_of_their_own() -> None:
    data = json.dumps(
        {"@context": CONTEXT, "@graph": [{"type": "ai_AIPackage", "spdxId": n, "name": n} for n in ("leaf", "tree")]}
    ).encode()
    found = list(spdx.parts(unopened_blob("a.spdx.json", "model"), data))
    assert [part.subject.name for part in found if isinstance(part, Part)] == ["leaf", "tree"]
