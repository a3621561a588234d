"""Read JSON of any size as a stream of records, with bounded memory and depth and without recursion."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Collection, Iterator
from typing import Protocol

import ijson

from auditor.errors import Unreadable

CHUNK_BYTES = 1 << 16
MAX_DEPTH = 200
REMAINDER = "{...}"  # the rest of an outermost object, without its rows
MAX_VALUE_BYTES = 1 << 28  # bytes of one value
MAX_RECORD_VALUES = 5_000_000  # values in one record


class ByteStream(Protocol):
    """A file-like object to read bytes from."""

    def read(self, size: int, /) -> bytes: ...


def iter_json_records(stream: ByteStream, arrays: Collection[str]) -> Iterator[tuple[str, object]]:
    """Stream each element of the JSON arrays with these keys as (key, element), as soon as it is complete.

    The outermost array has the key "". If the outermost value is an object, what remains of it, without those elements,
    comes last as ``("", rest)``. Numbers are int or float.

    Args:
        stream: The JSON text, with or without a byte order mark.
        arrays: The keys of the arrays.

    Raises:
        Unreadable: The text is not JSON, ends early, is nested deeper than :data:`MAX_DEPTH`, or has a value or record
            that exceeds a limit.
    """

    def is_record(keys: list[str], key: str, parent: object, value: object) -> bool:
        return isinstance(parent, list) and keys[-1] in arrays and bool(keys[-1] or len(keys) == 1)

    for key, value, is_rest in _iter_values(stream, is_record):
        if not is_rest or isinstance(value, dict):
            yield key, value


def iter_json_rows(stream: ByteStream) -> Iterator[tuple[str, str, object]]:
    """Stream the rows of a JSON document of any common shape as (table, key, value), each as soon as complete.

    Rows are the elements of the outermost array; or of an outermost object the objects and texts in its arrays
    (``{"images": [...]}``; the table is the array's key), or its values, if the first is an object
    (``{"a.jpg": {...}}``; the key is that of the value). What remains of an outermost object comes last as one row of
    the table :data:`REMAINDER`.

    Args:
        stream: The JSON text, with or without a byte order mark.

    Raises:
        Unreadable: As :func:`iter_json_records`.
    """
    is_keyed: bool | None = None

    def is_record(keys: list[str], key: str, parent: object, value: object) -> bool:
        """Return whether a value of a JSON document is a row, by its depth and its parent."""
        nonlocal is_keyed
        if len(keys) == 1:
            if isinstance(parent, list):
                return True
            is_keyed = isinstance(value, dict) if is_keyed is None else is_keyed
            return is_keyed and isinstance(value, dict)
        return len(keys) == 2 and isinstance(parent, list) and bool(keys[1]) and isinstance(value, dict | str)

    for key, value, is_rest in _iter_values(stream, is_record):
        if not is_rest:
            named = is_keyed is True and isinstance(value, dict)
            yield ("{}", key, value) if named else (key, "", value)
        elif not isinstance(value, dict) or value:
            yield REMAINDER, "", value


def _iter_values(
    stream: ByteStream, is_record: Callable[[list[str], str, object, object], bool]
) -> Iterator[tuple[str, object, bool]]:
    """Stream (key, value, False) for each JSON record once complete, then what is left as ("", value, True).

    ``is_record`` is called for each value: with the keys under which the containers around it stand, its own key, the
    container that it is in, and the value. The key that is yielded is that of a record's array, or its own.
    """
    events: list[tuple[str, object]] = ijson.sendable_list()
    parser = ijson.basic_parse_coro(events, use_float=True)
    stack: list[dict[str, object] | list[object]] = []
    keys: list[str] = []  # the key under which each container of the stack stands
    key = ""
    silent = held = 0
    first = True
    while True:
        chunk = stream.read(CHUNK_BYTES)
        if first:
            chunk, first = chunk.removeprefix(codecs.BOM_UTF8), False
        try:
            parser.send(chunk) if chunk else parser.close()
            fault = ""
        except (ijson.JSONError, UnicodeDecodeError) as error:
            fault = f"not valid JSON: {' '.join(str(error).split())[:120]}"
        for event, value in events:
            if event == "map_key":
                key = str(value)
                continue
            if event in ("start_map", "start_array"):
                if len(stack) == MAX_DEPTH:
                    raise Unreadable(f"JSON nested deeper than {MAX_DEPTH}")
                stack.append({} if event == "start_map" else [])
                keys.append(key)
                key = ""
                continue
            if event in ("end_map", "end_array"):
                value = stack.pop()
                key = keys.pop()
            held += 1
            if not stack:
                if not isinstance(value, list) or value:
                    yield "", value, True
            elif is_record(keys, key, stack[-1], value):
                yield (key if isinstance(stack[-1], dict) else keys[-1]), value, False
                held = 0
            elif isinstance(stack[-1], dict):
                stack[-1][key] = value
            else:
                stack[-1].append(value)
            if held > MAX_RECORD_VALUES:
                raise Unreadable(f"one record holds more than {MAX_RECORD_VALUES:,} values")
        if fault:
            raise Unreadable(fault)
        if not chunk:
            return
        silent = 0 if events else silent + len(chunk)
        if silent > MAX_VALUE_BYTES:
            raise Unreadable(f"one value is longer than {MAX_VALUE_BYTES:,} bytes")
        del events[:]
