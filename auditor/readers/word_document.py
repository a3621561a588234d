"""Reads public summaries of training content that are Word documents (DOCX). Needs the extra ``documents``.

Only the words are read, as the parts of the document itself have them: external parts are never fetched, entities
of XML never expanded, macros never run. Every document is also read as the archive or other file that it is.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.model import Gap, Place
from auditor.part_builders.read_options import ReadOptions
from auditor.part_builders.summary_part import part_of_unread_summary, summary_part
from auditor.parts import Part, PartlyRead
from auditor.readers import ReaderExample, archives, other_files
from auditor.samples import Samples
from auditor.syntax.archive_members import is_zip
from auditor.syntax.check_boxes import (
    TICKED,
    UNKNOWN_BOX,
    UNTICKED,
    is_symbol_font,
    plain_boxes,
    symbols_of_font,
)
from auditor.syntax.summary_languages import summary_language
from auditor.syntax.summary_names import names_itself_summary
from auditor.syntax.summary_questions import is_training_summary
from auditor.syntax.summary_tables import join_cell_lines

UNREAD_GAP = "provenance"

WITHOUT_EXTRA = (
    "a Word document that names itself a summary of training content: reading it needs pip install "
    "'provenance-auditor[documents]'"
)
MAX_DOCUMENT_BYTES = 64 << 20
_MAX_UNFOLDED_BYTES = 256 << 20  # of all parts: python-docx holds them in memory
_MAX_TEXT_BYTES = 32 << 20  # of the part with the words
_MAX_PARTS = 5000
_MAX_CHARACTERS = 4 << 20
# What a damaged file makes zipfile, lxml and python-docx raise: lxml's errors are SyntaxErrors.
_BROKEN = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError,
    SyntaxError, TypeError, ValueError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
_MAX_LEVEL = 8
_LINE_BREAK = "\v"  # within a paragraph
_WORDS = "word/document.xml"
_DECLARATIONS = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_SUFFIXES = (".docx", ".docm", ".dotx", ".dotm")
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def claims(blob: Blob, head: bytes) -> int:
    """Claim a Word document by its name and content."""
    return 75 if is_zip(head) and blob.suffix in _SUFFIXES and not blob.holder else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Samples | PartlyRead | Unread | Blob]:
    """Yield what each Word document says that is a summary, and what it is as an archive or other file."""
    for blob in blobs:
        try:
            item = _summary(blob)
            is_words_alone = isinstance(item, Part) and not _holds_pictures(blob)
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)
            continue
        if item is not None:
            yield item
        if not isinstance(item, Unread) and not is_words_alone:
            yield from (other_files if blob.kind == "model" else archives).read((blob,), options)


def _summary(blob: Blob) -> Part | Unread | None:
    """Return what a Word document says as a summary; None if it is none. Raises :class:`Unreadable`."""
    named = names_itself_summary(blob.basename)
    data = blob.read(MAX_DOCUMENT_BYTES + 1)
    try:
        import docx
    except ImportError:
        return Unread(blob.uri, WITHOUT_EXTRA, blob=blob) if named else None
    try:
        text, why = _words(docx, data)
    except Unreadable as error:
        return Unread(blob.uri, str(error), blob=blob) if named else None
    if not is_training_summary(text):
        if language := summary_language(text):
            return part_of_unread_summary(language, blob.uri, blob.text_ref("model"))
        if named:
            why = "a Word document that names itself a summary of training content, and asks none of its questions"
            return Unread(blob.uri, why, blob=blob)
        return None
    gaps = [Gap("provenance", why, Place(blob.uri))] if why else []
    return summary_part(text, blob.uri, blob.text_ref("model"), first_line=0, gaps=gaps)


def _holds_pictures(blob: Blob) -> bool:
    """Return whether a Word document has pictures or other files in it. Raises :class:`Unreadable`."""
    with zipfile.ZipFile(BytesIO(blob.read(MAX_DOCUMENT_BYTES))) as archive:
        return any("/media/" in name or "/embeddings/" in name for name in archive.namelist())


def _words(docx: Any, data: bytes) -> tuple[str, str]:
    """Return a Word document's words with marks of headings, lists and tables, and what was left out."""
    if len(data) > MAX_DOCUMENT_BYTES:
        raise Unreadable(f"a Word document of more than {MAX_DOCUMENT_BYTES:,} bytes: not read")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > _MAX_UNFOLDED_BYTES:
                raise Unreadable("a Word document that unfolds to too much: not read")
            if any(part.file_size > _MAX_TEXT_BYTES for part in parts if part.filename.endswith((".xml", ".rels"))):
                raise Unreadable(f"a Word document with a part of more than {_MAX_TEXT_BYTES:,} bytes of XML: not read")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")) and _DECLARATIONS.search(archive.read(part)[:4096]):
                    raise Unreadable("a Word document with XML entities: not read")
        document = docx.Document(BytesIO(data))
        links = {key: relation.target_ref for key, relation in document.part.rels.items() if relation.is_external}
        lines: list[str] = []
        characters = 0
        for line in _blocks(document.element.body, links, 0):
            characters += len(line) + 1
            if characters > _MAX_CHARACTERS:
                return "\n".join(lines), f"more than {_MAX_CHARACTERS:,} characters: the rest was not read"
            lines.append(line)
    except Unreadable:
        raise
    except _BROKEN as error:
        raise Unreadable(f"a damaged Word document: {type(error).__name__}") from error
    return "\n".join(lines), ""


def _blocks(holder: Any, links: dict[str, str], depth: int) -> Iterator[str]:
    """Yield the paragraphs and rows of tables in an element of a Word document, content controls included."""
    for element in holder:
        if element.tag == f"{_W}p":
            yield _paragraph(element, links).replace(_LINE_BREAK, " ")
        elif element.tag == f"{_W}tbl":
            yield ""
            for number, row in enumerate(element.iter(f"{_W}tr")):
                cells = [join_cell_lines([*_cell(cell, links)]) for cell in row.iter(f"{_W}tc")]
                yield "| " + " | ".join(cells) + " |"
                if number == 0:
                    yield "|---" * len(cells) + "|"
            yield ""
        elif depth < 20 and element.tag in (
            f"{_W}sdt",
            f"{_W}sdtContent",
            f"{_W}ins",
            f"{_W}smartTag",
            f"{_W}customXml",
        ):
            yield from _blocks(element, links, depth + 1)


def _cell(cell: Any, links: dict[str, str]) -> Iterator[str]:
    """Yield the paragraphs of a Word table's cell, those of a list ended by a semicolon."""
    paragraphs = [
        words
        for element in cell.iter(f"{_W}p")
        for line in _paragraph(element, links).split(_LINE_BREAK)
        if (words := line.replace("|", "/").strip())
    ]
    for number, words in enumerate(paragraphs):
        is_item = words.startswith("- ")
        ends = ";" if is_item and number + 1 < len(paragraphs) else ""
        yield f"{words.removeprefix('- ').strip('# ') if is_item or words.startswith('#') else words}{ends}"


def _paragraph(element: Any, links: dict[str, str]) -> str:
    """Return the words of a Word paragraph, marked as a heading or an item of a list where it is one."""
    words = "".join(_runs(element, links, 0)).strip()
    if not words:
        return ""
    properties = element.find(f"{_W}pPr")
    style = properties.find(f"{_W}pStyle") if properties is not None else None
    name = (style.get(f"{_W}val") or "").lower() if style is not None else ""
    if name in ("title",):
        return f"# {words}"
    if heading := re.match(r"(?:heading|titre|überschrift|berschrift)\s?(\d)", name):
        return f"{'#' * min(int(heading[1]) + 1, 6)} {words}"
    is_item = "list" in name or (properties is not None and properties.find(f"{_W}numPr") is not None)
    if is_item:
        return f"{'  ' * _level(properties, name)}- {words}"
    runs = [run for run in element.iter(f"{_W}r") if any(text.text for text in run.iter(f"{_W}t"))]
    return f"**{words}**" if runs and all(run.find(f"{_W}rPr/{_W}b") is not None for run in runs) else words


def _level(properties: Any, style: str) -> int:
    """Return how deep in a list a Word paragraph is: by its numbering, else by the number in its style's name."""
    level = properties.find(f"{_W}numPr/{_W}ilvl") if properties is not None else None
    number = level.get(f"{_W}val") if level is not None else ""
    if (number or "").isdigit():
        return min(int(number), _MAX_LEVEL)
    named = re.search(r"\d$", style)
    return min(int(named[0]) - 1, _MAX_LEVEL) if named else 0


def _runs(element: Any, links: dict[str, str], depth: int, font: str = "") -> Iterator[str]:
    """Yield the words of a Word paragraph's runs, with the addresses of its links and the boxes of its forms.

    Args:
        element: The paragraph, or what stands in it.
        links: The addresses of external links by their ids.
        depth: How deep the element is.
        font: The font of symbols that its characters are drawn with; "" for one of letters.
    """
    for child in element:
        if child.tag == f"{_W}t":
            yield symbols_of_font(child.text or "", font) if font else child.text or ""
        elif child.tag == f"{_W}sym":
            character = _character(child.get(f"{_W}char"))
            yield symbols_of_font(character, child.get(f"{_W}font") or "")
        elif child.tag in (f"{_W}tab", f"{_W}br", f"{_W}cr"):
            yield " " if child.tag == f"{_W}tab" else _LINE_BREAK
        elif child.tag == f"{_W}fldChar":
            yield _form_field(child)
        elif child.tag == f"{_W}hyperlink" and depth < 20:
            words = "".join(_runs(child, links, depth + 1))
            address = links.get(child.get(_ID) or "", "")
            is_shown = not address or address in words or not address.startswith(("http://", "https://"))
            yield words if is_shown else f"[{words}]({address})"
        elif depth < 20 and child.tag == f"{_W}r":
            words = "".join(_runs(child, links, depth + 1, _symbol_font(child)))
            yield _marked_option(words, child.find(f"{_W}rPr"))
        elif depth < 20 and child.tag == f"{_W}sdt" and (box := child.find(f"{_W}sdtPr/{_W14}checkbox")) is not None:
            yield _content_control(box, "".join(_runs(child, links, depth + 1)))
        elif depth < 20 and child.tag not in (f"{_W}pPr", f"{_W}del", f"{_W}rPr", f"{_W}sdtPr"):
            yield from _runs(child, links, depth + 1, font)


def _character(code: str | None) -> str:
    """Return the character of a symbol in a Word document by its code in hexadecimal digits."""
    try:
        return chr(int(code or "", 16))
    except (ValueError, OverflowError):
        return UNKNOWN_BOX


def _symbol_font(run: Any) -> str:
    """Return the font of symbols that a Word run names for its characters; "" if it names one of letters."""
    fonts = run.find(f"{_W}rPr/{_W}rFonts")
    names = [fonts.get(f"{_W}{kind}") or "" for kind in ("ascii", "hAnsi")] if fonts is not None else []
    return next((name for name in names if is_symbol_font(name)), "")


def _is_on(element: Any) -> bool:
    """Return whether an element of a Word document that switches something on is there and does."""
    if element is None:
        return False
    value = element.get(f"{_W14}val", element.get(f"{_W}val", "1"))
    return value not in ("0", "false", "off", "none")


def _content_control(checkbox: Any, shown: str) -> str:
    """Return the box of a Word check box control; an unknown one where the box that is shown says otherwise."""
    is_checked = _is_on(checkbox.find(f"{_W14}checked")) if checkbox.find(f"{_W14}checked") is not None else False
    shown = plain_boxes(shown).strip()
    contradicts = (shown == UNTICKED and is_checked) or (shown in (TICKED, "✓", "✔", "✅") and not is_checked)
    return UNKNOWN_BOX if contradicts else TICKED if is_checked else UNTICKED


def _form_field(begin: Any) -> str:
    """Return the box of a Word form field, or the entry that is chosen from its list; "" for any other field."""
    if (box := begin.find(f"{_W}ffData/{_W}checkBox")) is not None:
        checked = box.find(f"{_W}checked")
        return TICKED if _is_on(checked if checked is not None else box.find(f"{_W}default")) else UNTICKED
    if (listed := begin.find(f"{_W}ffData/{_W}ddList")) is not None:
        entries = [entry.get(f"{_W}val") or "" for entry in listed.findall(f"{_W}listEntry")]
        result = listed.find(f"{_W}result")
        number = result.get(f"{_W}val") or "" if result is not None else "0"
        return entries[int(number)] if number.isdecimal() and int(number) < len(entries) else UNKNOWN_BOX
    return ""


def _marked_option(words: str, properties: Any) -> str:
    """Return "yes" or "no" in a Word run with the marks of one that is struck out, bold, underlined or highlighted."""
    option = words.strip(" /|,")
    if properties is None or option.lower() not in ("yes", "no"):
        return words
    if any(_is_on(properties.find(f"{_W}{name}")) for name in ("strike", "dstrike")):
        return words.replace(option, f"~~{option}~~")
    if any(_is_on(properties.find(f"{_W}{name}")) for name in ("b", "u", "highlight")):
        return words.replace(option, f"**{option}**")
    return words


def _docx(lines: Iterable[str]) -> bytes:
    """Return a Word document with these paragraphs, for the reader's example."""
    space = "http://schemas.openxmlformats.org/"
    paragraphs = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in lines)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{space}package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/word/document.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{space}package/2006/relationships"><Relationship Id="r1" Type='
        f'"{space}officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        _WORDS: f'<w:document xmlns:w="{_W[1:-1]}"><w:body>{paragraphs}</w:body></w:document>',
    }
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, words in parts.items():
            archive.writestr(zipfile.ZipInfo(name), words)
    return out.getvalue()


EXAMPLES = (
    ReaderExample(
        "anything.docx",
        _docx(
            (
                "Public Summary of Training Content",
                "Provider name and contact details: Leaf Works Ltd",
                "Model dependencies: acme/tree",
                "List of large publicly available datasets: acme/leaves",
                "2.5. Synthetic data",
                "No",
                "3.2. Removal of illegal content",
                "TO BE PROVIDED",
            )
        ),
        states=(
            ("provider", "Leaf Works Ltd", ""),
            ("base_model", "acme/tree", ""),
            ("trained_on", "acme/leaves", ""),
            ("summary_answer", "3.2 removal of illegal content", "placeholder"),
        ),
    ),
    ReaderExample("letter.docx", _docx(("About trees",))),
    ReaderExample("training-content-summary.docx", b"PK\x03\x04" + bytes(30), unread="a damaged Word document"),
)
