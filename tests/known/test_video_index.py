"""Lists of videos by vPDQ: what is read, and which videos match."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from auditor.hashing.decode import decode_image
from auditor.hashing.pdq import pdq
from auditor.known import near_index
from auditor.known.video_index import (
    MAX_FRAME_DISTANCE,
    MIN_MATCHED_SHARE,
    open_video_index,
    parse_vpdq,
    write_video_index,
)
from auditor.model import Comparison
from auditor.pipeline.audit import audit
from auditor.pipeline.report import Report
from auditor.reporting.restricted_hits import read_restricted_hits
from tests.pictures import landscape, objects, pattern, png

RANDOM = np.random.default_rng(7)
FRAMES = [RANDOM.bytes(32) for _ in range(20)]
PICTURES = (landscape(1), objects(2), pattern(3), landscape(4), objects(5))


def flip_bits(frame: bytes, bits: int) -> bytes:
    """The hash with its first so many bits turned."""
    return (int.from_bytes(frame) ^ (((1 << bits) - 1) << (256 - bits))).to_bytes(32)


def matches(folder: Path, listed: Sequence[Sequence[bytes]], *videos: Sequence[bytes]) -> list[tuple[int, int, int]]:
    """The (video, entry, distance) of each match."""
    write_video_index(folder, (b"".join(frames) for frames in listed))
    rows = np.frombuffer(b"".join(frame for frames in videos for frame in frames), np.uint8).reshape(-1, 32)
    numbers = np.repeat(np.arange(len(videos)), [len(frames) for frames in videos])
    found = open_video_index(folder).search(near_index.digest_words(rows), numbers)
    return list(zip(found.videos.tolist(), found.entries.tolist(), found.distances.tolist(), strict=True))


def test_the_numbers_of_the_rule_are_those_of_python_threatexchange() -> None:
    # threatexchange/extensions/vpdq/vpdq_util.py
    assert (MIN_MATCHED_SHARE, MAX_FRAME_DISTANCE) == (0.8, 31)


@pytest.mark.parametrize(
    ("video", "expected"),
    [
        (FRAMES[:10], True),
        (FRAMES[2:5], True),  # a part of the listed video
        ([*FRAMES[:10], *FRAMES[10:]], True),  # a longer one that holds it
        ([*FRAMES[:4], FRAMES[15]], True),  # 4 of its 5 frames
        ([*FRAMES[:3], *FRAMES[15:17]], False),  # 3 of 5
        ([*FRAMES[:8], *FRAMES[12:20]], True),  # 8 of the list's 10
        ([*FRAMES[:7], *FRAMES[12:20]], False),  # 7 of the list's 10
        ([flip_bits(frame, 31) for frame in FRAMES[:10]], True),
        ([flip_bits(frame, 32) for frame in FRAMES[:10]], False),
        (FRAMES[10:], False),
    ],
)
def test_a_video_matches_if_four_fifths_of_either_ones_frames_do(
    video: list[bytes], expected: bool, tmp_path: Path
) -> None:
    assert bool(matches(tmp_path, [FRAMES[:10]], video)) is expected


def test_each_video_is_matched_with_each_entry_and_the_nearest_frame_is_told(tmp_path: Path) -> None:
    listed = [FRAMES[:3], FRAMES[2:6], FRAMES[10:12]]
    videos = [[flip_bits(FRAMES[10], 5), flip_bits(FRAMES[11], 2)], FRAMES[15:18], FRAMES[:6]]
    assert matches(tmp_path, listed, *videos) == [(0, 2, 2), (2, 0, 0), (2, 1, 0)]


def test_both_forms_of_a_vpdq_are_read_without_frames_of_low_quality_and_without_equal_ones() -> None:
    first, second, low = (frame.hex() for frame in FRAMES[:3])
    new = json.dumps([f"{first},100,0.0", f"{second},50,1.0", f"{first},80,2.0", f"{low},49,3.0"])
    old = json.dumps({n: {"hash": frame, "quality": q, "timestamp": n} for n, (frame, q) in enumerate(
        [(first, 100), (second, 50), (low, 49)])})  # fmt: skip
    assert parse_vpdq(new) == parse_vpdq(old) == b"".join(FRAMES[:2])
    assert parse_vpdq(json.dumps([f"{low},49,3.0"])) == b""
    for junk in ("", "[]", "{}", "[1]", "3", '["ab,100,0"]', f'["{first},101,0"]', f'["{first}"]', "[" * 100_000):
        assert parse_vpdq(junk) is None, junk[:40]


def vpdq_of(pictures: Sequence[object]) -> str:
    hashes = [pdq(decode_image(png(picture)).luma) for picture in pictures]  # type: ignore[arg-type]
    return json.dumps([f"{found.digest.hex()},{found.quality},{n}.0" for n, found in enumerate(hashes)])


def scan(folder: Path, *lines: str) -> Report:
    known = folder / "list.txt"
    known.write_text("\n".join(["# name: films", "# version: 1", "# means: csam", *lines]) + "\n")
    return audit(folder / "set", known=[known], out=folder / "run", workers=1)


def test_a_part_of_a_listed_video_is_found_in_another_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.videos import video

    monkeypatch.setenv("AUDITOR_HOME", str(tmp_path / "home"))
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "part.webm").write_bytes(video(PICTURES[1:4], "webm", "libvpx"))
    (tmp_path / "set" / "other.mp4").write_bytes(video([landscape(8), PICTURES[0]]))
    (tmp_path / "set" / "hill.png").write_bytes(png(PICTURES[1]))
    report = scan(tmp_path, f"vpdq {vpdq_of(PICTURES)}", f"vpdq {vpdq_of([landscape(9)])}")
    ((hit,),) = [list(read_restricted_hits(report))]
    assert (hit.list, hit.algorithm, hit.sample) == ("films", "vpdq", "part.webm")
    assert hit.variant.startswith("second-")
    assert report.tally.coverage["hits csam near"] == 1
    # A picture is no video: nothing is asked of it.
    assert report.tally.comparisons == {Comparison("films", "vpdq", "video", "compared"): 2}
    assert list(report.gaps) == []


def test_a_list_tells_how_its_videos_are_matched_and_a_newer_version_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from auditor.cli.main import main
    from auditor.known.open_list import open_list

    monkeypatch.setenv("AUDITOR_HOME", str(tmp_path / "home"))
    header = "# name: films\n# means: csam\n"
    first, second = (tmp_path / name for name in ("1.txt", "2.txt"))
    first.write_text(f"{header}# version: 1\nvpdq {vpdq_of(PICTURES[:2])}\n")
    second.write_text(f"{header}# version: 2\n# delta: yes\nvpdq {vpdq_of(PICTURES[3:])}\n")
    result = CliRunner().invoke(main, ["lists", "check", str(first)])
    assert "vpdq: 1 entries, matched by frames, each within 31 bits\n" in result.output
    for path in (first, second):
        done = CliRunner().invoke(main, ["lists", "import", str(path), "--name", "films"])
        assert done.exit_code == 0, done.output
    known = open_list("films")
    frames = {known.videos[0], known.videos[1]}
    assert {len(held) for held in frames} == {64}
    names = known.values("vpdq", np.arange(2)).to_pylist()
    assert set(names) == {hashlib.sha256(held).digest() for held in frames}
