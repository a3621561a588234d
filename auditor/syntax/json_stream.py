"""JSON of any size as a stream of records: memory and depth are bounded, and nothing recurses."""

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
    def read(self, size: int, /) -> bytes: ...


def iter_json_records(stream: ByteStream, arrays: Collection[str]) -> Iterator[tuple[str, object]]:
    """Each element of the arrays with these keys, as soon as it is whole: (key, element).

    "" is the outermost array. Elements are not kept; what else there is comes last, as ``("", rest)`` where the
    outermost value is an object. Numbers are int or float. Raises :class:`Unreadable` on text that is not
    JSON, ends early or is nested deeper than :data:`MAX_DEPTH`, and on a value or record that is absurdly large.
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
