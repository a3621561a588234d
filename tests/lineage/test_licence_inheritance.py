from __future__ import annotations

import pytest

from auditor.model import Statement, Subject
from tests.lineage.lineage_facts import derive_rows, facts, model


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
def test_what_a_child_allows_beyond_its_parent_is_stated_for_each_edge(parent: str, child: str, said: set[str]) -> None:
    table = facts(
        model("o/a", **({"licence_id": parent} if parent else {})),
        model("o/b", "o/a", **({"licence_id": child} if child else {})),
    )
    rows = [row for row in derive_rows(table) if row[1] == "licence_beyond"]
    assert {row[2] for row in rows} == said
    assert all((row[0], row[3]) == ("o/b", "o/a") and parent in row[4] and child in row[4] for row in rows)


def test_of_two_licences_the_one_that_complies_counts() -> None:
    dual = model("o/a", licence_id="cc-by-nc-4.0")
    also = Subject("model", "o/a", "", (Statement("licence_id", "mit", source="card"),))
    assert not [
        row
        for row in derive_rows(facts(dual, also, model("o/b", "o/a", licence_id="mit")))
        if row[1] == "licence_beyond"
    ]
