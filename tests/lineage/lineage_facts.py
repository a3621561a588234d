"""Build facts and hits, and derive the statements of a small lineage graph."""

from __future__ import annotations

import pyarrow as pa

from auditor.facts import subjects_to_rows
from auditor.lineage.derive_statements import derive_statements
from auditor.lineage.edges import collect_edges
from auditor.model import Kind, Place, Statement, Subject
from auditor.policy.vocabularies import load_vocabularies

VOCABULARIES = load_vocabularies()
FILE_DIGEST = "sha256:" + "ab" * 32
HITS_SCHEMA = pa.schema(
    [(n, pa.string()) for n in ("kind", "name", "revision", "list", "means", "relation", "basis")]
    + [(n, pa.string()) for n in ("algorithm", "variant", "classification")]
    + [("hits", pa.int64()), ("samples", pa.int64())]
)


def model(name: str, *parents: str, kind: Kind = "model", revision: str = "", **stated: str) -> Subject:
    statements = [Statement("card", "front-matter", source="card")]
    statements += [Statement("base_model", parent, "finetune", source="card") for parent in parents]
    statements += [Statement(key, value, source="card") for key, value in stated.items()]
    return Subject(kind, name, revision, tuple(statements))


def dataset(name: str, **stated: str) -> Subject:
    return model(name, kind="dataset", **stated)


def model_with_file(name: str, digest: str, uri: str = "model.safetensors") -> Subject:
    return Subject("model", name, "", (Statement("artefact", digest, "model.safetensors", Place(uri), "computed"),))


def facts(*subjects: Subject) -> pa.Table:
    return pa.Table.from_batches([subjects_to_rows(subjects)])


def hit(name: str, relation: str = "exact", number: int = 1, **other: object) -> dict[str, object]:
    plain = {
        "kind": "dataset",
        "revision": "",
        "list": "test-list",
        "means": "csam",
        "basis": "computed",
        "samples": 120,
        "variant": "",
        "classification": "",
    }
    return {**plain, "name": name, "relation": relation, "hits": number, **other}


def derive_rows(table: pa.Table, *hits: dict[str, object]) -> list[tuple[str, str, str, str, str]]:
    found = derive_statements(
        table, pa.Table.from_pylist(list(hits), HITS_SCHEMA), collect_edges(table, VOCABULARIES.renamed), VOCABULARIES
    )
    return [
        (row["name"], row["key"], row["value"], row["relation"], row["remark"])
        for batch in found
        for row in batch.to_pylist()
    ]


def edge_triples(table: pa.Table) -> list[tuple[str, str, str]]:
    return [
        (row["child"], row["parent"], row["relation"]) for row in collect_edges(table, VOCABULARIES.renamed).to_pylist()
    ]
