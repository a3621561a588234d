"""Rule out, before anything is parsed, most URLs whose host is on no list.

Whatever of a URL is compared with a list of URLs or domains ends its host in the same two labels. Their hashes tell
for most URLs that no entry can match; a URL whose host is not canonical as it stands is never ruled out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.known.exact_index import Keys, mix

Offsets = NDArray[np.int32]  # into the bytes of a string array

_DOT = ord(".")
# So many of its last bytes are hashed, and its length.
_TAIL_BYTES = 16
# With 16 places or more for an entry, one URL in 16 is not ruled out by chance.
_PLACES_BITS = 4
_MAX_PLACES_BITS = 26


@dataclass(frozen=True, slots=True)
class HostTails:
    """The ends of hosts.

    Attributes:
        keys: Of each host the key of its last two labels.
        is_ordinary: Which hosts are canonical as they stand; the keys of others mean nothing.
    """

    keys: Keys
    is_ordinary: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class HostFilter:
    """The last two labels of the hosts of a list's entries.

    Attributes:
        places: Which values the top bits of their keys have.
    """

    places: NDArray[np.bool_]

    def may_match(self, tails: HostTails) -> NDArray[np.bool_]:
        """Return which hosts cannot be ruled out."""
        bits = len(self.places).bit_length() - 1
        return ~tails.is_ordinary | self.places[(tails.keys >> np.uint64(64 - bits)).view(np.int64)]


def build_host_filter(hosts: pa.Array) -> HostFilter:
    """Return the filter of a list's canonical hosts."""
    bits = min(max(16, len(hosts).bit_length() + _PLACES_BITS), _MAX_PLACES_BITS)
    places = np.zeros(1 << bits, bool)
    places[(host_tails(hosts).keys >> np.uint64(64 - bits)).view(np.int64)] = True
    return HostFilter(places)


def host_tails(hosts: pa.Array) -> HostTails:
    """Return the last two labels of each host; a null is not ordinary.

    A host that is canonical as it stands has letters in lower case, digits, ``-``, ``_`` and dots alone, no empty
    label, and a last label from letter to letter: it has no user, port and escapes, and is no address, whose last part
    begins with a digit.
    """
    data, starts, ends = string_bounds(hosts)
    if not len(data):
        return HostTails(np.zeros(len(hosts), np.uint64), np.zeros(len(hosts), bool))
    is_dot = data == _DOT
    dots = np.flatnonzero(is_dot)
    edges = np.concatenate(([-1, -1], dots))  # so that there are two before the first
    last = np.searchsorted(dots, ends) + 1
    begin = np.maximum(edges[last - 1] + 1, starts)
    last_label = np.maximum(edges[last] + 1, starts)
    ordinary = (last_label < ends) & (data[starts.clip(max=len(data) - 1)] != _DOT)
    ordinary &= _are_letters(data[last_label.clip(max=len(data) - 1)]) & _are_letters(data[np.maximum(ends, 1) - 1])
    bad = ~(_are_letters(data) | is_dot | (data - np.uint8(ord("0")) < 10) | (data == ord("-")) | (data == ord("_")))
    bad[1:] |= is_dot[1:] & is_dot[:-1]
    if bad.any():
        ordinary[np.searchsorted(ends, np.flatnonzero(bad), "right")] = False
    return HostTails(_tail_keys(data, ends, (ends - begin).astype(np.int64)), ordinary)


def _are_letters(data: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which bytes are letters in lower case; much faster than a table of them."""
    return data - np.uint8(ord("a")) < 26


def _tail_keys(data: NDArray[np.uint8], ends: Offsets, sizes: NDArray[np.int64]) -> Keys:
    """Return the key of the bytes of each host before its end: of the last of them, and of their number."""
    padded = np.concatenate((np.zeros(_TAIL_BYTES, np.uint8), data))
    words = np.ndarray(len(padded) - 7, "<u8", padded, strides=(1,))  # a word from every byte on
    keys = sizes.astype(np.uint64)
    for place in range(0, _TAIL_BYTES, 8):
        word = words[ends.astype(np.int64) + (_TAIL_BYTES - 8 - place)]
        missing = (8 - (sizes - place).clip(0, 8)).astype(np.uint64)
        # What stands before the two labels is shifted out; a whole word cannot be shifted at once.
        half = missing * np.uint64(4)
        keys = mix(keys ^ (word >> half >> half))
    return keys


def authorities_of_urls(urls: pa.Array) -> pa.Array:
    """Return for a URL column the text between ``http(s)://`` and the next ``/``; null where there is none.

    An address whose host is followed by ``?`` or ``#`` keeps that: it is no ordinary host, and :func:`host_of` cuts it.
    """
    data, whole_starts, ends = string_bounds(urls)
    starts = whole_starts
    for scheme in ("https://", "http://"):
        begins = pc.fill_null(pc.starts_with(urls, scheme), False).to_numpy(zero_copy_only=False)
        starts = starts + np.multiply(begins, len(scheme), dtype=np.int32)
    slashes = character_positions(data, "/", starts)
    stops = np.minimum(slashes[np.searchsorted(slashes, starts)], ends)
    fit = (stops > starts) & (starts > whole_starts)
    return slice_strings(urls, starts, np.maximum(stops, starts), fit)


def string_bounds(texts: pa.Array) -> tuple[NDArray[np.uint8], Offsets, Offsets]:
    """Return the bytes of a URL column's string array, and where in them each cell begins and ends."""
    _, offsets, data = texts.buffers()
    if offsets is None or data is None:
        nothing = np.zeros(len(texts), np.int32)
        return np.zeros(0, np.uint8), nothing, nothing
    edges = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data, np.uint8)[: edges[-1]], edges[:-1], edges[1:]


def character_positions(data: NDArray[np.uint8], character: str, starts: Offsets) -> Offsets:
    """Return a character's positions in a URL column from ``starts`` on, and twice a position beyond all."""
    first = starts[0] if len(starts) else 0
    found = np.flatnonzero(data[first:] == ord(character))
    positions = np.full(len(found) + 2, np.iinfo(np.int32).max, np.int32)
    np.add(found, first, out=positions[:-2], casting="unsafe")
    return positions


def slice_strings(texts: pa.Array, starts: Offsets, ends: Offsets, fit: NDArray[np.bool_] | None = None) -> pa.Array:
    """Return slices of a URL column's bytes as strings, null where ``fit`` is false; they must not overlap.

    All edges together make an array of which every second string is a stretch, so only what is kept is copied.
    """
    if not len(starts):
        return pa.array([], pa.string())
    edges = np.empty((len(starts), 2), np.int32)
    edges[:, 0], edges[:, 1] = starts, ends
    every = pa.StringArray.from_buffers(2 * len(starts) - 1, pa.py_buffer(edges), texts.buffers()[2])
    mask = None if fit is None or fit.all() else ~fit
    return every.take(pa.array(np.arange(0, 2 * len(starts), 2, dtype=np.int32), mask=mask))
