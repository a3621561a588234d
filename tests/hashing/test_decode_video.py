"""Videos are decoded to a frame a second, from their own bytes alone."""

from __future__ import annotations

import io
import socket
import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from auditor.errors import Unreadable
from auditor.hashing import decode_video as decoding
from auditor.hashing.decode import decode_image
from auditor.hashing.decode_video import VideoFrame, decode_video, holds_pictures
from auditor.hashing.hash_images import EncodedVideo, hash_images
from auditor.hashing.pdq import pdq
from auditor.syntax.video_magic import video_demuxer
from tests.pictures import landscape, objects, pattern, png
from tests.videos import av, sound, video

PICTURES = (landscape(1), objects(2), pattern(3))
FORMATS = [
    ("mp4", "mpeg4", "mov"), ("mov", "mjpeg", "mov"), ("matroska", "ffv1", "matroska"), ("webm", "libvpx", "matroska"),
    ("avi", "mpeg4", "avi"), ("mpegts", "mpeg2video", "mpegts"), ("mpeg", "mpeg2video", "mpeg"), ("flv", "flv", "flv"),
    ("mpeg2video", "mpeg2video", "mpegvideo"), ("asf", "wmv2", "asf"), ("ivf", "libvpx", "ivf"),
]  # fmt: skip


def frames_and_gap(data: bytes) -> tuple[list[VideoFrame], str]:
    """The frames of a video, those before an error too, and the error."""
    frames: list[VideoFrame] = []
    try:
        for frame in decode_video(io.BytesIO(data)):
            frames.append(frame)  # noqa: PERF402
    except Unreadable as error:
        return frames, str(error)
    return frames, ""


def distance(left: bytes, right: bytes) -> int:
    return (int.from_bytes(left) ^ int.from_bytes(right)).bit_count()


@pytest.mark.parametrize(("container", "codec", "demuxer"), FORMATS)
def test_each_format_is_told_by_its_first_bytes_and_gives_a_frame_a_second(
    container: str, codec: str, demuxer: str
) -> None:
    data = video(PICTURES, container, codec, rate=25)
    assert video_demuxer(data[:400]) == demuxer
    frames = list(decode_video(io.BytesIO(data)))
    assert [(frame.stream, frame.second) for frame in frames] == [(0, 0), (0, 1), (0, 2)]
    for frame, picture in zip(frames, PICTURES, strict=True):
        assert distance(pdq(frame.image.luma).digest, pdq(decode_image(png(picture)).luma).digest) <= 10


def test_timestamps_that_claim_one_moment_hide_no_frames() -> None:
    data = bytearray(video(PICTURES[:2], "avi", "mjpeg", rate=25, seconds=6))
    # An AVI's frame rate, in its headers: microseconds a frame, and scale and rate of the stream.
    at = data.index(b"strh") + 8
    data[at + 20 : at + 28] = struct.pack("<II", 1, 1_000_000)
    seconds = [frame.second for frame in decode_video(io.BytesIO(bytes(data)))]
    assert seconds == [0, 0, 0], "the first frame, and each 120th after it"
    assert (decoding.MAX_FRAMES_BETWEEN, decoding.SECONDS_BETWEEN_FRAMES) == (120, 1)


def test_a_frame_that_is_turned_when_it_is_shown_says_how() -> None:
    data = video(PICTURES[:1])
    upright = struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    turned = struct.pack(">IIIiIIIII", 0, 1 << 16, 0, -(1 << 16), 0, 0, 360 << 16, 0, 1 << 30)
    header = data.index(b"tkhd")
    at = data.index(upright, header)
    data = data[:at] + turned + data[at + len(turned) :]
    (frame,) = decode_video(io.BytesIO(data))
    assert frame.image.orientation == 6  # EXIF: turned clockwise to be shown
    batch = hash_images([EncodedVideo("a", "a", 0, io.BytesIO(data))], ["pdq"], ["oriented"]).to_pylist()
    (shown,) = (row["pdq"] for row in batch if row["variant"] == "second-0+oriented")
    assert distance(shown, pdq(np.rot90(decode_image(png(PICTURES[0])).luma, -1)).digest) <= 10


@pytest.mark.parametrize(("container", "codec"), [("avi", "mpeg4"), ("matroska", "ffv1"), ("mpegts", "mpeg2video")])
def test_what_was_decoded_of_a_broken_video_stands_and_the_rest_is_named(container: str, codec: str) -> None:
    data = video(PICTURES, container, codec, rate=25)
    frames, gap = frames_and_gap(data[: len(data) * 4 // 7])
    assert frames[0].second == 0
    assert gap.startswith("a damaged video: ")


def test_a_video_that_cannot_be_opened_or_has_no_frames_says_so() -> None:
    data = video(PICTURES)
    assert frames_and_gap(data[: len(data) // 2]) == ([], "a damaged video: it cannot be opened")
    assert frames_and_gap(b"\x1a\x45\xdf\xa3" + bytes(100))[0] == []
    assert frames_and_gap(b"GIF89a" + bytes(100)) == ([], "a damaged video: it cannot be opened")


def test_a_video_is_decoded_up_to_its_limits_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    data = video(PICTURES, "avi", "mjpeg")
    long = "a video that is too long: only its first 1 seconds were compared"
    with monkeypatch.context() as patch:
        patch.setattr(decoding, "MAX_FRAMES", 1)
        frames, gap = frames_and_gap(data)
        assert ([frame.second for frame in frames], gap) == ([0], long)
    monkeypatch.setattr(decoding, "BASE_SECONDS", 0.0)
    monkeypatch.setattr(decoding, "SECONDS_PER_MIB", 0.0)
    assert frames_and_gap(data)[1] == long


def test_a_frame_of_too_many_pixels_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_PIXELS", 480 * 360 - 1)
    frames, gap = frames_and_gap(video(PICTURES, "mp4", "mpeg4"))
    assert frames == []
    assert gap.startswith("a damaged video: ")


def test_a_file_of_sound_alone_is_told_where_its_header_lists_all_streams() -> None:
    assert not holds_pictures(io.BytesIO(sound("mp4")))
    assert not holds_pictures(io.BytesIO(sound("webm", "libopus")))
    assert holds_pictures(io.BytesIO(sound("mpegts"))), "a stream may begin later"
    damaged = video(PICTURES[:1], "webm", "libvpx").replace(b"\x83\x81\x01", b"\x83\x81\x11")  # type of the track
    assert holds_pictures(io.BytesIO(damaged)), "nothing shows that it is sound"
    assert frames_and_gap(damaged) == ([], "a video without a stream of pictures that is found at its beginning")
    assert holds_pictures(io.BytesIO(video(PICTURES[:1], sound=True)))
    assert list(decode_video(io.BytesIO(video(PICTURES[:1], sound=True))))


# A video that names another file: nothing but its own bytes is opened.


def with_reference(data: bytes, target: bytes) -> bytes:
    """An MP4 whose track says that its frames lie in another file, by an alias of the Mac's file system."""
    path = [b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"]
    places, start = [], 0
    for name in path:
        start = data.index(name, start)
        places.append(start - 4)
    name = target.rpartition(b"/")[2]
    alias = bytearray(150)
    struct.pack_into(">HH", alias, 4, 150, 2)  # length and version of the alias
    alias[10:38] = bytes([6]) + b"volume".ljust(27, b"\0")
    alias[50:114] = bytes([len(name)]) + name.ljust(63, b"\0")
    struct.pack_into(">hh", alias, 130, 1, 1)
    path_of_target = target + bytes(len(target) % 2)
    alias += struct.pack(">HH", 2, len(target)) + path_of_target + struct.pack(">HH", 0xFFFF, 0)
    entry = struct.pack(">I4sI", 12 + len(alias), b"alis", 0) + alias
    old = data[places[-1] + 16 : places[-1] + 28]
    assert old[4:8] == b"url "
    changed = bytearray(data[: places[-1] + 16] + entry + data[places[-1] + 28 :])
    for at in places:
        (size,) = struct.unpack_from(">I", changed, at)
        struct.pack_into(">I", changed, at, size + len(entry) - len(old))
    assert all(left < right for left, right in pairwise(places))
    return bytes(changed)


def test_a_track_in_another_file_is_not_read_and_would_be_if_it_were_allowed(tmp_path: Path) -> None:
    other = tmp_path / "other.mov"
    other.write_bytes(video((PICTURES[1],), "mov", "rawvideo", rate=1))  # its frames lie where the trap's do
    trap = with_reference(video((PICTURES[0],), "mov", "rawvideo", rate=1), str(other).encode())
    (tmp_path / "trap.mp4").write_bytes(trap)
    listed = pdq(decode_image(png(PICTURES[1])).luma).digest

    with av.open(str(tmp_path / "trap.mp4"), format="mov", options={"enable_drefs": "1"}) as it:
        luma = next(it.decode(video=0)).to_ndarray(format="gray")
    assert distance(pdq(luma).digest, listed) <= 10, "the trap is no trap: FFmpeg does not follow it"

    frames, _ = frames_and_gap(trap)
    assert all(distance(pdq(frame.image.luma).digest, listed) > 60 for frame in frames)


@pytest.mark.parametrize("name", ["list.mp4", "list.m3u8"])
def test_playlists_are_no_videos_and_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "other.ts").write_bytes(video((PICTURES[1],), "mpegts", "mpeg2video", rate=25))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/other.ts"
        for target in (str(tmp_path / "other.ts"), address):
            hls = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n"
            concat = f"ffconcat version 1.0\nfile '{target}'\n"
            dash = f'<?xml version="1.0"?><MPD><Period><BaseURL>{target}</BaseURL></Period></MPD>'
            for text in (hls, concat, dash):
                assert video_demuxer(text.encode()) == ""
                assert frames_and_gap(text.encode()) == ([], "a damaged video: it cannot be opened")
                # The same text behind a video's first bytes
                assert frames_and_gap(b"\0\0\0\x08ftyp" + text.encode())[0] == []
        with pytest.raises(TimeoutError):
            server.accept()
