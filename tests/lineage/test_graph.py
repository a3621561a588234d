from __future__ import annotations

import json
import random
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lineage.lineage_facts import dataset, derive_rows, facts, hit, model


def test_a_long_path_is_shown_by_its_ends() -> None:
    table = facts(
        dataset("d/p"), model("m/0", trained_on="d/p"), *(model(f"m/{i}", f"m/{i - 1}") for i in range(1, 12))
    )
    (row,) = (row for row in derive_rows(table, hit("d/p")) if row[0] == "m/11")
    path = "m/0 ← m/1 ← m/2 ← m/3 ← … 4 more … ← m/8 ← m/9 ← m/10 ← m/11"
    assert row[4].startswith(f"depth 11, by {path}; weakest edge: card; ")


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
