"""The tables of a ledger. Recorded rows can only be added: triggers refuse every change."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from types import MappingProxyType


def _append_only_triggers(table: str, taken: str) -> dict[str, str]:
    """Return triggers that refuse to change or delete rows of a ledger's table.

    ``INSERT OR REPLACE`` fires no delete trigger, so inserts for which the SQL condition `taken` holds are refused too.
    """
    refuse = "BEGIN SELECT RAISE(ABORT, 'the ledger can only be added to'); END"
    return {
        f"{table}_update": f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table} {refuse}",
        f"{table}_delete": f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} {refuse}",
        f"{table}_insert": f"CREATE TRIGGER {table}_insert BEFORE INSERT ON {table} WHEN {taken} {refuse}",
    }


GROUP_TABLE = "case_groups"  # ledgers from before it existed get it when they are opened
LEDGER_SCHEMA: Mapping[str, str] = MappingProxyType(
    {
        "events": "CREATE TABLE events (number INTEGER PRIMARY KEY, body TEXT NOT NULL, "
        "case_id TEXT GENERATED ALWAYS AS (json_extract(body, '$.case')) VIRTUAL)",
        "events_by_case": "CREATE INDEX events_by_case ON events (case_id, number)",
        **_append_only_triggers("events", "NEW.number IS NOT (SELECT ifnull(max(number), -1) + 1 FROM events)"),
        "tree": "CREATE TABLE tree (level INTEGER, number INTEGER, hash BLOB NOT NULL, "
        "PRIMARY KEY (level, number)) WITHOUT ROWID",
        **_append_only_triggers("tree", "EXISTS (SELECT 1 FROM tree WHERE level = NEW.level AND number = NEW.number)"),
        "checkpoints": "CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL)",
        **_append_only_triggers("checkpoints", "NEW.size <= (SELECT max(size) FROM checkpoints)"),
        # Derived from the events, so that reading a page of the queue does not read every event.
        # Stored in queue order: a query over the whole queue reads neighbouring rows.
        "queue": "CREATE TABLE queue (rank INTEGER, number INTEGER, case_id TEXT NOT NULL UNIQUE, ground TEXT, "
        "kind TEXT, name TEXT, revision TEXT, confidence TEXT, base TEXT, appeal INTEGER, listed INTEGER, "
        "review_by TEXT, claimed_by TEXT, claimed_until TEXT, reviewers TEXT, opened_at TEXT, changed_at TEXT, "
        "PRIMARY KEY (rank, number)) WITHOUT ROWID",
        "names": "CREATE TABLE names (name TEXT, case_id TEXT, PRIMARY KEY (name, case_id)) WITHOUT ROWID",
        "artefacts": "CREATE TABLE artefacts (digest TEXT, case_id TEXT, PRIMARY KEY (digest, case_id)) WITHOUT ROWID",
        # ``phase`` is "" where a case waits for no opinion.
        GROUP_TABLE: f"CREATE TABLE {GROUP_TABLE} (key TEXT, ground TEXT, case_id TEXT, phase TEXT, opened_at TEXT, "
        "PRIMARY KEY (key, ground, case_id)) WITHOUT ROWID",
    }
)


def lacks_group_table(database: sqlite3.Connection) -> bool:
    """Return whether a ledger's schema is from before groups of cases."""
    return not database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (GROUP_TABLE,)).fetchone()


def schema_differences(database: sqlite3.Connection) -> tuple[str, ...]:
    """Return how the schema of a ledger's file differs from LEDGER_SCHEMA; () when it doesn't."""
    rows = database.execute("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
    found = dict(rows.fetchall())
    return (
        *(f"table or trigger {name} is missing" for name in LEDGER_SCHEMA if name not in found),
        *(f"table or trigger {name} was changed" for name, sql in LEDGER_SCHEMA.items() if found.get(name, sql) != sql),
        *(f"table or trigger {name!r} was added" for name in found if name not in LEDGER_SCHEMA),
    )
