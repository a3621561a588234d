"""The cards of public keys that senders and recipients of lists exchange, and how one card continues another.

When a party rotates its keys, the old key signs a statement that names the new ones and says until when it counts
itself. The new card carries all such statements, so whoever trusts an older card of the party can trust the new one.
"""

from __future__ import annotations

import base64
import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor.errors import SealError
from auditor.printable import printable
from auditor.sealing import envelope
from auditor.sealing.keys import SigningKey, decode_public_key, encode_public_key, verify_signature

MAX_CARD_BYTES = 100_000  # some 300 rotations
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class KeyRotation:
    """That a party's keys were replaced.

    Attributes:
        ed25519: The replaced signing key.
        age: The replaced encryption key.
        until: From this time on, what the replaced keys signed, or was encrypted for them, is refused; ISO 8601.
        signature: The replaced key's signature of :func:`rotation_text`, base64.
    """

    ed25519: str
    age: str
    until: str
    signature: str


@dataclass(frozen=True, slots=True)
class Party:
    """A card: the public keys of one side. ``ed25519`` verifies what they sign, ``age`` encrypts for them.

    Cards must be exchanged in a way that both sides trust: someone who can replace a card can pose as its holder.
    ``rotations`` lead from the first keys of the party to these, the oldest first.
    """

    name: str
    ed25519: str
    age: str
    appeals: str = ""  # where an owner can appeal
    rotations: tuple[KeyRotation, ...] = ()

    @property
    def public(self) -> bytes:
        return decode_public_key(self.ed25519)

    @property
    def first(self) -> Party | KeyRotation:
        """Where the first keys of the party stand, by which it is known whatever its keys are now."""
        return self.all_keys[0]

    @property
    def all_keys(self) -> tuple[Party | KeyRotation, ...]:
        """Where each pair of keys that the party ever had stands, the oldest first."""
        return *self.rotations, self

    def accepted_publics(self, now: str) -> tuple[bytes, ...]:
        """Return the signing keys that count at a time, the current one first."""
        return self.public, *(decode_public_key(old.ed25519) for old in self.rotations if old.until > now)

    def accepted_ages(self, now: str) -> tuple[str, ...]:
        """Return the encryption keys that count at a time, the current one first."""
        return self.age, *(old.age for old in self.rotations if old.until > now)


def is_party_name(name: str) -> bool:
    """Return whether a text can be the name on a card."""
    return _NAME.fullmatch(name) is not None


def load_card(path: Path) -> Party:
    """Return the card of a party's public keys in a file. Raises SealError."""
    try:
        with open(path, "rb") as file:
            return card_from_json(json.loads(file.read(MAX_CARD_BYTES)))
    except OSError as error:
        raise SealError(f"{path}: the card cannot be read: {error.strerror}") from error
    except SealError as error:
        raise SealError(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise SealError(f"{path}: is not the card.json that `auditor deindex keys` makes; ask for it again") from error


def card_to_json(card: Party) -> dict[str, Any]:
    """Return a card as JSON; one without rotations has no such key."""
    content = asdict(card)
    if not card.rotations:
        del content["rotations"]
    return content


def card_from_json(content: Any) -> Party:
    """Return a card after verifying each rotation in it. Raises SealError."""
    try:
        rotations = tuple(KeyRotation(**each) for each in content.get("rotations", ()))
        card = Party(**{**content, "rotations": rotations})
        texts = [card.name, card.ed25519, card.age, card.appeals]
        texts += [text for old in rotations for text in (old.ed25519, old.age, old.until, old.signature)]
        if not all(isinstance(text, str) for text in texts) or not is_party_name(card.name):
            raise ValueError("a name, and texts")
        for keys in card.all_keys:
            if not keys.age.startswith("age1") or not decode_public_key(keys.ed25519):
                raise ValueError("no public keys")
        signatures = [base64.b64decode(old.signature, validate=True) for old in rotations]
        for old in rotations:
            datetime.fromisoformat(old.until)
    except (SealError, ValueError, TypeError, AttributeError) as error:
        raise SealError("is not the card.json that `auditor deindex keys` makes; ask for it again") from error
    for old, new, signature in zip(rotations, card.all_keys[1:], signatures, strict=True):
        if not verify_signature(decode_public_key(old.ed25519), signature, rotation_text(card.name, old, new)):
            raise SealError(
                f"the keys of {printable(card.name)} were not replaced by their holder: the old key did not sign "
                "this card; do not use it, and ask for the card over a channel that you trust"
            )
    return card


def rotate_card(card: Party, signing: SigningKey, public: bytes, age: str, until: str) -> Party:
    """Return the card with new keys that continues a card.

    Args:
        card: The card of the old keys.
        signing: The old signing key.
        public: The new signing key's public half.
        age: The new encryption key's public half.
        until: Until when the old keys count.
    """
    old = KeyRotation(card.ed25519, card.age, until, "")
    new = Party(card.name, encode_public_key(public), age, card.appeals)
    signature = base64.b64encode(signing.sign(rotation_text(card.name, old, new))).decode()
    rotations = (*card.rotations, KeyRotation(old.ed25519, old.age, until, signature))
    return Party(new.name, new.ed25519, new.age, new.appeals, rotations)


def rotation_text(name: str, old: KeyRotation, new: Party | KeyRotation) -> bytes:
    """Return the text that the old key signs: who replaces which keys by which, and until when the old ones count."""
    lines = ("auditor-key-rotation-1", name, old.ed25519, old.age, new.ed25519, new.age, old.until)
    return "".join(f"{line}\n" for line in lines).encode()


def newer_card(one: Party, other: Party) -> Party:
    """Return which of two cards of a party continues the other. Raises SealError if neither does."""
    older, newer = sorted((one, other), key=lambda card: len(card.rotations))
    steps = len(older.rotations)
    keys = newer.all_keys[steps]
    same = (older.name, older.ed25519, older.age) == (newer.name, keys.ed25519, keys.age)
    if not same or newer.rotations[:steps] != older.rotations:
        raise SealError(
            f"{printable(one.name)}: this card has other keys than the one that was accepted before, which did not "
            "sign them; do not use it, and ask for the card over a channel that you trust"
        )
    return newer


def open_envelope_of(party: Party, data: bytes, kind: str, now: str, longest: int) -> bytes:
    """Return the payload of an envelope that any key of a party signed that counts now. Raises SealError."""
    current, *replaced = party.accepted_publics(now)
    for public in replaced:
        with suppress(SealError):
            return envelope.open_envelope(data, kind, public, longest)
    return envelope.open_envelope(data, kind, current, longest)
