"""Find the bases of a run's models by comparing weights: declared bases are tested, undeclared ones are found.

Each declared base is compared, and each model with those whose sketches are nearest to its own and those that share
tensors with it byte for byte (:mod:`auditor.lineage.shared_tensors`).

Sampled values show that two models are related, not which was first. A base is found only where another model
declares it as its base, with weights that agree, and where no base is declared for the model itself; else the two are
"related", and nothing is passed on between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.facts import EDGES_SCHEMA
from auditor.lineage.derived_statements import DerivedStatement
from auditor.lineage.edges import sort_and_deduplicate
from auditor.lineage.model_groups import ModelGroups
from auditor.lineage.weight_similarity import (
    MAX_NEIGHBOURS,
    RELATIONS,
    Relation,
    Similarity,
    Verdict,
    compare_weights,
)
from auditor.lineage.weight_tables import open_weight_table
from auditor.lineage.weight_units import SCRATCH_FILES, WeightUnits

# The share of identical tensors from which digests alone show an undeclared base: fewer may be a component that both
# models took from another one.
MIN_IDENTICAL_SHARE = 0.5
# How many sampled models stay in memory.
_CACHED_MODELS = 32
_DECLARED_VERDICTS: Mapping[Relation, Verdict] = {"unknown": "cannot tell", "unrelated": "conflicts"}

Pair = tuple[str, str]  # child and parent


def find_observed_bases(
    folders: Sequence[Path], edges: pa.Table, scratch: Path
) -> tuple[pa.Table, tuple[DerivedStatement, ...]]:
    """Compare the weights of a run's models.

    The verdict on a declared base is agrees, conflicts or cannot tell; a base that is not declared is undeclared;
    models are related where the weights do not show which is the base.

    Args:
        folders: The folders of the run, which hold the tables of fingerprints and tensors.
        edges: The declared edges, schema ``EDGES_SCHEMA``.
        scratch: A folder for arrays too large for memory.

    Returns:
        The edges with those that weights show, and a statement ``observed_base`` for each comparison.

    Raises:
        RunError: A table is damaged.
    """
    fingerprints, tensors = (
        sorted(path for folder in folders for path in (folder / kind).glob("*.parquet"))
        for kind in ("fingerprints", "tensors")
    )
    if not fingerprints and not tensors:
        return edges, ()
    try:
        units = WeightUnits.load(fingerprints, tensors, scratch)
        declared = _test_declared_bases(units, edges)
        links = _link_unconnected_models(units, edges, declared)
    finally:
        for name in SCRATCH_FILES:
            (scratch / name).unlink(missing_ok=True)
        open_weight_table.cache_clear()
    found = [*declared.items(), *links.items()]
    shown = [pair for pair, similarity in found if similarity.verdict in ("agrees", "undeclared")]
    if shown:
        cells = [("model", child, "model", parent, "observed", "weights") for child, parent in shown]
        columns = [pa.array(column, pa.string()) for column in zip(*cells, strict=True)]
        observed_edges = pa.Table.from_arrays(columns, schema=EDGES_SCHEMA)
        edges = sort_and_deduplicate(pa.concat_tables([edges, observed_edges]))
    return edges, tuple(sorted(_statement(pair, similarity) for pair, similarity in found))


def _statement(pair: Pair, similarity: Similarity) -> DerivedStatement:
    """Return the statement of a base that the comparison of weights observed."""
    child, parent = pair
    remark = str(replace(similarity, verdict=""))
    return DerivedStatement("model", child, "observed_base", parent, similarity.verdict, remark)


def _stronger(left: Similarity | None, right: Similarity) -> Similarity:
    """Return the observed similarity with the stronger relation; if equal, the one with the better figures."""
    if left is None:
        return right
    return max(left, right, key=lambda found: (*_strength(found), found.strong_share, found.cosine, found.compared))


def _strength(found: Similarity) -> tuple[int, bool]:
    """Return a key that orders the relations to an observed base, so that the strongest of several files counts.

    Files of which the figures do not tell come before unrelated ones, and those of which nothing was compared after.
    """
    is_indication = found.relation == "unknown" and found.compared > 0 and found.hint != ""
    return RELATIONS.index("unrelated" if is_indication else found.relation), is_indication


def _test_declared_bases(units: WeightUnits, edges: pa.Table) -> dict[Pair, Similarity]:
    """Compare each child with each base that is declared for it, where the run holds the weights of both."""
    owners = pa.array(list(units.by_owner), pa.string())
    wanted = pc.and_(pc.equal(edges["child_kind"], "model"), pc.equal(edges["parent_kind"], "model"))
    for end in ("child", "parent"):
        wanted = pc.and_(wanted, pc.is_in(edges[end], owners))
    declared = edges.filter(pc.and_(wanted, pc.not_equal(edges["relation"], "copy"))).select(["parent", "child"])
    samples = lru_cache(maxsize=_CACHED_MODELS)(units.samples)
    found: dict[Pair, Similarity] = {}
    common = units.tensors.common_prefixes(ModelGroups(edges, ()).group_numbers(units.owners))
    for parent, child in sorted(set(zip(*(column.to_pylist() for column in declared.columns), strict=True))):
        own, bases = units.by_owner[child], units.by_owner[parent]
        cosines = units.sketches[own.start : own.stop] @ units.sketches[bases.start : bases.stop].T
        strongest: Similarity | None = None
        # Of models with many files only the pairs of files with the nearest sketches are compared.
        for at in np.argsort(-np.round(cosines, 3), axis=None, kind="stable")[:MAX_NEIGHBOURS].tolist():
            left, right = divmod(at, len(bases))
            strongest = _stronger(strongest, compare_weights(samples(own[left]), samples(bases[right])))
        assert strongest
        strongest = units.add_tensor_digests(child, parent, strongest, common)
        found[child, parent] = replace(strongest, verdict=_DECLARED_VERDICTS.get(strongest.relation, "agrees"))
    return found


def _link_unconnected_models(
    units: WeightUnits, edges: pa.Table, declared: Mapping[Pair, Similarity]
) -> dict[Pair, Similarity]:
    """Observe bases of models that declarations leave unconnected, the most similar first, until connected."""
    samples = lru_cache(maxsize=_CACHED_MODELS)(units.samples)
    compared: dict[Pair, Similarity] = {}
    contradicted = [pair for pair, similarity in declared.items() if similarity.verdict == "conflicts"]
    groups = ModelGroups(edges, contradicted)
    for unit, other in units.nearest_units():
        pair = units.owners[unit], units.owners[other]
        if not groups.are_connected(*pair):
            compared[pair] = _stronger(compared.get(pair), compare_weights(samples(unit), samples(other)))
    confirmed_bases = {parent for (_, parent), similarity in declared.items() if similarity.verdict == "agrees"}
    untested = _models_with_untested_base(edges, declared)
    common = units.tensors.common_prefixes(groups.group_numbers(units.owners))
    candidates = [
        (-round(similarity.cosine, 5), not confirmed_bases & {*pair}, *pair)
        for pair, similarity in (
            (pair, units.add_tensor_digests(*pair, by_values, common)) for pair, by_values in compared.items()
        )
        if similarity.is_related
    ]
    links: dict[Pair, Similarity] = {}

    def link(left: str, right: str) -> None:
        """Record how two models' weights are related, unless their groups are connected already."""
        if not groups.connect(left, right):
            return
        both: dict[Pair, Similarity] = {}
        for child, parent in ((left, right), (right, left)):
            by_values = compared.get((child, parent)) or compared[parent, child]
            both[child, parent] = found = units.add_tensor_digests(child, parent, by_values)
            is_mostly_same = by_values.is_related or found.identical >= MIN_IDENTICAL_SHARE * found.hashed
            is_base = parent in confirmed_bases and child not in confirmed_bases and child not in untested
            if is_mostly_same and is_base:
                links[child, parent] = replace(found, verdict="undeclared")
                return
        links.update((pair, replace(found, verdict="related")) for pair, found in both.items())

    for _, _, left, right in sorted(candidates):
        link(left, right)
    for unit, other in units.tensors.sharing_units(groups.group_numbers(units.owners)):
        pair = units.owners[unit], units.owners[other]
        if not groups.are_connected(*pair):
            compared[pair] = compare_weights(samples(unit), samples(other))
            link(*pair)
    return links


def _models_with_untested_base(edges: pa.Table, declared: Mapping[Pair, Similarity]) -> frozenset[str]:
    """Return the models with a declared base that could not be compared: similar models may be related through it."""
    of_models = pc.and_(pc.equal(edges["parent_kind"], "model"), pc.not_equal(edges["relation"], "copy"))
    stated = edges.filter(of_models)
    pairs = cast("Iterator[Pair]", zip(stated["child"].to_pylist(), stated["parent"].to_pylist(), strict=True))
    tested = {pair for pair, similarity in declared.items() if similarity.verdict != "cannot tell"}
    return frozenset(child for child, parent in pairs if (child, parent) not in tested)
