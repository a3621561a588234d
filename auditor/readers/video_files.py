"""Reads video files as samples: by their exact digests, and by perceptual hashes of a frame a second.

The latter need the extra ``video``; without it a video is a gap where a list asks for perceptual hashes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import BinaryIO

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.hashing.decode_video import WITHOUT_EXTRA, can_decode_videos, holds_pictures
from auditor.hashing.hash_images import VIDEO_DECODING_ALGORITHMS, EncodedVideo, hash_images
from auditor.part_builders.embedded_files import MAX_REMAINDER_BYTES, remainder_members
from auditor.part_builders.file_samples import sample_whole_files
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import PartlyRead
from auditor.readers import ReaderExample
from auditor.samples import VIDEO_ALGORITHMS, Samples
from auditor.syntax.embedded_pictures import box_spans, find_pictures
from auditor.syntax.video_magic import video_demuxer

READS_MEMBERS = True
UNREAD_GAP = "samples"


def claims(blob: Blob, head: bytes) -> int:
    """Claim a video by its first bytes alone."""
    return 85 if video_demuxer(head) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Samples | PartlyRead | Unread | Blob]:
    """Yield the samples of video files; their frames are variants that are named by their second."""
    blobs = list(blobs)
    wanted = tuple(name for name in VIDEO_ALGORITHMS if name in options.algorithms)
    for blob in blobs if wanted else ():
        with suppress(Unreadable, OSError), blob.open() as file:  # what reads its frames says why
            yield from _outside_of_frames(blob, file)
    if VIDEO_DECODING_ALGORITHMS.isdisjoint(wanted):
        yield from sample_whole_files(blobs, wanted, carrier="video")
    elif not can_decode_videos():
        yield from sample_whole_files(blobs, wanted, WITHOUT_EXTRA, "video")
    else:
        for blob in blobs:
            yield from _read_frames(blob, wanted, options)


def _outside_of_frames(blob: Blob, file: BinaryIO) -> Iterator[PartlyRead | Blob]:
    """Yield the pictures in the boxes of a video that hold no frames, and the bytes after its end. Raises OSError."""
    if file.read(12)[4:8] not in (b"ftyp", b"moov", b"wide"):
        return
    for name, start, end in box_spans(file, blob.size):
        if not name:
            yield from remainder_members(blob, file, [(start, end)])
        elif name != b"mdat" and end - start <= MAX_REMAINDER_BYTES:
            file.seek(start)
            data = file.read(end - start)
            for first, last in find_pictures(data):
                yield blob.member(f"bytes {start + first + 1:,}-{start + last:,}", data[first:last])


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
