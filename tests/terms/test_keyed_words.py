"""An operator's confidential words are found in texts by keyed hash alone."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from auditor.terms.folding import fold
from auditor.terms.keyed_words import HashedTerms, find_hashed_terms, format_hashed_table, hash_term

KEY = b"a key of sixteen bytes or more"


def test_a_term_is_hashed_over_its_words_in_lower_case_with_one_space_between() -> None:
    expected = hmac.new(KEY, b"blue teapot", hashlib.sha256).hexdigest()
    assert hash_term("Blue  Teapot", KEY) == hash_term("b l u e te\u200bapot", KEY) == expected


def test_hashed_words_are_found_with_their_place() -> None:
    terms = HashedTerms(KEY, (2,), {bytes.fromhex(hash_term("blue teapot", KEY)): "term-7"})
    text = "He sells a b\u200blue te\u0430pot today, and one more blue teapot."
    assert [(name, text[start:end]) for name, start, end in find_hashed_terms(fold(text), terms)] == [
        ("term-7", "b\u200blue te\u0430pot")
    ]
    assert list(find_hashed_terms("blue kettle, teapot blue", terms)) == []


def test_a_table_holds_digests_and_never_words() -> None:
    table = format_hashed_table(["# ours", "", "term-7: Blue Teapot", "term-8: kettle"], KEY, "terms.key")
    assert table.startswith('[hashed]\nkey_file = "terms.key"\nwords = [1, 2]\n\n[hashed.terms]\n')
    assert f'"term-7" = ["{hash_term("blue teapot", KEY)}"]' in table
    assert "teapot" not in table.lower()


@pytest.mark.parametrize(
    ("line", "message"),
    [("teapot", "line 1: write ID: WORDS"), ("a b: teapot", "line 1: write ID: WORDS"), ("a: ", "line 1: 0 words")],
)
def test_a_line_that_cannot_be_used_is_refused_by_its_number_alone(line: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        format_hashed_table([line], KEY, "terms.key")
    assert "teapot" not in str(refused.value)
