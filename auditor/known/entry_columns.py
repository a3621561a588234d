"""Convert columns of text, and records that are read one at a time, into batches of entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.hashing.digest_parsing import algorithm_from_column_name, parse_digests
from auditor.known.entries import ListItem, MalformedEntry, UnknownAlgorithm, make_entries, make_video_entries
from auditor.known.video_index import parse_vpdq
from auditor.samples import DIGEST_BYTES, TEXT_SIGNALS, VPDQ

_BATCH_ROWS = 8192
_COLLECTED_TYPES = {"withdrawn": pa.bool_(), "quality": pa.int16()}  # every other column is text


def signal_type_of(name: str) -> str:
    """Return the algorithm or text signal that the name of a column means; "" where it cannot be matched."""
    plain = name.strip().lower()
    return plain if plain in TEXT_SIGNALS or plain in DIGEST_BYTES else algorithm_from_column_name(name)


def entries_of_column(
    algorithm: str, cells: pa.Array, lines: NDArray[np.int64], **columns: pa.Array | None
) -> Iterator[ListItem]:
    """Yield the list entries of a text column, and its malformed cells. Empty cells are no entries.

    Args:
        algorithm: What the cells hold.
        cells: Hex, base64 or base32 digests, or URLs or domains.
        lines: Line numbers, as many as cells.
        columns: Further columns of :class:`~auditor.known.entries.Entries`, each as long as ``cells``.
    """
    if algorithm == VPDQ:
        yield from _video_entries(cells, lines, columns)
        return
    if algorithm in TEXT_SIGNALS:
        values = cells.cast(pa.string())
        malformed = np.zeros(len(values), bool)
        keep = np.array([bool(cell and cell.strip()) for cell in values.to_pylist()], bool)
    else:
        values, malformed = parse_digests(cells, algorithm)
        keep = values.is_valid().to_numpy(zero_copy_only=False)
    for line in lines[malformed].tolist():
        yield MalformedEntry(line, f"not a {algorithm} in hex, base64 or base32")
    if keep.all():
        yield make_entries(algorithm, values, lines=pa.array(lines), **columns)
    elif keep.any():
        mask = pa.array(keep)
        kept = {name: None if column is None else column.filter(mask) for name, column in columns.items()}
        yield make_entries(algorithm, values.filter(mask), lines=pa.array(lines[keep]), **kept)


def _video_entries(
    cells: pa.Array, lines: NDArray[np.int64], columns: Mapping[str, pa.Array | None]
) -> Iterator[ListItem]:
    """Yield the list entries of a column of vPDQ hashes, and its malformed cells."""
    frames = [parse_vpdq(text) if text and text.strip() else b"" for text in cells.cast(pa.string()).to_pylist()]
    empty = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(cells.cast(pa.string())), ""), True).to_pylist()
    for line, found in zip(lines.tolist(), frames, strict=True):
        if found is None:
            yield MalformedEntry(line, "not a vpdq: a JSON list of 'PDQ hash,quality,seconds'")
    keep = np.array([found is not None and not is_empty for found, is_empty in zip(frames, empty, strict=True)], bool)
    if keep.any():
        mask = pa.array(keep)
        kept = {name: None if column is None else column.filter(mask) for name, column in columns.items()}
        good = [found for found, is_kept in zip(frames, keep.tolist(), strict=True) if found is not None and is_kept]
        yield make_video_entries(good, lines=pa.array(lines[keep]), **kept)


@dataclass(slots=True)
class EntryCollector:
    """Entries of a file whose records are read one at a time, handed out in batches of one algorithm each."""

    pending: dict[str, dict[str, list[object]]] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, value: object, line: int, **attributes: object) -> Iterator[ListItem]:
        """Add one hash of a record; yield a batch when one is full. An empty value is no entry.

        Args:
            name: The algorithm or text signal as written. One that cannot be matched is counted.
            value: The hash as written.
            line: Line or record number, from 1.
            attributes: Cells of further columns of :class:`~auditor.known.entries.Entries`.
        """
        if value is None or value == "":
            return
        algorithm = signal_type_of(name)
        if not algorithm:
            self.unknown[name] = self.unknown.get(name, 0) + 1
            return
        if not isinstance(value, str):
            yield MalformedEntry(line, f"the {algorithm} is no text")
            return
        columns = self.pending.setdefault(algorithm, {"value": [], "line": []})
        rows = len(columns["line"])
        columns["value"].append(value.encode("utf-8", "replace").decode())
        columns["line"].append(line)
        for key, cell in attributes.items():
            if key not in columns:
                columns[key] = [None] * rows
            columns[key].append(cell)
        for column in columns.values():
            if len(column) == rows:
                column.append(None)
        if rows + 1 >= _BATCH_ROWS:
            yield from self._flush(algorithm)

    def finish(self) -> Iterator[ListItem]:
        """Yield the entries that are left, and how many hashes of each unknown algorithm there were."""
        for algorithm in sorted(self.pending):
            yield from self._flush(algorithm)
        for name in sorted(self.unknown):
            yield UnknownAlgorithm(name, self.unknown[name])

    def _flush(self, algorithm: str) -> Iterator[ListItem]:
        """Yield the collected list entries as batches."""
        columns = self.pending.pop(algorithm)
        cells = pa.array(columns.pop("value"), pa.string())
        lines = np.array(columns.pop("line"), np.int64)
        attributes = {key: pa.array(cells, _COLLECTED_TYPES.get(key, pa.string())) for key, cells in columns.items()}
        yield from entries_of_column(algorithm, cells, lines, **attributes)
