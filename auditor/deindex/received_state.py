"""The recipient's record of each sender: the list in use, its version and the latest time seen."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.deindex.list_header import DeindexListHeader
from auditor.deindex.party_cards import Party, card_from_json, card_to_json, newer_card
from auditor.errors import SealError
from auditor.sealing.keys import decode_public_key
from auditor.timestamps import add_time

MAX_CLOCK_SKEW_SECONDS = 600  # between the clocks of sender and recipient


_STATE_FILE = "state.json"


@dataclass(frozen=True, slots=True)
class ReceivedList:
    """A verified list. ``new`` is false if this version was in use already."""

    header: DeindexListHeader
    entries: int
    removals: int
    sha256: str
    new: bool = True


def check_clock(state: Mapping[str, Any], now: str) -> None:
    """Refuse a clock before the latest time in the received state: it would make an expired list look fresh."""
    if state and now < add_time(str(state["seen_at"]), seconds=-MAX_CLOCK_SKEW_SECONDS):
        raise SealError(f"the clock says {now}, and it was {state['seen_at']} at the last check: correct the clock")


def sender_folder(home: Path, sender: Party) -> Path:
    """Return the folder for the state of lists received from a sender, created if needed. Raises SealError."""
    folder = home / hashlib.sha256(decode_public_key(sender.first.ed25519)).hexdigest()[:16]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SealError(f"{folder}: cannot keep lists: {error.strerror}; name another --home") from error
    return folder


def read_received_state(folder: Path) -> dict[str, Any]:
    """Return the stored record of a sender; {} for a new one. Raises SealError."""
    path = folder / _STATE_FILE
    try:
        content = json.loads(path.read_bytes())
        if not {"version", "sha256", "seen_at", "expires_at", "active"} <= set(content):
            raise ValueError("is not complete")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as error:
        raise SealError(
            f"{path}: cannot be read ({error}), so an old list could not be recognised; restore the file, or ask "
            "the sender for the newest list, delete the folder and verify that list"
        ) from error
    return dict(content)


def known_sender(state: Mapping[str, Any], sender: Party) -> Party:
    """Return the newest card of a sender: the given one, or the one of the lists that were received.

    Raises SealError if neither continues the other.
    """
    return newer_card(sender, card_from_json(state["sender"])) if "sender" in state else sender


def write_received_state(folder: Path, found: ReceivedList, state: Mapping[str, Any], now: str) -> None:
    """Store a received list as the one in use, and delete older compiled lists."""
    header, checkpoint = found.header, found.header.log.verify()
    content = {
        "sender": card_to_json(known_sender(state, header.sender)),
        "version": header.version,
        "sha256": found.sha256,
        "seen_at": max(now, str(state.get("seen_at", ""))),
        "expires_at": header.expires_at,
        "active": f"{header.version}.sqlite",
        "log": {
            "origin": checkpoint.origin,
            "key": header.log.key,
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
        },
    }
    making = folder / f".{_STATE_FILE}"
    with open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(making, folder / _STATE_FILE)
    for path in folder.glob("*.sqlite"):
        if path.name != content["active"]:
            path.unlink()


@contextmanager
def lock_sender_folder(folder: Path) -> Iterator[None]:
    """Lock the folder with the recipient's record of a sender."""
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
