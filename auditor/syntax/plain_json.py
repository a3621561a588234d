"""JSON from outside as plain values, in bounded time and memory, with the lines where words of it stand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from auditor.errors import Unreadable

READ_LIMIT = 32 << 20  # bytes; parsed values take about ten times as much
DEPTH_LIMIT = 64


def load_json(text: str) -> object:
    """The value of a JSON text; of a key given twice, the last. Raises :class:`Unreadable`."""
    if len(text) > READ_LIMIT:
        raise Unreadable(f"longer than {READ_LIMIT:,} characters")
    try:
        return json.loads(text)
    except RecursionError as error:
        raise Unreadable("nested too deep to be read") from error
    except ValueError as error:
        raise Unreadable(f"is not JSON: {str(error)[:120]}") from error


def load_json_object(text: str) -> Mapping[str, object]:
    """The object that a JSON text is. Raises :class:`Unreadable`."""
    value = load_json(text)
    if not isinstance(value, dict):
        raise Unreadable("is not a JSON object")
    return value


def iter_strings(value: object, depth: int = 0) -> Iterator[str]:
    """The strings, numbers and booleans in a value, trimmed, without empty ones; nothing below 64 levels."""
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
    """The objects of a list, or the one that stands where a list is expected."""
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, Mapping):
            yield item


def find_line(text: str, *words: str) -> int:
    """The line on which the last of the words begins, each looked for after the one before; 1 where one is missing."""
    position = 0
    for word in words:
        # As JSON writes it: a word with escapes is rare, and then the line of the word before is told.
        found = text.find(word, position)
        if found < 0:
            break
        position = found
    return text.count("\n", 0, position) + 1
