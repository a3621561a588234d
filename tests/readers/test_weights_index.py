from __future__ import annotations

import json

import pytest

from auditor.blob import Blob
from auditor.errors import Unreadable
from auditor.model import Place
from auditor.readers import weights_index as reader

INDEX = Blob("x", "m/model.safetensors.index.json", 9, "model", "org/m")


def test_each_shard_is_stated_once_with_its_line() -> None:
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "model-1.safetensors"}}
    found = reader.part(INDEX, json.dumps(index, indent=1).encode())
    assert [(s.value, s.place) for s in found.subject.statements] == [
        ("model-1.safetensors", Place("m/model.safetensors.index.json", 3)),
        ("model-2.safetensors", Place("m/model.safetensors.index.json", 4)),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}", "has no weight_map: which files hold the weights is not known"),
        ('{"weight_map": ["a"]}', "has no weight_map: which files hold the weights is not known"),
        ("[1]", "is not a JSON object"),
    ],
)
def test_an_index_that_names_no_files_is_unreadable(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        reader.part(INDEX, text.encode())


def test_an_index_that_names_too_many_files_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_SHARDS", 1)
    with pytest.raises(Unreadable, match="names more than 1 files"):
        reader.part(INDEX, b'{"weight_map": {"a": "1", "b": "2"}}')


def test_an_index_in_a_dataset_is_claimed_by_its_content() -> None:
    blob = Blob("x", "d/images.index.json", 9, "dataset", "org/d")
    assert reader.claims(blob, b'{"rows": 3}') == 0
    assert reader.claims(blob, b'{"weight_map": {}}') == 80
