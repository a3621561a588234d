"""The ledger, opened for one request, if it still is the one that this page began with.

A page stays open for hours. In that time the file may be locked, rewritten, cut back or replaced by another; what
the page has seen signed before must still be there each time it looks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from auditor.errors import AuditorError, SealError
from auditor.review import timestamps
from auditor.review.case_state import LedgerEvent
from auditor.review.checkpoints import Checkpoint
from auditor.review.ledger import Ledger
from auditor.review.ledger_storage import LEDGER_FILE
from auditor.sealing import merkle

PATIENCE = 2.0  # seconds to wait for another program's write


class Busy(AuditorError):
    """Another program is writing to the ledger."""


@dataclass(slots=True)
class Watch:
    """A ledger's folder and the last checkpoint that was seen of it."""

    folder: Path
    clock: Callable[[], str] = timestamps.current_time
    public: bytes = b""
    last: Checkpoint | None = None
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """Raises :class:`Busy`, or :class:`SealError` where the ledger is no longer what it was."""
        self._free()
        with Ledger.open(self.folder, clock=self.clock) as ledger:
            self._still(ledger)
            yield ledger

    def _free(self) -> None:
        """The ledger itself waits long for a lock, so that nothing is lost; someone who looks should not."""
        try:
            with closing(reader(self.folder)) as database:
                database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise Busy("Another program is writing to the ledger. Nothing is lost: try again.") from error
        except sqlite3.DatabaseError:
            pass  # opening it says what is wrong with it

    def _still(self, ledger: Ledger) -> None:
        # What was seen is read before what is there: meanwhile another request may see, and note, something newer.
        last, public = self.last, self.public
        now = ledger.checkpoint()
        path = self.folder / LEDGER_FILE
        if last is not None:
            if (now.origin, ledger.public) != (last.origin, public):
                raise SealError(f"{path}: is another ledger than the one this page began with; start the page again")
            if now.size < last.size:
                raise SealError(
                    f"{path}: has {now.size:,} entries and had {last.size:,}: it was cut back or replaced by an older "
                    "copy; decide nothing, run `auditor review verify`, and restore an export"
                )
            if merkle.root_hash(last.size, ledger.node) != last.root:
                raise SealError(
                    f"{path}: entries that this page has seen were rewritten; decide nothing, run "
                    "`auditor review verify`, and restore an export"
                )
        with self._lock:
            if self.last is None or now.size > self.last.size:
                self.last, self.public = now, ledger.public


def reader(folder: Path) -> sqlite3.Connection:
    """A connection that can only read."""
    uri = f"{(folder / LEDGER_FILE).absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)


def proven(ledger: Ledger, events: Iterable[LedgerEvent]) -> None:
    """Check that these events are under the signed checkpoint. Raises :class:`SealError`."""
    signed = ledger.checkpoint()
    for event in events:
        proof = merkle.inclusion_proof(event.number, signed.size, ledger.node) if event.number < signed.size else ()
        if not merkle.verify_inclusion(bytes.fromhex(event.leaf), event.number, signed.size, proof, signed.root):
            raise SealError(
                f"{ledger.folder / LEDGER_FILE}: entry {event.number} was changed from outside; decide nothing, run "
                "`auditor review verify`, and restore an export"
            )


def decided(folder: Path, most: int) -> tuple[tuple[str, ...], int]:
    """The ids of cases that have a decision in force or are on a list, those changed last first; how many in all."""
    with closing(reader(folder)) as database:
        (total,) = database.execute("SELECT count(*) FROM queue WHERE listed OR review_by <> ''").fetchone()
        asked = "SELECT case_id FROM queue WHERE listed OR review_by <> '' ORDER BY changed_at DESC, case_id LIMIT ?"
        return tuple(case for (case,) in database.execute(asked, (most,))), total


def sent(folder: Path, recipient: str) -> dict[str, str]:
    """For each case that was ever put on a recipient's list, the decision that was put on it last."""
    asked = (
        "SELECT case_id, json_extract(body, '$.data.decision') FROM events "
        "WHERE json_extract(body, '$.kind') = 'listed' AND json_extract(body, '$.data.recipient') = ? ORDER BY number"
    )
    with closing(reader(folder)) as database:
        return dict(database.execute(asked, (recipient,)).fetchall())
