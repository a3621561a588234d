"""Licences, use policies and terms as texts; which licence it is and what it prohibits is derived from them.

A text in a model's or dataset's folder belongs to that subject; one that stands alone is a subject of kind
``terms``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import re2

from auditor.errors import Unreadable
from auditor.model import Gap, Place, Statement, Subject
from auditor.parts import Part, Role, Text
from auditor.readers import ReaderExample, ReadOptions, read_each
from auditor.sources import Blob, Unread
from auditor.syntax.card_kind import kind_of_text
from auditor.syntax.front_matter import CARD_KEYS, split_card
from auditor.syntax.html_text import is_html, text_of_html
from auditor.syntax.text_encoding import decode_text, decode_text_up_to

READ_LIMIT = 8 << 20  # bytes; the longest licence met has 200 kB

_TEXT = ("", ".txt", ".md", ".markdown", ".rst", ".html", ".htm")
_LICENCE_NAME = re.compile(
    r"(?:.*[-_. ])?(?:licen[cs]es?|copying|copyright|eula|unlicense)(?:[-_. ].*)?|notice(?:[-_.].*)?", re.I
)
_TERMS_NAME = re.compile(
    r"(?:.*[-_. ])?(?:terms|tos|tou|aup|agreement|restrictions"
    r"|(?:acceptable|usage|use|content|safety)[-_ ]?(?:use|policy)(?:[-_ ]policy)?)(?:[-_. ].*)?",
    re.I,
)
# Within a model's or dataset's folder these are other things: how to annotate, a policy that plays a game.
_ALONE_NAME = re.compile(
    r"(?:.*[-_. ])?(?:policy|policies|conduct|guidelines?|rules|standards|dua"
    r"|child[-_ ]?(?:safety|protection|endangerment))(?:[-_. ].*)?",
    re.I,
)
# Rules may be a firewall's or a game's; those of a community say several of these.
_RULES_NAME = re.compile(r"(?:.*[-_. ])?rules(?:[-_. ].*)?", re.I)
_CONDUCT = re.compile(
    r"\b(respect|harass\w*|spam\w*|nsfw|illegal|ban(?:s|ned)?|prohibited|not (?:allowed|permitted)|moderators?|members"
    r"|content|users?|posts?|bully\w*|racis[mt]|hate)\b",
    re.I,
)
# One of these stands in every name that the three above match; most names hold none.
_NAMED = (
    "licen", "copy", "eula", "notice", "terms", "tos", "tou", "aup", "agreement", "restrictions", "use", "polic",
    "conduct", "guideline", "rules", "standards", "dua", "child",
)  # fmt: skip
# LICENSE-SDXL1.0, COPYING.LESSER, LICENSE.MIT: what follows the dot is no suffix.
_VARIANT = re.compile(r"^(?:LICEN[CS]E|COPYING|NOTICE)[^/]*\.(?:\d\w*|[A-Z][A-Z\d-]*)$")
_FOLDER = re.compile(r"(?:^|[/_-])(?:licen[cs]es?|terms|policies|legal)(?:[/_-]|$)", re.I)
# Words of which a licence's or a policy's first lines hold several.
_LEGAL = re.compile(
    r"\b(licen[cs]e|agreement|terms|policy|permission|copyright|grants?|granted|warrant(?:y|ies)|redistribute|legal|liable"
    r"|prohibited|preamble|distribute|licensor|conduct)\b",
    re.I,
)
_HEADLINE = re.compile(
    r"\b(licen[cs]e (?:agreement|version)|community licen[cs]e|public licen[cs]e|permission is hereby granted"
    r"|use policy|terms of (?:use|service)|terms and conditions|prohibited uses|use restrictions"
    r"|community guidelines|legal code|content policy|open ?rail\S*|rail licen[cs]e|licen[cs]e v?\d"
    r"|this is a licen[cs]e)\b",
    re.I,
)
# What those say who set rules for others, whatever they call them.
_RULING = re2.compile(
    r"(?im)\b(?:you (?:agree|may not|must not|shall not|cannot|can't|will not)|(?:must|may|shall|should|do|will) not"
    r"|don['’]t|not (?:be )?(?:allowed|permitted|tolerated|acceptable)|prohibit(?:s|ed)?|forbidden|banned"
    r"|zero[- ]tolerance|violat(?:e|es|ing|ion|ions)|we (?:reserve|will remove|may remove)|terminat(?:e|ed|ion)"
    r"|suspend(?:ed)?|comply|removed)\b|^[ \t*\d.)-]*no [a-z]+"
)
_PAGE = 1 << 16  # bytes of a page: what it says begins after what stands around it


def claims(blob: Blob, head: bytes) -> int:
    suffix = blob.suffix
    if suffix in (".license", ".licence"):
        return 70
    bare = suffix if suffix in _TEXT else ""
    stem = blob.basename[: len(blob.basename) - len(bare)]
    first = stem.partition(".")[0].lower()
    if suffix and not bare and not _VARIANT.search(blob.basename):
        return 0
    if first in _CARDS:
        return 0
    named = any(map(stem.lower().__contains__, _NAMED))
    told = named and len(stem) < 120 and _role(stem, alone=not blob.kind)
    if told and (not _RULES_NAME.fullmatch(stem) or _role(stem, alone=False) or _is_of_conduct(head)):
        return 20 if _is_card(head) else 70
    if not blob.kind and _is_legal_folder(blob.path.rpartition("/")[0]):
        return 20 if _is_card(head) else 50
    if bare in (".md", ".markdown", ".rst") and not (named and _ALONE_NAME.fullmatch(stem[:120])):
        # A card may name a licence anywhere: only what is no card, and rules, is terms.
        if blob.kind or any(map(head.__contains__, _OF_CARDS)):
            return 0
        return 40 if _rules(_words(head)) and kind_of_text(head) == "document" else 0
    if _is_legal(head):
        return 40
    if blob.kind:
        return 0
    return 40 if _rules(_page(blob) if bare in (".html", ".htm") else _words(head)) else 0


# Keys of nearly every card's metadata: most files of a hub need no second look.
_OF_CARDS = tuple(
    f"\n{key}:".encode() for key in ("license", "tags", "language", "base_model", "pipeline_tag", "datasets")
)


def _words(head: bytes) -> str:
    return head.decode("utf-8", "replace")


def _page(blob: Blob) -> str:
    try:
        return text_of_html(_words(blob.read(_PAGE)))[0]
    except Unreadable:
        return ""


def _rules(words: str) -> bool:
    """Does it tell others what they must not do, once in some dozen words, and in more ways than one?"""
    found = [match.group().lower() for match in _RULING.finditer(words.encode("utf-8", "replace"))]
    return len(found) >= 3 and len(set(found)) >= 2 and len(found) * 100 >= len(words.split())


@lru_cache(maxsize=256)
def _is_legal_folder(folder: str) -> bool:
    return _FOLDER.search("/".join(folder.split("/")[-3:])) is not None


def _role(stem: str, *, alone: bool) -> Role | None:
    """What a file's name says it is."""
    if _LICENCE_NAME.fullmatch(stem):
        return "licence"
    return "terms" if _TERMS_NAME.fullmatch(stem) or (alone and _ALONE_NAME.fullmatch(stem)) else None


_CARDS = ("readme", "modelcard", "model_card", "datasetcard", "dataset_card")


def _is_card(head: bytes) -> bool:
    """Does it open with a hub card's metadata? (A published policy may open with a page's: a title.)"""
    if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"---"):
        return False
    try:
        card = split_card(decode_text(head)[0])
    except Unreadable:
        return False
    return bool(card.metadata.keys() & (CARD_KEYS - {"title"}))


def _is_of_conduct(head: bytes) -> bool:
    words = _words(head[:1500])
    return len({match.lower() for match in _CONDUCT.findall(words)}) >= 3


def _is_legal(head: bytes) -> bool:
    """Do its first lines read like a licence or a policy?"""
    words = _words(head[:1500])
    if len(words) < 200:  # a picture's caption
        return False
    if _HEADLINE.search(words[:400]):
        return True
    found = {match.lower() for match in _LEGAL.findall(words)}
    return len(found) >= 4 and bool(found & {"licence", "license", "agreement", "terms", "policy", "permission"})


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Unread]:
    return read_each(blobs, part, READ_LIMIT + 1)


def part(blob: Blob, data: bytes) -> Part:
    """The text in ``data`` and whose it is. Raises :class:`Unreadable` where it is no text."""
    text, gaps = decode_text_up_to(data, READ_LIMIT)
    line = 1
    if is_html(blob.suffix, text):
        text, trouble = text_of_html(text)
        line = 0
        if trouble:
            gaps.append(trouble)
    else:
        # Published policies carry a title and a description as front matter (github/site-policy).
        card = split_card(text)
        if card.placement == "front-matter" and not card.warnings:
            text, line = card.body, card.body_line
    subject = blob.text_ref("terms")
    stem = blob.basename[: len(blob.basename) - len(blob.suffix)]
    role = _role(stem, alone=True) or "licence"
    title = next((words.strip(" #*=\t") for words in text[:2000].split("\n") if words.strip(" #*=-\t")), "")
    statements = (
        (Statement("title", title[:200], place=Place(blob.uri, 0), source="licence-file"),)
        if title and not blob.kind
        else ()
    )
    return Part(
        Subject(
            subject.kind,
            subject.name,
            subject.revision,
            statements,
            tuple(Gap("licence", why, Place(blob.uri)) for why in gaps),
        ),
        (Text(role, blob.uri, text, line),),
    )


EXAMPLES = (
    ReaderExample(
        "LICENSE",
        b"MIT License\n\nPermission is hereby granted, free of charge, ...\n",
        (("title", "MIT License", ""),),
    ),
    ReaderExample(
        "terms.html",
        b"<html><head><style>p{}</style></head><body><h1>Terms of use</h1><p>Be kind.</p></body></html>",
        (("title", "Terms of use", ""),),
    ),
    ReaderExample("policy.html", b"<script>only()</script>", (), gaps=("licence",)),
    ReaderExample("LICENSE.txt", b"\x00\x01\x02" * 100, unread="is not text: it holds mostly control characters"),
)
