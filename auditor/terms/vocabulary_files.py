"""What vocabulary files say, read from TOML: shipped in ``rules/vocabulary`` or an operator's own.

A file holds any of these tables, and nothing else::

    [licence.ID]       title, spdx, permits, clause, refers, aliases, source
    [[text]]           licence, sha256, sketch                    a licence's text, by digest alone
    [[term]]           id, kind, value, headings, patterns, words, tags, source
    [hashed]           key_file, words, terms = {id = [digests]}  an operator's words that nobody should read

A term's ``kind`` is a statement's key, or ``adult`` or ``minor``: markers that say something only in pairs, or
``signal``: one that says something alone. ``headings`` and ``patterns`` are RE2, case put aside; ``words`` are
plain words, found however they are spaced or disguised; ``tags`` are a model's tags, whole. ``source`` says whose
wording it is. A file with none of these tables is of another part of the program, which reads it itself.
"""

from __future__ import annotations

import binascii
import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import re2

from auditor.errors import RuleError
from auditor.model import STATEMENT_KEYS
from auditor.terms.licences import Licence, Licences, LicenceText, licences

_TABLES = ("licence", "text", "term", "hashed")
PAIRED = ("adult", "minor")
_CLAUSES = frozenset({"explicit", "by-reference", "absent", "unknown"})
_PERMITS = frozenset({"commercial", "derivatives", "redistribution"})
_MEMORY = 64 << 20  # for a set's automaton; beyond it RE2 would find nothing and only log it


@dataclass(frozen=True, slots=True)
class Term:
    """One term: how it is told, and what it states. ``value`` is its id unless the file says otherwise."""

    id: str
    kind: str
    value: str
    headings: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Hashed:
    """Terms as HMAC-SHA256 of their normalised words joined by one space; ``lengths`` in words."""

    key: bytes
    lengths: tuple[int, ...]
    terms: Mapping[bytes, str]


@dataclass(frozen=True, slots=True)
class Entries:
    """Everything that the vocabularies of a run hold."""

    licences: Licences
    terms: tuple[Term, ...]
    hashed: tuple[Hashed, ...] = ()


def read(folders: tuple[Path, ...]) -> Entries:
    """Every vocabulary of these folders. Raises :class:`RuleError` that names the file."""
    known: list[Licence] = []
    texts: list[LicenceText] = []
    terms: dict[str, Term] = {}
    hashed: list[Hashed] = []
    for folder in folders:
        if not folder.is_dir():
            raise RuleError(f"{folder}: no such folder of vocabularies")
        for path in sorted(folder.glob("*.toml")):
            try:
                tables = tomllib.loads(path.read_text("utf-8"))
                if not set(tables) & set(_TABLES):
                    _of_another_part(tables)
                    continue
                _only(tables, *_TABLES)
                known += [_licence(name, table) for name, table in tables.get("licence", {}).items()]
                texts += [_text(table) for table in tables.get("text", ())]
                for term in map(_term, tables.get("term", ())):
                    if term.id in terms:
                        raise ValueError(f"term {term.id} is given twice")
                    terms[term.id] = term
                if "hashed" in tables:
                    hashed.append(_hashed(tables["hashed"], folder))
            except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
                missing = "has no " if isinstance(error, KeyError) else ""
                raise RuleError(f"{path}: {missing}{error}; correct the file or take it out of the folder") from error
    try:
        return Entries(licences(known, tuple(texts)), tuple(terms.values()), tuple(hashed))
    except ValueError as error:
        raise RuleError(f"{', '.join(map(str, folders))}: {error}; take one of the two spellings away") from error


def _only(table: Mapping[str, object], *keys: str) -> None:
    if unknown := sorted(set(table) - set(keys)):
        raise ValueError(f"unknown key {unknown[0]!r} (known: {', '.join(keys)})")


def _of_another_part(tables: Mapping[str, object]) -> None:
    """Refuses a file that was meant for us and misspells the name of its only table."""
    for name in tables:
        if meant := difflib.get_close_matches(name, _TABLES, n=1, cutoff=0.75):
            raise ValueError(f"unknown table {name!r} (did you mean {meant[0]!r}?)")


def _licence(name: str, table: Mapping[str, object]) -> Licence:
    _only(table, "title", "spdx", "permits", "clause", "refers", "aliases", "source")
    permits = table.get("permits", {})
    clause = str(table.get("clause", "unknown"))
    if clause not in _CLAUSES:
        raise ValueError(f"licence {name}: clause {clause!r} is none of {', '.join(sorted(_CLAUSES))}")
    if not isinstance(permits, Mapping) or set(permits) - _PERMITS:
        raise ValueError(f"licence {name}: permits may hold {', '.join(sorted(_PERMITS))}")
    return Licence(
        name,
        str(table["title"]),
        str(table.get("spdx", "")),
        _strings(table, "aliases"),
        {key: str(value) for key, value in permits.items()},
        clause,
        str(table.get("refers", "")),
        str(table.get("source", "")),
    )


def _text(table: Mapping[str, object]) -> LicenceText:
    _only(table, "licence", "sha256", "sketch")
    sketch = binascii.unhexlify(str(table["sketch"]))
    numbers = frozenset(int.from_bytes(sketch[at : at + 4], "big") for at in range(0, len(sketch), 4))
    return LicenceText(str(table["licence"]), str(table["sha256"]), numbers)


def _term(table: Mapping[str, object]) -> Term:
    _only(table, "id", "kind", "value", "headings", "patterns", "words", "tags", "source")
    name, kind = str(table["id"]), str(table["kind"])
    if kind not in STATEMENT_KEYS and kind not in PAIRED:
        raise ValueError(f"term {name}: kind {kind!r} is no statement's key, nor {' or '.join(PAIRED)}")
    term = Term(
        name,
        kind,
        str(table.get("value", name)),
        _strings(table, "headings"),
        _strings(table, "patterns"),
        _strings(table, "words"),
        _strings(table, "tags"),
        str(table.get("source", "")),
    )
    if not (term.headings or term.patterns or term.words or term.tags):
        raise ValueError(f"term {name} has neither headings, patterns, words nor tags")
    for pattern in (*term.headings, *term.patterns):
        try:
            compiled(pattern)
        except re2.error as error:
            raise ValueError(f"term {name}: {pattern!r} is no RE2 pattern: {error}") from error
    return term


def _hashed(table: Mapping[str, object], folder: Path) -> Hashed:
    _only(table, "key_file", "words", "terms")
    key = key_in(folder / str(table["key_file"]))
    words, terms = table.get("words", [1]), table["terms"]
    if not isinstance(words, list) or not all(isinstance(number, int) and 1 <= number <= 8 for number in words):
        raise ValueError("words must list how many words the terms have, each 1 to 8")
    if not isinstance(terms, Mapping):
        raise TypeError("terms must be a table of id = [digests]")
    digests = {bytes.fromhex(digest): str(name) for name, listed in terms.items() for digest in listed}
    if any(len(digest) != 32 for digest in digests):
        raise ValueError("a term's digest is not HMAC-SHA256 (64 hex digits)")
    return Hashed(key, tuple(words), digests)


def key_in(path: Path) -> bytes:
    """An operator's key: the file's bytes without the white space around them."""
    key = path.read_bytes().strip()
    if len(key) < 16:
        raise ValueError(f"the key in {path.name} is shorter than 16 bytes")
    return key


def _strings(table: Mapping[str, object], key: str) -> tuple[str, ...]:
    listed = table.get(key, [])
    if not isinstance(listed, list) or not all(isinstance(item, str) and item for item in listed):
        raise TypeError(f"{key} must be a list of words")
    return tuple(listed)


def _options(*, captures: bool) -> re2.Options:
    options = re2.Options()
    options.case_sensitive = False
    options.max_mem = _MEMORY
    options.log_errors = False
    options.never_capture = not captures
    return options


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re2._Regexp:
    """A pattern over UTF-8 bytes, case put aside. Raises :class:`re2.error`."""
    return re2.compile(pattern.encode(), _options(captures=False))


def pattern_set(patterns: list[str]) -> re2.Set:
    """One automaton over all patterns, which tells which of them a text holds."""
    together = re2.Set.SearchSet(_options(captures=False))
    for pattern in patterns:
        together.Add(pattern.encode())
    together.Compile()
    return together
