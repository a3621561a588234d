"""What a part's texts add to its subject: statements with places, gaps, and never a word more than the clause."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model import Gap, Place, Statement, Subject
from auditor.parts import Part, Text
from auditor.policy.vocabularies import compiled_vocabulary, load_vocabularies
from auditor.terms.derive_subjects import derive_subject, derive_subjects
from auditor.terms.licence_texts import index_texts

KNOWN = compiled_vocabulary(load_vocabularies())


def test_a_saved_page_s_clause_is_placed_in_the_file_not_on_a_line_that_it_does_not_have() -> None:
    said = [
        s for s in of("terms", "Rules\n\nYou must not exploit minors.\n", first_line=0).statements if s.key == "clause"
    ]
    assert [(s.value, s.place.line) for s in said] == [("explicit", 0)]


def of(role: str, text: str, *stated: Statement, kind: str = "model", first_line: int = 1) -> Subject:
    subject = Subject(kind, "org/x", statements=stated)  # type: ignore[arg-type]
    return derive_subject(Part(subject, (Text(role, "FILE", text, first_line),)), KNOWN)  # type: ignore[arg-type]


def told(subject: Subject, *keys: str) -> list[tuple[str, str, int]]:
    return [(statement.key, statement.value, statement.place.line) for statement in subject.statements_for(*keys)]


def test_a_part_without_texts_is_unchanged() -> None:
    subject = Subject("model", "org/x")
    assert derive_subject(Part(subject), KNOWN) is subject


def test_parts_searched_together_state_what_each_states_alone() -> None:
    texts = [
        (Text("card", "A", "## Limitations\n\nSmall leaves.\n\nWrite to trees@example.org.\n"),),
        (),
        (Text("card", "B", "A lone \udc80 surrogate. The data was filtered for abuse material (CSAM).\n", 7),),
        (Text("licence", "C", ENGLISH), Text("card", "C", "You must not exploit minors.\n", 3)),
    ]
    parts = [Part(Subject("model", f"org/{at}"), said) for at, said in enumerate(texts)]
    assert list(derive_subjects(parts, KNOWN)) == [derive_subject(part, KNOWN) for part in parts]
    assert [bool(subject.statements) for subject in derive_subjects(parts, KNOWN)] == [True, False, True, True]


ENGLISH = "This is the licence of the model, and it is for all who use it in the way that it says. "


def test_terms_that_prohibit_are_quoted_with_their_place() -> None:
    subject = of("terms", ENGLISH + "\n\nYou must not:\n- lie\n- exploit minors\n", first_line=11)
    clause = next(subject.statements_for("clause"))
    assert (clause.value, clause.place, clause.source) == ("explicit", Place("FILE", 15), "terms")
    assert clause.remark.startswith("“You must not: … exploit minors” at characters ")


def test_terms_without_the_clause_are_absent() -> None:
    assert told(of("licence", ENGLISH * 3), "clause", "licence_text") == [
        ("licence_text", "", 0),
        ("clause", "absent", 0),
    ]


def test_terms_with_more_sentences_than_are_read_are_left_open() -> None:
    subject = of("terms", ENGLISH + "\n\n" + "".join(f"- the sexual minors of page {at}\n" for at in range(9_000)))
    (gap,) = subject.gaps
    assert gap.why.startswith("more sentences than are read, from character ")
    assert gap.why.endswith(" on: the rest was not judged")
    assert not subject.has("clause")


def test_terms_in_another_language_are_left_open() -> None:
    french = "Ceci est la licence du modèle et vous ne devez pas l'utiliser pour les fins qui sont dans une liste. " * 3
    subject = of("licence", french)
    assert subject.gaps == (Gap("licence", "in another language (fr): the clause was not judged", Place("FILE")),)
    assert not subject.has("clause")


def test_a_card_that_prohibits_is_card_only_unless_its_licence_does() -> None:
    text = "Don't use it to sexualise minors."
    assert told(of("card", text), "clause") == [("clause", "card-only", 1)]
    rail = Statement("licence", "creativeml-openrail-m", "", Place("FILE", 2), "card")
    assert [value for _, value, _ in told(of("card", text, rail), "clause")] == ["explicit", "explicit"]


def test_a_named_licence_states_whether_its_published_text_has_the_clause() -> None:
    subject = of("card", "", Statement("licence", "Llama 2", "", Place("FILE", 2), "card"))
    assert told(subject, "licence_id", "clause") == [("licence_id", "llama2", 2), ("clause", "by-reference", 2)]
    assert next(subject.statements_for("clause")).relation == "Llama 2 Acceptable Use Policy"


@pytest.mark.parametrize("words", ["other", "unknown", "my-own-licence"])
def test_an_unknown_licence_has_no_id(words: str) -> None:
    assert not of("card", "", Statement("licence", words)).has("licence_id")


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("## Training data\n\nTwo thousand landscapes.\n", "training_data", "training-data-section"),
        ("It was trained on Wikipedia.", "training_data", "trained-on"),
        ("## Intended use\n\nSorting mail.\n", "intended_use", "intended-use-section"),
        ("The model must not be used for surveillance.", "prohibited_use", "must-not-be-used"),
        ("## Limitations\n\nIt errs.\n", "limitations", "limitations-section"),
        ("**Red teaming** was done by ten people.", "safety", "red-teaming"),
        ("The training images were filtered for NSFW content.", "safety", "screened-training-data"),
        ("A safety checker runs on every output.", "safety", "detection"),
        ("Report misuse to us.", "safety", "reporting-channel"),
        ("## Child safety\n\nWe tested it.\n", "safety", "child-safety-section"),
        ("It is actively maintained.", "safety", "maintenance"),
        ("Outputs carry C2PA manifests.", "safety", "content-provenance"),
        ("You must be 18 to use it.", "age_limit", "adults-only"),
        ("A role-play model for long chats.", "companion", "role-play"),
        ("Your AI companion.", "companion", "companion"),
        ("A text-to-image model.", "generates", "image"),
        ("An NSFW model.", "adult_content", "adult-capability"),
        ("Please contact the authors.", "contact", "contact-section"),
    ],
)
def test_a_sentence_or_heading_states_a_key(text: str, key: str, value: str) -> None:
    assert (key, value, 1) in told(of("card", text), key)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("## Training data\n\n[More Information Needed]\n\n## Limitations\n", "training_data"),
        ("## Limitations\n\nMore information needed.\n", "limitations"),
        ("We have not done any red teaming.", "safety"),
        ("The model was not red-teamed.", "safety"),
        ("Known issue: it may produce NSFW content.", "adult_content"),
        ("It is not an NSFW model.", "adult_content"),
        ("A companion model to our blog post.", "companion"),
        ("Children under 13 appear in the class list.", "age_limit"),
        ("The safety of bridges.", "safety"),
    ],
)
def test_a_negated_or_empty_passage_states_nothing(text: str, key: str) -> None:
    assert not of("card", text).has(key)


def test_a_dataset_neither_generates_nor_is_a_companion() -> None:
    assert not of("card", "Prompts for a text-to-image model and your AI companion.", kind="dataset").has("generates")


def test_a_signal_names_terms_and_never_words() -> None:
    signal = next(of("document", "one\ntwo nsfw teens\n").statements_for("signal"))
    assert (signal.value, signal.place.line, signal.remark) == ("nsfw + teenagers", 2, "at characters 8-18")


PIECES = [
    "\udc80",
    "minors ",
    "exploit ",
    "You must not:",
    "\n- ",
    "\n\n",
    "## Training data\n",
    "nsfw",
    "\u202e",
    "\x00",
    "é",
    "a. ",
]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["card", "licence", "terms", "document"]), st.lists(st.sampled_from(PIECES) | st.text(max_size=5))
)
def test_any_text_is_read_without_error_and_every_place_is_one_of_its_lines(role: str, pieces: list[str]) -> None:
    text = "".join(pieces)
    for statement in of(role, text).statements:
        assert 0 <= statement.place.line <= text.count("\n") + 1


@pytest.mark.parametrize(
    "text",
    [
        "Es ist verboten, das Modell zur Ausbeutung von Kindern zu verwenden.",
        "Queda prohibido usar el modelo para explotar a menores.",
        "Usage interdit.",
        "Nur fuer nicht kommerzielle Zwecke. Der Autor haftet nicht.",
        "禁止将本模型用于剥削或伤害未成年人。",
        "MIT License\n\n版权所有。特此免费授予任何获得本软件副本的人不受限制地处理本软件的权限。",
        "Mallin käyttö lasten hyväksikäyttöön on kielletty.",
        "Tous droits réservés. Recherche uniquement.",
        "Todos os direitos reservados.",
        "Tutti i diritti riservati.",
        "Alleen voor onderzoek.",
        "A modell célja a kutatás, a felhasználás a szerző engedélyével történik.",
        "You may use the model as you like. " * 3 + "您可以随意使用本模型。您可以随意使用本模型。",
    ],
)
def test_a_text_in_another_language_is_left_open_however_short(text: str) -> None:
    found = of("terms", text)
    assert not found.has("clause")
    assert [gap.what for gap in found.gaps] == ["licence"]


@pytest.mark.parametrize("text", ["All rights reserved.", "Free to use. Credit the author.", "MIT"])
def test_a_short_english_notice_is_judged(text: str) -> None:
    assert [statement.value for statement in of("terms", text).statements_for("clause")] == ["absent"]


def test_a_models_tag_states_that_it_is_a_companion() -> None:
    tag = Statement("tag", "Role_Play", "", Place("README.md", 4), "card")
    tagged = Subject("model", "a/b", statements=(tag,))
    assert [s.place.line for s in derive_subject(Part(tagged), KNOWN).statements_for("companion")] == [4]
    assert not derive_subject(Part(Subject("dataset", "a/b", statements=(tag,))), KNOWN).has("companion")


def test_a_licence_of_the_text_is_stated_with_its_line_and_beside_the_metadatas() -> None:
    text = "# M\n\n**License:** Apache 2.0\n"
    alone = of("card", text)
    assert told(alone, "licence_in_text", "licence_id") == [
        ("licence_in_text", "apache-2.0", 3),
        ("licence_id", "apache-2.0", 3),
    ]
    assert [statement.source for statement in alone.statements_for("licence_in_text", "licence_id")] == [
        "card-text"
    ] * 2
    beside = of("card", text, Statement("licence", "mit", source="card"))
    assert [(s.value, s.relation) for s in beside.statements_for("licence_in_text")] == [
        ("apache-2.0", "beside-metadata")
    ]
    assert beside.values("licence_id") == ("mit",)


def test_a_sentence_about_a_licence_counts_only_where_the_metadata_names_none() -> None:
    text = "This model is licensed under the Apache License 2.0.\n"
    assert of("card", text).values("licence_in_text") == ("apache-2.0",)
    assert of("card", text, Statement("licence", "mit", source="card")).values("licence_in_text") == ()


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("Generates images of butterflies.\n", ("image",)),
        ("A GAN that generates images of butterflies.\n", ()),
        ("A GAN that generates images of what the prompt says.\n", ("image",)),
        ("Unconditional diffusion; creates images of flowers.\n", ()),
    ],
)
def test_a_model_without_a_prompt_is_no_generator_of_any_picture(text: str, made: tuple[str, ...]) -> None:
    assert of("card", text).values("generates") == made


def test_what_differs_in_a_licence_text_is_the_remark() -> None:
    mit = next(text for text in load_vocabularies().licences.texts if text.licence == "mit")
    word = index_texts(KNOWN.licences.texts, KNOWN.licences.known_words).word
    text = " ".join(map(word, mit.words)).replace("without restriction", "without any other restriction than research")
    (statement,) = of("licence", text).statements_for("licence_text")
    assert statement[1:3] == ("mit", "edited")
    assert statement.remark == "added: than research"


@pytest.mark.parametrize(
    ("kind", "clause"),
    [("document", "explicit"), ("terms", "explicit"), ("model", "card-only"), ("dataset", "card-only")],
)
def test_a_document_is_asked_and_binds_as_what_it_belongs_to(kind: str, clause: str) -> None:
    said = of("document", "# FAQ\n\nMay I post sexual content about minors? No.\n", kind=kind)
    assert told(said, "clause") == [("clause", clause, 3)]


def test_a_document_that_names_a_binding_policy_is_by_reference_unless_it_lies_beside_a_model() -> None:
    text = "For the safety of children, all use must comply with the Acceptable Use Policy.\n"
    assert told(of("document", text, kind="document"), "clause") == [("clause", "by-reference", 1)]
    assert told(of("document", text, kind="model"), "clause") == []


def test_the_remark_names_the_cues_that_decided() -> None:
    clause = next(of("terms", "You may not share CSAM.\n").statements_for("clause"))
    assert clause.remark.endswith("at characters 0-23, by the cues csam, modal-not")
