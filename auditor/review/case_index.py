"""The tables by which cases are found: by the names of their subjects, and the digests of their weights."""

from __future__ import annotations

import sqlite3

from auditor.review.case_state import CaseState


def subject_names(state: CaseState) -> tuple[str, ...]:
    """Return the names by which a case is indexed: of its subject and its re-uploads."""
    refs = (state.subject, *state.copies, *state.joined)
    return tuple(sorted({storable_text(ref.name) for ref in refs}))


def artefact_keys(state: CaseState) -> tuple[str, ...]:
    """Return the digests by which a case is indexed: of its weights files, and the identity of the whole set."""
    return tuple(sorted({*map(str, state.digests), f"weights:{state.weights}"}))


def find_cases(
    database: sqlite3.Connection, ground: str, *, weights: str = "", name: str = "", digest: str = ""
) -> tuple[str, ...]:
    """Find in the index cases with the same weights, name, or a digest in common, the oldest first."""
    table, column = ("names", "name") if name else ("artefacts", "digest")
    asked = (
        f"SELECT queue.case_id FROM {table} JOIN queue USING (case_id) "
        f"WHERE {table}.{column} = ? AND ground = ? ORDER BY queue.number"
    )
    value = storable_text(name) or digest or f"weights:{weights}"
    return tuple(case for (case,) in database.execute(asked, (value, ground)))


def has_name(database: sqlite3.Connection, name: str) -> bool:
    """Return whether a case is about a subject with this name, or about a re-upload with it."""
    return bool(database.execute("SELECT 1 FROM names WHERE name = ?", (storable_text(name),)).fetchone())


def storable_text(text: str) -> str:
    """Return text that the index of cases can store as UTF-8: a lone surrogate becomes its escape."""
    return text.encode("utf-8", "backslashreplace").decode()
