"""Which files are licences or terms, whose they are, and what text they hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.blob import Blob
from auditor.errors import Unreadable
from auditor.model import Kind, Ref
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part
from auditor.readers import reader_name
from auditor.readers.licence import MAX_TEXT_BYTES, part, read
from auditor.sources.folder import blobs

MIT = b"MIT License\n\nCopyright (c) 2024 Ann\n\nPermission is hereby granted, free of charge, to any person ...\n"


def blob(name: str, kind: Kind | str = "model") -> Blob:
    own = name.rpartition("/")[2].rpartition(".")[0]
    return Blob(f"/nowhere/{name}", name, 10, kind, "acme/leaf" if kind else "", standalone_name="" if kind else own)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    (
        "LICENSE LICENSE.txt LICENCE.md COPYING COPYING.LESSER NOTICE MODEL_LICENSE LICENSE-SDXL1.0 LICENSE_APACHE.md "
        "USE_POLICY.md ACCEPTABLE_USE_POLICY.md TERMS.txt terms.html leaf.LICENSE"
    ).split(),
)
def test_a_licence_or_policy_is_known_by_its_name(name: str) -> None:
    assert reader_name(blob(name), b"words") == "licence"


@pytest.mark.parametrize(
    "head", [MIT, b"CreativeML Open RAIL-M\ndated August 22, 2022\n", b"Terms of Service\n\nYou agree\n"]
)
def test_a_plain_text_is_known_by_its_first_lines(head: bytes) -> None:
    assert reader_name(blob("texts/one.txt"), head + b"and so on. " * 20) == "licence"


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("README.md", b"---\nlicense: mit\n---\n# Terms of use\n"),
        ("images/0001.txt", b"a leaf on a tree"),
        ("datasets__ms_terms.md", b"---\nlicense:\n- ms-pl\nsize_categories: [n<1K]\n---\n"),
        ("licenses.json", b"{}"),
        ("license.py", b"import os"),
        ("images/0002.txt", b"a sign with terms of use and a licence agreement"),
    ],
)
def test_what_is_no_licence_is_claimed_by_another_reader(name: str, head: bytes) -> None:
    assert reader_name(blob(name, ""), head) != "licence"


RULES = """Be kind to each other.

1. No harassment. You may not insult other members.
2. Spam is not allowed and will be removed.
3. Sharing what others told you in private is prohibited.
Members who violate this are banned.
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("about.txt", RULES),
        ("community.md", RULES),
        ("page.html", f"<html><head><title>About</title></head><body><nav>Home</nav><p>{RULES}</p></body></html>"),
        ("some-rail-1.0.txt", "Some RAIL License v1.0\ndated May 2022\n\n" + "This is for all who use it. " * 10),
    ],
)
def test_a_standalone_text_that_sets_rules_is_terms_whatever_its_name(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    (blob,) = blobs(str(tmp_path / name))
    assert isinstance(blob, Blob)
    assert reader_name(blob, blob.head(4096)) == "licence"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("README.md", RULES),
        ("notes.md", "---\nlicense: mit\n---\n" + RULES),
        ("leaf.md", "# Model card for Leaf\n\n" + RULES),
        ("garden.txt", "Trees must not stand too close. They grow slowly. " * 20),
    ],
)
def test_a_card_or_a_text_without_rules_is_no_terms(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    (blob,) = blobs(str(tmp_path / name))
    assert isinstance(blob, Blob)
    assert reader_name(blob, blob.head(4096)) != "licence"


def test_rules_of_a_community_are_terms_and_rules_of_a_firewall_are_not() -> None:
    conduct = b"1. Respect other members.\n2. No spam.\n3. Illegal content gets you banned.\n"
    assert reader_name(blob("rules.md", ""), conduct) == "licence"
    assert reader_name(blob("server-rules.html", ""), conduct) == "licence"
    assert reader_name(blob("rules.md", ""), b"# Firewall rules\n\nOpen port 80, drop the rest.\n") != "licence"
    assert reader_name(blob("terms-and-rules.md", ""), b"Be kind.\n") == "licence"
    assert reader_name(blob("child-safety.md", ""), b"# Child safety\n") == "licence"


def test_the_text_of_an_html_page_has_no_line_numbers_of_the_file() -> None:
    page = b"<html><body>\n\n\n<p>Be kind.</p></body></html>"
    assert part(blob("terms.html", ""), page).texts[0].first_line == 0


def test_a_policy_in_a_models_folder_is_no_terms_by_its_name_alone() -> None:
    assert reader_name(blob("policy.md", "model"), b"# Policy network") != "licence"
    assert reader_name(blob("policy.md", ""), b"# Forest policy") == "licence"
    assert reader_name(blob("CODE_OF_CONDUCT.md", "model"), b"# Conduct") != "licence"


def test_a_licence_in_a_models_folder_belongs_to_the_model() -> None:
    read_part = part(blob("LICENSE"), MIT)
    assert read_part.subject.ref == Ref("model", "acme/leaf")
    assert read_part.subject.statements == ()
    ((text),) = read_part.texts
    assert (text.role, text.text, text.first_line) == ("licence", MIT.decode(), 1)


def test_standalone_terms_are_a_subject_by_themselves() -> None:
    read_part = part(blob("forest-policy.md", ""), b"# Forest policy\n\nBe kind.\n")
    assert read_part.subject.ref == Ref("terms", "forest-policy")
    assert read_part.subject.values("title") == ("Forest policy",)
    assert read_part.texts[0].role == "terms"


def test_the_front_matter_of_a_policy_is_not_part_of_its_text() -> None:
    (text,) = part(blob("policy.md", ""), b"---\ntitle: Policy\n---\n\nBe kind.\n").texts
    assert (text.text, text.first_line) == ("\nBe kind.\n", 4)


def test_html_without_words_is_a_gap() -> None:
    (gap,) = part(blob("terms.html"), b"<html><script>render()</script></html>").subject.gaps
    assert (gap.what, gap.why) == ("licence", "its HTML shows no words")


def test_a_licence_in_utf_16_is_read() -> None:
    assert part(blob("LICENSE"), MIT.decode().encode("utf-16")).texts[0].text == MIT.decode()


def test_a_licence_that_is_no_text_is_refused_and_a_huge_one_cut() -> None:
    with pytest.raises(Unreadable, match="is not text"):
        part(blob("LICENSE"), bytes(range(16)) * 100)
    (gap,) = part(blob("LICENSE"), b"a " * MAX_TEXT_BYTES).subject.gaps
    assert gap.why == "longer than 8,388,608 bytes: only these were read"


@pytest.mark.corpus
def test_every_labelled_text_is_read_as_terms_and_whole(corpus: Path) -> None:
    texts = {}
    for found in blobs(str(corpus / "05-licences")):
        assert isinstance(found, Blob)
        if found.uri.startswith("texts/"):
            assert reader_name(found, found.read(4096)) == "licence", found.uri
            (item,) = read([found], ReadOptions())
            assert isinstance(item, Part), item
            assert item.subject.kind == "terms"
            assert item.subject.gaps == ()
            texts[found.uri] = item.texts[0].text
    assert len(texts) == 89
    assert all(len(text) > 300 for text in texts.values())
