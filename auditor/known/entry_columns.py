"""What formats share: opening, entries gathered from single records into columns, and columns of text into entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from auditor.errors import ListError, Unreadable
from auditor.hashing.digest_parsing import algorithm_of, parse
from auditor.known import ListItem, MalformedEntry, UnknownAlgorithm, entries
from auditor.samples import DIGEST_BYTES, TEXT_SIGNALS

AT_ONCE = 8192


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The list file; whatever cannot be read in it becomes a ListError that names it."""
    try:
        with path.open("rb") as file:
            yield file
    except Unreadable as error:
        raise ListError(f"{path}: {error}") from error
    except OSError as error:
        raise ListError(f"{path}: the list cannot be read: {error.strerror or error}") from error


def signal(name: str) -> str:
    """The algorithm, ``url`` or ``domain`` that a name stands for; "" where nobody here can match it."""
    plain = name.strip().lower()
    return plain if plain in TEXT_SIGNALS or plain in DIGEST_BYTES else algorithm_of(name)


def columns_of(
    algorithm: str, cells: pa.Array, lines: NDArray[np.int64], **columns: pa.Array | None
) -> Iterator[ListItem]:
    """A text column's entries; empty cells are no entries, a cell that is no such digest is malformed.

    ``lines`` and the other columns are as long as ``cells``.
    """
    if algorithm in TEXT_SIGNALS:
        values = cells.cast(pa.string())
        bad = np.zeros(len(values), bool)
        keep = np.array([bool(cell and cell.strip()) for cell in values.to_pylist()], bool)
    else:
        values, bad = parse(cells, algorithm)
        keep = values.is_valid().to_numpy(zero_copy_only=False)
    for line in lines[bad].tolist():
        yield MalformedEntry(line, f"not a {algorithm} in hex, base64 or base32")
    if keep.all():
        yield entries(algorithm, values, lines=pa.array(lines), **columns)
    elif keep.any():
        mask = pa.array(keep)
        kept = {name: None if column is None else column.filter(mask) for name, column in columns.items()}
        yield entries(algorithm, values.filter(mask), lines=pa.array(lines[keep]), **kept)


@dataclass(slots=True)
class Gathered:
    """Entries of a file whose records are read one at a time; they leave in batches, one algorithm each."""

    waiting: dict[str, dict[str, list[object]]] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, value: object, line: int, **about: object) -> Iterator[ListItem]:
        """One hash of a record. An algorithm of another name is counted; an empty value is none."""
        if value is None or value == "":
            return
        algorithm = signal(name)
        if not algorithm:
            self.unknown[name] = self.unknown.get(name, 0) + 1
            return
        if not isinstance(value, str):
            yield MalformedEntry(line, f"the {algorithm} is no text")
            return
        columns = self.waiting.setdefault(algorithm, {"value": [], "line": []})
        rows = len(columns["line"])
        columns["value"].append(value.encode("utf-8", "replace").decode())
        columns["line"].append(line)
        for key, cell in about.items():
            if key not in columns:
                columns[key] = [None] * rows
            columns[key].append(cell)
        for column in columns.values():
            if len(column) == rows:
                column.append(None)
        if rows + 1 >= AT_ONCE:
            yield from self._flush(algorithm)

    def rest(self) -> Iterator[ListItem]:
        """What is still waiting, and how many hashes of unknown algorithms there were."""
        for algorithm in sorted(self.waiting):
            yield from self._flush(algorithm)
        for name in sorted(self.unknown):
            yield UnknownAlgorithm(name, self.unknown[name])

    def _flush(self, algorithm: str) -> Iterator[ListItem]:
        columns = self.waiting.pop(algorithm)
        cells = pa.array(columns.pop("value"), pa.string())
        lines = np.array(columns.pop("line"), np.int64)
        about = {
            key: pa.array(column, pa.bool_() if key == "withdrawn" else pa.int16() if key == "quality" else pa.string())
            for key, column in columns.items()
        }
        yield from columns_of(algorithm, cells, lines, **about)


def text(value: object) -> str | None:
    """A cell as text: a number as its digits, true and false in words; None for nothing and for what is no scalar."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return str(value) if isinstance(value, int | float) else None


def true(value: object) -> bool:
    """``true`` as JSON or as the words that exports write."""
    return (
        value is True or (isinstance(value, str) and value.strip().lower() in {"true", "yes", "y", "1"}) or value == 1
    )


def comment_fields(head: str) -> Mapping[str, str]:
    """``# name: …`` lines at a text list's beginning: what it says of itself."""
    found: dict[str, str] = {}
    for line in head.lstrip("\ufeff").splitlines():
        if line.strip() and not line.startswith("#"):
            break
        key, colon, value = line.lstrip("# ").partition(":")
        if colon and key.strip().lower() in {"name", "means", "version", "holder", "duty", "delta", "algorithm"}:
            found.setdefault(key.strip().lower(), value.strip())
    return found
