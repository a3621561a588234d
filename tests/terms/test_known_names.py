"""Names that are nearly those of known models and datasets."""

from __future__ import annotations

import pytest

from auditor.model import Place, Statement, Subject
from auditor.parts import Part
from auditor.policy.vocabularies import compiled_vocabulary, load_vocabularies
from auditor.terms.derive_subjects import derive_subject
from auditor.terms.known_names import MIN_LETTERS_OF_WORD, KnownNames

KNOWN = compiled_vocabulary(load_vocabularies())


@pytest.mark.parametrize(
    ("written", "likely"),
    [
        ("laion/lain2B-en", "laion/laion2B-en"),  # a letter left out
        ("laoin/laion2B-en", "laion/laion2B-en"),  # two letters in the other order
        ("l\u0430ion/laion2B-en", "laion/laion2B-en"),  # a Cyrillic letter
        ("laion\u200b/laion2B-en", "laion/laion2B-en"),  # a zero-width space
        ("google-bert/bert-base-uncassed", "google-bert/bert-base-uncased"),
        ("stabilityai/stable-difusion-xl-base-1.0", "stabilityai/stable-diffusion-xl-base-1.0"),
    ],
)
def test_a_name_that_is_nearly_a_known_one_tells_the_likely_one(written: str, likely: str) -> None:
    assert KNOWN.known_names.likely_name(written) == likely


@pytest.mark.parametrize(
    "written",
    [
        "laion/laion2B-en",
        "LAION/LAION2B-EN",
        "laion/laion3B-en",  # another number is another version
        "laion/laion2B-es",  # a short word is too near to others
        "fquad",  # a dataset of its own
        "laion/relaion2B-en-research",
        "google-bert/bert-base-cased",
        "acme/tree",
        "",
    ],
)
def test_a_known_name_and_one_like_none_tell_nothing(written: str) -> None:
    assert KNOWN.known_names.likely_name(written) == ""


def test_words_of_fewer_letters_than_five_are_not_compared() -> None:
    assert MIN_LETTERS_OF_WORD == 5
    assert KnownNames(["acme/tree"]).likely_name("acme/tre") == ""
    assert KnownNames(["acme/trees"]).likely_name("acme/tree") == "acme/trees"


def test_the_statement_shows_what_cannot_be_seen() -> None:
    base = Statement("trained_on", "laion\u200b/laion2B-en", "", Place("README.md", 3), "card")
    (told,) = derive_subject(Part(Subject("model", "acme/leaf", statements=(base,))), KNOWN).statements_for(
        "lookalike_name"
    )
    assert (told.value, told.relation, told.place.line) == ("laion\\u{200b}/laion2B-en", "laion/laion2B-en", 3)
