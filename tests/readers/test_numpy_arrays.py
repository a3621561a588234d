"""NumPy files: pictures in arrays are samples, whatever their axes; numbers are none; pickles are never loaded."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from auditor.blob import Blob, Unread
from auditor.hashing.hash_images import EncodedImage, hash_images
from auditor.part_builders.array_contents import change_as_pixels
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part, PartlyRead
from auditor.pipeline.read_members import read_with_members
from auditor.readers import numpy_arrays, reader_name
from auditor.samples import Samples
from tests.pictures import jpeg, landscape, png

SIZE = (96, 64)
PIXELS = np.stack([np.asarray(landscape(seed, SIZE)) for seed in range(3)])
GRAY = np.stack([np.asarray(landscape(seed, SIZE).convert("L")) for seed in range(3)])


def pdq_of(data: bytes) -> bytes:
    (value,) = hash_images([EncodedImage("", "", 0, data)], {"pdq"}, ()).column("pdq").to_pylist()
    assert isinstance(value, bytes)
    return value


PDQ = [pdq_of(png(landscape(seed, SIZE))) for seed in range(3)]


def bits_apart(one: object, other: bytes) -> int:
    assert isinstance(one, bytes)
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def blob_of(folder: Path, name: str, **arrays: NDArray[Any]) -> Blob:
    path = folder / name
    if name.endswith(".npy"):
        (array,) = arrays.values()
        np.save(path, array, allow_pickle=True)
    else:
        np.savez(path, **arrays)  # type: ignore[arg-type]
    return Blob(str(path), name, path.stat().st_size, "dataset", "acme/arrays")


def items_of(blob: Blob, *algorithms: str) -> list[Part | Samples | PartlyRead | Unread]:
    name = reader_name(blob, blob.read(4096))
    return list(read_with_members(name, [blob], ReadOptions(frozenset(algorithms), variants=frozenset())))


def rows(blob: Blob, *algorithms: str) -> list[dict[str, object]]:
    return [row for item in items_of(blob, *algorithms) if isinstance(item, Samples) for row in item.batch.to_pylist()]


def gaps(blob: Blob) -> list[tuple[str, str]]:
    return [(item.carrier, item.why) for item in items_of(blob, "pdq", "md5") if isinstance(item, PartlyRead)]


@pytest.mark.parametrize(
    ("pixels", "bits"),
    [
        pytest.param(PIXELS, 0, id="several"),
        pytest.param(PIXELS.transpose(0, 3, 1, 2), 0, id="channels-first"),
        pytest.param(np.asfortranarray(PIXELS), 0, id="columns-first"),
        pytest.param(PIXELS.reshape(1, *PIXELS.shape), 0, id="films"),
        pytest.param(PIXELS.astype(np.float32) / 255, 2, id="floats"),
        pytest.param(PIXELS.astype(">u2") * 257, 2, id="16-bit"),
        pytest.param(GRAY[..., None], 6, id="one-channel"),
        pytest.param(np.concatenate([PIXELS, np.full_like(PIXELS[..., :1], 255)], axis=3), 0, id="transparency"),
    ],
)
@pytest.mark.parametrize("name", ["pictures.npy", "pictures.npz"])
def test_pictures_in_an_array_have_the_hashes_of_the_same_pictures_in_files(
    name: str, pixels: NDArray[Any], bits: int, tmp_path: Path
) -> None:
    found = rows(blob_of(tmp_path, name, pictures=pixels), "pdq")
    assert [(row["place"], row["row"]) for row in found] == [(f"{name}!/pictures", number) for number in (1, 2, 3)]
    assert all(bits_apart(row["pdq"], pdq) <= bits for row, pdq in zip(found, PDQ, strict=True))


def test_three_planes_are_three_gray_pictures_or_the_channels_of_one(tmp_path: Path) -> None:
    first, *others = rows(blob_of(tmp_path, "a.npy", a=GRAY), "pdq")
    assert (first["sample"], first["row"]) == ("all", 0)
    assert all(bits_apart(row["pdq"], pdq) <= 6 for row, pdq in zip(others, PDQ, strict=True))
    (whole, *_) = rows(blob_of(tmp_path, "b.npy", b=PIXELS[0].transpose(2, 0, 1)), "pdq")
    assert whole["pdq"] == PDQ[0]
    five = np.concatenate([GRAY, GRAY[:2]])
    assert [row["row"] for row in rows(blob_of(tmp_path, "c.npy", c=five), "pdq")] == [1, 2, 3, 4, 5]


def test_a_single_picture_and_several_arrays_of_a_file_are_read(tmp_path: Path) -> None:
    found = rows(blob_of(tmp_path, "a.npz", first=PIXELS[0], second=PIXELS[1:2], labels=np.arange(5)), "pdq")
    assert {row["place"]: row["pdq"] for row in found} == {"a.npz!/first": PDQ[0], "a.npz!/second": PDQ[1]}


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param(np.zeros((5000, 768), np.float32), id="embeddings"),
        pytest.param(np.zeros((50, 77, 768), np.float16), id="sequences"),
        pytest.param(np.zeros((2000, 40), np.uint8), id="attributes"),
        pytest.param(np.arange(300, dtype=np.uint8), id="labels"),
        pytest.param(np.zeros((100, 64, 64), bool), id="masks"),
        pytest.param(np.zeros((0, 64, 64, 3), np.uint8), id="nothing"),
        pytest.param(np.array(["hill", "sea"]), id="words"),
        pytest.param(np.float64(3.5), id="number"),
    ],
)
def test_numbers_labels_and_words_hold_no_samples_and_leave_no_gap(numbers: NDArray[Any], tmp_path: Path) -> None:
    blob = blob_of(tmp_path, "numbers.npz", numbers=numbers)
    assert (rows(blob, "pdq", "md5"), gaps(blob)) == ([], [])


def test_an_array_of_objects_is_a_gap_and_never_loaded(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    blob = blob_of(tmp_path, "a.npz", objects=np.array([Trap()], object), pictures=PIXELS)
    assert gaps(blob) == [("objects", "an array of Python objects, which is a pickle: never loaded")]
    assert len(rows(blob, "pdq")) == 3
    assert not (tmp_path / "sprung").exists()


def test_an_encoded_picture_in_an_array_of_bytes_is_a_sample(tmp_path: Path) -> None:
    data = jpeg(landscape(1))
    blob = blob_of(tmp_path, "a.npz", encoded=np.frombuffer(data, np.uint8))
    (row,) = rows(blob, "md5")
    assert (row["md5"], row["place"]) == (hashlib.md5(data).digest(), "a.npz!/encoded")


def test_rows_that_can_be_flattened_pictures_are_a_gap(tmp_path: Path) -> None:
    blob = blob_of(tmp_path, "cifar.npy", data=np.zeros((100, 3072), np.uint8))
    assert gaps(blob) == [("cifar", "numbers that can be pictures, one flattened to a row: not read")]


def test_arrays_before_the_end_of_a_damaged_file_count(tmp_path: Path) -> None:
    out = io.BytesIO()
    np.save(out, PIXELS)
    path = tmp_path / "a.npy"
    path.write_bytes(out.getvalue()[:-100])
    (item,) = items_of(Blob(str(path), "a.npy", path.stat().st_size, "dataset", "acme/arrays"), "pdq")
    assert isinstance(item, Unread)
    assert item.why == "it ends before its last row"


def test_a_header_that_claims_much_more_than_is_there_takes_no_memory(tmp_path: Path) -> None:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": "|u1", "fortran_order": False, "shape": (1 << 40, 64, 64, 3)})
    path = tmp_path / "a.npy"
    path.write_bytes(out.getvalue() + bytes(1000))
    (item,) = items_of(Blob(str(path), "a.npy", path.stat().st_size, "dataset", "acme/arrays"), "pdq")
    assert isinstance(item, Unread)


@pytest.mark.parametrize(
    ("algorithm", "why"),
    [
        ("md5", ["an array of decoded pictures: it has no digests of files, and no perceptual list was loaded"]),
        ("url", []),
        ("pdq", []),
    ],
)
def test_decoded_pictures_leave_a_gap_where_only_digests_of_files_are_asked_for(
    algorithm: str, why: list[str], tmp_path: Path
) -> None:
    items = items_of(blob_of(tmp_path, "a.npy", a=PIXELS), algorithm)
    assert [item.why for item in items if isinstance(item, PartlyRead)] == why
    assert [item.batch.num_rows for item in items if isinstance(item, Samples)] == [3]


def test_weights_of_a_model_are_no_pictures_and_pictures_among_them_are(tmp_path: Path) -> None:
    weights = np.random.default_rng(1).normal(size=(4, 64, 64)).astype(np.float32)
    picture = np.asarray(landscape(3, (64, 48)).convert("L"))
    blob = blob_of(tmp_path, "a.npz", layer=weights, picture=picture.astype(np.float32) / 255)
    model = Blob(blob.path, blob.uri, blob.size, "model", "acme/m")
    items = [item for item in numpy_arrays.read([model], ReadOptions(frozenset({"pdq"}))) if isinstance(item, Samples)]
    assert [item.batch["place"].to_pylist() for item in items] == [["a.npz!/picture"]]


@pytest.mark.parametrize(("correlation", "are_pictures"), [(0.56, True), (0.44, False)])
def test_values_are_pixels_if_neighbours_differ_by_less_than_seven_tenths_of_others(
    correlation: float, are_pictures: bool
) -> None:
    # Neighbours of normally distributed values differ by sqrt(1 - correlation) of what independent ones do: 0.66, 0.75.
    places = np.arange(64)
    weights = np.linalg.cholesky(correlation ** np.abs(places[:, None] - places))
    planes = weights @ np.random.default_rng(1).normal(size=(20, 64, 64)) @ weights.T
    assert change_as_pixels(planes).tolist() == [are_pictures] * 20
