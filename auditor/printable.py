"""Make text from outside harmless to show: without control, escape, bidi or invisible characters.

Terminal escapes (CSI, OSC 52), C1 controls, bidi overrides and zero-width characters in a model's name
or a card's words would otherwise act on the reader's terminal or make one name look like another.
"""

from __future__ import annotations

import unicodedata

# Zero-width space, joiners and the byte order mark read as nothing, so two names would look the same.
_INVISIBLE = {
    "\u200b",
    "\u200c",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\u180e",
    "\u034f",
    "\u115f",
    "\u1160",
    "\u3164",
    "\uffa0",
    "\u17b4",
    "\u17b5",
    "\u2800",
    *map(chr, range(0xFE00, 0xFE0F)),  # variation selectors; U+FE0F stands behind common emoji
    *map(chr, range(0xE0100, 0xE01F0)),
}


def printable(text: str, limit: int = 200) -> str:
    """Return the text printable on one line, other characters as ``\\u{…}``, cut after ``limit`` characters."""
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    cut = len(text) > limit
    shown = "".join(_escape(character) for character in (text[:limit] if cut else text))
    return f"{shown}… ({len(text):,} characters)" if cut else shown


def csv_cell(text: str, limit: int = 2000) -> str:
    """Return the text as a printable CSV cell that no spreadsheet runs (OWASP: CSV injection)."""
    shown = printable(text, limit)
    return f"'{shown}" if shown.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")) else shown


def _escape(character: str) -> str:
    """Return the character, or its escape if it is not printable."""
    if character == " " or character.isalnum():
        return character if character not in _INVISIBLE else f"\\u{{{ord(character):x}}}"
    category = unicodedata.category(character)
    if category[0] == "C" or category in {"Zl", "Zp"} or character in _INVISIBLE:
        return f"\\u{{{ord(character):x}}}"
    return " " if category == "Zs" else character
