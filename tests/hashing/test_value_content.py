from __future__ import annotations

import base64
import hashlib
import io

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from auditor.hashing.value_content import value_content
from auditor.syntax.image_magic import is_image


def encoded(kind: str) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((24, 16), 60).convert("RGB").save(out, kind)
    return out.getvalue()


KINDS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP")
TEXTS = (pa.string(), pa.large_string())


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_told_by_its_first_bytes_in_a_column_of_any_name(kind: str) -> None:
    picture = encoded(kind)
    assert is_image(picture[:18])
    for column in (
        pa.array([b"ordinary bytes of no kind", None, picture]),
        pa.array([b"x" * 40, None, picture], pa.large_binary()),
    ):
        assert value_content(column, "zz").pictures.tolist() == [2]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_picture_in_base64_is_told_by_what_it_decodes_to(kind: str, encode: object) -> None:
    text = encode(encoded(kind)).decode()  # type: ignore[operator]
    for column in (
        pa.array(["some prose that is long enough to be tried as base64, but is none", text]),
        pa.array(["", text], pa.large_string()),
    ):
        assert value_content(column, "zz").base64.tolist() == [1]


def test_a_data_url_is_a_picture_and_no_address() -> None:
    found = value_content(pa.array(["data:image/png;base64,iVBORw0KGgo", "https://example.org/a.png"]))
    assert (found.base64.tolist(), found.urls.tolist()) == ([0], [1])


@pytest.mark.parametrize("kind", TEXTS)
def test_addresses_are_told_by_their_scheme(kind: pa.DataType) -> None:
    cells = [
        "http://example.org",
        "HTTPS://EXAMPLE.ORG/a",
        "see https://example.org",
        None,
        "ftp://example.org/x",
    ]
    assert value_content(pa.array(cells, kind)).urls.tolist() == [0, 1, 4]


@pytest.mark.parametrize(
    ("algorithm", "new"),
    [("md5", hashlib.md5), ("sha1", hashlib.sha1), ("sha256", hashlib.sha256), ("sha512", hashlib.sha512)],
)
@pytest.mark.parametrize("write", ["{}", "0x{}", "{name}:{}"])
def test_a_digest_is_told_by_its_width_and_alphabet(algorithm: str, new: object, write: str) -> None:
    digest = new(b"ordinary").digest()  # type: ignore[operator]
    text = write.format(digest.hex().upper(), name=algorithm)
    found = value_content(pa.array(["a caption", None, text, digest.hex()[:-1] + "g"]), "zz").digests
    assert found[algorithm].indices.tolist() == [2]
    assert found[algorithm].values.to_pylist() == [digest]


def test_digits_of_256_bits_are_compared_as_either_unless_the_name_says_which() -> None:
    column = pa.array([hashlib.sha256(b"ordinary").hexdigest()])
    assert set(value_content(column, "zz").digests) == {"sha256", "pdq"}
    assert set(value_content(column, "image_pdq").digests) == {"pdq"}


def test_a_digest_under_its_own_name_may_be_written_in_any_form() -> None:
    digest = hashlib.sha1(b"ordinary").digest()
    cells = [base64.b32encode(digest).decode(), base64.b64encode(digest).decode(), "no digest"]
    assert value_content(pa.array(cells), "sha1").digests["sha1"].values.to_pylist() == [digest, digest]
    assert value_content(pa.array(cells), "zz").digests == {}


def test_bytes_of_one_digests_width_throughout_are_digests() -> None:
    digests = [hashlib.md5(word).digest() for word in (b"a", b"b")]
    assert value_content(pa.array([*digests, None]), "zz").digests["md5"].values.to_pylist() == digests
    assert value_content(pa.array(digests, pa.binary(16)), "zz").digests["md5"].indices.tolist() == [0, 1]
    mixed = value_content(pa.array([digests[0], b"other bytes"]), "zz")
    assert (mixed.digests, mixed.binary.tolist()) == ({}, [0, 1])


def test_text_in_a_column_of_bytes_is_told_as_text() -> None:
    found = value_content(pa.array([b"https://example.org/a", hashlib.md5(b"a").hexdigest().encode(), b"neither"]))
    assert (found.urls.tolist(), found.digests["md5"].indices.tolist(), found.binary.tolist()) == ([0], [1], [2])


def test_films_and_sound_are_told_from_what_is_not_recognised() -> None:
    film, sound = b"\0\0\0\x18ftypmp42" + bytes(20), b"RIFF\0\0\0\0WAVEfmt " + bytes(20)
    found = value_content(pa.array([film, sound, b"something else entirely", b""]))
    assert (found.videos.tolist(), found.audio.tolist(), found.binary.tolist()) == ([0], [1], [2])


@given(
    st.lists(st.one_of(st.none(), st.binary(max_size=80), st.text(max_size=80).map(str.encode)), max_size=8),
    st.text(max_size=5),
)
def test_any_bytes_are_told_without_a_fault_and_each_at_most_once(cells: list[bytes | None], name: str) -> None:
    column = pa.array([None, *cells], pa.binary()).slice(1)
    found = value_content(column, name)
    held = [*found.pictures, *found.base64, *found.urls, *found.videos, *found.audio, *found.binary]
    told = set(held) | {int(index) for digests in found.digests.values() for index in digests.indices}
    assert len(held) == len(set(held))
    assert told == {index for index, cell in enumerate(cells) if cell}


@given(st.lists(st.one_of(st.none(), st.text(max_size=60)), max_size=8))
def test_ordinary_text_holds_nothing(cells: list[str | None]) -> None:
    found = value_content(pa.array(cells, pa.string()), "caption")
    urls = [
        index for index, cell in enumerate(cells) if cell and cell.lower().startswith(("http://", "https://", "ftp://"))
    ]
    assert set(found.urls.tolist()) <= set(urls)
    assert not np.intersect1d(found.urls, found.base64).size


def test_videos_whose_magic_stands_far_from_the_beginning_are_told_from_sound() -> None:
    stream = (b"G" + bytes(187)) * 3
    theora, vorbis = (b"OggS\0\2" + bytes(22) + codec + bytes(20) for codec in (b"\x80theora", b"\x01vorbis"))
    found = value_content(pa.array([stream, theora, vorbis, b"G" + bytes(400)], pa.binary()))
    assert (found.videos.tolist(), found.audio.tolist(), found.binary.tolist()) == ([0, 1], [2], [3])


def test_base64_is_a_digest_where_the_name_of_the_column_means_one() -> None:
    digest = hashlib.md5(b"hills", usedforsecurity=False).digest()
    integrity = "sha256-" + base64.b64encode(hashlib.sha256(b"hills").digest()).decode()
    column = pa.array(["x", base64.b64encode(digest).decode(), integrity])
    found = value_content(column, "checksum").digests
    assert {name: (one.indices.tolist(), one.values.to_pylist()) for name, one in found.items()} == {
        "md5": ([1], [digest]),
        "sha256": ([2], [hashlib.sha256(b"hills").digest()]),
    }
    assert not value_content(column, "caption").digests
