"""PDF files that are public summaries of training content."""

from __future__ import annotations

import sys
import time
import zlib
from pathlib import Path

import pytest

from auditor.blob import Blob, Unread
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part
from auditor.readers import pdf_document
from auditor.samples import Samples
from auditor.syntax.wrapped_lines import join_wrapped_lines

SUMMARY = pdf_document.EXAMPLES[0].data


def model_blob(folder: Path, name: str, data: bytes) -> Blob:
    """A file in a model's folder."""
    (folder / name).write_bytes(data)
    return Blob(str(folder / name), name, len(data), "model", "acme/leaf")


def paged(content: bytes, pages: int, title: bytes = b"") -> bytes:
    """Return a PDF whose pages share one compressed stream of instructions."""
    packed = zlib.compress(content)
    kids = b" ".join(b"%d 0 R" % (number + 6) for number in range(pages))
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, pages),
        b"<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(packed), packed),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Title(%b)>>" % title,
        *[
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 3 0 R/Resources<</Font<</F1 4 0 R>>>>>>"
            for _ in range(pages)
        ],
    ]
    written, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(bodies, 1):
        places.append(len(written))
        written += b"%d 0 obj%b endobj\n" % (number, body)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    size, start = len(bodies) + 1, len(written)
    return bytes(written) + b"xref\n0 %d\n0000000000 65535 f \n%btrailer<</Size %d/Root 1 0 R/Info 5 0 R>>" % (
        size, rows, size,
    ) + b"\nstartxref\n%d\n%%%%EOF" % start  # fmt: skip


def words_of_page(*lines: str) -> bytes:
    """Return the instructions that show these lines."""
    return b"BT /F1 9 Tf 12 TL 40 800 Td %b ET" % b" ".join(b"(%b) Tj T*" % line.encode() for line in lines)


@pytest.fixture
def without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pypdf missing."""
    monkeypatch.setitem(sys.modules, "pypdf", None)


@pytest.mark.usefixtures("without_extra")
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("Public-Summary-of-Training-Content.pdf", SUMMARY),
        ("document.pdf", paged(b"", 1, b"Training content of Leaf")),
        ("document.pdf", paged(b"", 1, "Training content of Leaf".encode("utf-16-be"))),
    ],
)
def test_without_the_extra_a_pdf_that_names_itself_a_summary_is_a_gap(name: str, data: bytes, tmp_path: Path) -> None:
    (item,) = pdf_document.read([model_blob(tmp_path, name, data)], ReadOptions())
    assert isinstance(item, Unread)
    assert item.why.endswith("reading it needs pip install 'provenance-auditor[documents]'")


@pytest.mark.usefixtures("without_extra")
def test_without_the_extra_any_other_pdf_is_as_before(tmp_path: Path) -> None:
    items = list(pdf_document.read([model_blob(tmp_path, "paper.pdf", paged(b"", 1))], ReadOptions(frozenset({"md5"}))))
    assert [type(item) for item in items] == [Samples]


def test_a_summary_is_read_and_is_a_sample_too(tmp_path: Path) -> None:
    items = list(pdf_document.read([model_blob(tmp_path, "a.pdf", SUMMARY)], ReadOptions(frozenset({"md5"}))))
    assert [type(item) for item in items] == [Part, Samples]


def test_a_summary_of_many_pages_is_read_up_to_a_limit(tmp_path: Path) -> None:
    page = words_of_page(
        "Public Summary of Training Content",
        "Provider name: Leaf Ltd",
        "1.2 Model dependencies: acme/tree",
        "2.4 User data: no",
        "2.5 Synthetic data: no",
        "3.2 Removal of illegal content: hash lists",
    )
    started = time.process_time()
    item = next(pdf_document.read([model_blob(tmp_path, "a.pdf", paged(page, 600))], ReadOptions()))
    assert time.process_time() - started < 60
    assert isinstance(item, Part)
    assert item.subject.values("base_model")[0] == "acme/tree"
    assert [gap.why for gap in item.subject.gaps] == ["more than 500 pages: only these were read"]


@pytest.mark.parametrize("content", [b" " * 50_000_000, b"q Q " * 1_000_000, b"(a) Tj " * 600_000])
def test_a_page_that_unfolds_to_too_much_ends_soon(content: bytes, tmp_path: Path) -> None:
    found = model_blob(tmp_path, "training-summary.pdf", paged(content, 3))
    started = time.process_time()
    (item,) = pdf_document.read([found], ReadOptions())
    assert time.process_time() - started < 60
    assert isinstance(item, Unread)
    assert "unfolds to more than" in item.why or "instructions" in item.why or "damaged" in item.why


def test_an_address_that_was_broken_is_whole_again_and_questions_are_lines_of_their_own() -> None:
    text = (
        "A: Yes, of https://huggingface.co/acme/a-model-with-a-long-name-\nand-a-version\n"
        "Q: Have you used publicly available datasets?\n\x7f acme/leaves"
    )
    assert join_wrapped_lines(text).split("\n") == [
        "A: Yes, of https://huggingface.co/acme/a-model-with-a-long-name-and-a-version",
        "Q: Have you used publicly available datasets?",
        "- acme/leaves",
    ]


def test_lines_that_were_broken_for_the_page_are_joined() -> None:
    text = (
        "Latest date of data acquisition or collection in whole or in part for the\ntraining of this model: 12/2025\n"
        "• First entry of the list of data sets\n• Second"
    )
    assert join_wrapped_lines(text).split("\n") == [
        "Latest date of data acquisition or collection in whole or in part for the training of this model: 12/2025",
        "- First entry of the list of data sets",
        "- Second",
    ]
