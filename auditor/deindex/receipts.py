"""A recipient's signed receipt for the sender: which entries, named by their tokens alone, were acted on and when."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor.deindex.lookup import Lookup
from auditor.deindex.party_cards import Party, open_envelope_of
from auditor.deindex.party_keys import Keys
from auditor.errors import SealError, UsageError
from auditor.printable import printable
from auditor.review.ledger import Ledger
from auditor.sealing import envelope

RECEIPT_PAYLOAD_TYPE = "application/vnd.provenance-auditor.deindex-receipt+json"
RECEIPT_SCHEMA = "deindex-receipt/2"
# What a recipient answers instead of acting; both need a reason.
DECLINED, QUESTIONED = "declined", "questioned"
MAX_RECEIPT_BYTES = 1 << 28
MAX_RECORDED_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class ActedEntry:
    """What a recipient did with an entry.

    Attributes:
        entry: Its token.
        action: What was done (de-index, demote …); ``restored`` after a removal; ``declined`` if it is not acted on;
            ``questioned`` if the sender is asked to look again.
        at: When, ISO 8601.
        why: The reason for declining or questioning it, in the recipient's words.
    """

    entry: str
    action: str
    at: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """``version`` is the list that was acted on. Entries that are not in ``acted`` were not acted on yet."""

    schema: str
    sender: str
    recipient: str
    version: int
    issued_at: str
    acted: tuple[ActedEntry, ...]


def all_entries_acted(lookup: Lookup, at: str) -> tuple[ActedEntry, ...]:
    """Return for a receipt every entry of the list in use, as acted on at one time."""
    return tuple(ActedEntry(entry["entry"], entry["action"], at) for entry in lookup)


def parse_acted_lines(lines: Iterable[str], at: str) -> tuple[ActedEntry, ...]:
    """Parse the lines of a receipt, ``ENTRY ACTION [WHEN] [REASON]``; one without WHEN gets the time `at`.

    Raises:
        UsageError: A line is not in this form, or an entry is declined or questioned without a reason.
    """
    acted = []
    for number, line in enumerate(lines, 1):
        entry, action, *rest = (*line.split(), "", "")
        if not entry:
            continue
        when, words = (rest[0], rest[1:]) if rest and _is_time(rest[0]) else (at, rest)
        why = " ".join(filter(None, words))
        answers = action in (DECLINED, QUESTIONED)
        if not action or answers != bool(why):
            form = f"ENTRY {action} [WHEN] REASON" if answers else "ENTRY ACTION 2026-11-23T09:30:00Z"
            raise UsageError(f"line {number}: {printable(line.strip())}: write {form}")
        acted.append(ActedEntry(entry, action, when, why))
    return tuple(acted)


def sign_receipt(lookup: Lookup, keys: Keys, acted: Iterable[ActedEntry], now: str) -> bytes:
    """Return a signed receipt for the list in use, one line of JSON."""
    made = Receipt(RECEIPT_SCHEMA, lookup.header.sender.name, keys.card.name, lookup.header.version, now, tuple(acted))
    return envelope.sign_envelope(RECEIPT_PAYLOAD_TYPE, json.dumps(asdict(made)).encode("ascii"), keys.signing) + b"\n"


def read_receipt(path: Path, recipient: Party, now: str) -> Receipt:
    """Return a receipt after verifying, as the sender, that this recipient signed it. Raises SealError."""
    try:
        with open(path, "rb") as file:
            sealed = file.read(MAX_RECEIPT_BYTES)
        content: Any = json.loads(
            open_envelope_of(recipient, sealed, RECEIPT_PAYLOAD_TYPE, now, longest=MAX_RECEIPT_BYTES)
        )
        if content["schema"] != RECEIPT_SCHEMA:
            raise ValueError(content["schema"])
        made = Receipt(**{**content, "acted": tuple(ActedEntry(**each) for each in content["acted"])})
    except SealError as error:
        raise SealError(f"{path}: {error}") from error
    except OSError as error:
        raise SealError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise SealError(f"{path}: is not a receipt that this program can read ({error})") from error
    if made.recipient != recipient.name:
        raise SealError(f"{path}: is by {printable(made.recipient)}, not by {recipient.name}")
    return made


def record_receipt(ledger: Ledger, said: Receipt) -> None:
    """Record a receipt in the ledger: that a recipient acted, on which version and on how many entries."""
    counts = Counter(printable(each.action, 40) for each in said.acted)
    words = ", ".join(f"{number} {action}" for action, number in sorted(counts.items()))[:MAX_RECORDED_LENGTH]
    ledger.record_receipt(recipient=said.recipient, version=str(said.version), at=said.issued_at, words=words or "none")


def questioned_cases(ledger: Ledger, said: Receipt, sent: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Yield the case of each entry that a receipt questions, with the reason.

    Args:
        ledger: The sender's ledger.
        said: The receipt.
        sent: The record of what the recipient was sent.
    """
    asked: dict[str, str] = {}
    for each in said.acted:
        if each.action == QUESTIONED:
            row = sent.execute("SELECT decision FROM entry WHERE id = ?", (each.entry,)).fetchone()
            if row:
                asked[row[0]] = each.why
    if asked:
        for case in ledger.states():
            for decision in case.in_force:
                if decision.id in asked:
                    yield case.id, asked[decision.id]


def _is_time(text: str) -> bool:
    """Return whether a text of a receipt is a time in ISO 8601."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
