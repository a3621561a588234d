"""Croissant, dataset infos, openness files, ML-BOMs, dumps of cards and documents."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.errors import Unreadable
from auditor.model import Kind
from auditor.parts import Part
from auditor.readers import (
    ReadOptions,
    card_dump,
    croissant,
    cyclonedx,
    dataset_infos,
    document,
    model_openness,
    reader_name,
)
from auditor.sources import Blob, Unread
from auditor.sources.folder import blobs

SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # of nothing, FIPS 180-4


def blob(name: str, kind: Kind | str = "", path: str = "/nowhere") -> Blob:
    return Blob(path, name, 1, kind, "acme/leaves" if kind else "", standalone_name="" if kind else name)  # type: ignore[arg-type]


def write(folder: Path, name: str, data: bytes) -> Blob:
    (folder / name).write_bytes(data)
    return Blob(str(folder / name), name, len(data), standalone_name=name)


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
    said = croissant.part(blob("croissant.json", "dataset"), data)
    rows = [(s.key, s.value) for s in said.subject.statements]
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
    junk = next(gap for gap in said.subject.gaps)
    assert junk.why == "names a file by no sha256 at all: junk digest"
    assert '"junk"' in lines[junk.place.line - 1]
    assert said.texts[0].text == "## Data collection\n\nFrom a forest.\n\nLeaves of trees."


def test_croissant_may_stand_in_a_graph() -> None:
    graph = {"@context": "https://mlcommons.org/croissant/1.0", "@graph": [{"@type": "cr:RecordSet"}, CROISSANT]}
    assert croissant.part(blob("c.jsonld"), json.dumps(graph).encode()).subject.values("title") == ("leaves",)


def test_dataset_infos_state_licence_text_and_archives() -> None:
    licence = "Creative Commons\n" + "words " * 100
    infos = {
        "one": {"license": licence, "download_checksums": {"https://example.org/a.zip": {"checksum": SHA256}}},
        "two": {"license": "mit", "download_checksums": {"https://example.org/a.zip": {"checksum": None}, "x": 3}},
        "odd": 3,
    }
    said = dataset_infos.part(blob("dataset_infos.json"), json.dumps(infos).encode())
    assert [(s.key, s.value) for s in said.subject.statements] == [
        ("licence", "Creative Commons"),
        ("distribution", f"sha256:{SHA256}"),
        ("licence", "mit"),
        ("distribution", "example.org"),
    ]
    assert [(text.role, text.text) for text in said.texts] == [("licence", licence.strip())]


def test_a_component_without_a_licence_states_none() -> None:
    text = b"# Model Openness Framework\nrelease:\n  components:\n  - {name: Model card, license: unlicensed}\n"
    assert model_openness.part(blob("leaf.yml"), text).subject.values("licence") == ()


def test_a_bill_of_several_models_is_several_subjects() -> None:
    bill = {
        "bomFormat": "CycloneDX",
        "metadata": {"component": {"type": "machine-learning-model", "name": "leaf", "version": "2"}},
        "components": [
            {"type": "library", "name": "numpy", "components": [{"type": "machine-learning-model", "name": "inner"}]},
            {"type": "machine-learning-model", "group": "acme", "name": "tree", "licenses": [{"expression": "MIT"}]},
        ],
    }
    said = list(cyclonedx.parts(blob("bom.json"), json.dumps(bill).encode()))
    assert [(p.subject.name, p.subject.revision, p.subject.values("licence")) for p in said if isinstance(p, Part)] == [
        ("leaf", "2", ()),
        ("inner", "", ()),
        ("acme/tree", "", ("MIT",)),
    ]


def test_an_ancestor_is_called_by_its_package_address() -> None:
    ancestor = {"type": "machine-learning-model", "name": "tree", "purl": "pkg:huggingface/acme/tree%2Dv1@ab12"}
    model = {"type": "machine-learning-model", "name": "leaf", "pedigree": {"ancestors": [ancestor]}}
    (said,) = cyclonedx.parts(blob("bom.json"), json.dumps({"bomFormat": "CycloneDX", "components": [model]}).encode())
    assert said.subject.values("base_model") == ("acme/tree-v1",)


def test_a_bill_without_models_is_skipped_not_lost() -> None:
    (said,) = cyclonedx.parts(blob("bom.json"), b'{"bomFormat": "CycloneDX"}')
    assert isinstance(said, Unread)
    assert said.skipped


CARDS = {
    "modelId": ["acme/leaf", "acme/tree", None],
    "sha": ["abc", "def", None],
    "card": ["---\nlicense: mit\r\n---\n# Leaf\n", None, "# Bush\n\nThis model grows. " + "leaf " * 200],
    "downloads": [1, 2, 3],
}


@pytest.mark.parametrize("form", ["parquet", "jsonl", "jsonl.gz", "lines.json", "json", "csv"])
def test_each_row_of_a_dump_is_a_subject(form: str, tmp_path: Path) -> None:
    rows = [dict(zip(CARDS, row, strict=True)) for row in zip(*CARDS.values(), strict=True)]
    path = tmp_path / f"cards.{form}"
    if form == "parquet":
        pq.write_table(pa.table(CARDS), path)
    elif form == "csv":
        import csv

        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(CARDS))
            writer.writeheader()
            writer.writerows(rows)
    elif form == "json":
        path.write_text(json.dumps(rows))
    else:
        data = "".join(json.dumps(row) + "\n" for row in rows).encode()
        path.write_bytes(gzip.compress(data) if form.endswith("gz") else data)
    found = Blob(str(path), path.name, path.stat().st_size, standalone_name="cards", standalone_kind="model")
    assert reader_name(found, found.read(4096)) == "card_dump"
    said = list(card_dump.read([found], ReadOptions()))
    assert all(isinstance(item, Part) for item in said)
    subjects = [item.subject for item in said if isinstance(item, Part)]
    assert [(s.kind, s.name, s.revision) for s in subjects] == [
        ("model", "acme/leaf", "abc"),
        ("model", "acme/tree", "def"),
        ("model", "cards#3", ""),
    ]
    assert [s.values("title") for s in subjects] == [("Leaf",), (), ("Bush",)]
    (licence,) = subjects[0].statements_for("licence")
    assert str(licence.place) == f"cards.{form}#row=1:2"
    assert [s.gaps for s in subjects] == [(), (), ()]


def test_a_row_that_cannot_be_read_is_a_gap_and_the_others_are_read(tmp_path: Path) -> None:
    found = write(tmp_path, "cards.jsonl", b'{"id": "a", "card": "# A"}\n{broken\n[1]\n{"id": "b", "card": "# B"}\n')
    said = [item.subject for item in card_dump.read([found], ReadOptions()) if isinstance(item, Part)]
    assert [s.values("title") for s in said] == [("A",), ("B",), ()]
    assert [(g.why, g.place.line) for g in said[-1].gaps] == [("is not JSON", 2), ("is not an object", 3)]


def test_a_truncated_parquet_dump_is_a_gap_or_unread(tmp_path: Path) -> None:
    path = tmp_path / "cards.parquet"
    pq.write_table(pa.table(CARDS), path)
    found = write(tmp_path, "cut.parquet", path.read_bytes()[:-20])
    (said,) = card_dump.read([found], ReadOptions())
    assert isinstance(said, Part)
    assert said.subject.gaps[0].why.startswith("cannot be read to the end: ")


def test_a_notebooks_outputs_are_left_out() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Leaves\n", "Words"]},
        {"cell_type": "code", "source": "print(1)", "outputs": [{"data": {"image/png": "aGVsbG8="}}]},
        "odd",
    ]
    (text,) = document.part(blob("n.ipynb"), json.dumps({"cells": cells}).encode()).texts
    assert (text.role, text.text) == ("document", "# Leaves\nWords\n\nprint(1)")


def test_a_workflow_of_a_picture_tool_is_a_document_of_its_words() -> None:
    data = b'{"3": {"class_type": "KSampler", "inputs": {"text": "a tree", "seed": 5}}}'
    found = blob("flow.json")
    assert reader_name(found, data) == "document"
    assert document.part(found, data).texts[0].text == "KSampler\n\na tree\n\n5"


def test_json_nested_too_deep_is_refused_everywhere() -> None:
    deep = b'{"a":' + b"[" * 100_000
    for read_part in (croissant.part, dataset_infos.part, document.part):
        with pytest.raises(Unreadable, match="nested too deep to be read"):
            read_part(blob("x.ipynb"), deep)


@pytest.mark.corpus
def test_every_croissant_infos_and_openness_file_is_read(corpus: Path) -> None:
    """Numbers counted by a plain JSON reading of the same files."""
    for folder, name, reader in (
        ("04-dataset-cards/hf-dataset_infos", "dataset_infos", dataset_infos),
        ("08-manifests-and-hash-lists/mof", "model_openness", model_openness),
        ("04-dataset-cards/croissant/datasets", "croissant", croissant),
    ):
        mine = [b for b in blobs(str(corpus / folder)) if isinstance(b, Blob) and reader_name(b, b.read(4096)) == name]
        assert len(mine) > 50, folder
        said = list(reader.read(mine, ReadOptions()))
        assert [item for item in said if isinstance(item, Unread)] == []
        assert len(said) == len(mine)
        if name == "croissant":
            for found, item in zip(mine, said, strict=True):
                assert isinstance(item, Part)
                plain = json.loads(found.read())
                licence = plain.get("license", [])
                expected = licence if isinstance(licence, list) else [licence]
                assert list(item.subject.values("licence")) == expected, found.uri
