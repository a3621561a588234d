"""Collect the edges of the lineage graph, from child to parent, from a run's facts.

Names are compared as integer ids, so two million models and four million edges fit in memory. Edges are
deduplicated and sorted: the result does not depend on the order of rows and shards.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from auditor.facts import EDGES_SCHEMA, LOW_MEMORY_SCAN
from auditor.lineage.artefacts import Artefacts, read_artefacts
from auditor.lineage.string_ids import assign_ids, to_contiguous_array
from auditor.lineage.subject_resolution import (
    RENAME_TABLES,
    SubjectResolver,
    list_subject_names,
    resolve_file_names,
)
from auditor.policy.vocabulary_tables import RenamedRepositories

# Statement keys that are edges: the child's kind, the parent's kind, and the relation ("": the statement's own).
_EDGE_KEYS: Mapping[str, tuple[str, str, str]] = {
    "base_model": ("model", "model", ""),
    "trained_on": ("model", "dataset", "trained-on"),
    "sourced_from": ("dataset", "dataset", "sourced-from"),
}


def collect_edges(facts: pads.Dataset | pa.Table, renames: RenamedRepositories) -> pa.Table:
    """Return all declared edges of these facts and the edges between copies, with schema ``EDGES_SCHEMA``.

    A parent that is a subject of the facts has the subject's name, any other its normalised name. A subject is never
    its own parent. Copies of the same weights point to the first of them by name. ``renames`` maps old names of
    repositories to their new ones.
    """
    dataset = pads.dataset(facts) if isinstance(facts, pa.Table) else facts
    artefacts = read_artefacts(dataset)
    resolvers = {kind: SubjectResolver(list_subject_names(dataset, kind), kind, renames) for kind in RENAME_TABLES}
    parts = [_declared_edges(dataset, key, resolvers, artefacts) for key in _EDGE_KEYS]
    parts.append(_copy_edges(artefacts))
    return sort_and_deduplicate(pa.concat_tables(parts))


def _declared_edges(
    dataset: pads.Dataset, key: str, resolvers: Mapping[str, SubjectResolver], artefacts: Artefacts
) -> pa.Table:
    """Return the edges that statements under ``key`` declare."""
    child_kind, parent_kind, fixed_relation = _EDGE_KEYS[key]
    wanted = (pc.field("kind") == child_kind) & (pc.field("key") == key)
    batches = [
        pa.RecordBatch.from_arrays(
            [column.dictionary_encode() for column in batch.columns], ["child", "value", "relation", "source"]
        )
        for batch in dataset.to_batches(
            columns=["name", "value", "relation", "source"], filter=wanted, **LOW_MEMORY_SCAN
        )
        if batch.num_rows
    ]
    if not batches:
        return EDGES_SCHEMA.empty_table()
    table = pa.Table.from_batches(batches).unify_dictionaries().combine_chunks()
    child, value, relation, source = (to_contiguous_array(column) for column in table.columns)
    names = resolvers[parent_kind].resolve(value.dictionary, artefacts)
    if parent_kind == "model":
        names = resolve_file_names(dataset, names)
    parent = pa.DictionaryArray.from_arrays(value.indices, names)
    if fixed_relation:
        relation = _constant(fixed_relation, len(child))
    columns = [_constant(child_kind, len(child)), child, _constant(parent_kind, len(child)), parent, relation, source]
    return pa.Table.from_arrays([column.cast(pa.string()) for column in columns], schema=EDGES_SCHEMA)


def _constant(value: str, rows: int) -> pa.Array:
    """Return a column of edges that has one value."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([value]))


def _copy_edges(artefacts: Artefacts) -> pa.Table:
    """Return an edge from each model to the first model by name that has one of its files; skip shared components."""
    own = pc.invert(artefacts.shared_component)
    table = pa.table({"digest": artefacts.digests.filter(own), "name": artefacts.names.filter(own)})
    firsts = table.group_by("digest").aggregate([("name", "min")])
    joined = table.join(firsts, "digest")
    joined = joined.filter(pc.not_equal(joined["name"], joined["name_min"]))
    rows = joined.num_rows
    columns = [_constant("model", rows), joined["name"], _constant("model", rows), joined["name_min"]]
    columns += [_constant("copy", rows), _constant("weights", rows)]
    return pa.Table.from_arrays([column.cast(pa.string()) for column in columns], schema=EDGES_SCHEMA)


def sort_and_deduplicate(edges: pa.Table) -> pa.Table:
    """Sort edges by their columns, keep each once, and drop edges from a subject to itself or to an empty name."""
    encoded = [assign_ids(column) for column in edges.columns]
    child, parent = edges["child"], edges["parent"]
    same_kind = pc.equal(edges["child_kind"], edges["parent_kind"])
    keep = pc.and_(pc.not_equal(parent, ""), pc.or_(pc.not_equal(child, parent), pc.invert(same_kind)))
    kept = np.flatnonzero(keep.to_numpy())
    columns = [ids[kept] for ids, _ in encoded]
    # Ids are packed into two sort keys: (child, parent), then the other four columns.
    pair = columns[1] * len(encoded[3][1]) + columns[3]
    rest = np.zeros(len(pair), np.int64)
    for number in (0, 2, 4, 5):
        rest = rest * len(encoded[number][1]) + columns[number]
    order = np.lexsort((rest, pair))
    pair, rest = pair[order], rest[order]
    is_new = np.ones(len(pair), bool)
    is_new[1:] = (pair[1:] != pair[:-1]) | (rest[1:] != rest[:-1])
    order = order[is_new]
    return pa.Table.from_arrays(
        [values.take(pa.array(ids[order])) for (_, values), ids in zip(encoded, columns, strict=True)],
        schema=EDGES_SCHEMA,
    )
