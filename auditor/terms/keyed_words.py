"""Writes an operator's confidential words as the ``[hashed]`` table of a vocabulary: keyed digests, no word."""

from __future__ import annotations

import json
from collections.abc import Iterable

from auditor.terms.signals import digest_of, folded, normal_tokens
from auditor.terms.vocabulary import LONGEST_TERM


def hashed_table(lines: Iterable[str], key: bytes, key_file: str) -> str:
    """TOML for a file beside ``key_file``; each line is ``ID: WORDS``, blank lines and ``#`` comments apart.

    Raises :class:`ValueError` with the line's number, and never with its words.
    """
    terms: dict[str, list[str]] = {}
    lengths: set[int] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, words = (piece.strip() for piece in line.partition(":"))
        length = len(normal_tokens(folded(words)))
        if not colon or not name or name.split() != [name]:
            raise ValueError(
                f"line {number}: write ID: WORDS, the id without spaces; reports name it in the words' place"
            )
        if not 1 <= length <= LONGEST_TERM:
            raise ValueError(f"line {number}: {length} words; a term has 1 to {LONGEST_TERM}")
        lengths.add(length)
        digest = digest_of(words, key)
        if digest not in terms.setdefault(name, []):
            terms[name].append(digest)
    if not terms:
        raise ValueError("there is no term in it; write one a line, ID: WORDS")
    rows = "".join(f"{json.dumps(name)} = {json.dumps(digests)}\n" for name, digests in terms.items())
    return f"[hashed]\nkey_file = {json.dumps(key_file)}\nwords = {sorted(lengths)}\n\n[hashed.terms]\n{rows}"
