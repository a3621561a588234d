"""The rule on companions, measured on cards that were labelled before their author saw it."""

from __future__ import annotations

import pytest

from tests.benchmarks.bench_companions import CARDS, flagged_cards, read_cards, score_cards

LABELLED = [card for file in CARDS for card in read_cards(file)]


def test_the_labelled_cards_are_companions_with_and_without_safeguards_and_others() -> None:
    labels = [card.label for card in LABELLED]
    assert [labels.count(label) for label in ("unguarded", "guarded", "other")] == [55, 24, 66]
    assert set(labels) == {"unguarded", "guarded", "other"}
    assert len({card.id for card in LABELLED}) == len(LABELLED)


@pytest.mark.slow
def test_the_rule_flags_companions_without_safeguards_and_no_other_model() -> None:
    flagged = flagged_cards(LABELLED)
    wrong = sorted(card.id for card in LABELLED if card.id in flagged and card.label != "unguarded")
    missed = sorted(card.id for card in LABELLED if card.label == "unguarded" and card.id not in flagged)
    assert wrong == []
    # The licence that the merge names prohibits the use in its own text, which the rule takes for a safeguard; the
    # words of the third set were left out of the vocabulary.
    assert missed == ["roleplay-merge", "third-emotional", "third-lonely", "third-mistress"]
    assert score_cards(LABELLED, flagged).precision >= 0.98
