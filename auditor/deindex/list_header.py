"""The first line of a de-index list: who made it for whom, its version and its dates."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from auditor.deindex.party_cards import Party, card_from_json, card_to_json
from auditor.deindex.proofs import SignedCheckpoint
from auditor.errors import SealError
from auditor.printable import printable

LIST_PAYLOAD_TYPE = "application/vnd.provenance-auditor.deindex-list+json"


LIST_SCHEMA = "deindex-list/3"


@dataclass(frozen=True, slots=True)
class DeindexListHeader:
    """The first line of a list. ``base`` is the version that a delta changes, 0 for a whole list.

    ``log`` is the signed checkpoint of the sender's ledger, against which the events of entries are proven.
    """

    schema: str
    sender: Party
    recipient: Party
    version: int
    base: int
    issued_at: str
    expires_at: str
    log: SignedCheckpoint


def header_to_json(header: DeindexListHeader) -> dict[str, Any]:
    """Return the header of a de-index list as JSON."""
    cards = {"sender": card_to_json(header.sender), "recipient": card_to_json(header.recipient)}
    return {**asdict(header), **cards}


def parse_header(content: Any) -> DeindexListHeader:
    """Return the header of a de-index list from its first line. Raises SealError."""
    try:
        if content["schema"] != LIST_SCHEMA:
            raise SealError(
                f"is written as {printable(str(content['schema']))}; this program reads {LIST_SCHEMA}: update the "
                "older of the two, yours or the sender's"
            )
        cards = {name: card_from_json(content[name]) for name in ("sender", "recipient")}
        header = DeindexListHeader(**{**content, **cards, "log": SignedCheckpoint(**content["log"])})
        for moment in (header.issued_at, header.expires_at):
            datetime.fromisoformat(moment)
        if not 0 <= header.base < header.version:
            raise ValueError("versions")
    except (KeyError, TypeError, ValueError) as error:
        raise SealError(
            "its first line is not the header of a list; do not use the list, and inform the sender"
        ) from error
    return header
