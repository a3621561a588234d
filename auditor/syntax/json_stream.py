"""Reads JSON of any size as a stream of records, with bounded memory and depth and without recursion."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterator
from typing import Protocol

import ijson

from auditor.errors import Unreadable

CHUNK_BYTES = 1 << 16
MAX_DEPTH = 200
MAX_VALUE_BYTES = 1 << 28  # bytes of one value
MAX_RECORD_VALUES = 5_000_000  # values in one record


class ByteStream(Protocol):
    """A file-like object to read bytes from."""

    def read(self, size: int, /) -> bytes: ...


def iter_json_records(stream: ByteStream, arrays: Collection[str]) -> Iterator[tuple[str, object]]:
    """Yield each element of the arrays with these keys as (key, element), as soon as it is complete.

    The outermost array has the key "". If the outermost value is an object, what remains of it, without those elements,
    comes last as ``("", rest)``. Numbers are int or float.

    Args:
        stream: The JSON text, with or without a byte order mark.
        arrays: The keys of the arrays.

    Raises:
        Unreadable: The text is not JSON, ends early, is nested deeper than :data:`MAX_DEPTH`, or has a value or record
            that exceeds a limit.
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
                if isinstance(value, dict):
                    yield "", value
            elif isinstance(stack[-1], dict):
                stack[-1][key] = value
            elif keys[-1] in arrays and (keys[-1] or len(stack) == 1):
                yield keys[-1], value
                held = 0
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
