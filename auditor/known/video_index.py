"""Match videos by vPDQ: each entry of a list is the PDQ hashes of a video's frames.

Two videos match if :data:`MIN_MATCHED_SHARE` of the different frames of either lie within :data:`MAX_FRAME_DISTANCE`
bits of a frame of the other. So a part of a listed video matches, and a longer video that holds a listed one does.
Frames below PDQ's least quality count on neither side. The numbers are those of python-threatexchange
(``extensions/vpdq/vpdq_util.py``), whose first version counted both shares as here (``VideoVPDQSignal.compare_hash``);
its present default counts the audited video's share alone, and so misses a listed video in a longer one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auditor.errors import ListError
from auditor.hashing.pdq import MIN_QUALITY
from auditor.known import near_index
from auditor.samples import DIGEST_BYTES, HASH_BITS, VPDQ

MIN_MATCHED_SHARE = 0.8  # VPDQ_CONFIDENT_MATCH_THRESHOLD, and VPDQ_QUERY_MATCH_THRESHOLD_PERCENT
MAX_FRAME_DISTANCE = 31  # bits: VPDQ_DISTANCE_THRESHOLD
_FRAME_BYTES = DIGEST_BYTES["pdq"]


def parse_vpdq(text: str) -> bytes | None:
    """Return a video's different frames of enough quality in a vPDQ hash, one PDQ after another; None: malformed.

    Args:
        text: JSON: a list of ``"hex,quality,timestamp"``, or of older versions an object of objects with ``hash``,
            ``quality`` and ``timestamp`` by the frame's number.
    """
    try:
        content = json.loads(text)
        frames = (
            [(frame["hash"], frame["quality"]) for frame in content.values()]
            if isinstance(content, dict)
            else [(frame.split(",")[0], frame.split(",")[1]) for frame in content]
        )
        hashes = [(bytes.fromhex(digits), int(quality)) for digits, quality in frames]
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None
    if not hashes or any(len(digest) != _FRAME_BYTES or not 0 <= quality <= 100 for digest, quality in hashes):
        return None
    return b"".join(dict.fromkeys(digest for digest, quality in hashes if quality >= MIN_QUALITY))


@dataclass(frozen=True, slots=True)
class VideoMatches:
    """Videos that match entries: for each pair, the video, the entry, and the nearest frame with its distance."""

    videos: NDArray[np.int64]
    entries: NDArray[np.int64]
    frames: NDArray[np.int64]
    distances: NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class VideoIndex:
    """The frames of a compiled list's videos; those of entry i are ``bounds[i]`` to ``bounds[i + 1]``."""

    frames: NDArray[np.uint8]
    bounds: NDArray[np.int64]
    near: near_index.NearIndex

    def __getitem__(self, entry: int) -> bytes:
        return self.frames[self.bounds[entry] : self.bounds[entry + 1]].tobytes()

    def search(self, words: near_index.Words, videos: NDArray[np.int64]) -> VideoMatches:
        """Return which videos match which entries.

        Args:
            words: The PDQ hashes of the different frames of all videos, as 64-bit words.
            videos: The number of each frame's video.
        """
        queries, frames, distances = self.near.search(words, MAX_FRAME_DISTANCE)
        entries = np.searchsorted(self.bounds, frames, "right") - 1
        pairs = np.stack([videos[queries], entries], axis=1) if len(queries) else np.zeros((0, 2), np.int64)
        which, pair = np.unique(pairs, axis=0, return_inverse=True)
        pair = pair.reshape(-1)
        matched_queries = _count_distinct(pair, queries, len(which))
        matched_frames = _count_distinct(pair, frames, len(which))
        of_query = np.bincount(videos)[which[:, 0]]
        of_entry = np.diff(self.bounds)[which[:, 1]]
        good = np.maximum(matched_queries / of_query, matched_frames / of_entry) >= MIN_MATCHED_SHARE
        order = np.lexsort((queries, distances, pair))
        nearest = order[np.searchsorted(pair[order], np.flatnonzero(good))]
        return VideoMatches(which[good, 0], which[good, 1], queries[nearest], distances[nearest])


def _count_distinct(pairs: NDArray[np.int64], items: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return for each pair of videos how many different frames it has."""
    different = np.unique(np.stack([pairs, items], axis=1), axis=0)
    return np.bincount(different[:, 0], minlength=count)


def write_video_index(folder: Path, videos: Iterable[bytes]) -> None:
    """Write the video index: the entries' frames, in the entries' order, into a compiled list's folder."""
    held = list(videos)
    frames = np.frombuffer(b"".join(held), np.uint8).reshape(-1, _FRAME_BYTES)
    bounds = np.cumsum([0, *(len(video) // _FRAME_BYTES for video in held)], dtype=np.int64)
    ids, tables = (np.zeros(shape, np.uint32) for shape in near_index.index_shapes(len(frames), HASH_BITS["pdq"]))
    near_index.build_near_index(near_index.digest_words(frames), ids, tables)
    for name, array in (("frames", frames), ("bounds", bounds), ("ids", ids), ("tables", tables)):
        np.save(_path(folder, name), array, allow_pickle=False)


def open_video_index(folder: Path) -> VideoIndex:
    """Return the video index of the compiled list in a folder. Raises ListError for a damaged one."""
    try:
        frames, bounds, ids, tables = (
            np.load(_path(folder, name), "r", allow_pickle=False) for name in ("frames", "bounds", "ids", "tables")
        )
    except (OSError, ValueError) as error:
        raise ListError(f"{folder}: its videos are damaged; import the list again") from error
    return VideoIndex(frames, bounds, near_index.NearIndex(near_index.digest_words(frames), ids, tables))


def _path(folder: Path, name: str) -> Path:
    """Return the path of an array of the video index."""
    return folder / f"{VPDQ}.{name}.npy"
