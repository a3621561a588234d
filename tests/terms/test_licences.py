"""A licence is known by any spelling of its name and by its text; words that are no licence are none."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from auditor.policy.vocabularies import load_vocabularies, read_vocabularies
from auditor.terms.licences import Licence, LicenceText, index_licences, normalise_licence_text, sketch_licence_text

LICENCES = load_vocabularies().licences


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("Apache 2.0", ["apache-2.0"]),
        ("apache2", ["apache-2.0"]),
        ("Apache License, Version 2.0", ["apache-2.0"]),
        ("http://www.apache.org/licenses/LICENSE-2.0", ["apache-2.0"]),
        ("cc by 4.0", ["cc-by-4.0"]),
        ("Creative Commons Attribution-NonCommercial 4.0 International", ["cc-by-nc-4.0"]),
        ("https://creativecommons.org/licenses/by-nc-sa/3.0/", ["cc-by-nc-sa-3.0"]),
        ("The MIT License (MIT)", ["mit"]),
        ("GPLv3", ["gpl-3.0"]),
        ("LGPLv2.1", ["lgpl-2.1"]),
        ("BSD-3", ["bsd-3-clause"]),
        ("llama3.1", ["llama3.1"]),
        ("CreativeML Open RAIL-M", ["creativeml-openrail-m"]),
        ("OpenRAIL++", ["openrail++"]),
        ("openrail", ["openrail"]),
        ("unlicense", ["unlicense"]),
        ("Apache-2.0 AND CC-BY-4.0", ["apache-2.0", "cc-by-4.0"]),
        ("MIT OR LicenseRef-own", ["mit"]),
        ("other", []),
        ("unknown", []),
        ("unlicensed", []),
        ("no license", []),
        ("proprietary", []),
        ("???", []),
        ("", []),
        ("MIT " * 1_000, []),
    ],
)
def test_a_licence_is_found_by_its_spelling(words: str, ids: list[str]) -> None:
    assert list(LICENCES.find_licence_ids(words)) == ids


def test_a_spelling_of_two_licences_is_refused() -> None:
    with pytest.raises(ValueError, match=r"names both a-1\.0 and b-1\.0"):
        index_licences([Licence("a-1.0", "One"), Licence("b-1.0", "Two", aliases=("A 1",))])


WORDS = [f"word{number % 211}x{number % 17}" for number in range(1_500)]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A vocabulary with one licence and its text."""
    import hashlib

    text = " ".join(WORDS)
    sketch = "".join(f"{number:08x}" for number in sorted(sketch_licence_text(normalise_licence_text(text))))
    digest = hashlib.sha256(text.encode()).hexdigest()
    (tmp_path / "own.toml").write_text(
        f'[licence.own-1]\ntitle = "Own"\n[[text]]\nlicence = "own-1"\nsha256 = "{digest}"\nsketch = "{sketch}"\n'
    )
    return tmp_path


def test_a_text_is_recognised_whatever_its_line_breaks_and_owner(own: Path) -> None:
    known = read_vocabularies((own,)).licences
    wrapped = "Copyright (c) 2024 Somebody\n\n" + ",\n".join(word.upper() for word in WORDS)
    assert known.recognise_text(wrapped)[:2] == ("own-1", "exact")


def test_a_line_of_the_text_that_begins_with_copyright_is_kept(own: Path) -> None:
    known = read_vocabularies((own,)).licences
    words = [*WORDS[:300], "copyright", *WORDS[300:]]
    narrow, wide = "\n".join(words), " ".join(words)
    assert normalise_licence_text(narrow) == normalise_licence_text(wide) == words
    assert known.recognise_text(narrow)[:2] == known.recognise_text(wide)[:2] == ("own-1", "edited")


def test_a_heading_and_an_owners_notice_are_ignored(own: Path) -> None:
    known = read_vocabularies((own,)).licences
    text = "# License\n\nCopyright 2031 by Some One. All rights reserved.\n\n" + " ".join(WORDS)
    assert known.recognise_text(text)[:2] == ("own-1", "exact")


@pytest.mark.parametrize("title", ["Apache License 2.0", "Own 2.7"])
def test_a_similar_text_under_another_title_is_unknown(own: Path, title: str) -> None:
    """A sibling shares nine tenths of its words and is another licence."""
    (own / "other.toml").write_text('[licence.apache]\ntitle = "Apache License 2.0"\n')
    toml = own / "own.toml"
    toml.write_text(toml.read_text().replace('title = "Own"', 'title = "Own 1.3"'))
    known = read_vocabularies((own,)).licences
    body = " ".join(WORDS[:700] + WORDS[720:])
    assert known.recognise_text(f"Own 1.3\n\n{body}")[:2] == ("own-1", "edited")
    assert known.recognise_text(f"{title}\n\n{body}")[:2] == ("", "unknown")


@pytest.mark.parametrize(("shared", "relation"), [(38, "unknown"), (39, "edited")])
def test_a_text_counts_as_edited_from_six_tenths_of_its_runs_in_common_on(shared: int, relation: str) -> None:
    text = " ".join(WORDS)
    sketch = sorted(sketch_licence_text(normalise_licence_text(text)))
    assert len(sketch) == 64
    others = range(sketch[-1] + 1, sketch[-1] + 1 + 64 - shared)
    known = LicenceText("own-1", "0" * 64, frozenset((*sketch[:shared], *others)))
    assert index_licences([Licence("own-1", "Own")], (known,)).recognise_text(text)[1] == relation


@pytest.mark.parametrize(
    "spelling", ["llama3.2", "llama3.3", "llama4", "gemma", "cc-by-nc-3.0", "cc-by-sa-3.0", "bsd-4-clause", "mit-0"]
)
def test_licences_of_a_family_have_texts_of_their_own(spelling: str) -> None:
    assert spelling in {text.licence for text in LICENCES.texts}


def test_an_edited_text_is_edited_and_another_is_unknown(own: Path) -> None:
    known = read_vocabularies((own,)).licences
    assert known.recognise_text(" ".join(WORDS[:700] + WORDS[720:]))[:2] == ("own-1", "edited")
    assert known.recognise_text("some other words entirely")[:2] == ("", "unknown")
    assert known.recognise_text("")[:2] == ("", "unknown")


def test_every_shipped_term_names_its_source() -> None:
    entries = load_vocabularies()
    assert [term.id for term in entries.terms if not term.source] == []
    assert [licence.id for licence in entries.licences.by_id.values() if not licence.source] == []
    assert {text.licence for text in entries.licences.texts} <= set(entries.licences.by_id)


@pytest.mark.corpus
def test_texts_are_recognised_as_people_labelled_them(corpus: Path) -> None:
    wrong = []
    with open(corpus / "05-licences" / "labels.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            text = (corpus / "05-licences" / "texts" / row["file"]).read_text(row["encoding"])
            found, relation, _ = LICENCES.recognise_text(text)
            if not found or row["type"] != "licence":
                continue
            said = LICENCES.by_id[found].clause
            labelled = row["explicit_child_safety_prohibition"]
            if relation != "exact" or (said != "unknown" and (said == "explicit") != (labelled == "yes")):
                wrong.append((row["file"], found, relation, said))
    assert wrong == []
