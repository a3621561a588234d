"""Gather what contexts and the table of well-known bases know of the ancestors of a run's subjects.

What is gathered is derived from together with the run's own facts, as if the ancestors had been read with it. What the
run itself read of a subject counts in place of what is gathered of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from auditor.facts import EDGES_SCHEMA, FACTS_SCHEMA
from auditor.lineage.context_index import ContextIndex, join_ref_keys, make_refs, split_refs
from auditor.lineage.edges import sort_and_deduplicate
from auditor.lineage.origins import IN_RUN, Origins
from auditor.lineage.string_ids import Ids
from auditor.lineage.subject_resolution import list_subject_names
from auditor.policy.load_policy import PolicyList
from auditor.policy.vocabularies import Vocabularies
from auditor.policy.vocabulary_tables import RenamedRepositories, WellKnownBase

_KINDS = ("model", "dataset")
_STATEMENTS_SCHEMA = pa.schema([pa.field(name, pa.string()) for name in ("ref", "key", "value")])


@dataclass(frozen=True, slots=True)
class Context:
    """A finished run in which ancestors are looked up, what findings call it, and the lists that it was given."""

    index: ContextIndex
    name: str
    lists: tuple[PolicyList, ...] = ()


@dataclass(frozen=True, slots=True)
class Ancestry:
    """What is known of the ancestors of a run's subjects, beside the run's own facts.

    Attributes:
        edges: The run's edges with those of the ancestors, schema ``EDGES_SCHEMA``.
        facts: The ancestors' licences and clauses, schema ``FACTS_SCHEMA``; None: nothing was gathered.
        hits: The ancestors' counted hits, in the order of the contexts.
        origins: Where what is gathered comes from, by subject.
        from_table: The parents of the run's subjects that only the table of well-known bases tells of.
        missing_parents: The parents of the run's models and datasets, of the same kind, of which nothing is known.
        missing_data: The datasets that models of the run were trained on, of which nothing is known.
    """

    edges: pa.Table
    facts: pa.Table | None = None
    hits: tuple[pa.Table, ...] = ()
    origins: Origins = IN_RUN
    from_table: tuple[str, ...] = ()
    missing_parents: tuple[str, ...] = ()
    missing_data: tuple[str, ...] = ()


def gather_ancestry(
    facts: pads.Dataset, edges: pa.Table, vocabularies: Vocabularies, contexts: Sequence[Context] = ()
) -> Ancestry:
    """Look the parents of a run's subjects up in contexts, and theirs in turn, then in the table of well-known bases.

    Of several contexts that know a subject the first counts.

    Args:
        facts: The run's facts.
        edges: The run's edges, schema ``EDGES_SCHEMA``.
        vocabularies: Renamed repositories and well-known bases.
        contexts: Where ancestors are looked up.
    """
    if not edges.num_rows:
        return Ancestry(edges)
    subjects = pa.concat_arrays([make_refs(kind, list_subject_names(facts, kind)) for kind in _KINDS])
    gathered = _Gathered(vocabularies.renamed, subjects)
    parents = make_refs(edges["parent_kind"], edges["parent"])
    gathered.look_up(pc.unique(parents), contexts)
    gathered.add_bases(pc.unique(parents), vocabularies.bases)
    missing = gathered.missing(pc.unique(parents))
    is_parent = pc.is_in(missing, parents.filter(pc.equal(edges["child_kind"], edges["parent_kind"]).combine_chunks()))
    return Ancestry(
        gathered.join_edges(edges),
        gathered.facts(),
        gathered.named_hits(),
        Origins(gathered.origins),
        tuple(sorted(gathered.from_table)),
        _sorted_names(missing.filter(is_parent)),
        _sorted_names(missing.filter(pc.invert(is_parent))),
    )


def _sorted_names(refs: pa.Array) -> tuple[str, ...]:
    """Return the names of ancestors in order."""
    return tuple(sorted(split_refs(refs)[1].to_pylist()))


class _Gathered:
    """The ancestors found so far.

    ``refs`` are the subjects at hand, those of the run first, and ``keys`` their join keys. A subject that is spelled
    in several ways has the name that comes first.
    """

    def __init__(self, renames: RenamedRepositories, subjects: pa.Array) -> None:
        """Start with the subjects of the run alone."""
        self.origins: dict[tuple[str, str], str] = {}
        self.from_table: list[str] = []
        self._renames = renames
        self._own = self._refs = subjects
        self._keys = join_ref_keys(subjects, renames)
        self._edges: list[pa.Table] = []  # child, parent (refs), relation, source
        self._statements: list[pa.Table] = []  # ref, key, value
        self._hits: list[tuple[pa.Array, pa.Table]] = []

    def look_up(self, parents: pa.Array, contexts: Sequence[Context]) -> None:
        """Gather the ancestors that contexts know. One context may know the parents of what another one knows."""
        wanted, known = parents, -1
        while known < len(self._refs):
            known = len(self._refs)
            for context in contexts:
                index = context.index
                start = self._find(index, self.missing(wanted))
                nodes = index.ancestors(start[index.are_subjects(start)], self._is_at_hand)
                nodes = nodes[index.are_subjects(nodes)]
                if len(nodes):
                    self._add_nodes(context, nodes)
                    wanted = pc.unique(pa.concat_arrays([wanted, self._edges[-1]["parent"].combine_chunks()]))

    def missing(self, refs: pa.Array) -> pa.Array:
        """Return those of these ancestors that are not at hand."""
        return refs.filter(pa.array(~self._is_at_hand(refs)))

    def add_bases(self, parents: pa.Array, bases: Sequence[WellKnownBase]) -> None:
        """Add the licences and clauses of well-known bases that are parents and not at hand."""
        missing = self.missing(parents)
        if not len(missing) or not bases:
            return
        keys = join_ref_keys(make_refs("model", pa.array([base.name for base in bases])), self._renames)
        positions = pc.index_in(join_ref_keys(missing, self._renames), keys)
        for ref, at in zip(missing.to_pylist(), positions.to_pylist(), strict=True):
            if at is not None:
                base = bases[at]
                cells = [(ref, "licence_id", base.licence), (ref, "clause", base.clause)]
                columns = zip(*(cell for cell in cells if cell[2] != "unknown"), strict=True)
                self._statements.append(pa.table([pa.array(c) for c in columns], ["ref", "key", "value"]))
                kind, _, name = ref.partition("\t")
                self.origins[kind, name] = f"well-known bases, read {base.read} at {base.source}"
                self.from_table.append(name)
        found = missing.filter(pc.is_valid(positions))
        self._add_refs(found)

    def join_edges(self, edges: pa.Table) -> pa.Table:
        """Return the edges of the run with those of the ancestors."""
        if len(self._refs) == len(self._own):
            return edges
        parents = make_refs(edges["parent_kind"], edges["parent"])
        parents = pc.if_else(pc.is_in(parents, self._own), parents, self._first_refs(parents))
        own = edges.set_column(edges.schema.get_field_index("parent"), "parent", split_refs(parents)[1])
        parts = [own.cast(EDGES_SCHEMA)]
        for table in self._edges:
            ends = (split_refs(self._first_refs(table[end].combine_chunks())) for end in ("child", "parent"))
            columns = [column for end in ends for column in end] + [table["relation"], table["source"]]
            parts.append(pa.table(columns, EDGES_SCHEMA.names).cast(EDGES_SCHEMA))
        return sort_and_deduplicate(pa.concat_tables(parts))

    def facts(self) -> pa.Table | None:
        """Return the licences and clauses of the ancestors as facts; None if there are none."""
        if not self._statements:
            return None
        table = pa.concat_tables([part.cast(_STATEMENTS_SCHEMA) for part in self._statements])
        kinds, names = split_refs(self._first_refs(table["ref"].combine_chunks()))
        given = {"kind": kinds, "name": names, "key": table["key"], "value": table["value"]}
        empty = {"bucket": 0, "line": 0, "source": "context"}
        columns = [
            given.get(field.name, pa.repeat(pa.scalar(empty.get(field.name, ""), field.type), table.num_rows))
            for field in FACTS_SCHEMA
        ]
        return pa.table(columns, FACTS_SCHEMA.names).cast(FACTS_SCHEMA)

    def named_hits(self) -> tuple[pa.Table, ...]:
        """Return the counted hits of the ancestors."""
        tables = []
        for refs, hits in self._hits:
            at = hits.schema.get_field_index("name")
            tables.append(hits.set_column(at, "name", split_refs(self._first_refs(refs))[1]))
        return tuple(tables)

    def _add_nodes(self, context: Context, nodes: Ids) -> None:
        """Add what a context knows of these subjects."""
        index = context.index
        refs = index.refs(nodes)
        for ref in self.missing(refs).to_pylist():
            kind, _, name = ref.partition("\t")
            self.origins[kind, name] = context.name
        self._add_refs(refs)
        rows = {name: index.rows(name, nodes) for name in ("edges", "statements", "hits")}
        owners = {name: index.refs(table["node"].to_numpy()) for name, table in rows.items()}
        made = rows["edges"]
        columns = [owners["edges"], index.refs(made["parent"].to_numpy()), made["relation"], made["source"]]
        self._edges.append(pa.table(columns, ["child", "parent", "relation", "source"]))
        stated = rows["statements"]
        self._statements.append(
            pa.table([owners["statements"], stated["key"], stated["value"]], ["ref", "key", "value"])
        )
        if rows["hits"].num_rows:
            self._hits.append((owners["hits"], rows["hits"].drop_columns(["node"])))

    def _add_refs(self, refs: pa.Array) -> None:
        """Count subjects as at hand."""
        self._refs = pa.concat_arrays([self._refs, refs])
        self._keys = pa.concat_arrays([self._keys, join_ref_keys(refs, self._renames)])

    def _is_at_hand(self, refs: pa.Array) -> npt.NDArray[np.bool_]:
        """Return which of these subjects are at hand, under any spelling of their names."""
        found = pc.is_in(join_ref_keys(refs, self._renames), self._keys)
        return np.asarray(found.to_numpy(zero_copy_only=False), np.bool_)

    def _first_refs(self, refs: pa.Array) -> pa.Array:
        """Return the name under which each ancestor is at hand, and the same where it is not."""
        at = pc.index_in(join_ref_keys(refs, self._renames), self._keys)
        return pc.coalesce(self._refs.take(at), refs)

    def _find(self, index: ContextIndex, refs: pa.Array) -> Ids:
        """Return the nodes of a context that have one of these names, or one that it had before it was renamed."""
        keys = join_ref_keys(refs, self._renames)
        renamed = {
            f"{kind}\t{new.lower()}": f"{kind}\t{old}"
            for kind, table in (("model", self._renames.models), ("dataset", self._renames.datasets))
            for old, new in table.items()
        }
        old = pa.array(list(renamed.values()), pa.string()).take(
            pc.index_in(keys, pa.array(list(renamed), pa.string()))
        )
        nodes = index.find_nodes(pc.unique(pa.concat_arrays([keys, join_ref_keys(refs), old.drop_null()])))
        return np.unique(nodes[nodes >= 0])
