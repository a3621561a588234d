"""Texts in many voices and formats, each with the answer that a reader gives."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from auditor.syntax.html_text import text_of_html
from tests.clauses.shipped import detect_clause

VOICES = tomllib.loads((Path(__file__).parents[1] / "data" / "voices.toml").read_text("utf-8"))
# An abbreviation that has other meanings, and a rule that is stated of adults alone.
MISSED = (
    "Rule 3: Nothing illegal\nThis includes CP, selling drugs, and links to pirated films.",
    "Every character in a romantic or sexual scene must be an adult.",
)


@pytest.mark.parametrize("name", VOICES)
def test_a_text_has_the_answer_that_a_reader_gives(name: str) -> None:
    text = VOICES[name]["text"]
    words = text_of_html(text)[0] if text.startswith("<") else text
    assert detect_clause(words).answer == VOICES[name]["answer"]


@pytest.mark.parametrize("text", MISSED)
def test_a_known_mistake_is_a_miss_and_no_false_find(text: str) -> None:
    assert detect_clause(text).answer == "absent"
