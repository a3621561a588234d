"""Read the fields of a list in JSON that describe the list and come before its entries."""

from __future__ import annotations

import codecs
import io
from collections.abc import Collection, Mapping

import ijson

LIST_FIELDS = ("name", "version", "holder", "means", "duty", "delta")


def outermost_bracket(head: bytes) -> bytes:
    """Return the first character of a list in JSON, without a byte order mark; ``{`` or ``[`` if it may be one."""
    return head.removeprefix(codecs.BOM_UTF8).lstrip()[:1]


def leading_list_fields(head: bytes, arrays: Collection[str]) -> Mapping[str, str]:
    """Return the JSON fields of :data:`LIST_FIELDS` that the outermost object of a list has before its entries.

    Args:
        head: The beginning of the JSON text.
        arrays: The keys of the arrays that hold entries.
    """
    found: dict[str, str] = {}
    depth, key = 0, ""
    try:
        for event, value in ijson.basic_parse(io.BytesIO(head.removeprefix(codecs.BOM_UTF8)), use_float=True):
            if event in ("start_map", "start_array"):
                if event == "start_array" and (not depth or key in arrays):
                    break
                depth += 1
            elif event in ("end_map", "end_array"):
                depth -= 1
            elif depth == 1 and event == "map_key":
                key = value
            elif depth == 1 and key in LIST_FIELDS:
                found[key] = json_value_to_text(value) or ""
    except (ijson.JSONError, UnicodeDecodeError):
        pass  # the head ends here, or reading the entries will report the error
    return found


def json_value_to_text(value: object) -> str | None:
    """Return a list's JSON field as text (a number as its digits); None for nothing, an array or an object."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return str(value) if isinstance(value, int | float) else None


def is_true(value: object) -> bool:
    """Return whether the value of a list's JSON field is ``true``, or 1, or a word that exports write for it."""
    if isinstance(value, str):
        return value.strip().lower() in {"true", "yes", "y", "1"}
    return value is True or value == 1
