"""Answers of public summaries of training content: yes or no, dates, sizes, names and placeholders."""

from __future__ import annotations

import pytest

from auditor.syntax.summary_values import (
    crawlers,
    dates,
    is_placeholder,
    modalities,
    named_sources,
    names_nothing,
    size_band,
    yes_or_no,
)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("Yes, three sets", "yes"),
        ("no", "no"),
        ("☒ Yes ☐ No", "yes"),
        ("- [ ] ☐ Yes - [x] ☒ No", "no"),
        ("☐ No", "no"),  # a form that shows one option alone
        ("Yes / No", ""),
        ("We did not crawl any website.", "no"),
        ("No user data was used for training.", "no"),
        ("We used two newspapers' archives.", "yes"),
        ("TO BE PROVIDED", ""),
        ("Nein / No", "no"),
        ("Oui, sous licence", "yes"),
        ("Ja / Nein", ""),
        ("Not by us or on our behalf.", "no"),
        ("We don't.", "no"),
        ("Not yet decided", ""),
        ("The lab has neither operated crawlers nor had them operated.", "no"),
        ("The lab has obtained none.", "no"),
        ("LeafBot, from May to June", "yes"),
        ("✘", "no"),
        ("✓ | the leaves", "yes"),
        ("See our policy.", ""),
        ("As the leaves", ""),
    ],
)
def test_yes_and_no_are_read_from_boxes_words_and_denials(words: str, answer: str) -> None:
    assert yes_or_no([words]) == answer


@pytest.mark.parametrize(
    ("words", "iso"),
    [
        ("12/2025", "2025-12"),
        ("31/12/2025", "2025-12-31"),
        ("2.9.2025", "2025-09-02"),
        ("12/31/2025", "2025-12-31"),
        ("2025-09-02", "2025-09-02"),
        ("Sept 2nd, 2025", "2025-09-02"),
        ("2 September 2025", "2025-09-02"),
        ("March 2026", "2026-03"),
        ("in 2024", "2024"),
    ],
)
def test_dates_are_iso_8601_and_as_exact_as_they_are_written(words: str, iso: str) -> None:
    assert dates(words) == (iso,)


def test_a_month_that_does_not_exist_is_no_date() -> None:
    assert dates("13/2025") == ()


@pytest.mark.parametrize(
    ("words", "modality", "band"),
    [
        ("15 trillion tokens", "text", "more than 10 trillion tokens"),
        ("1 billion to 10 trillion tokens", "text", "1 billion to 10 trillion tokens"),
        ("☐ Less than 1 billion tokens ☒ More than 10 trillion tokens", "text", "more than 10 trillion tokens"),
        (">10T tokens", "text", "more than 10 trillion tokens"),
        ("about 420,000 images", "image", "less than 1 million images"),
        ("40 million images", "image", "1 million to 1 billion images"),
        ("1.2B images", "image", "more than 1 billion images"),
        ("25 000 hours of speech", "audio", "10 000 to 1 million hours"),
        ("10 000 - 1 million hours", "audio", "10 000 to 1 million hours"),
        ("1 to 10 trillion tokens", "text", "1 billion to 10 trillion tokens"),
        ("more than one billion but fewer than ten trillion tokens", "text", "1 billion to 10 trillion tokens"),
        ("more than one million and up to one billion images", "image", "1 million to 1 billion images"),
        ("not known", "text", ""),
    ],
)
def test_a_size_belongs_to_a_band_of_the_template(words: str, modality: str, band: str) -> None:
    assert size_band(words, modality) == band


def test_only_ticked_modalities_are_stated() -> None:
    assert modalities("☒ Text ☒ Image ☐ Video ☐ Audio") == ("text", "image")


def test_names_in_a_list_are_told_from_descriptions() -> None:
    words = "Common Crawl (https://commoncrawl.org), acme/leaves-2024, and English Wikipedia dump 2025-06"
    assert [named.value for named in named_sources(words, is_list=True)] == [
        "Common Crawl",
        "acme/leaves-2024",
        "English Wikipedia",
    ]


def test_names_in_prose_come_from_links_ids_and_what_follows_such_as() -> None:
    words = "We trained on the Leaves Collection (acme/leaves) and [Roots](https://hf.co/datasets/acme/roots)."
    assert {named.value for named in named_sources(words, is_list=False)} == {"acme/leaves", "acme/roots"}


def test_an_address_of_a_dataset_is_no_model() -> None:
    words = "https://huggingface.co/datasets/acme/leaves"
    assert named_sources(words, is_list=True, models=True) == ()


def test_paths_and_alternatives_are_no_repositories() -> None:
    assert named_sources("Data of input/output pairs and/or opt-in users.", is_list=False) == ()


def test_crawlers_in_prose_are_told_by_their_names() -> None:
    assert crawlers("Our crawler `LeafFetch` and RootBot/1.2 ran daily.", is_list=False) == ("LeafFetch", "RootBot/1.2")


@pytest.mark.parametrize(
    "words",
    ["", "TO BE PROVIDED", "tbd", "[describe measures here]", "N/A", "Not yet available", "<insert text>", "…", "-"],
)
def test_placeholders_say_nothing(words: str) -> None:
    assert is_placeholder(words)


def test_a_measure_is_no_placeholder() -> None:
    assert not is_placeholder("Keyword filters.")


@pytest.mark.parametrize("words", ["None", "n/a", "Trained from scratch", "The model has no dependencies."])
def test_a_model_without_a_base_names_nothing(words: str) -> None:
    assert names_nothing(words)


def test_what_follows_an_option_that_is_not_ticked_is_said() -> None:
    (found,) = named_sources("☑ Yes ☐ No. [Leaves](https://huggingface.co/datasets/acme/leaves)", is_list=True)
    assert found.repository == "acme/leaves"
    assert named_sources("☐ Yes, acme/leaves ☑ No", is_list=True) == ()


def test_a_column_for_each_model_names_a_base_of_each() -> None:
    found = named_sources("`acme/tree-1b` | [Tree 8B](https://huggingface.co/acme/tree-8b)", is_list=True, models=True)
    assert [one.repository for one in found] == ["acme/tree-1b", "acme/tree-8b"]


def test_links_to_code_or_a_paper_are_no_sources() -> None:
    text = "We used [Leaves](https://huggingface.co/datasets/acme/leaves) ([code](https://leaf.example/code))."
    assert [one.value for one in named_sources(text, is_list=False)] == ["acme/leaves"]


def test_a_description_in_a_sentence_is_no_name() -> None:
    assert named_sources("Smaller ones include Dutch parliamentary records.", is_list=False) == ()


def test_a_quantity_is_no_name() -> None:
    found = named_sources("[Leaves](https://huggingface.co/datasets/acme/leaves), 2.4 million images", is_list=True)
    assert [one.value for one in found] == ["acme/leaves"]


def test_a_yes_of_another_language_is_no_name() -> None:
    assert [one.value for one in named_sources("Oui. acme/leaves", is_list=False)] == ["acme/leaves"]


@pytest.mark.parametrize(
    "words", ["This answer is being prepared.", "Legal to provide wording", "Description follows in May", "(pending)"]
)
def test_an_answer_that_is_still_to_come_says_nothing(words: str) -> None:
    assert is_placeholder(words)
    assert not is_placeholder(f"{words}. Classifiers were used to provide safety.")


@pytest.mark.parametrize(
    ("words", "section", "answer"),
    [
        ("Neither A nor B was used, but acme/leaves and acme/roots were.", "2.1", "yes"),
        ("User prompts were not used, but data from our notes service was.", "2.4", "yes"),
        ("No images were generated; text was generated with acme/hill.", "2.5", "yes"),
        ("No licences were bought, but one publisher agreed.", "2.2.1", "yes"),
        ("We did not crawl, but public crawls were used.", "2.3", ""),  # which is meant cannot be told
        ("No user data was used except the chats that users donated.", "2.4", ""),
        ("None, except for donated chats.", "2.4", ""),
        ("No data was used except as described in Section 2.1.", "2.6", "no"),
        ("No, but see Section 2.1.", "2.3", "no"),
        ("We did not crawl; neither did anyone on our behalf.", "2.3", "no"),
        ("At no point.", "2.4", "no"),
    ],
)
def test_a_clause_that_denies_does_not_deny_the_next_one(words: str, section: str, answer: str) -> None:
    assert yes_or_no([words], section) == answer


def test_names_are_read_from_the_clauses_that_deny_nothing() -> None:
    def names(text: str) -> list[str]:
        return [named.value for named in named_sources(text, is_list=False)]

    assert names("Neither acme/a1 nor acme/b1 was used, but acme/leaves-2 and acme/roots were.") == [
        "acme/leaves-2",
        "acme/roots",
    ]
    assert names("Both acme/leaves and acme/roots were used; acme/trees was considered but not used.") == [
        "acme/leaves",
        "acme/roots",
    ]


def test_an_id_in_lower_case_is_told_from_two_words_with_a_stroke() -> None:
    (found,) = named_sources("We relied on acme/leaves for text/label pairs, and client/server logs.", is_list=False)
    assert found.value == "acme/leaves"


def test_two_models_with_the_same_answer_in_their_columns_are_answered() -> None:
    assert yes_or_no(["No | No"]) == "no"
    assert yes_or_no(["No | Yes"]) == ""


def test_ids_in_brackets_are_no_placeholder() -> None:
    assert not is_placeholder("[acme/leaves, acme/roots]")
    assert is_placeholder("[to be filled in]")
    assert is_placeholder("n.a.")
