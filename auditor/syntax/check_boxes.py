"""Read the boxes beside a form's options, in whatever character, font or letter they are drawn.

Word draws boxes with fonts of symbols: the byte 0xFE of Wingdings is a ticked box. Where a text keeps the character
and loses the font, the byte stands in Unicode's private use area, as U+F0FE. The tables hold what these fonts draw
(Unicode's document L2/11-052). A character that neither they nor Unicode tell is :data:`UNKNOWN_BOX`: an option beside
it may be ticked or not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

TICKED = "☒"
UNTICKED = "☐"
UNKNOWN_BOX = "\ufffd"

_WINGDINGS = {
    0x6F: UNTICKED, 0x71: UNTICKED, 0x72: UNTICKED, 0xA8: UNTICKED, 0xFD: TICKED, 0xFE: TICKED, 0xFB: "✗", 0xFC: "✓",
    0x6C: "•", 0x6E: "•", 0x75: "•", 0x76: "•", 0xA7: "•", 0xD8: "•", 0xE0: "→", 0xE8: "→", 0x78: TICKED,
}  # fmt: skip
_WINGDINGS_2 = {
    0x4F: "✗", 0x50: "✓", 0x51: TICKED, 0x52: TICKED, 0x53: TICKED, 0x54: TICKED, 0xA3: UNTICKED, 0x97: "•", 0x96: "•",
}  # fmt: skip
_WEBDINGS = {0x61: "✓", 0x63: UNTICKED, 0x67: "•", 0x72: "✗"}
_DINGBATS = {0x33: "✓", 0x34: "✓", 0x37: "✗", 0x38: "✗", 0x6F: UNTICKED, 0x70: UNTICKED, 0x71: UNTICKED, 0x72: UNTICKED}
# What each font of symbols draws for a byte, by the font's name in lower case.
_FONTS: Mapping[str, Mapping[int, str]] = {
    "wingdings": _WINGDINGS,
    "wingdings 2": _WINGDINGS_2,
    "wingdings 3": {},
    "webdings": _WEBDINGS,
    "symbol": {0xB7: "•"},
    "zapfdingbats": _DINGBATS,
    "itc zapf dingbats": _DINGBATS,
    "monotype sorts": _DINGBATS,
}
# Bytes that draw a box or a bullet in one of Word's two usual fonts, and none in the other.
_OF_PRIVATE_USE: dict[int, str] = {
    0xF000 + byte: box
    for byte, box in (*_WINGDINGS.items(), *_WINGDINGS_2.items())
    if byte not in (0x6C, 0x6E, 0x75, 0x96, 0x97)
} | {0xF0B7: "•"}
_SAME = {
    **dict.fromkeys(map(ord, "🗹🗷🗵⮽⊠☑⬛"), TICKED),
    **dict.fromkeys(map(ord, "□❑❒❏❐◻◽▢⬜⬚🔲⎕🗆"), UNTICKED),
    **dict.fromkeys(map(ord, "✖✕╳☓🗴🗶"), "✗"),
    **dict.fromkeys(map(ord, "🗸√"), "✓"),
    ord("❎"): UNKNOWN_BOX,
    ord("\ufe0f"): "",
    **_OF_PRIVATE_USE,
}
# A square or circle before anything but a form's option is the bullet of a list.
_BULLET = re.compile(
    r"^([ \t]*)[□❑❒❏❐◻■◼●○◯◆◇▪▫▸►➢➤\ue000-\uf8ff][ \t]+"
    r"(?!(?:[\w*_(]{0,4}[ \t])?[*_(]*(?:yes|no|texts?|images?|audio|videos?|other|not|less|more|under|over|[<>≤≥\d])\b)"
    r"(?=\S)",
    re.I | re.M,
)
_CIRCLES = str.maketrans(dict.fromkeys("○◯⚪", UNTICKED) | dict.fromkeys("●◉⦿🔘", TICKED))
_SQUARES = str.maketrans(dict.fromkeys("■▣◼", TICKED))
_EMPTY_CIRCLE = re.compile("[○◯⚪]")
_ASCII_EMPTY = re.compile(r"\( {0,3}\)|\[ {0,3}\]")
_ASCII_TICK = re.compile(r"\([•*●]\)|\[[•*√vV]\]")
# Bytes of Wingdings and Wingdings 2 that became letters: "þ Yes ¨ No", "R Yes £ No".
_LETTER_BOX = re.compile(r"(?<!\S)[þý¨](?!\S)")
_LETTER_PAIR = re.compile(r"(?<!\S)([R£])( +(?:Yes|No) +)(?!\1)([R£])(?= +(?:Yes|No)\b)")
_LETTERS = {"þ": TICKED, "ý": TICKED, "¨": UNTICKED, "R": TICKED, "£": UNTICKED}
_CLOSE = re.compile(f"(?<=\\S)[{TICKED}{UNTICKED}{UNKNOWN_BOX}]|[{TICKED}{UNTICKED}{UNKNOWN_BOX}](?=\\w)")
_UNKNOWN = re.compile("[\ue000-\uf8ff]")


def is_symbol_font(font: str) -> bool:
    """Return whether a font draws symbols in place of letters."""
    return font.strip(" \"'").lower() in _FONTS


def symbols_of_font(text: str, font: str) -> str:
    """Return what a font of symbols draws for the characters of a text; :data:`UNKNOWN_BOX` for one not known."""
    drawn = _FONTS.get(font.strip(" \"'").lower(), {})
    return "".join(
        character if character.isspace() else drawn.get(ord(character) & 0xFF, UNKNOWN_BOX) for character in text
    )


def plain_boxes(text: str) -> str:
    """Return a form's text with every box as ``☒``, ``☐`` or :data:`UNKNOWN_BOX`, and squares before items as "•".

    Check marks and crosses keep their meaning and become ``✓`` and ``✗``.
    """
    if _ASCII_EMPTY.search(text):
        text = _ASCII_TICK.sub(TICKED, text)
    if text.isascii():
        return text
    text = _BULLET.sub(r"\1• ", text).translate(_SAME)
    if _EMPTY_CIRCLE.search(text):
        text = text.translate(_CIRCLES)
    if UNTICKED in text:
        text = text.translate(_SQUARES)
    text = _LETTER_BOX.sub(lambda match: _LETTERS[match[0]], text)
    text = _LETTER_PAIR.sub(lambda match: _LETTERS[match[1]] + match[2] + _LETTERS[match[3]], text)
    return _CLOSE.sub(lambda match: f" {match[0]} ", _UNKNOWN.sub(UNKNOWN_BOX, text))
