"""Sign and verify checkpoints: a ledger's size and Merkle root (C2SP tlog-checkpoint, signed-note).

    auditor/ledger/0123456789abcdef
    42
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — auditor/ledger/0123456789abcdef oBm2UQ…

A copy that is kept outside the ledger can later show whether the ledger was rewritten or cut short.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from auditor.errors import SealError
from auditor.sealing.keys import SigningKey, verify_signature


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The Merkle root over the first ``size`` entries of the ledger that ``origin`` names."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed: origin, size and root."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def sign(self, key: SigningKey) -> str:
        """Return the checkpoint as a signed note."""
        signature = base64.b64encode(_key_id(self.origin, key.public) + key.sign(self.text.encode())).decode()
        return f"{self.text}\n— {self.origin} {signature}\n"


def verify_checkpoint(note: str, public: bytes) -> Checkpoint:
    """Return the checkpoint of a signed note after checking its form and signature.

    Args:
        note: The signed note, byte for byte as `Checkpoint.sign` wrote it.
        public: The Ed25519 public key.

    Raises:
        SealError: The note is damaged, or another key signed it.
    """
    try:
        text, _, signature = note.partition("\n\n")
        origin, size, root = text.split("\n")
        found = Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
        mark, name, sealed = signature.removesuffix("\n").split(" ")
        raw = base64.b64decode(sealed, validate=True)
    except ValueError as error:
        raise SealError("a checkpoint is cut short or damaged") from error
    whole = f"{found.text}\n— {origin} {base64.b64encode(raw).decode()}\n"
    if whole != note or (mark, name) != ("—", origin) or raw[:4] != _key_id(origin, public):
        raise SealError("a checkpoint is damaged, or another key signed it")
    if not verify_signature(public, raw[4:], found.text.encode()):
        raise SealError("a checkpoint's signature is not valid: it was changed, or another key signed it")
    return found


def _key_id(name: str, public: bytes) -> bytes:
    """Return a checkpoint's key id of the C2SP signed-note format: 4 bytes of SHA-256(name, 0x0A, 0x01, key)."""
    return hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
