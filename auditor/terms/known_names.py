"""Tell which known model or dataset a name is probably meant to be, that is written almost like it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from auditor.terms.folding import INVISIBLE, fold

_WORD = re.compile(r"[a-z]+")
# Shorter words are one letter away from too many others, and a digit more is another version.
MIN_LETTERS_OF_WORD = 5


class KnownNames:
    """Names of models and datasets that are known, to which others are compared."""

    def __init__(self, names: Iterable[str]) -> None:
        """Index the names by themselves, and by what is left without one of their longer words."""
        self._names = {name.lower(): name for name in sorted(set(names), reverse=True)}
        self._by_rest: dict[str, list[tuple[str, str]]] = {}
        for lowered, name in self._names.items():
            for word, rest in _without_each_word(lowered):
                if len(word) >= MIN_LETTERS_OF_WORD:
                    self._by_rest.setdefault(rest, []).append((word, name))

    def likely_name(self, written: str) -> str:
        """Return the known name that this one is probably meant to be; "" if it is known itself or like none.

        It differs by invisible characters, by look-alike letters of other scripts, or in one word by one letter or two
        neighbours that changed places.
        """
        lowered = written.lower()
        if lowered in self._names:
            return ""
        folded = fold(written).replace(INVISIBLE, "").lower()
        if folded in self._names:
            return self._names[folded]
        for word, rest in _without_each_word(folded):
            for known_word, name in self._by_rest.get(rest, ()):
                if _is_one_edit(word, known_word):
                    return name
        return ""


def _without_each_word(name: str) -> Iterator[tuple[str, str]]:
    """Yield each word of a known name with the name without it."""
    for match in _WORD.finditer(name):
        yield match[0], f"{name[: match.start()]}*{name[match.end() :]}"


def _is_one_edit(word: str, known: str) -> bool:
    """Return whether two words of names with the same beginning are one letter apart, or a swap of neighbours."""
    if word[0] != known[0]:  # SQuAD and FQuAD are two datasets
        return False
    shorter = min(len(word), len(known))
    start = next((at for at in range(shorter) if word[at] != known[at]), shorter)
    end = next((at for at in range(shorter - start) if word[-1 - at] != known[-1 - at]), shorter - start)
    left, known_left = word[start : len(word) - end], known[start : len(known) - end]
    return (len(left) <= 1 and len(known_left) <= 1) or (len(left) == 2 and left == known_left[::-1])
