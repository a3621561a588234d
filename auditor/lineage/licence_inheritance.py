"""Follows licences along the graph: what a child allows, or is, that the licence of its parent does not allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from auditor.lineage.graph import Ids
from auditor.lineage.repository_names import permits

# What is not known speaks for the child: its own licence is taken as narrow, its parent's as wide.
_NARROW = {"no": 0, "conditions": 1, "yes": 2}
_WIDE = {"no": 0, "conditions": 1}

Row = tuple[str, str, str, str, str, str]


def beyond(dataset: pads.Dataset, edges: pa.Table, vocabulary: Path) -> Iterator[Row]:
    """``licence_beyond``, edge by edge: value what is not allowed, relation the parent, remark both licences' ids.

    Silent where a licence is not known. Of several licences of a parent the widest counts, of a child the narrowest.
    """
    known = permits(vocabulary)
    for kind in ("model", "dataset"):
        stated = dataset.to_table(
            ["name", "value"], filter=(pc.field("kind") == kind) & (pc.field("key") == "licence_id")
        )
        among = pc.and_(pc.equal(edges["child_kind"], kind), pc.equal(edges["parent_kind"], kind))
        made = edges.filter(pc.and_(among, pc.not_equal(edges["relation"], "copy")))
        made = made.select(["child", "parent"]).group_by(["child", "parent"]).aggregate([])
        found: dict[tuple[str, str], list[str]] = {}
        for what in ("commercial", "derivatives", "redistribution"):
            words = {name: table.get(what, "") for name, table in known.items()}
            allowed = _ranks(
                made["parent"], stated, {name: _WIDE.get(word, 2) for name, word in words.items()}, "max", 2
            )
            claimed = _ranks(
                made["child"], stated, {name: _NARROW.get(word, 0) for name, word in words.items()}, "min", 0
            )
            if what == "commercial":
                wrong = allowed < claimed
            else:
                wrong = (allowed == 0) & ((claimed > 0) | (what == "derivatives"))
            for row in made.append_column("rank", pa.array(allowed)).filter(pa.array(wrong)).to_pylist():
                value = _WORDS[what] + (" without conditions" if row["rank"] else "")
                found.setdefault((row["child"], row["parent"]), []).append(value)
        called = pa.array(sorted({name for pair in found for name in pair}), pa.string())
        ids: dict[str, set[str]] = {}
        for row in stated.filter(pc.is_in(stated["name"], called)).to_pylist():
            ids.setdefault(row["name"], set()).add(row["value"])
        for (child, parent), values in sorted(found.items()):
            remark = "; ".join(f"{name}: {', '.join(sorted(ids.get(name, ())))}" for name in (parent, child))
            for value in values:
                yield kind, child, "licence_beyond", value, parent, remark


_WORDS: Mapping[str, str] = {
    "commercial": "commercial use",
    "derivatives": "being a derivative",
    "redistribution": "redistribution",
}


def _ranks(
    names: pa.ChunkedArray[Any], stated: pa.Table, ranks: Mapping[str, int], which: Literal["min", "max"], unknown: int
) -> Ids:
    """The greatest or least rank of the licences that each name states."""
    at = pc.index_in(stated["value"], pa.array(list(ranks), pa.string()))
    given = pc.fill_null(pa.chunked_array([pa.array(list(ranks.values()), pa.int64())]).take(at), unknown)
    best = pa.table({"name": stated["name"], "rank": given}).group_by("name").aggregate([("rank", which)])
    found = best[f"rank_{which}"].take(pc.index_in(names, best["name"].combine_chunks()))
    return np.asarray(pc.fill_null(found, unknown).to_numpy(), np.int64)
