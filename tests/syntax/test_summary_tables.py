"""Tables of a summary with a column for yes and one for no, and boxes before or behind their options."""

from __future__ import annotations

import pytest

from auditor.syntax.check_boxes import UNKNOWN_BOX
from auditor.syntax.summary_outline import outline
from auditor.syntax.summary_tables import join_cell_lines, join_marks_below_yes_and_no, join_yes_and_no_columns
from auditor.syntax.summary_values import yes_or_no

HEADS = ["| Question | Yes | No |", "|---|---|---|"]


@pytest.mark.parametrize(
    ("cells", "answer"),
    [
        ("X |", "Yes"),
        ("| X", "No"),
        ("✓ | ", "Yes"),
        ("☐ | ☒", "No"),
        ("[x] | [ ]", "Yes"),
        ("**X** | –", "Yes"),
        ("| ", ""),
        ("X | X", ""),
        ("☐ | ☐", ""),
        ("partly | ", "partly"),
    ],
)
def test_the_marked_column_is_the_answer_and_both_or_none_is_none(cells: str, answer: str) -> None:
    lines = join_yes_and_no_columns([*HEADS, f"| Was it crawled? | {cells} |", "Text."])
    assert lines == ["| Question | Answer |", "| --- | --- |", f"| Was it crawled? | {answer} |", "Text."]


def test_a_table_without_both_columns_stays_as_it_is() -> None:
    table = ["| Question | Answer |", "|---|---|", "| Was it crawled? | No |", "| Yes | X |"]
    assert join_yes_and_no_columns(table) == table


def test_a_question_in_such_a_table_is_answered() -> None:
    text = "\n".join(
        [
            "# Public summary of training content",
            "## 2.1 Publicly available datasets",
            *HEADS,
            "| Have you used publicly available datasets to train the model? | X | |",
            "| Have you concluded commercial licensing agreement(s) with rightsholder(s)? | | X |",
        ]
    )
    found = {answer.question: answer.text for answer in outline(text) if answer.text}
    assert (found["2.1"], found["2.2.1"]) == ("Yes", "No")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Yes ☒ No ☐", "yes"),
        ("Yes ☐ No ☒", "no"),
        ("Were data bought? Yes ☐ No ☒", "no"),
        ("Yes ■ No □ Remarks: three sets", "yes"),
        ("☒ Yes ☐ No", "yes"),
        ("☐ Yes ☒ No", "no"),
        ("yes/no: ☐ Yes ☒ No", "no"),
        ("Yes or no? ☐ Yes ☒ No", "no"),
        ("Yes ☐ No ☐", ""),
        ("☒ Yes ☒ No", ""),
        ("Yes ☒ No ☒", ""),
        ("Yes No", ""),
        ("~~Yes~~ / No", "no"),
        ("Yes / ~~No~~", "yes"),
        ("Yes / **No**", "no"),
        ("**Yes** / No", "yes"),
        ("Yes / No", ""),
    ],
)
def test_a_box_belongs_to_the_option_before_it_only_where_the_options_stand_before(text: str, answer: str) -> None:
    assert yes_or_no([text]) == answer


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        ("2.1 Public data                  X", "Yes"),
        ("2.3 Crawled data                        X", "No"),
        ("2.4 User data                    [ ]    [x]", "No"),
        ("2.5 Synthetic data               ☑      ☐", "Yes"),
        ("2.6 Other data                       X", UNKNOWN_BOX),
    ],
)
def test_a_mark_in_a_plain_text_answers_what_it_stands_below(row: str, answer: str) -> None:
    text = join_marks_below_yes_and_no(f"SOURCES                          YES    NO\n{row}")
    assert text.split("\n")[1].endswith(f": {answer}")


def test_the_lines_of_a_cell_are_entries_or_one_sentence() -> None:
    assert join_cell_lines(["Leaf Ltd", "Paris"]) == "Leaf Ltd; Paris"
    assert join_cell_lines(["acme/leaves,", "acme/roots"]) == "acme/leaves, acme/roots"
    assert join_cell_lines(["We removed", "what was listed."]) == "We removed what was listed."
