"""Find models of a run that share tensors byte for byte, under any names, by one look-up among sorted digests.

This shows what sampled values cannot: one block taken over into other weights, or quantised weights copied in part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from auditor.hashing.weight_digests import TENSOR_DIGEST_BYTES
from auditor.lineage.string_ids import Ids
from auditor.lineage.weight_similarity import MIN_IDENTICAL_TENSORS
from auditor.lineage.weight_tables import UnitKey, read_weight_columns

# A tensor that more groups of connected models have than this is a part that unrelated models share, and relates none
# of them, unless two models share MIN_COMMON_SHARE of the smaller one's tensors.
MAX_UNRELATED_GROUPS = 5
MIN_COMMON_SHARE = 0.5
_PREFIX_BYTES = 8


@dataclass(frozen=True, slots=True)
class SharedTensors:
    """The digests of the tensors of each unit, mapped from a file.

    The digests of unit ``n`` are rows ``bounds[n]`` to ``bounds[n + 1]`` of ``digests``, sorted and distinct; a digest
    is a row of two numbers, and its prefix is the first. ``prefixes`` and ``units``, aligned and sorted, are the
    prefixes that several units have, and those units.
    """

    digests: npt.NDArray[np.uint64]
    bounds: Ids
    prefixes: npt.NDArray[np.uint64]
    units: Ids

    @classmethod
    def load(
        cls, rows: Mapping[UnitKey, Sequence[tuple[Path, int]]], keys: Sequence[UnitKey], scratch: Path
    ) -> SharedTensors:
        """Load the digests of the units with these keys.

        Args:
            rows: By unit, the files and row groups with TENSORS_SCHEMA that hold its rows.
            keys: The units, in the order of their numbers.
            scratch: The file that the digests are mapped from.

        Raises:
            RunError: A file is damaged.
        """
        counts = [0]
        with open(scratch, "wb") as out:
            for key in keys:
                parts = [
                    read_weight_columns(path, ["digests"], number)["digests"][0].as_py()
                    for path, number in rows.get(key, ())
                ]
                found = np.unique(np.frombuffer(b"".join(parts), ">u8").reshape(-1, 2), axis=0)
                out.write(found.astype("<u8").tobytes())
                counts.append(len(found))
        bounds = np.cumsum(counts)
        if not bounds[-1]:
            return cls(np.zeros((0, 2), np.uint64), bounds, np.zeros(0, np.uint64), np.zeros(0, np.int64))
        digests = np.memmap(scratch, "<u8", "r", shape=(int(bounds[-1]), 2))
        order = np.argsort(digests[:, 0], kind="stable")
        prefixes = digests[:, 0][order]
        # Most tensors are in one unit alone: only those equal to a neighbour are kept.
        is_repeated = np.concatenate([[False], prefixes[1:] == prefixes[:-1], [False]])
        is_shared = is_repeated[1:] | is_repeated[:-1]
        units = np.searchsorted(bounds, order[is_shared], side="right") - 1
        return cls(digests, bounds, np.asarray(prefixes[is_shared]), units)

    def unit_digests(self, unit: int) -> frozenset[bytes]:
        """Return the digests of a unit's tensors."""
        data = self._unit_rows(unit).astype(">u8").tobytes()
        return frozenset(data[at : at + TENSOR_DIGEST_BYTES] for at in range(0, len(data), TENSOR_DIGEST_BYTES))

    def _unit_rows(self, unit: int) -> npt.NDArray[np.uint64]:
        """Return the rows of a unit's tensor digests."""
        return self.digests[self.bounds[unit] : self.bounds[unit + 1]]

    def common_prefixes(self, groups: Ids) -> frozenset[int]:
        """Return the prefixes of tensors that more than MAX_UNRELATED_GROUPS groups have; ``groups`` is by unit."""
        count = int(groups.max(initial=0)) + 1
        prefix_ids = self._prefix_ids()
        group_counts = np.bincount(np.unique(prefix_ids * count + groups[self.units]) // count)
        common = np.flatnonzero(group_counts > MAX_UNRELATED_GROUPS)
        return frozenset(self.prefixes[np.searchsorted(prefix_ids, common)].tolist())

    def _prefix_ids(self) -> Ids:
        """Return the position of each of ``prefixes`` among the distinct ones."""
        return np.cumsum(np.append(self.prefixes[:1] != self.prefixes[:1], self.prefixes[1:] != self.prefixes[:-1]))

    def sharing_units(self, groups: Ids) -> list[tuple[int, int]]:
        """Return pairs of units of different groups that share tensors, those with the greatest share first.

        Each digest pairs the first unit that has it with all others, so there are no more pairs than digests.
        """
        prefix_ids, common = self._prefix_ids(), self.common_prefixes(groups)
        first = self.units[np.searchsorted(prefix_ids, prefix_ids)]
        is_between = groups[first] != groups[self.units]
        count = len(self.bounds)
        found: list[tuple[float, int, int]] = []
        for pair in np.unique(first[is_between] * count + self.units[is_between]).tolist():
            left, right = divmod(pair, count)
            one, other = (frozenset(self._unit_rows(unit)[:, 0].tolist()) for unit in (left, right))
            if are_related(one, other, common):
                found.append((-len(one & other) / min(len(one), len(other)), left, right))
        return [(left, right) for _, left, right in sorted(found)]


def digest_prefixes(digests: frozenset[bytes]) -> frozenset[int]:
    """Return the first bytes of each tensor's digest as a number, by which shared tensors are looked up."""
    return frozenset(int.from_bytes(digest[:_PREFIX_BYTES], "big") for digest in digests)


def are_related(left: frozenset[int], right: frozenset[int], common: frozenset[int]) -> bool:
    """Return whether two models share enough tensors to be related.

    Args:
        left: The prefixes of one model's digests.
        right: Those of the other's.
        common: Prefixes that relate models only where they share MIN_COMMON_SHARE of the smaller one's tensors.
    """
    both = left & right
    return len(both) >= MIN_IDENTICAL_TENSORS and (
        len(both - common) >= MIN_IDENTICAL_TENSORS or len(both) >= MIN_COMMON_SHARE * min(len(left), len(right))
    )
