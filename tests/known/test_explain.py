"""A match or a miss explained, without giving a confidential list away."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auditor.hashing.hash_images import EncodedImage, hash_images
from auditor.known.compiled_list import CompiledList
from auditor.known.entries import make_entries
from auditor.known.explain import explain_match
from tests import pictures

MakeList = Callable[..., CompiledList]
SIZE = pictures.SIZE


def pdq_of(data: bytes) -> bytes:
    (digest,) = hash_images([EncodedImage("a", "a", 0, data)], ["pdq"], ()).column("pdq").to_pylist()
    assert isinstance(digest, bytes)
    return digest


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    return pictures.landscape(1, SIZE)


def save_picture(folder: Path, data: bytes) -> Path:
    path = folder / "picture.png"
    path.write_bytes(data)
    return path


def flip_bits(digest: bytes, bits: int) -> bytes:
    raw = np.unpackbits(np.frombuffer(digest, np.uint8))
    raw[:bits] ^= 1
    return np.packbits(raw).tobytes()


def test_a_hit_names_token_classification_and_form_but_no_distance(
    make_list: MakeList, tmp_path: Path, picture: Image.Image
) -> None:
    data = pictures.png(picture)
    known = make_list(make_entries("pdq", [flip_bits(pdq_of(data), 12)], classification=["B"]), means="csam")
    (token,) = known.tokens("pdq", np.arange(1))
    lines = list(explain_match(save_picture(tmp_path, data), known))
    assert lines[0] == "hills version 1 means csam: 1 entries"
    assert lines[1] == "pdq quality: 100 as stored: can be matched"
    assert lines[2].startswith(f"pdq: matches entry {token}, classified B (near) as stored; compared: as stored, ")
    assert "12" not in "".join(lines[2:]).replace(token, "").replace("512", "")
    (_, _, with_places) = explain_match(save_picture(tmp_path, data), known, places=True)
    assert f"entry {token}, classified B (near, 12 bits away) as stored" in with_places


def test_a_miss_never_says_how_near_the_nearest_entry_is(
    make_list: MakeList, tmp_path: Path, picture: Image.Image
) -> None:
    data = pictures.png(picture)
    listed = make_entries("pdq", [flip_bits(pdq_of(data), 32)])
    for places in (False, True):
        (*_, line) = explain_match(save_picture(tmp_path, data), make_list(listed, means="csam"), places=places)
        assert line.startswith("pdq: none within threshold; compared: as stored, ")
        assert "32" not in line
    (*_, line) = explain_match(save_picture(tmp_path, data), make_list(listed, means="test"))
    assert line.startswith("pdq: none within threshold 31; the nearest is 32 bits away; compared: ")


def test_a_mirrored_picture_is_matched_by_the_form_that_is_named(
    make_list: MakeList, tmp_path: Path, picture: Image.Image
) -> None:
    known = make_list(make_entries("pdq", [pdq_of(pictures.png(picture))]))
    mirrored = pictures.png(picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    (*_, line) = explain_match(save_picture(tmp_path, mirrored), known)
    assert " flip-y; compared: " in line


def test_exact_digests_are_compared_by_equality(make_list: MakeList, tmp_path: Path, picture: Image.Image) -> None:
    data = pictures.png(picture)
    known = make_list(
        make_entries("md5", [hashlib.md5(data).digest()]), make_entries("sha1", [bytes(range(20))]), means="ncii"
    )
    lines = list(explain_match(save_picture(tmp_path, data), known))
    assert lines[1].startswith("md5: matches entry ")
    assert lines[1].endswith("(exact) as stored; compared: as stored")
    assert lines[2] == "sha1: no entry equals it; compared: as stored"


def test_a_plain_picture_cannot_be_matched_and_that_is_said(make_list: MakeList, tmp_path: Path) -> None:
    known = make_list(make_entries("pdq", [hashlib.sha256(b"x").digest()]))
    lines = list(explain_match(save_picture(tmp_path, pictures.png(Image.new("RGB", SIZE, "teal"))), known))
    assert lines[1] == "pdq quality: 0 as stored: below 50, cannot be matched"
    assert lines[-1] == "pdq: not compared"


def test_what_cannot_be_computed_or_read_is_said(make_list: MakeList, tmp_path: Path) -> None:
    known = make_list(
        make_entries("photodna", [bytes(range(144))]), make_entries("pdq", [hashlib.sha256(b"x").digest()])
    )
    assert list(explain_match(save_picture(tmp_path, b"no picture"), known))[1:] == [
        "picture: not a picture in a format that is read here, or its header is damaged",
        "pdq: not compared",
        "photodna: not compared; it cannot be computed from a picture here",
    ]


def test_a_benign_list_explains_its_matches_too(make_list: MakeList, tmp_path: Path, picture: Image.Image) -> None:
    data = pictures.png(picture)
    known = make_list(make_entries("md5", [hashlib.md5(data).digest()]), means="benign")
    assert "(exact)" in list(explain_match(save_picture(tmp_path, data), known))[1]


def test_an_equal_perceptual_hash_is_a_near_match(make_list: MakeList, tmp_path: Path, picture: Image.Image) -> None:
    data = pictures.png(picture)
    known = make_list(make_entries("pdq", [pdq_of(data)]), means="csam")
    assert " (near) as stored" in list(explain_match(save_picture(tmp_path, data), known))[-1]
    assert " (near, 0 bits away) as stored" in list(explain_match(save_picture(tmp_path, data), known, places=True))[-1]
