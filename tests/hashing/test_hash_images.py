"""One batch for many images: one row per sample, further rows for its other forms, and a reason for every gap."""

import csv
import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from auditor.hashing import orientation
from auditor.hashing.decode import decode_image
from auditor.hashing.hash_images import EncodedImage, hash_images
from auditor.hashing.pdq import pdq
from auditor.samples import sample_schema
from tests.pictures import jpeg, landscape, objects, pattern, png

ALL = {"oriented", "unpadded", "512", "dihedral"}
TURNS = ["rotate-90", "rotate-180", "rotate-270", "flip-x", "flip-y", "flip-plus", "flip-minus"]


def rows(data: bytes, algorithms: set[str], variants: set[str], original: tuple[int, int] | None = None) -> list[Any]:
    batch = hash_images([EncodedImage("a.jpg", "images/a.jpg", 0, data, original)], algorithms, variants)
    return list(batch.to_pylist())


def by_variant(data: bytes, algorithms: set[str], variants: set[str]) -> dict[str, Any]:
    return {row["variant"]: row for row in rows(data, algorithms, variants)}


def distance(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def with_orientation(picture: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return jpeg(picture, 95, exif=exif)


def test_a_picture_is_one_row_of_the_wanted_digests_in_the_samples_schema() -> None:
    data = jpeg(landscape(1))
    encoded = EncodedImage("cat", "part-0.parquet", 17, data, None, "https://example.org/cat.jpg")
    batch = hash_images([encoded], {"pdq", "sha256", "md5", "url", "photodna"}, ALL - {"dihedral"})
    assert batch.schema == sample_schema(("md5", "sha256", "pdq"))
    assert batch.to_pylist() == [
        {
            "sample": "cat",
            "place": "part-0.parquet",
            "row": 17,
            "url": "https://example.org/cat.jpg",
            "quality": 100,
            "variant": "",
            "gap": None,
            "md5": hashlib.md5(data).digest(),
            "sha256": hashlib.sha256(data).digest(),
            "pdq": pdq(decode_image(data).luma).digest,
        }
    ]


def test_rows_come_in_the_order_of_the_images() -> None:
    images = (
        EncodedImage(str(seed), "x", seed, png(draw(seed, (80, 60)))) for seed, draw in enumerate((pattern, objects))
    )
    assert hash_images(images, {"pdq"}, set()).column("row").to_pylist() == [0, 1]


def test_no_images_are_an_empty_batch_with_the_same_columns() -> None:
    batch = hash_images([], {"pdq", "md5"}, ALL)
    assert (batch.num_rows, batch.schema) == (0, sample_schema(("md5", "pdq")))


def test_nothing_is_decoded_for_exact_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("auditor.hashing.hash_images.decode_frames", refuse)
    (row,) = rows(b"no picture", {"md5"}, ALL)
    assert (row["md5"], row["gap"]) == (hashlib.md5(b"no picture").digest(), None)


def test_an_undecodable_picture_keeps_its_exact_digests_and_has_a_gap() -> None:
    (row,) = rows(png(landscape(1))[:2000], {"sha1", "pdq", "phash-64"}, ALL)
    assert row["sha1"] == hashlib.sha1(png(landscape(1))[:2000]).digest()
    assert (row["pdq"], row["phash-64"], row["quality"], row["gap"]) == (None, None, None, "truncated picture")


@pytest.mark.parametrize("algorithms", [{"md5", "pdq"}, {"md5"}])
def test_an_empty_image_has_no_digest_because_every_empty_file_would_match(algorithms: set[str]) -> None:
    (row,) = rows(b"", algorithms, ALL)
    assert (row["md5"], row.get("pdq"), row["gap"]) == (None, None, "empty")


def test_running_out_of_memory_while_hashing_is_a_gap_of_that_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("auditor.hashing.hash_images.find_content_box", refuse)
    (row,) = rows(png(landscape(1, (80, 60))), {"md5", "pdq"}, {"unpadded"})
    assert (row["md5"] is None, row["pdq"] is None, row["gap"]) == (False, False, "not enough memory to decode it")


def test_the_frames_of_an_animation_are_variants_of_one_sample_and_a_frame_that_repeats_stands_once() -> None:
    first, second = landscape(1), landscape(2)
    out = io.BytesIO()
    first.save(out, "PNG", save_all=True, append_images=[second, first], duration=10)
    found = rows(out.getvalue(), {"md5", "pdq"}, ALL - {"dihedral"})
    assert [row["variant"] for row in found] == ["", "frame-2"]
    assert [row["md5"] is None for row in found] == [False, True]
    (alone,) = rows(png(second), {"pdq"}, set())
    assert found[1]["pdq"] == alone["pdq"]


def test_exact_digests_are_in_the_first_row_only() -> None:
    found = rows(png(landscape(3)), {"md5", "pdq"}, {"dihedral"})
    assert [row["variant"] for row in found] == ["", *TURNS]
    assert [row["md5"] is None for row in found] == [False, *[True] * 7]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_that_exif_rotates_is_hashed_as_stored_and_as_shown(orientation: int) -> None:
    upright = objects(4, (400, 300))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's transpositions that EXIF's undo
    stored = upright if orientation == 1 else upright.transpose(Image.Transpose(undo[orientation]))
    found = by_variant(with_orientation(stored, orientation), {"pdq", "dhash-64"}, {"oriented"})
    expected = by_variant(png(upright), {"pdq", "dhash-64"}, set())[""]
    shown = found["" if orientation == 1 else "oriented"]
    assert distance(shown["pdq"], expected["pdq"]) <= 10
    assert distance(shown["dhash-64"], expected["dhash-64"]) <= 4
    assert ("oriented" in found) == (orientation != 1)
    if orientation != 1:
        assert distance(found[""]["pdq"], expected["pdq"]) > 60


@pytest.mark.parametrize("turn", TURNS)
def test_a_rotated_picture_matches_a_dihedral_variant_with_each_algorithm(turn: str) -> None:
    picture = landscape(8, (400, 300))
    plain = by_variant(png(picture), {"pdq", "phash-64", "dhash-64"}, set())[""]
    turned = Image.fromarray(
        np.ascontiguousarray(orientation.DIHEDRAL_TRANSFORMS[turn](np.asarray(picture.convert("L"))))
    )
    found = rows(png(turned), {"pdq", "phash-64", "dhash-64"}, {"dihedral"})
    assert min(distance(row["pdq"], plain["pdq"]) for row in found) <= 24
    assert min(distance(row["phash-64"], plain["phash-64"]) for row in found) <= 4
    assert min(distance(row["dhash-64"], plain["dhash-64"]) for row in found) <= 4


def test_a_padded_picture_gets_a_row_without_its_border() -> None:
    picture = landscape(2, (480, 240))
    square = Image.new("RGB", (480, 480), "white")
    square.paste(picture, (0, 120))
    found = by_variant(jpeg(square), {"md5", "pdq"}, {"unpadded"})
    expected = by_variant(png(picture), {"pdq"}, set())[""]["pdq"]
    assert distance(found[""]["pdq"], expected) > 31
    assert distance(found["unpadded"]["pdq"], expected) <= 10


def test_the_other_convention_is_a_row_only_where_it_differs() -> None:
    assert list(by_variant(png(landscape(2, (512, 400))), {"pdq"}, {"512"})) == [""]
    assert list(by_variant(png(landscape(2, (513, 400))), {"pdq"}, {"512"})) == ["", "512"]


def test_variants_combine() -> None:
    frame = Image.new("RGB", (700, 640))
    frame.paste(landscape(9, (700, 400)), (0, 120))
    data = with_orientation(frame, 6)
    turns_of = [name for base in ("", "unpadded") for name in (base, *(f"{base}+{turn}".strip("+") for turn in TURNS))]
    scaled = [f"{name}+512".strip("+") for name in turns_of]
    assert set(by_variant(data, {"pdq"}, ALL)) == {*turns_of, *scaled, "oriented", "oriented+512"}


def test_variants_that_were_not_asked_for_are_not_made() -> None:
    frame = Image.new("RGB", (700, 640))
    frame.paste(landscape(9, (700, 400)), (0, 120))
    assert list(by_variant(with_orientation(frame, 6), {"pdq"}, set())) == [""]


@pytest.mark.corpus
def test_digests_of_the_reference_pictures_are_those_of_the_reference_tools(corpus: Path) -> None:
    compared = 0
    with open(corpus / "02-imagehash" / "computed_hashes_all_images.csv", newline="") as file:
        for expected in csv.DictReader(file):
            path = corpus / expected["path"]
            if not path.exists():
                continue
            # Of a picture with transparency the one as it is stored.
            row = by_variant(path.read_bytes(), {"md5", "sha1", "sha256", "phash-64", "dhash-64", "pdq"}, set())[""]
            theirs = {"phash-64": "phash", "dhash-64": "dhash"}
            for name in ("md5", "sha1", "sha256", "phash-64", "dhash-64"):
                assert row[name].hex() == expected[theirs.get(name, name)], (path.name, name)
            # Equal on the same pixels; a JPEG's stored luma is not its colours' to the last bit.
            if int(expected["pdq_quality"]) >= 80:
                assert distance(row["pdq"], bytes.fromhex(expected["pdq_pypi"])) <= 10, path.name
            compared += 1
    assert compared


@pytest.mark.corpus
def test_both_conventions_are_within_the_stated_tolerance_from_the_file_on(corpus: Path) -> None:
    folder = corpus / "01-pdq"
    with open(folder / "expected" / "computed_reference_cpp_and_pypi.csv", newline="") as file:
        for expected in csv.DictReader(file):
            found = by_variant((folder / expected["path"]).read_bytes(), {"pdq"}, {"512"})
            if int(expected["quality_cpp"]) >= 80:
                assert distance(found[""]["pdq"], bytes.fromhex(expected["pdqhash_pypi"])) <= 10, expected["path"]
                other = found.get("512", found[""])
                assert distance(other["pdq"], bytes.fromhex(expected["cpp_original"])) <= 10, expected["path"]


@pytest.mark.corpus
def test_photographs_that_exif_rotates_are_hashed_as_a_viewer_shows_them(corpus: Path) -> None:
    paths = sorted((corpus / "01-pdq").rglob("exif-rotn-*.jpg"))
    assert paths
    for path in paths:
        found = by_variant(path.read_bytes(), {"pdq"}, {"oriented"})
        with Image.open(path) as image:
            shown = by_variant(png(ImageOps.exif_transpose(image)), {"pdq"}, set())[""]["pdq"]
        assert distance(found["oriented"]["pdq"], shown) <= 10, path.name
        assert distance(found[""]["pdq"], shown) > 100, path.name


@pytest.mark.parametrize(("number", "gap"), [(16, None), (17, "more than 16 pictures within it: not read")])
def test_16_pictures_within_a_picture_are_hashed_and_more_are_a_gap(number: int, gap: str | None) -> None:
    within = [png(landscape(seed, (24, 16))) for seed in range(number)]
    image = EncodedImage("1", "1.jpg", 0, b"".join((jpeg(landscape(99, (64, 48))), *within)))
    *variants, stored = hash_images([image], ["md5"], ()).to_pylist()
    assert [row["md5"] for row in variants] == [hashlib.md5(data).digest() for data in within[:16]]
    assert stored["gap"] == gap
