"""Image files become samples whatever their names say, and what cannot be decoded is a gap."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from auditor.blob import Blob, Unread
from auditor.model import Kind, Ref
from auditor.part_builders.read_options import ReadOptions
from auditor.readers import HEAD_BYTES, image_files
from auditor.samples import Samples
from tests.pictures import encoded, jpeg, landscape, pattern, png

WANTS = ReadOptions(frozenset({"md5", "pdq"}), variants=frozenset())


def blob(folder: Path, name: str, data: bytes, kind: Kind = "dataset", subject: str = "pictures") -> Blob:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return Blob(str(path), name, len(data), kind, subject)


def samples(*blobs: Blob, options: ReadOptions = WANTS) -> list[dict[str, Any]]:
    found = list(image_files.read(blobs, options))
    assert all(isinstance(each, Samples) and each.basis == "computed" for each in found)
    return [row for each in found if isinstance(each, Samples) for row in each.batch.to_pylist()]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000"])
def test_a_picture_is_claimed_by_its_bytes_whatever_its_name(format: str, tmp_path: Path) -> None:  # noqa: A002
    data = encoded(landscape(1, (32, 32)), format)
    assert image_files.claims(blob(tmp_path, "notes.txt", data), data[:HEAD_BYTES]) > 1


@pytest.mark.parametrize("data", [b"BM this is a text", b"RIFF....WAVEfmt ", b"....ftypmp42", b"{}", b""])
def test_what_only_looks_like_a_picture_is_not_claimed(data: bytes, tmp_path: Path) -> None:
    assert image_files.claims(blob(tmp_path, "notes.txt", data), data) == 0


def test_a_picture_is_a_sample_of_its_dataset_with_the_wanted_digests(tmp_path: Path) -> None:
    data = jpeg(landscape(1))
    (found,) = image_files.read([blob(tmp_path, "train/one.jpg", data)], WANTS)
    assert isinstance(found, Samples)
    assert (found.subject, found.algorithms) == (Ref("dataset", "pictures"), ("md5", "pdq"))
    (row,) = found.batch.to_pylist()
    assert (row["sample"], row["place"], row["row"]) == ("one.jpg", "train/one.jpg", 0)
    assert (row["md5"], row["quality"], row["gap"]) == (hashlib.md5(data).digest(), 100, None)


def test_a_page_called_jpg_is_claimed_by_its_name_and_leaves_a_gap_beside_its_digest(tmp_path: Path) -> None:
    data = b"<!DOCTYPE html><title>not found</title>"
    page = blob(tmp_path, "photo.JPG", data)
    assert 0 < image_files.claims(page, data) < image_files.claims(page, png(landscape(1, (16, 16))))
    (row,) = samples(page)
    assert row["md5"] == hashlib.md5(data).digest()
    assert row["gap"] == "not a picture in a format that is read here, or its header is damaged"


def test_pictures_of_several_subjects_come_in_batches_of_one_subject_each(tmp_path: Path) -> None:
    data = png(pattern(1, (64, 64)))
    blobs = [blob(tmp_path, f"{subject}/{name}", data, "dataset", subject) for subject in "ab" for name in "xy"]
    found = [each for each in image_files.read(blobs, WANTS) if isinstance(each, Samples)]
    assert [(each.subject.name, each.batch.num_rows) for each in found] == [("a", 2), ("b", 2)]


def test_a_picture_in_a_models_folder_is_a_sample_of_the_model(tmp_path: Path) -> None:
    (found,) = image_files.read([blob(tmp_path, "preview.png", png(pattern(1, (64, 64))), "model", "org/m")], WANTS)
    assert isinstance(found, Samples)
    assert found.subject == Ref("model", "org/m")


def test_a_batch_holds_no_more_than_256_pictures(tmp_path: Path) -> None:
    one = blob(tmp_path, "one.png", png(pattern(1, (8, 8))))
    found = [
        each for each in image_files.read([one] * 300, ReadOptions(frozenset({"md5"}))) if isinstance(each, Samples)
    ]
    assert [each.batch.num_rows for each in found] == [256, 44]


def test_without_a_list_pictures_are_counted_and_not_opened() -> None:
    missing = Blob("/nowhere/one.jpg", "one.jpg", 10, "dataset", "pictures")
    (row,) = samples(missing, options=ReadOptions())
    assert set(row) == {"sample", "place", "row", "url", "quality", "variant", "gap"}
    assert (row["sample"], row["gap"]) == ("one.jpg", None)


def test_a_picture_that_cannot_be_opened_is_unread_and_the_others_are_samples(tmp_path: Path) -> None:
    missing = Blob(str(tmp_path / "gone.jpg"), "gone.jpg", 10, "dataset", "pictures")
    found = list(image_files.read([missing, blob(tmp_path, "one.jpg", jpeg(landscape(1)))], WANTS))
    assert found[0] == Unread("gone.jpg", "cannot be opened: No such file or directory", blob=missing)
    assert isinstance(found[1], Samples)
    assert found[1].batch.column("sample").to_pylist() == ["one.jpg"]


def test_an_empty_picture_is_a_sample_with_a_gap(tmp_path: Path) -> None:
    (row,) = samples(blob(tmp_path, "empty.jpg", b""))
    assert (row["md5"], row["pdq"], row["gap"]) == (None, None, "empty")


def test_a_file_too_large_to_hold_is_digested_and_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_files, "MAX_DECODED_BYTES", 1000)
    data = jpeg(landscape(1))
    large = blob(tmp_path, "large.jpg", data)
    (row,) = samples(large)
    assert (row["md5"], row["gap"]) == (hashlib.md5(data).digest(), "a file of more than 256 MiB, so not decoded")
    (row,) = samples(large, options=ReadOptions(frozenset({"md5"})))
    assert row["gap"] is None


def test_variants_follow_the_sample_they_belong_to(tmp_path: Path) -> None:
    options = ReadOptions(frozenset({"pdq"}), variants=frozenset({"dihedral"}))
    rows = samples(
        blob(tmp_path, "a.png", png(landscape(1))), blob(tmp_path, "b.png", png(landscape(2))), options=options
    )
    assert [row["sample"] for row in rows] == ["a.png"] * 8 + ["b.png"] * 8
    assert [row["variant"] == "" for row in rows] == [index % 8 == 0 for index in range(16)]
