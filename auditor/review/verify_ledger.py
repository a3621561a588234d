"""Verify a whole ledger, and name where it was changed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from auditor.errors import AuditorError, SealError, UsageError
from auditor.review import case_groups, case_index, case_transitions, checkpoints, queue
from auditor.review.case_state import CaseState
from auditor.review.checkpoints import Checkpoint
from auditor.review.ledger import Ledger
from auditor.review.ledger_entries import check_general_event, decode_entry
from auditor.review.ledger_events import LedgerEvent
from auditor.review.ledger_schema import schema_differences
from auditor.review.reviewer_keys import ReviewerKeys
from auditor.review.reviewers import PROGRAM_ACTOR
from auditor.review.verified_state import MAX_CLOCK_AHEAD_HOURS
from auditor.sealing import merkle
from auditor.timestamps import add_time

# Errors that decoding a damaged event, or applying it, may raise.
DAMAGE_ERRORS = (AuditorError, ValueError, KeyError, TypeError, AttributeError)


NOT_EXCLUDED = "rollback and rewriting not excluded: no witnessed checkpoint was given"


# Called with how much of a verification is done, and of how much: each entry counts twice, by itself and in its case.
Progress = Callable[[int, int], None]
_PROGRESS_STEP = 1000  # entries between two calls


class FaultReporter(Protocol):
    """Records a fault of a ledger; ``diverged`` and ``unproven`` as for :class:`LedgerFault`."""

    def __call__(self, number: int, what: str, *, diverged: bool = False, unproven: bool = False) -> None: ...


@dataclass(frozen=True, slots=True)
class LedgerFault:
    """Where a ledger was changed or damaged: ``number`` is the event's, or -1 when it concerns no single event.

    ``diverged``: it differs from a checkpoint that was kept elsewhere, by which it was rolled back or rewritten.
    ``unproven``: it says nothing against the entries, but they cannot be verified against the checkpoint or clock.
    """

    number: int
    what: str
    diverged: bool = False
    unproven: bool = False

    def __str__(self) -> str:
        return f"event {self.number}: {self.what}" if self.number >= 0 else self.what


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """What verification found: no ``faults`` means that the ledger is intact. ``note`` is its last checkpoint.

    ``kept`` is the checkpoint that it was compared with, None without one; ``witnessed`` is when it was cosigned.
    ``signed`` and ``unsigned`` count entries of reviewers, ``erased`` texts that were erased.
    """

    size: int
    cases: int
    root: bytes
    note: str
    faults: tuple[LedgerFault, ...]
    kept: Checkpoint | None = None
    witnessed: str = ""
    signed: int = 0
    unsigned: int = 0
    erased: int = 0

    @property
    def signatures(self) -> str:
        """One line on whose keys the entries of reviewers are signed with."""
        if not self.unsigned:
            return f"{self.signed:,} entries of reviewers, each signed with the reviewer's own key"
        return (
            f"{self.unsigned:,} of {self.signed + self.unsigned:,} entries of reviewers are unsigned: whoever could "
            "write to the ledger's folder could record them under any name"
        )

    @property
    def growth(self) -> str:
        """One line on what the comparison with a kept checkpoint shows, if no fault was found."""
        if self.kept is None:
            return NOT_EXCLUDED
        since = f"only added to since the checkpoint of {self.kept.size:,} events"
        since += f" of {self.kept.time}" if self.kept.time else ""
        if self.witnessed:
            return f"{since}, which the witness cosigned on {self.witnessed}"
        return f"{since}, if that is the copy you kept: no witness was named"


def verify_ledger(
    ledger: Ledger,
    *,
    earlier: str = "",
    witness: bytes = b"",
    now: str = "",
    max_faults: int = 20,
    progress: Progress = lambda done, total: None,
) -> VerificationResult:
    """Verify a ledger: recompute every entry, hash, root, signature and state.

    Every rule of :mod:`auditor.review.case_transitions` is applied again, so a signed event that should have been
    refused is found.

    Args:
        ledger: The ledger.
        earlier: A checkpoint that was published or kept elsewhere, or "": only with it can it be found that a ledger
            was cut short, or rewritten by someone who has its key.
        witness: The public key of a witness that must have cosigned it; b"" for none.
        now: The time, which no event may be far ahead of; "" is not to compare.
        max_faults: How many faults to name at most.
        progress: Called now and then with how much is done, and of how much.
    """
    found: list[LedgerFault] = []

    def report_fault(number: int, what: str, *, diverged: bool = False, unproven: bool = False) -> None:
        """Record where the ledger was changed."""
        if len(found) < max_faults:
            found.append(LedgerFault(number, what, diverged, unproven))

    kept, witnessed = _read_earlier_checkpoint(ledger, earlier, witness, report_fault)
    latest = add_time(now, hours=MAX_CLOCK_AHEAD_HOURS) if now else ""
    size = cases = signatures = unsigned = erased = 0
    root, note = b"", ""
    try:
        for what in schema_differences(ledger.database):
            report_fault(-1, what)
        for (said,) in ledger.database.execute("PRAGMA integrity_check"):
            if said != "ok":
                report_fault(-1, f"the file is damaged: {said}")
        size, root, note, signatures, unsigned, erased = _verify_events(ledger, kept, latest, report_fault, progress)
        # Otherwise cases would be read from damaged entries.
        if not any(one.number >= 0 and not (one.diverged or one.unproven) for one in found):
            cases = _verify_cases(ledger.database, report_fault, size, progress)
    except (sqlite3.DatabaseError, SealError) as error:
        report_fault(-1, f"the file is damaged: {error}")
    return VerificationResult(size, cases, root, note, tuple(found), kept, witnessed, signatures, unsigned, erased)


def _read_earlier_checkpoint(
    ledger: Ledger, earlier: str, witness: bytes, report_fault: FaultReporter
) -> tuple[Checkpoint | None, str]:
    """Return the ledger's earlier checkpoint after verifying it, and when it was witnessed; None if it is no proof."""
    if not earlier:
        return None, ""
    note = earlier.partition("\n\n")[2] if earlier.startswith("old ") else earlier  # without proofs of growth
    try:
        witnessed = checkpoints.verify_cosignature(note, witness) if witness else ""
        stated = checkpoints.parse_checkpoint(note)
        if stated.origin != ledger.origin:
            report_fault(
                -1, f"the earlier checkpoint is of {stated.origin}, and this ledger is {ledger.origin}", diverged=True
            )
            return None, ""
        if stated.key not in (b"", ledger.public):
            report_fault(-1, "the earlier checkpoint names another key: the ledger was replaced", diverged=True)
            return None, ""
        return checkpoints.verify_checkpoint(note, ledger.public), witnessed
    except SealError as error:
        report_fault(-1, f"the earlier checkpoint: {error}", unproven=True)
        return None, ""


def _verify_events(
    ledger: Ledger, kept: Checkpoint | None, latest: str, report_fault: FaultReporter, progress: Progress
) -> tuple[int, bytes, str, int, int, int]:
    """Verify a ledger's entries, chain, times, tree, signatures and checkpoints.

    Returns:
        The number of entries, the last root and note, and how many entries of reviewers are signed and unsigned,
        and how many texts were erased.
    """
    database = ledger.database
    checkpoints = dict(database.execute("SELECT size, note FROM checkpoints").fetchall())
    tree: dict[tuple[int, int], bytes] = {}  # the subtrees from which the next root is computed
    size, stored, signed, previous, time = 0, 0, 0, "", ""
    root, last = b"", ""
    keys, signatures, unsigned = ReviewerKeys(ledger.origin, ledger.public), 0, 0
    erased: set[int] = set()
    named: set[int] = set()
    ahead: LedgerEvent | None = None  # the first event of the future that no correction of the clock explains

    def node(level: int, at: int) -> bytes:
        """Return the recomputed hash of a subtree of the ledger."""
        return tree[level, at]

    (entries,) = database.execute("SELECT count(*) FROM events").fetchone()
    for number, body in database.execute("SELECT number, body FROM events ORDER BY number"):
        if size % _PROGRESS_STEP == 0:
            progress(size, 2 * entries)
        try:
            event = decode_entry(body)
            if number != size or event.number != size:
                report_fault(size, f"is missing; event {event.number} is in its place")
                break
            content = json.loads(body)
            if not event.case:
                check_general_event(event)
        except DAMAGE_ERRORS as error:
            report_fault(number, str(error))
            break
        if content["previous"] != previous:
            report_fault(number, "does not follow from the event before it")
        if event.time < time and event.kind != "clock":
            report_fault(number, f"is of {event.time}, before the event before it")
        try:
            if keys.check_signature(event, content):
                signatures += 1
            elif event.actor != PROGRAM_ACTOR:
                unsigned += 1
            keys = keys if event.case else keys.after(event)
        except UsageError as error:
            report_fault(number, f"should not have been recorded: {error}")
        if "words" in content["data"]:
            erased.add(number)
        elif event.kind == "erased":
            named.update(event.data["numbers"])
        if event.kind == "clock":
            ahead = None  # what was recorded before by a clock that was ahead has been explained
        elif latest and event.time > latest:
            ahead = ahead or event
        previous, time, size = event.leaf, event.time, size + 1
        grown = merkle.append_leaf(tree, number, bytes.fromhex(event.leaf))
        for level, at, hashed in grown:
            row = database.execute("SELECT hash FROM tree WHERE level = ? AND number = ?", (level, at)).fetchone()
            if row is None or row[0] != hashed:
                report_fault(number, f"the Merkle tree does not hold it (level {level}, node {at})")
        stored += len(grown)
        root = merkle.root_hash(size, node)
        if last_note := checkpoints.pop(size, ""):
            signed, last = size, last_note
            _verify_checkpoint(ledger, last, Checkpoint(ledger.origin, size, root), report_fault)
        if kept and kept.size == size and kept.root != root:
            report_fault(
                number,
                f"this event, or one before it, is not what it was at the earlier checkpoint of {kept.size:,} events: "
                "the ledger was rewritten or forked",
                diverged=True,
            )
    for number in sorted(erased - named):
        report_fault(number, "its words are missing, and no event says that they were erased")
    if ahead:
        report_fault(
            ahead.number,
            f"is of {ahead.time}, in the future: the clock was ahead when it was recorded (then record that: "
            "`auditor review clock --help`), or is behind now",
            unproven=True,
        )
    if kept and kept.size > size:
        report_fault(
            size,
            f"is missing: the earlier checkpoint has {kept.size:,} events: the ledger was rolled back to an older "
            "copy, or cut short",
            diverged=True,
        )
    if signed != size or not size:
        report_fault(signed, "and what follows has no signed checkpoint")
    for extra in sorted(checkpoints):
        report_fault(extra - 1, f"is missing: there is a checkpoint of {extra:,} events")
    if database.execute("SELECT count(*) FROM tree").fetchone()[0] != stored:
        report_fault(-1, "the Merkle tree has other nodes than its events")
    return size, root, last, signatures, unsigned, len(erased)


def _verify_checkpoint(ledger: Ledger, note: str, expected: Checkpoint, report_fault: FaultReporter) -> None:
    """Report a checkpoint of the ledger that is not the expected one."""
    try:
        if checkpoints.verify_checkpoint(note, ledger.public) != expected:
            report_fault(expected.size - 1, "the signed checkpoint here has another root: an event was changed")
    except SealError as error:
        report_fault(expected.size - 1, str(error))


def _verify_cases(database: sqlite3.Connection, report_fault: FaultReporter, entries: int, progress: Progress) -> int:
    """Verify cases: apply every event again, compare the queue's tables, and return the number of cases."""
    rows = database.execute("SELECT case_id, body FROM events WHERE case_id <> '' ORDER BY case_id, number")
    cases = applied = 0
    expected = {"queue": 0, "names": 0, "artefacts": 0, "case_groups": 0}
    allowed = True
    for case, group in groupby(rows, key=lambda row: row[0]):
        cases += 1
        events = [decode_entry(body) for _, body in group]
        if applied // _PROGRESS_STEP != (applied + len(events)) // _PROGRESS_STEP:
            progress(entries + applied, 2 * entries)
        applied += len(events)
        state: CaseState | None = None
        for event in events:
            try:
                state = case_transitions.apply_event(state, event)
            except UsageError as error:
                report_fault(event.number, f"should not have been recorded: {error}")
                allowed = False
                break
        else:
            assert state is not None
            row = database.execute("SELECT * FROM queue WHERE case_id = ?", (case,)).fetchone()
            keys = case_index.subject_names(state), case_index.artefact_keys(state), case_groups.shared_keys(state)
            for table, number in zip(expected, (1, *map(len, keys)), strict=True):
                expected[table] += number
            if row != queue.queue_values(state) or not _is_indexed(database, state):
                report_fault(state.last_event, f"the queue's row of case {case} differs from its events")
    for table, number in expected.items():
        if allowed and database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] > number:
            report_fault(-1, f"the queue's table {table} has rows that no event made")
    return cases


def _is_indexed(database: sqlite3.Connection, state: CaseState) -> bool:
    """Return whether the verified ledger's case can be found by each of its names, digests and groups."""
    named = [(name, state.id) for name in case_index.subject_names(state)]
    held = [(key, state.id) for key in case_index.artefact_keys(state)]
    for asked, rows in (
        ("SELECT 1 FROM names WHERE name = ? AND case_id = ?", named),
        ("SELECT 1 FROM artefacts WHERE digest = ? AND case_id = ?", held),
        (
            "SELECT 1 FROM case_groups WHERE key = ? AND ground = ? AND case_id = ? AND phase = ? AND opened_at = ?",
            case_groups.group_rows(state),
        ),
    ):
        if not all(database.execute(asked, row).fetchone() for row in rows):
            return False
    return True
