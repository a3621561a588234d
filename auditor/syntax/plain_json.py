"""Parse untrusted JSON into plain values, in bounded time and memory, and finds the lines of keys and values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from auditor.errors import Unreadable

READ_LIMIT = 32 << 20  # bytes; parsed values take about ten times as much
DEPTH_LIMIT = 64


def load_json(text: str) -> object:
    """Parse a JSON text; if a key occurs twice, the last value counts. Raises Unreadable."""
    if len(text) > READ_LIMIT:
        raise Unreadable(f"longer than {READ_LIMIT:,} characters")
    try:
        return json.loads(text)
    except RecursionError as error:
        raise Unreadable("nested too deep to be read") from error
    except ValueError as error:
        raise Unreadable(f"is not JSON: {str(error)[:120]}") from error


def load_json_object(text: str) -> Mapping[str, object]:
    """Parse a JSON text that must be an object. Raises Unreadable."""
    value = load_json(text)
    if not isinstance(value, dict):
        raise Unreadable("is not a JSON object")
    return value


def iter_strings(value: object, depth: int = 0) -> Iterator[str]:
    """Yield the non-empty strings, numbers and booleans in a JSON value, as trimmed strings, down to 64 levels."""
    if isinstance(value, str):
        if value.strip():
            yield value.strip()
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, (int, float)):
        yield repr(value)
    elif depth < DEPTH_LIMIT:
        inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
        for item in inner:
            yield from iter_strings(item, depth + 1)


def iter_objects(value: object) -> Iterator[Mapping[str, object]]:
    """Yield the objects of a JSON list, or the single object given instead of a list."""
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, Mapping):
            yield item


def find_line(text: str, *words: str) -> int:
    """Return the line of JSON on which the last of the words begins; each is searched for after the one before.

    If a word is missing, the line of the word before it is returned, or 1.
    """
    position = 0
    for word in words:
        # Words with escapes are rare and not found; then the line of the word before is returned.
        found = text.find(word, position)
        if found < 0:
            break
        position = found
    return text.count("\n", 0, position) + 1
