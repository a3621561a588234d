"""Documents about provenance that are named, and not read."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.blob import Unread
from auditor.part_builders.read_options import ReadOptions
from auditor.readers import HEAD_BYTES, reader_name, unread_documents
from tests.readers.blobs import unopened_blob, written_blob

PAGE = (
    "<html><body><h1>Training data transparency</h1><p>California Civil Code section 3111.</p><ul>"
    "<li>Sources or owners of the datasets</li><li>Number of data points</li><li>Personal information</li>"
    "<li>Synthetic data</li></ul></body></html>"
)


@pytest.mark.parametrize("example", unread_documents.EXAMPLES, ids=lambda example: example.name)
def test_each_document_is_claimed_before_other_readers(example: unread_documents.ReaderExample) -> None:
    found = unopened_blob(example.name, "model")
    assert reader_name(found, example.data[:HEAD_BYTES]) == "unread_documents"


def test_a_page_of_the_californian_law_is_a_gap(tmp_path: Path) -> None:
    (item,) = unread_documents.read([written_blob(tmp_path, "data.html", PAGE.encode())], ReadOptions())
    assert item == Unread("data.html", unread_documents.CALIFORNIA, blob=item.blob)


def test_a_card_that_names_the_law_is_a_card() -> None:
    assert reader_name(unopened_blob("README.md", "model"), PAGE.encode()) == "card"


def test_xml_entities_are_never_expanded(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE b [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + unread_documents.EXAMPLES[2].data
    (item,) = unread_documents.read([written_blob(tmp_path, "bom.xml", bomb)], ReadOptions())
    assert item.why == unread_documents.BILL_IN_XML
