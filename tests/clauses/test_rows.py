"""Data and tables are laid out as lists and rows, each at its place in the original."""

from __future__ import annotations

import json
import time

import pytest

from auditor.clauses import rows
from auditor.clauses.rows import lay_out_data
from auditor.clauses.segment import split_units
from tests.clauses.shipped import detect_clause


def laid_out(text: str) -> str:
    layout = lay_out_data(text)
    assert layout is not None
    return layout.text


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ('{"a_b": "no", "c": ["d", 1], "e": {"f": true}}', "- a b: no\n- c:\n  - d\n  - 1\n- e:\n  - f: true\n"),
        ('{"r": [{"id": 1, "text": "No x"}, {"y": "z"}]}', "- r:\n  - id: 1 | No x\n  - y: z\n"),
        ('{"m": {"csam": {"act": "ban", "tell": true}}}', "- m:\n  - csam | ban | tell: true\n"),
        ("a: b\nc:\n  - d\n", "- a: b\n- c:\n  - d\n"),
        ('[up]\nspam = "no"\nart = 1\n', "- up:\n  - spam: no\n  - art: 1\n"),
        ("bad = [\n  \"gore\",\n  'spam'\n]\n", "- bad:\n  - gore\n  - spam\n"),
        ("Gore = hidden\nLinks = fine\n", "- Gore: hidden\n- Links: fine\n"),
        ("a,b\n1,2\n3,4\n", "| a | b |\n|---|\n| 1 | 2 |\n| 3 | 4 |\n"),
        ("a,b\n1,2\n\n3,4\n", "| a | b |\n|---|\n| 1 | 2 |\n\n| 3 | 4 |\n"),
        ("a | b\n--|--\n1 | 2\n\nEnd.\n", "| a | b |\n|---|\n| 1 | 2 |\n\nEnd.\n"),
        ("Use     May I\n-----   -----\nart     yes\n", "| Use | May I |\n|---|\n| art | yes |\n"),
    ],
)
def test_data_is_laid_out_as_lists_and_rows(text: str, layout: str) -> None:
    assert laid_out(text) == layout


@pytest.mark.parametrize(
    "prose",
    [
        "Q: What is this?\nA: A test.\n",
        "# Rules\n\nNever:\n- lie\n",
        "---\nlicense: mit\n---\nText: yes\nOther: no\n",
        "One line: only\n",
        "We say: this, and that,\nand more: of it, still,\nto the end, as ever, it is\n",
        "This key has too many words for one: a\nThis key has too many words for one: b\n",
        "{broken: json",
    ],
)
def test_prose_is_no_data(prose: str) -> None:
    assert lay_out_data(prose) is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{\n "spam": "fine",\n "csam": "banned"\n}', 'csam": '),
        ("spam: warn\nrules:\n  - csam: banned\n", "csam"),
        ("what,status\nspam,fine\ncsam,prohibited\nart,fine\n", "csam,prohibited"),
    ],
)
def test_the_place_of_a_clause_is_that_in_the_original(text: str, place: str) -> None:
    found = detect_clause(text)
    assert found.answer == "explicit"
    assert text[found.start :].startswith(place)
    assert found.start < found.end <= len(text)


def test_data_that_is_too_deep_is_left_out_below_the_limit() -> None:
    deep: object = "csam: banned"
    for _ in range(rows.MAX_DEPTH + 5):
        deep = {"a": [deep, 1]}
    assert "csam" not in laid_out(json.dumps(deep))


def test_longer_data_is_read_as_prose() -> None:
    assert lay_out_data('{"a": "' + "x" * rows.MAX_DATA_LENGTH + '"}') is None


@pytest.mark.parametrize(
    "hostile",
    [
        "[" * 900_000,
        '{"minors": ' * 90_000,
        json.dumps({f"minors {number}": {"sexual": [number, {"a": "x"}]} for number in range(18_000)}),
        "sexual minors: x\n" * 55_000,
        "a: &a [x, x]\nb: &b [*a, *a]\nsexual minors: [*b, *b]\n" * 10,
        "sexual,minors\n" * 70_000,
        "sexual minors | x\n--|--\n" * 40_000,
    ],
    ids=["brackets", "keys", "objects", "yaml", "aliases", "csv", "tables"],
)
def test_a_hostile_megabyte_of_data_takes_bounded_time(hostile: str) -> None:
    begun = time.process_time()
    detect_clause(hostile)
    assert time.process_time() - begun < 6


def test_cells_are_read_below_the_title_of_their_column() -> None:
    table = "| Do | Don't |\n|---|---|\n| share | spam |\n"
    cells = [(unit.text, unit.stems[-1]) for unit in split_units(table) if unit.stems and "|" not in unit.text]
    assert cells == [("share", "Do"), ("spam", "Don't")]


def test_an_item_with_a_colon_leads_the_items_after_it() -> None:
    units = list(split_units("* Posts cannot:\n* insult\n* lie\n* You may:\n* share\n"))
    assert [(unit.text, unit.stems) for unit in units] == [
        ("Posts cannot:", ()),
        ("insult", ("Posts cannot:",)),
        ("lie", ("Posts cannot:",)),
        ("You may:", ("Posts cannot:",)),
        ("share", ("You may:",)),
    ]


def test_the_thresholds_of_data_are_the_published_ones() -> None:
    assert (rows.MAX_DATA_LENGTH, rows.MAX_DEPTH, rows.MAX_CELLS, rows.MAX_ROW_LENGTH) == (1_000_000, 40, 12, 400)
    keys = [f"{'word ' * rows.MAX_KEY_WORDS}: x", "k: y"]
    assert lay_out_data("\n".join(keys)) is not None
    assert lay_out_data("\n".join(f"one more {key}" for key in keys)) is None
    prose = "And this is a line of prose"
    assert lay_out_data("\n".join(["k: x"] * 9 + [prose])) is None, "YAML does not read it"
