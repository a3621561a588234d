"""Find the models that match entries of lists of models, that resemble a listed model, or that were made from one.

``known_model`` has the list as value. Its relation is what the match proves: ``same-weights``, ``same-autov3`` and
``same-values`` that it is the listed model, ``hub-listed-weights`` that it is if the hub's own digest is right;
``dedicated`` that it was made from a model that the list holds as made for its purpose; every other relation is a lead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from auditor.known.model_entries import purpose_of
from auditor.lineage.derived_statements import DerivedStatement
from auditor.lineage.graph import EDGE_SOURCES, Graph
from auditor.lineage.model_matching import BASE_FILE, BASE_NAME
from auditor.model import Basis
from auditor.samples import WEIGHT_FINGERPRINT

# A base that a model names is one lead, whether it is named by its file or by its address.
_BASE_LEADS: Mapping[str, str] = {BASE_FILE: "base", BASE_NAME: "base"}
_BASIS_LABELS: Mapping[Basis, str] = {
    "computed": "computed from its files",
    "listed": "as the hub lists them, no weights read here",
    "declared": "declared in its texts",
}
# Of these digests a match says which model it is.
_TRUSTED_BASES: tuple[Basis, ...] = ("computed", "listed")


class _Match(NamedTuple):
    """How a model was found on a list. ``details`` and ``classification`` are the list's words, for people."""

    is_same_model: bool
    is_computed: bool
    is_exact: bool
    algorithm: str
    details: str
    classification: str

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> _Match:
        """Read a row of hits on a list that means model.

        A digest that is only declared, as by a Git LFS pointer, does not show that a model is the listed one.
        """
        is_exact = row["relation"] == "exact"
        is_same_model = row["basis"] in _TRUSTED_BASES and (is_exact or row["algorithm"] == WEIGHT_FINGERPRINT)
        return cls(
            is_same_model, row["basis"] == "computed", is_exact, row["algorithm"], row["variant"], row["classification"]
        )

    def __str__(self) -> str:
        found_by = f"{self.algorithm} ({self.details})" if self.details else self.algorithm
        return f"{found_by}: {self.classification}" if self.classification else found_by


def known_model_statements(hits: pa.Table) -> Iterator[DerivedStatement]:
    """Yield ``known_model`` for each list that a model matches or has a lead to; leads only where there is no match."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in _model_rows(hits):
        groups.setdefault((row["kind"], row["name"], row["revision"], row["list"]), []).append(row)
    for (kind, name, revision, list_name), rows in sorted(groups.items()):
        basis = ", ".join(_BASIS_LABELS[basis] for basis in sorted({row["basis"] for row in rows}))
        matches = sorted({_Match.from_row(row) for row in rows}, reverse=True)
        for relation, chosen in _by_relation(matches).items():
            remark = f"by {', '.join(map(str, chosen))}; {basis}"
            yield DerivedStatement(kind, name, "known_model", list_name, relation, remark, revision)


def _model_rows(hits: pa.Table) -> list[dict[str, Any]]:
    """Return the hits on lists of known models."""
    return [row for row in hits.to_pylist() if row["means"] == "model"]


def _by_relation(matches: list[_Match]) -> dict[str, list[_Match]]:
    """Group the matches of known models by the relation that they are stated as, sorted by it."""
    if same := [match for match in matches if match.is_same_model]:
        same = [match for match in same if match.is_computed] or same
        if not same[0].is_computed:
            return {"hub-listed-weights": same}
        digests = {match.algorithm for match in same if match.is_exact}
        return {"same-weights" if digests - {"autov3"} else "same-autov3" if digests else "same-values": same}
    leads: dict[str, list[_Match]] = {}
    for match in matches:
        leads.setdefault(_lead_relation(match), []).append(match)
    return dict(sorted(leads.items()))


def _lead_relation(match: _Match) -> str:
    """Return the relation of the statement that a lead to a listed model becomes."""
    if match.is_exact:
        return "claimed-weights"
    if match.algorithm == BASE_FILE and purpose_of(match.classification) == "dedicated":
        return "dedicated"
    return _BASE_LEADS.get(match.algorithm, match.algorithm)


def same_weights_models(hits: pa.Table) -> list[str]:
    """Return the sorted names of the models that have the same weights as a known model."""
    return sorted({row["name"] for row in _model_rows(hits) if _Match.from_row(row).is_same_model})


def dedicated_derivative_statements(
    graph: Graph, hits: pa.Table, observed_bases: Iterable[DerivedStatement]
) -> Iterator[DerivedStatement]:
    """Yield ``known_model`` with relation dedicated for models made directly from a dedicated listed model.

    Their own card or header, or their weights, show this. A model is left out where its weights contradict it, and
    where only a text mentions the listed model.
    """
    dedicated: dict[str, dict[str, str]] = {}  # by model and list: the classification
    same: set[tuple[str, str]] = set()
    for row in _model_rows(hits):
        match = _Match.from_row(row)
        if match.is_same_model:
            same.add((row["name"], row["list"]))
            if purpose_of(match.classification) == "dedicated":
                dedicated.setdefault(row["name"], {})[row["list"]] = match.classification
    contradicted = {(found.name, found.value) for found in observed_bases if found.relation == "conflicts"}
    parents = graph.find_nodes("model", sorted(dedicated))
    is_model = graph.child & 1 == 0
    more_than_text = graph.strength > EDGE_SOURCES.index("card-text")
    chosen = np.flatnonzero(np.isin(graph.parent, parents) & ~graph.is_copy & is_model & more_than_text)
    strongest: dict[tuple[str, str, str], int] = {}
    for at in chosen.tolist():
        child, parent = graph.node_name(graph.child[at]), graph.node_name(graph.parent[at])
        for list_name in dedicated[parent]:
            if (child, parent) not in contradicted and (child, list_name) not in same:
                key = child, list_name, parent
                strongest[key] = max(strongest.get(key, 0), int(graph.strength[at]))
    for (child, list_name, parent), strength in sorted(strongest.items()):
        source, classification = EDGE_SOURCES[strength], dedicated[parent][list_name]
        shown = graph.origins.show("model", parent)
        remark = f"made from {shown}, says its {source}; the list says of that: {classification}"
        yield DerivedStatement("model", child, "known_model", list_name, "dedicated", remark)
