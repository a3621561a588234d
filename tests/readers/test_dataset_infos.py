"""``dataset_infos.json``: licences, their texts, and the archives that were downloaded."""

from __future__ import annotations

import json

import pytest

from auditor.errors import Unreadable
from auditor.readers import dataset_infos
from tests.readers.blobs import unopened_blob

SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # of nothing, FIPS 180-4


def test_dataset_infos_state_licence_text_and_archives() -> None:
    licence = "Creative Commons\n" + "words " * 100
    infos = {
        "one": {"license": licence, "download_checksums": {"https://example.org/a.zip": {"checksum": SHA256}}},
        "two": {"license": "mit", "download_checksums": {"https://example.org/a.zip": {"checksum": None}, "x": 3}},
        "odd": 3,
    }
    made = dataset_infos.part(unopened_blob("dataset_infos.json"), json.dumps(infos).encode())
    assert [(s.key, s.value) for s in made.subject.statements] == [
        ("licence", "Creative Commons"),
        ("distribution", f"sha256:{SHA256}"),
        ("licence", "mit"),
        ("distribution", "example.org"),
    ]
    assert [(text.role, text.text) for text in made.texts] == [("licence", licence.strip())]


def test_json_nested_too_deep_is_refused() -> None:
    with pytest.raises(Unreadable, match="nested too deep to be read"):
        dataset_infos.part(unopened_blob("dataset_infos.json"), b'{"a":' + b"[" * 100_000)
