"""Reads video files as samples: by their exact digests, and by perceptual hashes of a frame a second.

The latter need the extra ``video``; without it a video is a gap where a list asks for perceptual hashes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.hashing.decode_video import WITHOUT_EXTRA, can_decode_videos, holds_pictures
from auditor.hashing.hash_images import VIDEO_DECODING_ALGORITHMS, EncodedVideo, hash_images
from auditor.part_builders.file_samples import sample_whole_files
from auditor.part_builders.read_options import ReadOptions
from auditor.readers import ReaderExample
from auditor.samples import VIDEO_ALGORITHMS, Samples
from auditor.syntax.video_magic import video_demuxer

READS_MEMBERS = True
UNREAD_GAP = "samples"


def claims(blob: Blob, head: bytes) -> int:
    """Claim a video by its first bytes alone."""
    return 85 if video_demuxer(head) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Samples | Unread]:
    """Yield the samples of video files; their frames are variants that are named by their second."""
    wanted = tuple(name for name in VIDEO_ALGORITHMS if name in options.algorithms)
    if VIDEO_DECODING_ALGORITHMS.isdisjoint(wanted):
        yield from sample_whole_files(blobs, wanted, carrier="video")
    elif not can_decode_videos():
        yield from sample_whole_files(blobs, wanted, WITHOUT_EXTRA, "video")
    else:
        for blob in blobs:
            yield from _read_frames(blob, wanted, options)


def _read_frames(blob: Blob, wanted: tuple[str, ...], options: ReadOptions) -> Iterator[Samples | Unread]:
    """Yield the sample of one video file; one without a stream of pictures is sound."""
    try:
        with blob.open() as file:
            if not holds_pictures(file):
                yield from sample_whole_files([blob], wanted, carrier="sound")
                return
            batch = hash_images([EncodedVideo(blob.basename, blob.uri, 0, file)], wanted, options.variants)
    except Unreadable as error:
        yield Unread(blob.uri, str(error), blob=blob)
        return
    yield Samples(blob.ref("dataset"), "computed", batch, carrier="video")


_HEAD = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
EXAMPLES: tuple[ReaderExample, ...] = (
    ReaderExample("film.mp4", _HEAD, columns=("md5", "pdq"), options=ReadOptions(frozenset({"md5", "pdq"}))),
    ReaderExample("film", b"\x1a\x45\xdf\xa3\x9fB\x86\x81", columns=("md5",), options=ReadOptions(frozenset({"md5"}))),
    ReaderExample("film.avi", b"RIFF\x24\0\0\0AVI LIST"),
)
