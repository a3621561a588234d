"""Write a ledger as JSON lines, and restore it from them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from auditor import timestamps
from auditor.errors import SealError, UsageError
from auditor.review.ledger import Ledger
from auditor.review.ledger_entries import decode_entry
from auditor.review.ledger_storage import LEDGER_FILE
from auditor.review.verify_ledger import DAMAGE_ERRORS, verify_ledger


def export_ledger(ledger: Ledger, out: IO[str]) -> int:
    """Write every entry unchanged, one per line, and the last checkpoint; return the number of entries."""
    size = 0
    for (body,) in ledger.database.execute("SELECT body FROM events ORDER BY number"):
        out.write(f"{body}\n")
        size += 1
    out.write(f"{_last_line(ledger.checkpoint_note())}\n")
    return size


def restore_ledger(
    lines: Iterator[str], folder: str | os.PathLike[str], *, clock: Callable[[], str] = timestamps.current_time
) -> Ledger:
    """Restore a ledger from an export, into a folder that has none.

    Put the ledger's ``signing.key`` into the folder to go on recording; without it the ledger can only be read.

    Args:
        lines: The lines of the export.
        folder: The new ledger's folder.
        clock: Returns the current time.

    Raises:
        UsageError: The folder holds a ledger already.
        SealError: The export is not complete, or was changed.
    """
    path = Path(folder)
    if (path / LEDGER_FILE).exists():
        raise UsageError(f"{path}: holds a ledger already; restore into a new folder")
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    note: list[str] = []

    def bodies() -> Iterator[str]:
        """Yield the entries of an exported ledger, without its checkpoint."""
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
                event = decode_entry(body)
                if event.number != number or content["previous"] != previous or not line.endswith("\n"):
                    raise SealError("does not follow from the line before it")
            except DAMAGE_ERRORS as error:
                raise SealError(f"line {number + 1}: {error}") from error
            previous = event.leaf
            yield body
        if not note:
            raise SealError("the export is cut short: its last line, the checkpoint, is missing")

    try:
        ledger = Ledger.build(path, bodies(), note, clock=clock)
    except SealError:
        raise
    except DAMAGE_ERRORS as error:
        raise SealError(f"the export is not valid: {error}") from error
    try:
        proof = verify_ledger(ledger)
        if proof.faults:
            raise SealError(f"the export is not valid: {proof.faults[0]}")
    except BaseException:
        ledger.close()
        (path / LEDGER_FILE).unlink()
        raise
    return ledger


def _last_line(note: str) -> str:
    """Return the last line of an exported ledger, which holds the checkpoint."""
    return json.dumps({"checkpoint": note})
