"""Put what a PDF's form fields hold beside the words on its pages: ticked boxes, chosen entries and typed text.

A page's instructions draw the labels; the boxes and answers of a form (AcroForm, ISO 32000-1, 12.7) are annotations
with a place of their own, and no words of the page.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from auditor.syntax.check_boxes import TICKED, UNKNOWN_BOX, UNTICKED

MAX_FIELDS = 1_000  # of one page that are read; the template's form has about a hundred in all
_BUCKET = 8.0  # points: the height of a line that fields are looked up by
_REACH = 60.0  # points between a box and its option
_ABOVE = 40.0  # points between a field and the label above it
_HIDDEN = 0b100010  # flags of an annotation: hidden, or not to be viewed
_PUSH_BUTTON = 1 << 16  # flag of a field
_OPTION = re.compile(r"\b(?:yes|no|text|images?|audio|videos?|less than|more than)\b", re.I)
_MAX_OPTION_WORDS = 12
_MAX_PARENTS = 8
_MAX_VALUE = 20_000  # characters


class PlacedText(NamedTuple):
    """Words on a page, where they begin, in points from the lower left corner."""

    words: str
    x: float
    y: float


class FormField(NamedTuple):
    """A visible form field: its value as text, whether it is a box, and its rectangle."""

    value: str
    is_box: bool
    left: float
    bottom: float
    right: float
    top: float


def form_fields(page: Any) -> tuple[FormField, ...]:
    """Return the visible form fields of a page of pypdf that hold something, of its first :data:`MAX_FIELDS`."""
    found = []
    for reference in list(_resolved(page.get("/Annots")) or ())[:MAX_FIELDS]:
        annotation = _resolved(reference)
        if not isinstance(annotation, dict) or annotation.get("/Subtype") != "/Widget":
            continue
        left, bottom, right, top = (float(number) for number in _resolved(annotation.get("/Rect")))
        is_box, value = _value(annotation)
        if value and not int(annotation.get("/F", 0)) & _HIDDEN:
            sides = min(left, right), min(bottom, top), max(left, right), max(bottom, top)
            found.append(FormField(value, is_box, *sides))
    return tuple(found)


def with_form_fields(fields: Sequence[FormField], pieces: Sequence[PlacedText]) -> str:
    """Return the words of a page with the value of each form field beside its label or option.

    Where it cannot be told which option a box belongs to, the box becomes :data:`UNKNOWN_BOX`.

    Args:
        fields: The page's form fields.
        pieces: The page's words, in their order; a piece ends with a line break where its line does.
    """
    words = [piece.words for piece in pieces]
    rows: dict[int, list[int]] = defaultdict(list)
    for number, piece in enumerate(pieces):
        if piece.words.strip():
            rows[int(piece.y // _BUCKET)].append(number)
    loose: list[str] = []
    for field in fields:
        line = [number for number in _near(rows, field.bottom - 4, field.top) if _is_beside(pieces[number], field)]
        if field.is_box:
            _place_box(field, fields, pieces, line, words)
        else:
            _place_value(field, pieces, line, rows, words, loose)
    return "".join([*words, *loose])


def _near(rows: dict[int, list[int]], bottom: float, top: float) -> list[int]:
    """Return the pieces whose rows touch a band of a page, by their numbers."""
    first, last = int(bottom // _BUCKET), int(top // _BUCKET)
    return [number for row in range(first, min(last, first + 200) + 1) for number in rows.get(row, ())]


def _is_beside(piece: PlacedText, field: FormField) -> bool:
    """Return whether a piece of a page stands on the line of a form field."""
    return field.bottom - 4 <= piece.y <= field.top


def _place_box(
    field: FormField, fields: Sequence[FormField], pieces: Sequence[PlacedText], line: list[int], words: list[str]
) -> None:
    """Put a form's box before the option to its right; where boxes end the line, behind the option to its left."""
    boxes = [other.left for other in fields if other.is_box and abs(other.bottom - field.bottom) < _BUCKET]
    last_words = max((pieces[number].x for number in line), default=0.0)
    if max(boxes) > last_words:
        before = [number for number in line if pieces[number].x < field.left]
        at = max(before, key=lambda number: pieces[number].x, default=None)
    else:
        after = [number for number in line if 0 <= pieces[number].x - field.right + 2 <= _REACH]
        at = min(after, key=lambda number: pieces[number].x, default=None)
    if at is None:
        return
    option = pieces[at].words
    value = field.value
    if len(option.split()) <= _MAX_OPTION_WORDS and len(_OPTION.findall(option)) > 1 and not _is_one_band(option):
        value = UNKNOWN_BOX  # a piece that holds several options
    text = words[at].rstrip("\n")
    end = words[at][len(text) :]
    words[at] = f"{text} {value} {end}" if max(boxes) > last_words else f" {value} {text}{end}"


def _is_one_band(option: str) -> bool:
    """Return whether an option of a form is one band of sizes that names its modality: "Less than 1 million images"."""
    return len(re.findall(r"\b(?:less|more) than\b", option, re.I)) == 1


def _place_value(
    field: FormField,
    pieces: Sequence[PlacedText],
    line: list[int],
    rows: dict[int, list[int]],
    words: list[str],
    loose: list[str],
) -> None:
    """Put what a form's field holds behind the label to its left, else behind the one above it."""
    before = [number for number in line if pieces[number].x < field.left]
    at = max(before, key=lambda number: pieces[number].x, default=None)
    if at is None:
        above = [
            number for number in _near(rows, field.top - 4, field.top + _ABOVE) if pieces[number].y >= field.top - 4
        ]
        at = min(above, key=lambda number: pieces[number].y, default=None)
    if at is None:
        loose.append(f"\n{field.value}")
        return
    text = words[at].rstrip()
    words[at] = f"{text}{' ' if text.endswith((':', '?')) else ': '}{field.value}\n"


def _value(annotation: Any) -> tuple[bool, str]:
    """Return whether a form field is a box, and what it holds as text."""
    kind = _inherited(annotation, "/FT")
    value = _inherited(annotation, "/V")
    if kind == "/Btn":
        is_button = int(_inherited(annotation, "/Ff") or 0) & _PUSH_BUTTON
        return True, "" if is_button else _box(annotation, value)
    values = [value] if isinstance(value, (str, bytes)) else value if isinstance(value, list) else []
    lines = [line.strip() for one in values for line in str(_resolved(one))[:_MAX_VALUE].splitlines()]
    return False, "; ".join(line for line in lines if line)


def _box(annotation: Any, value: Any) -> str:
    """Return the box of a check box or radio button: ticked as it is shown, unknown where its value says otherwise."""
    shown = annotation.get("/AS")
    appearances = _resolved((_resolved(annotation.get("/AP")) or {}).get("/N"))
    states = [name for name in appearances if name != "/Off"] if isinstance(appearances, dict) else []
    if shown is None:
        return TICKED if value is not None and value in states else UNTICKED
    is_shown = shown != "/Off"
    if value is not None and (shown != value if is_shown else value != "/Off" and value in states):
        return UNKNOWN_BOX
    return TICKED if is_shown else UNTICKED


def _inherited(annotation: Any, key: str) -> Any:
    """Return an entry of a form field, its own or that of a field above it; None if none has it."""
    for _ in range(_MAX_PARENTS):
        if not isinstance(annotation, dict):
            return None
        if key in annotation:
            return _resolved(annotation[key])
        annotation = _resolved(annotation.get("/Parent"))
    return None


def _resolved(value: Any) -> Any:
    """Return what a reference in a PDF refers to, or the value itself."""
    return value.get_object() if hasattr(value, "get_object") else value
