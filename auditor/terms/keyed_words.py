"""Hash an operator's confidential words for a vocabulary file, and find them in texts by their hashes alone."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from auditor.terms.folding import INVISIBLE, fold

LONGEST_TERM = 8  # words of a hashed term: a text is hashed once for each number of words
_SHORTEST_KEY = 16  # bytes
_WORDS = re.compile(r"[a-z0-9\x7f]+(?:'[a-z]+)?", re.I)


def normalise_words(plain: str) -> list[tuple[str, int, int]]:
    """Return the words of folded text to hash, in lower case with spans; single letters in a row make one word."""
    tokens: list[tuple[str, int, int]] = []
    for match in _WORDS.finditer(plain):
        word = match.group().replace(INVISIBLE, "").lower()
        if not word:
            continue
        spaced_apart = len(word) == 1 and tokens and match.start() - tokens[-1][2] <= 2
        if spaced_apart and (len(tokens[-1][0]) == 1 or tokens[-1][2] - tokens[-1][1] > len(tokens[-1][0])):
            before, start, _ = tokens[-1]
            tokens[-1] = (before + word, start, match.end())
        else:
            tokens.append((word, match.start(), match.end()))
    return tokens


def hash_term(words: str, key: bytes) -> str:
    """Return the HMAC-SHA256 of a term's normalised words in hexadecimal, as ``[hashed]`` holds it."""
    normal = " ".join(word for word, _, _ in normalise_words(fold(words)))
    return hmac.new(key, normal.encode(), hashlib.sha256).hexdigest()


def find_hashed_terms(plain: str, hashed: HashedTerms) -> Iterator[tuple[str, int, int]]:
    """Yield the id of each term of hashed words that a folded text contains, once, with its start and end."""
    tokens = normalise_words(plain)
    seen: set[str] = set()
    for length in hashed.lengths:
        for at in range(len(tokens) - length + 1):
            run = tokens[at : at + length]
            words = " ".join(word for word, _, _ in run)
            name = hashed.terms.get(hmac.digest(hashed.key, words.encode(), "sha256"))
            if name is not None and name not in seen:
                seen.add(name)
                yield name, run[0][1], run[-1][2]


def format_hashed_table(lines: Iterable[str], key: bytes, key_file: str) -> str:
    """Return the ``[hashed]`` table, in TOML, of an operator's confidential words.

    Args:
        lines: ``ID: WORDS`` in each; blank lines and ``#`` comments are skipped.
        key: The operator's secret.
        key_file: The name of the key's file, in the folder in which the table will be saved.

    Raises:
        ValueError: A line cannot be used; the message has its number, and never its words.
    """
    terms: dict[str, list[str]] = {}
    lengths: set[int] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, words = (piece.strip() for piece in line.partition(":"))
        length = len(normalise_words(fold(words)))
        if not colon or not name or name.split() != [name]:
            raise ValueError(
                f"line {number}: write ID: WORDS, the id without spaces; reports name it in the words' place"
            )
        if not 1 <= length <= LONGEST_TERM:
            raise ValueError(f"line {number}: {length} words; a term has 1 to {LONGEST_TERM}")
        lengths.add(length)
        digest = hash_term(words, key)
        if digest not in terms.setdefault(name, []):
            terms[name].append(digest)
    if not terms:
        raise ValueError("there is no term in it; write one per line, ID: WORDS")
    rows = "".join(f"{json.dumps(name)} = {json.dumps(digests)}\n" for name, digests in terms.items())
    return f"[hashed]\nkey_file = {json.dumps(key_file)}\nwords = {sorted(lengths)}\n\n[hashed.terms]\n{rows}"


@dataclass(frozen=True, slots=True)
class HashedTerms:
    """Terms as HMAC-SHA256 of their normalised words joined by one space.

    Attributes:
        key: The operator's secret.
        lengths: The numbers of words that terms have.
        terms: The id of each term by its digest.
    """

    key: bytes
    lengths: tuple[int, ...]
    terms: Mapping[bytes, str]


def read_term_key(path: Path) -> bytes:
    """Return an operator's key for hashing words, without white space around it. Raises :class:`ValueError`."""
    key = path.read_bytes().strip()
    if len(key) < _SHORTEST_KEY:
        raise ValueError(f"the key in {path.name} is shorter than {_SHORTEST_KEY} bytes")
    return key
