from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from auditor.blob import Blob
from auditor.lineage.repository_names import join_keys
from auditor.model import Statement, Subject
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part
from auditor.policy.vocabularies import compiled_vocabulary
from auditor.readers import card
from auditor.terms import derive_subjects as terms
from tests.lineage.lineage_facts import FILE_DIGEST, VOCABULARIES, edge_triples, facts, model, model_with_file


def test_a_parent_has_the_name_of_the_subject_that_is_meant() -> None:
    table = facts(model("Org/Base"), model("o/a", "https://huggingface.co/org/base/tree/main"), model("o/b", "gpt2"))
    assert edge_triples(table) == [
        ("o/a", "Org/Base", "finetune"),
        ("o/b", "openai-community/gpt2", "finetune"),
    ]


def test_a_digest_in_a_header_finds_the_base() -> None:
    table = facts(model_with_file("org/base", FILE_DIGEST), model("o/lora", FILE_DIGEST))
    assert edge_triples(table) == [("o/lora", "org/base", "finetune")]


@pytest.mark.parametrize(
    ("file", "owners", "parent"),
    [
        ("hills-v2.safetensors", ("o/base",), "o/base"),
        ("hills-v2.safetensors", ("o/base", "o/other"), "hills-v2.safetensors"),
        ("model.safetensors", ("o/base",), "model.safetensors"),
    ],
)
def test_a_file_in_a_header_finds_the_one_model_that_has_it(file: str, owners: tuple[str, ...], parent: str) -> None:
    has = [Subject("model", name, "", (Statement("weights_format", "safetensors", file),)) for name in owners]
    assert edge_triples(facts(*has, model("o/lora", file))) == [("o/lora", parent, "finetune")]


def test_a_model_that_names_itself_has_no_edge() -> None:
    assert edge_triples(facts(model("o/a", "o/a", "O/A"))) == []


@pytest.mark.corpus
def test_every_parent_that_a_card_names_is_an_edge(corpus: Path) -> None:
    wanted: dict[str, set[str]] = {}
    with open(corpus / "03-model-cards" / "card_facts.jsonl", encoding="utf-8") as lines:
        for fact in map(json.loads, lines):
            bases = fact.get("base_model")
            if bases:
                wanted[fact["path"]] = {bases} if isinstance(bases, str) else set(bases)
    listed = json.loads((corpus / "03-model-cards" / "lineage" / "mergekit-absa-parents.json").read_bytes())
    for merge in listed:
        wanted.setdefault(merge["file"], set()).update(merge["parents_in_body"])
    assert len(wanted) > 100
    blobs = [
        Blob(str(corpus / path), path, (corpus / path).stat().st_size, "model", f"card/{number}")
        for number, path in enumerate(wanted)
    ]
    parts = [part for part in card.read(blobs, ReadOptions()) if isinstance(part, Part)]
    found: dict[str, set[str]] = {}
    known = compiled_vocabulary(VOCABULARIES)
    for child, parent, _ in edge_triples(facts(*(terms.derive_subject(part, known) for part in parts))):
        # A path on somebody's machine is stated as "local:" and its last part.
        found.setdefault(child, set()).add(parent.lower().removeprefix("local:"))
    table = VOCABULARIES.renamed
    missing = []
    for number, (path, parents) in enumerate(wanted.items()):
        called = join_keys(pa.array(sorted(parents)), "models", table).to_pylist()
        missing += [(path, parent) for parent in called if parent and parent not in found.get(f"card/{number}", ())]
    assert missing == []
