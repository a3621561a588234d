from __future__ import annotations

import json
import random
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.facts import FACTS_SCHEMA, subjects_to_rows
from auditor.lineage.derive import derive_statements
from auditor.lineage.edges import collect_edges
from auditor.lineage.repository_names import join_keys
from auditor.model import Kind, Place, Statement, Subject
from auditor.parts import Part
from auditor.policy.vocabularies import compiled_vocabulary, load_vocabularies
from auditor.readers import ReadOptions, card
from auditor.sources import Blob
from auditor.terms import derive as terms

VOCABULARIES = load_vocabularies()
SHA = "sha256:" + "ab" * 32
HIT = pa.schema(
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


def has_file(name: str, digest: str, uri: str = "model.safetensors") -> Subject:
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


def derived(table: pa.Table, *hits: dict[str, object]) -> list[tuple[str, str, str, str, str]]:
    found = derive_statements(
        table, pa.Table.from_pylist(list(hits), HIT), collect_edges(table, VOCABULARIES.renamed), VOCABULARIES
    )
    return [
        (row["name"], row["key"], row["value"], row["relation"], row["remark"])
        for batch in found
        for row in batch.to_pylist()
    ]


def pairs(table: pa.Table) -> list[tuple[str, str, str]]:
    return [
        (row["child"], row["parent"], row["relation"]) for row in collect_edges(table, VOCABULARIES.renamed).to_pylist()
    ]


def test_a_parent_is_called_as_the_subject_that_is_meant() -> None:
    table = facts(model("Org/Base"), model("o/a", "https://huggingface.co/org/base/tree/main"), model("o/b", "gpt2"))
    assert pairs(table) == [
        ("o/a", "Org/Base", "finetune"),
        ("o/b", "openai-community/gpt2", "finetune"),
    ]


def test_a_digest_in_a_header_finds_the_base() -> None:
    table = facts(has_file("org/base", SHA), model("o/lora", SHA))
    assert pairs(table) == [("o/lora", "org/base", "finetune")]


@pytest.mark.parametrize(
    ("file", "owners", "parent"),
    [
        ("hills-v2.safetensors", ("o/base",), "o/base"),
        ("hills-v2.safetensors", ("o/base", "o/other"), "hills-v2.safetensors"),
        ("model.safetensors", ("o/base",), "model.safetensors"),
    ],
)
def test_a_file_in_a_header_finds_the_one_model_that_has_it(file: str, owners: tuple[str, ...], parent: str) -> None:
    has = [Subject("model", name, "", (Statement("weights_format", "safetensors", file),)) for name in owners]
    assert pairs(facts(*has, model("o/lora", file))) == [("o/lora", parent, "finetune")]


def test_a_model_that_names_itself_has_no_edge() -> None:
    assert pairs(facts(model("o/a", "o/a", "O/A"))) == []


def test_copies_point_to_the_first_and_shared_parts_make_none() -> None:
    table = facts(
        has_file("o/a", SHA),
        has_file("o/b", SHA),
        has_file("o/c", "sha256:" + "cd" * 32, "models/o/c/vae/model.safetensors"),
        has_file("o/d", "sha256:" + "cd" * 32, "models/o/d/vae/model.safetensors"),
    )
    assert pairs(table) == [("o/b", "o/a", "copy")]
    assert derived(table) == [
        ("o/a", "copy_of", "o/b", "same-file", "1 digest agrees"),
        ("o/b", "copy_of", "o/a", "same-file", "1 digest agrees"),
    ]


def test_an_edited_header_does_not_hide_a_copy() -> None:
    tensors = "sha256-tensors:" + "ef" * 32
    table = facts(has_file("o/a", tensors), has_file("o/b", tensors))
    assert ("o/b", "copy_of", "o/a", "same-tensors", "1 digest agrees") in derived(table)


def test_hits_expose_the_model_and_are_a_note_with_depth_and_denominator_below_it() -> None:
    table = facts(
        dataset("d/pics"),
        model("o/a", trained_on="datasets/d/pics"),
        model("o/b", "o/a"),
        model("o/c", "o/b"),
        model("o/other"),
    )
    found = derived(table, hit("d/pics", number=2), hit("d/pics", "near", 1))
    count = "2 exact, 1 near of 120 samples"
    assert found == [
        ("d/pics", "known_content", "test-list", "exact", f"{count}; basis computed"),
        ("d/pics", "known_content", "test-list", "near", f"{count}; basis computed"),
        ("o/a", "exposed", "d/pics", "exact", f"{count}; list test-list; said by its card"),
        ("o/a", "exposed", "d/pics", "near", f"{count}; list test-list; said by its card"),
        ("o/b", "descends", "o/a", "exposed", f"depth 1, by o/a ← o/b; weakest edge: card; {count} of d/pics"),
        ("o/c", "descends", "o/a", "exposed", f"depth 2, by o/a ← o/b ← o/c; weakest edge: card; {count} of d/pics"),
    ]


def test_a_claimed_hit_is_stated_apart_and_exposes_nothing_downstream() -> None:
    table = facts(
        dataset("d/pics"),
        dataset("d/more", sourced_from="d/pics"),
        model("o/a", trained_on="d/pics"),
        model("o/b", "o/a"),
    )
    said = "3 exact of 120 samples"
    claimed = ("o/a", "exposed_claim", "d/pics", "exact", f"{said}; list test-list; said by its card")
    assert derived(table, hit("d/pics", number=3, basis="declared")) == [
        ("d/pics", "known_content", "test-list", "claimed-exact", f"{said}; claimed by its manifest, no bytes here"),
        claimed,
    ]
    both = derived(table, hit("d/pics", number=3, basis="declared"), hit("d/pics", "near", 1))
    assert both[:4] == [
        ("d/pics", "known_content", "test-list", "near", "1 near of 120 samples; basis computed"),
        ("d/pics", "known_content", "test-list", "claimed-exact", f"{said}; claimed by its manifest"),
        ("o/a", "exposed", "d/pics", "near", "1 near of 120 samples; list test-list; said by its card"),
        claimed,
    ]


def test_a_listed_digest_that_a_model_only_declares_is_a_lead_that_nothing_follows_from() -> None:
    table = facts(model("o/pointer"), model("o/b", "o/pointer"))
    listed = {"kind": "model", "means": "model", "list": "models", "basis": "declared", "algorithm": "sha256"}
    assert [row[:4] for row in derived(table, hit("o/pointer", **listed))] == [
        ("o/pointer", "known_model", "models", "claimed-weights")
    ]


def test_hits_of_other_lists_are_not_passed_on() -> None:
    table = facts(dataset("d/pics"), model("o/a", trained_on="d/pics"))
    assert derived(table, hit("d/pics", means="benign"), hit("d/pics", means="test")) == []


def test_data_made_from_data_with_hits_is_a_note_and_so_is_what_was_trained_on_it() -> None:
    table = facts(dataset("d/pics"), dataset("d/more", sourced_from="d/pics"), model("o/a", trained_on="d/more"))
    found = [row[:4] for row in derived(table, hit("d/pics"))]
    assert found[1:] == [
        ("d/more", "descends", "d/pics", "exposed"),
        ("o/a", "descends", "d/pics", "exposed"),
    ]


def test_descent_from_a_listed_model_is_linked() -> None:
    table = facts(model("o/listed"), model("o/b", "o/listed"))
    found = derived(table, hit("o/listed", kind="model", means="model", list="models", algorithm="sha256"))
    assert [row[:4] for row in found] == [
        ("o/listed", "known_model", "models", "same-weights"),
        ("o/b", "descends", "o/listed", "linked"),
    ]


def test_a_name_on_a_list_of_models_is_a_lead_that_nothing_follows_from() -> None:
    table = facts(model("o/listed"), model("o/b", "o/listed"))
    found = derived(table, hit("o/listed", "near", kind="model", means="model", list="models", algorithm="name"))
    assert [row[:4] for row in found] == [("o/listed", "known_model", "models", "name")]


def test_withdrawn_data_is_followed_through_data_made_from_it_and_to_every_descendant() -> None:
    table = facts(
        dataset("laion/laion2B-en"),
        dataset("d/subset", sourced_from="https://huggingface.co/datasets/laion/laion2B-en"),
        model("o/a", trained_on="d/subset"),
        model("o/b", "o/a"),
        model("o/c", trained_on="laion/relaion2B-en-research-safe"),
    )
    path = "depth 1, by laion/laion2B-en ← d/subset; weakest edge: card"
    assert derived(table) == [
        ("laion/laion2B-en", "withdrawn", "laion-5b", "itself", "LAION-5B and its subsets, withdrawn in December 2023"),
        ("d/subset", "withdrawn", "laion-5b", "sourced-from", path),
        ("o/a", "withdrawn", "laion-5b", "trained-on", f"trained on d/subset, says its card; {path}"),
        (
            "o/b",
            "withdrawn",
            "laion-5b",
            "descends",
            f"depth 1, by o/a ← o/b; weakest edge: card; o/a was trained on d/subset, says its card; {path}",
        ),
    ]


@pytest.mark.parametrize(
    ("parent", "child", "said"),
    [
        ("cc-by-nc-4.0", "mit", {"commercial use"}),
        ("llama3", "apache-2.0", {"commercial use without conditions"}),
        ("cc-by-nc-nd-4.0", "cc-by-nc-nd-4.0", {"being a derivative"}),
        ("cc-by-nd-4.0", "", {"being a derivative"}),
        ("mit", "cc-by-nc-4.0", set()),
        ("apache-2.0", "mit", set()),
        ("cc-by-nc-4.0", "", set()),
        ("", "mit", set()),
        ("unheard-of", "mit", set()),
        ("cc-by-nc-4.0", "unheard-of", set()),
    ],
)
def test_a_child_that_allows_more_than_its_parent_is_told_edge_by_edge(parent: str, child: str, said: set[str]) -> None:
    table = facts(
        model("o/a", **({"licence_id": parent} if parent else {})),
        model("o/b", "o/a", **({"licence_id": child} if child else {})),
    )
    rows = [row for row in derived(table) if row[1] == "licence_beyond"]
    assert {row[2] for row in rows} == said
    assert all((row[0], row[3]) == ("o/b", "o/a") and parent in row[4] and child in row[4] for row in rows)


def test_of_two_licences_the_one_that_complies_counts() -> None:
    dual = model("o/a", licence_id="cc-by-nc-4.0")
    also = Subject("model", "o/a", "", (Statement("licence_id", "mit", source="card"),))
    assert not [
        row for row in derived(facts(dual, also, model("o/b", "o/a", licence_id="mit"))) if row[1] == "licence_beyond"
    ]


@pytest.mark.parametrize(
    ("parent", "child", "became"),
    [
        ("explicit", "explicit", "kept"),
        ("explicit", "absent", "dropped"),
        ("explicit", "by-reference", "by-reference"),
        ("by-reference", "by-reference", "kept"),
        ("absent", "explicit", "added"),
        ("absent", "absent", None),
    ],
)
def test_what_became_of_the_clause_is_told_edge_by_edge(parent: str, child: str, became: str | None) -> None:
    table = facts(model("o/a", clause=parent), model("o/b", "o/a", clause=child), model("o/c", "o/a"))
    remark = f"o/a: {parent}; o/b: {child}; edge: finetune, card"
    assert derived(table) == ([("o/b", "protection", became, "o/a", remark)] if became else [])


def test_a_dataset_can_drop_the_clause_of_its_source() -> None:
    table = facts(dataset("d/a", clause="explicit"), dataset("d/b", sourced_from="d/a", clause="absent"))
    remark = "d/a: explicit; d/b: absent; edge: sourced-from, card"
    assert derived(table) == [("d/b", "protection", "dropped", "d/a", remark)]


def test_statements_reach_every_revision() -> None:
    table = facts(dataset("d/p"), *(model("o/a", revision=revision, trained_on="d/p") for revision in ("r1", "r2")))
    batches = derive_statements(
        table, pa.Table.from_pylist([hit("d/p")], HIT), collect_edges(table, VOCABULARIES.renamed), VOCABULARIES
    )
    found = [(r["name"], r["revision"], r["key"], r["bucket"]) for batch in batches for r in batch.to_pylist()]
    assert [row[:3] for row in found[1:]] == [("o/a", "r1", "exposed"), ("o/a", "r2", "exposed")]
    assert [row[3] for row in found[1:]] == [Subject("model", "o/a", revision).ref.bucket for revision in ("r1", "r2")]


def test_a_long_path_is_shown_by_its_ends() -> None:
    table = facts(
        dataset("d/p"), model("m/0", trained_on="d/p"), *(model(f"m/{i}", f"m/{i - 1}") for i in range(1, 12))
    )
    (row,) = (row for row in derived(table, hit("d/p")) if row[0] == "m/11")
    path = "m/0 ← m/1 ← m/2 ← m/3 ← … 4 more … ← m/8 ← m/9 ← m/10 ← m/11"
    assert row[4].startswith(f"depth 11, by {path}; weakest edge: card; ")


LINKS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=16)


@pytest.mark.slow
@given(LINKS, st.randoms(use_true_random=False))
def test_cycles_end_and_the_order_of_rows_does_not_matter(links: list[tuple[int, int]], shuffle: random.Random) -> None:
    subjects = [dataset("d/p"), model("m/0", trained_on="d/p")]
    subjects += [model(f"m/{child}", f"m/{parent}") for child, parent in links]
    first = derived(facts(*subjects), hit("d/p"))
    table = facts(*subjects)
    order = list(range(table.num_rows))
    shuffle.shuffle(order)
    assert derived(table.take(pa.array(order)), hit("d/p")) == first
    # Who descends is told by a plain walk.
    below: set[int] = set()
    todo = [0]
    while todo:
        parent = todo.pop()
        new = {child for child, of in links if of == parent and child != of} - below - {0}
        below |= new
        todo.extend(new)
    assert {row[0] for row in first if row[1] == "descends"} == {f"m/{number}" for number in below}


def test_nothing_follows_from_nothing() -> None:
    assert derived(FACTS_SCHEMA.empty_table()) == []


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["MoTHer-full_ft_model_graph.json", "MoTHer-lora_f_model_graph.json"])
def test_taint_on_a_root_reaches_exactly_its_descendants(corpus: Path, name: str) -> None:
    graph = json.loads((corpus / "03-model-cards" / "lineage" / name).read_bytes())
    trees = {node["id"]: node["tree"] for node in graph["nodes"]}
    parents: dict[str, list[str]] = {}
    for parent, child in graph["edges_parent_child"]:
        parents.setdefault(child, []).append(parent)
    root = next(node["id"] for node in graph["nodes"] if node["id"] not in parents)
    subjects = [model(node, *parents.get(node, ())) for node in trees]
    found = derived(facts(*subjects, dataset("d/p"), model(root, trained_on="d/p")), hit("d/p"))
    expected = {node for node, tree in trees.items() if tree == trees[root]} - {root}
    assert len(expected) > 5
    assert {row[0] for row in found if row[1] == "descends"} == expected


@pytest.mark.corpus
def test_every_parent_that_a_card_names_is_an_edge(corpus: Path) -> None:
    wanted: dict[str, set[str]] = {}
    with open(corpus / "03-model-cards" / "card_facts.jsonl", encoding="utf-8") as lines:
        for fact in map(json.loads, lines):
            bases = fact.get("base_model")
            if bases:
                wanted[fact["path"]] = {bases} if isinstance(bases, str) else set(bases)
    listed = json.loads((corpus / "03-model-cards" / "lineage" / "mergekit-absa-parents.json").read_bytes())
    for merge in listed:
        wanted.setdefault(merge["file"], set()).update(merge["parents_in_body"])
    assert len(wanted) > 100
    blobs = [
        Blob(str(corpus / path), path, (corpus / path).stat().st_size, "model", f"card/{number}")
        for number, path in enumerate(wanted)
    ]
    parts = [part for part in card.read(blobs, ReadOptions()) if isinstance(part, Part)]
    found: dict[str, set[str]] = {}
    known = compiled_vocabulary(VOCABULARIES)
    for child, parent, _ in pairs(facts(*(terms.derive_subject(part, known) for part in parts))):
        found.setdefault(child, set()).add(parent.lower())
    table = VOCABULARIES.renamed
    missing = []
    for number, (path, parents) in enumerate(wanted.items()):
        called = join_keys(pa.array(sorted(parents)), "models", table).to_pylist()
        missing += [(path, parent) for parent in called if parent and parent not in found.get(f"card/{number}", ())]
    assert missing == []
