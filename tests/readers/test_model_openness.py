"""Model Openness Framework files."""

from __future__ import annotations

from auditor.readers import model_openness
from tests.readers.blobs import unopened_blob


def test_a_component_without_a_licence_states_none() -> None:
    text = b"# Model Openness Framework\nrelease:\n  components:\n  - {name: Model card, license: unlicensed}\n"
    assert model_openness.part(unopened_blob("leaf.yml"), text).subject.values("licence") == ()
