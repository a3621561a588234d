"""Names the documents about provenance that are recognised and not read: each leaves a gap that says so.

To read one, add a reader that claims it more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.part_builders.read_options import ReadOptions
from auditor.readers import HEAD_BYTES, ReaderExample
from auditor.syntax.c2pa import C2PA_UNREAD
from auditor.syntax.html_text import is_html, text_of_html
from auditor.syntax.text_encoding import decode_prefix

UNREAD_GAP = "provenance"

OASIS = "data provenance metadata (OASIS): not read"
BILL_IN_XML = "a bill of materials in CycloneDX XML: not read; its JSON form is"
NO_MODEL = "a bill of materials in CycloneDX XML that names no model"
CALIFORNIA = "a page about training data under California's AB 2013: not read"

_TEXT_SUFFIXES = ("", ".md", ".markdown", ".txt", ".html", ".htm", ".rst")
_OASIS = re.compile(rb"docs\.oasis-open\.org/dps/|DPS-Metadata|dataandtrustalliance\.org/[\w/.-]*provenance")
_BILL = re.compile(rb"cyclonedx\.org/schema/bom/1\.\d")
_BILL_BYTES = 8 << 20  # of a bill that are searched for a model
_NAMES_MODEL = re.compile(rb"machine-learning-model|<(?:\w+:)?modelCard\b")
# C2PA 2.4, A.4: a manifest store is a JUMBF superbox whose description has this label.
_MANIFEST = re.compile(rb"(?s)^.{4}jumb.{4}jumd.{16}.c2pa\0")
_PAGE_BYTES = 1 << 16
_LAW = re.compile(
    r"\bAB[- ]?2013\b|Assembly Bill (?:No\. )?2013|Civil Code (?:section |§+ ?|sec\. )?311[01]"
    r"|Training Data Transparency Act|Generative Artificial Intelligence:? Training Data Transparency",
    re.I,
)
# One of these is in every text that names the law, in lower case.
_LAW_CUES = (b"ab 2013", b"ab-2013", b"ab2013", b"bill 2013", b"bill no. 2013", b"civil code", b"data transparency")
# Of the twelve items that the law asks for (Cal. Civ. Code § 3111).
_ITEMS = tuple(
    re.compile(words, re.I)
    for words in (
        r"sources? or owners?|sources? (?:and|of) (?:the )?data ?sets?",
        r"intended purpose|further (?:the )?(?:intended )?purpose",
        r"number of data ?points",
        r"types? of data ?points|types? of labels",
        r"copyright|trademark|patent|public domain",
        r"purchased or licen[cs]ed|licen[cs]ed or purchased",
        r"personal information",
        r"aggregate consumer information",
        r"cleaning|processing,? or (?:other )?modification",
        r"time period|period during which|collection is ongoing",
        r"first used",
        r"synthetic data",
    )
)
MIN_ITEMS = 4


def claims(blob: Blob, head: bytes) -> int:
    """Claim a document about provenance that is not read, by its content."""
    return 86 if not blob.holder and _kind(blob, head) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Unread]:
    """Yield each document as unread, with what it is."""
    for blob in blobs:
        try:
            why = _kind(blob, blob.read(HEAD_BYTES))
            if why == BILL_IN_XML:
                start = blob.read(_BILL_BYTES)
                why = BILL_IN_XML if _NAMES_MODEL.search(start) or len(start) == _BILL_BYTES else NO_MODEL
        except Unreadable as error:
            why = str(error)
        yield Unread(blob.uri, why or "a document that is not read", skipped=why == NO_MODEL, blob=blob)


def _kind(blob: Blob, head: bytes) -> str:
    """Return the kind of a document that is recognised and not read; "" for any other file."""
    if blob.suffix in (".json", ".jsonld", ".yaml", ".yml", ".xml") and _OASIS.search(head):
        return OASIS
    if _MANIFEST.match(head) or (blob.suffix == ".c2pa" and b"jumb" in head[:64]):
        return C2PA_UNREAD
    if _BILL.search(head) and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return BILL_IN_XML
    return CALIFORNIA if blob.suffix in _TEXT_SUFFIXES and _is_california(blob, head) else ""


def _is_california(blob: Blob, head: bytes) -> bool:
    """Return whether a document answers several items of the Californian law that it names; a card is none."""
    if re.match(r"(?i)readme|model[-_ ]?card|licen[cs]e", blob.basename):
        return False
    if len(head) >= HEAD_BYTES and blob.suffix in (".html", ".htm"):
        try:
            head = blob.read(_PAGE_BYTES)
        except Unreadable:
            return False
    lower = head.lower()
    if not any(cue in lower for cue in _LAW_CUES):
        return False
    text = decode_prefix(head)
    if not _LAW.search(text):
        return False
    words = text_of_html(text)[0] if is_html(blob.suffix, text) else text
    return sum(item.search(words) is not None for item in _ITEMS) >= MIN_ITEMS


EXAMPLES = (
    ReaderExample(
        "provenance.json",
        b'{"$schema": "https://docs.oasis-open.org/dps/prov-meta/v1.0/schema/data-provenance.json"}',
        unread=OASIS,
    ),
    ReaderExample("model.c2pa", b"\0\0\0\x40jumb\0\0\0\x20jumdc2pa" + bytes(12) + b"\x03c2pa\0", unread=C2PA_UNREAD),
    ReaderExample(
        "bom.xml",
        b'<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><component type="machine-learning-model"/></bom>',
        unread=BILL_IN_XML,
    ),
    ReaderExample("bom.xml", b'<bom xmlns="http://cyclonedx.org/schema/bom/1.6"/>', unread=NO_MODEL),
    ReaderExample(
        "training-data.txt",
        b"Training data under AB 2013. Sources or owners of the datasets: ours. Number of data points: 100. "
        b"Personal information: none. The datasets were first used in 2024. Synthetic data: none.",
        unread=CALIFORNIA,
    ),
)
