"""Proves a ledger whole, tells where it breaks, writes it as JSON lines and restores it from them."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from auditor.errors import AuditorError, SealError, UsageError
from auditor.review import case_state, checkpoints, decisions, ledger, queue
from auditor.review.case_state import State
from auditor.review.checkpoints import Checkpoint
from auditor.review.ledger import Ledger, check_general, event_of
from auditor.review.schema import differences
from auditor.sealing import merkle

# What reading damaged JSON as an event, or applying it, may raise.
_DAMAGE = (AuditorError, ValueError, KeyError, TypeError, AttributeError)


Broken = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Break:
    """Where a ledger is not what it was: ``number`` is the event's, -1 where it is no single event's."""

    number: int
    what: str

    def __str__(self) -> str:
        return f"event {self.number}: {self.what}" if self.number >= 0 else self.what


@dataclass(frozen=True, slots=True)
class Proof:
    """What verifying found. ``breaks`` () is a whole ledger; ``note`` is its last checkpoint."""

    size: int
    cases: int
    root: bytes
    note: str
    breaks: tuple[Break, ...]


def verify(book: Ledger, *, earlier: str = "", most: int = 20) -> Proof:
    """Recompute every entry, hash, root, signature and state of a ledger; at most ``most`` breaks are named.

    ``earlier`` is a checkpoint that was kept elsewhere: only by it can a ledger be found cut short, or rewritten
    by somebody who has its key. Every rule of :mod:`auditor.review.case_state` is applied again, so an event that
    should have been refused is found although it is signed.
    """
    found: list[Break] = []

    def broken(number: int, what: str) -> None:
        if len(found) < most:
            found.append(Break(number, what))

    size = cases = 0
    root, note = b"", ""
    try:
        for what in differences(book.database):
            broken(-1, what)
        for (said,) in book.database.execute("PRAGMA integrity_check"):
            if said != "ok":
                broken(-1, f"the file is damaged: {said}")
        size, root, note = _events(book, _kept(book, earlier, broken), broken)
        if not any(one.number >= 0 for one in found):  # else the cases are read from entries that are not right
            cases = _cases(book.database, broken)
    except (sqlite3.DatabaseError, SealError) as error:
        broken(-1, f"the file is damaged: {error}")
    return Proof(size, cases, root, note, tuple(found))


def _kept(book: Ledger, earlier: str, broken: Broken) -> Checkpoint | None:
    try:
        return checkpoints.opened(earlier, book.public) if earlier else None
    except SealError as error:
        broken(-1, f"the earlier checkpoint: {error}")
        return None


def _events(book: Ledger, kept: Checkpoint | None, broken: Broken) -> tuple[int, bytes, str]:
    """Entries, chain, times, tree and checkpoints; the number of entries, the last root and its note."""
    database = book.database
    checkpoints = dict(database.execute("SELECT size, note FROM checkpoints").fetchall())
    tree: dict[tuple[int, int], bytes] = {}  # the subtrees of which the next root is made
    size, stored, signed, previous, time = 0, 0, 0, "", ""
    root, last = b"", ""

    def node(level: int, at: int) -> bytes:
        return tree[level, at]

    for number, body in database.execute("SELECT number, body FROM events ORDER BY number"):
        try:
            event = event_of(body)
            if number != size or event.number != size:
                broken(size, f"is missing; event {event.number} comes in its place")
                break
            if not event.case:
                check_general(event)
        except _DAMAGE as error:
            broken(number, str(error))
            break
        if json.loads(body)["previous"] != previous:
            broken(number, "does not follow from the event before it")
        if event.time < time and event.kind != "clock":
            broken(number, f"is of {event.time}, before the event before it")
        previous, time, size = event.leaf, event.time, size + 1
        grown = merkle.append_leaf(tree, number, bytes.fromhex(event.leaf))
        for level, at, hashed in grown:
            row = database.execute("SELECT hash FROM tree WHERE level = ? AND number = ?", (level, at)).fetchone()
            if row is None or row[0] != hashed:
                broken(number, f"the Merkle tree does not hold it (level {level}, node {at})")
        stored += len(grown)
        root = merkle.root_hash(size, node)
        if last_note := checkpoints.pop(size, ""):
            signed, last = size, last_note
            _signed(book, last, Checkpoint(book.origin, size, root), broken)
        if kept and kept.size == size and kept.root != root:
            broken(number, f"this event, or one before it, is not what it was at the earlier checkpoint of {size:,}")
    if kept and kept.size > size:
        broken(size, f"is missing: the earlier checkpoint has {kept.size:,} events")
    if signed != size or not size:
        broken(signed, "and what follows has no signed checkpoint")
    for extra in sorted(checkpoints):
        broken(extra - 1, f"is missing: there is a checkpoint of {extra:,} events")
    if database.execute("SELECT count(*) FROM tree").fetchone()[0] != stored:
        broken(-1, "the Merkle tree has other nodes than its events")
    return size, root, last


def _signed(book: Ledger, note: str, expected: Checkpoint, broken: Broken) -> None:
    try:
        if checkpoints.opened(note, book.public) != expected:
            broken(expected.size - 1, "the signed checkpoint here has another root: an event was changed")
    except SealError as error:
        broken(expected.size - 1, str(error))


def _cases(database: sqlite3.Connection, broken: Broken) -> int:
    """Every case's events under the rules again, and what the queue keeps of it; the number of cases."""
    rows = database.execute("SELECT case_id, body FROM events WHERE case_id <> '' ORDER BY case_id, number")
    cases = 0
    expected = {"queue": 0, "names": 0, "artefacts": 0}
    allowed = True
    for case, group in groupby(rows, key=lambda row: row[0]):
        cases += 1
        events = [event_of(body) for _, body in group]
        state: State | None = None
        for event in events:
            try:
                state = case_state.apply(state, event)
            except UsageError as error:
                broken(event.number, f"should not have been recorded: {error}")
                allowed = False
                break
        else:
            assert state is not None
            row = database.execute("SELECT * FROM queue WHERE case_id = ?", (case,)).fetchone()
            for table, number in zip(expected, (1, len(queue.names(state)), len(queue.digests(state))), strict=True):
                expected[table] += number
            if row != queue.columns(state) or not _found(database, state):
                broken(state.last, f"the queue does not say of case {case} what its events say")
    for table, number in expected.items():
        if allowed and database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] > number:
            broken(-1, f"the queue's table {table} has rows that no event made")
    return cases


def _found(database: sqlite3.Connection, state: State) -> bool:
    """Is the case found by each of its names and digests?"""
    for asked, values in (
        ("SELECT 1 FROM names WHERE name = ? AND case_id = ?", queue.names(state)),
        ("SELECT 1 FROM artefacts WHERE digest = ? AND case_id = ?", queue.digests(state)),
    ):
        if not all(database.execute(asked, (value, state.id)).fetchone() for value in values):
            return False
    return True


# JSON lines


def export(book: Ledger, out: IO[str]) -> int:
    """Write every entry as it stands, one a line, and the last checkpoint; the number of entries."""
    size = 0
    for (body,) in book.database.execute("SELECT body FROM events ORDER BY number"):
        out.write(f"{body}\n")
        size += 1
    out.write(f"{_last_line(book.note())}\n")
    return size


def restore(
    lines: Iterator[str], folder: str | os.PathLike[str], *, clock: Callable[[], str] = decisions.now
) -> Ledger:
    """A ledger from an export, into a folder that has none. Raises :class:`SealError` where the export is not whole.

    Put the ledger's ``signing.key`` into the folder to go on recording; without it the ledger can be read only.
    """
    path = Path(folder)
    if (path / ledger.FILE).exists():
        raise UsageError(f"{path}: holds a ledger already; restore into a new folder")
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    note: list[str] = []

    def bodies() -> Iterator[str]:
        previous = ""
        for number, line in enumerate(lines):
            body = line.removesuffix("\n")
            if note:
                raise SealError(f"line {number + 1}: comes after the checkpoint that ends an export")
            try:
                content: dict[str, Any] = json.loads(body)
                if "checkpoint" in content:
                    note.append(str(content["checkpoint"]))
                    if line != f"{_last_line(note[0])}\n":
                        raise SealError("is not in the form it was written in")
                    continue
                event = event_of(body)
                if event.number != number or content["previous"] != previous or not line.endswith("\n"):
                    raise SealError("does not follow from the line before it")
            except _DAMAGE as error:
                raise SealError(f"line {number + 1}: {error}") from error
            previous = event.leaf
            yield body
        if not note:
            raise SealError("the export is cut short: its last line, the checkpoint, is missing")

    try:
        book = Ledger.build(path, bodies(), note, clock=clock)
    except SealError:
        raise
    except _DAMAGE as error:
        raise SealError(f"the export is not whole: {error}") from error
    try:
        proof = verify(book)
        if proof.breaks:
            raise SealError(f"the export is not whole: {proof.breaks[0]}")
    except BaseException:
        book.close()
        (path / ledger.FILE).unlink()
        raise
    return book


def _last_line(note: str) -> str:
    return json.dumps({"checkpoint": note})
