"""An answer to an export as a file: signed by the holder of the list, then encrypted for who asked."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from auditor.deindex.party_cards import Party, open_envelope_of
from auditor.deindex.party_keys import Keys
from auditor.errors import SealError, UsageError
from auditor.sample_exchange.blocks import MAX_BITS, HashRanges, hash_ranges
from auditor.sealing import encryption, envelope
from auditor.timestamps import add_time

_KIND = "application/vnd.auditor.samples-answer+json"
_SCHEMA = 1
# A dataset of 17 billion rows has 2**24 blocks, and at most half of them are named.
_LONGEST = 1 << 28
# Days for which an answer is used: lists grow.
ANSWER_DAYS = 30

Verdict = Literal["blocks", "withdraw"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the holder of a list says of an export; never which rows match.

    Attributes:
        kind: ``blocks``: the rows of ``blocks`` are to be removed; ``withdraw``: the whole dataset is.
        why: Why it is to be withdrawn; "" otherwise.
        algorithm, manifest, column: What the export says of itself.
        export: The SHA-256 of the export.
        rows: How many different rows it has.
        blocks: Prefixes of the rows' hashes, by the number of their bits: ``((bits, prefixes), …)``.
        unanswered: Hashes of rows that are too few for a block, and are to be removed without having been compared.
        lists: Name and version of each list.
        holder, recipient: The names on the cards of both sides.
        recipient_key: The public key that it is encrypted for.
        issued: When.
        expires: Until when it is used.
        schema: The version of the format.
    """

    kind: Verdict
    why: str
    algorithm: str
    manifest: str
    column: str
    export: str
    rows: int
    blocks: tuple[tuple[int, tuple[int, ...]], ...]
    unanswered: tuple[int, ...]
    lists: tuple[tuple[str, str], ...]
    holder: str
    recipient: str
    recipient_key: str
    issued: str
    expires: str
    schema: int = _SCHEMA

    @property
    def ranges(self) -> HashRanges:
        """The hashes of the rows that are to be removed."""
        return hash_ranges(dict(self.blocks), self.unanswered)

    @property
    def block_count(self) -> int:
        """How many blocks it names."""
        return sum(len(prefixes) for _, prefixes in self.blocks)


def expiry(issued: str) -> str:
    """Return until when an answer is used."""
    return add_time(issued, days=ANSWER_DAYS)


def write_answer(answer: Answer, recipient: Party, keys: Keys, path: Path) -> None:
    """Sign an answer, encrypt it and write it. Raises UsageError if it cannot be written."""
    signed = envelope.sign_envelope(_KIND, json.dumps(asdict(answer)).encode(), keys.signing)
    part = path.with_name(f"{path.name}.part")
    try:
        with open(part, "wb") as file:
            encryption.encrypt([signed], file, recipient.age)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written: {error.strerror}; the same command again gives the same answer"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def open_answer(path: Path, keys: Keys, holder: Party, now: str) -> Answer:
    """Decrypt an answer and check it.

    Args:
        path: The file.
        keys: Those of the recipient.
        holder: The card of who answered.
        now: The time.

    Raises:
        SealError: It is for another recipient, was changed, is not signed by the holder, or has expired.
    """
    out = io.BytesIO()
    try:
        if path.stat().st_size > _LONGEST:
            raise SealError("is too long for an answer; name another file")
        with open(path, "rb") as file:
            encryption.decrypt(file, out, keys.identity, *keys.replaced)
        payload = open_envelope_of(holder, out.getvalue(), _KIND, now, longest=2 * _LONGEST)
        answer = _parse(payload)
        if answer.recipient_key not in keys.card.accepted_ages(now):
            raise SealError("was made for another recipient; ask for one made for you")
        if answer.expires <= now:
            raise SealError(f"was to be used until {answer.expires[:10]}; export the samples and ask again")
    except OSError as error:
        raise SealError(f"{path}: cannot be read: {error.strerror}") from error
    except SealError as error:
        raise SealError(f"{path}: {error}") from error
    return answer


def _parse(payload: bytes) -> Answer:
    """Return the answer that a signed payload holds."""
    try:
        content: dict[str, Any] = json.loads(payload)
        if content["schema"] != _SCHEMA:
            raise SealError("was written by another version of auditor; use the same version")
        blocks = tuple((int(bits), _numbers(prefixes)) for bits, prefixes in content["blocks"])
        if any(not 0 <= bits <= MAX_BITS for bits, _ in blocks):
            raise ValueError("bits")
        lists = tuple((str(name), str(version)) for name, version in content["lists"])
        return Answer(**content | {"blocks": blocks, "lists": lists, "unanswered": _numbers(content["unanswered"])})
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SealError("is signed, but is no answer that this auditor reads; update auditor") from error


def _numbers(values: Sequence[Any]) -> tuple[int, ...]:
    """Return whole numbers from an answer."""
    return tuple(int(value) for value in values)
