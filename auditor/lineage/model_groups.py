"""Group models that declarations, copies or comparisons of weights connect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.lineage.string_ids import Ids, assign_ids


class ModelGroups:
    """The connected components of the models' edges, which new connections merge.

    Models connect through models that are not in the run too, but not through a ``local:`` folder, whose name many
    machines have.
    """

    def __init__(self, edges: pa.Table, contradicted: Sequence[tuple[str, str]]) -> None:
        """Group the models that edges connect.

        Args:
            edges: Edges between subjects of any kind; those between two models count.
            contradicted: Pairs (child, parent) whose edge is left out, because their weights contradict it.
        """
        both_models = pc.and_(pc.equal(edges["child_kind"], "model"), pc.equal(edges["parent_kind"], "model"))
        made = edges.filter(pc.and_(both_models, pc.invert(pc.starts_with(edges["parent"], "local:"))))
        ids, names = assign_ids(pa.chunked_array([*made["child"].chunks, *made["parent"].chunks], pa.string()))
        child, parent = ids[: made.num_rows], ids[made.num_rows :]
        if contradicted:
            positions = pc.index_in(pa.array([name for pair in contradicted for name in pair], pa.string()), names)
            left_out = positions.to_numpy(zero_copy_only=False).reshape(-1, 2).astype(np.int64)
            count = len(names)
            keep = ~np.isin(child * count + parent, left_out[:, 0] * count + left_out[:, 1])
            child, parent = child[keep], parent[keep]
        self._labels = connected_components(len(names), child, parent)
        self._positions = {name: at for at, name in enumerate(names.to_pylist())}
        self._merged: dict[object, object] = {}

    def _group_of(self, name: str) -> object:
        """Return the group of a model; one without edges is a group of its own."""
        at = self._positions.get(name)
        group: object = name if at is None else int(self._labels[at])
        while group in self._merged:
            group = self._merged[group]
        return group

    def group_numbers(self, names: Iterable[str]) -> Ids:
        """Return a number for each name, the same for names of one group."""
        numbers: dict[object, int] = {}
        return np.array([numbers.setdefault(self._group_of(name), len(numbers)) for name in names], np.int64)

    def are_connected(self, left: str, right: str) -> bool:
        """Return whether two models are in one group."""
        return self._group_of(left) == self._group_of(right)

    def connect(self, left: str, right: str) -> bool:
        """Merge the groups of two models; return False where they are in one group already."""
        one, other = self._group_of(left), self._group_of(right)
        if one == other:
            return False
        self._merged[one] = other
        return True


def connected_components(count: int, left: Ids, right: Ids) -> Ids:
    """Group models: return a label for each of ``count`` nodes, the same for all that edges connect."""
    labels: npt.NDArray[np.int64] = np.arange(count)
    while True:
        low = np.minimum(labels[left], labels[right])
        new = labels.copy()
        np.minimum.at(new, left, low)
        np.minimum.at(new, right, low)
        new = new[new]
        if np.array_equal(new, labels):
            return labels
        labels = new
