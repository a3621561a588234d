"""Find the descendants of exposed models, listed models and withdrawn data, with the path to each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.lineage.derived_statements import COLUMNS
from auditor.lineage.graph import Descendants, Graph
from auditor.lineage.known_content import DatasetHits


def descent_tables(graph: Graph, hits: Mapping[str, DatasetHits], listed_models: Sequence[str]) -> Iterator[pa.Table]:
    """Yield tables of ``descends`` statements for descendants, with the columns of derived statements.

    The relation is linked (from a listed model) or exposed (from an exposed model, or from data with hits through
    data made from it).

    Args:
        graph: The lineage graph.
        hits: Hits computed from bytes, by the dataset's name.
        listed_models: Models that are shown to be listed ones.
    """
    yield from _below_roots(graph.descendants(graph.find_nodes("model", listed_models)), "linked", {})
    datasets = graph.find_nodes("dataset", sorted(hits))
    remarks: dict[int, str] = {}
    for node in datasets.tolist():
        name = graph.node_name(node)
        remarks[node] = f"; {hits[name]} of {graph.shown_name(node)}"
    trained: dict[int, str] = {}
    for model, dataset, _ in graph.trained_on(datasets):
        trained.setdefault(model, remarks[dataset])
    from_models = graph.descendants(np.array(sorted(trained), np.int64))
    yield from _below_roots(from_models, "exposed", trained)
    already_stated = from_models.root >= 0
    yield from _below_roots(graph.descendants(datasets), "exposed", remarks, already_stated)


def withdrawn_descent_tables(graph: Graph, trained: Mapping[str, Mapping[int, str]]) -> Iterator[pa.Table]:
    """Yield tables of ``withdrawn`` statements, relation descends, for the descendants of models.

    ``trained`` holds by the id of each withdrawal the models trained on its data, by node with a remark.
    """
    for entry_id, models in trained.items():
        reached = graph.descendants(np.array(sorted(models), np.int64))
        for table in _below_roots(reached, "descends", models):
            yield _with_key(table, "withdrawn", entry_id)


def _below_roots(
    reached: Descendants,
    relation: str,
    remarks: Mapping[int, str],
    already_stated: npt.NDArray[np.bool_] | None = None,
) -> Iterator[pa.Table]:
    """Yield a ``descends`` statement for every descendant of the roots.

    Args:
        reached: The descendants of the roots.
        relation: The statements' relation.
        remarks: What is added to the path, by root; {}: nothing.
        already_stated: Nodes to leave out; None: none.
    """
    graph = reached.graph
    ends = pa.array(remarks.values(), pa.string())
    positions = {node: position for position, node in enumerate(remarks)}
    for nodes, texts in reached.paths():
        if already_stated is not None:
            is_new = ~already_stated[nodes]
            nodes, texts = nodes[is_new], texts.filter(pa.array(is_new))
        roots = reached.root[nodes]
        if remarks:
            end = ends.take(pa.array([positions[node] for node in roots.tolist()], pa.int64()))
            texts = pc.binary_join_element_wise(texts, end, "")
        kinds = pa.array(["model", "dataset"]).take(pa.array(nodes & 1))
        columns = [kinds, graph.node_names(nodes), "descends", graph.node_names(roots), relation, texts]
        arrays = [column if isinstance(column, pa.Array) else pa.repeat(column, len(nodes)) for column in columns]
        yield pa.table(arrays, list(COLUMNS))


def _with_key(table: pa.Table, key: str, value: str) -> pa.Table:
    """Return the same rows on descent under another key, with one value."""
    for column, constant in (("key", key), ("value", value)):
        position = table.schema.get_field_index(column)
        table = table.set_column(position, column, pa.repeat(constant, table.num_rows))
    return table
