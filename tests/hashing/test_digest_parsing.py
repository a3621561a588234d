"""Digests as text: every form is read back, in any mixture, and what is none of them is told."""

from __future__ import annotations

import base64

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.hashing.digest_parsing import (
    algorithm_from_cells,
    algorithm_from_column_name,
    is_unspecified_digest_column,
    parse_digests,
)
from auditor.samples import DIGEST_BYTES

FORMS = (
    lambda digest: digest.hex(),
    lambda digest: digest.hex().upper(),
    lambda digest: base64.b64encode(digest).decode(),
    lambda digest: base64.urlsafe_b64encode(digest).decode().rstrip("="),
    lambda digest: base64.b32encode(digest).decode(),
    lambda digest: base64.b32encode(digest).decode().rstrip("=").lower(),
    lambda digest: f"  0x{digest.hex()}\n",
)


@pytest.mark.parametrize("algorithm", sorted(DIGEST_BYTES))
@given(data=st.data())
def test_every_notation_is_parsed_back(algorithm: str, data: st.DataObject) -> None:
    width = DIGEST_BYTES[algorithm]
    digests = data.draw(st.lists(st.binary(min_size=width, max_size=width) | st.none(), max_size=12))
    forms = data.draw(st.lists(st.sampled_from(FORMS), min_size=len(digests), max_size=len(digests)))
    cells = [digest if digest is None else form(digest) for digest, form in zip(digests, forms, strict=True)]
    found, bad = parse_digests(pa.array(cells, pa.string()), algorithm)
    assert found.to_pylist() == digests
    assert not bad.any()


@given(st.lists(st.text(max_size=70) | st.none(), max_size=8))
def test_any_text_is_a_digest_or_null_or_malformed(cells: list[str | None]) -> None:
    found, bad = parse_digests(pa.array(cells, pa.string()), "sha256")
    assert len(found) == len(bad) == len(cells)
    assert not any(digest is not None and wrong for digest, wrong in zip(found.to_pylist(), bad.tolist(), strict=True))


def test_a_digest_with_one_character_changed_or_lost_is_malformed() -> None:
    digest = "9e107d9d372bb6826bd81d3542a419d6"
    cells = [digest[:-1], digest + "0", "g" + digest[1:], digest, "", None, "nan"]
    found, bad = parse_digests(pa.array(cells), "md5")
    assert bad.tolist() == [True, True, True, False, False, False, False]
    assert found.to_pylist() == [None, None, None, bytes.fromhex(digest), None, None, None]


def test_column_names_are_recognised_in_common_spellings() -> None:
    assert {
        algorithm_from_column_name(name) for name in ("SHA-256", "sha256hash", "image_sha256", "File SHA256 (hex)")
    } == {"sha256"}
    assert [algorithm_from_column_name(name) for name in ("caption_md5", "hash", "md5_of_url", "similarity")] == [
        "",
        "",
        "",
        "",
    ]
    assert is_unspecified_digest_column("file_hash")
    assert not is_unspecified_digest_column("hashtag")


def test_the_length_shows_the_algorithm_only_if_all_cells_have_it() -> None:
    assert algorithm_from_cells(pa.array(["ab" * 20, None, "cd" * 20])) == "sha1"
    assert algorithm_from_cells(pa.array(["ab" * 20, "cd" * 16])) == ""
    assert algorithm_from_cells(pa.array(["xy" * 20])) == ""
