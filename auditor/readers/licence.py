"""Reads licences, use policies and terms as texts; what they prohibit is derived from those later.

A text in a model's or dataset's folder belongs to that subject; any other is a subject of kind ``terms`` by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import re2

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.model import Gap, Place, Statement, Subject
from auditor.part_builders.file_parts import read_file_parts
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part, PartlyRead, Role, Text
from auditor.readers import ReaderExample
from auditor.syntax.card_kind import kind_of_text
from auditor.syntax.front_matter import CARD_KEYS, split_card
from auditor.syntax.html_text import is_html, text_of_html
from auditor.syntax.text_encoding import decode_text, decode_text_up_to

MAX_TEXT_BYTES = 8 << 20  # bytes; the longest licence met has 200 kB

_TEXT_SUFFIXES = ("", ".txt", ".md", ".markdown", ".rst", ".html", ".htm")
_LICENCE_NAME = re.compile(
    r"(?:.*[-_. ])?(?:licen[cs]es?|copying|copyright|eula|unlicense)(?:[-_. ].*)?|notice(?:[-_.].*)?", re.I
)
_TERMS_NAME = re.compile(
    r"(?:.*[-_. ])?(?:terms|tos|tou|aup|agreement|restrictions"
    r"|(?:acceptable|usage|use|content|safety)[-_ ]?(?:use|policy)(?:[-_ ]policy)?)(?:[-_. ].*)?",
    re.I,
)
# In a model's or dataset's folder these names mean other things: how to annotate, a policy that plays a game.
_STANDALONE_NAME = re.compile(
    r"(?:.*[-_. ])?(?:policy|policies|conduct|guidelines?|rules|standards|dua"
    r"|child[-_ ]?(?:safety|protection|endangerment))(?:[-_. ].*)?",
    re.I,
)
# Rules may be those of a firewall or a game; rules of a community hold several of _CONDUCT_WORDS.
_RULES_NAME = re.compile(r"(?:.*[-_. ])?rules(?:[-_. ].*)?", re.I)
_CONDUCT_WORDS = re.compile(
    r"\b(respect|harass\w*|spam\w*|nsfw|illegal|ban(?:s|ned)?|prohibited|not (?:allowed|permitted)|moderators?|members"
    r"|content|users?|posts?|bully\w*|racis[mt]|hate)\b",
    re.I,
)
# Every name that the patterns above match holds one of these; most names hold none, and need no regular expression.
_PARTS_OF_NAMES = (
    "licen", "copy", "eula", "notice", "terms", "tos", "tou", "aup", "agreement", "restrictions", "use", "polic",
    "conduct", "guideline", "rules", "standards", "dua", "child",
)  # fmt: skip
# LICENSE-SDXL1.0, COPYING.LESSER, LICENSE.MIT: what follows the dot is no suffix.
_NAME_WITH_DOT = re.compile(r"^(?:LICEN[CS]E|COPYING|NOTICE)[^/]*\.(?:\d\w*|[A-Z][A-Z\d-]*)$")
_LEGAL_FOLDER = re.compile(r"(?:^|[/_-])(?:licen[cs]es?|terms|policies|legal)(?:[/_-]|$)", re.I)
# The first lines of a licence or policy hold several of these.
_LEGAL_WORDS = re.compile(
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
# How rules for others are worded, whatever the document is called.
_RULE_WORDS = re2.compile(
    r"(?im)\b(?:you (?:agree|may not|must not|shall not|cannot|can't|will not)|(?:must|may|shall|should|do|will) not"
    r"|don['’]t|not (?:be )?(?:allowed|permitted|tolerated|acceptable)|prohibit(?:s|ed)?|forbidden|banned"
    r"|zero[- ]tolerance|violat(?:e|es|ing|ion|ions)|we (?:reserve|will remove|may remove)|terminat(?:e|ed|ion)"
    r"|suspend(?:ed)?|comply|removed)\b|^[ \t*\d.)-]*no [a-z]+"
)
# Bytes of a page that are read to claim it: its text begins after menus and scripts.
_PAGE_BYTES = 1 << 16
# A longer name is a sentence.
_MAX_NAME = 120
# Bytes of a text, after which it is no longer its beginning; fewer characters than that may be an image's caption.
_FIRST_LINES_BYTES, _MIN_LEGAL_CHARACTERS, _HEADLINE_CHARACTERS = 1500, 200, 400
# A text sets rules with so many of _RULE_WORDS, so many different ones, and one in so many words.
_MIN_RULE_WORDS, _MIN_DIFFERENT_RULE_WORDS, _MAX_WORDS_PER_RULE_WORD = 3, 2, 100
# So many different words make a text one of conduct, or a legal one.
_MIN_CONDUCT_WORDS, _MIN_LEGAL_WORDS = 3, 4


def claims(blob: Blob, head: bytes) -> int:
    """Claim a licence or policy by its name, else its folder's name, else its first lines or the rules that it sets."""
    suffix = blob.suffix
    if suffix in (".license", ".licence"):
        return 70
    text_suffix = suffix if suffix in _TEXT_SUFFIXES else ""
    stem = blob.basename[: len(blob.basename) - len(text_suffix)]
    first = stem.partition(".")[0].lower()
    if suffix and not text_suffix and not _NAME_WITH_DOT.search(blob.basename):
        return 0
    if first in _CARD_STEMS:
        return 0
    may_be_named = any(map(stem.lower().__contains__, _PARTS_OF_NAMES))
    role = may_be_named and len(stem) < _MAX_NAME and _licence_role(stem, standalone=not blob.kind)
    if role and (not _RULES_NAME.fullmatch(stem) or _licence_role(stem, standalone=False) or _is_code_of_conduct(head)):
        return 20 if _has_card_metadata(head) else 70
    if not blob.kind and _is_legal_folder(blob.path.rpartition("/")[0]):
        return 20 if _has_card_metadata(head) else 50
    if text_suffix in (".md", ".markdown", ".rst") and not (
        may_be_named and _STANDALONE_NAME.fullmatch(stem[:_MAX_NAME])
    ):
        # Any card may name a licence: only a text that is no card and sets rules is terms.
        if blob.kind or any(map(head.__contains__, _CARD_KEY_LINES)):
            return 0
        return 40 if _sets_rules_like_licence(_decode_head(head)) and kind_of_text(head) == "document" else 0
    if _reads_like_licence(head):
        return 40
    if blob.kind:
        return 0
    return (
        40
        if _sets_rules_like_licence(_html_words(blob) if text_suffix in (".html", ".htm") else _decode_head(head))
        else 0
    )


# Nearly every card has one of these keys, so that most files of a hub are known at once.
_CARD_KEY_LINES = tuple(
    f"\n{key}:".encode() for key in ("license", "tags", "language", "base_model", "pipeline_tag", "datasets")
)


def _decode_head(head: bytes) -> str:
    """Return the first bytes of what may be a licence as text."""
    return head.decode("utf-8", "replace")


def _html_words(blob: Blob) -> str:
    """Return the words of an HTML page that may be a licence; "" if it cannot be read."""
    try:
        return text_of_html(_decode_head(blob.read(_PAGE_BYTES)))[0]
    except Unreadable:
        return ""


def _sets_rules_like_licence(words: str) -> bool:
    """Return whether a text sets rules as licences do: what others must not do, often and in more than one way."""
    found = [match.group().lower() for match in _RULE_WORDS.finditer(words.encode("utf-8", "replace"))]
    is_varied = len(found) >= _MIN_RULE_WORDS and len(set(found)) >= _MIN_DIFFERENT_RULE_WORDS
    return is_varied and len(found) * _MAX_WORDS_PER_RULE_WORD >= len(words.split())


@lru_cache(maxsize=256)
def _is_legal_folder(folder: str) -> bool:
    """Return whether a folder's name is one that licences and policies lie in."""
    return _LEGAL_FOLDER.search("/".join(folder.split("/")[-3:])) is not None


def _licence_role(stem: str, *, standalone: bool) -> Role | None:
    """Return what a licence, policy or terms file is by its name; None if the name does not tell."""
    if _LICENCE_NAME.fullmatch(stem):
        return "licence"
    return "terms" if _TERMS_NAME.fullmatch(stem) or (standalone and _STANDALONE_NAME.fullmatch(stem)) else None


_CARD_STEMS = ("readme", "modelcard", "model_card", "datasetcard", "dataset_card")


def _has_card_metadata(head: bytes) -> bool:
    """Return whether what may be a licence begins with a card's metadata, more than a web page's title."""
    if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"---"):
        return False
    try:
        card = split_card(decode_text(head)[0])
    except Unreadable:
        return False
    return bool(card.metadata.keys() & (CARD_KEYS - {"title"}))


def _is_code_of_conduct(head: bytes) -> bool:
    """Return whether a text is a code of conduct, which is no licence, by its first lines."""
    words = _decode_head(head[:_FIRST_LINES_BYTES])
    return len({match.lower() for match in _CONDUCT_WORDS.findall(words)}) >= _MIN_CONDUCT_WORDS


def _reads_like_licence(head: bytes) -> bool:
    """Return whether a text's first lines read like those of a licence or a policy."""
    words = _decode_head(head[:_FIRST_LINES_BYTES])
    if len(words) < _MIN_LEGAL_CHARACTERS:
        return False
    if _HEADLINE.search(words[:_HEADLINE_CHARACTERS]):
        return True
    found = {match.lower() for match in _LEGAL_WORDS.findall(words)}
    return len(found) >= _MIN_LEGAL_WORDS and bool(
        found & {"licence", "license", "agreement", "terms", "policy", "permission"}
    )


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | PartlyRead | Unread]:
    """Yield the text of each licence, policy or terms file."""
    return read_file_parts(blobs, part, MAX_TEXT_BYTES + 1)


def part(blob: Blob, data: bytes) -> Part:
    """Return the licence or policy in ``data`` with its subject. Raises :class:`Unreadable` if it is no text."""
    text, gaps = decode_text_up_to(data, MAX_TEXT_BYTES)
    line = 1
    if is_html(blob.suffix, text):
        text, why = text_of_html(text)
        line = 0
        if why:
            gaps.append(why)
    else:
        # Published policies carry a title and a description as front matter (github/site-policy).
        card = split_card(text)
        if card.placement == "front-matter" and not card.warnings:
            text, line = card.body, card.body_line
    subject = blob.text_ref("terms")
    stem = blob.basename[: len(blob.basename) - len(blob.suffix)]
    role = _licence_role(stem, standalone=True) or "licence"
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
