"""Hold the lineage graph of a run as arrays of integer ids, and find the descendants of nodes.

Walks go level by level, so cycles end and the result does not depend on the order of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.lineage.origins import IN_RUN, Origins
from auditor.lineage.string_ids import Ids, assign_ids

# Sources of edges, the weakest evidence first; an unknown source counts as the weakest.
EDGE_SOURCES = ("card-text", "card", "croissant", "ml-bom", "spdx", "summary", "config", "header", "weights")
# A path with more nodes than this is shortened in its middle.
MAX_SHOWN_NODES = 8
_ARROW = " ← "


@dataclass(frozen=True, slots=True)
class Graph:
    """Edges as aligned arrays.

    A node is twice the position of its name in ``names``, plus one where it is a dataset. ``strength`` is the
    position of an edge's source in :data:`EDGE_SOURCES`. ``is_copy``, ``is_trained_on`` and ``is_sourced_from`` show
    an edge's relation.
    """

    names: pa.Array
    child: Ids
    parent: Ids
    strength: Ids
    is_copy: npt.NDArray[np.bool_]
    is_trained_on: npt.NDArray[np.bool_]
    is_sourced_from: npt.NDArray[np.bool_]
    origins: Origins = IN_RUN

    @classmethod
    def from_edges(cls, edges: pa.Table, origins: Origins = IN_RUN) -> Graph:
        """Build the graph of a table with schema ``EDGES_SCHEMA``; ``origins`` are those of its nodes."""
        both_ends = pa.chunked_array([*edges["child"].chunks, *edges["parent"].chunks], pa.string())
        ids, names = assign_ids(both_ends)

        def is_dataset(column: str) -> Ids:
            """Return 1 for each edge of the graph with a dataset at this end, else 0."""
            return cast(Ids, pc.equal(edges[column], "dataset").to_numpy().astype(np.int64))

        def has_relation(relation: str) -> npt.NDArray[np.bool_]:
            """Return which edges of the graph have this relation."""
            return cast(npt.NDArray[np.bool_], pc.equal(edges["relation"], relation).to_numpy().astype(bool))

        strength = pc.index_in(edges["source"], pa.array(EDGE_SOURCES)).combine_chunks().fill_null(0)
        return cls(
            names,
            ids[: edges.num_rows] * 2 + is_dataset("child_kind"),
            ids[edges.num_rows :] * 2 + is_dataset("parent_kind"),
            strength.to_numpy().astype(np.int64),
            has_relation("copy"),
            has_relation("trained-on"),
            has_relation("sourced-from"),
            origins,
        )

    def node_name(self, node: int) -> str:
        """Return the name of a node of the lineage graph."""
        return cast(str, self.names[node >> 1].as_py())

    def node_names(self, nodes: npt.NDArray[Any]) -> pa.Array:
        """Return the names of nodes of the lineage graph."""
        return self.names.take(pa.array(nodes >> 1))

    def shown_name(self, node: int) -> str:
        """Return the name of a node of the lineage graph with its origin."""
        return self.origins.show("dataset" if node & 1 else "model", self.node_name(node))

    def shown_names(self, nodes: npt.NDArray[Any]) -> pa.Array:
        """Return the names of nodes of the lineage graph with their origins."""
        if not self.origins.by_subject:
            return self.node_names(nodes)
        return pa.array([self.shown_name(node) for node in nodes.tolist()], pa.string())

    def find_nodes(self, kind: str, names: Sequence[str]) -> Ids:
        """Return the nodes of the named subjects, sorted; a subject without any edge has none."""
        found = pc.index_in(pa.array(names, pa.string()), self.names).drop_null().to_numpy().astype(np.int64)
        return np.unique(found * 2 + (kind == "dataset"))

    def trained_on(self, datasets: Ids) -> list[tuple[int, int, str]]:
        """Return (model, dataset, strongest source) for each model trained on one of these datasets, sorted."""
        chosen = self.is_trained_on & np.isin(self.parent, datasets)
        child, parent, strength = self.child[chosen], self.parent[chosen], self.strength[chosen]
        order = np.lexsort((strength, parent, child))
        # A later row of a pair replaces an earlier one, so the strongest stays.
        strongest = {(int(child[at]), int(parent[at])): EDGE_SOURCES[strength[at]] for at in order}
        return [(model, dataset, source) for (model, dataset), source in strongest.items()]

    def descendants(self, roots: Ids, along: npt.NDArray[np.bool_] | None = None) -> Descendants:
        """Find all descendants of the roots, with their distance.

        The shortest path wins, then the parent that is first by name, then the strongest source.

        Args:
            roots: The nodes to start from.
            along: Which edges to follow; None: all, and those between copies in both directions.
        """
        child, parent, strength = self.child, self.parent, self.strength
        if along is not None:
            child, parent, strength = child[along], parent[along], strength[along]
        else:
            back = self.is_copy
            child, parent = np.concatenate([child, parent[back]]), np.concatenate([parent, child[back]])
            strength = np.concatenate([strength, strength[back]])
        count = 2 * len(self.names)
        order = np.argsort(parent, kind="stable")
        child, strength = child[order], strength[order]
        # The edges of parent n are first[n] to first[n + 1].
        first = np.zeros(count + 1, np.int64)
        np.cumsum(np.bincount(parent, minlength=count), out=first[1:])
        via, root = np.full(count, -1, np.int32), np.full(count, -1, np.int32)
        weakest = np.full(count, len(EDGE_SOURCES) - 1, np.int8)
        frontier = np.unique(roots)
        root[frontier] = frontier
        levels = [frontier]
        while len(frontier):
            counts = first[frontier + 1] - first[frontier]
            starts = np.repeat(first[frontier] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
            at = starts + np.arange(counts.sum())
            targets, origins = child[at], np.repeat(frontier, counts)
            unseen = root[targets] < 0
            targets, origins, at = targets[unseen], origins[unseen], at[unseen]
            best = np.lexsort((-strength[at], origins, targets))
            targets, origins, at = targets[best], origins[best], at[best]
            is_first = np.ones(len(targets), bool)
            is_first[1:] = targets[1:] != targets[:-1]
            frontier, origins = targets[is_first], origins[is_first]
            via[frontier], root[frontier] = origins, root[origins]
            weakest[frontier] = np.minimum(weakest[origins], strength[at[is_first]])
            levels.append(frontier)
        return Descendants(self, tuple(levels), via, root, weakest)


@dataclass(frozen=True, slots=True)
class Descendants:
    """The nodes that a walk found, by their distance from the nearest root.

    ``levels[0]`` are the roots. The arrays are indexed by node: ``via`` is its parent on the path, ``root`` the
    path's root (-1: not found), ``weakest`` the weakest source on the path, a position in :data:`EDGE_SOURCES`.
    """

    graph: Graph
    levels: tuple[Ids, ...]
    via: npt.NDArray[np.int32]
    root: npt.NDArray[np.int32]
    weakest: npt.NDArray[np.int8]

    def paths(self) -> Iterator[tuple[Ids, pa.Array]]:
        """Yield each level's nodes below the roots with their paths as text: depth, names, weakest source."""
        texts = self.graph.shown_names(self.levels[0])
        heads = texts
        for depth, (above, nodes) in enumerate(zip(self.levels, self.levels[1:], strict=False), start=1):
            if not len(nodes):
                return
            before = pa.array(np.searchsorted(above, self.via[nodes]))
            names = self.graph.shown_names(nodes)
            if depth < MAX_SHOWN_NODES:
                texts = pc.binary_join_element_wise(texts.take(before), names, _ARROW)
            else:
                # Too long to show: the first half, the number of nodes left out, the last half.
                tail, step = names, cast(npt.NDArray[Any], nodes)
                for _ in range(MAX_SHOWN_NODES // 2 - 1):
                    step = self.via[step]
                    tail = pc.binary_join_element_wise(self.graph.shown_names(step), tail, _ARROW)
                left_out = f"… {depth + 1 - MAX_SHOWN_NODES:,} more …"
                texts = pc.binary_join_element_wise(heads.take(before), left_out, tail, _ARROW)
            heads = texts if depth < MAX_SHOWN_NODES // 2 else heads.take(before)
            sources = pa.array(EDGE_SOURCES).take(pa.array(self.weakest[nodes]))
            yield (
                nodes,
                pc.binary_join_element_wise(f"depth {depth:,}, by ", texts, "; least certain step: ", sources, ""),
            )
