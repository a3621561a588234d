"""Finds models of a run that share tensors byte for byte, under whatever names: one look-up among sorted digests.

It sees what sampled values cannot: one block taken over into other weights, or quantised weights copied in part.
A worker keeps the digests of each file's tensors where weights are read in full (``tensors/N.parquet``, rows of
TENSORS).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from auditor.errors import RunError
from auditor.hashing.weight_digests import TENSOR_DIGEST_BYTES
from auditor.lineage.artefacts import is_shared_component
from auditor.lineage.string_ids import Ids
from auditor.lineage.weight_similarity import FEWEST_SAME
from auditor.parts import Part

_TENSOR_FIELDS: tuple[pa.Field[Any], ...] = (
    pa.field("name", pa.string()),
    pa.field("revision", pa.string()),
    pa.field("unit", pa.string()),  # the file's URI; that of a sharded model's files is the same
    pa.field("digests", pa.large_binary()),  # TENSOR_DIGEST_BYTES bytes a tensor
)
TENSORS = pa.schema(_TENSOR_FIELDS)
# A tensor that so many models have which nothing else connects is a part that unlike models share, not a sign of
# descent, unless it is one of half of all that a model has.
MANY = 5
_SHARDED = re.compile(r"[-_]\d{5}-of-\d{5}(?=\.)")

Key = tuple[str, str, str]


def unit_of(uri: str) -> str:
    """What the files of a model that lies in several are called together."""
    return _SHARDED.sub("", uri)


def row(part: Part) -> pa.RecordBatch | None:
    """A row of TENSORS for what was read of a weights file; None where nothing can be told by it."""
    subject = part.subject
    uri = subject.statements[0].place.uri if subject.statements else ""
    if not part.tensors or is_shared_component(uri):
        return None
    cells = (subject.name, subject.revision, unit_of(uri), b"".join(sorted(part.tensors)))
    return pa.RecordBatch.from_arrays(
        [pa.array([c], f.type) for c, f in zip(cells, TENSORS, strict=True)], schema=TENSORS
    )


@dataclass(frozen=True, slots=True)
class Tensors:
    """The digests of each unit of a run, mapped from a file: those of unit ``at`` begin at row ``bounds[at]``.

    A digest is a row of two numbers; it is looked up by the first of them. A unit's rows are sorted, each once.
    ``heads`` and ``units``, aligned and sorted, are the first numbers of digests that several units have, and whose.
    """

    digests: npt.NDArray[np.uint64]
    bounds: Ids
    heads: npt.NDArray[np.uint64]
    units: Ids

    @classmethod
    def of(cls, places: Mapping[Key, Sequence[tuple[Path, int]]], keys: Sequence[Key], scratch: Path) -> Tensors:
        """Those of the units with these keys. Raises RunError."""
        counts = [0]
        with open(scratch, "wb") as out:
            for key in keys:
                parts = [read(path, ["digests"], number)["digests"][0].as_py() for path, number in places.get(key, ())]
                found = np.unique(np.frombuffer(b"".join(parts), ">u8").reshape(-1, 2), axis=0)
                out.write(found.astype("<u8").tobytes())
                counts.append(len(found))
        bounds = np.cumsum(counts)
        if not bounds[-1]:
            return cls(np.zeros((0, 2), np.uint64), bounds, np.zeros(0, np.uint64), np.zeros(0, np.int64))
        digests = np.memmap(scratch, "<u8", "r", shape=(int(bounds[-1]), 2))
        order = np.argsort(digests[:, 0], kind="stable")
        heads = digests[:, 0][order]
        again = np.concatenate([[False], heads[1:] == heads[:-1], [False]])
        held = again[1:] | again[:-1]  # most tensors are one model's alone
        units = np.searchsorted(bounds, order[held], side="right") - 1
        return cls(digests, bounds, np.asarray(heads[held]), units)

    def kept(self, at: int) -> frozenset[bytes]:
        """The digests of a unit."""
        data = self._of(at).astype(">u8").tobytes()
        return frozenset(
            data[start : start + TENSOR_DIGEST_BYTES] for start in range(0, len(data), TENSOR_DIGEST_BYTES)
        )

    def _of(self, at: int) -> npt.NDArray[np.uint64]:
        return self.digests[self.bounds[at] : self.bounds[at + 1]]

    def common(self, groups: Ids) -> frozenset[int]:
        """The first numbers of digests that more than :data:`MANY` groups have, each unit being in one."""
        count = int(groups.max(initial=0)) + 1
        digest = self._places()
        holders = np.bincount(np.unique(digest * count + groups[self.units]) // count)
        return frozenset(self.heads[np.searchsorted(digest, np.flatnonzero(holders > MANY))].tolist())

    def _places(self) -> Ids:
        """The number of each of ``heads`` among those that differ."""
        return np.cumsum(np.append(self.heads[:1] != self.heads[:1], self.heads[1:] != self.heads[:-1]))

    def sharing(self, groups: Ids) -> list[tuple[int, int]]:
        """Pairs of units that share tensors though nothing connects their groups, the likest first.

        Each digest connects the first unit that has it with all others: no more pairs than there are digests.
        """
        digest, common = self._places(), self.common(groups)
        first = self.units[np.searchsorted(digest, digest)]
        between = groups[first] != groups[self.units]
        count = len(self.bounds)
        likest: list[tuple[float, int, int]] = []
        for pair in np.unique(first[between] * count + self.units[between]).tolist():
            left, right = divmod(pair, count)
            mine, other = (frozenset(self._of(at)[:, 0].tolist()) for at in (left, right))
            if tells(mine, other, common):
                likest.append((-len(mine & other) / min(len(mine), len(other)), left, right))
        return [(left, right) for _, left, right in sorted(likest)]


def heads(digests: frozenset[bytes]) -> frozenset[int]:
    """What digests are looked up by."""
    return frozenset(int.from_bytes(digest[:8], "big") for digest in digests)


def tells(mine: frozenset[int], other: frozenset[int], common: frozenset[int]) -> bool:
    """Do the tensors that two have in common relate them? A part that unlike models share does not."""
    both = mine & other
    return len(both) >= FEWEST_SAME and (
        len(both - common) >= FEWEST_SAME or len(both) >= 0.5 * min(len(mine), len(other))
    )


def by_key(files: Iterable[Path]) -> dict[Key, list[tuple[Path, int]]]:
    """In which files and row groups, of one row each, a unit's rows are. Raises RunError."""
    found: dict[Key, list[tuple[Path, int]]] = {}
    for path in files:
        keys = read(path, ["name", "revision", "unit"])
        for number, key in enumerate(zip(*(column.to_pylist() for column in keys.columns), strict=True)):
            found.setdefault(key, []).append((path, number))
    return found


@lru_cache(maxsize=64)
def opened(path: Path) -> pq.ParquetFile:
    return pq.ParquetFile(path)


def read(path: Path, columns: list[str], group: int | None = None) -> pa.Table:
    """Columns of one row group, or of all. Raises RunError."""
    try:
        file = opened(path)
        return file.read(columns) if group is None else file.read_row_group(group, columns)
    except (pa.ArrowInvalid, OSError) as error:
        raise RunError(f"{path}: is damaged ({error}); run the scan again") from error
