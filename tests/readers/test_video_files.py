"""Video files are samples, alone and in archives and tables, and a listed picture in one is found with its second."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.blob import Unread
from auditor.hashing.decode import decode_image
from auditor.hashing.pdq import pdq
from auditor.model import Comparison
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import PartlyRead
from auditor.pipeline.audit import audit
from auditor.pipeline.report import Report
from auditor.readers import reader_name, video_files
from auditor.readers.table import row_samples
from auditor.reporting.restricted_hits import read_restricted_hits
from auditor.samples import Samples
from tests.pictures import landscape, objects, pattern, png
from tests.readers.blobs import written_blob

HEAD = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 40
WANTS = ReadOptions(frozenset({"md5", "pdq"}))
LISTED = objects(2)


def samples(results: Iterable[object]) -> Samples:
    (found,) = [item for item in results if isinstance(item, Samples)]
    return found


def test_exact_digests_of_a_video_need_no_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_files, "can_decode_videos", lambda: False)
    blob = written_blob(tmp_path, "film", HEAD)
    assert reader_name(blob, HEAD) == "video_files"
    found = samples(video_files.read([blob], ReadOptions(frozenset({"md5"}))))
    assert (found.carrier, found.batch.to_pylist()[0]["gap"]) == ("video", None)
    found = samples(video_files.read([blob], WANTS))
    (row,) = found.batch.to_pylist()
    assert (row["sample"], row["place"], row["md5"]) == ("film", "film", hashlib.md5(HEAD).digest())
    assert row["gap"] == "a video: comparing its frames needs pip install 'provenance-auditor[video]'"


def test_a_video_that_is_gone_is_unread(tmp_path: Path) -> None:
    blob = written_blob(tmp_path, "film.mp4", HEAD)
    (tmp_path / "film.mp4").unlink()
    for options in (WANTS, ReadOptions(frozenset({"md5"}))):
        (found,) = video_files.read([blob], options)
        assert isinstance(found, Unread)


def test_the_frames_of_a_video_are_variants_with_their_second(tmp_path: Path) -> None:
    from tests.videos import video

    data = video([landscape(1), LISTED])
    found = samples(video_files.read([written_blob(tmp_path, "film.mp4", data)], WANTS))
    rows = found.batch.to_pylist()
    assert (found.carrier, [row["variant"] for row in rows]) == ("video", ["second-0", "second-1", ""])
    assert (rows[2]["md5"], rows[2]["pdq"], rows[2]["gap"]) == (hashlib.md5(data).digest(), rows[0]["pdq"], None)
    assert rows[0]["md5"] is None


def test_a_video_that_begins_black_is_compared_and_not_counted_as_low_in_detail(tmp_path: Path) -> None:
    from tests.videos import video

    black = landscape(1).point(lambda _: 0)
    rows = samples(
        video_files.read([written_blob(tmp_path, "film.mp4", video([black, LISTED]))], WANTS)
    ).batch.to_pylist()
    assert [(row["variant"], row["quality"] >= 50) for row in rows] == [
        ("second-0", False),
        ("second-1", True),
        ("", True),
    ]


def test_a_file_of_sound_alone_is_sound(tmp_path: Path) -> None:
    from tests.videos import sound

    found = samples(video_files.read([written_blob(tmp_path, "talk.mp4", sound())], WANTS))
    assert (found.carrier, found.batch["gap"].to_pylist()) == ("sound", [None])
    table = io.BytesIO()
    pq.write_table(pa.table({"talk": [sound()]}), table)
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "talks.parquet").write_bytes(table.getvalue())
    assert list(scan(tmp_path, tmp_path / "set").gaps) == []


def scan(folder: Path, target: Path) -> Report:
    known = folder / "list.csv"
    digest = pdq(decode_image(png(LISTED)).luma).digest.hex()
    known.write_text(f"# name: ordinary\n# version: 1\n# means: csam\npdq\n{digest}\n")
    return audit(target, known=[known], out=folder / "run", workers=1)


def tarred(data: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("0001.mp4")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def in_table(data: bytes) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"clip": [{"bytes": data, "path": "a.mp4"}], "label": [1]}), file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "pack"),
    [("film.mp4", bytes), ("0.tar", tarred), ("train.parquet", in_table)],
    ids=["file", "tar", "table"],
)
def test_a_listed_picture_in_a_video_is_found_and_its_second_is_told_in_the_restricted_folder_alone(
    name: str, pack: type[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.videos import video

    monkeypatch.setenv("AUDITOR_HOME", str(tmp_path / "home"))
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / name).write_bytes(pack(video([landscape(1), pattern(3), LISTED, landscape(4)])))
    report = scan(tmp_path, tmp_path / "set")
    assert [(hit.variant, hit.list) for hit in read_restricted_hits(report)] == [("second-2", "ordinary")]
    assert list(report.gaps) == []
    assert (report.tally.samples.collected, report.tally.samples.scanned) == (1, 1)
    assert report.tally.comparisons == {Comparison("ordinary", "pdq", "video", "compared"): 1}
    open_files = [path for path in (tmp_path / "run").rglob("*") if path.is_file() and "restricted" not in path.parts]
    assert open_files
    assert not [path for path in open_files if b"second-2" in path.read_bytes()]


def test_a_broken_video_is_partly_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.videos import video

    monkeypatch.setenv("AUDITOR_HOME", str(tmp_path / "home"))
    data = video([LISTED, landscape(1), pattern(3)], "avi", "mjpeg")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "film.avi").write_bytes(data[: len(data) // 2])
    report = scan(tmp_path, tmp_path / "set")
    assert [gap.why for _, gap in report.gaps] == ["a damaged video: only a part of its frames can be decoded"]
    assert (report.tally.files.partly, report.tally.samples.partly) == (1, 1)
    assert report.tally.coverage["hits csam near"] == 1


def test_without_the_extra_a_video_in_a_table_is_a_gap_for_perceptual_lists_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_samples, "can_decode_videos", lambda: False)
    from auditor.readers import table

    blob = written_blob(tmp_path, "t.parquet", in_table(HEAD))
    gaps = [one for one in table.read([blob], WANTS) if isinstance(one, PartlyRead)]
    assert gaps == [
        PartlyRead(blob, "clip.bytes", "videos: comparing their frames needs pip install 'provenance-auditor[video]'")
    ]
    assert not [one for one in table.read([blob], ReadOptions(frozenset({"md5"}))) if isinstance(one, PartlyRead)]
