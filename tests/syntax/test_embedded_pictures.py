"""A picture ends where its format says; what follows and its metadata are searched for further pictures."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.syntax.embedded_pictures import (
    _NEXT_MARKER,
    _next_marker,
    picture_content,
    picture_structure,
    pictures_of_file,
)
from tests.pictures import encoded, jpeg, landscape, png

FIRST, SECOND = jpeg(landscape(1, (64, 48))), png(landscape(2, (64, 48)))
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "PPM")


@pytest.mark.parametrize("name", FORMATS)
def test_a_whole_picture_ends_with_its_bytes(name: str) -> None:
    data = encoded(landscape(1, (64, 48)), name)
    assert picture_structure(data).end == len(data)
    assert picture_content(data).pictures == ()


@pytest.mark.parametrize("name", FORMATS)
def test_a_picture_after_the_end_of_another_is_found(name: str) -> None:
    content = picture_content(encoded(landscape(1, (64, 48)), name) + SECOND)
    assert (content.pictures, content.rest) == ((SECOND,), b"")


@pytest.mark.parametrize("name", FORMATS)
def test_other_bytes_after_the_end_are_left_and_filling_is_not(name: str) -> None:
    data = encoded(landscape(1, (64, 48)), name)
    assert picture_content(data + bytes(500)).rest == b""
    assert picture_content(data + b"PK" * 100).rest == b"PK" * 100


def test_a_thumbnail_in_the_metadata_is_found() -> None:
    segment = b"Exif\0\0" + FIRST
    data = FIRST[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + FIRST[2:]
    assert picture_content(data).pictures == (FIRST,)


def test_pictures_are_found_in_any_file_with_their_exact_bytes() -> None:
    data = bytes(5000) + FIRST + b"between" * 20 + SECOND + bytes(range(256))
    spans = list(pictures_of_file(io.BytesIO(data)))
    assert [data[start:end] for start, end in spans] == [FIRST, SECOND]


def test_three_bytes_alone_are_no_picture() -> None:
    assert list(pictures_of_file(io.BytesIO(b"\xff\xd8\xff\xe0 and more" * 100))) == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_picture_that_is_cut_or_changed_raises_nothing(name: str) -> None:
    data = encoded(landscape(1, (64, 48)), name)
    for at in range(0, len(data), max(1, len(data) // 40)):
        picture_content(data[:at])
        picture_content(data[:at] + b"\xff" + data[at + 1 :])


@given(
    st.sampled_from((0, 200, 255, 256, 257, (1 << 16) - 1, 1 << 16, (1 << 17) + 5)),
    st.lists(st.sampled_from((b"\xff\0", b"\xff\xff", b"\xff\xd0", b"\xff\xd9", b"\xff", b"a")), max_size=6),
    st.booleans(),
)
def test_the_marker_after_compressed_data_is_found_as_the_pattern_finds_it(
    filling: int, pieces: list[bytes], cut: bool
) -> None:
    data = b"begin" + bytes(filling) + b"".join(pieces) + (b"" if cut else b"\0\xff\xd9")
    found = _NEXT_MARKER.search(data, 5)
    assert _next_marker(data, 5) == (found.start() if found else len(data))
