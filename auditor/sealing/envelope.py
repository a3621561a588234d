"""Seals what leaves the house: signed (Ed25519 in a DSSE envelope), and encrypted for one recipient (age).

DSSE: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md, age: https://age-encryption.org/v1.
What is signed is signed before it is encrypted, and names its recipient: who can open a list could otherwise
encrypt it again for somebody else, who would take it for one that was made for them.
"""

from __future__ import annotations

import base64
import json
from importlib.util import find_spec

from auditor.errors import SealError, UsageError
from auditor.sealing.keys import SigningKey, encode_public_key, verify_signature

MAX_ENVELOPE_BYTES = 1 << 20  # bytes of an envelope: it holds a statement of some lines, seldom more


def require_sealing_libraries() -> None:
    """Raises UsageError where the libraries that sign and encrypt are not installed."""
    missing = [name for name in ("cryptography", "pyrage") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"{' and '.join(missing)} not installed, which sealed lists need: pip install 'provenance-auditor[deindex]'"
        )


def pre_authentication_encoding(kind: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what is signed, so that no other type can be read into the bytes."""
    name = kind.encode()
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload)


def sign_envelope(kind: str, payload: bytes, key: SigningKey) -> bytes:
    """A DSSE envelope, JSON on one line, around a payload of media type ``kind``."""
    signature = {
        "keyid": encode_public_key(key.public),
        "sig": _base64(key.sign(pre_authentication_encoding(kind, payload))),
    }
    return json.dumps({"payloadType": kind, "payload": _base64(payload), "signatures": [signature]}).encode()


def open_envelope(envelope: bytes, kind: str, public: bytes, longest: int = MAX_ENVELOPE_BYTES) -> bytes:
    """The payload, if the holder of this public key signed it as a ``kind``. Raises SealError."""
    try:
        if len(envelope) > longest:
            raise ValueError("too long")
        content = json.loads(envelope)
        found, payload = content["payloadType"], base64.b64decode(content["payload"], validate=True)
        signatures = [base64.b64decode(signature["sig"], validate=True) for signature in content["signatures"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SealError("is not signed: its end holds no DSSE envelope; ask the sender for it again") from error
    if found != kind:
        raise SealError(f"holds something else that was signed, not {kind}; name another file")
    if not any(
        verify_signature(public, signature, pre_authentication_encoding(kind, payload)) for signature in signatures
    ):
        raise SealError(
            "the signature is not by the sender's key, or what was signed was changed; do not use it, tell the sender"
        )
    return payload


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
