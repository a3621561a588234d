"""Markup of wikis, Org, Textile and CSV, and footnotes, as Markdown."""

from __future__ import annotations

import time

import pytest

from auditor.syntax.summary_html import markdown_without_html
from auditor.syntax.summary_markup import summary_markup_to_markdown, with_arabic_numbers


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
        ("[Leaf][l] and [Root][]\n[l]: https://leaf.example/a", ".md", "[Leaf](https://leaf.example/a) and [Root][]\n"),
        (
            ".. list-table::\n\n   * - Name\n     - Licence\n   * - acme/leaf\n     - MIT\n",
            ".rst",
            "\n\n\n| Name | Licence |\n|---|\n\n\n| acme/leaf | MIT |\n",
        ),
    ],
)  # fmt: skip
def test_other_markup_is_as_in_markdown(text: str, suffix: str, expected: str) -> None:
    assert summary_markup_to_markdown(text, suffix) == expected


def test_answers_in_a_column_follow_their_labels() -> None:
    text = (
        "Model        Leaf\nProvider     Acme\n             Ltd\nUser data    No\nImages       No\nand   some   words"
    )
    lines = summary_markup_to_markdown(text, ".txt").split("\n")
    assert lines == ["Model: Leaf", "Provider: Acme Ltd", "", "User data: No", "Images: No", "and   some   words"]


def test_rows_without_strokes_at_their_ends_are_rows() -> None:
    lines = summary_markup_to_markdown("A | title\nModel | Leaf\nUser data | no\nCrawled | no\nend", ".txt").split("\n")
    assert lines == ["| A | title |", "| Model | Leaf |", "| User data | no |", "| Crawled | no |", "end"]


@pytest.mark.parametrize(
    ("written", "arabic"),
    [
        ("II.2.1 Data", "2.2.1 Data"),
        ("§ 3.2 Content", "3.2 Content"),
        ("## III.1 Rights", "## 3.1 Rights"),
        ("THIRD. Data", "Data"),
    ],
)
def test_numbers_of_sections_are_as_in_the_template(written: str, arabic: str) -> None:
    assert with_arabic_numbers(written) == arabic


def test_markdown_between_tags_keeps_its_lines() -> None:
    text = (
        "<details><summary>Sources</summary>\n\n- User data: none\n- <https://leaf.example/a>, < 1B tokens\n</details>"
    )
    assert markdown_without_html(text) == "**Sources**\n\n- User data: none\n- https://leaf.example/a, < 1B tokens"


@pytest.mark.parametrize("junk", ["-", " -", "I", "|_", "§ ", "a   ", "<dt>", "<table", "[a][", "first. ", " * - a\n"])
def test_hostile_numbers_columns_and_tags_end_soon(junk: str) -> None:
    text = ".. list-table::\n" + junk * (1_000_000 // len(junk)) + "\n[a]: https://leaf.example"
    started = time.process_time()
    with_arabic_numbers(summary_markup_to_markdown(text, ".rst"))
    markdown_without_html(text)
    assert time.process_time() - started < 10


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
