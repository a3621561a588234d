"""An honest copy of a licence is that licence; a change of what it permits is an edit, and it is shown."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from auditor.policy.vocabularies import load_vocabularies, read_vocabularies
from auditor.terms import licence_texts
from auditor.terms.licence_texts import index_texts
from auditor.terms.licence_words import read_words
from auditor.terms.licences import Licences
from tests.make_licence_text import entry

SHIPPED = load_vocabularies().licences
LICENCE = """Own Community License
Version 1.3, June 2024

Permission is hereby granted to use, copy and distribute the material, provided that the following conditions are met:

1. The notice above must be kept in all copies of the material.
2. Neither the name of the copyright holder nor the names of its contributors may be used to endorse products.
3. You may not use the material to harm or deceive people, and you must not remove the marks of the material.

THE MATERIAL IS PROVIDED AS IS, WITHOUT WARRANTY OF ANY KIND. IN NO EVENT SHALL THE COPYRIGHT HOLDER BE LIABLE FOR ANY
CLAIM OR DAMAGES THAT ARISE FROM THE MATERIAL. The licensee recognises this, and the courts of Norway decide disputes.
See http://example.org/own for a translation and an explanation of every single section of it.
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Licences:
    """A vocabulary with one licence and its text."""
    folder = tmp_path_factory.mktemp("vocabulary")
    (folder / "own.toml").write_text(f'[licence.own]\ntitle = "Own Community License"\n{entry("own", LICENCE)}')
    return read_vocabularies((folder,)).licences


def said(licences: Licences, text: str) -> list[tuple[str, str]]:
    return [match[:2] for match in licences.recognise_text(text)]


def changed(old: str, new: str) -> str:
    assert old in LICENCE
    return LICENCE.replace(old, new)


@pytest.mark.parametrize(
    "copy",
    [
        LICENCE,
        " ".join(LICENCE.split()),
        LICENCE.upper(),
        "\n".join(f" * {line}" for line in LICENCE.split("\n")),
        LICENCE.split("\n\n", 1)[1],  # without its title
        "Copyright (c) 2031 Some One <some@one.example>. All rights reserved.\n\n" + LICENCE,
        "# License\n\nCopyright 2019-2031\n   Some One and the Tennessee Research Foundation\n\n" + LICENCE,
        "Except where otherwise noted, the files of this project are licensed as follows:\n\n" + LICENCE,
        changed("http://example.org/own", "https://www.example.org/own/"),
        changed("1. The notice", "a) The notice"),
        changed("2. Neither", "  o Neither").replace("3. You", "  o You"),
        changed("recognises", "recognizes").replace("License", "Licence"),
        changed("THE COPYRIGHT HOLDER BE", "ACME LTD. OR ITS CONTRIBUTORS BE"),
        changed("name of the copyright holder nor", "name of Some One, Inc. nor"),
        changed("the names of its contributors", "the names of any contributor"),
        changed("explanation", "expla-\nnation"),
        changed("warranty".upper(), "WARRENTY"),
        changed("distribute the material, provided", "distribute this material, provided"),
        LICENCE.replace("Own", "&quot;Own&quot;"),
    ],
)
def test_what_the_matching_guidelines_ignore_is_no_edit(own: Licences, copy: str) -> None:
    assert said(own, copy) == [("own", "exact")]


@pytest.mark.parametrize(
    ("copy", "shown"),
    [
        (changed("You may not use", "You may use"), ("removed: not",)),
        (changed("you must not remove", "you should not remove"), ("removed: must", "added: should")),
        (changed("must be kept", "may be kept"), ("removed: must", "added: may")),
        (changed("granted to use", "granted to academic institutions to use"), ("added: academic institutions to",)),
        (
            changed("3. You may not use the material to harm or deceive people, and you must not", "3. You must not"),
            ("removed: may not use the material to harm or deceive people and you",),
        ),
        (LICENCE + "\nThe material may not be used for military purposes.\n", ("added: The material may not be used",)),
        ("For research only.\n\n" + LICENCE, ("added: For research only",)),
        (
            "Copyright (c) 2031 Some One. Commercial use is prohibited.\n\n" + LICENCE,
            ("added: Copyright c 2031 Some One Commercial use is prohibited",),
        ),
    ],
)
def test_a_change_of_what_is_permitted_is_an_edit_and_is_shown(
    own: Licences, copy: str, shown: tuple[str, ...]
) -> None:
    (match,) = own.recognise_text(copy)
    assert match[:2] == ("own", "edited")
    assert len(match.differences) == len(shown)
    assert all(found.startswith(wanted) for found, wanted in zip(match.differences, shown, strict=True))


def test_an_edit_is_shown_with_its_line_and_not_at_any_length(own: Licences) -> None:
    (match,) = own.recognise_text(LICENCE + "\nYou must pay. " + "Really and truly. " * 100)
    assert match.line == LICENCE.count("\n") + 2
    (words,) = match.differences
    assert words.endswith("… (279 more words)")
    assert len(words) < 300


@pytest.mark.parametrize("title", ["Own Community License\nVersion 1.4, July 2025", "Apache License 2.0"])
def test_another_version_or_title_is_derived_and_not_tampered_with(title: str, tmp_path: Path) -> None:
    apache = '[licence.apache]\ntitle = "Apache License 2.0"\n'
    (tmp_path / "own.toml").write_text(
        f'{apache}[licence.own]\ntitle = "Own Community License 1.3"\n{entry("own", LICENCE)}'
    )
    known = read_vocabularies((tmp_path,)).licences
    body = LICENCE.split("\n", 2)[2].replace("harm or deceive", "harm")
    assert said(known, f"Own Community License\nVersion 1.3, June 2024\n{body}") == [("own", "edited")]
    assert said(known, f"{title}\n{body}") == [("own", "derived")]


def test_a_sibling_is_derived_and_something_else_is_unknown(own: Licences) -> None:
    head, _, tail = LICENCE.partition("3. You may not")
    others = " ".join(f"word{number}" for number in range(30))
    assert said(own, f"{head} {others} {tail[:300]} {others}") == [("own", "derived")]
    assert said(own, others) == [("", "unknown")]
    assert said(own, "") == []


def test_other_terms_beside_a_known_text_are_said_and_are_no_edit(own: Licences) -> None:
    other = "Copyright 2020 Someone\n\nPermission to use, copy and modify this is granted, if you must, for no fee.\n"
    assert said(own, LICENCE + "\n---\n\n" + other) == [("own", "exact"), ("", "unknown")]


def test_each_licence_of_a_file_is_found() -> None:
    mit, isc = (shipped_text(licence) for licence in ("mit", "isc"))
    assert said(SHIPPED, f"MIT License\n\n{mit}\n\nISC License\n\n{isc}") == [("mit", "exact"), ("isc", "exact")]


def shipped_text(licence: str) -> str:
    """Return the words of the licence's first text."""
    word = index_texts(SHIPPED.texts, SHIPPED.known_words).word
    return " ".join(map(word, next(text.words for text in SHIPPED.texts if text.licence == licence)))


def test_kin_are_not_named_as_each_other() -> None:
    assert said(SHIPPED, shipped_text("0bsd")) == [("0bsd", "exact")]
    assert said(SHIPPED, shipped_text("mit-0")) == [("mit-0", "exact")]


def test_the_projects_own_licence_is_unedited() -> None:
    project = Path(__file__).parents[2]
    name = tomllib.loads((project / "pyproject.toml").read_text())["project"]["license"]
    assert said(SHIPPED, (project / "LICENSE").read_text()) == [(name.lower(), "exact")]


def test_every_shipped_text_is_recognised_as_its_own() -> None:
    word = index_texts(SHIPPED.texts, SHIPPED.known_words).word
    wrong = []
    for text in SHIPPED.texts:
        found = said(SHIPPED, " ".join(map(word, text.words)))
        if (text.licence, "exact") not in found or any(relation == "edited" for _, relation in found):
            wrong.append((text.licence, found))
    assert wrong == []


def test_thresholds_are_those_that_were_measured() -> None:
    numbers = (licence_texts.EDITED_SHARE, licence_texts.EDITED_OTHER_SHARE, licence_texts.DERIVED_SHARE)
    assert numbers == (0.9, 0.6, 0.5)


@pytest.mark.parametrize(
    "hostile",
    [
        "\n" * 300_000,
        "(a) " * 100_000,
        "a." * 200_000,
        "a-\n" * 100_000,
        "(c) " * 100_000,
        "\ud800" * 50,
        "the " * 200_000,
    ],
)
def test_a_hostile_text_is_read_within_bounds(hostile: str) -> None:
    assert said(SHIPPED, hostile) in ([], [("", "unknown")])


def test_words_are_folded_as_the_spdx_list_of_equivalent_words_says() -> None:
    words = "Licence acknowledgement organisation recognised favour whilst copyright owner https://www.x.org"
    assert [word.folded for word in read_words(words).words] == [
        "license", "acknowledgment", "organization", "recognized", "favor", "while", "copyright", "holder", "x", "org",
    ]  # fmt: skip
