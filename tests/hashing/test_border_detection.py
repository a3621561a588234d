"""What a dataset tool padded is found again, and nothing is cut from a picture that has no border."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from auditor.hashing.border_detection import _are_lines_at_level, _may_have_one_level, find_content_box
from auditor.hashing.decode import decode_image
from auditor.hashing.pdq import Luma, pdq
from tests.pictures import jpeg, landscape, objects, pattern, png

WHITE, BLACK, MAGENTA = (255, 255, 255), (0, 0, 0), (200, 30, 90)
DRAW = (landscape, pattern, objects)


def padded(picture: Image.Image, side: int, colour: tuple[int, int, int] = WHITE) -> Image.Image:
    """As img2dataset's ``resize_mode=border`` makes it: the longer side scaled to ``side``, then centred."""
    scale = side / max(picture.size)
    width, height = round(picture.width * scale), round(picture.height * scale)
    square = Image.new("RGB", (side, side), colour)
    square.paste(picture.resize((width, height)), ((side - width) // 2, (side - height) // 2))
    return square


def luma(data: bytes) -> Luma:
    return decode_image(data).luma


def inside(plane: Luma, original: tuple[int, int] | None = None) -> Luma:
    box = find_content_box(plane, original)
    assert box is not None
    top, bottom, left, right = box
    return plane[top:bottom, left:right]


def distance(one: Luma, other: Luma) -> int:
    return (int.from_bytes(pdq(one).digest) ^ int.from_bytes(pdq(other).digest)).bit_count()


@pytest.mark.parametrize("draw", DRAW)
@pytest.mark.parametrize("size", [(480, 360), (300, 500), (640, 250)])
@pytest.mark.parametrize("told", [True, False])
def test_a_padded_picture_matches_its_original_without_the_border(
    draw: Callable[..., Image.Image], size: tuple[int, int], told: bool
) -> None:
    picture = draw(11, size)
    for side, quality, colour in ((256, 95, WHITE), (384, 75, BLACK), (512, 60, MAGENTA)):
        plane = luma(jpeg(padded(picture, side, colour), quality))
        original = luma(png(picture))
        assert distance(plane, original) > 31
        assert distance(inside(plane, picture.size if told else None), original) <= 31


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(60, 400),
    height=st.integers(60, 400),
    side=st.integers(100, 400),
    told=st.booleans(),
)
def test_the_box_is_where_the_tool_put_the_picture(width: int, height: int, side: int, told: bool) -> None:
    noise = np.random.RandomState(side).randint(0, 200, (height, width)).astype(np.uint8)
    scale = side / max(width, height)
    inner_width, inner_height = round(width * scale), round(height * scale)
    # Nearest pixels keep every line of noise a line of noise.
    scaled = np.asarray(Image.fromarray(noise).resize((inner_width, inner_height), Image.Resampling.NEAREST))
    plane = np.full((side, side), 255, np.uint8)
    top, left = (side - inner_height) // 2, (side - inner_width) // 2
    plane[top : top + inner_height, left : left + inner_width] = scaled
    found = find_content_box(plane, (width, height) if told else None)
    if min(inner_width, inner_height) >= 16 and side - min(inner_width, inner_height) >= 0.02 * side:
        assert found == (top, top + inner_height, left, left + inner_width)
    else:
        assert found is None


@pytest.mark.parametrize("draw", DRAW)
def test_a_picture_without_a_border_is_left_alone(draw: Callable[..., Image.Image]) -> None:
    for seed in range(4):
        picture = draw(seed)
        assert find_content_box(luma(jpeg(picture))) is None
        assert find_content_box(luma(jpeg(picture)), picture.size) is None


def test_a_crop_is_not_taken_for_a_padded_picture() -> None:
    picture = landscape(2, (640, 360))
    square = picture.crop((140, 0, 500, 360))
    assert find_content_box(luma(jpeg(square)), picture.size) is None


def test_a_letterbox_is_found_on_two_sides_alone() -> None:
    frame = Image.new("RGB", (480, 420))
    frame.paste(landscape(9), (0, 30))
    assert find_content_box(luma(png(frame))) == (30, 390, 0, 480)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_picture_is_never_cropped(level: int) -> None:
    blank = np.full((300, 200), level, np.uint8)
    assert find_content_box(blank) is None
    assert find_content_box(blank, (100, 300)) is None


def test_a_blank_jpeg_with_noise_is_never_cropped() -> None:
    noise = np.random.RandomState(0).randint(125, 131, (200, 200, 3)).astype(np.uint8)
    assert find_content_box(luma(jpeg(Image.fromarray(noise), 50))) is None


@pytest.mark.parametrize("original", [(0, 0), (-4, 9), (1, 10**9)])
def test_impossible_original_sizes_are_ignored(original: tuple[int, int]) -> None:
    assert find_content_box(luma(png(landscape(1))), original) is None


@pytest.mark.filterwarnings("error")
def test_two_plain_halves_have_no_content_between_them() -> None:
    halves = np.zeros((64, 64), np.uint8)
    halves[32:] = 200
    assert find_content_box(halves) is None


@given(
    st.integers(0, 255),
    st.integers(1, 700),
    st.floats(0, 0.05),
    st.integers(0, 16),
    st.sampled_from((np.uint8, np.float32)),
    st.integers(0, 2**32 - 1),
)
def test_a_look_at_few_pixels_passes_every_line_of_one_level(
    level: int, length: int, share: float, noise: int, kind: type, seed: int
) -> None:
    random = np.random.default_rng(seed)
    line = level + random.integers(-noise, noise + 1, length)
    others = random.random(length) < share
    line[others] = random.integers(0, 256, int(others.sum()))
    line = np.clip(line, 0, 255).astype(kind)
    if _are_lines_at_level(line[None], float(np.median(line)))[0]:
        assert _may_have_one_level(line)


def test_a_look_at_few_pixels_refuses_a_line_of_a_picture() -> None:
    assert not _may_have_one_level(luma(jpeg(landscape(1, (640, 480))))[:, 0])
