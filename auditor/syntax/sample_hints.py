"""Check quickly, before a text is parsed, whether it can hold a digest, an address or a picture."""

from __future__ import annotations

import re2

# Schemes (a slash may be escaped), data URLs, 32 hex digits, 44 letters of base64, ASCII that is escaped, pixels, the
# bytes with which a list that is a JPEG, PNG, GIF or RIFF file begins.
_HINT = re2.compile(
    rb"(?i:https?|ftp):\\?/|(?i:data:image/)|[0-9A-Fa-f]{32}|[A-Za-z0-9+/_-]{44}|\\u00[2-7]|\[\s*\[\s*\[?\s*\d"
    rb"|\[\s*(?:255,\s*216|137,\s*80|71,\s*73|82,\s*73)\b"
)


def may_hold_samples(text: bytes) -> bool:
    """Return whether a text has a hint of samples: an address, a digest, a picture or an array of pixels."""
    return _HINT.search(text) is not None
