"""PDQ gives the peers' bits, under both conventions, and all eight ways round."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from auditor.hashing.orientation import DIHEDRAL_TRANSFORMS
from auditor.hashing.pdq import Luma, dihedral_hashes, hash_spectrum, pdq, pdq_spectrum, scale_to_square
from tests import pictures

WEIGHTS = np.array((0.299, 0.587, 0.114), np.float32)

# Hashes and qualities that PyPI's pdqhash 0.2.8, a build of the reference's C++ code, gives of the pixels
# of these pictures.
PEER = (
    ("landscape", 7, (480, 360), 100, "4e29c6b251b5366c9c9b03e74d4fa88ea223bdadb6abc8d6f70602347e42c1cb"),
    ("landscape", 7, (150, 201), 100, "46a944b25174b66cbc9b03e74d4faa86a223bdadb6abc9d6f70602347e42c1cb"),
    ("landscape", 7, (1000, 641), 100, "4ea9c4b251b4b66c9c9b03e74d4fa88ea223bdadb6abc8d6f70602347e42c1cb"),
    ("pattern", 7, (480, 360), 100, "f4cc5cf1c63c5d061807487673fbed8566e07211205b163e7feaa0b3b0af361c"),
    ("pattern", 7, (150, 201), 100, "f4cc5cf1843c5d061857587677f9ed8566e07213005b163e7feaa0b3b0ae361c"),
    ("pattern", 7, (1000, 641), 100, "f4cc5cf1c63c5d061857487273f9ed8566e07213201b163e7feaa0b3b0af361c"),
    ("objects", 7, (480, 360), 100, "932a4d4db6d931071f429278e15ad294e7650d8f2eb2477e21ce639a7750e4b9"),
    ("objects", 7, (150, 201), 100, "932e4c4db29971071e529078e15ed284ef650d8f2eb2477a23ce679a7750e4b9"),
    ("objects", 7, (1000, 641), 100, "932a4c4db6d971071f529278e15ad284ef650d8f2eb2437e21ce639a7750e4b9"),
)
# Its dihedral hashes of objects(7).
PEER_DIHEDRAL = {
    "rotate-90": "a781ac6832ef42fd48e0970cadbe2521216d916594b1d8c8e65fae279a7c8f3e",
    "rotate-180": "c67be7e7e388db8d0a0738d2b40f783ea23087257be7edd4749bc93022054e13",
    "rotate-270": "f2d406c267bae8571d353da6f8e38f8b74383bcfc1e47262b30a048dcf292594",
    "flip-x": "932ab2b2b6d98ed81f426d87e15a2d6be765d2702eb2b88121ce9c6577581b46",
    "flip-y": "c67f1818e38c24724a17c72db40f87c1ba3078da7be7122b769b36cf220db1ec",
    "flip-plus": "a781439732afbd02486068f3adb6dade216d6e9a84b12737e65d51d89a7c70c1",
    "flip-minus": "f2d4f13d67ba17281d35c259f8e370747438c430c1e4859db3085b72cf29da6b",
}


def luma(picture: Image.Image) -> Luma:
    return np.asarray(np.asarray(picture.convert("RGB"), np.float32) @ WEIGHTS, np.float32)


def distance(one: bytes, other: bytes | str) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(bytes.fromhex(other) if isinstance(other, str) else other)).bit_count()


@pytest.mark.parametrize(("name", "seed", "size", "quality", "expected"), PEER)
def test_bits_and_quality_are_those_of_pdqhash(
    name: str, seed: int, size: tuple[int, int], quality: int, expected: str
) -> None:
    found = pdq(luma(getattr(pictures, name)(seed, size)))
    assert (found.digest.hex(), found.quality) == (expected, quality)


def test_dihedral_hashes_are_those_of_pdqhash() -> None:
    spectrum, _ = pdq_spectrum(luma(pictures.objects(7)))
    assert {name: digest.hex() for name, digest in dihedral_hashes(spectrum).items()} == PEER_DIHEDRAL


@pytest.mark.parametrize("name", DIHEDRAL_TRANSFORMS)
def test_a_dihedral_hash_is_the_hash_of_the_rotated_picture(name: str) -> None:
    # 64 x 9 by 64 x 5: here boxes and sampled points lie in the middle; at other sizes they are half a pixel off.
    plane = luma(pictures.landscape(1, (576, 320)))
    assert distance(dihedral_hashes(pdq_spectrum(plane)[0])[name], pdq(DIHEDRAL_TRANSFORMS[name](plane)).digest) <= 2


def plain_spectrum(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """The definition, word for word: two box filters along each side, 64 x 64 points, 16 x 16 cosines."""

    def blurred(lines: NDArray[np.float64]) -> NDArray[np.float64]:
        side = lines.shape[1]
        window = (side + 127) // 128
        ahead = (window + 2) // 2
        means = [lines[:, max(0, at - window + ahead) : at + ahead].mean(axis=1) for at in range(side)]
        return np.stack(means, axis=1)

    for _ in range(2):
        plane = blurred(blurred(plane).T).T
    rows, columns = (((np.arange(64) + 0.5) * side / 64).astype(int) for side in plane.shape)
    k, x = np.arange(1, 17), np.arange(64)
    cosines = np.sqrt(2 / 64) * np.cos(np.pi / 128 * np.outer(k, 2 * x + 1))
    return np.asarray(cosines @ plane[np.ix_(rows, columns)] @ cosines.T)


@settings(max_examples=25, deadline=None)
@given(height=st.integers(5, 300), width=st.integers(5, 300), seed=st.integers(0, 2**32 - 1))
def test_the_matrix_products_agree_with_the_definition(height: int, width: int, seed: int) -> None:
    plane = np.random.RandomState(seed).randint(0, 256, (height, width)).astype(np.uint8)
    np.testing.assert_allclose(pdq_spectrum(plane)[0], plain_spectrum(plane.astype(float)), atol=0.02)


@settings(max_examples=50, deadline=None)
@given(height=st.integers(1, 90), width=st.integers(1, 90), level=st.integers(0, 255), noise=st.integers(1, 256))
def test_at_most_half_of_the_bits_are_set(height: int, width: int, level: int, noise: int) -> None:
    plane = np.random.RandomState(level).randint(0, noise, (height, width)).astype(np.uint8)
    assert int.from_bytes(pdq(plane).digest).bit_count() <= 128


def test_a_blank_square_has_no_quality() -> None:
    assert pdq(np.full((300, 300), 200, np.uint8)).quality == 0


@pytest.mark.parametrize("shape", [(4, 100), (100, 4), (1, 1)])
def test_a_side_below_five_pixels_gives_the_references_zero_hash(shape: tuple[int, int]) -> None:
    assert pdq(np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)) == (bytes(32), 0)


def test_the_first_bit_written_is_the_highest_frequency() -> None:
    spectrum = np.zeros((16, 16), np.float32)
    spectrum[15, 15] = 1
    assert hash_spectrum(spectrum) == b"\x80" + bytes(31)


def test_only_what_is_larger_than_512_is_scaled_and_pixels_are_picked() -> None:
    small = np.zeros((512, 300), np.uint8)
    assert scale_to_square(small) is small
    wide = np.arange(1024, dtype=np.float32)[None, :].repeat(100, axis=0)
    assert scale_to_square(wide).shape == (512, 512)
    assert scale_to_square(wide)[0, :4].tolist() == [0, 2, 4, 6]


@pytest.mark.corpus
def test_reference_pictures_have_the_published_bits_under_both_conventions(corpus: Path) -> None:
    folder = corpus / "01-pdq"
    turns = dict(
        zip(
            ("rotate90", "rotate180", "rotate270", "flipx", "flipy", "flipplus1", "flipminus1"),
            DIHEDRAL_TRANSFORMS,
            strict=True,
        )
    )
    with open(folder / "expected" / "computed_reference_cpp_and_pypi.csv", newline="") as file:
        for row in csv.DictReader(file):
            plane = luma(Image.open(folder / row["path"]))
            assert pdq(plane).digest.hex() == row["pdqhash_pypi"], row["path"]
            assert pdq(plane).quality == int(row["pdqhash_pypi_quality"]), row["path"]
            spectrum, quality = pdq_spectrum(scale_to_square(plane))
            assert quality == int(row["quality_cpp"]), row["path"]
            found = {"": hash_spectrum(spectrum), **dihedral_hashes(spectrum)}
            expected = {"": row["cpp_original"], **{name: row[f"cpp_{theirs}"] for theirs, name in turns.items()}}
            assert {name: digest.hex() for name, digest in found.items()} == expected, row["path"]
