"""Erase the words of entries, and who a reviewer is, without breaking the ledger.

A leaf holds the words of an entry only as a salted digest, so an entry without words and salt still has the same leaf.
An event of the ledger names the entries that were erased; any other entry without its words is a fault.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from auditor.errors import UsageError
from auditor.review import reviewers
from auditor.review.ledger import Ledger
from auditor.review.ledger_entries import canonical_json, erase_entry_words
from auditor.review.ledger_events import LedgerAction
from auditor.review.ledger_schema import LEDGER_SCHEMA
from auditor.review.ledger_storage import LEDGER_FILE, write_transaction
from auditor.review.verified_state import is_verified, write_verified


def entries_of_person(ledger: Ledger, person: str) -> tuple[str, tuple[int, ...]]:
    """Return the pseudonym of a person, named by it or by their name, and their entries with words.

    Raises :class:`UsageError` if there is no such person.
    """
    name = reviewers.normalize_name(person)
    known = reviewers.read_reviewers(ledger.folder)
    found = [one for one, called in known.items() if name in (one, reviewers.normalize_name(called))]
    if not found:
        raise UsageError(f"{person!r}: is no reviewer of this ledger, by pseudonym or by name")
    written = (event.number for event in ledger.all_events() if event.actor == found[0] and "salt" in event.data)
    return found[0], tuple(written)


def erase_words(ledger: Ledger, numbers: Sequence[int], *, why: str) -> int:
    """Erase the words of entries from the ledger's file for good; return how many.

    Exports and copies made before still hold them. The event that names the entries is recorded first.

    Args:
        ledger: The ledger.
        numbers: The numbers of the entries.
        why: The reason, which stays.

    Raises:
        UsageError: An entry has no words that can be erased: ledgers of format 1 hold them in the leaf itself.
    """
    texts: dict[int, str] = {}
    for number in numbers:
        row = ledger.database.execute("SELECT body FROM events WHERE number = ?", (number,)).fetchone()
        content = json.loads(row[0]) if row else {"data": {}}
        if "salt" not in content["data"]:
            raise UsageError(f"entry {number}: has no words that can be erased")
        texts[number] = canonical_json(erase_entry_words(content))
    if not numbers:
        return 0
    action = LedgerAction("erased", "", reviewers.PROGRAM_ACTOR, {"numbers": sorted(numbers), "reason": why})
    ledger.record(action)
    path, verified = ledger.folder / LEDGER_FILE, is_verified(ledger)
    ledger.database.execute("PRAGMA secure_delete=ON")
    with write_transaction(path, ledger.database):
        ledger.database.execute("DROP TRIGGER events_update")
        ledger.database.executemany(
            "UPDATE events SET body = ? WHERE number = ?", [(texts[number], number) for number in numbers]
        )
        ledger.database.execute(LEDGER_SCHEMA["events_update"])
    ledger.database.execute("VACUUM")
    if verified:
        write_verified(ledger)
    return len(numbers)
