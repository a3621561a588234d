"""Print the entry of a licence's text for a vocabulary file: its words, packed, and the list of them.

    python -m tests.make_licence_text LICENCE FILE

LICENCE is the id of its ``[licence.ID]`` table. Words before the licence itself (a title, a version) are its ``first``
words; set ``last`` by hand where an appendix follows that a copy may leave out. Where the text names one owner, write
"the copyright holder" instead.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from auditor.terms.licence_words import OPERATIVE_WORDS, WORD, LicenceWords, pack_words, read_words

_MAX_TITLE_WORDS = 8


def count_title_words(read: LicenceWords) -> int:
    """Return how many words stand in the short first lines, before the first sentence that decides something."""
    position = 0
    for line in re.findall(r"[^\n]*\n?", read.text):
        words = [word.lower() for word in WORD.findall(line)]
        if len(words) > _MAX_TITLE_WORDS or OPERATIVE_WORDS.intersection(words):
            break
        position += len(line)
    return sum(word.end <= position for word in read.words)


def entry(licence: str, text: str) -> str:
    """Return the ``[[text]]`` and ``[word_list]`` tables of a text."""
    read = read_words(text)
    words = pack_words(word.folded for word in read.words)
    plain = sorted({word.lower() for word in WORD.findall(read.text)} | {word.folded for word in read.words})
    return (
        f"[word_list]\nwords = '{' '.join(plain)}'\n\n"
        f"[[text]]\nlicence = \"{licence}\"\nfirst = {count_title_words(read)}\nwords = '{words}'\n"
    )


if __name__ == "__main__":
    print(entry(sys.argv[1], Path(sys.argv[2]).read_text("utf-8")), end="")
