"""Which key each reviewer signs with: enrolled and revoked by events of the ledger itself.

As soon as a ledger has an enrolled key, every entry of a reviewer must be signed with that reviewer's key. Entries from
before are unsigned: whoever could write to the ledger's folder could record them under any name. A key is enrolled by
the ledger's keeper or by a reviewer, once, for one name. That two keys are two people no program can know.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from auditor.errors import SealError, UsageError
from auditor.review.ledger_entries import text_to_sign
from auditor.review.ledger_events import LedgerEvent
from auditor.review.reviewers import PROGRAM_ACTOR
from auditor.sealing.keys import decode_public_key, encode_public_key, verify_signature

KEY_EVENTS = ("enrolled", "revoked")


@dataclass(frozen=True, slots=True)
class ReviewerKeys:
    """Keys after a ledger's events, in base64.

    ``keys`` are those in force by pseudonym; ``holders`` the pseudonyms by every key that was ever enrolled;
    ``revoked`` the pseudonyms that may record nothing more until a new key is enrolled for them.
    """

    origin: str
    ledger_key: bytes
    keys: Mapping[str, str] = field(default_factory=dict)
    holders: Mapping[str, str] = field(default_factory=dict)
    revoked: frozenset[str] = frozenset()

    def check_signature(self, event: LedgerEvent, content: Mapping[str, Any]) -> bool:
        """Return whether a reviewer's entry is signed. Raises :class:`UsageError` if it should not have been recorded.

        Args:
            event: The event.
            content: The entry of the event as JSON.
        """
        if event.actor == PROGRAM_ACTOR:
            return False
        if event.actor in self.revoked:
            raise UsageError(f"{event.actor} was revoked; another reviewer must do this")
        used = event.data.get("signed_with", "")
        if not used and not self.holders:
            return False
        own = self.keys.get(event.actor, "")
        if not own:
            raise UsageError(
                f"{event.actor} has no enrolled key, and this ledger takes only signed entries; see "
                "`auditor review reviewers --help`"
            )
        if not used:
            raise UsageError(f"{event.actor} must sign: give the file of {event.actor}'s own key with --key")
        if used != own:
            whose = f"{self.holders[used]}'s" if used in self.holders else "not enrolled"
            raise UsageError(f"{event.actor} must sign with {event.actor}'s own key; this key is {whose}")
        try:
            signature = base64.b64decode(str(event.data["signature"]), validate=True)
        except (KeyError, ValueError, binascii.Error) as error:
            raise UsageError(f"the signature of {event.actor} is damaged") from error
        if not verify_signature(decode_public_key(own), signature, text_to_sign(self.origin, content)):
            raise UsageError(f"the signature of {event.actor} is not valid: the entry was changed")
        return True

    def after(self, event: LedgerEvent) -> ReviewerKeys:
        """Return the keys after one more event of no case. Raises :class:`UsageError` if it is not allowed."""
        if event.kind == "enrolled":
            return self._after_enrolment(str(event.data["reviewer"]), str(event.data["public"]))
        if event.kind == "revoked":
            name = str(event.data["reviewer"])
            if event.actor != PROGRAM_ACTOR:
                raise UsageError("a reviewer is revoked by the ledger's keeper")
            if name in self.revoked:
                raise UsageError(f"{name} was revoked before")
            kept = {one: key for one, key in self.keys.items() if one != name}
            return replace(self, keys=kept, revoked=self.revoked | {name})
        return self

    def _after_enrolment(self, name: str, public: str) -> ReviewerKeys:
        """Return the keys after one was enrolled for a name."""
        try:
            decoded = decode_public_key(public)
        except SealError as error:
            raise UsageError(f"{name}: {error}") from error
        public = encode_public_key(decoded)
        if decoded == self.ledger_key:
            raise UsageError(f"{name}: this is the ledger's own key; a reviewer signs with a key of their own")
        if public in self.holders:
            raise UsageError(f"{name}: this key was enrolled for {self.holders[public]}; one key is one reviewer")
        if name in self.keys:
            raise UsageError(f"{name}: has a key; revoke it first: `auditor review reviewers revoke {name}`")
        return replace(
            self,
            keys={**self.keys, name: public},
            holders={**self.holders, public: name},
            revoked=self.revoked - {name},
        )
