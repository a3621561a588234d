"""Remember that a ledger's file was verified whole, and since then changed by this program alone.

A ledger of 100,000 cases takes seconds to verify, so commands that read or record do it only when the file is another
one than they left it. ``verified.json`` in the ledger's folder states the file as it was then, and the last checkpoint:
so an older copy of the file is found too. It protects against faults and careless changes, not against somebody who
writes to that folder: against them, checkpoints are kept elsewhere (see :mod:`auditor.review.published_checkpoints`).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import SealError
from auditor.review.ledger_storage import LEDGER_FILE
from auditor.timestamps import add_time

if TYPE_CHECKING:
    from auditor.review.ledger import Ledger
    from auditor.review.verify_ledger import Progress

VERIFIED_FILE = "verified.json"
# How far an event's time may be ahead of this machine's clock: without a time server, clocks drift by minutes.
MAX_CLOCK_AHEAD_HOURS = 1
_CHANGE_COUNTER = slice(24, 28)  # of SQLite's file header, raised by every transaction that writes


def require_verified(ledger: Ledger, progress: Progress = lambda done, total: None) -> None:
    """Verify a ledger unless its file is as this program left it. Raises SealError with what to do."""
    path = ledger.folder / LEDGER_FILE
    last = ledger.last_event()
    clock = ledger.machine_time()
    if last.time > add_time(clock, hours=MAX_CLOCK_AHEAD_HOURS):
        raise SealError(
            f"{path}: event {last.number} is of {last.time}, in the future: this machine's clock says {clock}. Correct "
            "the clock if it is behind; if it was ahead when the event was recorded, record that: "
            "`auditor review clock --help`"
        )
    if is_verified(ledger):
        return
    from auditor.review.verify_ledger import verify_ledger

    proof = verify_ledger(ledger, earlier=_read_state(ledger.folder).get("note", ""), progress=progress)
    if not proof.faults:
        write_verified(ledger)
        return
    if all(fault.diverged for fault in proof.faults):
        raise SealError(
            f"{path}: {proof.faults[0]}. Put the newest copy back; if events were given up on purpose, delete "
            f"{ledger.folder / VERIFIED_FILE}"
        )
    raise SealError(
        f"{path}: was changed or is damaged: {proof.faults[0]}; decide nothing, run `auditor review verify`, and "
        "restore an export: `auditor review restore --help`"
    )


def is_verified(ledger: Ledger) -> bool:
    """Return whether the ledger's file is as it was when it was last verified, or changed by this program since."""
    return _read_state(ledger.folder).get("file") == _file_state(ledger.folder / LEDGER_FILE)


def write_verified(ledger: Ledger) -> None:
    """Record that the ledger's file as it is now is verified."""
    path, part = ledger.folder / VERIFIED_FILE, ledger.folder / f"{VERIFIED_FILE}.{os.getpid()}"
    try:
        state = {"file": _file_state(ledger.folder / LEDGER_FILE), "note": ledger.checkpoint_note()}
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(state, file)
        os.replace(part, path)
    except OSError:
        return  # a folder that can only be read: the next command verifies again


def _read_state(folder: Path) -> dict[str, Any]:
    """Return what is recorded of the verified file; {} if nothing valid is."""
    try:
        state = json.loads((folder / VERIFIED_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _file_state(path: Path) -> list[int]:
    """Return what differs once a ledger's file was written to: its identity, size, times and change counter."""
    with open(path, "rb") as file:
        header, found = file.read(100), os.fstat(file.fileno())
    counter = int.from_bytes(header[_CHANGE_COUNTER], "big")
    return [found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, counter]
