"""Convert columns of URLs and domains to canonical list entries and to the expressions to look samples up by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.known.host_filter import authorities_of_urls, character_positions, host_tails, slice_strings, string_bounds
from auditor.known.urls import canonical_url, host_of, registrable_domain, url_expressions, without_scheme


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
    coded = authorities_of_urls(values).dictionary_encode()
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
    is_odd = ~host_tails(authorities).is_ordinary
    if not is_odd.any():
        return authorities, is_odd
    odd = pa.array(is_odd)
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
        data, starts, ends = string_bounds(level)
        dots = character_positions(data, ".", starts)
        dot = np.searchsorted(dots, starts)
        more = dots[dot + 1] < ends
        level, owners = slice_strings(level, dots[dot[more]] + 1, ends[more]), owners[more]
        found.append(level)
        owned.append(owners)
    return pa.concat_arrays(found), np.concatenate(owned)


def _dictionary_codes(coded: pa.Array) -> NDArray[np.int64]:
    """Return each URL row's index in the dictionary, -1 for null."""
    return pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)  # type: ignore[no-any-return]
