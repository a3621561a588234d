"""Find the models that were trained on datasets whose samples match lists of known content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.lineage.derived_statements import DerivedStatement
from auditor.lineage.graph import Graph
from auditor.lineage.known_content import DatasetHits


def exposure_statements(graph: Graph, hits: Mapping[str, DatasetHits], key: str) -> Iterator[DerivedStatement]:
    """Yield a statement under ``key`` for each model, dataset and relation; ``hits`` are by the dataset's name."""
    for model, dataset, source in graph.trained_on(graph.find_nodes("dataset", sorted(hits))):
        name = graph.node_name(dataset)
        found = hits[name]
        lists = f"{'list' if len(found.lists) == 1 else 'lists'} {', '.join(found.lists)}"
        for relation, number in (("exact", found.exact), ("near", found.near)):
            if number:
                remark = f"{found}; {lists}; said by its {source}{graph.origins.note('dataset', name)}"
                yield DerivedStatement("model", graph.node_name(model), key, name, relation, remark)
