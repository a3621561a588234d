"""What the fields of a PDF's form hold, beside the words on its page."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.syntax.check_boxes import TICKED, UNKNOWN_BOX, UNTICKED
from auditor.syntax.pdf_forms import PlacedText, form_fields, with_form_fields


def box(left: int, bottom: int, **entries: Any) -> dict[str, Any]:
    """A check box of ten points, with further entries; a value of None leaves one out."""
    states = {"/Yes": {}, "/Off": {}}
    found = {
        "/Subtype": "/Widget",
        "/FT": "/Btn",
        "/Rect": [left, bottom, left + 10, bottom + 10],
        "/AP": {"/N": states},
    }
    return found | {f"/{key}": value for key, value in entries.items() if value is not None}


def words_beside(fields: list[dict[str, Any]], *pieces: PlacedText) -> str:
    """The words of a page with these fields."""
    return with_form_fields(form_fields({"/Annots": fields}), pieces)


@pytest.mark.parametrize(
    ("shown", "value", "drawn"),
    [
        ("/Yes", "/Yes", TICKED),
        ("/Off", "/Off", UNTICKED),
        ("/Yes", None, TICKED),
        (None, "/Yes", TICKED),
        (None, None, UNTICKED),
        ("/Off", "/Yes", UNKNOWN_BOX),  # shown, and stored otherwise
        ("/Yes", "/Off", UNKNOWN_BOX),
    ],
)
def test_a_box_is_ticked_where_what_it_shows_and_what_it_holds_agree(shown: str, value: str, drawn: str) -> None:
    assert words_beside([box(40, 100, AS=shown, V=value)], PlacedText("Yes\n", 54, 102)) == f" {drawn} Yes\n"


def test_a_radio_button_takes_its_value_from_the_field_above_it() -> None:
    parent = {"/FT": "/Btn", "/V": "/Yes"}
    buttons = [box(40, 100, FT=None, AS="/Yes", Parent=parent), box(90, 100, FT=None, AS="/Off", Parent=parent)]
    for button, state in zip(buttons, ("/Yes", "/No"), strict=True):
        button["/AP"] = {"/N": {state: {}, "/Off": {}}}
        button.pop("/FT", None)
    found = words_beside(buttons, PlacedText("Yes", 54, 102), PlacedText("No\n", 104, 102))
    assert found == f" {TICKED} Yes {UNTICKED} No\n"


def test_boxes_that_end_their_line_belong_to_the_words_before_them() -> None:
    boxes = [box(70, 100, AS="/Off"), box(120, 100, AS="/Yes")]
    found = words_beside(boxes, PlacedText("Yes", 40, 102), PlacedText("No\n", 100, 102))
    assert found == f"Yes {UNTICKED} No {TICKED} \n"


def test_boxes_between_the_options_of_one_piece_are_not_known() -> None:
    boxes = [box(40, 100, AS="/Off"), box(120, 100, AS="/Yes")]
    assert UNKNOWN_BOX in words_beside(boxes, PlacedText("Yes                No\n", 54, 102))


def test_typed_text_and_chosen_entries_stand_behind_their_labels() -> None:
    name = {"/Subtype": "/Widget", "/FT": "/Tx", "/V": "Leaf Ltd\nParis", "/Rect": [200, 98, 400, 112]}
    size = {"/Subtype": "/Widget", "/FT": "/Ch", "/V": "Less than 1 billion tokens", "/Rect": [40, 60, 400, 76]}
    labels = (PlacedText("Provider\n", 40, 100), PlacedText("Size of the text:\n", 40, 84))
    assert words_beside([name, size], *labels) == (
        "Provider: Leaf Ltd; Paris\nSize of the text: Less than 1 billion tokens\n"
    )


def test_hidden_fields_and_buttons_say_nothing() -> None:
    hidden = box(40, 100, AS="/Yes", F=2)
    button = box(40, 100, Ff=1 << 16)
    assert form_fields({"/Annots": [hidden, button, {"/Subtype": "/Link"}]}) == ()


def test_a_page_with_too_many_fields_is_read_up_to_a_limit() -> None:
    assert len(form_fields({"/Annots": [box(40, 100, AS="/Yes")] * 1_100})) == 1_000
