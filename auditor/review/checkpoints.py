"""Checkpoints: how many entries a ledger has and their Merkle root, signed (C2SP tlog-checkpoint, signed-note).

    auditor/ledger/0123456789abcdef
    42
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — auditor/ledger/0123456789abcdef oBm2UQ…

Whoever keeps one elsewhere can show later that the ledger was not rewritten, or cut short, since.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from auditor.errors import SealError
from auditor.sealing.keys import SigningKey, verify_signature


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """``root`` is the Merkle root over the first ``size`` entries of the ledger that ``origin`` names."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def signed(self, key: SigningKey) -> str:
        signature = base64.b64encode(_key_id(self.origin, key.public) + key.sign(self.text.encode())).decode()
        return f"{self.text}\n— {self.origin} {signature}\n"


def opened(note: str, public: bytes) -> Checkpoint:
    """The checkpoint of a note that this key signed, in the one form it has. Raises :class:`SealError`."""
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
        raise SealError("a checkpoint's signature is not right: it was changed, or another key signed it")
    return found


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
