"""Boxes beside options in every font, character and letter that they are drawn with."""

from __future__ import annotations

import pytest

from auditor.syntax.check_boxes import TICKED, UNKNOWN_BOX, UNTICKED, plain_boxes, symbols_of_font
from auditor.syntax.summary_values import modalities, yes_or_no


# What Word's fonts draw, by Unicode's document L2/11-052.
@pytest.mark.parametrize(
    ("font", "code", "drawn"),
    [
        ("Wingdings", 0xF0FE, TICKED),
        ("Wingdings", 0xF0FD, TICKED),
        ("Wingdings", 0xF0A8, UNTICKED),
        ("Wingdings", 0xFE, TICKED),
        ("Wingdings", ord("o"), UNTICKED),
        ("wingdings 2", 0xF052, TICKED),
        ("Wingdings 2", 0xF0A3, UNTICKED),
        ("Wingdings 2", 0xF0FE, UNKNOWN_BOX),
        ("Wingdings", 0xF052, UNKNOWN_BOX),
        ("Symbol", 0xF0A8, UNKNOWN_BOX),
        ("A font of a company", 0xF0FE, UNKNOWN_BOX),
    ],
)
def test_a_symbol_is_what_its_own_font_draws(font: str, code: int, drawn: str) -> None:
    assert symbols_of_font(chr(code), font) == drawn


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("\uf0a8 Yes \uf0fe No", "no"),
        ("\uf0fe Yes \uf0a8 No", "yes"),
        ("\uf0a3 Yes \uf052 No", "no"),
        ("Yes \uf0a8 No \uf0fe", "no"),
        ("❑ Yes 🗹 No", "no"),
        ("○ Yes ● No", "no"),
        ("( ) Yes (•) No", "no"),
        ("¨ Yes þ No", "no"),
        ("£ Yes R No", "no"),
        ("√ Yes □ No", "yes"),
        ("\uf00c Yes \uf0a8 No", ""),  # a font that is not known
        ("\uf123 Yes \uf124 No", ""),
        ("❎ Yes ☐ No", ""),
        ("☐ Yes", ""),
        ("Yes    No", ""),
        ("Yes No", ""),
        ("☒ Yes ☑ No", ""),
    ],
)
def test_an_answer_is_read_from_the_box_that_is_known_to_be_ticked(words: str, answer: str) -> None:
    assert yes_or_no([plain_boxes(words)]) == answer


def test_options_on_lines_of_their_own_are_one_answer() -> None:
    assert yes_or_no(plain_boxes("☐\nYes\n✔\nNo").split("\n")) == "no"
    assert yes_or_no(["Yes", "No"]) == ""


def test_boxes_behind_modalities_belong_to_the_words_before_them() -> None:
    assert modalities("Text [X]   Image [ ]   Audio [ ]   Video [x]") == ("text", "video")
    assert modalities("Modality: Text ☐ Image ☒") == ("image",)


def test_a_square_before_anything_but_an_option_is_a_bullet() -> None:
    assert plain_boxes("❑ acme/leaves\n\uf0a7 acme/trees\n❑ Yes ☒ No") == "• acme/leaves\n• acme/trees\n☐ Yes ☒ No"
    assert plain_boxes("(*) a footnote") == "(*) a footnote"
