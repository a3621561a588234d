"""Compare the licence of each child with its parent's: find permissions that the parent's licence does not give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from auditor.lineage.derived_statements import DerivedStatement
from auditor.lineage.origins import IN_RUN, Origins
from auditor.lineage.string_ids import Ids
from auditor.model import Kind
from auditor.terms.licences import Licences

# How much a licence permits. An unknown permission is read in the child's favour: as least in the child's own licence,
# as most in its parent's.
_LEAST, _MOST = 0, 2
_CHILD_RANKS = {"no": 0, "conditions": 1, "yes": 2}
_PARENT_RANKS = {"no": 0, "conditions": 1}
# The permissions that are compared, and how the statement's value names them.
PERMISSIONS: Mapping[str, str] = {
    "commercial": "commercial use",
    "derivatives": "being a derivative",
    "redistribution": "redistribution",
}
_KINDS: tuple[Kind, ...] = ("model", "dataset")


def licence_statements(
    facts: pads.Dataset, edges: pa.Table, licences: Licences, origins: Origins = IN_RUN
) -> Iterator[DerivedStatement]:
    """Yield ``licence_beyond`` for each child, parent and permission that the parent's licence does not give.

    The value is the permission, the relation the parent, the remark both licences' ids. Nothing is stated where a
    licence is unknown. Of several licences of a parent the most permissive counts, of a child the least.
    """
    for kind in _KINDS:
        stated = facts.to_table(
            ["name", "value"], filter=(pc.field("kind") == kind) & (pc.field("key") == "licence_id")
        )
        same_kind = pc.and_(pc.equal(edges["child_kind"], kind), pc.equal(edges["parent_kind"], kind))
        made = edges.filter(pc.and_(same_kind, pc.not_equal(edges["relation"], "copy")))
        made = made.select(["child", "parent"]).group_by(["child", "parent"]).aggregate([])
        found: dict[tuple[str, str], list[str]] = {}
        for permission, text in PERMISSIONS.items():
            words = {name: licence.permits.get(permission, "") for name, licence in licences.by_id.items()}
            parent_ranks = {name: _PARENT_RANKS.get(word, _MOST) for name, word in words.items()}
            child_ranks = {name: _CHILD_RANKS.get(word, _LEAST) for name, word in words.items()}
            allowed = _best_ranks(made["parent"], stated, parent_ranks, "max", _MOST)
            claimed = _best_ranks(made["child"], stated, child_ranks, "min", _LEAST)
            if permission == "commercial":
                beyond = allowed < claimed
            else:  # a child of a parent that forbids derivatives is one, whatever its own licence is
                beyond = (allowed == 0) & ((claimed > 0) | (permission == "derivatives"))
            for row in made.append_column("rank", pa.array(allowed)).filter(pa.array(beyond)).to_pylist():
                value = text + (" without conditions" if row["rank"] else "")
                found.setdefault((row["child"], row["parent"]), []).append(value)
        ids = _licence_ids(stated, {name for pair in found for name in pair})
        for (child, parent), values in sorted(found.items()):
            remark = "; ".join(
                f"{origins.show(kind, name)}: {', '.join(sorted(ids.get(name, ())))}" for name in (parent, child)
            )
            for value in values:
                yield DerivedStatement(kind, child, "licence_beyond", value, parent, remark)


def _licence_ids(stated: pa.Table, names: set[str]) -> dict[str, set[str]]:
    """Return the licence ids that each parent's or child's name states."""
    ids: dict[str, set[str]] = {}
    for row in stated.filter(pc.is_in(stated["name"], pa.array(sorted(names), pa.string()))).to_pylist():
        ids.setdefault(row["name"], set()).add(row["value"])
    return ids


def _best_ranks(
    names: pa.ChunkedArray[Any],
    stated: pa.Table,
    ranks: Mapping[str, int],
    aggregate: Literal["min", "max"],
    unknown: int,
) -> Ids:
    """Return the greatest or least rank of the licences that each parent or child states.

    Args:
        names: The subjects asked for.
        stated: Columns name and value, the licence's id.
        ranks: The rank of each licence id.
        aggregate: Which of a subject's ranks counts.
        unknown: The rank of a subject without a licence, and of an unknown licence.
    """
    at = pc.index_in(stated["value"], pa.array(list(ranks), pa.string()))
    given = pc.fill_null(pa.chunked_array([pa.array(list(ranks.values()), pa.int64())]).take(at), unknown)
    best = pa.table({"name": stated["name"], "rank": given}).group_by("name").aggregate([("rank", aggregate)])
    found = best[f"rank_{aggregate}"].take(pc.index_in(names, best["name"].combine_chunks()))
    return np.asarray(pc.fill_null(found, unknown).to_numpy(), np.int64)
