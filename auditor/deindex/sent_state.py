"""The sender's record of what each recipient was sent: versions and entries; and how private files are created."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from auditor.deindex.party_cards import Party
from auditor.deindex.proofs import Prover
from auditor.errors import SealError
from auditor.review.review_types import Decision

LOCK_TIMEOUT_SECONDS = 5.0  # to wait for another build for the same recipient


MAX_CONSISTENCY_PROOFS = 1000  # to ledger sizes of earlier lists, besides those that entries refer to


def holds_decision(sent: sqlite3.Connection, decision: Decision) -> bool:
    """Return whether the last list that was sent has an entry of a decision."""
    return sent.execute("SELECT 1 FROM entry WHERE decision = ? LIMIT 1", (decision.id,)).fetchone() is not None


_TABLES = {
    "list": (
        ("version INTEGER PRIMARY KEY", "issued_at TEXT", "expires_at TEXT"),
        ("size INTEGER NOT NULL DEFAULT 0", "root BLOB NOT NULL DEFAULT x''"),
    ),
    "entry": (
        ("id TEXT PRIMARY KEY", "digest BLOB", "version INTEGER", "decision TEXT"),
        ("since INTEGER NOT NULL DEFAULT 0", "size INTEGER NOT NULL DEFAULT 0"),
    ),
    "recipient": (("age TEXT PRIMARY KEY",), ()),
    "cleared": (("id TEXT PRIMARY KEY", "decision TEXT"), ()),
    "canary": (("namespace TEXT PRIMARY KEY", "decision TEXT"), ()),
}


def _state_file(state: Path, recipient: Party) -> Path:
    """Return the file with the record of what a recipient was sent."""
    return state / f"{recipient.name}.sqlite"


def open_sent_state(state: Path, recipient: Party) -> sqlite3.Connection:
    """Open the record of what this recipient was sent: versions, and a digest of each entry of the last one.

    With each version it holds the ledger's size and root; with each entry the version and ledger size since which
    it is unchanged.
    """
    path = _state_file(state, recipient)
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
        sent = sqlite3.connect(path, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None)
        sent.execute("PRAGMA synchronous = EXTRA")
        sent.execute("PRAGMA cache_size = -65536")
        for table, (columns, added) in _TABLES.items():
            sent.execute(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join((*columns, *added))}) WITHOUT ROWID")
            known = {row[1] for row in sent.execute(f"PRAGMA table_info({table})")}
            for column in added:  # columns that older versions did not have
                if column.split()[0] not in known:
                    sent.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
        sent.execute("CREATE INDEX IF NOT EXISTS of_decision ON entry (decision)")
    except (OSError, sqlite3.Error) as error:
        raise SealError(f"{path}: the state of what was sent cannot be opened ({error}); restore it") from error
    return sent


def require_known_recipient(sent: sqlite3.Connection, recipient: Party) -> None:
    """Refuse a card of a recipient whose keys do not continue those of the last list. Raises SealError."""
    row = sent.execute("SELECT age FROM recipient").fetchone()
    if row is not None and row[0] not in [keys.age for keys in recipient.all_keys]:
        raise SealError(
            f"{recipient.name}: had another age key before, which did not sign this card: use their newest card, make "
            "sure that it is theirs, and give a new recipient another name"
        )


def require_newest_card(state: Path, recipient: Party) -> None:
    """Refuse a recipient's card if it is older than the one of the last list that they were sent. Raises SealError."""
    if _state_file(state, recipient).exists():
        with closing(open_sent_state(state, recipient)) as sent:
            require_known_recipient(sent, recipient)


def last_version(sent: sqlite3.Connection, recipient: Party, now: str) -> int:
    """Return the last version that this recipient was sent, 0 for none.

    Raises:
        SealError: The recipient's key changed, or the clock is before the last build.
    """
    require_known_recipient(sent, recipient)
    sent.execute("DELETE FROM recipient")
    sent.execute("INSERT INTO recipient VALUES (?)", (recipient.age,))
    row = sent.execute("SELECT version, issued_at FROM list ORDER BY version DESC LIMIT 1").fetchone()
    if row is None:
        return 0
    if now < row[1]:
        raise SealError(f"the clock says {now}, and version {row[0]} was issued at {row[1]}: correct the clock")
    return int(row[0])


def require_same_ledger(sent: sqlite3.Connection, recipient: Party, prover: Prover) -> None:
    """Refuse a ledger that does not begin with that of the last list sent: a recipient would refuse the list.

    Raises SealError.
    """
    row = sent.execute("SELECT version, size, root FROM list WHERE size > 0 ORDER BY version DESC LIMIT 1").fetchone()
    if row is not None and (row[1] > prover.size or prover.root(row[1]) != row[2]):
        raise SealError(
            f"version {row[0]} for {recipient.name} was built from a ledger of {row[1]:,} events that this one of "
            f"{prover.size:,} does not begin with: use that ledger, or restore it from its last export"
        )


def consistency_lines(sent: sqlite3.Connection, prover: Prover, more: Iterable[int]) -> Iterator[bytes]:
    """Yield proofs that the ledger begins with those at the lists this recipient was sent, and of the sizes `more`."""
    rows = sent.execute(
        "SELECT size FROM entry WHERE size BETWEEN 1 AND :before UNION SELECT * FROM (SELECT DISTINCT size FROM list "
        "WHERE size BETWEEN 1 AND :before ORDER BY size DESC LIMIT :most)",
        {"before": prover.size - 1, "most": MAX_CONSISTENCY_PROOFS},
    )
    for size in sorted({size for (size,) in rows} | {*more} - {prover.size}):
        yield prover.consistency_line(size)


def previous_canary_decision(sent: sqlite3.Connection, namespace: str) -> str:
    """Return the decision beside which the last list sent had its canary, or any one of it; "" if there is none."""
    for asked in (
        "SELECT decision FROM canary WHERE namespace = ? AND decision IN (SELECT decision FROM entry)",
        "SELECT decision FROM entry WHERE decision <> '' ORDER BY random() LIMIT 1",
    ):
        if row := sent.execute(asked, (namespace,) * asked.count("?")).fetchone():
            return str(row[0])
    return ""
