"""Sign, cosign and verify checkpoints: a ledger's size and Merkle root (C2SP tlog-checkpoint, signed-note).

    auditor/ledger/0123456789abcdef
    42
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
    time 2026-11-30T12:00:00Z
    key 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=

    — auditor/ledger/0123456789abcdef oBm2UQ…
    — auditor/witness/8b4f1d0c2a7e6935 7hZk0A…

The lines ``time`` and ``key`` (the ledger's public key) stand only in checkpoints that are published. A copy that is
kept outside the ledger can later show whether the ledger was rewritten or cut short; a witness's cosignature (C2SP
tlog-cosignature) says that the witness saw it, and that it continues what the witness had seen before.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from auditor.errors import SealError
from auditor.sealing.keys import SigningKey, decode_public_key, encode_public_key, verify_signature
from auditor.timestamps import format_time

# The types of signatures in the key ids of C2SP signed-note.
_SIGNATURE_TYPE, _COSIGNATURE_TYPE = b"\x01", b"\x04"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The Merkle root over the first ``size`` entries of the ledger that ``origin`` names.

    ``time`` and ``key`` (the ledger's public key) are empty in checkpoints that the ledger itself stores.
    """

    origin: str
    size: int
    root: bytes
    time: str = ""
    key: bytes = b""

    @property
    def text(self) -> str:
        """The text that is signed: origin, size and root, and of a published one the time and the key."""
        published = f"time {self.time}\nkey {encode_public_key(self.key)}\n" if self.time else ""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n{published}"

    def sign(self, key: SigningKey) -> str:
        """Return the checkpoint as a signed note."""
        sealed = _key_id(self.origin, _SIGNATURE_TYPE, key.public) + key.sign(self.text.encode())
        return f"{self.text}\n{_signature_line(self.origin, sealed)}"


def parse_checkpoint(note: str) -> Checkpoint:
    """Return the checkpoint of a note without verifying signatures. Raises :class:`SealError` for another form."""
    return _parse_note(note)[0]


def verify_checkpoint(note: str, public: bytes) -> Checkpoint:
    """Return the checkpoint of a signed note after checking its form and the ledger's signature.

    Args:
        note: The signed note, byte for byte as `Checkpoint.sign` wrote it; cosignatures may follow.
        public: The Ed25519 public key.

    Raises:
        SealError: The note is damaged, or another key signed it.
    """
    found, signatures = _parse_note(note)
    name, raw = signatures[0]
    if name != found.origin or raw[:4] != _key_id(found.origin, _SIGNATURE_TYPE, public):
        raise SealError("a checkpoint is damaged, or another key signed it")
    if not verify_signature(public, raw[4:], found.text.encode()):
        raise SealError("a checkpoint's signature is not valid: it was changed, or another key signed it")
    return found


def cosign_checkpoint(note: str, key: SigningKey, time: str) -> str:
    """Return the signed note with a witness's cosignature of this time after its other signatures."""
    name = f"auditor/witness/{hashlib.sha256(key.public).hexdigest()[:16]}"
    seconds = int(datetime.fromisoformat(time).timestamp())
    signature = key.sign(_cosigned_text(parse_checkpoint(note), seconds))
    sealed = _key_id(name, _COSIGNATURE_TYPE, key.public) + seconds.to_bytes(8, "big") + signature
    return note + _signature_line(name, sealed)


def verify_cosignature(note: str, public: bytes) -> str:
    """Return the time at which a witness cosigned a note. Raises :class:`SealError` if it did not."""
    found, signatures = _parse_note(note)
    for name, raw in signatures[1:]:
        if raw[:4] == _key_id(name, _COSIGNATURE_TYPE, public):
            seconds = int.from_bytes(raw[4:12], "big")
            if not verify_signature(public, raw[12:], _cosigned_text(found, seconds)):
                raise SealError("the witness's cosignature is not valid: the checkpoint was changed")
            return format_time(datetime.fromtimestamp(seconds, UTC))
    raise SealError("this witness has not cosigned the checkpoint; ask it to run `auditor review witness`")


def _parse_note(note: str) -> tuple[Checkpoint, list[tuple[str, bytes]]]:
    """Return a note's checkpoint and its signatures as (name, key id and signature). Raises :class:`SealError`."""
    try:
        text, _, lines = note.partition("\n\n")
        origin, size, root, *published = text.split("\n")
        time = key = ""
        if published:
            time, key = published[0].removeprefix("time "), published[1].removeprefix("key ")
        found = Checkpoint(
            origin, int(size), base64.b64decode(root, validate=True), time, decode_public_key(key) if key else b""
        )
        signatures = []
        for line in lines.splitlines():
            _, name, sealed = line.split(" ")
            signatures.append((name, base64.b64decode(sealed, validate=True)))
    except (ValueError, IndexError, SealError) as error:
        raise SealError("a checkpoint is cut short or damaged") from error
    whole = f"{found.text}\n" + "".join(_signature_line(name, raw) for name, raw in signatures)
    if whole != note or not signatures:
        raise SealError("a checkpoint is damaged, or another key signed it")
    return found, signatures


def _signature_line(name: str, sealed: bytes) -> str:
    """Return the line of a checkpoint that holds one signature."""
    return f"— {name} {base64.b64encode(sealed).decode()}\n"


def _cosigned_text(checkpoint: Checkpoint, seconds: int) -> bytes:
    """Return what a witness signs of a checkpoint (C2SP tlog-cosignature, cosignature/v1)."""
    return f"cosignature/v1\ntime {seconds}\n{checkpoint.text}".encode()


def _key_id(name: str, kind: bytes, public: bytes) -> bytes:
    """Return a checkpoint's key id of the C2SP signed-note format: 4 bytes of SHA-256(name, 0x0A, type, key)."""
    return hashlib.sha256(name.encode() + b"\n" + kind + public).digest()[:4]
