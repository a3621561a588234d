"""The recipient's side: verify a list, and put it into use.

A list is used only if it is authentic, complete, made for this recipient, in date, newer than the last one, and
proven. Until all of that is verified, the list before it stays in use.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from auditor.deindex.list_header import LIST_PAYLOAD_TYPE, parse_header
from auditor.deindex.list_lines import PROOF_PREFIX, REMOVAL_PREFIX, parse_json_line, read_lines
from auditor.deindex.lookup_tables import write_lookup_tables
from auditor.deindex.party_cards import Party, card_from_json, card_to_json, newer_card
from auditor.deindex.party_keys import Keys
from auditor.deindex.received_state import (
    MAX_CLOCK_SKEW_SECONDS,
    ReceivedList,
    check_clock,
    known_sender,
    lock_sender_folder,
    read_received_state,
    sender_folder,
    write_received_state,
)
from auditor.errors import SealError
from auditor.printable import printable
from auditor.sealing import encryption, envelope
from auditor.timestamps import add_time


def receive_list(file: Path, keys: Keys, sender: Party, home: Path, now: str) -> ReceivedList:
    """Verify a received list and, if everything is right, make it the one that look-ups read.

    Args:
        file: The encrypted list.
        keys: The recipient's keys.
        sender: The card of who must have signed it.
        home: The recipient's folder, which remembers the highest version and the latest time seen of each sender.
        now: The current time, ISO 8601.

    Raises:
        SealError: The list is refused; the message says why and what to do, and nothing has changed.
    """
    envelope.require_sealing_libraries()
    folder = sender_folder(home, sender)
    with lock_sender_folder(folder), tempfile.TemporaryFile(dir=folder) as plain:
        try:
            with open(file, "rb") as sealed:
                encryption.decrypt(sealed, plain, keys.identity, *keys.replaced)
            state = read_received_state(folder)
            known = known_sender(state, sender)
            found = _verify_list(plain, keys, known, now)
            found = replace(found, new=_is_newer(found, state, now))
            if found.new:
                write_lookup_tables(plain, found, folder, state)
            write_received_state(folder, found, {**state, "sender": card_to_json(known)}, now)
        except SealError as error:
            raise SealError(f"{printable(str(file), 300)}: {error}") from error
        except OSError as error:
            raise SealError(
                f"{printable(str(file), 300)}: cannot be read, or kept in {folder}: {error.strerror}"
            ) from error
    return found


def active_list_path(home: Path, sender: Party, now: str) -> Path:
    """Return the compiled list in use from this sender.

    Raises SealError if there is none, or it must not be used now.
    """
    folder = sender_folder(home, sender)
    state = read_received_state(folder)
    if not state:
        raise SealError(f"no list from {sender.name} was verified yet; run `auditor deindex verify` on one")
    check_clock(state, now)
    if state["expires_at"] <= now:
        raise SealError(
            f"version {state['version']} from {sender.name} expired at {state['expires_at']}: decisions that were "
            "overturned since are still in it; get the next one"
        )
    return folder / str(state["active"])


def _verify_list(plain: IO[bytes], keys: Keys, sender: Party, now: str) -> ReceivedList:
    """Return what a received list is, after verifying that its sender signed all of it for the holder of these keys.

    ``sender`` is the newest card that is known of the sender; the list may be signed with the keys of a newer one.
    """
    digest = hashlib.sha256()
    counts = {"removals": 0, "entries": 0}
    first = last = b""
    for text in read_lines(plain):
        if last:
            digest.update(last)
            if last is not first and not last.startswith(PROOF_PREFIX):
                counts["removals" if last.startswith(REMOVAL_PREFIX) else "entries"] += 1
        first, last = first or text, text
    if last is first or not last.startswith(b'{"payloadType"'):
        raise SealError("is cut off: the signed statement at its end is missing; fetch it again")
    signer = _signer(first, sender, now)
    statement = parse_json_line(envelope.open_envelope(last, LIST_PAYLOAD_TYPE, signer.public))
    if statement.get("sha256") != digest.hexdigest() or statement.get("list") != parse_json_line(first):
        raise SealError("its signature is for a different list; do not use the list, and inform the sender")
    if any(statement.get(name) != number for name, number in counts.items()):
        raise SealError("has a different number of entries than was signed; do not use the list, and inform the sender")
    header = parse_header(statement["list"])
    if header.sender.ed25519 != signer.ed25519:
        raise SealError(
            "names a different sender than the one who signed it; do not use the list, and inform the sender"
        )
    if header.recipient.age in [old.age for old in keys.card.rotations if old.until <= now]:
        raise SealError(
            f"was made for keys that {keys.card.name} has replaced and that no longer count: give the sender "
            "your new card"
        )
    if header.recipient.age not in keys.card.accepted_ages(now):
        raise SealError(
            f"was made for {printable(header.recipient.name)}, not for {keys.card.name}, and encrypted again: do not "
            "use it, and inform the sender that it has leaked"
        )
    return ReceivedList(header, counts["entries"], counts["removals"], str(statement["sha256"]))


def _signer(header_line: bytes, sender: Party, now: str) -> Party:
    """Return the card with whose key a received list must be signed: the sender's in its header, if it is known.

    Raises SealError if those keys were replaced and no longer count.
    """
    try:
        stated = card_from_json(parse_json_line(header_line).get("sender"))
        newest = newer_card(stated, sender)
    except SealError:
        return sender  # whatever the header states, only this sender's signature counts
    if stated.public not in newest.accepted_publics(now):
        raise SealError(
            f"names keys that {sender.name} has replaced and that no longer count: an old list, or a stolen key; do "
            "not use it, and inform the sender"
        )
    return stated


def _is_newer(found: ReceivedList, state: Mapping[str, Any], now: str) -> bool:
    """Return whether a received list is newer than the one in use.

    False if it is the same one. Raises SealError if it must not be used.
    """
    header = found.header
    check_clock(state, now)
    if header.issued_at > add_time(now, seconds=MAX_CLOCK_SKEW_SECONDS):
        raise SealError(f"was issued at {header.issued_at}, and the clock says {now}: correct the clock")
    if header.expires_at <= now:
        raise SealError(f"version {header.version} expired at {header.expires_at}; get the next one from its sender")
    known = int(state.get("version", 0))
    if header.version < known:
        raise SealError(
            f"is version {header.version}, and version {known} was verified before: an older list is refused"
        )
    if header.version == known:
        if found.sha256 != state["sha256"]:
            raise SealError(f"is another version {known} than the one in use: do not use it, ask the sender")
        return False
    if header.base and header.base != known:
        raise SealError(
            f"changes version {header.base}, and version {known} is in use; ask for the deltas between, or a whole list"
        )
    return True
