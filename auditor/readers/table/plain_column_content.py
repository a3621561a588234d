"""Tells what the plain columns of a batch hold: by their values, with the column's name as a help."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.hashing.digest_parsing import (
    algorithm_from_column_name,
    is_unspecified_digest_column,
    parse_digests,
)
from auditor.hashing.value_content import Digests, Indices, value_content
from auditor.readers.table.arrow_types import is_bytes_type, is_list_type, is_text_type, to_text
from auditor.readers.table.pixel_arrays import PixelArrays, pixel_arrays
from auditor.syntax.card_columns import bare_name
from auditor.syntax.nested_columns import Leaf

# Names of columns are compared in lower-case letters and digits alone, see bare_name().
_URL_NAME = re.compile(r".*(?:url|uri)s?|.*(?:imagelink|imglink)|link|href|src|imagesrc|imgsrc")
_IMAGE_NAME = re.compile(
    r"(?:image|img|picture|photo|pixels?|jpe?g|png|webp)s?(?:bytes|data|content)?\d*|bytes|content|data"
)
_SOUND_OR_VIDEO_NAME = re.compile(r".*(?:audio|sound|speech|video|movie|clip).*")
# A column of which so large a part has a picture, digest or address is one of these, whatever its name.
_MAIN_SHARE = 0.5
# By the first bytes of a value, it is told whether they are plain text.
_TEXT_HEAD_BYTES = 512
_CONTROL_BYTES = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f\x1b")
_NONE: Indices = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class LeafContent:
    """What the values of a plain column hold, by their index.

    Attributes:
        leaf: The column.
        pictures: Encoded pictures.
        base64: Encoded pictures in base64.
        sound: Audio.
        videos: Videos.
        unknown: Bytes in a form that is not recognised, and that are no text.
        urls: Addresses.
        digests: Digests, by algorithm.
        malformed: Values that are no digest in a column whose name promises them, by algorithm.
        arrays: Arrays of numbers that are pixels or may be.
        is_main: Whether the rows of its table are samples: the column's name says so, or most of its values do.
        is_named_image: Whether its name says that it holds images.
    """

    leaf: Leaf
    pictures: Indices = field(default_factory=lambda: _NONE)
    base64: Indices = field(default_factory=lambda: _NONE)
    sound: Indices = field(default_factory=lambda: _NONE)
    videos: Indices = field(default_factory=lambda: _NONE)
    unknown: Indices = field(default_factory=lambda: _NONE)
    urls: Indices = field(default_factory=lambda: _NONE)
    digests: Mapping[str, Digests] = field(default_factory=dict)
    malformed: Mapping[str, Indices] = field(default_factory=dict)
    arrays: PixelArrays = field(default_factory=PixelArrays)
    is_main: bool = False
    is_named_image: bool = False


def leaf_content(leaf: Leaf) -> LeafContent:
    """Tell the content of each value of a plain column; of numbers and times nothing."""
    kind = leaf.values.type
    name = leaf_name(leaf.path)
    if is_list_type(kind):
        arrays = pixel_arrays(leaf.values)
        return LeafContent(leaf, arrays=arrays, is_main=bool(len(arrays.indices)))
    if pa.types.is_null(kind):
        return LeafContent(leaf, is_named_image=_is_named_image(leaf.path))
    if not (is_text_type(kind) or is_bytes_type(kind)):
        return LeafContent(leaf)
    algorithm = algorithm_from_column_name(name)
    return _of_named_digests(leaf, algorithm) if algorithm else _of_values(leaf, name)


def leaf_name(path: str) -> str:
    """Return the name of a plain column itself, without those that lead to it."""
    last = path.rpartition(".")[2].replace("[]", "").replace("{}", "")
    return last or path


def url_rank(path: str) -> tuple[int, int]:
    """Return a key to sort plain columns of addresses: the surest address of the picture itself first."""
    name = bare_name(leaf_name(path))
    order = ("url", "imageurl", "contenturl", "imgurl", "photoimageurl", "originalurl")
    return int(not _URL_NAME.fullmatch(name)), order.index(name) if name in order else len(order)


def _of_named_digests(leaf: Leaf, algorithm: str) -> LeafContent:
    """Read a plain column's values as digests of the algorithm named; tell by itself what one that is none holds."""
    values, bad = parse_digests(leaf.values, algorithm, raw=is_bytes_type(leaf.values.type))
    good = np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False)) if values.null_count else None
    found = Digests(np.arange(len(values)), values) if good is None else Digests(good, values.take(pa.array(good)))
    others = np.flatnonzero(bad)
    content = LeafContent(leaf, digests={algorithm: found}, is_main=True)
    if not len(others):
        return content
    told = value_content(_plain(leaf.values.take(pa.array(others))))
    known = [told.pictures, told.base64, told.urls, told.videos, told.audio]
    rest = np.ones(len(others), bool)
    rest[np.concatenate([*known, *(digests.indices for digests in told.digests.values())])] = False
    digests = {name: Digests(others[one.indices], one.values) for name, one in told.digests.items()}
    return LeafContent(
        leaf,
        pictures=others[told.pictures],
        base64=others[told.base64],
        sound=others[told.audio],
        videos=others[told.videos],
        urls=others[told.urls],
        digests={**digests, algorithm: found},
        malformed={algorithm: others[rest]},
        is_main=True,
    )


def _of_values(leaf: Leaf, name: str) -> LeafContent:
    """Tell the content of a plain column by its values alone."""
    values = _plain(leaf.values)
    if is_text_type(values.type) and _are_all_urls(values):
        urls = np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False))
        return LeafContent(leaf, urls=urls, is_main=True)
    told = value_content(values, name)
    urls = told.urls
    bare = bare_name(name)
    is_named_url = is_text_type(values.type) and _URL_NAME.fullmatch(bare) is not None
    if is_named_url:
        rest = pc.fill_null(pc.greater(pc.binary_length(values), 0), False).to_numpy(zero_copy_only=False).copy()
        rest[told.base64] = False
        for digests in told.digests.values():
            rest[digests.indices] = False
        urls = np.flatnonzero(rest)
    unknown = told.binary[~_are_text(values, told.binary)] if len(told.binary) else told.binary
    is_named_image = is_bytes_type(values.type) and _is_named_image(leaf.path)
    counts = [len(told.pictures), len(told.base64), len(told.videos), len(told.audio), len(unknown), len(urls)]
    counts += [len(digests.indices) for digests in told.digests.values()]
    is_main = (
        is_named_url
        or is_named_image
        or (is_text_type(values.type) and is_unspecified_digest_column(name) and _has_digest_width(values))
        or max(counts) > _MAIN_SHARE * (len(values) - values.null_count)
    )
    return LeafContent(
        leaf,
        told.pictures,
        told.base64,
        told.audio,
        told.videos,
        unknown,
        urls,
        told.digests,
        is_main=is_main,
        is_named_image=is_named_image,
    )


def _are_all_urls(values: pa.Array) -> bool:
    """Return whether a plain column's every value is an address: a fast answer for the most usual column."""
    if len(values) == values.null_count:
        return False
    begins = pc.starts_with(values, "https://")
    return bool(pc.all(begins if pc.all(begins).as_py() else pc.or_(begins, pc.starts_with(values, "http://"))).as_py())


def _plain(values: pa.Array) -> pa.Array:
    """Return the values of a plain column, those of a fixed length as bytes of any length."""
    return values.cast(pa.binary()) if pa.types.is_fixed_size_binary(values.type) else values


def _is_named_image(path: str) -> bool:
    """Return whether a plain column's name is that of an image's bytes, and the one above not of sound or video."""
    parents = path.rpartition(".")[0]
    named = _IMAGE_NAME.fullmatch(bare_name(leaf_name(path))) is not None
    return named and not _SOUND_OR_VIDEO_NAME.fullmatch(bare_name(leaf_name(parents)))


def _has_digest_width(values: pa.Array) -> bool:
    """Return whether any value of a plain column is as long as a digest: ``hash`` may hold short keys."""
    lengths = pc.unique(pc.binary_length(values)).to_pylist()
    return any(length in (32, 40, 64, 128) for length in lengths)


def _are_text(values: pa.Array, indices: Indices) -> NDArray[np.bool_]:
    """Return which bytes in a plain column begin as text does: UTF-8 without control characters."""
    heads = pc.binary_slice(values.take(pa.array(indices)), 0, _TEXT_HEAD_BYTES)
    return np.fromiter((_is_text_head(head) for head in heads.to_pylist()), bool, len(indices))


def _is_text_head(head: bytes) -> bool:
    """Return whether the first bytes of a plain column's value are UTF-8 without control characters."""
    if head.translate(None, _CONTROL_BYTES) != head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4 and len(head) == _TEXT_HEAD_BYTES
    return True


def text_by_row(leaf: Leaf, count: int) -> pa.Array:
    """Return a plain column's first value of each row as text, null for a row without one.

    Args:
        leaf: The column.
        count: The number of rows.
    """
    text = to_text(leaf.values)
    if len(leaf.rows) == count and (leaf.rows == np.arange(count)).all():
        return text
    return text.take(first_indices(leaf.rows, count))


def first_indices(rows: NDArray[np.int64], count: int) -> pa.Array:
    """Return the index of a plain column's first value for each row, null for none; ``rows`` are in order."""
    indices = np.searchsorted(rows, np.arange(count))
    found = indices < len(rows)
    found[found] = rows[indices[found]] == np.flatnonzero(found)
    return pa.array(indices, mask=~found)
