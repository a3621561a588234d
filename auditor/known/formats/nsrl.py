"""Read NSRL RDS v3, a SQLite file of known software, as a benign list."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pyarrow as pa

from auditor.errors import ListError
from auditor.known.entries import ListHeader, ListItem, ListOptions
from auditor.known.entry_columns import entries_of_column
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import ListExample

HELP = "NSRL RDS v3 SQLite (means benign)"

_MAGIC = b"SQLite format 3\0"
_COLUMNS = ("sha256", "sha1", "md5")
_AT_ONCE = 1 << 16


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file is an NSRL RDS v3 database."""
    return 60 if head.startswith(_MAGIC) else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of an NSRL RDS v3 database."""
    with open_list_file(path) as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise ListError(f"{path}: no SQLite file")
    with path.open("rb") as packed:
        if packed.read(len(_MAGIC)) != _MAGIC:
            raise ListError(f"{path}: a packed SQLite file cannot be read; unpack it")
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)) as base:
            # The file is untrusted: nothing that its schema defines may call a function with side effects.
            base.execute("PRAGMA trusted_schema = OFF")
            base.execute("PRAGMA cell_size_check = ON")
            base.text_factory = lambda cell: cell.decode("utf-8", "replace")
            yield from _rows(path, base)
    except UnicodeDecodeError as error:  # SQLite's own message quotes a damaged schema
        raise ListError(f"{path}: the SQLite file cannot be read: its schema is not UTF-8") from error
    except sqlite3.Error as error:
        raise ListError(f"{path}: the SQLite file cannot be read: {error}") from error


def _rows(path: Path, base: sqlite3.Connection) -> Iterator[ListItem]:
    """Yield the header and the entries from the table FILE of an NSRL database."""
    there = {str(row[1]).lower() for row in base.execute("PRAGMA table_info(FILE)")}
    columns = [name for name in _COLUMNS if name in there]
    if not columns:
        raise ListError(f"{path}: has no table FILE with sha1 or md5: this is no NSRL RDS v3")
    yield ListHeader("nsrl", holder="NIST NSRL", means="benign")
    package = "package_id" if "package_id" in there else "NULL"
    cursor = base.execute(f"SELECT {', '.join(columns)}, {package} FROM FILE")
    first = 1
    while rows := cursor.fetchmany(_AT_ONCE):
        lines = np.arange(first, first + len(rows))
        first += len(rows)
        *cells, packages = zip(*rows, strict=True)
        ids = pa.array([None if cell is None else str(cell) for cell in packages], pa.string())
        for name, column in zip(columns, cells, strict=True):
            texts = pa.array([None if cell is None else str(cell) for cell in column], pa.string())
            yield from entries_of_column(name, texts, lines, ids=ids)


def _example() -> bytes:
    """Return a small NSRL database for the format's example."""
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(f"{folder}/rds.db")) as base:
        base.execute("PRAGMA page_size = 512")
        base.execute("CREATE TABLE FILE (sha256 TEXT, sha1 TEXT, md5 TEXT, file_name TEXT, package_id INTEGER)")
        base.execute(
            "INSERT INTO FILE VALUES (?, ?, ?, ?, ?)",
            (None, "2FD4E1C67A2D28FCED849EE1BB76E7391B93EB12", "9E107D9D372BB6826BD81D3542A419D6", "ls", 7),
        )
        base.commit()
        return Path(folder, "rds.db").read_bytes()


EXAMPLES = (
    ListExample(
        "rds.db",
        _example(),
        ListHeader("nsrl", holder="NIST NSRL", means="benign"),
        (
            ("sha1", "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12", "7", "", False),
            ("md5", "9e107d9d372bb6826bd81d3542a419d6", "7", "", False),
        ),
    ),
    ListExample("not.db", _MAGIC + b"\0" * 200, refused="the SQLite file cannot be read: "),
)
