"""Find addresses and digests inside the longer texts of a table: captions, lists of addresses, names of files.

A column is looked through as a whole, so that texts without any cost little; only texts that hold one are taken apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.hashing.digest_parsing import decode_hex, parse_digests
from auditor.hashing.text_content import MIN_DIGITS, find_addresses, find_digests, hex_runs
from auditor.hashing.value_content import Indices, layout
from auditor.readers.table.arrow_types import is_bytes_type, is_text_type
from auditor.readers.table.plain_column_content import LeafContent
from auditor.samples import TEXT_SIGNALS

_ALGORITHMS_BY_DIGITS = {32: ("md5",), 40: ("sha1",), 64: ("sha256", "pdq"), 128: ("sha512",)}
_LETTER_OR_DIGIT = np.zeros(256, bool)
_LETTER_OR_DIGIT[np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", np.uint8)] = True
# Addresses without a scheme, and those with an escaped one, in texts with a slash; what else shows an escaped one.
_BARE_OR_ESCAPED = (
    r"(?i)[a-z0-9]\.[a-z]{2,18}(?::\d+)?/\S*\.(?:jpe?g|png|gif|webp|bmp|tiff?|avif|heic|jxl|mp4|webm|mov)\b"
    r"|:\\(?:/|u002f)|hxxps?:"
)
_ESCAPES = ("%2", "[.]", "&#")
# A text of an address alone has none of these.
_SEPARATORS = (b" ", b"|", b"\n", b"\t", b"<", b'"', b"[")
# Digits of a digest with a mark after each two.
_SPACED_LENGTHS = (47, 59, 95, 191)
_IS_SPACED_LENGTH = np.zeros(max(_SPACED_LENGTHS) + 2, bool)
_IS_SPACED_LENGTH[list(_SPACED_LENGTHS)] = True
_SPACED = r"^[0-9A-Fa-f]{2}(?:[:. -][0-9A-Fa-f]{2}){15,63}$"

# An MD5 in the form of a UUID.
_UUID_LENGTH = 36
_UUID_DASH = 8  # the place of its first dash
_UUID = r"^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"

# A column of samples (``url`` or an algorithm), the indices of the column's values, and what they state.
Stated = tuple[str, Indices, pa.Array]


def stated_in_texts(content: LeafContent, asked: Collection[str], *, is_json: bool = False) -> Iterator[Stated]:
    """Yield what the texts of a plain column state within them, and not as a whole.

    Args:
        content: What the column's values are as a whole.
        asked: The algorithms and signals that lists ask.
        is_json: Texts of the column that are JSON were read by their values.
    """
    values = content.leaf.values
    if not (is_text_type(values.type) or is_bytes_type(values.type)) or pa.types.is_fixed_size_binary(values.type):
        return
    if any(len(found.indices) == len(values) for found in content.digests.values()):
        return  # a column of nothing but digests
    others = np.ones(len(values), bool)
    for indices in (content.pictures, content.base64, content.sound, content.videos, content.unknown):
        others[indices] = False
    if is_json:
        others &= ~_true(pc.or_(pc.starts_with(values, "{"), pc.starts_with(values, "[")))
    if not others.all():
        values = values.filter(pa.array(others))
    at = np.flatnonzero(others)
    if not len(values):
        return
    if not frozenset(TEXT_SIGNALS).isdisjoint(asked):
        is_whole = np.zeros(len(others), bool)
        is_whole[content.urls] = True
        yield from _addresses(values, at, is_whole[at])
    digests = [name for names in _ALGORITHMS_BY_DIGITS.values() for name in names if name in asked]
    if digests:
        for found in content.digests.values():
            others[found.indices] = False
        kept = others[at]
        yield from _digests(values if kept.all() else values.filter(pa.array(kept)), at[kept], digests)


def _addresses(values: pa.Array, at: Indices, is_whole: NDArray[np.bool_]) -> Iterator[Stated]:
    """Yield the addresses within a column's texts, but those that are the whole of one."""
    text = _text_of(values)
    candidates = np.zeros(len(values), bool)
    if is_whole.any():
        # A single byte is counted much faster than three.
        colons = np.count_nonzero(np.frombuffer(text, np.uint8) == ord(":"))
        if colons > np.count_nonzero(is_whole) and text.count(b"://") > np.count_nonzero(is_whole):
            candidates |= is_whole & _true(pc.greater(pc.count_substring(values, "://"), 1))
        for mark in _SEPARATORS:
            if mark in text:
                candidates |= is_whole & _true(pc.match_substring(values, mark.decode()))
    rest = np.flatnonzero(~is_whole)
    if len(rest) and any(mark[:1].encode() in text for mark in ("/", *_ESCAPES)):
        texts = values.take(pa.array(rest)) if len(rest) < len(values) else values
        found = _true(pc.match_substring(texts, "://"))
        with_path = np.flatnonzero(~found & _true(pc.match_substring(texts, "/")))
        if len(with_path):
            found[with_path] |= _true(pc.match_substring_regex(texts.take(pa.array(with_path)), _BARE_OR_ESCAPED))
        for escape in _ESCAPES:
            if escape.encode() in text:
                found |= _true(pc.match_substring(texts, escape))
        candidates[rest[found]] = True
    indices, addresses = [], []
    for index in np.flatnonzero(candidates).tolist():
        whole = _as_bytes(values[index].as_py())
        for address in dict.fromkeys(address for _, address in find_addresses(whole)):
            if not (is_whole[index] and address.encode() == whole):
                indices.append(int(at[index]))
                addresses.append(address)
    if indices:
        yield "url", np.array(indices, np.int64), pa.array(addresses, pa.string())


def _text_of(values: pa.Array) -> bytes:
    """Return the texts of a column, one after another."""
    data, starts, lengths = layout(values)
    return data[starts[0] : starts[-1] + lengths[-1]].tobytes() if len(starts) else b""


def _digests(values: pa.Array, at: Indices, asked: Collection[str]) -> Iterator[Stated]:
    """Yield the digests within a column's texts."""
    data, starts, lengths = layout(values)
    if not len(lengths) or lengths.max() < MIN_DIGITS:
        return
    begin, stop = int(starts[0]), int(starts[-1] + lengths[-1])
    used = data[begin:stop]
    starts = starts - begin
    first, last = hex_runs(used)
    # Runs go on from one text to the next: cut them there.
    borders = starts[np.searchsorted(starts, first, "right")[0] if len(first) else len(starts) :]
    if len(first) and len(borders):
        run = np.searchsorted(first, borders, "right") - 1
        inside = (run >= 0) & (borders > first[np.maximum(run, 0)]) & (borders < last[np.maximum(run, 0)])
        first = np.sort(np.concatenate((first, borders[inside])))
        last = np.sort(np.concatenate((last, borders[inside])))
    for digits, algorithms in _ALGORITHMS_BY_DIGITS.items():
        chosen = np.flatnonzero(last - first == digits)
        if not len(chosen) or set(algorithms).isdisjoint(asked):
            continue
        cell = np.searchsorted(starts, first[chosen], "right") - 1
        before, after = first[chosen] - 1, last[chosen]
        is_word = (before >= starts[cell]) & _LETTER_OR_DIGIT[used[np.maximum(before, 0)]]
        is_prefixed = (first[chosen] - 2 >= starts[cell]) & ((used[np.maximum(before, 0)] | 32) == ord("x"))
        is_word &= ~(is_prefixed & (used[np.maximum(before - 1, 0)] == ord("0")))
        is_word |= (after < starts[cell] + lengths[cell]) & _LETTER_OR_DIGIT[used[np.minimum(after, len(used) - 1)]]
        kept = chosen[~is_word]
        if not len(kept):
            continue
        digests = decode_hex(used[first[kept][:, None] + np.arange(digits)], digits // 2)
        for algorithm in algorithms:
            if algorithm in asked:
                yield algorithm, at[cell[~is_word]], digests
    uuids = np.flatnonzero(lengths == _UUID_LENGTH) if "md5" in asked else lengths[:0]
    uuids = uuids[used[starts[uuids] + _UUID_DASH] == ord("-")]
    if len(uuids):
        uuids = uuids[_true(pc.match_substring_regex(values.take(pa.array(uuids)), _UUID))]
    if len(uuids):
        digits = pc.replace_substring(values.take(pa.array(uuids)), "-", "")
        yield "md5", at[uuids], parse_digests(digits, "md5")[0]
    spaced = np.flatnonzero(_IS_SPACED_LENGTH[np.minimum(lengths, len(_IS_SPACED_LENGTH) - 1)])
    # Few texts have the same mark after their second and fifth letters.
    third, sixth = (used[starts[spaced] + at] for at in (2, 5))
    spaced = spaced[(third == sixth) & ~_LETTER_OR_DIGIT[third]]
    if len(spaced):
        spaced = spaced[_true(pc.match_substring_regex(values.take(pa.array(spaced)), _SPACED))]
    for index in spaced.tolist():
        for _, algorithm, digest in find_digests(_as_bytes(values[index].as_py())):
            if algorithm in asked:
                yield algorithm, at[[index]], pa.array([digest], pa.binary(len(digest)))


def _as_bytes(text: str | bytes) -> bytes:
    """Return the bytes of a text in a table."""
    return text if isinstance(text, bytes) else text.encode("utf-8", "replace")


def _true(mask: pa.Array) -> NDArray[np.bool_]:
    """Return for which texts of a column a test holds; of a missing one none does."""
    return pc.fill_null(mask, False).to_numpy(zero_copy_only=False).copy()  # type: ignore[no-any-return]
