"""URLs and domains as lists are matched by them: canonical forms, host and path expressions, registrable domains.

WHATWG parsing first (can_ada), then Safe Browsing's canonicalisation and suffix/prefix expressions:
https://developers.google.com/safe-browsing/v4/urls-hashing. Nothing is ever fetched.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from urllib.parse import unquote_to_bytes

import can_ada
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from publicsuffixlist import PublicSuffixList

LONGEST = 1 << 14  # characters; a longer URL is none: unescaping it again and again would take its length squared
HOSTS, PATHS = 5, 6  # at most so many of each make an expression

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):(//)?")
_NUMBER = re.compile(rb"0x[0-9a-f]{0,16}|\d{1,20}")
_PARTS = re.compile(rb"([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#]*)([^?#]*)(\?[^#]*)?", re.S)
_NO_URL = frozenset({"data", "javascript", "mailto", "blob", "about", "file", "tel", "urn"})
# A host that needs no canonicalising: lower case, no user or port, and no address (which ends in a digit).
_ORDINARY = r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.[a-z0-9-]*[a-z]$"
_SHOWN = bytes(range(0x21, 0x7F)).translate(None, b"#%")


@dataclass(frozen=True, slots=True)
class Expressions:
    """The texts to look up for a column, each different cell's once, and which cells they are of.

    ``owners`` holds each text's cell by its code, ``codes`` each row's (-1: it has none).
    """

    values: pa.Array
    owners: NDArray[np.int64]
    codes: NDArray[np.int64]

    def rows_of(self, found: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For texts by their position: pairs of a position in ``found`` and a row that has that text."""
        if not len(found):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        asked = np.zeros(max(self.owners.max(), self.codes.max()) + 2, np.bool_)  # the last one is that of code -1
        asked[self.owners[found]] = True
        rows = np.flatnonzero(asked[self.codes])
        order = rows[np.argsort(self.codes[rows], kind="stable")]
        codes = self.codes[order]
        first = np.searchsorted(codes, self.owners[found], "left")
        each = np.searchsorted(codes, self.owners[found], "right") - first
        within = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
        return np.repeat(np.arange(len(found)), each), order[np.repeat(first, each) + within]


@lru_cache(1 << 12)
def canonical(url: str) -> str:
    """The URL in Safe Browsing's canonical form, its query kept and its port and user left out; "" if it is none.

    Bytes that are not UTF-8 are surrogate escapes, as in a path.
    """
    text = url.strip().translate({9: None, 10: None, 13: None}).split("#", 1)[0]
    scheme = _SCHEME.match(text)
    if not text or len(text) > LONGEST or (scheme and scheme[1].lower() in _NO_URL):
        return ""
    if not scheme or not scheme[2]:
        text = f"http://{text.lstrip('/')}"
    try:
        parts = _PARTS.match(_parsed(text).encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return ""
    if parts is None:
        return ""
    host = _host(parts[2].rpartition(b"@")[2])
    if not host:
        return ""
    return f"{parts[1].decode().lower()}://{host}{_path(parts[3])}{_escaped(_unescaped(parts[4] or b''))}"


def expressions_of(url: str) -> tuple[str, ...]:
    """The up to 30 host and path combinations of a URL by which a list may hold it; the whole URL first."""
    whole = _without_scheme(canonical(url))
    host, slash, rest = whole.partition("/")
    if not slash:
        return ()
    return tuple(f"{suffix}{prefix}" for suffix in _suffixes(host) for prefix in _prefixes(slash + rest))


def registrable(host: str) -> str:
    """The domain that someone registered: ``a.b.example.co.uk`` gives ``example.co.uk``; "" for a public suffix.

    By the public suffix list with its private part (``x.github.io`` is a domain of its own). An address is itself.
    """
    name = _host(host.encode("utf-8", "surrogateescape"))
    if not name or _is_address(name):
        return name
    return _suffix_list().privatesuffix(name) or ""


def entry_expressions(values: pa.Array) -> pa.Array:
    """A list's URLs as the expressions that samples are looked up by; null for what is no URL."""
    return _each(values, lambda url: _without_scheme(canonical(url)))


def domains(values: pa.Array) -> pa.Array:
    """A list's domains in canonical form, ``*.`` and what follows the host dropped; null for what is no domain.

    A public suffix is none: everything below it would match.
    """

    def domain(text: str) -> str:
        host = _host_of(text.strip().removeprefix("*.").lstrip("."))
        return host if host and registrable(host) else ""

    return _each(values, domain)


def expressions(values: pa.Array) -> Expressions:
    """All expressions of every URL of a column."""
    coded = values.cast(pa.string()).dictionary_encode()
    made = [expressions_of(value) for value in coded.dictionary.to_pylist()]
    texts = pa.array([text for texts in made for text in texts], pa.string())
    return Expressions(texts, np.repeat(np.arange(len(made)), [len(texts) for texts in made]), _codes(coded))


def domain_expressions(values: pa.Array) -> Expressions:
    """Every URL's host and the domains above it, of two labels and more.

    Public suffixes may be among them (``co.uk``); :func:`domains` lets no list hold one.
    """
    values = values.cast(pa.string())
    coded = _authorities(values).dictionary_encode()
    texts, owners = _above(_canonical_hosts(coded.dictionary))
    codes = _codes(coded)
    rest = np.flatnonzero((codes < 0) & values.is_valid().to_numpy(zero_copy_only=False))
    if len(rest):
        odd = values.take(pa.array(rest)).dictionary_encode()
        more, of = _above(_each(odd.dictionary, _host_of))
        codes[rest] = _codes(odd) + len(coded.dictionary)
        texts, owners = pa.concat_arrays([texts, more]), np.concatenate([owners, of + len(coded.dictionary)])
    return Expressions(texts, owners, codes)


# ---- one URL -----------------------------------------------------------------------------------------------


def _parsed(text: str) -> str:
    """As a browser reads it, without its fragment; as written where a browser refuses it."""
    try:
        return can_ada.parse(text).href.split("#", 1)[0]
    except (ValueError, TypeError):  # a TypeError for what is no UTF-8
        return text.replace("\\", "/")


def _host_of(url: str) -> str:
    return _without_scheme(canonical(url)).partition("/")[0]


def _without_scheme(url: str) -> str:
    return url.partition("://")[2]


def _unescaped(text: bytes) -> bytes:
    while b"%" in text and (once := unquote_to_bytes(text)) != text:
        text = once
    return text


def _escaped(text: bytes) -> str:
    if not text.translate(None, _SHOWN):
        return text.decode()
    return "".join(chr(byte) if byte in _SHOWN else f"%{byte:02X}" for byte in text)


def _host(text: bytes) -> str:
    name = _unescaped(text)
    if not name.startswith(b"["):
        name = re.sub(rb":\d*$", b"", name)
    name = re.sub(rb"\.{2,}", b".", name.strip(b".")).lower()
    if not name.isascii():
        with suppress(ValueError, UnicodeDecodeError):
            name = can_ada.idna_encode(name.decode()) or name
    return _address(name) or _escaped(name)


def _address(host: bytes) -> str:
    """An IPv4 address in any legal spelling (octal, hex, fewer than four parts) as four decimals; "" if it is none."""
    parts = host.split(b".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return ""
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        return ""
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
        return ""
    value = sum(number << 8 * (3 - place) for place, number in enumerate(numbers[:-1])) + numbers[-1]
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


def _number(part: bytes) -> int:
    if part.startswith(b"0x"):
        return int(part[2:] or b"0", 16)
    return int(part, 8 if part.startswith(b"0") else 10)


def _is_address(host: str) -> bool:
    return host.startswith("[") or re.fullmatch(r"\d+\.\d+\.\d+\.\d+", host) is not None


def _path(text: bytes) -> str:
    kept: list[bytes] = []
    parts = _unescaped(text).split(b"/")
    for part in parts[1:]:
        if part == b"..":
            del kept[-1:]
        elif part not in (b"", b"."):
            kept.append(part)
    ends = kept and parts[-1] in (b"", b".", b"..")
    return _escaped(b"/" + b"/".join(kept) + (b"/" if ends else b""))


def _suffixes(host: str) -> list[str]:
    """The host, and up to four of the names that its last five labels make."""
    if _is_address(host):
        return [host]
    labels = host.split(".")
    start = max(1, len(labels) - HOSTS)
    return [host, *(".".join(labels[at:]) for at in range(start, len(labels) - 1))][:HOSTS]


def _prefixes(path: str) -> list[str]:
    """The path with its query, without it, and up to four of its folders from the root on."""
    bare = path.partition("?")[0]
    found = [path, bare]
    folders = bare.split("/")[1:-1]
    depths = range(min(len(folders) + 1, PATHS - 2))
    found += ["/" + "".join(f"{folder}/" for folder in folders[:depth]) for depth in depths]
    return list(dict.fromkeys(found))


@cache
def _suffix_list() -> PublicSuffixList:
    return PublicSuffixList()


# ---- columns of URLs ---------------------------------------------------------------------------------------


def _each(values: pa.Array, change: Callable[[str], str]) -> pa.Array:
    coded = values.cast(pa.string()).dictionary_encode()
    changed = pa.array([change(value) or None for value in coded.dictionary.to_pylist()], pa.string())
    return changed.take(coded.indices)


def _canonical_hosts(authorities: pa.Array) -> pa.Array:
    """Canonical hosts of different authorities; null for what has none."""
    odd = pc.invert(pc.match_substring_regex(authorities, _ORDINARY))
    if not pc.any(odd).as_py():
        return authorities
    hosts = [_host_of(f"http://{text}") or None for text in authorities.filter(odd).to_pylist()]
    return pc.replace_with_mask(authorities, odd, pa.array(hosts, pa.string()))


def _above(hosts: pa.Array) -> tuple[pa.Array, NDArray[np.int64]]:
    """Each host and the domains above it, and the position of the host that each text is of."""
    owners = np.flatnonzero(hosts.is_valid().to_numpy(zero_copy_only=False))
    level = hosts.drop_null()
    found, owned = [level], [owners]
    addresses = pc.match_substring_regex(level, r"(^\[|\.\d+$)").to_numpy(zero_copy_only=False)
    if addresses.any():  # an address has nothing above it
        level, owners = level.filter(pa.array(~addresses)), owners[~addresses]
    while len(level):
        data, starts, ends = _cells(level)
        dots = _positions(data, ".")
        dot = np.searchsorted(dots, starts)
        more = dots[dot + 1] < ends
        level, owners = _slices(level, (dots[dot] + 1)[more], ends[more]), owners[more]
        found.append(level)
        owned.append(owners)
    return pa.concat_arrays(found), np.concatenate(owned)


def _authorities(urls: pa.Array) -> pa.Array:
    """What stands between ``http://`` or ``https://`` and the next of ``/?#``; null where nothing does."""
    data, starts, ends = _cells(urls)
    for scheme in ("https://", "http://"):
        begins = pc.fill_null(pc.starts_with(urls, scheme), False).to_numpy(zero_copy_only=False)
        starts = starts + len(scheme) * begins
    marks = _positions(data, "/", "?", "#")
    stops = np.minimum(marks[np.searchsorted(marks, starts)], ends)
    fit = (stops > starts) & (starts > _cells(urls)[1])
    return _slices(urls, starts, np.maximum(stops, starts), fit)


def _cells(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """The bytes of a string array, and where in them each cell begins and ends."""
    _, offsets, data = texts.buffers()
    if offsets is None or data is None:
        nothing = np.zeros(len(texts), np.int64)
        return np.zeros(0, np.uint8), nothing, nothing
    edges = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    return np.frombuffer(data, np.uint8)[: edges[-1]], edges[:-1], edges[1:]


def _positions(data: NDArray[np.uint8], *of: str) -> NDArray[np.int64]:
    """Where these characters stand, and twice a place beyond all."""
    found = reduce(np.logical_or, (data == ord(character) for character in of))
    return np.append(np.flatnonzero(found), [np.iinfo(np.int64).max] * 2)


def _slices(
    texts: pa.Array, starts: NDArray[np.int64], ends: NDArray[np.int64], fit: NDArray[np.bool_] | None = None
) -> pa.Array:
    """The stretches of a string array's bytes as strings, null where they do not ``fit``; they must not overlap.

    Every second of the strings that all their edges make is one of them, so nothing is copied but what is kept.
    """
    if not len(starts):
        return pa.array([], pa.string())
    edges = np.stack([starts, ends], axis=1).ravel().astype(np.int32)
    every = pa.StringArray.from_buffers(len(edges) - 1, pa.py_buffer(edges), texts.buffers()[2])
    return every.take(pa.array(np.arange(0, len(edges), 2), mask=None if fit is None else ~fit))


def _codes(coded: pa.Array) -> NDArray[np.int64]:
    return pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)  # type: ignore[no-any-return]
