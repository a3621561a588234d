"""Collect and apply the withdrawals of a list file, by the holder's id or by value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.known.entries import Entries


@dataclass(slots=True)
class Withdrawals:
    """The entries that a file withdraws from its own rows and from those of older files.

    Files are spooled newest first, so a withdrawal applies to every row from ``first_rows`` on.

    Attributes:
        first_rows: By algorithm, the spooled rows before those of the file.
        ids: Ids of items that are withdrawn.
        values: By algorithm, values that are withdrawn.
    """

    first_rows: Mapping[str, int]
    ids: set[str] = field(default_factory=set)
    values: dict[str, list[pa.Array]] = field(default_factory=dict)

    def add(self, withdrawn: Entries) -> None:
        """Add withdrawn entries. One with an id withdraws that item; one without withdraws its value everywhere."""
        without_id = withdrawn.values
        if withdrawn.ids is not None:
            self.ids.update(withdrawn.ids.drop_null().to_pylist())
            without_id = withdrawn.values.filter(withdrawn.ids.is_null())
        if len(without_id):
            self.values.setdefault(withdrawn.algorithm, []).append(without_id)

    def apply(self, keep: NDArray[np.bool_], start: int, algorithm: str, values: pa.Array, ids: pa.Array) -> None:
        """Clear ``keep`` for the withdrawn ones among some spooled rows.

        Args:
            keep: For every spooled row of the algorithm, whether it is kept.
            start: The number of the first of these rows.
            algorithm: The rows' algorithm.
            values: The rows' values.
            ids: The rows' ids.
        """
        skip = max(0, self.first_rows.get(algorithm, 0) - start)
        if skip >= len(values) or not (self.ids or algorithm in self.values):
            return
        withdrawn = pc.is_in(ids[skip:], pa.array(sorted(self.ids), pa.string()))
        if algorithm in self.values:
            withdrawn = pc.or_(withdrawn, pc.is_in(values[skip:], pa.concat_arrays(self.values[algorithm])))
        keep[start + skip : start + len(values)] &= ~withdrawn.to_numpy(zero_copy_only=False)
