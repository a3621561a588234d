"""Reads model and dataset cards: files with a card's name, and other Markdown that is in no subject's folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from auditor.blob import Blob, Unread
from auditor.part_builders.card_part import MAX_CARD_BYTES, card_part
from auditor.part_builders.file_parts import read_file_parts
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part, PartlyRead
from auditor.readers import ReaderExample
from auditor.syntax.text_encoding import decode_text_up_to

_NAME = re.compile(r"(?:readme|(?:model|data|dataset)[-_ ]?card)(?:[-_.]\w+)?(?:\.(?:md|markdown|mdx|txt|rst))?", re.I)
_MARKDOWN = (".md", ".markdown", ".mdx")


def claims(blob: Blob, head: bytes) -> int:
    """Claim a card by its name, and other Markdown that is in no subject's folder."""
    if _NAME.fullmatch(blob.basename):
        return 60
    return 30 if blob.suffix in _MARKDOWN and not blob.kind else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | PartlyRead | Unread]:
    """Yield what each card says of its subject."""
    return read_file_parts(blobs, part, MAX_CARD_BYTES + 1)


def part(blob: Blob, data: bytes) -> Part:
    """Return what the card in ``data`` says of its subject. Raises :class:`Unreadable` if it is no text."""
    text, gaps = decode_text_up_to(data, MAX_CARD_BYTES)
    return card_part(text, blob.uri, blob.kind or blob.standalone_kind, blob.text_ref, gaps)


EXAMPLES = (
    ReaderExample(
        "README.md",
        b"---\nlicense: mit\nlanguage: no\ntags: lora\nbase_model: acme/base\ndatasets:\n- acme/leaves\n---\n# Leaf\n",
        (
            ("card", "front-matter", ""),
            ("title", "Leaf", ""),
            ("licence", "mit", ""),
            ("language", "no", ""),
            ("tag", "lora", ""),
            ("base_model", "acme/base", "adapter"),
            ("trained_on", "acme/leaves", ""),
        ),
    ),
    ReaderExample(
        "README.md",
        b"A logo\n---\nlisence: mit\npipeline_tag: text-to-image\n---\nPictures of trees.\n",
        (
            ("card", "late-front-matter", ""),
            ("misspelt_key", "lisence", "license"),
            ("licence", "mit", ""),
            ("task", "text-to-image", ""),
            ("generates", "image", ""),
        ),
    ),
    ReaderExample(
        "README.md",
        b"---\nlicense: mit\ntags:\n\t- trees\n---\n",
        (("card", "front-matter", ""), ("licence", "mit", "")),
        gaps=("card",),
    ),
    ReaderExample("README.md", b"# Trees\n\nA model.\n", (("card", "none", ""), ("title", "Trees", ""))),
)
