"""Tar shards: members are samples where they lie."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from auditor.parts import Part
from auditor.readers import ReadOptions, reader_name
from auditor.readers.webdataset import read
from auditor.samples import Samples
from auditor.sources import Blob
from tests.pictures import jpeg, landscape


def shard(path: Path, members: dict[str, bytes], *more: tarfile.TarInfo) -> Blob:
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in more:
            archive.addfile(info)
    return Blob(str(path), path.name, path.stat().st_size, "dataset", "acme/shards")


def rows(blob: Blob, *algorithms: str) -> list[dict[str, object]]:
    found = [item for item in read([blob], ReadOptions(frozenset(algorithms))) if isinstance(item, Samples)]
    return [
        row | {"basis": f.basis, "already_counted": f.already_counted} for f in found for row in f.batch.to_pylist()
    ]


def test_images_and_videos_of_a_shard_are_samples_and_captions_are_not(tmp_path: Path) -> None:
    picture = jpeg(landscape(1, (160, 120)))
    blob = shard(tmp_path / "00000.tar", {"0.jpg": picture, "0.txt": b"hills", "1.mp4": b"film", "1.cls": b"4"})
    found = {row["sample"]: row for row in rows(blob, "md5", "pdq") if row["variant"] == ""}
    assert found.keys() == {"0.jpg", "1.mp4"}
    assert found["0.jpg"]["md5"] == hashlib.md5(picture).digest()
    assert found["0.jpg"]["pdq"] is not None
    assert found["1.mp4"]["md5"] == hashlib.md5(b"film").digest()
    assert {row["place"] for row in found.values()} == {"00000.tar"}


@pytest.mark.parametrize("first", ["json", "jpg"])
def test_metadata_declares_the_digest_of_the_raw_file_and_the_size_before_padding(tmp_path: Path, first: str) -> None:
    inner = landscape(2, (200, 100))
    padded = landscape(3, (200, 200)).point(lambda _: 255)
    padded.paste(inner, (0, 50))
    raw = hashlib.md5(b"as downloaded").hexdigest()
    metadata = {"md5": raw, "url": "https://example.org/2.jpg", "original_width": 800, "original_height": 400}
    members = {"2.jpg": jpeg(padded, 95), "2.json": json.dumps(metadata).encode()}
    blob = shard(tmp_path / "s.tar", dict(sorted(members.items(), key=lambda item: not item[0].endswith(first))))
    found = rows(blob, "md5", "pdq")
    assert [row["variant"] for row in found if row["basis"] == "computed"] == ["", "unpadded"]
    (declared,) = [row for row in found if row["basis"] == "declared"]
    assert (declared["md5"], declared["already_counted"]) == (bytes.fromhex(raw), True)
    assert found[0]["url"] == "https://example.org/2.jpg"


def test_a_link_in_a_shard_is_not_followed(tmp_path: Path) -> None:
    link = tarfile.TarInfo("x.jpg")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
    (row,) = rows(shard(tmp_path / "s.tar", {}, link), "md5")
    assert (row["sample"], row["md5"], row["gap"]) == (
        "x.jpg",
        None,
        "a link or device inside an archive: not followed",
    )


def test_a_shard_that_is_cut_off_keeps_what_was_read(tmp_path: Path) -> None:
    blob = shard(tmp_path / "s.tar", {"0.mp4": b"film", "1.mp4": b"x" * 5000})
    data = Path(blob.path).read_bytes()
    Path(blob.path).write_bytes(data[:3000])
    items = list(read([blob], ReadOptions(frozenset({"md5"}))))
    (gap,) = [gap for item in items if isinstance(item, Part) for gap in item.subject.gaps]
    assert (gap.what, gap.why, gap.place.uri) == (
        "table",
        "a tar that ends or breaks before its end: EOFError",
        "s.tar",
    )
    assert [row["sample"] for item in items if isinstance(item, Samples) for row in item.batch.to_pylist()] == ["0.mp4"]


def test_a_tar_of_a_model_is_no_shard(tmp_path: Path) -> None:
    blob = shard(tmp_path / "s.tar", {"0.mp4": b"film"})
    head = blob.read(4096)
    assert reader_name(blob, head) == "webdataset"
    assert reader_name(Blob(blob.path, blob.uri, blob.size, "model", "acme/m"), head) != "webdataset"


def test_a_member_name_that_is_not_utf_8_is_kept_readable(tmp_path: Path) -> None:
    blob = shard(tmp_path / "s.tar", {"caf\udce9.mp4": b"film"})
    assert [row["sample"] for row in rows(blob, "md5")] == ["caf\\xe9.mp4"]
