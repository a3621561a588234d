"""A licence is known by any spelling of its name and by its text; words that are no licence are none."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from auditor.policy.vocabularies import load_vocabularies
from auditor.terms.licences import Licence, index_licences

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
        ("(MIT OR Apache-2.0) AND BSD-3-Clause", ["mit", "apache-2.0", "bsd-3-clause"]),
        ("Apache-2.0 WITH LLVM-exception", ["apache-2.0", "llvm-exception"]),
        ("GPL-2.0-or-later", ["gpl-2.0"]),
        ("GPL-3.0-only", ["gpl-3.0"]),
        ("GPL-3.0+", ["gpl-3.0"]),
        ("MIT/Apache-2.0", ["mit", "apache-2.0"]),
        ("MIT, Apache-2.0", ["mit", "apache-2.0"]),
        ("MIT and its friends", ["mit"]),
        ("https://choosealicense.com/licenses/mit/", ["mit"]),
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


@pytest.mark.parametrize(
    "spelling", ["llama3.2", "llama3.3", "llama4", "gemma", "cc-by-nc-3.0", "cc-by-sa-3.0", "bsd-4-clause", "mit-0"]
)
def test_licences_of_a_family_have_texts_of_their_own(spelling: str) -> None:
    assert spelling in {text.licence for text in LICENCES.texts}


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
            for match in LICENCES.recognise_text(text):
                if not match.licence or row["type"] != "licence":
                    continue
                said = LICENCES.by_id[match.licence].clause
                labelled = row["explicit_child_safety_prohibition"]
                if match.relation != "exact" or (said != "unknown" and (said == "explicit") != (labelled == "yes")):
                    wrong.append((row["file"], *match[:2], said))
    assert wrong == []
