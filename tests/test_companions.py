"""The rule on companions, measured on cards that were labelled before their author saw it."""

from __future__ import annotations

import pytest

from tests.benchmarks.bench_companions import flagged_cards, read_cards, score_cards

CARDS = read_cards()


def test_the_labelled_cards_are_companions_with_and_without_safeguards_and_others() -> None:
    labels = [card.label for card in CARDS]
    assert {label: labels.count(label) for label in sorted(set(labels))} == {
        "guarded": 14,
        "other": 38,
        "unguarded": 30,
    }
    assert len({card.id for card in CARDS}) == len(CARDS)


@pytest.mark.slow
def test_the_rule_flags_companions_without_safeguards_and_no_other_model() -> None:
    flagged = flagged_cards(CARDS)
    wrong = sorted(card.id for card in CARDS if card.id in flagged and card.label != "unguarded")
    missed = sorted(card.id for card in CARDS if card.label == "unguarded" and card.id not in flagged)
    assert wrong == []
    # The licence that this merge names prohibits the use in its own text, which the rule takes for a safeguard.
    assert missed == ["roleplay-merge"]
    assert score_cards(CARDS, flagged).precision >= 0.98
