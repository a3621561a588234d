from __future__ import annotations

import json
import random
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model import Statement, Subject
from tests.lineage.lineage_facts import (
    FILE_DIGEST,
    dataset,
    derive_rows,
    facts,
    hit,
    model,
    model_with_file,
)


def test_a_long_path_is_shown_by_its_ends() -> None:
    table = facts(
        dataset("d/p"), model("m/0", trained_on="d/p"), *(model(f"m/{i}", f"m/{i - 1}") for i in range(1, 12))
    )
    (row,) = (row for row in derive_rows(table, hit("d/p")) if row[0] == "m/11")
    path = "m/0 ← m/1 ← m/2 ← m/3 ← … 4 more … ← m/8 ← m/9 ← m/10 ← m/11"
    assert row[4].startswith(f"depth 11, by {path}; least certain step: card; ")


def test_a_path_of_eight_models_is_shown_whole_and_one_of_nine_is_not() -> None:
    table = facts(
        dataset("d/p"), model("m/0", trained_on="d/p"), *(model(f"m/{i}", f"m/{i - 1}") for i in range(1, 10))
    )
    paths = {row[0]: row[4].split("; ")[0] for row in derive_rows(table, hit("d/p")) if row[1] == "descends"}
    assert paths["m/7"] == "depth 7, by m/0 ← m/1 ← m/2 ← m/3 ← m/4 ← m/5 ← m/6 ← m/7"
    assert paths["m/8"] == "depth 8, by m/0 ← m/1 ← m/2 ← m/3 ← … 1 more … ← m/5 ← m/6 ← m/7 ← m/8"
    assert paths["m/9"] == "depth 9, by m/0 ← m/1 ← m/2 ← m/3 ← … 2 more … ← m/6 ← m/7 ← m/8 ← m/9"


def model_from(name: str, *bases: tuple[str, str]) -> Subject:
    """A model with (base, source) edges."""
    return Subject("model", name, "", tuple(Statement("base_model", base, "", source=source) for base, source in bases))


def test_the_shortest_path_is_told_then_the_parent_that_is_first_by_name_then_the_strongest_source() -> None:
    table = facts(
        dataset("d/p"),
        model("m/root", trained_on="d/p"),
        model_from("m/b", ("m/root", "card-text")),
        model_from("m/c", ("m/root", "header")),
        model_from("m/d", ("m/b", "config"), ("m/c", "header"), ("m/b", "card")),
        model_from("m/e", ("m/d", "header"), ("m/root", "card")),
        model_from("m/f", ("m/c", "card"), ("m/c", "header"), ("m/c", "card-text")),
    )
    paths = {row[0]: row[4].split("; ")[:2] for row in derive_rows(table, hit("d/p")) if row[1] == "descends"}
    assert paths == {
        "m/b": ["depth 1, by m/root ← m/b", "least certain step: card-text"],
        "m/c": ["depth 1, by m/root ← m/c", "least certain step: header"],
        "m/d": ["depth 2, by m/root ← m/b ← m/d", "least certain step: card-text"],
        "m/e": ["depth 1, by m/root ← m/e", "least certain step: card"],
        "m/f": ["depth 2, by m/root ← m/c ← m/f", "least certain step: header"],
    }


def test_of_several_sources_that_a_model_was_trained_on_data_the_strongest_is_told() -> None:
    stated = tuple(Statement("trained_on", "d/p", source=source) for source in ("croissant", "card", "card-text"))
    (row,) = (row for row in derive_rows(facts(Subject("model", "m/a", "", stated)), hit("d/p")) if row[1] == "exposed")
    assert row[4].endswith("said by its croissant")


def test_a_walk_passes_between_copies_in_both_directions() -> None:
    table = facts(
        dataset("d/p"),
        model("m/z", trained_on="d/p"),
        model_with_file("m/z", FILE_DIGEST),
        model_with_file("m/a", FILE_DIGEST),
        model("m/b", "m/a"),
    )
    found = derive_rows(table, hit("d/p"))
    assert {row[0] for row in found if row[1] == "descends"} == {"m/a", "m/b"}


LINKS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=16)


@pytest.mark.slow
@given(LINKS, st.randoms(use_true_random=False))
def test_cycles_end_and_the_order_of_rows_does_not_matter(links: list[tuple[int, int]], shuffle: random.Random) -> None:
    subjects = [dataset("d/p"), model("m/0", trained_on="d/p")]
    subjects += [model(f"m/{child}", f"m/{parent}") for child, parent in links]
    first = derive_rows(facts(*subjects), hit("d/p"))
    table = facts(*subjects)
    order = list(range(table.num_rows))
    shuffle.shuffle(order)
    assert derive_rows(table.take(pa.array(order)), hit("d/p")) == first
    # Who descends is told by a plain walk.
    below: set[int] = set()
    todo = [0]
    while todo:
        parent = todo.pop()
        new = {child for child, of in links if of == parent and child != of} - below - {0}
        below |= new
        todo.extend(new)
    assert {row[0] for row in first if row[1] == "descends"} == {f"m/{number}" for number in below}


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["MoTHer-full_ft_model_graph.json", "MoTHer-lora_f_model_graph.json"])
def test_a_walk_from_a_root_reaches_exactly_its_descendants(corpus: Path, name: str) -> None:
    graph = json.loads((corpus / "03-model-cards" / "lineage" / name).read_bytes())
    trees = {node["id"]: node["tree"] for node in graph["nodes"]}
    parents: dict[str, list[str]] = {}
    for parent, child in graph["edges_parent_child"]:
        parents.setdefault(child, []).append(parent)
    root = next(node["id"] for node in graph["nodes"] if node["id"] not in parents)
    subjects = [model(node, *parents.get(node, ())) for node in trees]
    found = derive_rows(facts(*subjects, dataset("d/p"), model(root, trained_on="d/p")), hit("d/p"))
    expected = {node for node, tree in trees.items() if tree == trees[root]} - {root}
    assert len(expected) > 5
    assert {row[0] for row in found if row[1] == "descends"} == expected
