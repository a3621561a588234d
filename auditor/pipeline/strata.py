"""The strata of a sampled audit: what the values of one column are told apart by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.errors import UsageError
from auditor.pipeline.sample_design import Order
from auditor.readers.table.stratum_values import as_numbers

# A column with more different values is cut into bands, if they are numbers.
MAX_VALUES = 20
# Where bands of numbers end, as shares of the values: quarters, or finer towards the end that matters most.
_EVEN_BANDS = (0.25, 0.5, 0.75)
_BANDS_TOWARDS_HIGH = (0.5, 0.9, 0.99, 0.999)
WHOLE, NO_VALUE, OTHER_VALUES = "all", "without a value", "other values"


@dataclass(frozen=True, slots=True)
class Strata:
    """How values become strata, by their numbers from 0. The last one has no value, the one before has any other.

    Attributes:
        names: What each stratum is called.
        edges: Where bands of numbers end, upwards; empty for none.
        values: The values of the strata, in their order; empty for bands.
        is_reversed: The highest band is the first.
    """

    names: tuple[str, ...] = (WHOLE,)
    edges: tuple[float, ...] = ()
    values: tuple[str, ...] = ()
    is_reversed: bool = False

    def of(self, values: pa.Array) -> NDArray[np.int16]:
        """Return the number of the stratum of each value."""
        others = len(self.names) - 2
        if self.edges:
            numbers = as_numbers(values)
            if numbers is None:
                return np.full(len(values), others, np.int16)
            band = np.searchsorted(np.array(self.edges), numbers, "left").astype(np.int16)
            band = len(self.edges) - band if self.is_reversed else band
            return np.where(np.isnan(numbers), others, band)
        index = pc.index_in(values.cast(pa.string()), pa.array(self.values, pa.string()))
        return index.fill_null(others).to_numpy(zero_copy_only=False).astype(np.int16)  # type: ignore[no-any-return]


def find_strata(column: str, order: Order, values: Sequence[pa.Array]) -> Strata:
    """Return the strata of a column by a random part of its values.

    Args:
        column: The column's name, for messages.
        order: Which values matter most.
        values: Random ones of its values, without nulls.

    Raises:
        UsageError: There are no values, or too many different ones that are no numbers.
    """
    texts = pa.chunked_array([part.cast(pa.string()) for part in values], pa.string())
    if not len(texts):
        raise UsageError(f"--stratify {column}: no table of the targets has values in a column of this name")
    found = [as_numbers(part) for part in values if len(part)]
    numbers = [part for part in found if part is not None]
    are_numbers = len(numbers) == len(found)
    different = pc.unique(texts).to_pylist()
    if len(different) <= MAX_VALUES:
        ordered = sorted(different, key=float if are_numbers else str, reverse=order == "desc")
        return Strata((*(f"{column} = {name}" for name in ordered), OTHER_VALUES, NO_VALUE), values=tuple(ordered))
    finite = np.concatenate([part[np.isfinite(part)] for part in numbers]) if are_numbers else np.empty(0)
    if not len(finite):
        raise UsageError(
            f"--stratify {column}: has more than {MAX_VALUES} different values that are no numbers; name another column"
        )
    shares = {"desc": _BANDS_TOWARDS_HIGH, "asc": tuple(sorted(1 - one for one in _BANDS_TOWARDS_HIGH))}
    edges = np.unique(np.quantile(finite, shares.get(order, _EVEN_BANDS)))
    ends = [f"{edge:.6g}" for edge in edges]
    bands = [f"{column} ≤ {ends[0]}"]
    bands += [f"{low} < {column} ≤ {high}" for low, high in pairwise(ends)]
    bands.append(f"{column} > {ends[-1]}")
    is_reversed = order == "desc"
    names = (*(bands[::-1] if is_reversed else bands), OTHER_VALUES, NO_VALUE)
    return Strata(names, edges=tuple(edges.tolist()), is_reversed=is_reversed)


def allocate(size: int, units: Sequence[int]) -> list[int]:
    """Return how many units to draw from each stratum: equal numbers, as far as the strata have so many.

    Args:
        size: How many in all; all units, where there are fewer.
        units: How many each stratum has.
    """
    drawn = [0] * len(units)
    left = min(size, sum(units))
    smallest_first = sorted(range(len(units)), key=units.__getitem__)
    for position, index in enumerate(smallest_first):
        drawn[index] = min(units[index], left // (len(units) - position))
        left -= drawn[index]
    return drawn
