"""What senders of lists have cleared, as the recipient's own review should know before it opens a case.

An entry that was overturned on appeal, or decided again as no action, is removed with a signed clear stamp. The
recipient keeps the entry, which look-ups and exports no longer show.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.deindex.hubs import Hub
from auditor.deindex.received_state import read_received_state
from auditor.deindex.repositories import resolve_repository
from auditor.errors import SealError
from auditor.printable import printable
from auditor.review.case_candidates import CaseCandidate
from auditor.review.case_reasons import STRENGTH_RANKS

_UNKNOWN_RANK = 99  # weaker than any strength of evidence


@dataclass(frozen=True, slots=True)
class ClearedEntry:
    """An entry that its sender cleared with the list that was issued ``at`` a time."""

    sender: str
    at: str
    entry: Mapping[str, Any]

    def __str__(self) -> str:
        subject = self.entry["subject"]
        return printable(f"{subject['kind']} {subject['name']}, by {self.sender} on {self.at[:10]}", 400)


def read_cleared_entries(home: Path, now: str) -> Iterator[ClearedEntry]:
    """Yield the entries that senders have cleared and do not list again, from the lists in use of all of them.

    Raises SealError if a list is damaged.
    """
    for path in sorted(home.glob("*/state.json")):
        state = read_received_state(path.parent)
        tables = path.parent / str(state["active"])
        try:
            with closing(sqlite3.connect(f"{tables.absolute().as_uri()}?mode=ro", uri=True)) as opened:
                if not opened.execute("SELECT 1 FROM sqlite_master WHERE name = 'cleared'").fetchone():
                    continue  # compiled by an older version
                sender = json.loads(opened.execute("SELECT about FROM list").fetchone()[0])["list"]["sender"]["name"]
                for at, line in opened.execute("SELECT at, line FROM cleared ORDER BY id").fetchall():
                    entry = json.loads(line)
                    if not _is_listed(opened, entry, now):
                        yield ClearedEntry(sender, at, entry)
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            raise SealError(f"{tables}: the compiled list is damaged ({error}); verify a whole list again") from error


def find_clearance(candidate: CaseCandidate, cleared: Iterable[ClearedEntry], hubs: Mapping[str, Hub]) -> str:
    """Return in words which cleared entry shows what a case would be opened for; "" if there is none.

    It has the same ground and weights (the same repository and revision if either has no digests), and every reason of
    the case follows from one of its rules with no stronger evidence. Which dataset or list it was about is not known.
    """
    return next((str(one) for one in cleared if _covers(one.entry, candidate, hubs)), "")


def _covers(entry: Mapping[str, Any], candidate: CaseCandidate, hubs: Mapping[str, Hub]) -> bool:
    """Return whether an entry of a list is about the same weights and at least the same evidence as a case."""
    if entry["ground"] != candidate.ground:
        return False
    strongest: dict[str, int] = {}
    for fact in entry["facts"]:
        rank = STRENGTH_RANKS.get(fact["strength"], _UNKNOWN_RANK)
        strongest[fact["rule"]] = min(rank, strongest.get(fact["rule"], _UNKNOWN_RANK))
    if any(STRENGTH_RANKS[one.strength] < strongest.get(one.rule, _UNKNOWN_RANK) for one in candidate.reasons):
        return False
    digests = {*entry["artefacts"]["sha256"], *entry["artefacts"]["sha256_tensors"]}
    own = {digest.value for digest in candidate.digests}
    if digests and own:
        return own <= digests
    subject = entry["subject"]
    try:
        found = resolve_repository(candidate.subject, hubs)
    except SealError:
        return False
    named = (found.hub, found.kind, found.name.casefold(), candidate.subject.revision)
    return named == (subject["platform"], subject["kind"], subject["name"].casefold(), subject["revision"])


def _is_listed(tables: sqlite3.Connection, entry: Mapping[str, Any], now: str) -> bool:
    """Return whether an entry in force now has an address of a cleared one."""
    listed = "SELECT 1 FROM pattern JOIN entry ON number = entry WHERE path = ? AND expires_at > ?"
    return any(tables.execute(listed, (path.lower(), now)).fetchone() for path in entry["locators"]["exact"])
