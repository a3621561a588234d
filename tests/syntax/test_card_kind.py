"""A card's kind follows from its keys, else from its headings."""

from __future__ import annotations

import pytest

from auditor.syntax.card_kind import iter_kind_hints, kind_of_card, kind_of_text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("---\npipeline_tag: text-to-image\n---\n", "model"),
        ("---\nsize_categories: [n<1K]\nlicense: mit\n---\n", "dataset"),
        ("---\nlicense: mit\n---\n# Model Card for Leaf\n", "model"),
        ("---\nlicense: mit\n---\n## Dataset Summary\n", "dataset"),
        ("# Leaf\n\nThis library sorts leaves.\n", "document"),
        ("# All the model cards of the forest\n", "document"),
        ("# Model Card\n", "model"),
        ("# Dataset Card for Leaves\n", "dataset"),
        ("---\ntitle: Demo\nsdk: gradio\napp_file: app.py\n---\n", "document"),
    ],
)
def test_the_kind_of_a_folder_follows_from_its_readme(text: str, kind: str) -> None:
    assert kind_of_text(text.encode()) == kind


def test_a_card_without_metadata_shows_its_kind_by_headings_and_first_words() -> None:
    assert kind_of_card({}, iter_kind_hints("# Leaf\n\n" + "This model sorts leaves. " * 20)) == "model"
    assert kind_of_card({}, iter_kind_hints("# Leaves\n\n## Data Fields\n")) == "dataset"
    assert kind_of_card({}, iter_kind_hints("# Metric Card for leaf score\n\n## Limitations and bias\n")) == "document"
