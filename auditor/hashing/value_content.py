"""Detect what the values of a plain column hold, by the values themselves: pictures, digests, addresses.

The name of a column only helps where its values can be read in two ways. All of this is columnar: a table of millions
of rows is looked through without a Python loop over its cells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.hashing.digest_parsing import algorithm_from_column_name, is_unspecified_digest_column, parse_digests
from auditor.samples import DIGEST_BYTES
from auditor.syntax.image_magic import IMAGE_MAGICS, Magic
from auditor.syntax.video_magic import OGG_VIDEO_MAGICS, VIDEO_MAGICS

Indices = NDArray[np.int64]

# Bytes of a value that show whether it is a picture: a bitmap's second header ends its length field at the 18th.
HEAD_BYTES = 18
# The shortest text that is tried as base64 of a picture: a 1 x 1 GIF has 35 bytes.
MIN_BASE64 = 44
_HEAD_TEXT = HEAD_BYTES // 3 * 4

_AUDIO_MAGICS: tuple[Magic, ...] = (
    ((0, b"RIFF"), (8, b"WAVE")),
    ((0, b"fLaC"),),
    ((0, b"OggS"),),
    ((0, b"ID3"),),
    ((0, b"\xff\xfb"),),
    ((0, b"\xff\xf3"),),
    ((4, b"ftypM4A "),),
    ((4, b"ftypM4B "),),
)
_SCHEMES = tuple(
    ((0, scheme),) for scheme in (b"http://", b"https://", b"HTTP://", b"HTTPS://", b"Http://", b"Https://", b"ftp://")
)
_DATA_URLS = (((0, b"data:image/"),), ((0, b"data:IMAGE/"),))
_HEX_DIGITS: Mapping[int, tuple[str, ...]] = {
    32: ("md5",),
    40: ("sha1",),
    # Both have 256 bits; where the name shows neither, a value is compared as both.
    64: ("sha256", "pdq"),
    128: ("sha512",),
}
# Letters of a digest in base64 with its padding. 44 of them are SHA-256, as 64 hex digits are under such a name.
_BASE64_DIGITS: Mapping[str, int] = {"md5": 24, "sha1": 28, "sha256": 44, "sha512": 88}
_PREFIXED = re.compile(rb"(?i)(0x|(?:md5|sha-?1|sha-?256|sha-?512|pdq)[:=])")
_PREFIX_LENGTHS = (2, 4, 5, 6, 7, 8)  # "0x", "md5:", "sha1:", "sha-1:", "sha256:", "sha-256:"
_PREFIX_ENDS = np.zeros(256, bool)
_PREFIX_ENDS[np.frombuffer(b"xX:=", np.uint8)] = True
HEX = np.zeros(256, bool)
HEX[np.frombuffer(b"0123456789abcdefABCDEF", np.uint8)] = True
_BASE64 = np.full(256, 255, np.uint8)
for _value, _letter in enumerate(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"):
    _BASE64[_letter] = _value
_BASE64[np.frombuffer(b"+-", np.uint8)] = 62
_BASE64[np.frombuffer(b"/_", np.uint8)] = 63
# The letters with which base64 of a picture can begin: those of the first six bits of each magic's first byte.
_BASE64_FIRST = np.isin(_BASE64, [0, *(magic[0][1][0] >> 2 for magic in IMAGE_MAGICS if not magic[0][0])])
# What a text can be, as bits, by its length (the last entry stands for longer ones) and by its first byte: hex digits,
# such digits after a prefix, an address or a data URL, base64 of a picture.
_IS_HEX, _IS_PREFIXED, _IS_ADDRESS, _IS_BASE64 = 1, 2, 4, 8
_SHAPES_BY_LENGTH = np.zeros(max(_HEX_DIGITS) + max(_PREFIX_LENGTHS) + 2, np.uint8)
_SHAPES_BY_LENGTH[1:] = _IS_ADDRESS
_SHAPES_BY_LENGTH[MIN_BASE64:] |= _IS_BASE64
for _digits in _HEX_DIGITS:
    _SHAPES_BY_LENGTH[_digits] |= _IS_HEX
    _SHAPES_BY_LENGTH[[_digits + prefix for prefix in _PREFIX_LENGTHS]] |= _IS_PREFIXED
_SHAPES_BY_FIRST_BYTE = _IS_HEX * HEX.astype(np.uint8)
_SHAPES_BY_FIRST_BYTE |= _IS_BASE64 * _BASE64_FIRST.astype(np.uint8)
_SHAPES_BY_FIRST_BYTE[np.frombuffer(b"0mMsSpP", np.uint8)] |= _IS_PREFIXED
_SHAPES_BY_FIRST_BYTE[[magic[0][1][0] for magic in (*_SCHEMES, *_DATA_URLS)]] |= _IS_ADDRESS


@dataclass(frozen=True, slots=True)
class Digests:
    """Digests of one algorithm among a column's values.

    Args:
        indices: which values they are.
        values: the digests, as fixed-size binary of the algorithm's width.
    """

    indices: Indices
    values: pa.Array


@dataclass(frozen=True, slots=True)
class ValueContent:
    """The indices of a column's values by what they hold; a value with none of these contents has no index here.

    Args:
        pictures: values that are encoded pictures.
        base64: text values that are encoded pictures in base64, or data URLs of them.
        urls: text values that are addresses.
        digests: by algorithm. A value of 64 hex digits under a name without an algorithm is in two.
        videos, audio, binary: values of bytes that are films, sound, or something that is not recognised.
    """

    pictures: Indices
    base64: Indices
    urls: Indices
    videos: Indices
    audio: Indices
    binary: Indices
    digests: Mapping[str, Digests] = field(default_factory=dict)


_NONE: Indices = np.zeros(0, np.int64)


def value_content(values: pa.Array, name: str = "") -> ValueContent:
    """Return the content of each value of a plain column.

    Args:
        values: text or bytes in any of Arrow's layouts but views; other types give an empty result.
        name: the column's own name. It decides the algorithm where the digits could be of two.
    """
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return _of_text(values, name)
    if pa.types.is_fixed_size_binary(values.type):
        values = values.cast(pa.binary())
    if pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
        return _of_bytes(values, name)
    return ValueContent(_NONE, _NONE, _NONE, _NONE, _NONE, _NONE)


def _of_bytes(values: pa.Array, name: str) -> ValueContent:
    """Return the content of each value of a column of bytes: pictures, videos, sound, digests or texts."""
    data, starts, lengths = layout(values)
    long = lengths >= HEAD_BYTES
    pictures = _begins(data, starts, lengths, IMAGE_MAGICS, long)
    digests = _raw_digests(values, lengths, name, ~(pictures | _are_hex(data, starts, lengths)))
    known = pictures.copy()
    for found in digests.values():
        known[found.indices] = True
    videos = _begins(data, starts, lengths, OGG_VIDEO_MAGICS, long & ~known)
    audio = _begins(data, starts, lengths, _AUDIO_MAGICS, long & ~known & ~videos)
    videos |= _begins(data, starts, lengths, VIDEO_MAGICS, long & ~known & ~audio)
    text = _text_in_bytes(values, ~(known | videos | audio) & (lengths > 0), name)
    other = ~(known | videos | audio) & (lengths > 0)
    for indices in (text.urls, text.base64, *(found.indices for found in text.digests.values())):
        other[indices] = False
    return ValueContent(
        np.flatnonzero(pictures),
        text.base64,
        text.urls,
        np.flatnonzero(videos),
        np.flatnonzero(audio),
        np.flatnonzero(other),
        {**text.digests, **digests},
    )


def _text_in_bytes(values: pa.Array, candidates: NDArray[np.bool_], name: str) -> ValueContent:
    """Return the content of values of bytes that are text: digests, addresses or pictures written as text."""
    indices = np.flatnonzero(candidates)
    if not len(indices):
        return ValueContent(_NONE, _NONE, _NONE, _NONE, _NONE, _NONE)
    found = _of_text(values.take(pa.array(indices)), name)
    digests = {
        algorithm: Digests(indices[digests.indices], digests.values) for algorithm, digests in found.digests.items()
    }
    return ValueContent(_NONE, indices[found.base64], indices[found.urls], _NONE, _NONE, _NONE, digests)


def _are_hex(data: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which values of bytes have as content the hex digits of a digest, and not a longer digest's own bytes."""
    found = np.zeros(len(lengths), bool)
    for digits in _HEX_DIGITS:
        indices = np.flatnonzero(lengths == digits)
        indices = indices[HEX[data[starts[indices]]]]
        found[indices] = HEX[data[starts[indices][:, None] + np.arange(digits)]].all(axis=1)
    return found


def _raw_digests(
    values: pa.Array, lengths: NDArray[np.int64], name: str, candidates: NDArray[np.bool_]
) -> dict[str, Digests]:
    """Return the values whose content is a digest's own bytes: of the name's width, or all of one width."""
    named = algorithm_from_column_name(name)
    there = candidates & (lengths > 0)
    widths = np.unique(lengths[there])
    if named:
        wanted = [(named, DIGEST_BYTES[named])]
    elif len(widths) == 1 and int(widths[0]) in (16, 20, 32, 64):
        wanted = [(algorithm, int(widths[0])) for algorithm in _HEX_DIGITS[2 * int(widths[0])]]
    else:
        return {}
    found = {}
    for algorithm, width in wanted:
        indices = np.flatnonzero(there & (lengths == width))
        if len(indices):
            digests = values.take(pa.array(indices)).cast(pa.binary(width))
            found[algorithm] = Digests(indices, digests)
    return found


def _of_text(values: pa.Array, name: str) -> ValueContent:
    """Return the content of each value of a column of texts: addresses, base64 pictures or digests."""
    data, starts, lengths = layout(values)
    named = algorithm_from_column_name(name)
    # Most texts are ruled out by their length and first byte.
    shapes = _SHAPES_BY_LENGTH[np.minimum(lengths, len(_SHAPES_BY_LENGTH) - 1)]
    shapes &= _SHAPES_BY_FIRST_BYTE[data[np.minimum(starts, len(data) - 1)]]
    chosen = np.flatnonzero(lengths if named else shapes)
    starts, lengths = starts[chosen], lengths[chosen]
    urls = _begins(data, starts, lengths, _SCHEMES, lengths > 0)
    base64 = _begins(data, starts, lengths, _DATA_URLS, ~urls)
    long = np.flatnonzero((lengths >= MIN_BASE64) & _BASE64_FIRST[data[np.minimum(starts, len(data) - 1)]])
    if len(long):
        decoded, good = _decode_base64(_first_bytes(data, starts[long], lengths[long], _HEAD_TEXT))
        base64[long[good & _has_magic(decoded, IMAGE_MAGICS)]] = True
    rest = ~(urls | base64)
    if named:
        digests = _parsed(values, chosen[rest], named)
    else:
        digests = _hex_digests(values, chosen[rest], data, starts[rest], lengths[rest])
        if is_unspecified_digest_column(name):
            digests = _base64_digests(values) | digests
    return ValueContent(_NONE, chosen[base64], chosen[urls], _NONE, _NONE, _NONE, digests)


def _base64_digests(values: pa.Array) -> dict[str, Digests]:
    """Return which values of a column named as one of digests have as content a digest in base64, padded."""
    lengths = pc.fill_null(pc.binary_length(values), 0).to_numpy(zero_copy_only=False)
    found: dict[str, Digests] = {}
    for algorithm, length in _BASE64_DIGITS.items():
        prefixed = [length + prefix for prefix in _PREFIX_LENGTHS]
        found |= _parsed(values, np.flatnonzero(np.isin(lengths, [length, *prefixed])), algorithm)
    return found


def _hex_digests(
    values: pa.Array,
    chosen: Indices,
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
) -> dict[str, Digests]:
    """Return which of the chosen values have as content a hex digest, alone or after a prefix."""
    found: dict[str, Digests] = {}
    for digits, algorithms in _HEX_DIGITS.items() if len(chosen) else ():
        plain = np.flatnonzero(lengths == digits)
        for place in (0, digits // 2, digits - 1):  # a text has other letters, or spaces, soon
            plain = plain[HEX[data[starts[plain] + place]]]
        if len(plain):
            text = data[starts[plain][:, None] + np.arange(digits)]
            plain = plain[HEX[text].all(axis=1)]
        prefixed = [_prefixed(data, starts, lengths, digits, prefix) for prefix in _PREFIX_LENGTHS]
        indices = chosen[np.sort(np.concatenate([plain, *prefixed]))]
        for algorithm in algorithms if len(indices) else ():
            found |= _parsed(values, indices, algorithm)
    return found


def _prefixed(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    digits: int,
    prefix: int,
) -> Indices:
    """Return the values whose content is this number of hex digits after a prefix, such as ``0x`` or ``sha256:``."""
    indices = np.flatnonzero(lengths == prefix + digits)
    indices = indices[_PREFIX_ENDS[data[starts[indices] + prefix - 1]]]
    if not len(indices):
        return _NONE
    text = data[starts[indices][:, None] + np.arange(prefix + digits)]
    good = HEX[text[:, prefix:]].all(axis=1)
    good[good] = [_PREFIXED.fullmatch(row.tobytes()) is not None for row in text[good, :prefix]]
    found: Indices = indices[good]
    return found


def _parsed(values: pa.Array, indices: Indices, algorithm: str) -> dict[str, Digests]:
    """Return the digests of one algorithm that can be parsed from the content of these values."""
    if not len(indices):
        return {}
    digests, malformed = parse_digests(values.take(pa.array(indices)), algorithm)
    good = digests.is_valid().to_numpy(zero_copy_only=False) & ~malformed
    if not good.any():
        return {}
    return {algorithm: Digests(indices[good], digests.filter(pa.array(good)))}


def layout(values: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """Return the bytes of a column's values, and each value's start and length in them; a null has the length 0."""
    wide = pa.types.is_large_string(values.type) or pa.types.is_large_binary(values.type)
    _, offsets, data = values.buffers()
    count = len(values)
    if offsets is None or data is None or not count:
        return np.zeros(1, np.uint8), np.zeros(count, np.int64), np.zeros(count, np.int64)
    dtype = np.dtype(np.int64 if wide else np.int32)
    edges = np.frombuffer(offsets, dtype, count + 1, values.offset * dtype.itemsize).astype(np.int64)
    lengths = np.diff(edges)
    if values.null_count:
        lengths = np.where(pc.is_valid(values).to_numpy(zero_copy_only=False), lengths, 0)
    buffer = np.frombuffer(data, np.uint8)
    return (buffer if len(buffer) else np.zeros(1, np.uint8)), edges[:-1], lengths


def _first_bytes(
    data: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64], size: int
) -> NDArray[np.uint8]:
    """Return the first bytes of each value (values, size); zeros where a value is shorter."""
    at = starts[:, None] + np.arange(size)
    heads: NDArray[np.uint8] = data[np.minimum(at, len(data) - 1)]
    heads[np.arange(size)[None, :] >= lengths[:, None]] = 0
    return heads


def _begins(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    magics: tuple[Magic, ...],
    candidates: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Return which candidate values have content that begins with a magic; a single byte rules out most."""
    found = np.zeros(len(lengths), bool)
    for offset, size in sorted({(magic[0][0], _magic_bytes(magic)) for magic in magics}):
        here = tuple(magic for magic in magics if (magic[0][0], _magic_bytes(magic)) == (offset, size))
        first = np.zeros(256, bool)
        first[[magic[0][1][0] for magic in here]] = True
        possible = candidates & (lengths >= size) & first[data[np.minimum(starts + offset, len(data) - 1)]]
        indices = np.flatnonzero(possible)
        if len(indices):
            found[indices[_has_magic(_first_bytes(data, starts[indices], lengths[indices], size), here)]] = True
    return found


def _magic_bytes(magic: Magic) -> int:
    """Return how many first bytes of a value show a magic of its content."""
    return max(offset + len(word) for offset, word in magic)


def _has_magic(heads: NDArray[np.uint8], magics: tuple[Magic, ...]) -> NDArray[np.bool_]:
    """Return which of these first bytes of values (values, as many as the magics need) have one of the magics."""
    found = np.zeros(len(heads), bool)
    for magic in magics:
        here = np.ones(len(heads), bool)
        for offset, word in magic:
            here &= (heads[:, offset : offset + len(word)] == np.frombuffer(word, np.uint8)).all(axis=1)
        found |= here
    return found


def _decode_base64(heads: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Decode the first 24 characters of a column's values, to recognise base64: bytes (values, 18), and which are."""
    sextets = _BASE64[heads]
    good = (sextets != 255).all(axis=1)
    four = np.where(sextets == 255, 0, sextets).reshape(len(heads), _HEAD_TEXT // 4, 4).astype(np.uint32)
    whole = four[..., 0] << 18 | four[..., 1] << 12 | four[..., 2] << 6 | four[..., 3]
    decoded = np.stack([whole >> 16, whole >> 8 & 255, whole & 255], axis=-1).astype(np.uint8)
    return decoded.reshape(len(heads), HEAD_BYTES), good
