"""The SQLite file of a ledger: connections, transactions, and entries as rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, groupby
from pathlib import Path

from auditor.errors import SealError
from auditor.review import case_transitions
from auditor.review.case_state import CaseState
from auditor.review.ledger_entries import decode_entry
from auditor.review.ledger_events import LedgerEvent
from auditor.sealing import merkle

LEDGER_FILE = "ledger.sqlite"
READ_LOCK_TIMEOUT_SECONDS = 2.0  # for another program's write


def decode_stored_entry(path: Path, body: str) -> LedgerEvent:
    """Return the event of an entry in the ledger's storage; an error names the file."""
    try:
        return decode_entry(body)
    except SealError as error:
        raise SealError(f"{path}: {error}") from error


def insert_entry(database: sqlite3.Connection, number: int, body: str, leaf: str) -> None:
    """Insert an entry into the ledger's storage with its leaf hash in hex, and the subtrees that it completes."""

    def node(level: int, at: int) -> bytes:
        """Return the hash of a stored subtree of the ledger's Merkle tree."""
        row = database.execute("SELECT hash FROM tree WHERE level = ? AND number = ?", (level, at)).fetchone()
        return bytes(row[0])

    database.execute("INSERT INTO events (number, body) VALUES (?, ?)", (number, body))
    database.executemany(
        "INSERT INTO tree VALUES (?, ?, ?)", merkle.completed_subtrees(number, bytes.fromhex(leaf), node)
    )


def read_nodes(database: sqlite3.Connection, asked: Sequence[tuple[int, int]]) -> Sequence[bytes | None]:
    """Return nodes of a ledger's tree, each asked for by (level, number), in one row; None for one that is missing."""
    one = "(SELECT hash FROM tree WHERE level = ? AND number = ?)"
    row = database.execute(f"SELECT {', '.join([one] * len(asked))}", [*chain.from_iterable(asked)]).fetchone()
    return tuple(row)


def read_case_states(database: sqlite3.Connection, size: int, path: Path) -> Iterator[CaseState]:
    """Read every case from the first ``size`` stored entries, which must be the leaves of the tree.

    Raises :class:`SealError`.
    """
    rows = database.execute(
        "SELECT case_id, body, hash FROM events JOIN tree ON level = 0 AND tree.number = events.number "
        "WHERE case_id <> '' AND events.number < ? ORDER BY case_id, events.number",
        (size,),
    )

    def proven(body: str, hashed: bytes) -> LedgerEvent:
        """Return the event of a ledger entry whose hash is the leaf of the tree. Raises :class:`SealError`."""
        event = decode_stored_entry(path, body)
        if event.leaf != hashed.hex():
            raise SealError(f"{path}: event {event.number} was changed; run `auditor review verify`")
        return event

    for _, group in groupby(rows, key=lambda row: row[0]):
        yield case_transitions.replay_events(proven(body, hashed) for _, body, hashed in group)


def connect(path: Path) -> sqlite3.Connection:
    """Open the SQLite file in which a ledger is stored for reading and writing."""
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=30, isolation_level=None)
    # The rollback journal and EXTRA: 600 random kills lost nothing; SQLite before 3.51.3 can damage a WAL.
    for pragma in ("journal_mode=DELETE", "synchronous=EXTRA", "cell_size_check=ON"):
        with errors_name_ledger(path):
            database.execute(f"PRAGMA {pragma}")
    return database


@contextmanager
def errors_name_ledger(path: Path) -> Iterator[None]:
    """Turn SQLite errors of a ledger's storage into :class:`SealError` that name the file."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise SealError(
            f"{path}: cannot be read: {error}; run `auditor review verify`, or restore an export"
        ) from error


@contextmanager
def write_transaction(path: Path, database: sqlite3.Connection) -> Iterator[None]:
    """Run one transaction on the ledger's storage, on disk when it ends; if anything fails, nothing remains."""
    try:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        _roll_back(database)
        raise SealError(f"{path}: nothing was recorded: {error}") from error
    except BaseException:
        _roll_back(database)
        raise


def _roll_back(database: sqlite3.Connection) -> None:
    """Roll back the open transaction on the ledger's file."""
    if database.in_transaction:
        database.execute("ROLLBACK")


def connect_read_only(folder: Path) -> sqlite3.Connection:
    """Open the SQLite file in which a ledger is stored for reading only."""
    uri = f"{(folder / LEDGER_FILE).absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, timeout=READ_LOCK_TIMEOUT_SECONDS, isolation_level=None)
