"""Reads public summaries of training content that are PDF files. Needs the extra ``documents``.

Only the words are read: no picture is decoded, no script or attachment opened, no address fetched. Without the extra, a
PDF is a gap if its name or its metadata says that it is such a summary. Every PDF is also read as any other file.
"""

from __future__ import annotations

import re
import struct
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import Any

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.model import Gap, Place
from auditor.part_builders.read_options import ReadOptions
from auditor.part_builders.summary_part import part_of_unread_summary, summary_part
from auditor.parts import Part, PartlyRead
from auditor.readers import ReaderExample, other_files
from auditor.samples import Samples
from auditor.syntax.check_boxes import plain_boxes
from auditor.syntax.pdf_forms import MAX_FIELDS, PlacedText, form_fields, with_form_fields
from auditor.syntax.summary_languages import summary_language
from auditor.syntax.summary_lines import join_broken_questions
from auditor.syntax.summary_names import names_itself_summary
from auditor.syntax.summary_questions import is_training_summary
from auditor.syntax.wrapped_lines import join_wrapped_lines

UNREAD_GAP = "provenance"

WITHOUT_EXTRA = (
    "a PDF that names itself a summary of training content: reading it needs "
    "pip install 'provenance-auditor[documents]'"
)
MAX_PDF_BYTES = 64 << 20
MAX_PAGES = 500
# A summary names itself, or asks the template's first questions, within so many pages.
_RECOGNITION_PAGES = 8
# What a page's instructions may unfold to, and how many of them are followed: a full page of text has about 5,000.
_MAX_CONTENT_BYTES = 1 << 20
_MAX_INSTRUCTIONS = 400_000
_MAX_CHARACTERS = 4 << 20
_MAX_SECONDS = 40  # less than a shard may take, so that what was read counts
_METADATA_BYTES = 1 << 18  # at each end of the file
_TOO_LONG = "takes longer than 40 seconds to read: the rest was not read"
# What else a damaged file makes pypdf's code raise.
_BROKEN = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError,
    ValueError, struct.error, zlib.error,
)  # fmt: skip


class _Stop(Exception):
    """A limit is reached; the message says which."""


def claims(blob: Blob, head: bytes) -> int:
    """Claim a PDF by its content; in a dataset's folder only one whose name says that it is a summary."""
    if not head[:1024].lstrip().startswith(b"%PDF-") or blob.holder:
        return 0
    return 60 if blob.kind != "dataset" or names_itself_summary(blob.basename) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Samples | PartlyRead | Unread | Blob]:
    """Yield what each PDF says that is a summary, and each PDF's digests as those of any other file."""
    for blob in blobs:
        try:
            item = _summary(blob)
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)
            continue
        if item is not None:
            yield item
        if not isinstance(item, Unread):
            yield from other_files.read((blob,), options)


def _summary(blob: Blob) -> Part | Unread | None:
    """Return what a PDF says as a summary; None if it is none. Raises :class:`Unreadable`."""
    data = blob.read(MAX_PDF_BYTES + 1)
    named = names_itself_summary(blob.basename) or _metadata_names_summary(data)
    if len(data) > MAX_PDF_BYTES:
        return Unread(blob.uri, f"a PDF of more than {MAX_PDF_BYTES:,} bytes: not read", blob=blob) if named else None
    try:
        import pypdf
        import pypdf.errors
    except ImportError:
        return Unread(blob.uri, WITHOUT_EXTRA, blob=blob) if named else None
    text, why, is_summary = _extract(pypdf, data)
    if not is_summary and (language := summary_language(text)):
        return part_of_unread_summary(language, blob.uri, blob.text_ref("model"))
    if not is_summary and not named:
        return None
    if not text.strip():
        return Unread(blob.uri, f"a PDF without readable words: {why or 'it may hold scanned pages'}", blob=blob)
    if not is_summary:
        return Unread(
            blob.uri, "a PDF that names itself a summary of training content, and asks none of its questions", blob=blob
        )
    gaps = [Gap("provenance", why, Place(blob.uri))] if why else []
    return summary_part(text, blob.uri, blob.text_ref("model"), first_line=0, gaps=gaps)


def _extract(pypdf: Any, data: bytes) -> tuple[str, str, bool]:
    """Return a PDF's words, what was not read, and whether they are a summary; of another PDF, the first pages."""
    pages: list[str] = []
    characters, why, is_summary = 0, "", False
    deadline = time.monotonic() + _MAX_SECONDS
    instructions = 0

    def count(*_: object) -> None:
        """Count an instruction of a page."""
        nonlocal instructions
        instructions += 1
        if instructions > _MAX_INSTRUCTIONS:
            raise _Stop(f"a page of more than {_MAX_INSTRUCTIONS:,} instructions: the rest was not read")
        if instructions % 256 == 0 and time.monotonic() > deadline:
            raise _Stop(_TOO_LONG)

    try:
        reader = pypdf.PdfReader(BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            return "", "it is encrypted", False
        for number, page in enumerate(reader.pages):
            if number == _RECOGNITION_PAGES and not (is_summary := is_training_summary(_joined(pages))):
                return _joined(pages), why, False
            if number == MAX_PAGES:
                why = f"more than {MAX_PAGES} pages: only these were read"
                break
            if time.monotonic() > deadline:
                raise _Stop(_TOO_LONG)
            if len(page.get("/Annots") or ()) > MAX_FIELDS:
                raise _Stop(f"a page with more than {MAX_FIELDS:,} form fields and links: the rest was not read")
            contents = page.get_contents()
            if contents is not None and len(contents.get_data()) > _MAX_CONTENT_BYTES:
                raise _Stop(f"a page that unfolds to more than {_MAX_CONTENT_BYTES:,} bytes: the rest was not read")
            instructions = 0
            words = _words_of_page(page, count)
            characters += len(words)
            pages.append(words[:_MAX_CHARACTERS])
            if characters > _MAX_CHARACTERS:
                raise _Stop(f"more than {_MAX_CHARACTERS:,} characters: the rest was not read")
    except _Stop as limit:
        why = str(limit)
    except (pypdf.errors.PyPdfError, *_BROKEN) as error:
        why = f"a damaged PDF: {type(error).__name__}"
    text = _joined(pages)
    return text, why, is_summary or is_training_summary(text)


def _words_of_page(page: Any, count: Callable[..., None]) -> str:
    """Return the words of a PDF's page, and what the fields of its form hold beside their labels."""
    fields = form_fields(page)
    if not fields:
        return str(page.extract_text(visitor_operand_before=count))
    pieces: list[PlacedText] = []

    def place(words: str, matrix: list[float], text_matrix: list[float], *_: object) -> None:
        """Keep a piece of the page with the place where it begins."""
        x, y = text_matrix[4], text_matrix[5]
        at = (x * matrix[0] + y * matrix[2] + matrix[4], x * matrix[1] + y * matrix[3] + matrix[5])
        pieces.append(PlacedText(words, *at))

    page.extract_text(visitor_operand_before=count, visitor_text=place)
    return with_form_fields(fields, pieces)


def _joined(pages: list[str]) -> str:
    """Return the words of a PDF's pages, with the lines joined that were broken for the page's width."""
    return join_broken_questions(join_wrapped_lines(plain_boxes("\n".join(pages))))


_TITLES = re.compile(rb"(?i)training[ -]?content|content used (?:for|in) training")


def _metadata_names_summary(data: bytes) -> bool:
    """Return whether a PDF's metadata names it a summary of training content, in any way that texts are written."""
    for piece in (data[:_METADATA_BYTES], data[-_METADATA_BYTES:]):
        if _TITLES.search(piece) or _TITLES.search(piece.replace(b"\0", b"")):
            return True
        for match in re.finditer(rb"/(?:Title|Subject)\s*<([0-9A-Fa-f\s]{8,2000})>", piece):
            digits = re.sub(rb"\s", b"", match[1])
            if _TITLES.search(bytes.fromhex(digits[: len(digits) // 2 * 2].decode()).replace(b"\0", b"")):
                return True
    return False


def _pdf(lines: Iterable[str], title: str = "") -> bytes:
    """Return a PDF of one page with these lines, for the reader's example."""
    shown = " ".join(f"({line}) Tj T*" for line in lines)
    stream = f"BT /F1 9 Tf 12 TL 40 800 Td {shown} ET".encode("latin-1")
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Title(%b)>>" % title.encode("latin-1"),
    )
    written, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj%b endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(written)
    return bytes(written) + (
        b"xref\n0 7\n0000000000 65535 f \n%btrailer<</Size 7/Root 1 0 R/Info 6 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (table, start)
    )


EXAMPLES = (
    ReaderExample(
        "anything.pdf",
        _pdf(
            (
                "Public Summary of Training Content",
                "1.1. Provider identification",
                "Provider name and contact details: Leaf Works Ltd",
                "1.2. Model identification",
                "Model dependencies: acme/tree",
                "2.1. Publicly available datasets",
                "List of large publicly available datasets: acme/leaves",
                "2.5. Synthetic data",
                "No",
                "3.2. Removal of illegal content",
            )
        ),
        states=(
            ("provider", "Leaf Works Ltd", ""),
            ("base_model", "acme/tree", ""),
            ("trained_on", "acme/leaves", ""),
            ("summary_answer", "2.5 synthetic data", "no"),
            ("summary_answer", "3.2 removal of illegal content", "empty"),
        ),
    ),
    ReaderExample("leaflet.pdf", _pdf(("About trees",))),
    ReaderExample(
        "training-content-summary.pdf", b"%PDF-1.4\nnothing", unread="a PDF without readable words: a damaged PDF"
    ),
)
