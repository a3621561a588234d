"""Fold texts into plain letters: compatibility forms, look-alike letters, invisible and direction controls.

Each character keeps its position, so that a place in the folded text is the same place in the original.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

import re2

# Stands for a character that reads as nothing (zero-width, bidi control, combining mark).
INVISIBLE = "\x7f"

# Letters of other scripts that look like Latin ones (a part of Unicode's confusables.txt, UTS 39).
_CONFUSABLES: Mapping[str, str] = {
    "3": "з", "a": "аɑαᴀ", "b": "вьß", "c": "сϲᴄ", "d": "ԁɗᴅđ", "e": "еєεᴇ",
    "f": "ғ", "g": "ɡց", "h": "һнʜħ", "i": "іїιıɪ", "j": "јᴊ", "k": "кκᴋ",
    "l": "ӏⅼǀʟł", "m": "мᴍ", "n": "пոηɴ", "o": "оοօσᴏø", "p": "рρᴘ", "q": "ԛ",
    "r": "гʀ", "s": "ѕꜱ", "t": "тτᴛ", "u": "υսцᴜ", "v": "ѵνᴠ", "w": "ԝшωᴡ",
    "x": "хχ", "y": "уγʏ", "z": "ᴢ",
}  # fmt: skip
_LATIN_LETTERS = {letter: plain for plain, letters in _CONFUSABLES.items() for letter in letters}
# Digits and signs written for letters, as RE2 classes over folded text.
_SUBSTITUTES: Mapping[str, str] = {
    "a": "[a4@]", "b": "[b8]", "c": "[c(]", "e": "[e3]", "g": "[g9]", "i": "[i1!|l]", "l": "[l1|i]", "o": "[o0]",
    "s": "[s5$]", "t": "[t7+]", "u": "[uv]", "x": "[x%]",
}  # fmt: skip
_FOLDED_RANGES = (
    (0xA0, 0x600), (0x1D00, 0x2070), (0x2100, 0x2190), (0x2460, 0x2500), (0xA720, 0xA7B0), (0xFB00, 0xFB07),
    (0xFE00, 0xFE10), (0xFEFF, 0xFF5F), (0x1D400, 0x1D800), (0x1F100, 0x1F1AA),
)  # fmt: skip


@cache
def _fold_table() -> dict[int, str]:
    """Return what characters fold to: a plain one for each form of an ASCII letter or digit, and invisible ones."""
    folds: dict[int, str] = {0x3164: INVISIBLE, 0x115F: INVISIBLE, 0x1160: INVISIBLE, 0x180E: INVISIBLE}
    for low, high in _FOLDED_RANGES:
        for point in range(low, high):
            character = chr(point)
            if unicodedata.category(character) in ("Cf", "Mn", "Me") or 0xFE00 <= point <= 0xFE0F:
                folds[point] = INVISIBLE
                continue
            plain = unicodedata.normalize("NFKD", character).casefold()
            plain = "".join(_LATIN_LETTERS.get(letter, letter) for letter in plain if not unicodedata.combining(letter))
            plain = plain.strip("()., ")
            if plain.isascii() and len(plain) == 1 and plain.isalnum():
                folds[point] = plain
            elif character.isspace():
                folds[point] = " "
    folds.update({ord(letter): plain for letter, plain in _LATIN_LETTERS.items()})
    return folds


_ASCII = bytes(range(128))
# Up to this number of different characters, replacing them one by one is faster than a table.
_FEW_CHARACTERS = 8
_OPTIONAL_INVISIBLE = r"\x7f*"
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def fold(text: str) -> str:
    """Fold the text into plain letters; it has the same length, so positions are kept."""
    if text.isascii():
        return text
    folds = _fold_table()
    foreign = text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass")
    found = [point for point in map(ord, set(foreign)) if point in folds]
    if len(found) > _FEW_CHARACTERS:
        return _NOT_ASCII.sub(lambda run: run.group().translate(folds), text)
    for point in found:  # a dash, an accent or two, as most texts have
        text = text.replace(chr(point), folds[point])
    return text


def disguised_pattern(word: str) -> str:
    """Return an RE2 pattern over folded text for words, with letters also written as digits or spaced apart."""
    letters = [_SUBSTITUTES.get(letter, re2.escape(letter)) for letter in word.lower() if letter.isalnum()]
    parts = word.lower().split()
    joined = r"[\s_\-\x7f]+".join(
        _OPTIONAL_INVISIBLE.join(_SUBSTITUTES.get(letter, re2.escape(letter)) for letter in part) for part in parts
    )
    # Letters spaced apart: all gaps are spaced, else the spaces between ordinary words would make new words.
    apart = r"[\s\x7f._*~|/,\-]{1,4}".join(letters)
    # No letter or digit before or after it. RE2 has no lookaround: these characters are part of the match.
    return rf"(?:^|[^a-z0-9])(?:{joined}|{apart})(?:$|[^a-z0-9])" if len(letters) > 1 else rf"\b{joined}\b"
