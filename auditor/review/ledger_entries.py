"""The form of a ledger entry: one line of canonical JSON, and what of it the Merkle leaf shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from auditor.errors import SealError, UsageError
from auditor.review.ledger_events import LedgerEvent
from auditor.sealing import merkle

ERASED = "(erased)"  # stands for words that were erased
# In format 1 a leaf is the hash of the whole line, in format 2 without words, in format 3 also without names.
LEDGER_FORMAT = 3
WORDS_FORMAT, NAMES_FORMAT = 2, 3  # the formats since which a leaf holds words, and names, as digests alone


def decode_entry(body: str) -> LedgerEvent:
    """Return the event of a ledger entry.

    Raises :class:`SealError` if the entry is not exactly as :func:`encode_entry` writes it.
    """
    try:
        content = json.loads(body)
        data, without = content["data"], redact_entry(content)
        event = LedgerEvent(
            content["number"],
            content["time"],
            content["actor"],
            content["kind"],
            content["case"],
            {**data, "why": ERASED} if "words" in data else data,
            merkle.hash_leaf((without or body).encode()).hex(),
            without,
        )
        whole = encode_entry(event.number, event.time, event.actor, event.kind, event.case, data, content["previous"])
    except (ValueError, KeyError, TypeError) as error:
        raise SealError("an entry of the ledger is damaged; run `auditor review verify`") from error
    if whole != body:
        raise SealError("an entry of the ledger is not in the form it was written in; run `auditor review verify`")
    return event


def redact_entry(content: Mapping[str, Any]) -> str:
    """Return the text that the leaf of an entry is the hash of: without its words, and without who recorded it.

    ``words`` stands for the words, as :func:`erase_entry_words` says. ``name`` stands for the reviewer: the SHA-256 of
    the JSON list [name_salt, actor, signed_with, signature], the last two "" in an entry that is not signed. Whoever
    holds the entry can show what was said and by whom, and who sees only the redacted text cannot guess it.

    Args:
        content: The entry as JSON.

    Returns:
        The redacted text; "" when the entry has no salt, so that nothing is redacted.

    Raises:
        ValueError, KeyError, TypeError: The entry is not in the form that this program writes.
    """
    shown = erase_entry_words(content)
    data = dict(shown["data"])
    if "name" in data:
        raise ValueError("name")
    if "name_salt" in data:
        keys = ("name_salt", "signed_with", "signature")
        salt, key, signature = (data.pop(name, "") for name in keys)
        data["name"] = _digest([salt, content["actor"], key, signature])
        shown = {**shown, "actor": "", "data": data}
    return "" if shown is content and "words" not in data else canonical_json(shown)


def erase_entry_words(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an entry with ``words`` in place of ``why`` and ``salt``: the SHA-256 of the JSON list [salt, why].

    An entry whose words were erased, or that has no salt, is returned as it is.

    Raises:
        ValueError, KeyError, TypeError: The entry is not in the form that this program writes.
    """
    data = content["data"]
    if "words" in data and ("salt" in data or "why" in data):
        raise ValueError("words")
    if "salt" not in data:
        return content
    kept = {key: value for key, value in data.items() if key not in ("salt", "why")}
    return {**content, "data": {**kept, "words": _digest([data["salt"], data["why"]])}}


def _digest(content: object) -> str:
    """Return the SHA-256 of part of a ledger entry as canonical JSON, in hex."""
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()


GENERAL_EVENTS = {"begun", "policy", "clock", "receipt", "enrolled", "revoked", "erased"}


def check_general_event(event: LedgerEvent) -> None:
    """Check an event that belongs to no case before it becomes a ledger entry. Raises :class:`UsageError`."""
    if event.kind not in GENERAL_EVENTS or (event.kind == "begun") != (event.number == 0):
        raise UsageError(f"{event.kind!r} is not an event of a ledger")
    if event.kind == "erased" and not str(event.data["reason"]).strip():
        raise UsageError("give a reason with --why")
    if event.kind in ("clock", "revoked") and not str(event.data["why"]).strip():
        raise UsageError("give a reason with --why")


def text_to_sign(origin: str, content: Mapping[str, Any]) -> bytes:
    """Return what a reviewer signs of an entry: its text without the signature, with digests for words and name.

    Args:
        origin: The ledger's name.
        content: The entry as JSON, with or without a signature.
    """
    data = {key: value for key, value in content["data"].items() if key != "signature"}
    unsigned = {**content, "data": data}
    return f"auditor-ledger-entry-1\n{origin}\n{redact_entry(unsigned) or canonical_json(unsigned)}".encode()


def encode_entry(
    number: int, time: str, actor: str, kind: str, case: str, data: Mapping[str, Any], previous: str
) -> str:
    """Return a ledger entry: one line of JSON in ASCII with sorted keys, so that equal events are equal bytes."""
    content = {"number": number, "time": time, "actor": actor, "kind": kind, "case": case, "data": data}
    return canonical_json({**content, "previous": previous})


def canonical_json(content: object) -> str:
    """Return a ledger entry's JSON in ASCII with sorted keys and no spaces."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
