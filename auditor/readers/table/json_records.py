"""Plain columns of JSON records of any shape, also of records that are unlike each other."""

from __future__ import annotations

import base64
from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from auditor.syntax.image_magic import is_image
from auditor.syntax.nested_columns import MAX_DEPTH, Leaf

# Beyond so many columns, an object's keys are no columns' names: its values are one column.
MAX_COLUMNS = 500
# Keys that are as long as a digest, or an address, are values themselves.
_LONG_KEY = 32


class RecordColumns:
    """Collects the texts, numbers and arrays of numbers in records by their path, as Leaf writes it."""

    def __init__(self, path: str = "") -> None:
        self._path = path  # that of the records themselves
        self.rows = 0
        self.size = 0  # bytes of text
        self._texts: dict[str, tuple[list[str], list[int]]] = {}
        self._arrays: dict[tuple[str, int], tuple[list[object], list[int]]] = {}
        self._problems: dict[str, str] = {}

    def add(self, record: object) -> None:
        """Add the next JSON record as a row; a value that is no object, list or text is a row that holds nothing."""
        if isinstance(record, str):
            self._add_text(self._path, record)
        else:
            self._add(record, self._path, 0)
        self.rows += 1

    def add_key(self, key: str) -> None:
        """Add the key under which the JSON record that comes next stands."""
        self._add_text("key", key)

    def leaves(self) -> tuple[Leaf, ...]:
        """Return the plain columns of the JSON records."""
        found = [
            Leaf(path, _text_array(values), np.array(rows, np.int64)) for path, (values, rows) in self._texts.items()
        ]
        for (path, depth), (lists, rows) in self._arrays.items():
            kind: pa.DataType = pa.float64()
            for _ in range(depth):
                kind = pa.list_(kind)
            found.append(Leaf(path, pa.array(lists, kind), np.array(rows, np.int64)))
        nothing = np.zeros(0, np.int64)
        found += (Leaf(path, pa.nulls(0), nothing, why) for path, why in self._problems.items())
        return tuple(found)

    def _add_text(self, path: str, text: str) -> None:
        """Add a text of a JSON record to the column of its path."""
        values, rows = self._texts.setdefault(path, ([], []))
        values.append(text)
        rows.append(self.rows)
        self.size += len(text) + 16

    def _add(self, value: object, path: str, depth: int) -> None:
        """Add a value of a JSON record to the columns, at any depth up to MAX_DEPTH."""
        if depth > MAX_DEPTH:
            self._problems[path] = f"nested deeper than {MAX_DEPTH} levels"
        elif isinstance(value, dict):
            is_map = len(value) > MAX_COLUMNS or len(self._texts) > MAX_COLUMNS
            for key, item in value.items():
                if is_map or is_long_key(key):
                    self._add_text(f"{path}{{}}.key", key)
                    inner = f"{path}{{}}"
                else:
                    inner = f"{path}.{key}" if path else key
                if isinstance(item, str):
                    self._add_text(inner, item)
                elif isinstance(item, dict | list):
                    self._add(item, inner, depth + 1)
                elif isinstance(item, int | float) and not isinstance(item, bool):
                    self._add_text(inner, str(item))
        elif isinstance(value, list):
            if picture := _encoded_picture(value):
                self._add_text(path, picture)
                return
            array = _array(value)
            if array is not None:
                lists, rows = self._arrays.setdefault((path, array.ndim), ([], []))
                lists.append(array.tolist())
                rows.append(self.rows)
                self.size += 8 * array.size
                return
            for item in value:
                if isinstance(item, str):
                    self._add_text(f"{path}[]", item)
                elif isinstance(item, dict | list):
                    self._add(item, f"{path}[]", depth + 1)


def is_long_key(key: str) -> bool:
    """Return whether a key of a JSON record may be a digest or an address itself."""
    return len(key) >= _LONG_KEY or "://" in key


def record_leaves(records: Iterable[object]) -> tuple[Leaf, ...]:
    """Return the plain columns of some JSON records, one per row."""
    columns = RecordColumns()
    for record in records:
        columns.add(record)
    return columns.leaves()


def _array(value: list[object]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None:
    """Return lists of lists of numbers in a JSON record as an array; None for anything else."""
    first: object = value
    depth = 0
    while isinstance(first, list):
        if not first or depth > MAX_DEPTH:
            return None
        first, depth = first[0], depth + 1
    if depth < 2 or isinstance(first, bool) or not isinstance(first, int | float):
        return None
    try:
        array = np.array(value)
        return array.astype(np.float64) if array.ndim == depth and np.issubdtype(array.dtype, np.number) else None
    except (ValueError, OverflowError):
        return None


def _encoded_picture(value: list[object]) -> str:
    """Return a JSON list that is an encoded picture, byte by byte, as base64; "" for any other list."""
    if not value or not isinstance(value[0], int) or isinstance(value[0], bool):
        return ""
    try:
        return base64.b64encode(bytes(value)).decode() if is_image(bytes(value[:32])) else ""  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""


def _text_array(values: list[str]) -> pa.Array:
    """Return texts of JSON records as an Arrow array, valid UTF-8 whatever they hold."""
    kind = pa.string() if sum(map(len, values)) < 1 << 28 else pa.large_string()
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:  # half of a surrogate pair
        return pa.array([value.encode("utf-8", "backslashreplace").decode() for value in values], kind)
