"""Reads public summaries of training content (AI Act, Article 53(1)(d)) in Markdown, HTML, wiki markup and text.

They are recognised by the template's headings and questions, whatever the file is called. A card that holds one is read
as a card too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.model import Gap, Place
from auditor.part_builders.read_options import ReadOptions
from auditor.part_builders.summary_part import part_of_unread_summary, summary_part
from auditor.parts import Part
from auditor.readers import HEAD_BYTES, ReaderExample, card
from auditor.syntax.front_matter import split_card
from auditor.syntax.html_text import is_html
from auditor.syntax.summary_html import holds_markdown, markdown_without_html, summary_text_of_html
from auditor.syntax.summary_languages import may_name_summary, summary_language
from auditor.syntax.summary_markup import summary_markup_to_markdown, with_arabic_numbers
from auditor.syntax.summary_questions import is_training_summary
from auditor.syntax.text_encoding import decode_prefix, decode_text_up_to

UNREAD_GAP = "provenance"
MAX_SUMMARY_BYTES = 8 << 20  # a summary of 200 pages has about 600 kB of text
_SUFFIXES = (
    "",
    ".md",
    ".markdown",
    ".mdx",
    ".txt",
    ".text",
    ".rst",
    ".adoc",
    ".html",
    ".htm",
    ".xhtml",
    ".wiki",
    ".mediawiki",
    ".textile",
    ".org",
    ".csv",
    ".tsv",
)
# Bytes of a file that are read to recognise it: a page's text begins after its styles.
_RECOGNITION_BYTES = 1 << 17
# One of these is in every such text, in lower case; most files have none, and need no regular expression.
_CUES = (
    b"training content",
    b"used for training",
    b"used in training",
    b"illegal",
    b"unlawful",
    b"illicit",
    b"public summary",
    b"reservation of",
    b"article 53",
    b"art. 53",
    b"versioned model name",
    b"transactional commercial licensing",
)


def claims(blob: Blob, head: bytes) -> int:
    """Claim a text that has the template's headings and questions, before those who judge by its name."""
    if blob.suffix not in _SUFFIXES:
        return 0
    if len(head) >= HEAD_BYTES:
        try:
            head = blob.read(_RECOGNITION_BYTES)
        except Unreadable:
            return 0
    if b"\0" not in head:
        lower = head.lower()
        is_cued = (b"train" in lower or b"synthetic" in lower) and any(cue in lower for cue in _CUES)
        if not is_cued and not may_name_summary(head):
            return 0
    words = _words(decode_prefix(head))
    return 88 if is_training_summary(words) or summary_language(words) else 0


def _words(text: str) -> str:
    """Return the words by which a training summary is recognised; of a page, without its marks."""
    return summary_text_of_html(text)[0] if _is_page("", text) else text


def _is_page(suffix: str, text: str) -> bool:
    """Return whether a summary is a page in HTML, no Markdown with tags in it."""
    return is_html(suffix, text) or ("</" in text[:8192] and not holds_markdown(text))


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Unread]:
    """Yield what each summary says of its model, and what the card says that holds one."""
    for blob in blobs:
        try:
            data = blob.read(MAX_SUMMARY_BYTES + 1)
            yield part(blob, data)
            if card.claims(blob, data[:HEAD_BYTES]) > 30:
                yield card.part(blob, data)
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)


def part(blob: Blob, data: bytes) -> Part:
    """Return what the summary in ``data`` says of its model. Raises :class:`Unreadable` if it is no text."""
    text, whys = decode_text_up_to(data, MAX_SUMMARY_BYTES)
    first_line = 1
    if _is_page(blob.suffix, text):
        text, why = summary_text_of_html(text)
        first_line = 0
        if why:
            whys.append(why)
    else:
        split = split_card(text)
        text, first_line = summary_markup_to_markdown(split.body, blob.suffix), split.body_line
        if "</" in text:
            text, first_line = markdown_without_html(text), 0
    text = with_arabic_numbers(text)
    if (language := summary_language(text)) and not is_training_summary(text):
        return part_of_unread_summary(language, blob.uri, blob.text_ref("model"))
    gaps = [Gap("provenance", why, Place(blob.uri)) for why in whys]
    return summary_part(text, blob.uri, blob.text_ref("model"), first_line=first_line, gaps=gaps)


_FILLED = """# Public Summary of Training Content
Version of the Summary: 2
Last update: 04/2026
## 1. General information
### 1.1. Provider identification
Provider name and contact details: Leaf Works Ltd, office@leaf.example
### 1.2. Model identification
Versioned model name(s): Leaf 2
Model dependencies: fine-tuned from acme/tree
Date of placement of the model on the Union market: 05/2026
### 1.3. Modalities, overall training data size and other characteristics
| Modality | Training data size | Types of content |
|---|---|---|
| Image | 1 million to 1 billion images | Photographs of trees |
Latest date of data acquisition/collection for model training: 12/2025
## 2. List of data sources
### 2.1. Publicly available datasets
Have you used publicly available datasets to train the model? Yes
List of large publicly available datasets:
- Leaves of a park: https://huggingface.co/datasets/acme/leaves
### 2.2.1. Datasets commercially licensed by rightsholders or their representatives
No
### 2.3. Data crawled and scraped from online sources
Were crawlers used by the provider or on behalf of? Yes
Crawler name(s)/identifier(s): LeafBot
### 2.5. Synthetic data
No
## 3. Data processing aspects
### 3.2. Removal of illegal content
TO BE PROVIDED
"""
EXAMPLES = (
    ReaderExample(
        "anything.md",
        _FILLED.encode(),
        (
            ("summary", "2", ""),
            ("provider", "Leaf Works Ltd", ""),
            ("title", "Leaf 2", ""),
            ("base_model", "acme/tree", "finetune"),
            ("date", "2026-05", "placed on the market"),
            ("modality", "image", ""),
            ("data_size", "1 million to 1 billion images", "image"),
            ("date", "2025-12", "latest data"),
            ("trained_on", "acme/leaves", ""),
            ("crawler", "LeafBot", ""),
            ("summary_answer", "2.1 publicly available datasets", "yes"),
            ("summary_answer", "2.2.1 commercially licensed datasets", "no"),
            ("summary_answer", "2.5 synthetic data", "no"),
            ("summary_answer", "3.2 removal of illegal content", "placeholder"),
        ),
    ),
)
