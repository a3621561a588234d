"""Derive the statements that follow from a run's facts, hits and edges together.

A derived statement is a reason with its path, depth and weakest source, never a verdict: rules choose what counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.dataset as pads

from auditor.lineage.clause_inheritance import clause_statements
from auditor.lineage.copies import copy_statements
from auditor.lineage.derived_statements import DerivedStatement, FactsWriter
from auditor.lineage.descent import descent_tables, withdrawn_descent_tables
from auditor.lineage.exposure import exposure_statements
from auditor.lineage.graph import Graph
from auditor.lineage.known_content import count_dataset_hits, known_content_statements
from auditor.lineage.known_models import dedicated_derivative_statements, known_model_statements, same_weights_models
from auditor.lineage.licence_inheritance import licence_statements
from auditor.lineage.missing_shards import missing_shard_gaps
from auditor.lineage.origins import IN_RUN, Origins
from auditor.lineage.withdrawn_datasets import find_withdrawn_uses, models_trained_on_withdrawn, withdrawn_statements
from auditor.policy.vocabularies import Vocabularies


def derive_statements(
    facts: pads.Dataset | pa.Table,
    hits: pa.Table,
    edges: pa.Table,
    vocabularies: Vocabularies,
    observed_bases: Iterable[DerivedStatement] = (),
    origins: Origins = IN_RUN,
) -> Iterator[pa.RecordBatch]:
    """Yield all derived statements with the schema of facts and source ``lineage``.

    Only hits of lists that mean ``csam`` make known content, and only those of lists that mean ``model`` make known
    models. A hit with basis ``declared`` is a claim that a text file makes, and one of relation ``near-thorough`` a
    lead: they are stated separately, expose no model, and nothing is derived from them for descendants.

    Args:
        facts: The statements that the shards of the run wrote.
        hits: Counted hits. Columns: kind, name, revision, list, means, relation (exact, near, near-thorough), basis,
            hits, samples (the subject's number of samples, null: unknown); for lists of models algorithm, variant,
            classification.
        edges: The lineage graph, schema ``EDGES_SCHEMA``.
        vocabularies: Withdrawn datasets, renamed repositories and what licences permit.
        observed_bases: What the comparison of weights showed.
        origins: The origins of subjects that are not in the run, of which nothing is stated.
    """
    dataset = pads.dataset(facts) if isinstance(facts, pa.Table) else facts
    graph = Graph.from_edges(edges, origins)
    writer = FactsWriter(dataset, origins)
    observed = tuple(observed_bases)
    computed = count_dataset_hits(hits, "computed")
    yield from writer.write(known_content_statements(hits))
    yield from writer.write(known_model_statements(hits))
    yield from writer.write(dedicated_derivative_statements(graph, hits, observed))
    yield from writer.write(exposure_statements(graph, computed, "exposed"))
    yield from writer.write(exposure_statements(graph, count_dataset_hits(hits, "declared"), "exposed_claim"))
    yield from writer.write(
        exposure_statements(graph, count_dataset_hits(hits, "computed", leads=True), "exposed_lead")
    )
    for table in descent_tables(graph, computed, same_weights_models(hits)):
        yield from writer.write_table(table)
    withdrawn = tuple(find_withdrawn_uses(dataset, graph, vocabularies))
    yield from writer.write(withdrawn_statements(graph, withdrawn))
    for table in withdrawn_descent_tables(graph, models_trained_on_withdrawn(graph, withdrawn)):
        yield from writer.write_table(table)
    yield from writer.write(copy_statements(dataset))
    yield from writer.write(clause_statements(dataset, edges, origins))
    yield from writer.write(licence_statements(dataset, edges, vocabularies.licences, origins))
    yield from writer.write(observed)
    yield from missing_shard_gaps(dataset)
