"""The metadata block is found wherever it is written, and hostile blocks are refused in bounded time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.syntax.card_kind import iter_kind_hints, kind_of_card
from auditor.syntax.front_matter import split_card


def test_metadata_between_fences_and_the_line_on_which_the_body_begins() -> None:
    card = split_card("---\nlicense: mit\n---\n# Leaf\n")
    assert (card.placement, dict(card.metadata), card.first_line) == ("front-matter", {"license": "mit"}, 2)
    assert (card.body, card.body_line, card.warnings) == ("# Leaf\n", 4, ())


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff---\nlicense: mit\n---\n",
        "\n\n---\nlicense: mit\n---\n",
        "----\nlicense: mit\n-----\n",
        "---   \nlicense: mit\n---\t\n",
        "---\n---\nlicense: mit\n---\n",
    ],
)
def test_metadata_at_the_start_is_read_with_every_form_of_fence(text: str) -> None:
    card = split_card(text)
    assert (card.placement, dict(card.metadata), card.warnings) == ("front-matter", {"license": "mit"}, ())


@pytest.mark.parametrize(
    "above", ["A logo\n", "# Title\n\nWords.\n", "<!-- a comment -->\n", "Rule\n\n---\n\nmore words\n\n"]
)
def test_metadata_after_other_text_is_late_and_the_text_above_is_kept(above: str) -> None:
    card = split_card(f"{above}---\nlicense: mit\n---\nBelow\n")
    assert (card.placement, dict(card.metadata)) == ("late-front-matter", {"license": "mit"})
    assert card.body.startswith(above)
    lines = card.body.split("\n")
    assert lines[above.count("\n") + 3] == "Below", "the body keeps the file's line numbers"


@pytest.mark.parametrize(
    "text",
    [
        "Words.\n\n---\nNote: this is a rule\n\n---\nmore\n",
        "Write:\n```\n---\nlicense: mit\n---\n```\n",
        "# Heading\n\n---\n\n## Another\n",
        "---hello\n",
        "",
    ],
)
def test_text_that_only_resembles_metadata_is_prose(text: str) -> None:
    card = split_card(text)
    assert (card.placement, dict(card.metadata), card.body) == ("none", {}, text)


def test_a_missing_closing_fence_is_a_warning_and_the_keys_are_still_read() -> None:
    card = split_card("---\nlanguage: en\n\ntags:\n- trees\n\n# Leaf\nWords: many\n")
    assert dict(card.metadata) == {"language": "en", "tags": ["trees"]}
    assert card.body == "# Leaf\nWords: many\n"
    assert card.warnings == (("its metadata has no closing line of dashes: where it ends was guessed", 2),)


def test_a_missing_opening_fence_is_a_warning_and_the_keys_are_still_read() -> None:
    card = split_card("license: mit\ntags:\n- trees\n---\n# Leaf\n")
    assert dict(card.metadata) == {"license": "mit", "tags": ["trees"]}
    assert (card.placement, card.body, card.body_line) == ("late-front-matter", "# Leaf\n", 5)
    assert card.warnings[0][0].startswith("its metadata has no opening line of dashes")


def test_one_broken_key_does_not_lose_the_others() -> None:
    card = split_card("---\nlicense: mit\ntags:\n\t- trees\nlanguage: en\n---\n")
    assert dict(card.metadata) == {"license": "mit", "language": "en"}
    ((why, line),) = card.warnings
    assert why.startswith("its metadata is not valid YAML: ")
    assert line == 3


def test_prose_between_two_rules_is_kept_as_prose() -> None:
    text = "---\n\n# Leaf\n\nThis model sorts leaves.\n\n---\nmore\n"
    card = split_card(text)
    assert (card.placement, card.body) == ("none", text)
    assert card.warnings == (("its metadata is not a table of keys", 2),)


def test_the_last_value_of_a_duplicate_key_counts_with_a_warning() -> None:
    card = split_card("---\nlicense: mit\nlicense: cc0-1.0\n---\n")
    assert dict(card.metadata) == {"license": "cc0-1.0"}
    assert 'duplicate entry with key "license"' in card.warnings[0][0]


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ("license: mit\n" + BOMB, "values once its aliases are followed"),
        ("license: mit\na: " + "[" * 10_000, "nested more than 100 deep"),
        ("license: mit\na: " + "{a: " * 10_000, "nested more than 100 deep"),
        ("license: mit\na:\n " + "- " * 10_000 + "x", "nested more than 100 deep"),
        ("license: mit\na: &a [*a]", "an alias names no anchor, or one that holds the alias itself"),
        ("license: mit\na: " + "x" * (1 << 21), "longer than 1,048,576 characters"),
        ("license: mit\na: 1\na: 2\nb: " + "x" * (1 << 19), "longer than 262,144 characters"),
        ("license: mit\na: !!python/object/apply:os.system [x]\na: 1\n? [1]\n: 2", "unhashable"),
        ("license: mit\na: \0x", "control characters"),
    ],
    ids=["aliases", "brackets", "braces", "dashes", "loop", "long", "slow", "keys", "nul"],
)
def test_hostile_metadata_is_refused_by_reason_and_the_licence_beside_it_kept(block: str, why: str) -> None:
    started = time.process_time()
    card = split_card(f"---\n{block}\n---\nBody\n")
    assert time.process_time() - started < 5, "bounded, not timed"
    assert card.metadata.get("license") == "mit"
    assert any(why in warning for warning, _ in card.warnings), card.warnings
    assert card.body == "Body\n"


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="---\n: \tabclicense[]{}&*#!\"'|>\r\0", max_size=200))
def test_no_text_raises_and_the_body_is_never_longer_than_the_text(text: str) -> None:
    card = split_card(text)
    assert len(card.body) <= len(text)
    assert card.body_line <= text.count("\n") + 2
    kind_of_card(card.metadata, iter_kind_hints(card.body))
