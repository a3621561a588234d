"""What only the prose of a card names, read and derived as a worker does it."""

from __future__ import annotations

import pytest

from auditor.blob import Blob
from auditor.model import Subject
from auditor.policy.vocabularies import compiled_vocabulary, load_vocabularies
from auditor.readers.card import part
from auditor.terms.derive_subjects import derive_subject

KNOWN = compiled_vocabulary(load_vocabularies())


def card(text: str) -> Subject:
    return derive_subject(
        part(Blob("/nowhere", "acme/leaf/README.md", len(text), "model", "acme/leaf"), text.encode()), KNOWN
    )


def stated(text: str, key: str) -> list[tuple[str, str, str, int]]:
    return [(s.key, s.value, s.relation, s.place.line) for s in card(text).statements_for(key)]


MERGE = """---
base_model: acme/tree
tags: [mergekit, merge]
---
# merge

This is a merge of pre-trained language models created using mergekit.

### Models Merged

The following models were included in the merge:
* [acme/bush](https://huggingface.co/acme/bush)
* /home/x/my model

### Configuration

```yaml
models:
  - model: acme/tree
  - model: acme/bush+acme/lora
merge_method: slerp
base_model: acme/tree
```

* not a parent
"""


def test_a_merge_names_its_parents_in_the_prose_too() -> None:
    assert stated(MERGE, "base_model") == [
        ("base_model", "acme/tree", "merge", 2),
        ("base_model", "acme/bush", "merge", 12),
        ("base_model", "local:my model", "merge", 13),
        ("base_model", "acme/lora", "adapter", 20),
    ]
    sources = [statement.source for statement in card(MERGE).statements_for("base_model")]
    assert sources == ["card", "card-text", "card-text", "card-text"]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "This model is a fine-tuned version of [acme/tree](https://huggingface.co/acme/tree) on leaves.",
            ("acme/tree", "finetune"),
        ),
        ("Base model: [acme/tree](https://huggingface.co/acme/tree)", ("acme/tree", "finetune")),
        ("These are LoRA adaption weights for https://huggingface.co/acme/tree.", ("acme/tree", "adapter")),
    ],
)
def test_a_base_model_is_found_in_the_prose(sentence: str, expected: tuple[str, str]) -> None:
    ((_, *told, line),) = stated(f"# Leaf\n\n{sentence}\n", "base_model")
    assert (tuple(told), line) == (expected, 3)


@pytest.mark.parametrize(
    "sentence",
    [
        "See also [acme/tree](https://huggingface.co/acme/tree).",
        "It beats the fine-tuned [acme/tree](https://huggingface.co/acme/tree).",
        "This is a fine-tuned version of [./tree](https://huggingface.co/./tree).",
    ],
)
def test_a_model_that_is_only_mentioned_is_not_a_base_model(sentence: str) -> None:
    assert stated(sentence, "base_model") == []


@pytest.mark.parametrize(
    ("text", "value", "line"),
    [
        ("- **Point of Contact:** [Ann](mailto:ann@example.org)\n", "point-of-contact", 1),
        ("# Leaf\n\n## Model Card Contact\n\nAnn, by letter.\n", "section", 3),
        ("# Leaf\n\nWrite to ann@example.org.\n", "email", 3),
    ],
)
def test_a_contact_is_found(text: str, value: str, line: int) -> None:
    assert [(v, at) for _, v, _, at in stated(text, "contact")] == [(value, line)]


@pytest.mark.parametrize(
    "text",
    [
        "- **Point of Contact:**\n- **Size:** 3\n",
        "## Model Card Contact\n\n[More Information Needed]\n",
        "Clone git@github.com:acme/leaf\n",
        "Contact with water spoils leaves.\n",
    ],
)
def test_a_placeholder_is_not_a_contact(text: str) -> None:
    assert stated(text, "contact") == []


def test_a_policy_counts_if_it_must_be_accepted_and_not_if_a_card_mentions_it() -> None:
    words = "You agree to comply with the Tessera Acceptable Use Policy (https://tessera.example/aup)."
    prompt = f"---\nlicense: other\nextra_gated_prompt: >-\n  {words}\n---\n# Leaf\n"
    policy = "Tessera Acceptable Use Policy (https://tessera.example/aup)"
    assert stated(prompt, "clause") == [("clause", "by-reference", policy, 3)]
    fields = f"---\nextra_gated_fields:\n  {words[:58]}: checkbox\n---\n# Leaf\n"
    assert stated(fields, "clause") == [("clause", "by-reference", "Tessera Acceptable Use Policy", 2)]
    assert stated(f"---\nlicense: other\n---\n# Leaf\n\n{words}\n", "clause") == []
