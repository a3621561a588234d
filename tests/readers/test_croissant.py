"""Croissant metadata: licence, sources, prose and the files that it names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.blob import Blob
from auditor.errors import Unreadable
from auditor.part_builders.read_options import ReadOptions
from auditor.readers import croissant
from auditor.samples import Samples
from tests.readers.blobs import unopened_blob

SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # of nothing, FIPS 180-4


CROISSANT = {
    "@context": {"cr": "http://mlcommons.org/croissant/"},
    "@type": "sc:Dataset",
    "name": "leaves",
    "license": ["mit", {"@id": "https://example.org/licence"}],
    "usageInfo": "https://example.org/terms",
    "prov:wasDerivedFrom": {"@id": "trees", "prov:locatedAt": "https://huggingface.co/datasets/acme/trees"},
    "rai:dataCollection": "From a forest.",
    "description": "Leaves of trees.",
    "distribution": [
        {"@id": "good", "contentUrl": "https://example.org/a.zip", "sha256": SHA256.upper()},
        {"@id": "junk", "contentUrl": "https://example.net/b.zip", "sha256": "https://github.com/x/issues/80"},
        {"@id": "bare", "contentUrl": "https://[broken", "md5": "d41d8cd98f00b204e9800998ecf8427e"},
        "no object",
    ],
}


def test_croissant_states_licence_source_terms_and_files() -> None:
    data = json.dumps(CROISSANT, indent=1).encode()
    made = croissant.part(unopened_blob("croissant.json", "dataset"), data)
    rows = [(s.key, s.value) for s in made.subject.statements]
    assert rows == [
        ("title", "leaves"),
        ("licence", "mit"),
        ("licence", "https://example.org/licence"),
        ("licence_link", "https://example.org/terms"),
        ("sourced_from", "https://huggingface.co/datasets/acme/trees"),
        ("distribution", f"sha256:{SHA256}"),
        ("distribution", "example.net"),
        ("distribution", "md5:d41d8cd98f00b204e9800998ecf8427e"),
    ]
    lines = data.decode().split("\n")
    junk = next(gap for gap in made.subject.gaps)
    assert junk.why == "names a file by no sha256 at all: junk digest"
    assert '"junk"' in lines[junk.place.line - 1]
    assert made.texts[0].text == "## Data collection\n\nFrom a forest.\n\nLeaves of trees."


def test_the_digests_of_its_files_are_compared_as_declared_ones(tmp_path: Path) -> None:
    path = tmp_path / "croissant.json"
    path.write_bytes(json.dumps(CROISSANT, indent=1).encode())
    blob = Blob(str(path), path.name, path.stat().st_size, "dataset", "leaves")
    _, samples = croissant.read([blob], ReadOptions(frozenset({"md5", "sha256", "pdq"})))
    assert isinstance(samples, Samples)
    assert (samples.basis, samples.algorithms) == ("declared", ("sha256", "md5"))
    lines = path.read_text().split("\n")
    found = samples.batch.to_pylist()
    assert [(row["sample"], row["sha256"], row["md5"]) for row in found] == [
        ("good", bytes.fromhex(SHA256), None),
        ("bare", None, bytes.fromhex("d41d8cd98f00b204e9800998ecf8427e")),
    ]
    assert all(f'"{row["sample"]}"' in lines[row["row"] - 1] for row in found)
    assert len(list(croissant.read([blob], ReadOptions(frozenset({"pdq"}))))) == 1, "no list asks for them"


def test_the_dataset_may_be_in_a_json_ld_graph() -> None:
    graph = {"@context": "https://mlcommons.org/croissant/1.0", "@graph": [{"@type": "cr:RecordSet"}, CROISSANT]}
    assert croissant.part(unopened_blob("c.jsonld"), json.dumps(graph).encode()).subject.values("title") == ("leaves",)


def test_json_nested_too_deep_is_refused() -> None:
    with pytest.raises(Unreadable, match="nested too deep to be read"):
        croissant.part(unopened_blob("croissant.json"), b'{"a":' + b"[" * 100_000)


def test_provenance_on_files_record_sets_and_fields_is_stated() -> None:
    metadata = {
        **CROISSANT,
        "distribution": [
            {
                "@id": "raw",
                "prov:wasDerivedFrom": [{"@id": "urn:forest"}, {"@id": "good"}],
                "prov:wasGeneratedBy": {"@type": "prov:Activity", "prov:startedAtTime": "2024-05-01"},
            },
            {"@id": "good"},
        ],
        "recordSet": [
            {"@id": "rows", "field": [{"@id": "rows/label", "prov:wasAttributedTo": {"prov:label": "Leaf Trust"}}]}
        ],
    }
    found = croissant.part(unopened_blob("croissant.json"), json.dumps(metadata, indent=1).encode()).subject
    assert found.values("sourced_from") == ("https://huggingface.co/datasets/acme/trees", "urn:forest")
    (provider,) = found.statements_for("provider")
    assert (provider.value, provider.relation, provider.remark) == ("Leaf Trust", "attributed to", "of rows/label")
    (date,) = found.statements_for("date")
    assert (date.value, date.relation, date.remark) == ("2024-05-01", "collected from", "of raw")
