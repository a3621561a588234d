"""Signs a payload into a DSSE envelope (with Ed25519) and checks it again.

DSSE: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md. A list is signed before it is encrypted, and
the signed text names its recipient. Otherwise a recipient could encrypt it again for another party, who would believe
that the list was made for them.
"""

from __future__ import annotations

import base64
import json
from importlib.util import find_spec

from auditor.errors import SealError, UsageError
from auditor.sealing.keys import SigningKey, encode_public_key, verify_signature

# An envelope holds a statement of a few lines.
MAX_ENVELOPE_BYTES = 1 << 20


def require_sealing_libraries() -> None:
    """Raise UsageError if a library that envelopes or encryption need is not installed."""
    missing = [name for name in ("cryptography", "pyrage") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"{' and '.join(missing)} not installed, which sealed lists need: pip install 'provenance-auditor[deindex]'"
        )


def pre_authentication_encoding(kind: str, payload: bytes) -> bytes:
    """Return DSSE's pre-authentication encoding (PAE) of an envelope's payload: the bytes that are signed.

    The encoding includes the media type, so that the signature is not valid for a payload of another type.
    """
    name = kind.encode()
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload)


def sign_envelope(kind: str, payload: bytes, key: SigningKey) -> bytes:
    """Return a signed DSSE envelope, as JSON on one line, around a payload of media type ``kind``."""
    signature = {
        "keyid": encode_public_key(key.public),
        "sig": _base64(key.sign(pre_authentication_encoding(kind, payload))),
    }
    return json.dumps({"payloadType": kind, "payload": _base64(payload), "signatures": [signature]}).encode()


def open_envelope(envelope: bytes, kind: str, public: bytes, longest: int = MAX_ENVELOPE_BYTES) -> bytes:
    """Return the payload of an envelope after its signature has been checked.

    Args:
        envelope: The JSON text of the envelope.
        kind: The media type that the payload must have.
        public: The public key of the expected signer, 32 bytes.
        longest: The largest accepted envelope, in bytes.

    Raises:
        SealError: It is not an envelope, is of another type, is too long, or is not signed with this key.
    """
    try:
        if len(envelope) > longest:
            raise ValueError("too long")
        content = json.loads(envelope)
        found, payload = content["payloadType"], base64.b64decode(content["payload"], validate=True)
        signatures = [base64.b64decode(signature["sig"], validate=True) for signature in content["signatures"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SealError("is not signed: its end holds no DSSE envelope; ask the sender for it again") from error
    if found != kind:
        raise SealError(f"holds a signed payload of another type than {kind}; name another file")
    if not any(
        verify_signature(public, signature, pre_authentication_encoding(kind, payload)) for signature in signatures
    ):
        raise SealError(
            "the signature is not by the sender's key, or the signed content was changed; "
            "do not use it, and inform the sender"
        )
    return payload


def _base64(data: bytes) -> str:
    """Return the bytes of an envelope as base64 text."""
    return base64.b64encode(data).decode()
