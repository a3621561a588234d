from __future__ import annotations

import pyarrow as pa
import pytest

from auditor.lineage.derived_statements import DerivedStatement
from auditor.lineage.edges import collect_edges
from auditor.lineage.graph import Graph
from auditor.lineage.known_models import (
    dedicated_derivative_statements,
    known_model_statements,
    same_weights_models,
)
from auditor.model import Statement, Subject
from tests.lineage.lineage_facts import HITS_SCHEMA, VOCABULARIES, derive_rows, facts, hit, model


def test_a_listed_digest_that_a_model_only_declares_is_a_lead_without_descendants() -> None:
    table = facts(model("o/pointer"), model("o/b", "o/pointer"))
    listed = {"kind": "model", "means": "model", "list": "models", "basis": "declared", "algorithm": "sha256"}
    assert [row[:4] for row in derive_rows(table, hit("o/pointer", **listed))] == [
        ("o/pointer", "known_model", "models", "claimed-weights")
    ]


def test_a_name_on_a_list_of_models_is_a_lead_without_descendants() -> None:
    table = facts(model("o/listed"), model("o/b", "o/listed"))
    found = derive_rows(table, hit("o/listed", "near", kind="model", means="model", list="models", algorithm="name"))
    assert [row[:4] for row in found] == [("o/listed", "known_model", "models", "name")]


def model_hit(
    name: str = "o/a", relation: str = "exact", algorithm: str = "sha256", **other: object
) -> dict[str, object]:
    return hit(name, relation, **{"kind": "model", "means": "model", "list": "models", "algorithm": algorithm, **other})


def known_model_rows(*hits: dict[str, object]) -> list[tuple[str, str, str]]:
    rows = known_model_statements(pa.Table.from_pylist(list(hits), HITS_SCHEMA))
    return [(row.name, row.relation, row.remark) for row in rows]


@pytest.mark.parametrize(
    ("hits", "relation", "remark"),
    [
        ([model_hit()], "same-weights", "by sha256; computed from its files"),
        ([model_hit(algorithm="autov3")], "same-autov3", "by autov3; computed from its files"),
        ([model_hit(algorithm="autov3"), model_hit()], "same-weights", "by sha256, autov3; computed from its files"),
        (
            [model_hit(relation="near", algorithm="auditor-fingerprint-1", variant="36 of 36 tensors")],
            "same-values",
            "by auditor-fingerprint-1 (36 of 36 tensors); computed from its files",
        ),
        (
            [model_hit(relation="near", algorithm="auditor-fingerprint-1"), model_hit(algorithm="autov3")],
            "same-autov3",
            "by autov3, auditor-fingerprint-1; computed from its files",
        ),
        ([model_hit(basis="declared")], "claimed-weights", "by sha256; declared in its texts"),
        (
            [model_hit(relation="near", algorithm="auditor-fingerprint-1", basis="declared")],
            "auditor-fingerprint-1",
            "by auditor-fingerprint-1; declared in its texts",
        ),
        ([model_hit(relation="near", algorithm="base-name")], "base", "by base-name; computed from its files"),
        ([model_hit(relation="near", algorithm="base-file")], "base", "by base-file; computed from its files"),
        (
            [model_hit(relation="near", algorithm="base-file", classification="dedicated, 2 confirmations")],
            "dedicated",
            "by base-file: dedicated, 2 confirmations; computed from its files",
        ),
        (
            [model_hit(relation="near", algorithm="base-file", classification="general")],
            "base",
            "by base-file: general; computed from its files",
        ),
        (
            [model_hit(relation="near", algorithm="base-name", classification="dedicated")],
            "base",
            "by base-name: dedicated; computed from its files",
        ),
        ([model_hit(relation="near", algorithm="short-hash")], "short-hash", "by short-hash; computed from its files"),
        (
            [model_hit(), model_hit(relation="near", algorithm="name", basis="declared")],
            "same-weights",
            "by sha256; computed from its files, declared in its texts",
        ),
    ],
)
def test_the_relation_says_what_a_match_proves(hits: list[dict[str, object]], relation: str, remark: str) -> None:
    assert known_model_rows(*hits) == [("o/a", relation, remark)]


def test_every_lead_is_stated_by_its_relation_and_each_list_by_itself() -> None:
    leads = (
        model_hit(relation="near", algorithm="short-hash"),
        model_hit(relation="near", algorithm="name"),
        model_hit(relation="near", algorithm="base-name"),
        model_hit(relation="near", algorithm="base-file"),
        model_hit(list="others"),
        model_hit(means="csam"),
    )
    assert known_model_rows(*leads) == [
        ("o/a", "base", "by base-name, base-file; computed from its files"),
        ("o/a", "name", "by name; computed from its files"),
        ("o/a", "short-hash", "by short-hash; computed from its files"),
        ("o/a", "same-weights", "by sha256; computed from its files"),
    ]


def test_only_models_that_are_shown_to_be_listed_ones_are_the_same() -> None:
    hits = [
        model_hit("o/b"),
        model_hit("o/a", "near", "auditor-fingerprint-1"),
        model_hit("o/c", basis="declared"),
        model_hit("o/d", "near", "name"),
        model_hit("o/e", means="csam"),
    ]
    assert same_weights_models(pa.Table.from_pylist(hits, HITS_SCHEMA)) == ["o/a", "o/b"]


DEDICATED = model_hit("o/listed", classification="dedicated, an authority")


def derivatives(
    *subjects: Subject, hits: tuple[dict[str, object], ...] = (DEDICATED,), conflicts: tuple[str, ...] = ()
) -> list[tuple[str, str, str]]:
    graph = Graph.from_edges(collect_edges(facts(*subjects), VOCABULARIES.renamed))
    table = pa.Table.from_pylist(list(hits), HITS_SCHEMA)
    observed = [DerivedStatement("model", name, "observed_base", "o/listed", "conflicts", "") for name in conflicts]
    observed.append(DerivedStatement("model", "o/c", "observed_base", "o/listed", "agrees", ""))
    found = dedicated_derivative_statements(graph, table, observed)
    return [(row.name, f"{row.value} {row.relation}", row.remark) for row in found]


def child(name: str, *sources: str) -> Subject:
    return Subject("model", name, "", tuple(Statement("base_model", "o/listed", "finetune", source=s) for s in sources))


def test_a_model_made_from_a_dedicated_listed_one_is_stated_with_the_strongest_source() -> None:
    found = derivatives(
        model("o/listed"),
        child("o/a", "card-text", "card", "header", "config"),
        child("o/b", "card"),
        child("o/text", "card-text"),
        model("o/grandchild", "o/b"),
        Subject("dataset", "o/data", "", (Statement("sourced_from", "o/listed", source="card"),)),
    )
    remark = "the list says of that: dedicated, an authority"
    assert found == [
        ("o/a", "models dedicated", f"made from o/listed, says its header; {remark}"),
        ("o/b", "models dedicated", f"made from o/listed, says its card; {remark}"),
    ]


def test_weights_that_contradict_it_or_that_are_listed_themselves_are_not_stated_to_be_made_from_it() -> None:
    subjects = model("o/listed"), child("o/a", "card"), child("o/b", "card"), child("o/c", "card")
    found = derivatives(*subjects, hits=(DEDICATED, model_hit("o/b")), conflicts=("o/a",))
    assert [row[0] for row in found] == ["o/c"]


@pytest.mark.parametrize(
    "match",
    [
        model_hit("o/listed", classification="general"),
        model_hit("o/listed", "near", "name", classification="dedicated"),
        model_hit("o/listed", basis="declared", classification="dedicated"),
    ],
    ids=["general", "a name", "claimed"],
)
def test_nothing_is_stated_of_what_is_made_from_a_model_that_is_not_shown_to_be_a_dedicated_one(
    match: dict[str, object],
) -> None:
    assert derivatives(model("o/listed"), child("o/a", "card"), hits=(match,)) == []
