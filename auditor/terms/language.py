"""Detect the language of a text by its most common words and its script: enough to recognise "not English"."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Function words that only one of these languages uses often (words shared by several are left out).
_COMMON_WORDS: Mapping[str, str] = {
    "en": "the of and to is you that this not with for are be or any by it will from your which shall may as on",
    "fr": "le les des est et une du dans pour que qui sur avec vous nous ne pas sont cette aux vos ou il "
    "uniquement tous droits réservés recherche",
    "de": "der die das und ist nicht mit den von zu ein eine für auf sie werden oder sich dem des wird "
    "alle rechte vorbehalten nur zwecke",
    "es": "el los las y es una del para que por con no se su usted como al sus esta este o "
    "todos derechos reservados solo fines queda prohibido",
    "pt": "o os as e é uma do da para que por com não se seu você ao dos das em um na no "
    "direitos reservados apenas pesquisa fins",
    "it": "il gli i e è una della del per che con non si di nel sono alla delle dei lo "
    "tutti diritti riservati ricerca vietato",
    "nl": "het een en van niet met voor zijn dat op te aan wordt of uw door bij deze "
    "alleen onderzoek rechten voorbehouden",
    "pl": "nie jest się na w i do z że oraz lub przez dla przy tym które",
    "tr": "ve bir bu için ile de da olarak veya olan kadar göre değil",
    "id": "yang dan untuk dengan tidak dari dalam ini pada adalah atau anda akan oleh",
    "vi": "và của là không cho được các với này trong một những hoặc",
    "sv": "och att det som är inte för med på av den ett eller till kan",
}
# Words of notices too short for a count: "All rights reserved", "MIT licence".
_NOTICE_WORDS = frozenset(
    "all rights right reserved reserve license licence licensed copyright use used using free only see no do allowed "
    "permission granted mit apache bsd gpl creative commons public domain research purposes commercial non terms "
    "conditions author authors credit attribution please model dataset data share without minors children we "
    "our cc by nc sa nd wtfpl spdx eula".split()
)
_COMMON = {code: frozenset(words.split()) for code, words in _COMMON_WORDS.items()}
_SCRIPTS: tuple[tuple[str, str], ...] = (
    ("ja", "\u3040-\u30ff"),
    ("ko", "\uac00-\ud7af"),
    ("zh", "\u4e00-\u9fff"),
    ("ru", "\u0400-\u04ff"),
    ("ar", "\u0600-\u06ff"),
    ("he", "\u0590-\u05ff"),
    ("hi", "\u0900-\u097f"),
    ("th", "\u0e00-\u0e7f"),
    ("el", "\u0370-\u03ff"),
)
_IN_SCRIPT = tuple((code, re.compile(f"[{span}]")) for code, span in _SCRIPTS)
_WORDS = re.compile(r"[^\W\d_]+")
_ADDRESSES = re.compile(r"https?://\S+|www\.\S+|@\S+")
_IDEOGRAPHIC = frozenset({"ja", "ko", "zh"})
_SAMPLE = 20_000  # characters from the beginning, and as many from the middle of a longer text
_SHORT_TEXT = 20  # words; below it words of notices count too
# From these shares on a text is in a script or language: set by trial, and held by tests/terms/test_language.py.
_SCRIPT_SHARE, _IDEOGRAPHIC_SHARE = 0.2, 0.1  # of the letters
_COMMON_SHARE, _SHORT_COMMON_SHARE = 0.08, 0.2  # of the words


def detect_language(text: str) -> str:
    """Return an ISO 639-1 code, "" if no language fits. Under 20 words, a few words of English notices are English.

    ``ru``, ``ar`` and ``hi`` stand for their script: other languages write in it too.
    """
    sample = text[:_SAMPLE] if len(text) <= 2 * _SAMPLE else text[:_SAMPLE] + " " + text[len(text) // 2 :][:_SAMPLE]
    words = [word.lower() for word in _WORDS.findall(_ADDRESSES.sub(" ", sample))]
    letters = sum(map(len, words))
    if not letters:
        return ""
    for code, script in _IN_SCRIPT:
        # One ideograph carries more than one letter: an English text with its Chinese translation has a tenth or more.
        if len(script.findall(sample)) >= letters * (_IDEOGRAPHIC_SHARE if code in _IDEOGRAPHIC else _SCRIPT_SHARE):
            return code
    counts = {code: sum(word in common for word in words) for code, common in _COMMON.items()}
    if len(words) < _SHORT_TEXT:
        counts["en"] += sum(word in _NOTICE_WORDS and word not in _COMMON["en"] for word in words)
        best = max(counts, key=lambda code: (counts[code], code == "en"))
        return best if counts[best] >= max(_SHORT_COMMON_SHARE * len(words), min(2, len(words) / 3)) else ""
    best = max(counts, key=lambda code: (counts[code], code == "en"))
    return best if counts[best] >= _COMMON_SHARE * len(words) else ""
