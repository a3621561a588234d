"""Word documents that are public summaries of training content."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import pytest

from auditor.blob import Blob, Unread
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part
from auditor.readers import word_document

SUMMARY = word_document.EXAMPLES[0].data


def model_blob(folder: Path, name: str, data: bytes) -> Blob:
    """A file in a model's folder."""
    (folder / name).write_bytes(data)
    return Blob(str(folder / name), name, len(data), "model", "acme/leaf")


def with_parts(changes: dict[str, bytes]) -> bytes:
    """Return the example with these parts replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(SUMMARY)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in {*old.namelist(), *changes}:
            new.writestr(name, changes[name] if name in changes else old.read(name))
    return out.getvalue()


def test_headings_tables_lists_links_and_boxes_are_read(tmp_path: Path) -> None:
    docx = pytest.importorskip("docx")
    document = docx.Document()
    document.add_heading("Public Summary of Training Content", 0)
    document.add_heading("1.2. Model identification", 2)
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text = "Model dependencies"
    table.rows[0].cells[1].text = "acme/tree"
    document.add_heading("2.1. Publicly available datasets", 2)
    document.add_paragraph("Have you used publicly available datasets to train the model?")
    document.add_paragraph("☒ Yes ☐ No")
    document.add_paragraph("List of large publicly available datasets:")
    document.add_paragraph("acme/leaves", style="List Bullet")
    document.add_paragraph("Roots-1B", style="List Bullet 2")
    document.add_heading("3.2. Removal of illegal content", 2)
    document.add_paragraph("2.5 Synthetic data: no")
    out = io.BytesIO()
    document.save(out)
    item = next(word_document.read([model_blob(tmp_path, "a.docx", out.getvalue())], ReadOptions()))
    assert isinstance(item, Part)
    assert item.subject.values("base_model") == ("acme/tree",)
    assert item.subject.values("trained_on") == ("acme/leaves", "Roots-1B")
    answers = {(one.value, one.relation) for one in item.subject.statements_for("summary_answer")}
    assert ("2.1 publicly available datasets", "yes") in answers
    assert ("3.2 removal of illegal content", "empty") in answers


def test_without_the_extra_a_document_that_names_itself_a_summary_is_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "docx", None)
    (item,) = word_document.read([model_blob(tmp_path, "training_summary.docx", SUMMARY)], ReadOptions())
    assert isinstance(item, Unread)
    assert item.why == word_document.WITHOUT_EXTRA


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"word/document.xml": b'<!DOCTYPE d [<!ENTITY a "b">]><d/>'}, "a Word document with XML entities: not read"),
        ({"word/media/a.bin": bytes(300 << 20)}, "a Word document that unfolds to too much: not read"),
        ({"word/document.xml": b"<a>" * 2_000_000}, "a damaged Word document: XMLSyntaxError"),
        ({"word/styles.xml": bytes(40 << 20)}, "a Word document with a part of more than 33,554,432 bytes of XML"),
    ],
)  # fmt: skip
def test_a_hostile_document_is_unread(changes: dict[str, bytes], why: str, tmp_path: Path) -> None:
    found = model_blob(tmp_path, "training-summary.docx", with_parts(changes))
    (item,) = word_document.read([found], ReadOptions())
    assert isinstance(item, Unread)
    assert item.why.startswith(why)


_SYMBOL = '<w:r><w:sym w:font="{0}" w:char="{1}"/></w:r>'
_LETTER = '<w:r><w:rPr><w:rFonts w:ascii="Wingdings"/></w:rPr><w:t>{0}</w:t></w:r>'
_CONTROL = (
    '<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="{0}"/></w14:checkbox></w:sdtPr>'
    "<w:sdtContent><w:r><w:t>{1}</w:t></w:r></w:sdtContent></w:sdt>"
)
_FIELD = (
    '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="{0}"/>{1}</w:checkBox></w:ffData>'
    "</w:fldChar></w:r>"
)


def _words(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


@pytest.mark.parametrize(
    ("yes", "no", "answer"),
    [
        (_SYMBOL.format("Wingdings", "F0A8"), _SYMBOL.format("Wingdings", "F0FE"), "no"),
        (_SYMBOL.format("Wingdings 2", "F052"), _SYMBOL.format("Wingdings 2", "F0A3"), "yes"),
        (_SYMBOL.format("Symbol", "F0A8"), _SYMBOL.format("Symbol", "F0FE"), "not understood"),
        (_SYMBOL.format("Wingdings", "zz"), _SYMBOL.format("Wingdings", "F0FE"), "not understood"),
        (_CONTROL.format(1, "☒"), _CONTROL.format(0, "☐"), "yes"),
        (_CONTROL.format("true", "■"), _CONTROL.format("false", "o"), "yes"),
        (_CONTROL.format(0, "☒"), _CONTROL.format(0, "☐"), "not understood"),  # shown, and stored otherwise
        (_FIELD.format(0, '<w:checked w:val="0"/>'), _FIELD.format(0, "<w:checked/>"), "no"),
        (_FIELD.format(1, ""), _FIELD.format(0, ""), "yes"),
        (_LETTER.format("þ"), _SYMBOL.format("Wingdings", "F06F"), "yes"),
    ],
)  # fmt: skip
def test_boxes_are_read_as_the_document_defines_them(yes: str, no: str, answer: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(SUMMARY)) as archive:
        document = archive.read("word/document.xml").decode()
    question = f"<w:p>{_words('2.3. Were crawlers used?')}{yes}{_words(' Yes ')}{no}{_words(' No')}</w:p>"
    space = 'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
    document = document.replace("<w:document ", f"<w:document {space} ").replace("</w:body>", f"{question}</w:body>")
    data = with_parts({"word/document.xml": document.encode()})
    item = next(word_document.read([model_blob(tmp_path, "a.docx", data)], ReadOptions()))
    assert isinstance(item, Part)
    answers = {one.value: one.relation for one in item.subject.statements_for("summary_answer")}
    assert answers["2.3 crawled and scraped data"] == answer
    gap = "its answer to 2.3 crawled and scraped data says neither yes nor no in words that are known"
    assert (gap in [gap.why for gap in item.subject.gaps]) is (answer == "not understood")


def test_an_external_part_is_never_fetched(tmp_path: Path) -> None:
    space = "http://schemas.openxmlformats.org/"
    relations = (
        f'<Relationships xmlns="{space}package/2006/relationships"><Relationship Id="r9" TargetMode="External" Type='
        f'"{space}officeDocument/2006/relationships/attachedTemplate" Target="http://127.0.0.1:9/t.dotm"/></Relationships>'
    )
    data = with_parts({"word/_rels/document.xml.rels": relations.encode()})
    item = next(word_document.read([model_blob(tmp_path, "a.docx", data)], ReadOptions()))
    assert isinstance(item, Part)  # the network guard of the tests fails on any connection
    assert item.subject.values("base_model") == ("acme/tree",)


def test_a_summary_with_pictures_is_also_read_as_the_file_that_it_is(tmp_path: Path) -> None:
    plain = model_blob(tmp_path, "a.docx", SUMMARY)
    pictured = model_blob(tmp_path, "b.docx", with_parts({"word/media/a.png": b"\x89PNG\r\n\x1a\n"}))
    options = ReadOptions(frozenset({"md5"}))
    assert [type(item) for item in word_document.read([plain], options)] == [Part]
    assert [type(item) for item in word_document.read([pictured], options)] != [Part]
