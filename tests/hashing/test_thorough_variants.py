"""Edits that the thorough variants undo, the quality of each variant, and what they are matched by."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from auditor.hashing.hash_images import EncodedImage, hash_images
from auditor.hashing.pdq import MIN_QUALITY, pdq
from auditor.hashing.thorough_variants import (
    NO_LIMIT,
    THRESHOLDS,
    ThoroughVariant,
    is_thorough,
    thorough_hashes,
    variant_threshold,
)
from tests.pictures import landscape, objects, pattern, png

SIZES = ((240, 180), (180, 240), (200, 200))


def luma(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.convert("L"))


def distance(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def variants(image: Image.Image) -> dict[str, ThoroughVariant]:
    return {variant.name: variant for variant in thorough_hashes(luma(image))}


def on_noise(image: Image.Image, top: int, bottom: int, left: int, right: int) -> Image.Image:
    shape = (image.height + top + bottom, image.width + left + right, 3)
    whole = Image.fromarray(np.random.RandomState(4).randint(0, 256, shape, np.uint8))
    whole.paste(image, (left, top))
    return whole


def turned(degrees: float, *, expand: bool) -> Callable[[Image.Image], Image.Image]:
    return lambda image: image.rotate(degrees, Image.Resampling.BICUBIC, expand=expand)


def beside(image: Image.Image) -> Image.Image:
    return on_noise(image, 0, 0, image.width, 0)


def cut(share: float) -> Callable[[Image.Image], Image.Image]:
    return lambda image: image.crop(
        tuple(round(at * side) for at, side in zip((share, share, 1 - share, 1 - share), image.size * 2, strict=True))  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("variant", "edit"),
    [
        ("window-90", lambda image: on_noise(image, *[round(min(image.size) * 0.05 / 0.9)] * 4)),
        ("window-72", lambda image: on_noise(image, *[round(min(image.size) * 0.14 / 0.72)] * 4)),
        ("without-bottom-10", lambda image: on_noise(image, 0, round(image.height / 9), 0, 0)),
        ("without-top-20", lambda image: on_noise(image, round(image.height / 4), 0, 0, 0)),
        ("right-half", beside),
        ("top-half", lambda image: on_noise(image, 0, image.height, 0, 0)),
        ("rotated-left-2", turned(2, expand=False)),
        ("rotated-right-4", turned(-4, expand=False)),
        ("rotated-left-5-enlarged", turned(5, expand=True)),
        ("rotated-right-3-enlarged", turned(-3, expand=True)),
        ("extended-2", cut(0.02)),
        ("inverted", lambda image: image.point(lambda value: 255 - value)),
    ],
)
@pytest.mark.parametrize("kind", [landscape, objects, pattern])
@pytest.mark.parametrize("size", SIZES)
def test_a_variant_undoes_its_edit(
    variant: str,
    edit: Callable[[Image.Image], Image.Image],
    kind: Callable[[int, tuple[int, int]], Image.Image],
    size: tuple[int, int],
) -> None:
    image = kind(31, size)
    wanted = pdq(luma(image)).digest
    edited = edit(image)
    undone = variants(edited)[variant]
    assert undone.quality >= MIN_QUALITY
    assert distance(undone.digest, wanted) <= THRESHOLDS[variant]
    if variant not in ("extended-2", "rotated-left-2"):  # which PDQ itself finds of some pictures
        assert distance(pdq(luma(edited)).digest, wanted) > 31


@pytest.mark.parametrize("seed", range(5))
def test_the_hash_of_an_inverted_picture_is_the_complement(seed: int) -> None:
    plane = luma(objects(seed, (240, 180)))
    inverted, complement = pdq(255 - plane), variants(Image.fromarray(plane))["inverted"]
    assert (complement.digest, complement.quality) == tuple(inverted)
    assert distance(inverted.digest, pdq(plane).digest) == 256


@pytest.mark.parametrize(
    ("variant", "box"),
    [("left-half", (0, 0, 0.5, 1)), ("bottom-half", (0, 0.5, 1, 1)), ("without-top-10", (0, 0.1, 1, 1))],
)
def test_a_window_has_the_hash_of_the_picture_cut_to_it(variant: str, box: tuple[float, ...]) -> None:
    away = []
    for seed in range(10):
        image = landscape(seed, (640, 480))
        part = image.crop(tuple(round(at * side) for at, side in zip(box, image.size * 2, strict=True)))  # type: ignore[arg-type]
        away.append(distance(variants(image)[variant].digest, pdq(luma(part)).digest))
    assert np.median(away) <= 12
    assert max(away) <= 22


def test_quality_is_that_of_the_variants_own_part() -> None:
    image = landscape(3, (240, 180))
    image.paste((90, 90, 90), (0, 0, 120, 180))
    found = variants(image)
    assert found["left-half"].quality < MIN_QUALITY <= found["right-half"].quality
    flat = hash_images([EncodedImage("a", "a", 0, png(image))], ["pdq"], ["thorough"]).to_pylist()
    assert {row["variant"]: row["quality"] for row in flat}["left-half"] == found["left-half"].quality


def test_the_thresholds_of_variants_are_at_most_those_of_pdq() -> None:
    families = {name.split("-")[0]: threshold for name, threshold in THRESHOLDS.items()}
    halves = dict.fromkeys(("top", "bottom", "left", "right"), 27)
    guessed = dict.fromkeys(("inverted", "extended", "highlights"), 31)
    assert families == {"window": 23, "without": 27, "rotated": 27, **halves, **guessed}
    assert len(THRESHOLDS) == 79


def test_a_variant_is_told_by_its_name_in_any_frame() -> None:
    assert is_thorough("inverted")
    assert is_thorough("frame-2+window-90")
    assert not any(map(is_thorough, ("", "512", "oriented", "unpadded+rotate-90+512", "frame-2", "on-white", "url:a")))
    assert (variant_threshold("frame-2+window-90"), variant_threshold("rotate-90")) == (23, NO_LIMIT)


def test_thorough_adds_rows_and_changes_none() -> None:
    image = EncodedImage("a", "a", 0, png(landscape(8, (640, 480))))
    default = {"oriented", "unpadded", "512", "dihedral"}
    plain = hash_images([image], ["pdq", "md5"], default).to_pylist()
    thorough = hash_images([image], ["pdq", "md5"], default | {"thorough"}).to_pylist()
    assert thorough[: len(plain)] == plain
    assert [row["variant"] for row in thorough[len(plain) :]] == list(THRESHOLDS)
    assert {row["md5"] for row in thorough[len(plain) :]} == {None}


def test_a_picture_below_the_least_side_has_no_variants() -> None:
    assert list(thorough_hashes(np.zeros((4, 100), np.uint8))) == []
