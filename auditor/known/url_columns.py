"""Convert columns of URLs and domains to canonical list entries and to the expressions to look samples up by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.known.urls import canonical_url, host_of, registrable_domain, url_expressions, without_scheme

# A host that needs no canonicalising: lower case, no user or port, and no address (which ends in a digit).
_ORDINARY_HOST = r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.[a-z0-9-]*[a-z]$"


@dataclass(frozen=True, slots=True)
class ExpressionColumn:
    """The texts to look up for a column of URLs: those of each different cell once.

    Attributes:
        values: The texts.
        owners: For each text, the code of the cell that it is of.
        codes: For each row, the code of its cell; -1 for a row without one.
    """

    values: pa.Array
    owners: NDArray[np.int64]
    codes: NDArray[np.int64]

    def rows_of(self, found: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return pairs of a position in ``found`` and a row with that text. ``found``: positions in ``values``."""
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


def canonical_entries(values: pa.Array) -> pa.Array:
    """Return a list's URLs as the expressions that samples are looked up by; null if a text is no URL."""
    return _map_distinct(values, lambda url: without_scheme(canonical_url(url)))


def canonical_domains(values: pa.Array) -> pa.Array:
    """Return a list's domains in canonical form, without ``*.`` and the part after the host; null if it is no domain.

    A public suffix is no domain: everything below it would match.
    """

    def domain(text: str) -> str:
        """Return a list's domain in canonical form; "" for what is no domain."""
        host = host_of(text.strip().removeprefix("*.").lstrip("."))
        return host if host and registrable_domain(host) else ""

    return _map_distinct(values, domain)


def expressions_of_urls(values: pa.Array) -> ExpressionColumn:
    """Return all expressions of every URL of a column, by which samples are looked up."""
    coded = values.cast(pa.string()).dictionary_encode()
    made = [url_expressions(value) for value in coded.dictionary.to_pylist()]
    texts = pa.array([text for texts in made for text in texts], pa.string())
    return ExpressionColumn(
        texts, np.repeat(np.arange(len(made)), [len(texts) for texts in made]), _dictionary_codes(coded)
    )


def expressions_of_domains(values: pa.Array) -> ExpressionColumn:
    """Return the expressions of every URL of a column on lists of domains: its host and the domains above it.

    Public suffixes may be among them (``co.uk``); :func:`canonical_domains` lets no list hold one.
    """
    values = values.cast(pa.string())
    coded = _authorities(values).dictionary_encode()
    texts, owners = _with_parent_domains(*_canonical_hosts(coded.dictionary))
    codes = _dictionary_codes(coded)
    rest = np.flatnonzero((codes < 0) & values.is_valid().to_numpy(zero_copy_only=False))
    if len(rest):
        odd = values.take(pa.array(rest)).dictionary_encode()
        hosts = _map_distinct(odd.dictionary, host_of)
        more, of = _with_parent_domains(hosts, np.ones(len(hosts), bool))
        codes[rest] = _dictionary_codes(odd) + len(coded.dictionary)
        texts, owners = pa.concat_arrays([texts, more]), np.concatenate([owners, of + len(coded.dictionary)])
    return ExpressionColumn(texts, owners, codes)


def _map_distinct(values: pa.Array, change: Callable[[str], str]) -> pa.Array:
    """Return the cells of a URL column with a function applied, once for each text; empty results are null."""
    coded = values.cast(pa.string()).dictionary_encode()
    changed = pa.array([change(value) or None for value in coded.dictionary.to_pylist()], pa.string())
    return changed.take(coded.indices)


def _canonical_hosts(authorities: pa.Array) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Return the canonical hosts of a URL column's different authorities, null for none, and which are unusual."""
    odd = pc.invert(pc.match_substring_regex(authorities, _ORDINARY_HOST))
    is_odd: NDArray[np.bool_] = pc.fill_null(odd, True).to_numpy(zero_copy_only=False)
    if not is_odd.any():
        return authorities, is_odd
    hosts = [host_of(f"http://{text}") or None for text in authorities.filter(odd).to_pylist()]
    return pc.replace_with_mask(authorities, odd, pa.array(hosts, pa.string())), is_odd


def _with_parent_domains(hosts: pa.Array, is_odd: NDArray[np.bool_]) -> tuple[pa.Array, NDArray[np.int64]]:
    """Return each host of a URL column and the domains above it, and for each text the position of its host.

    Args:
        hosts: Canonical hosts, null for none.
        is_odd: Which of them may be addresses.
    """
    owners = np.flatnonzero(hosts.is_valid().to_numpy(zero_copy_only=False))
    level = hosts.drop_null()
    found, owned = [level], [owners]
    odd = np.flatnonzero(is_odd[owners])
    if len(odd):  # an address has nothing above it
        is_address = pc.match_substring_regex(level.take(pa.array(odd)), r"(^\[|\.\d+$)")
        named = np.ones(len(level), bool)
        named[odd] = ~is_address.to_numpy(zero_copy_only=False)
        level, owners = level.filter(pa.array(named)), owners[named]
    while len(level):
        data, starts, ends = _string_bounds(level)
        dots = _character_positions(data, ".", starts)
        dot = np.searchsorted(dots, starts)
        more = dots[dot + 1] < ends
        level, owners = _slice_strings(level, dots[dot[more]] + 1, ends[more]), owners[more]
        found.append(level)
        owned.append(owners)
    return pa.concat_arrays(found), np.concatenate(owned)


def _authorities(urls: pa.Array) -> pa.Array:
    """Return for a URL column the text between ``http(s)://`` and the next ``/``; null where there is none.

    An address whose host is followed by ``?`` or ``#`` keeps that: it is no ordinary host, and :func:`host_of` cuts it.
    """
    data, whole_starts, ends = _string_bounds(urls)
    starts = whole_starts
    for scheme in ("https://", "http://"):
        begins = pc.fill_null(pc.starts_with(urls, scheme), False).to_numpy(zero_copy_only=False)
        starts = starts + np.multiply(begins, len(scheme), dtype=np.int32)
    slashes = _character_positions(data, "/", starts)
    stops = np.minimum(slashes[np.searchsorted(slashes, starts)], ends)
    fit = (stops > starts) & (starts > whole_starts)
    return _slice_strings(urls, starts, np.maximum(stops, starts), fit)


Offsets = NDArray[np.int32]  # into the bytes of a string array


def _string_bounds(texts: pa.Array) -> tuple[NDArray[np.uint8], Offsets, Offsets]:
    """Return the bytes of a URL column's string array, and where in them each cell begins and ends."""
    _, offsets, data = texts.buffers()
    if offsets is None or data is None:
        nothing = np.zeros(len(texts), np.int32)
        return np.zeros(0, np.uint8), nothing, nothing
    edges = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data, np.uint8)[: edges[-1]], edges[:-1], edges[1:]


def _character_positions(data: NDArray[np.uint8], character: str, starts: Offsets) -> Offsets:
    """Return a character's positions in a URL column from ``starts`` on, and twice a position beyond all."""
    first = starts[0] if len(starts) else 0
    found = np.flatnonzero(data[first:] == ord(character))
    positions = np.full(len(found) + 2, np.iinfo(np.int32).max, np.int32)
    np.add(found, first, out=positions[:-2], casting="unsafe")
    return positions


def _slice_strings(texts: pa.Array, starts: Offsets, ends: Offsets, fit: NDArray[np.bool_] | None = None) -> pa.Array:
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


def _dictionary_codes(coded: pa.Array) -> NDArray[np.int64]:
    """Return each URL row's index in the dictionary, -1 for null."""
    return pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)  # type: ignore[no-any-return]
