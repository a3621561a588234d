"""Compile a verified list into the SQLite tables that look-ups read."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from itertools import dropwhile, islice, takewhile
from pathlib import Path
from typing import IO, Any, TypeAlias

from auditor.deindex.list_header import DeindexListHeader, header_to_json
from auditor.deindex.list_lines import PROOF_PREFIX, parse_json_line, read_lines
from auditor.deindex.proofs import VerifiedRoots, verify_roots
from auditor.deindex.received_state import ReceivedList
from auditor.errors import SealError
from auditor.printable import printable

_TABLES = """
CREATE TABLE entry (number INTEGER PRIMARY KEY, id TEXT NOT NULL, expires_at TEXT NOT NULL, line BLOB NOT NULL);
CREATE TABLE pattern (path TEXT NOT NULL, kind INTEGER NOT NULL, written TEXT NOT NULL, hosts INTEGER NOT NULL,
                      entry INTEGER NOT NULL);
CREATE TABLE artefact (digest TEXT NOT NULL, entry INTEGER NOT NULL);
CREATE TABLE hosts (number INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE);
CREATE TABLE list (about TEXT NOT NULL);
"""


# Entries that their sender cleared. Lists of older versions were compiled without it.
_CLEARED = "CREATE TABLE IF NOT EXISTS cleared (id TEXT PRIMARY KEY, at TEXT NOT NULL, line BLOB NOT NULL)"


# Created after the rows, so that they are sorted once instead of at every insert.
_INDEXES = """
CREATE UNIQUE INDEX IF NOT EXISTS entries ON entry (id);
CREATE INDEX IF NOT EXISTS patterns ON pattern (path, kind, written, hosts, entry);
CREATE INDEX IF NOT EXISTS artefacts ON artefact (digest, entry);
CREATE INDEX IF NOT EXISTS of_entry ON pattern (entry);
CREATE INDEX IF NOT EXISTS digests_of_entry ON artefact (entry);
"""


EXACT, PREFIX = 1, 2


_ROWS_PER_INSERT = 5000


_Pattern: TypeAlias = tuple[str, int, str, int, int]


def write_lookup_tables(plain: IO[bytes], found: ReceivedList, folder: Path, state: Mapping[str, Any]) -> None:
    """Write the look-up tables of a whole list, or apply a delta to those of the list in use. Raises SealError."""
    proofs = takewhile(lambda text: text.startswith(PROOF_PREFIX), islice(read_lines(plain), 1, None))
    verified_roots = verify_roots(found.header.log, map(parse_json_line, proofs))
    _require_continued_ledger(verified_roots, found.header, state, folder)
    making = folder / f".{found.header.version}.part"
    making.unlink(missing_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(making, os.O_CREAT | os.O_EXCL, 0o600))
    try:
        if found.header.base:
            shutil.copyfile(folder / str(state["active"]), making)
        with closing(sqlite3.connect(making, isolation_level=None)) as tables:
            # No journal: an unfinished file is deleted, and compiled again from the list.
            tables.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;")
            if not found.header.base and state:
                with suppress(sqlite3.DatabaseError):  # a damaged list in use is replaced by a whole one
                    tables.execute("ATTACH ? AS previous", (str(folder / str(state["active"])),))
            tables.execute("BEGIN")
            if not found.header.base:
                for statement in filter(str.strip, _TABLES.split(";")):
                    tables.execute(statement)
            tables.execute(_CLEARED)
            if not found.header.base and state:
                _copy_cleared(tables)
            depths = _write_entries(tables, plain, found.header, verified_roots)
            about = {"list": header_to_json(found.header), "depths": sorted(depths)}
            tables.execute("DELETE FROM list")
            tables.execute("INSERT INTO list VALUES (?)", (json.dumps(about),))
            tables.execute("COMMIT")
            tables.executescript(_INDEXES)
        with open(making, "rb") as file:
            os.fsync(file.fileno())
        os.replace(making, folder / f"{found.header.version}.sqlite")
    except sqlite3.Error as error:
        raise SealError(f"cannot be compiled ({error}); verify a whole list") from error
    finally:
        making.unlink(missing_ok=True)


def _write_entries(
    tables: sqlite3.Connection, plain: IO[bytes], header: DeindexListHeader, verified_roots: VerifiedRoots
) -> set[int]:
    """Write entries into look-up tables after verifying their proofs; return the depths of the patterns' paths."""
    depths: set[int] = set()
    if header.base:
        depths.update(json.loads(tables.execute("SELECT about FROM list").fetchone()[0])["depths"])
    number = int(tables.execute("SELECT coalesce(max(number), 0) FROM entry").fetchone()[0])
    hosts: dict[str, int] = {names: at for at, names in tables.execute("SELECT number, names FROM hosts")}
    patterns: list[_Pattern] = []
    artefacts: list[tuple[str, int]] = []
    for text in dropwhile(lambda text: text.startswith(PROOF_PREFIX), islice(read_lines(plain), 1, None)):
        if text.startswith(b'{"payloadType"'):
            break
        content = parse_json_line(text)
        try:
            if "remove" in content:
                if content.get("cleared"):
                    _keep_cleared(tables, str(content["remove"]), header)
                _remove_entry(tables, str(content["remove"]))
                continue
            if header.base:
                _remove_entry(tables, str(content["entry"]))
            number += 1
            made = content["locators"]
            _verify_entry(verified_roots, header, content)
            names = json.dumps(made["hosts"])
            if names not in hosts:
                hosts[names] = len(hosts) + 1
                tables.execute("INSERT INTO hosts VALUES (?, ?)", (hosts[names], names))
            patterns += _pattern_rows(made, hosts[names], number)
            artefacts += ((digest, number) for digest in _digest_keys(content["artefacts"]))
            tables.execute(
                "INSERT INTO entry VALUES (?, ?, ?, ?)", (number, content["entry"], content["expires_at"], text)
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise SealError(f"holds an entry without {error}; do not use the list, and inform the sender") from error
        if len(patterns) > _ROWS_PER_INSERT:
            depths.update(path.count("/") for path, *_ in patterns)
            _insert_rows(tables, patterns, artefacts)
    depths.update(path.count("/") for path, *_ in patterns)
    _insert_rows(tables, patterns, artefacts)
    return depths


def _verify_entry(verified_roots: VerifiedRoots, header: DeindexListHeader, entry: Mapping[str, Any]) -> None:
    """Verify the proof and version of an entry before it goes into look-up tables. Raises SealError."""
    try:
        if not header.base < int(entry["version"]) <= header.version:
            raise SealError(f"states that it is of version {entry['version']}, which this list does not have")
        verified_roots.verify_entry(entry)
    except (KeyError, TypeError, ValueError) as error:
        raise SealError("holds an entry without a version; do not use the list, and inform the sender") from error
    except SealError as error:
        raise SealError(
            f"entry {printable(str(entry['entry']), 40)}: {error}; do not use the list, and inform the sender"
        ) from error


def _require_continued_ledger(
    verified_roots: VerifiedRoots, header: DeindexListHeader, state: Mapping[str, Any], folder: Path
) -> None:
    """Refuse to write look-up tables for a list whose ledger does not begin with the last list's. Raises SealError."""
    before, now = state.get("log"), verified_roots.checkpoint
    if before and (
        (before["origin"], before["key"]) != (now.origin, header.log.key)
        or verified_roots.by_size.get(before["size"], b"").hex() != before["root"]
    ):
        raise SealError(
            f"is from a ledger of {now.size:,} events that is not proven to begin with the {before['size']:,} of "
            f"version {state['version']}: it was rewritten, truncated or replaced, or the sender lost its record. "
            f"Do not use it, ask for one that is built with --grown-from {before['size']}; if there can be none "
            f"and the reason is good, delete {folder} and verify a whole list"
        )


def _pattern_rows(made: Mapping[str, Any], hosts: int, number: int) -> Iterator[_Pattern]:
    """Yield a look-up row of each pattern: path, kind, path as written if letter case counts, hosts, entry."""
    ignored = made["letter_case"] == "ignored"
    for kind, paths in ((EXACT, made["exact"]), (PREFIX, made["prefix"])):
        for path in paths:
            bare = path.removesuffix("/")
            # Even a signed list may not cover a host, or everything below the first part of a path.
            if not bare.startswith("/") or bare.count("/") < 2 or (kind == PREFIX) != path.endswith("/"):
                raise SealError(f"{printable(path)}: a pattern that covers more than a repository; inform the sender")
            yield bare.lower(), kind, "" if ignored else bare, hosts, number


def _digest_keys(artefacts: Mapping[str, Any]) -> Iterator[str]:
    """Yield the digests of an entry as keys of a look-up table, ``algorithm:value``."""
    for algorithm in ("sha256", "sha256_tensors", "autov3"):
        for value in artefacts[algorithm]:
            yield f"{algorithm}:{value}"


def _copy_cleared(tables: sqlite3.Connection) -> None:
    """Copy what was cleared before from the look-up tables of the list in use."""
    with suppress(sqlite3.DatabaseError):  # it is damaged, or an older version compiled it
        tables.execute("INSERT INTO cleared SELECT * FROM previous.cleared")


def _keep_cleared(tables: sqlite3.Connection, entry: str, header: DeindexListHeader) -> None:
    """Keep an entry that is removed because it was cleared; a whole list removes it from the list in use."""
    source = "main" if header.base else "previous"
    with suppress(sqlite3.DatabaseError):  # as there
        tables.execute(
            f"INSERT OR IGNORE INTO cleared SELECT id, ?, line FROM {source}.entry WHERE id = ?",
            (header.issued_at, entry),
        )


def _remove_entry(tables: sqlite3.Connection, entry: str) -> None:
    """Remove an entry from the look-up tables of a de-index list."""
    row = tables.execute("SELECT number FROM entry WHERE id = ?", (entry,)).fetchone()
    if row:
        for table, column in (("pattern", "entry"), ("artefact", "entry"), ("entry", "number")):
            tables.execute(f"DELETE FROM {table} WHERE {column} = ?", row)


def _insert_rows(tables: sqlite3.Connection, patterns: list[_Pattern], artefacts: list[tuple[str, int]]) -> None:
    """Insert rows into a look-up table of a de-index list."""
    tables.executemany("INSERT INTO pattern VALUES (?, ?, ?, ?, ?)", patterns)
    tables.executemany("INSERT INTO artefact VALUES (?, ?)", artefacts)
    patterns.clear()
    artefacts.clear()
