"""Find the uses of withdrawn datasets: the datasets themselves, data made from them, and models trained on either."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from auditor.lineage import repository_names
from auditor.lineage.derived_statements import DerivedStatement
from auditor.lineage.graph import Graph
from auditor.lineage.subject_resolution import list_subject_names
from auditor.policy.vocabularies import Vocabularies
from auditor.policy.vocabulary_tables import WithdrawnDataset


@dataclass(frozen=True, slots=True)
class WithdrawnUse:
    """Where the data of one withdrawal is used in a run.

    ``subjects`` are datasets of the run that are the withdrawn one; ``derived`` are datasets made from it at any
    depth, by node with the path; ``trained`` are models trained on either, by node and dataset with a remark.
    """

    entry: WithdrawnDataset
    subjects: tuple[str, ...]
    derived: dict[int, str]
    trained: dict[tuple[int, int], str]


def find_withdrawn_uses(facts: pads.Dataset, graph: Graph, vocabularies: Vocabularies) -> Iterator[WithdrawnUse]:
    """Yield where the run uses the data of each withdrawn dataset that the vocabularies name."""
    renames = vocabularies.renamed
    subjects = list_subject_names(facts, "dataset")
    subject_keys = repository_names.join_keys(subjects, "datasets", renames)
    datasets = np.unique(graph.parent[graph.parent & 1 == 1])  # of which something was made
    dataset_keys = repository_names.join_keys(graph.node_names(datasets), "datasets", renames)
    for entry in vocabularies.withdrawn:
        aliases = pc.unique(repository_names.join_keys(pa.array(entry.names, pa.string()), "datasets", renames))
        roots = datasets[pc.is_in(dataset_keys, aliases).to_numpy(zero_copy_only=False)]
        same = tuple(subjects.filter(pc.is_in(subject_keys, aliases)).to_pylist())
        if not len(roots):
            yield WithdrawnUse(entry, same, {}, {})
            continue
        reached = graph.descendants(roots, graph.is_sourced_from)
        derived = {
            node: text
            for nodes, texts in reached.paths()
            for node, text in zip(nodes.tolist(), texts.to_pylist(), strict=True)
        }
        trained: dict[tuple[int, int], str] = {}
        for model, dataset, source in graph.trained_on(np.flatnonzero(reached.root >= 0)):
            path = f"; {derived[dataset]}" if dataset in derived else ""
            trained[model, dataset] = f"trained on {graph.shown_name(dataset)}, says its {source}{path}"
        yield WithdrawnUse(entry, same, derived, trained)


def withdrawn_statements(graph: Graph, uses: tuple[WithdrawnUse, ...]) -> Iterator[DerivedStatement]:
    """Yield ``withdrawn`` with relation itself, sourced-from or trained-on; the value is the withdrawal's id."""
    for use in uses:
        entry = use.entry
        for name in use.subjects:
            yield DerivedStatement("dataset", name, "withdrawn", entry.id, "itself", entry.title)
        for node, path in use.derived.items():
            yield DerivedStatement("dataset", graph.node_name(node), "withdrawn", entry.id, "sourced-from", path)
        for (model, _), remark in use.trained.items():
            yield DerivedStatement("model", graph.node_name(model), "withdrawn", entry.id, "trained-on", remark)


def models_trained_on_withdrawn(graph: Graph, uses: tuple[WithdrawnUse, ...]) -> dict[str, dict[int, str]]:
    """Return by the id of each withdrawal the models trained on its data, by node with a remark."""
    models: dict[str, dict[int, str]] = {}
    for use in uses:
        for (model, _), remark in use.trained.items():
            of_entry = models.setdefault(use.entry.id, {})
            of_entry.setdefault(model, f"; {graph.shown_name(model)} was {remark}")
    return models
