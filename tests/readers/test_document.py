"""Documents: the words of notebooks, workflows and other texts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.errors import Unreadable
from auditor.readers import document, reader_name
from tests.readers.blobs import unopened_blob, written_blob


def test_a_notebooks_outputs_are_left_out() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Leaves\n", "Words"]},
        {"cell_type": "code", "source": "print(1)", "outputs": [{"data": {"image/png": "aGVsbG8="}}]},
        "odd",
    ]
    (text,) = document.part(unopened_blob("n.ipynb"), json.dumps({"cells": cells}).encode()).texts
    assert (text.role, text.text) == ("document", "# Leaves\nWords\n\nprint(1)")


def test_a_comfyui_workflow_is_a_document_of_its_words() -> None:
    data = b'{"3": {"class_type": "KSampler", "inputs": {"text": "a tree", "seed": 5}}}'
    found = unopened_blob("flow.json")
    assert reader_name(found, data) == "document"
    assert document.part(found, data).texts[0].text == "KSampler\n\na tree\n\n5"


def test_json_nested_too_deep_is_refused() -> None:
    with pytest.raises(Unreadable, match="nested too deep to be read"):
        document.part(unopened_blob("x.ipynb"), b'{"a":' + b"[" * 100_000)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rules-for-all.txt", "1. no spam\n2. no exploitation of minors\n"),
        ("questions.html", "<p>May I post pictures of minors?</p><p>Never.</p>"),
        ("uploads.json", '{"spam": "limited", "child exploitation": "prohibited"}'),
        ("uploads.yaml", "spam: limited\nchild exploitation: prohibited\n"),
        ("uploads.csv", "what,status\nspam,limited\nchild exploitation,prohibited\n"),
    ],
)
def test_a_text_that_speaks_of_minors_and_rules_is_a_document(name: str, text: str, tmp_path: Path) -> None:
    found = written_blob(tmp_path, name, text.encode())
    assert reader_name(found, text.encode()) == "document"
    (read,) = document.part(found, text.encode()).texts
    assert (read.role, read.first_line) == ("document", 0 if name.endswith(".html") else 1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.csv", "what,md5\nchild exploitation prohibited,900150983cd24fb0d6963f7d28e17f72\n"),
        ("rows.json", '{"prohibited child": "https://example.org/1.jpg"}'),
        ("labels.json", '{"labels": ["neutral", "child abuse"]}'),
        ("prices.csv", "fruit,allowed\npear,yes\n"),
    ],
)
def test_data_that_may_hold_samples_or_sets_no_rules_is_left_to_its_reader(
    name: str, text: str, tmp_path: Path
) -> None:
    assert reader_name(written_blob(tmp_path, name, text.encode()), text.encode()) == "table"


def test_longer_data_is_left_to_its_reader(tmp_path: Path) -> None:
    text = b'{"child exploitation": "prohibited", "a": "' + b"x " * (1 << 15) + b'"}'
    assert reader_name(written_blob(tmp_path, "uploads.json", text), text[:4096]) == "table"
