"""Write and open the index of a context: what a finished run knows of its subjects, looked up by name.

An index is a folder of Arrow files. They are memory-mapped and searched in place, so that opening one and looking up a
model costs milliseconds and no memory, however many subjects it has. It holds names, edges, licences, clauses
and counted hits; no digests and no places.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from auditor.facts import LOW_MEMORY_SCAN
from auditor.lineage.repository_names import join_keys
from auditor.lineage.string_ids import Ids
from auditor.lineage.subject_resolution import list_subject_names
from auditor.policy.vocabulary_tables import RenamedRepositories

# The statements of each subject that an index keeps.
CONTEXT_KEYS = ("licence_id", "clause")
# Raised when what is in an index changes; one of another version is written anew.
INDEX_VERSION = 1
_KINDS = ("model", "dataset")
_VERSION_KEY, _RUN_KEY = b"version", b"run"
_FILES = ("nodes", "statements", "edges", "copies", "hits")
_HASH_BYTES = 8
_TAB = "\t"
_NO_RENAMES = RenamedRepositories()


@dataclass(frozen=True, slots=True)
class ContextIndex:
    """The mapped tables of an index.

    A node is a model or dataset that the run read, or that a subject of it names. Its number is its row in ``nodes``
    (hash, ref, is_subject), which are sorted by the hash of their join key. The other tables have a column ``node`` and
    are sorted by it: ``statements`` (key, value), ``edges`` (parent, relation, source), ``copies`` (the edges between
    copies in the other direction) and ``hits`` (counted, as the derivation takes them).
    """

    nodes: pa.Table
    statements: pa.Table
    edges: pa.Table
    copies: pa.Table
    hits: pa.Table

    def find_nodes(self, keys: pa.Array) -> Ids:
        """Return the node of each join key of :func:`join_ref_keys`, -1 where there is none; a subject comes first."""
        hashes, known = _hashes(keys), self.nodes["hash"].chunk(0).to_numpy()
        at = np.searchsorted(known, hashes)
        nodes = np.where(at < len(known), at, -1)
        # Another name may have the same hash by chance.
        found = np.flatnonzero(nodes >= 0)
        same = pc.equal(join_ref_keys(self.refs(nodes[found])), keys.take(pa.array(found)))
        nodes[found[~same.to_numpy(zero_copy_only=False)]] = -1
        return nodes.astype(np.int64)

    def ancestors(self, start: Ids, is_at_hand: Callable[[pa.Array], npt.NDArray[np.bool_]]) -> Ids:
        """Return these nodes and all that they descend from, sorted; what their copies descend from counts too.

        Args:
            start: The nodes to start from.
            is_at_hand: Returns which refs are at hand; such nodes are neither found nor passed.
        """
        found, frontier = np.zeros(0, np.int64), np.unique(start)
        while len(frontier := frontier[~is_at_hand(self.refs(frontier))]):
            found = np.union1d(found, frontier)
            parents = [self.rows(table, frontier)["parent"].to_numpy() for table in ("edges", "copies")]
            frontier = np.setdiff1d(np.concatenate(parents).astype(np.int64), found)
        return found

    def refs(self, nodes: npt.NDArray[Any]) -> pa.Array:
        """Return kind and name of nodes, with a tab between them."""
        return self.nodes["ref"].chunk(0).take(pa.array(nodes)).cast(pa.string())

    def are_subjects(self, nodes: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Return which of these nodes the run read, and does not know by name alone."""
        read: pa.Array = self.nodes["is_subject"].chunk(0).take(pa.array(nodes))
        return np.asarray(read.to_numpy(zero_copy_only=False), np.bool_)

    def rows(self, table: Literal["statements", "edges", "copies", "hits"], nodes: Ids) -> pa.Table:
        """Return the rows of a table that belong to these sorted nodes."""
        rows: pa.Table = getattr(self, table)
        owners = rows["node"].chunk(0).to_numpy()
        wanted = nodes.astype(owners.dtype)  # of another type, NumPy would copy the whole column
        first, end = np.searchsorted(owners, wanted, "left"), np.searchsorted(owners, wanted, "right")
        counts = end - first
        starts = np.repeat(first - (np.cumsum(counts) - counts), counts)
        return rows.take(pa.array(starts + np.arange(counts.sum())))


def make_refs(kinds: Any, names: Any) -> pa.Array:
    """Return kind and name of subjects, with a tab between them, as one column."""
    joined = pc.binary_join_element_wise(kinds, names, _TAB)
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def split_refs(refs: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the kinds and the names of a column that :func:`make_refs` made."""
    parts = pc.split_pattern(refs, _TAB, max_splits=1)
    return pc.list_element(parts, 0), pc.list_element(parts, 1)


def join_ref_keys(refs: pa.Array, renames: RenamedRepositories = _NO_RENAMES) -> pa.Array:
    """Return refs with the key by which names are joined in place of the name.

    An index knows no renamed repositories: who looks a name up gives the old names too.
    """
    kinds, names = split_refs(refs)
    keys = join_keys(names, "models", renames)
    if renames.models or renames.datasets:
        keys = pc.if_else(pc.equal(kinds, "dataset"), join_keys(names, "datasets", renames), keys)
    return make_refs(kinds, keys)


def _hashes(keys: pa.Array) -> npt.NDArray[np.uint64]:
    """Return a hash of each text."""
    digests = (blake2b(key.encode(), digest_size=_HASH_BYTES).digest() for key in keys.to_pylist())
    return np.frombuffer(b"".join(digests), np.uint64)


def write_context_index(folder: Path, run: str, facts: pads.Dataset, edges: pa.Table, hits: pa.Table) -> None:
    """Write the index of a finished run into an empty folder.

    Args:
        folder: The index's folder.
        run: What tells the run from others: an index is opened only for the run that it was written of.
        facts: The run's facts.
        edges: The run's lineage, schema ``EDGES_SCHEMA``.
        hits: The counted hits of its subjects, with columns kind and name.
    """
    children, parents = (make_refs(edges[f"{end}_kind"], edges[end]) for end in ("child", "parent"))
    subjects = pa.concat_arrays([make_refs(kind, list_subject_names(facts, kind)) for kind in _KINDS])
    refs = pc.unique(pa.concat_arrays([subjects, children, parents]))
    is_subject = pc.is_in(refs, subjects).to_numpy(zero_copy_only=False)
    ranks = np.empty(len(refs), np.int64)
    ranks[pc.sort_indices(refs).to_numpy()] = np.arange(len(refs))
    hashes = _hashes(join_ref_keys(refs))
    order = np.lexsort((ranks, ~is_subject, hashes))
    refs = refs.take(pa.array(order))
    wanted = pc.field("kind").isin(_KINDS) & pc.field("key").isin(CONTEXT_KEYS)
    stated = facts.to_table(["kind", "name", "key", "value"], filter=wanted, **LOW_MEMORY_SCAN)
    stated = stated.group_by(stated.column_names).aggregate([])
    made = edges.select(["relation", "source"]).append_column("parent", _positions(parents, refs))
    made = _sort_by_node(made, _positions(children, refs))
    copies = made.filter(pc.equal(made["relation"], "copy"))
    tables = (
        pa.table([hashes[order], refs.cast(pa.large_string()), is_subject[order]], ["hash", "ref", "is_subject"]),
        _sort_by_node(stated.select(["key", "value"]), _positions(make_refs(stated["kind"], stated["name"]), refs)),
        made,
        _sort_by_node(copies.select(["node"]).rename_columns(["parent"]), copies["parent"]),
        _sort_by_node(hits, _positions(make_refs(hits["kind"], hits["name"]), refs)),
    )
    metadata = {_VERSION_KEY: str(INDEX_VERSION), _RUN_KEY: run}
    for name, table in zip(_FILES, tables, strict=True):
        table = table.replace_schema_metadata(metadata).combine_chunks()
        # An empty table has no batch, and columns of an index are read as one chunk.
        batches = table.to_batches() or [pa.RecordBatch.from_pylist([], table.schema)]
        with pa.ipc.new_file(folder / f"{name}.arrow", table.schema) as writer:
            writer.write_batch(batches[0])


def open_context_index(folder: Path, run: str) -> ContextIndex | None:
    """Open the index of a run; None if there is none, or one of another run or version, or a damaged one."""
    tables = []
    for name in _FILES:
        try:
            table = pa.ipc.open_file(pa.memory_map(str(folder / f"{name}.arrow"))).read_all()
        except (OSError, pa.ArrowInvalid):
            return None
        if table.schema.metadata != {_VERSION_KEY: str(INDEX_VERSION).encode(), _RUN_KEY: run.encode()}:
            return None
        tables.append(table)
    return ContextIndex(*tables)


def _positions(refs: pa.Array, nodes: pa.Array) -> pa.Array:
    """Return the node of each ref; null where it is none."""
    return pc.index_in(refs, nodes)


def _sort_by_node(table: pa.Table, nodes: pa.Array) -> pa.Table:
    """Return a table with a column of nodes, sorted by it; rows without a node are left out."""
    table = table.append_column("node", nodes)
    return table.filter(pc.is_valid(table["node"])).sort_by("node")
