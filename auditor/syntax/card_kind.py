"""Whether a card describes a model or a dataset: by its metadata's keys, else by its headings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from auditor.errors import Unreadable
from auditor.model import Kind
from auditor.syntax.front_matter import CARD_KEYS, DATASET_KEYS, MODEL_KEYS, split_card
from auditor.syntax.text_encoding import decode_text

_SPACE_KEYS = frozenset(("app_file", "sdk"))

_DATASET_HEADING = re.compile(
    r"dataset card|dataset (?:summary|description|structure|creation|curators)|data (?:fields|splits|instances)"
    r"|source data|personal and sensitive information",
    re.I,
)

_MODEL_HEADING = re.compile(
    r"\bmodels?\b|intended use|training (?:data|procedure|results|hyperparameters)|fine-?tun|pre-?train"
    r"|limitations and bias|eval(?:uation)? results|validation metrics|checkpoints?\b|benchmark",
    re.I,
)

_MODEL_PROSE = re.compile(
    r"\b(?:this|the|our|a|an|my)(?: [\w-]+){0,4} models?\b|fine-?tun(?:ed|ing)|pre-?trained|checkpoint|from_pretrained",
    re.I,
)

_HEADING = re.compile(
    r"\n#{1,6}[ \t]*([^\n]+)"
)  # of a text after a line's end: what begins with a letter is found fast


def kind_of_text(data: bytes) -> Kind:
    """What a folder's README says the folder is: a model or dataset only where it is plainly a hub's card."""
    try:
        card = split_card(decode_text(data)[0])
    except Unreadable:
        return "document"
    if card.metadata.keys() & (CARD_KEYS - {"title"}):
        return kind_of_card(card.metadata, iter_kind_hints(card.body))
    for heading in _HEADING.findall(f"\n{card.body}")[:100]:
        plain = heading.lower().lstrip("*_ ")
        if re.match(r"model ?card\b(?!s)", plain):
            return "model"
        if re.match(r"data(?:set)? ?card\b(?!s)|dataset (?:summary|structure|creation)\b", plain):
            return "dataset"
    return "document"


def iter_kind_hints(body: str) -> Iterator[str]:
    """What of a Markdown text tells its kind: its headings without their marks, and how it begins."""
    for match in _HEADING.finditer(f"\n{body}"):
        yield match[1]
    yield body[:600]


def kind_of_card(metadata: Mapping[str, object], signs: Iterable[str]) -> Kind:
    """What a card is a card of: what its keys say most, else its headings; a document where neither tells."""
    dataset = len(DATASET_KEYS & metadata.keys())
    model = len(MODEL_KEYS & metadata.keys())
    if dataset > model:
        return "dataset"
    if model:
        return "model"
    if _SPACE_KEYS & metadata.keys():  # a demonstration
        return "document"
    kind: Kind = "model" if metadata else "document"
    for number, sign in enumerate(signs):
        short = len(sign) < 200
        told = _kind_of_heading(sign) if short else _named_card_kind(sign)
        if told == "model card":
            return "model"
        if told == "metric card" or number == 400:
            break
        if told == "dataset":
            return "dataset"
        if kind != "model" and (told == "model" if short else _MODEL_PROSE.search(sign)):
            kind = "model"
    return kind


@lru_cache(maxsize=1 << 14)  # hubs' cards share most of their headings
def _kind_of_heading(heading: str) -> str:
    if named := _named_card_kind(heading):
        return named
    return "dataset" if _DATASET_HEADING.search(heading) else "model" if _MODEL_HEADING.search(heading) else ""


def _named_card_kind(text: str) -> str:
    lower = text[:120].lower()
    return "model card" if "model card" in lower else "metric card" if "metric card" in lower else ""
