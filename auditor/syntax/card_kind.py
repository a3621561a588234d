"""Determine whether a card describes a model or a dataset: by the keys of its metadata, else by its headings."""

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

# A heading and the line end before it; a pattern that begins with a literal character is found fast.
_HEADING = re.compile(r"\n#{1,6}[ \t]*([^\n]+)")
# Headings and openings that are examined; the headings of a card template come first.
MAX_HINTS = 400
# A longer hint is the beginning of the text, not a heading.
MAX_HEADING_LENGTH = 200
# Characters of the text that are examined to determine its kind.
OPENING_LENGTH = 600


def kind_of_text(data: bytes) -> Kind:
    """Return the kind of a README's folder by its card; model or dataset only if it is clearly a hub's card."""
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
    """Yield the parts of a card that show its kind: each heading without its marks, then its beginning."""
    for match in _HEADING.finditer(f"\n{body}"):
        yield match[1]
    yield body[:OPENING_LENGTH]


def kind_of_card(metadata: Mapping[str, object], hints: Iterable[str]) -> Kind:
    """Return what a card describes: by most of its keys, else by its headings; "document" if neither shows it.

    Args:
        metadata: The card's metadata.
        hints: What :func:`iter_kind_hints` yields.
    """
    dataset = len(DATASET_KEYS & metadata.keys())
    model = len(MODEL_KEYS & metadata.keys())
    if dataset > model:
        return "dataset"
    if model:
        return "model"
    if _SPACE_KEYS & metadata.keys():  # a Space, which is a demonstration
        return "document"
    kind: Kind = "model" if metadata else "document"
    for number, hint in enumerate(hints):
        short = len(hint) < MAX_HEADING_LENGTH
        shown = _kind_of_heading(hint) if short else _named_card_kind(hint)
        if shown == "model card":
            return "model"
        if shown == "metric card" or number == MAX_HINTS:
            break
        if shown == "dataset":
            return "dataset"
        if kind != "model" and (shown == "model" if short else _MODEL_PROSE.search(hint)):
            kind = "model"
    return kind


@lru_cache(maxsize=1 << 14)  # hubs' cards share most of their headings
def _kind_of_heading(heading: str) -> str:
    """Return the kind that a heading of a card shows: model card, metric card, dataset, model, or ""."""
    if named := _named_card_kind(heading):
        return named
    return "dataset" if _DATASET_HEADING.search(heading) else "model" if _MODEL_HEADING.search(heading) else ""


def _named_card_kind(text: str) -> str:
    """Return "model card" or "metric card" if a card begins with that name, else ""."""
    lower = text[:120].lower()
    return "model card" if "model card" in lower else "metric card" if "metric card" in lower else ""
