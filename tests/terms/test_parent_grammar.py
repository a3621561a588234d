"""What a sentence says of the models that it names, by classes of words and their order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.policy.vocabularies import compiled_vocabulary, load_vocabularies
from auditor.terms import parent_grammar
from auditor.terms.parent_cues import CompiledParentCues
from auditor.terms.parent_grammar import ROLES, RULES, ParentGrammar, WordClass

CLASSES = load_vocabularies().word_classes
PARENTS = compiled_vocabulary(load_vocabularies()).parents
HUB = "https://huggingface.co/"
TREE = f"[tree]({HUB}acme/tree)"


def bases(text: str, parents: CompiledParentCues = PARENTS) -> list[tuple[str, str]]:
    return [
        (each.name, each.relation) for each in parents.find(text, text.encode(), "acme/leaf", ("base_model",), True)
    ]


@pytest.mark.parametrize("word_class", CLASSES, ids=lambda each: each.id)
def test_the_examples_of_a_class_say_something_else_without_it(word_class: WordClass) -> None:
    without = replace(PARENTS, grammar=ParentGrammar(tuple(each for each in CLASSES if each != word_class)))
    for example in word_class.examples:
        assert bases(example, without) != bases(example), example


@pytest.mark.parametrize("word_class", CLASSES, ids=lambda each: each.id)
def test_the_counterexamples_of_a_class_name_no_base(word_class: WordClass) -> None:
    for text in word_class.counterexamples:
        assert "acme/tree" not in [name for name, _ in bases(text)], text


def test_no_word_is_in_two_classes() -> None:
    seen: dict[str, str] = {}
    for each in CLASSES:
        for word in each.words:
            assert seen.setdefault(word, each.id) == each.id, word


def test_each_role_has_a_letter_of_its_own_and_each_rule_a_name() -> None:
    assert len(set(ROLES.values())) == len(ROLES)
    assert len({rule.id for rule in RULES}) == len(RULES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{TREE} finetuned by us on letters.", [("acme/tree", "finetune")]),
        (f"This is {TREE} with its refusals removed.", [("acme/tree", "finetune")]),
        (f"DPO was applied to {TREE}.", [("acme/tree", "finetune")]),
        (f"Vision tower: {TREE}. Language model: [bush]({HUB}acme/bush).", [("acme/tree", ""), ("acme/bush", "")]),
        (f"Trained on pairs, initial weights: {TREE}.", [("acme/tree", "")]),
        (f"Load the base ({TREE}) first, then this.", [("acme/tree", "")]),
        (f"Unlike [bush]({HUB}acme/bush), Leaf is derived from {TREE}.", [("acme/tree", "")]),
        (f"We tune {TREE} on letters that were graded by [bush]({HUB}acme/bush).", [("acme/tree", "finetune")]),
        (f"Das Modell ist eine Feinabstimmung von {TREE}.", [("acme/tree", "finetune")]),
        (f"Ce modèle est basé sur {TREE}.", [("acme/tree", "")]),
        (f"本模型基于 {TREE} 微调。", [("acme/tree", "")]),
        (f"このモデルは {TREE} をベースにしています。", [("acme/tree", "")]),
        (f"{TREE} に対して指示データでファインチューニングを行いました。", [("acme/tree", "finetune")]),
        (f"Nous avons poursuivi l'entraînement de {TREE}.", [("acme/tree", "finetune")]),
        (f"We extended the vocabulary of {TREE} by Tamil letters.", [("acme/tree", "finetune")]),
        (f"The context length of {TREE} was raised.", [("acme/tree", "")]),
        (f"It did not begin at zero but with {TREE}.", [("acme/tree", "")]),
        (f"What was it trained from? {TREE}.", [("acme/tree", "finetune")]),
        (f"This repository contains the {TREE} checkpoint finetuned on letters.", [("acme/tree", "finetune")]),
    ],
)
def test_a_base_is_found_in_any_voice(text: str, expected: list[tuple[str, str]]) -> None:
    assert bases(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        f"Leaf is on a par with the fine-tuned {TREE}, but smaller.",
        f"Users have already fine-tuned this model: {TREE}.",
        f"The same training recipe was used for {TREE}.",
        f"A draft model for {TREE}, trained from scratch.",
        f"Base model of {TREE}.",
        f"To train your own, check lesson 4 of the course: {TREE}",
        f"The base model is a distilled version of {TREE}.",
        f"Is it trained from {TREE}? No.",
        f"A previous attempt, a finetune of {TREE}, failed.",
        f"This checkpoint powers {TREE}, trained by others.",
        f"## Trained models\n\n- {TREE} (trained on letters)",
        f"It was merged using the {TREE} merge method.",
        f"Note that {TREE} was trained on far more words.",
    ],
)
def test_a_model_that_is_only_mentioned_is_no_base(text: str) -> None:
    assert bases(text) == []


def test_a_class_of_one_s_own_adds_words_to_a_role() -> None:
    text = f"Leaf was hatched out of {TREE}."
    own = replace(PARENTS, grammar=ParentGrammar((*CLASSES, WordClass("hatching", "deriving", ("hatch*",)))))
    assert (bases(text), bases(text, own)) == ([], [("acme/tree", "")])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("These are LoRA adaption weights for iris/bloom-xl.", ["iris/bloom-xl"]),
        ("Leaf is gpt2 trained further on rhymes.", ["gpt2"]),
        ("Base: our own. It was fine-tuned from (acme/tree-7b).", ["acme/tree-7b"]),
        ("The base checkpoint is roberta-base.", ["roberta-base"]),
    ],
)
def test_a_name_among_words_needs_no_marks(text: str, expected: list[str]) -> None:
    assert [name for name, _ in bases(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "A T5-base trained on letters.",  # an architecture, not the repository
        "Based on t5-base-rhymes.",  # another name
        "Fine-tuned on V100/A100 cards.",
        "Leaf was trained from train/dev-1 and and/or files.",
        "Language model: bert-base-cased",  # in many cards the architecture
        "Trained from [tree](https://github.com/acme/tree-7b).",
    ],
)
def test_what_only_looks_like_a_name_among_words_is_no_base(text: str) -> None:
    assert bases(text) == []


@pytest.mark.parametrize(("names", "found"), [(200, True), (201, False)])
def test_so_many_names_among_words_are_looked_for(names: int, found: bool) -> None:
    text = "acme/bush-1 " * (names - 1) + "\n\nLeaf was trained from acme/tree-7b."
    assert (bases(text) == [("acme/tree-7b", "finetune")]) == found


BUSH = f"[bush]({HUB}acme/bush)"
NEEDS_RULE = {
    "points-at-the-original": f"The original weights are at {TREE}.",
    "changed-part-of-it": f"Only the vocabulary of {TREE} was extended.",
    "not-that-but-it": f"I did not begin at zero but with {TREE}.",
    "itself": f"This checkpoint powers {TREE}, a finetune by others.",
    "was-made-from-this": f"{TREE} was fine-tuned from this model.",
    "others-made-from-this": f"Fine-tuned from this one: {TREE}.",
    "base-of-it": f"This model serves as the base of {TREE}.",
    "base-of-the-base": f"The base model is a distilled version of {TREE}.",
    "its-part": f"It was built on the {TREE} tokenizer.",
    "part-of-it": f"It was trained on the outputs of {TREE}.",
    "part-made-of-it": f"Training code taken from {TREE}.",
    "made-anew": f"{TREE} trained from scratch.",
    "asked": f"Is it a finetune of {TREE}?",
    "rejected": f"We started from {TREE} and rejected it.",
    "tool": f"Prompts were filtered with {TREE} before training.",
    "made-with-a-tool": f"Letters were converted with {TREE}.",
    "other-use": f"It is not based on {TREE}.",
    "other-use-in-label": f"Baselines: {TREE} fine-tuned on letters.",
    "part-in-label": f"Vocoder: {TREE}, trained on letters.",
    "weighted-sum": f"0.7 * {TREE} + 0.3 * {BUSH}",
    "made-from": f"It was pruned from {TREE}.",
    "merged-from": f"A soup from {BUSH} and {TREE}.",
    "form-of": f"A GPTQ of {TREE}.",
    "component-label": f"Vision tower: {TREE}.",
    "weights-of": f"It keeps the weights of {TREE}.",
    "source-is": f"Its backbone is {TREE}.",
    "attached-to": f"It plugs into {TREE}.",
    "needed": f"The patches need {TREE}.",
    "taken-and-made": f"We picked {TREE} for its licence and ran two epochs of SFT over it.",
    "then-made": f"Last year {TREE} was trained further.",
    "with-something-made": f"Leaf is what you know as {TREE}, in EXL2.",
    "is-it-with": f"Leaf is {TREE} with a larger window.",
    "opens-with-it": f"The {TREE} for Danish letters finetuned by Acme.",
    "its-form": f"{TREE} のGGUF。",
    "as-the-base": f"It has {TREE} as its backbone.",
    "is-the-base": f"{TREE} is the teacher.",
    "on-its-base": f"It rests with a {TREE} base.",
    "to-a-form": f"{TREE} to EXL2.",
    "label": f"Trained on this model: {TREE}",
}


def test_each_rule_has_a_sentence_that_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(NEEDS_RULE) == [rule.id for rule in RULES]
    for rule in RULES:
        with monkeypatch.context() as without:
            without.setattr(parent_grammar, "RULES", tuple(other for other in RULES if other != rule))
            told = bases(NEEDS_RULE[rule.id])
        assert told != bases(NEEDS_RULE[rule.id]), rule.id
        assert rule.states == ("acme/tree" in dict(bases(NEEDS_RULE[rule.id]))), rule.id
