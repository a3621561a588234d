"""Models and datasets that a card's prose names as what its subject was made from."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from auditor.model import Kind
from auditor.policy.vocabularies import compiled_vocabulary, load_vocabularies
from auditor.terms.parent_cues import CompiledParentCues, Parent, ParentCue, _batches

CUES = load_vocabularies().parent_cues
PARENTS = compiled_vocabulary(load_vocabularies()).parents
KEYS = {"model": ("base_model", "trained_on"), "dataset": ("sourced_from",)}
STATED = ("base_model", "trained_on", "sourced_from")
HUB = "https://huggingface.co/"


def find(text: str, kind: Kind = "model", parents: CompiledParentCues = PARENTS) -> list[Parent]:
    return list(parents.find(text, text.encode(), "acme/leaf", KEYS[kind], has_label=True))


def names(text: str, kind: Kind = "model") -> list[str]:
    return [parent.name for parent in find(text, kind)]


def kind_of(cue: ParentCue) -> Kind:
    return "dataset" if cue.states == "sourced_from" else "model"


@pytest.mark.parametrize("cue", CUES, ids=lambda cue: cue.id)
def test_a_cue_states_what_its_examples_state_and_without_it_they_say_something_else(cue: ParentCue) -> None:
    without = replace(PARENTS, cues=tuple(other for other in CUES if other != cue))
    for example in cue.examples:
        told = [(parent.states, parent.relation) for parent in find(example, kind_of(cue)) if parent.cue == cue.id]
        assert bool(told) == (cue.states in STATED), example
        assert set(told) <= {(cue.states, cue.relation)}, example
        assert find(example, kind_of(cue), without) != find(example, kind_of(cue)), example


@pytest.mark.parametrize("cue", CUES, ids=lambda cue: cue.id)
def test_a_cue_states_nothing_of_its_counterexamples(cue: ParentCue) -> None:
    without = replace(PARENTS, cues=tuple(other for other in CUES if other != cue))
    for text in cue.counterexamples:
        assert [parent for parent in find(text, kind_of(cue)) if parent.states == cue.states] == [], text
        if cue.states not in STATED:
            assert find(text, kind_of(cue), without) == find(text, kind_of(cue)), text


@pytest.mark.parametrize(
    "written",
    [
        f"[the tree]({HUB}acme/tree)",
        f"[`acme/tree`]({HUB}acme/tree/)",
        f"[tree]({HUB}acme/tree/tree/main)",
        f"[tree](<{HUB}acme/tree>)",
        f"<a href='{HUB}acme/tree'>the <b>tree</b></a>",
        f"{HUB}acme/tree.",
        "[tree](https://hf.co/acme/tree?library=x)",
        "`acme/tree`",
        "**acme/tree**",
    ],
)
def test_a_repository_is_found_however_it_is_linked_or_marked(written: str) -> None:
    assert names(f"# Leaf\n\nLeaf is a fine-tuned version of {written}\n") == ["acme/tree"]


@pytest.mark.parametrize(
    "text",
    [
        f"# Leaf\n\nLeaf is a fine-tuned\nversion of\n[tree]({HUB}acme/tree).\n",  # lines of one paragraph
        f"# Leaf - GPTQ\n- Original model: [Tree]({HUB}acme/tree)\n",
        "# Leaf\n\n| | |\n|---|---|\n| **Base model** | acme/tree |\n",
        f"# Leaf\n\n## Base model\n\n[Tree]({HUB}acme/tree)\n",
        "# Leaf\n\n- **Finetuned from model [optional]:** acme/tree\n",
        f"<p>Quantized version of <a href='{HUB}acme/tree'>Tree</a></p>",
        f"> Fine-tuned from [Tree]({HUB}acme/tree)\n",
    ],
)
def test_a_parent_is_found_wherever_it_stands(text: str) -> None:
    assert names(text) == ["acme/tree"]


@pytest.mark.parametrize(
    "text",
    [
        f"A fine-tuned version of [Tree][base].\n\n[base]: {HUB}acme/tree",
        f"A fine-tuned version of [Tree].\n\n[tree]: <{HUB}acme/tree>",
        f"A fine-tuned version of Tree[^1] for rhymes.\n\n[^1]: {HUB}acme/tree",
    ],
)
def test_a_link_that_is_defined_apart_counts_where_it_is_used(text: str) -> None:
    assert [(each.name, text.count("\n", 0, each.start)) for each in find(text)] == [("acme/tree", 0)]


def test_the_words_of_a_badge_are_a_label() -> None:
    picture = "https://img.shields.io/badge/base%20model-tree--7b-blue"
    assert names(f"[![Tree]({picture})]({HUB}acme/tree)") == ["acme/tree"]
    assert names(f"[![Base](base.svg)]({HUB}acme/tree)") == ["acme/tree"]
    assert names(f"[![Demo](https://img.shields.io/badge/try%20it-tree-blue)]({HUB}acme/tree)") == []


def test_a_table_s_header_says_what_the_dataset_in_a_row_is_for() -> None:
    row = f"[leaves]({HUB}datasets/acme/leaves)"
    assert names(f"| Stage | Data | Rows |\n|---|---|---|\n| SFT | {row} | 20 |") == ["acme/leaves"]
    assert names(f"| Benchmark | Score | Rows |\n|:--|---|--:|\n| {row} | 81.0 | 20 |") == []
    assert names(f"| Benchmark | Score |\n|---|---|\n| {row} | 81.0 |") == []


def test_the_header_of_a_long_table_is_not_looked_for() -> None:
    row = f"| A | B | [leaves]({HUB}datasets/acme/leaves) |\n"
    table = "| Letters | Rhymes | SFT data |\n|---|---|---|\n" + "| a | b | c |\n" * 58
    assert names(table + row) == ["acme/leaves"]
    assert names(table + "| a | b | c |\n" + row) == []


def test_a_dataset_that_is_called_like_the_model_is_another_thing() -> None:
    assert names(f"Trained on [leaf]({HUB}datasets/someone/leaf).") == ["someone/leaf"]
    assert names(f"Trained on [leaf]({HUB}datasets/acme/leaf).") == []


def test_a_cue_of_a_phrase_goes_before_a_cue_of_a_sentence() -> None:
    tree = f"[tree]({HUB}acme/tree)"
    assert [(each.cue, each.relation) for each in find(f"A GPTQ of {tree}, with its layers untouched.")] == [
        ("quantized-of", "quantized")
    ]
    assert names(f"Its layers, unlike others, sit on {tree}.") == []
    assert names(f"Fine-tuned from {tree}, in a nicer format.") == ["acme/tree"]


def test_a_sentence_names_no_repository_that_is_not_linked() -> None:
    assert names("The head is ours; below it, with its layers untouched, sits `acme/tree`.") == []


def test_the_address_of_a_link_says_more_than_most_words_around_it() -> None:
    tree = f"[tree]({HUB}acme/tree)"
    stated = [(each.states, each.name) for each in find(f"Trained on {tree}. It was trained on `acme/leaves`.")]
    assert stated == [("base_model", "acme/tree"), ("trained_on", "acme/leaves")]
    assert names(f"Fine-tuned from the model {tree} (dataset).") == ["acme/tree"], "two words disagree: the model holds"


@pytest.mark.parametrize(("labels", "found"), [(199, ["acme/tree"]), (200, [])])
def test_names_without_marks_are_looked_for_after_so_many_labels(labels: int, found: list[str]) -> None:
    assert names("Base model: none\n" * labels + "\nBase model: acme/tree") == found


@pytest.mark.parametrize(("lines", "found"), [(28, ["acme/tree"]), (29, [])])
def test_the_lead_of_a_list_is_looked_for_in_so_many_lines(lines: int, found: list[str]) -> None:
    assert names("These were merged:\n\n" + "- oak\n" * lines + f"- [tree]({HUB}acme/tree)") == found


@pytest.mark.parametrize(("letters", "found"), [(158, ["acme/tree"]), (159, [])])
def test_the_label_of_a_link_is_no_longer_than_a_line(letters: int, found: list[str]) -> None:
    assert names(f"Fine-tuned from [{'x' * letters}]({HUB}acme/tree)") == found


def test_an_automaton_has_40_cues() -> None:
    assert [len(batch) for batch in _batches(["tree"] * 90)] == [40, 40, 10]


def test_a_text_that_names_only_what_is_stated_already_is_not_read_further() -> None:
    tree, leaves = f"[tree]({HUB}acme/tree)", f"[leaves]({HUB}datasets/acme/leaves)"
    text = f"Fine-tuned from {tree} on {leaves}."
    tree_stated, leaves_stated = ("base_model", "acme/tree"), ("trained_on", "acme/leaves")
    stated = {
        known: [each.name for each in PARENTS.find(text, text.encode(), "", KEYS["model"], True, known)]
        for known in ((), (tree_stated,), (tree_stated, leaves_stated), (("trained_on", "acme/tree"), leaves_stated))
    }
    assert list(stated.values()) == [
        ["acme/tree", "acme/leaves"],
        ["acme/tree", "acme/leaves"],
        [],
        ["acme/tree", "acme/leaves"],
    ]


def test_a_repository_without_an_owner_is_found_by_the_name_that_the_hub_once_gave_it() -> None:
    assert names(f"It rests on a pre-trained [GPT-2]({HUB}gpt2), which was fine-tuned on rhymes.") == ["gpt2"]
    assert names(f"It is based on a model of [Acme]({HUB}acme).") == []  # the page of an organisation


@pytest.mark.parametrize(
    "text",
    [
        f"Leaf is a fine-tuned version of [Leaf]({HUB}acme/leaf).",  # itself
        f"```\nA fine-tuned version of {HUB}acme/tree\n```",
        f"<!-- A fine-tuned version of {HUB}acme/tree -->",
        f"It is based on ![a picture]({HUB}acme/tree/resolve/main/a.png).",
        "It is based on [the docs](https://huggingface.co/docs/transformers).",
        "It is based on `scripts/train.py` and `./tree/leaf`.",
        "It is based on [acme/tree](https://github.com/acme/tree).",
        "Base model: N/A",
        "| Base | 12/12 | 220M |",
    ],
)
def test_what_is_no_repository_is_no_parent(text: str) -> None:
    assert names(text) == []


def test_a_merge_names_several_parents_and_a_fine_tune_only_those_of_its_first_sentence() -> None:
    merge = f"A merge of [A]({HUB}acme/a), [B]({HUB}acme/b) and [C]({HUB}acme/c)."
    assert names(merge) == ["acme/a", "acme/b", "acme/c"]
    assert names("Quantized version of `acme/tree`.\n\n## Tree\n\nTree was fine-tuned from `acme/seed`.") == [
        "acme/tree"
    ]


def test_a_parent_s_own_parent_is_none() -> None:
    assert names("Leaf was initialised from `acme/tree`, a distilled version of `acme/seed`.") == ["acme/tree"]


def test_datasets_are_parents_of_models_and_sources_of_datasets() -> None:
    leaves = f"[leaves]({HUB}datasets/acme/leaves)"
    assert [(p.states, p.name) for p in find(f"Trained on {leaves}.")] == [("trained_on", "acme/leaves")]
    assert [(p.states, p.name) for p in find(f"A subset of {leaves}.", "dataset")] == [("sourced_from", "acme/leaves")]
    assert find(f"We report results on {leaves}.") == []


@pytest.mark.parametrize(
    "text",
    [
        "It was fine-tuned on `acme/leaves` for three epochs.",
        "A tree that was trained, with much care, on the `acme/leaves` corpus.",
        "It was instruction-tuned on a blend of `acme/leaves` and `acme/twigs`.",
        "The model is trained on a mixture of the `acme/leaves` and `acme/twigs` datasets.",
        "Trained with QLoRA, r=64, on `acme/leaves` (dataset).",
        "- **SFT data:** `acme/leaves`",
        "Dataset(s): **acme/leaves**, `acme/twigs`",
        "## Training data\n\n- `acme/leaves`: letters\n- `acme/twigs`: answers\n",
        f"A fine-tuned version of [Tree]({HUB}acme/tree) on `acme/leaves`.",
    ],
)
def test_a_name_in_code_marks_after_trained_on_is_a_dataset_and_no_parent(text: str) -> None:
    told = {(parent.states, parent.name) for parent in find(text)} - {("base_model", "acme/tree")}
    assert ("trained_on", "acme/leaves") in told
    assert {states for states, _ in told} == {"trained_on"}


@pytest.mark.parametrize(
    "text",
    [
        "This LoRA was trained on `acme/tree`.",
        "The ControlNet was trained on `acme/tree` with depth maps.",
        "The style was trained on the checkpoint `acme/tree`.",
        "It was trained on top of `acme/tree`.",
        "It was trained on `acme/tree-7b` with letters.",
        f"It was trained on [Tree]({HUB}acme/tree) with letters.",
    ],
)
def test_a_name_after_trained_on_is_a_parent_where_the_words_or_the_address_say_so(text: str) -> None:
    assert [(parent.states, parent.name.removesuffix("-7b")) for parent in find(text)] == [("base_model", "acme/tree")]


def test_nothing_is_said_of_a_name_that_may_be_either() -> None:
    assert find("This LoRA was trained on `acme/letters-10k`.") == []


@pytest.mark.parametrize("own", [f"[acme/leaf]({HUB}acme/leaf)", f"{HUB}someone/leaf", "`acme/leaf`"])
def test_the_subject_itself_is_no_parent(own: str) -> None:
    text = f"This model {own} was converted to MLX format from [Tree]({HUB}acme/tree)."
    for name in ("acme/leaf", "leaf", "something-else"):
        assert [parent.name for parent in PARENTS.find(text, text.encode(), name, KEYS["model"], True)] == ["acme/tree"]


@pytest.mark.parametrize(
    "text",
    [
        f"[a]({HUB}acme/tree) " * 20_000,
        "fine-tuned from " * 60_000 + f"[a]({HUB}acme/tree)",
        f"[{'[' * 500_000}]({HUB}acme/tree)",
        f"Base model: {'a/' * 500_000}",
        f"{HUB}" * 40_000,
        f"| {HUB}acme/tree " * 20_000,
        "Base model: acme/tree, " * 40_000,
        "`a/b` based on " * 60_000,
        f"<a href='{HUB}acme/tree'>" * 20_000,
        f"[a]: {HUB}acme/tree\n" * 20_000 + "[a]" * 100_000,
        f"| a | b | [a]({HUB}datasets/acme/tree) |\n" * 20_000,
    ],
)  # fmt: skip
def test_a_hostile_megabyte_takes_less_than_a_second(text: str) -> None:
    find("Leaf is based on `acme/tree`.")  # the patterns are compiled
    begun = time.process_time()
    assert len(find(text)) <= 400
    assert time.process_time() - begun < 1


def test_a_column_of_bases_states_one_and_a_table_that_compares_models_none() -> None:
    row = f"| SFT | [tree]({HUB}acme/tree) | letters |"
    assert names(f"| Stage | Init | Data |\n|---|---|---|\n{row}\n") == ["acme/tree"]
    assert names(f"| Stage | Model | Data |\n|---|---|---|\n{row}\n") == []
    compared = f"| [bush]({HUB}acme/bush) | [tree]({HUB}acme/tree) | 61.0 |"
    assert names(f"| Model | Base | Score |\n|---|---|---|\n{compared}\n") == []


def test_a_quantized_copy_of_the_subject_is_no_parent() -> None:
    listed = "## Quantized versions\n\n- GGUF: [{name}](" + HUB + "{name})\n"
    assert names(listed.format(name="acme/leaf-v2-GGUF")) == []
    assert names("GPTQ of `acme/tree-7b`.") == ["acme/tree-7b"]


def test_the_models_of_a_weighted_sum_are_all_parents() -> None:
    recipe = f"Recipe: [tree]({HUB}acme/tree) * 0.6 + [bush]({HUB}acme/bush) * 0.4"
    assert [(each.name, each.relation) for each in find(recipe)] == [("acme/tree", "merge"), ("acme/bush", "merge")]
