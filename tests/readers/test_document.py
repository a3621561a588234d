"""Documents: the words of notebooks, workflows and other texts."""

from __future__ import annotations

import json

import pytest

from auditor.errors import Unreadable
from auditor.readers import document, reader_name
from tests.readers.blobs import unopened_blob


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
