"""Folding a text into plain letters keeps every position."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.terms.folding import INVISIBLE, disguised_pattern, fold
from auditor.terms.patterns import compile_pattern


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("plain", "plain"),
        ("\uff4e\uff55\uff44\uff45", "nude"),
        ("ki\u0501s", "kids"),
        ("a\u200bb", f"a{INVISIBLE}b"),
        ("e\u0301", f"e{INVISIBLE}"),
        ("\u00a0", " "),
        ("\u732b", "\u732b"),
    ],
    ids=["ascii", "full width", "a Cyrillic letter", "zero width", "combining", "no-break space", "another script"],
)
def test_forms_and_lookalikes_of_latin_letters_become_plain(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize("text", ["teapot", "TEAPOT", "te4p0t", "t e a p o t", "t.e.a.p.o.t", "tea\x7fpot"])
def test_a_word_is_found_however_it_is_disguised(text: str) -> None:
    assert compile_pattern(disguised_pattern("teapot")).search(f"a {text} here".encode())


@pytest.mark.parametrize("text", ["steapot", "teapots", "tea pot", "te a pot"])
def test_parts_of_other_words_are_not_the_word(text: str) -> None:
    assert not compile_pattern(disguised_pattern("teapot")).search(f"a {text} here".encode())


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_folding_keeps_every_position(text: str) -> None:
    assert len(fold(text)) == len(text)
