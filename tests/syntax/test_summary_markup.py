"""Markup of wikis, Org, Textile and CSV, and footnotes, as Markdown."""

from __future__ import annotations

import time

import pytest

from auditor.syntax.summary_markup import summary_markup_to_markdown


@pytest.mark.parametrize(
    ("text", "suffix", "expected"),
    [
        ("= A =\n== B ==\n=== C ===\n; Name : '''Leaf'''", ".wiki", "# A\n## B\n### C\nName: **Leaf**"),
        ("[https://leaf.example/a Leaves], 2 GB", ".txt", "[Leaves](https://leaf.example/a), 2 GB"),
        ("#+TITLE: A\n* B\n** C\n- Name :: Leaf", ".org", "# A\n## B\n### C\n- Name: Leaf"),
        ("[[https://leaf.example/a][Leaves]]", ".org", "[Leaves](https://leaf.example/a)"),
        ('h3. 2.1 Data\n\n"Leaves":https://leaf.example/a.', ".textile", "### 2.1 Data\n\n[Leaves](https://leaf.example/a)."),
        ('1.2,"Leaf\nTwo, 3"\n1.3,Text', ".csv", "| 1.2 | Leaf Two, 3 |\n\n| 1.3 | Text |"),
        ("Name ...... Leaf\nMeasures: ......", ".txt", "Name: Leaf\nMeasures:"),
        ("3.2 Removal of illegal content ...... 7", ".txt", "3.2 Removal of illegal content ...... 7"),
        ("Leaf[^a] and [^a]\n\n[^a]: https://leaf.example/a", ".md", "Leaf (https://leaf.example/a) and \n\n"),
        ("Leaf (1), Root (2)\nNotes\n(1) acme/leaf\n(2) fine", ".txt", "Leaf  (acme/leaf), Root \nNotes\n\n"),
        ("Leaf (1)\n(1) acme/leaf", ".txt", "Leaf (1)\n(1) acme/leaf"),
    ],
)  # fmt: skip
def test_other_markup_is_as_in_markdown(text: str, suffix: str, expected: str) -> None:
    assert summary_markup_to_markdown(text, suffix) == expected


@pytest.mark.parametrize(
    "junk", ["; a  ", "=  ", "[^a] ", "'''a", "[http://a ", "- a  ", "a ....", "(1) ", '"a":http://']
)
def test_a_hostile_megabyte_ends_soon(junk: str) -> None:
    notes = "\n[^a]: acme/leaf\nNotes\n(1) acme/leaf\n"
    started = time.process_time()
    for separator in ("", "\n"):
        text = summary_markup_to_markdown(separator.join([junk] * (1_000_000 // len(junk))) + notes, ".txt")
        assert len(text) < 2_100_000, "a footnote is repeated once"
    assert time.process_time() - started < 10
