"""Decode videos to one frame a second, with the extra ``video`` (PyAV); nothing but the given bytes is opened.

The format is forced by the first bytes, so that FFmpeg never guesses a playlist; every further file or address that a
demuxer would open is refused twice, by an empty list of protocols and by :func:`_refuse_to_open`. FFmpeg is native code
that reads untrusted bytes: this is called in worker processes only.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, BinaryIO, NoReturn

from auditor.errors import Unreadable
from auditor.hashing.decode import MAX_PIXELS, DecodedImage
from auditor.syntax.video_magic import video_demuxer

# A frame a second is what vPDQ hashes by default (facebook/ThreatExchange, vpdq_util.py: seconds_per_hash = 1.0).
SECONDS_BETWEEN_FRAMES = 1
# Timestamps can claim that all frames are of one second: of so many frames in a row one is hashed all the same.
MAX_FRAMES_BETWEEN = 120
# Frames of one video that are hashed: those of two hours.
MAX_FRAMES = 7200
# CPU time for one video, by its size, below what a worker has for its file: 60 seconds and 1 second a MiB
# (pipeline/shard.py). Measured on one core: 0.08 seconds for a second of H.264 in 1920 x 1080.
BASE_SECONDS = 20.0
SECONDS_PER_MIB = 0.7
# Streams of one file; films have a few.
MAX_STREAMS = 64

WITHOUT_EXTRA = "a video: comparing its frames needs pip install 'provenance-auditor[video]'"
NOT_OPENED = "a damaged video: it cannot be opened"
NO_FRAMES = "a damaged video: none of its frames can be decoded"
NO_PICTURES = "a video without a stream of pictures that is found at its beginning"
NO_DECODER = "a video with a codec that is not decoded"
DAMAGED = "a damaged video: only a part of its frames can be decoded"
ENDS_EARLY = "a damaged video: it ends after {:,} of {:,} seconds"
TOO_LONG = "a video that is too long: only its first {:,} seconds were compared"

# Formats that name all their streams at the beginning: one without pictures there has none.
_DECLARE_STREAMS = frozenset(("mov", "matroska", "avi", "asf", "ogg"))
_HEAD_BYTES = 400
# Seconds by which a file may end before its header says, besides the longest pause between two packets: rounding.
_END_TOLERANCE = 0.2
# The EXIF orientation that shows a frame as FFmpeg's display matrix (counterclockwise degrees) does.
_ORIENTATIONS = {-90: 6, 90: 8, 180: 3, -180: 3}


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """A decoded frame: the number of its stream of pictures, and its second in the video, both from 0."""

    stream: int
    second: int
    image: DecodedImage


@cache
def can_decode_videos() -> bool:
    """Return whether the extra ``video`` is installed."""
    try:
        import av  # noqa: F401
    except ImportError:
        return False
    return True


def holds_pictures(file: BinaryIO) -> bool:
    """Return whether a video file has a stream of pictures; True where that cannot be told. The file is rewound."""
    try:
        with _open(file) as (container, demuxer):
            kinds = {stream.type for stream in container.streams}
            return demuxer not in _DECLARE_STREAMS or "audio" not in kinds or not kinds <= {"audio", "subtitle"}
    except Unreadable:
        return True
    finally:
        file.seek(0)


def decode_video(file: BinaryIO, *, gray: bool = False) -> Iterator[VideoFrame]:
    """Yield the first frame of each stream of pictures, and then a frame a second.

    Args:
        file: The video, from its first byte; it can be seeked.
        gray: The rounded form is wanted too.

    Raises:
        Unreadable: A part of it was not decoded, after all frames that could be were yielded.
    """
    limit = time.process_time() + BASE_SECONDS + SECONDS_PER_MIB * file.seek(0, 2) / 1024**2
    with _open(file) as (container, _):
        reading = _Reading(container, limit)
        yield from reading.frames(gray=gray)
        reading.raise_for_rest()


@contextmanager
def _open(file: BinaryIO) -> Iterator[tuple[Any, str]]:
    """Open a video with the demuxer that its first bytes name. Raises Unreadable for what cannot be opened."""
    import av

    file.seek(0)
    demuxer = video_demuxer(file.read(_HEAD_BYTES))
    file.seek(0)
    if not demuxer:
        raise Unreadable(NOT_OPENED)
    options = {
        "protocol_whitelist": "none",
        "enable_drefs": "0",
        "max_streams": str(MAX_STREAMS),
        "max_pixels": str(MAX_PIXELS),
        "threads": "1",
    }
    try:
        container = av.open(file, format=demuxer, options=options, metadata_errors="replace", io_open=_refuse_to_open)
    except _errors() as error:
        raise Unreadable(NOT_OPENED) from error
    with container:
        yield container, demuxer


def _errors() -> tuple[type[Exception], ...]:
    """Return what PyAV raises of damaged videos."""
    import av

    return (av.error.FFmpegError, OSError, ValueError, RuntimeError, LookupError, TypeError, ArithmeticError)


def _refuse_to_open(url: str, flags: int, options: object) -> NoReturn:
    """Refuse to open another file or address that a video names."""
    raise PermissionError("a video opens no other file")


@dataclass(slots=True)
class _Stream:
    """What was read of one stream of pictures."""

    number: int
    start: float = 0.0
    next_second: int = 0
    unsampled: int = -1  # frames since the one that was taken last; -1: none was

    def is_due(self, moment: float) -> bool:
        """Return whether the frame of this moment is to be hashed."""
        if self.unsampled < 0:
            self.start = moment
        self.unsampled += 1
        return not self.unsampled or self.unsampled >= MAX_FRAMES_BETWEEN or self.second(moment) >= self.next_second

    def second(self, moment: float) -> int:
        """Return the whole second of a moment, from the stream's first frame."""
        return max(0, int(moment - self.start))

    def take(self, second: int) -> None:
        """Remember that the frame of this second is hashed."""
        self.next_second, self.unsampled = second + SECONDS_BETWEEN_FRAMES, 0


@dataclass(slots=True)
class _Reading:
    """The state of reading one opened video.

    Attributes:
        container: PyAV's container.
        limit: The process's CPU time at which it ends.
    """

    container: Any
    limit: float
    _streams: dict[int, _Stream] = field(default_factory=dict)
    _taken: int = 0
    _damaged: bool = False
    _last_second: int = -1  # of the frames that were taken
    _end: float = 0.0  # seconds, of all packets
    _longest_pause: float = 0.0
    _is_cut: bool = False
    _lacks_decoder: bool = False

    def frames(self, *, gray: bool) -> Iterator[VideoFrame]:
        """Yield the frames of the video that are due."""
        for number, stream in enumerate(self.container.streams.video):
            if stream.codec_context is None:
                self._lacks_decoder = True
                continue
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
            stream.codec_context.thread_count = 1
            self._streams[stream.index] = _Stream(number)
        last: dict[int, float] = {}
        for packet in self._packets():
            self._damaged |= bool(packet.is_corrupt)  # cut off
            self._note_end(packet, last)
            stream = self._streams.get(packet.stream.index)
            for frame in self._decode(packet) if stream else ():
                assert stream
                moment = float(frame.time or 0.0)
                if stream.is_due(moment):
                    second = stream.second(moment)
                    stream.take(second)
                    if image := self._luma(frame, gray):
                        yield VideoFrame(stream.number, second, image)
                        self._taken += 1
                        self._last_second = max(self._last_second, second)
            if self._taken >= MAX_FRAMES or time.process_time() > self.limit:
                self._is_cut = True
                return

    def _packets(self) -> Iterator[Any]:
        """Yield the packets of all streams, up to what cannot be read."""
        try:
            yield from self.container.demux()
        except _errors():
            self._damaged = True

    def _decode(self, packet: Any) -> Sequence[Any]:
        """Return the frames of a packet, none if it is damaged."""
        try:
            frames: Sequence[Any] = packet.decode()
        except _errors():
            self._damaged = True
            return ()
        self._damaged |= any(frame.is_corrupt for frame in frames)
        return frames

    def _luma(self, frame: Any, gray: bool) -> DecodedImage | None:
        """Return a frame's luma in full range, as of a picture; None if it cannot be converted."""
        try:
            luma = frame.to_ndarray(format="gray")
        except _errors():
            self._damaged = True
            return None
        return DecodedImage(luma, luma if gray else None, _ORIENTATIONS.get(int(frame.rotation), 1))

    def _note_end(self, packet: Any, last: dict[int, float]) -> None:
        """Note the moment at which a packet ends, and the pause since the last one of its stream."""
        if packet.pts is None or packet.time_base is None:
            return
        moment = float(packet.pts * packet.time_base)
        index = packet.stream.index
        self._longest_pause = max(self._longest_pause, moment - last.get(index, moment))
        last[index] = moment
        self._end = max(self._end, moment + float((packet.duration or 0) * packet.time_base))

    def raise_for_rest(self) -> None:
        """Raise Unreadable for what was not decoded."""
        if self._is_cut:
            raise Unreadable(TOO_LONG.format(self._last_second + 1))
        if self._lacks_decoder:
            raise Unreadable(NO_DECODER)
        if not self._streams:
            raise Unreadable(NO_PICTURES)
        if not self._taken:
            raise Unreadable(NO_FRAMES)
        if self._damaged:
            raise Unreadable(DAMAGED)
        duration = (self.container.duration or 0) / 1e6
        end = self._end - (self.container.start_time or 0) / 1e6
        if end + self._longest_pause + _END_TOLERANCE < duration:
            raise Unreadable(ENDS_EARLY.format(max(0, round(end)), round(duration)))
