"""Compare the prohibition clause of each child with its parent's: kept, weakened, dropped or added."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from auditor.facts import LOW_MEMORY_SCAN
from auditor.lineage.derived_statements import DerivedStatement
from auditor.lineage.origins import IN_RUN, Origins
from auditor.model import Kind
from auditor.statement_words import CLAUSE_WORDS

# Values of the statement ``clause``, the weakest protection first.
CLAUSE_RANKS = ("absent", "by-reference", "card-only", "explicit")
_ABSENT, _BY_REFERENCE = 0, 1
_KINDS: tuple[Kind, ...] = ("model", "dataset")


def clause_statements(facts: pads.Dataset, edges: pa.Table, origins: Origins = IN_RUN) -> Iterator[DerivedStatement]:
    """Yield ``protection`` for each child and parent whose terms were both read.

    The value is kept, by-reference, dropped or added; the relation is the parent. If a subject has
    several clauses, the strongest counts. There is no statement about two subjects that never had the clause.
    """
    for kind in _KINDS:
        wanted = (pc.field("kind") == kind) & (pc.field("key") == "clause")
        stated = facts.to_table(["name", "value"], filter=wanted, **LOW_MEMORY_SCAN)
        ranked = stated.append_column("rank", pc.index_in(stated["value"], pa.array(CLAUSE_RANKS)))
        best = ranked.group_by("name").aggregate([("rank", "max")])
        names, ranks = best["name"].combine_chunks(), best["rank_max"].combine_chunks()
        same_kind = pc.and_(pc.equal(edges["child_kind"], kind), pc.equal(edges["parent_kind"], kind))
        made = edges.filter(pc.and_(same_kind, pc.not_equal(edges["relation"], "copy")))
        of_parent, of_child = (
            ranks.take(pc.index_in(made[end], names).combine_chunks()) for end in ("parent", "child")
        )
        rows = made.append_column("parent_rank", of_parent).append_column("child_rank", of_child)
        # The sum is null where either is unknown, and 0 where neither has the clause: both are filtered out.
        for row, edge in _merge_edges(rows.filter(pc.greater(pc.add(of_parent, of_child), 0))):
            before, after = row["parent_rank"], row["child_rank"]
            clauses = (
                f"{origins.show(kind, row['parent'])} {CLAUSE_WORDS[CLAUSE_RANKS[before]]}; "
                f"{row['child']} {CLAUSE_WORDS[CLAUSE_RANKS[after]]}"
            )
            yield DerivedStatement(
                kind, row["child"], "protection", _clause_change(before, after), row["parent"], f"{clauses}; {edge}"
            )


def _clause_change(before: int, after: int) -> str:
    """Return how a clause changed from the parent to the child: kept, by-reference, dropped or added."""
    if before == _ABSENT:
        return "added"
    if after == _ABSENT:
        return "dropped"
    return "by-reference" if after == _BY_REFERENCE < before else "kept"


def _merge_edges(edges: pa.Table) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each pair of child and parent whose clauses are compared once, with all edges' relations and sources."""
    key = ("child_kind", "child", "parent_kind", "parent")
    for _, group in itertools.groupby(edges.to_pylist(), lambda row: [row[name] for name in key]):
        rows = list(group)
        stated = " and ".join(f"{row['relation'] or 'base'}, {row['source']}" for row in rows)
        yield rows[0], f"descent stated as: {stated}"
