"""Names of models and datasets as people write them in metadata."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.syntax.repository_name_parsing import names_of, stated_name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("acme/Tree", "acme/Tree"),
        (" 'acme/tree' ", "acme/tree"),
        ("acme/tree@v1", "acme/tree"),
        ("https://huggingface.co/acme/tree/tree/main", "acme/tree"),
        ("https://hf.co/acme/tree?x=1", "acme/tree"),
        ("hf.co/acme/tree", "acme/tree"),
        ("[Tree](https://huggingface.co/acme/tree)", "acme/tree"),
        ("acme/tree (the large one)", "acme/tree"),
        ("gpt2", "gpt2"),
        ("LAION 5B", "LAION 5B"),
        ("/home/jane/hub/models--acme--tree/snapshots/1", "acme/tree"),
    ],
)
def test_a_repository_has_one_name(written: str, name: str) -> None:
    assert stated_name(written) == name


@pytest.mark.parametrize(
    "written",
    ["None", "N/A", "n/a", "-", "—", "", "unknown", "Not available", "none (trained from scratch)", "from scratch", "7",
     "1.5", "v2", "0.5", "main", "a" * 40, "safetensors", "GGUF", "finetune", "merge", "[More Information Needed]",
     "TBD", "your-username/your-model"],
)  # fmt: skip
def test_what_names_nothing_is_no_name(written: str) -> None:
    assert stated_name(written) == ""


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("/content/drive/MyDrive/jane/base-7b", "local:base-7b"),
        ("C:\\Users\\jane\\models\\base-7b\\", "local:base-7b"),
        ("../models/base", "local:base"),
        ("./out/checkpoint-500", "local:checkpoint-500"),
        ("~/base", "local:base"),
        ("$HOME/jane/base", "local:base"),
        ("file:///home/jane/base", "local:base"),
        ("models/base", "local:base"),
        ("jane/runs/models/base", "local:base"),
        ("output", "local:output"),
        ("/", ""),
    ],
)
def test_a_local_path_is_its_last_part(written: str, name: str) -> None:
    assert stated_name(written) == name


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("acme/a, acme/b", ["acme/a", "acme/b"]),
        ("acme/a and acme/b", ["acme/a", "acme/b"]),
        ("cats and dogs", ["cats and dogs"]),
        ("Llama 2, 7B", ["Llama 2, 7B"]),
        (["acme/a", {"name": "acme/b", "revision": "main", "weight": 0.5}], ["acme/a", "acme/b"]),
        ({"model": "acme/a", "url": "https://huggingface.co/acme/a"}, ["acme/a"]),
        ({"name": "Tree", "url": "https://huggingface.co/acme/tree"}, ["https://huggingface.co/acme/tree"]),
        ({"acme/a": 0.5, "acme/b": None}, ["acme/a", "acme/b"]),
        ([{"acme/a": None}], ["acme/a"]),
        ([{"leaves": "https://example.org/leaves"}], ["leaves: https://example.org/leaves"]),
        ({"first": ["acme/a"], "revision": "v1"}, ["acme/a"]),
        ([None, 7, 0.5, True], []),
        (None, []),
    ],
)
def test_a_value_of_metadata_gives_names_in_every_form(value: object, names: list[str]) -> None:
    assert names_of(value) == names


@given(st.text(max_size=60))
def test_a_stated_name_is_stable_and_shows_no_folder_of_a_machine(written: str) -> None:
    name = stated_name(written)
    assert not name.startswith("local:") or "/" not in name
    assert "/home/" not in stated_name(f"/home/{written}")


def test_nested_values_end() -> None:
    value: object = "acme/a"
    for _ in range(2000):
        value = [value]
    assert names_of(value) == []
