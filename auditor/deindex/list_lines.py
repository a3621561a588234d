"""Read a decrypted list line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any

from auditor.errors import SealError

MAX_LINE_BYTES = 1 << 22  # no entry is longer


REMOVAL_PREFIX, PROOF_PREFIX = b'{"remove":', b'{"grown_from":'


def read_lines(plain: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a decrypted de-index list. Raises SealError for a line that is too long."""
    plain.seek(0)
    while text := plain.readline(MAX_LINE_BYTES):
        if len(text) == MAX_LINE_BYTES:
            raise SealError(f"holds a line of more than {MAX_LINE_BYTES:,} bytes: it is not a list")
        yield text


def parse_json_line(text: bytes) -> dict[str, Any]:
    """Return the JSON object of a line of a de-index list. Raises SealError."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SealError("holds a line that is not JSON; do not use the list, and inform the sender") from error
    if not isinstance(content, dict):
        raise SealError("holds a line that is not a JSON object; do not use the list, and inform the sender")
    return content


def to_json_line(content: object) -> bytes:
    """Return a line of a de-index list: JSON in ASCII."""
    return json.dumps(content, separators=(",", ":")).encode("ascii")
