"""HDF5: arrays and encoded pictures are samples; nothing outside the file is opened."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor.blob import Blob, Unread
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part, PartlyRead
from auditor.pipeline.read_members import read_with_members
from auditor.readers import hdf5, reader_name
from auditor.samples import Samples
from auditor.sources.folder import blobs
from tests.pictures import jpeg, landscape

h5py = pytest.importorskip("h5py")

PICTURES = [jpeg(landscape(seed, (96, 64))) for seed in range(3)]
MD5 = [hashlib.md5(picture).digest() for picture in PICTURES]
PIXELS = np.stack([np.asarray(landscape(seed, (96, 64))) for seed in range(3)])


def items_of(path: Path, *algorithms: str) -> list[Part | Samples | PartlyRead | Unread]:
    blob = Blob(str(path), path.name, path.stat().st_size, "dataset", "acme/arrays")
    assert reader_name(blob, blob.read(4096)) == "hdf5"
    return list(read_with_members("hdf5", [blob], ReadOptions(frozenset(algorithms), variants=frozenset())))


def rows(path: Path, *algorithms: str) -> list[dict[str, Any]]:
    return [row for item in items_of(path, *algorithms) if isinstance(item, Samples) for row in item.batch.to_pylist()]


def gaps(path: Path) -> list[tuple[str, str]]:
    return [(item.carrier, item.why) for item in items_of(path, "pdq", "md5") if isinstance(item, PartlyRead)]


@pytest.mark.parametrize("kind", ["vlen-bytes", "opaque", "one-each", "padded"])
def test_encoded_pictures_are_samples_however_they_are_stored(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        if kind == "vlen-bytes":
            data = file.create_dataset("train/encoded", (3,), h5py.vlen_dtype(np.uint8))
            for at, picture in enumerate(PICTURES):
                data[at] = np.frombuffer(picture, np.uint8)
        elif kind == "opaque":
            width = max(map(len, PICTURES))
            file.create_dataset("encoded", data=np.array([np.void(p.ljust(width, b"\0")) for p in PICTURES]))
        elif kind == "padded":
            width = max(map(len, PICTURES))
            whole = np.stack([np.frombuffer(p.ljust(width, b"\0"), np.uint8) for p in PICTURES])
            file.create_dataset("encoded", data=whole, compression="gzip")
        else:
            for at, picture in enumerate(PICTURES):
                file.create_dataset(f"images/{at}", data=np.frombuffer(picture, np.uint8))
    found = rows(path, "md5", "pdq")
    assert len([row for row in found if row["pdq"]]) == 3
    if kind in ("vlen-bytes", "one-each"):
        assert [row["md5"] for row in found] == MD5


def test_arrays_of_pixels_are_hashed_picture_by_picture_and_labels_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.hdf5"
    with h5py.File(path, "w") as file:
        file.create_dataset("a/images", data=PIXELS, compression="gzip", shuffle=True)
        file.create_dataset("a/labels", data=np.arange(3))
        file.create_dataset("names", data=["hill", "sea", "wood"])
        file["a/again"] = file["a/images"]
        file["soft"] = h5py.SoftLink("/a/images")
        file.create_dataset("references", data=np.array([file["a"].ref], h5py.ref_dtype))
        file.create_dataset("nothing", data=h5py.Empty("f4"))
    found = rows(path, "pdq")
    assert [(row["place"], row["row"]) for row in found] == [("a.hdf5!/a/again", number) for number in (1, 2, 3)]
    assert gaps(path) == []


def test_addresses_in_records_are_samples(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    records = np.array([(1, b"https://example.org/1.jpg"), (2, b"https://example.org/2.jpg")], "i4,S40")
    with h5py.File(path, "w") as file:
        file.create_dataset("table", data=records)
    assert [row["url"] for row in rows(path, "url")] == ["https://example.org/1.jpg", "https://example.org/2.jpg"]


def test_nothing_outside_the_file_is_opened(tmp_path: Path) -> None:
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["images"] = PIXELS
    raw = tmp_path / "raw.bin"
    raw.write_bytes(PIXELS.tobytes())
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["external"] = h5py.ExternalLink(str(other), "/images")
        layout = h5py.VirtualLayout(PIXELS.shape, np.uint8)
        layout[:] = h5py.VirtualSource(str(other), "images", PIXELS.shape)
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("outside", PIXELS.shape, np.uint8, external=[(str(raw), 0, PIXELS.nbytes)])
    opened: list[str] = []

    def record(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            opened.append(str(arguments[0]))

    other.chmod(0)
    sys.addaudithook(record)
    found = items_of(path, "pdq")
    assert [item for item in found if isinstance(item, Samples)] == []
    assert sorted((item.carrier, item.why) for item in found if isinstance(item, PartlyRead)) == [
        ("external", "a link to another HDF5 file: not followed"),
        ("outside", "an HDF5 dataset with its data in another file: not followed"),
        ("virtual", "a virtual HDF5 dataset, whose data is elsewhere: not followed"),
    ]
    assert not {str(other), str(raw)} & set(opened)


def test_what_claims_much_more_than_is_stored_is_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("images", (1 << 30, 64, 64, 3), np.uint8, chunks=(1, 64, 64, 3))
    assert gaps(path) == [("images", "an HDF5 dataset that claims much more than is stored: not read")]


def test_a_filter_that_is_a_plug_in_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("images", data=PIXELS, chunks=PIXELS.shape, compression="gzip")
    monkeypatch.setattr(hdf5, "_FILTERS", frozenset())
    assert gaps(path) == [("images", "an HDF5 filter that is a plug-in: not loaded (1)")]
    assert h5py.h5pl.size() == 0


def test_weights_of_keras_among_data_are_weights(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.15"
        file["dense/kernel"] = np.zeros((64, 64, 3), np.float32)
    (item,) = items_of(path, "pdq")
    assert isinstance(item, Part)
    assert list(item.subject.values("weights_format")) == ["hdf5"]


def test_without_the_extra_a_file_is_a_gap_that_says_how_to_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["images"] = PIXELS
    monkeypatch.setitem(sys.modules, "h5py", None)
    (item,) = items_of(path, "pdq")
    assert isinstance(item, Unread)
    assert item.why == "an HDF5 file: reading it needs pip install 'provenance-auditor[containers]'"


def test_a_folder_of_hdf5_is_a_model_only_by_a_name_that_says_so(tmp_path: Path) -> None:
    for name, kind in (("train.h5", ""), ("tf_model.h5", "model"), ("vae.weights.h5", "model")):
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        (folder / name).write_bytes(b"\x89HDF\r\n\x1a\n")
        assert [blob.kind for blob in blobs(str(folder)) if isinstance(blob, Blob)] == [kind]
