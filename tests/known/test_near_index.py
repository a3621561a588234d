"""The near index finds what a plain scan finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.known import near_index
from auditor.known.compiled_list import CompiledList, open_compiled_list
from auditor.known.entries import make_entries

MakeList = Callable[..., CompiledList]


def index_of(words: near_index.Words) -> near_index.NearIndex:
    ids_shape, tables_shape = near_index.index_shapes(len(words), 64 * words.shape[1])
    ids, tables = np.zeros(ids_shape, np.uint32), np.zeros(tables_shape, np.uint32)
    near_index.build_near_index(words, ids, tables)
    return near_index.NearIndex(words, ids, tables)


def random_words(seed: int, count: int, width: int) -> near_index.Words:
    return np.random.default_rng(seed).integers(0, 2**64, (count, width), dtype=np.uint64)


def changed(words: near_index.Words, seed: int, bits: int) -> near_index.Words:
    """Each hash with that many bits, or fewer, turned."""
    raw = np.unpackbits(words.view(np.uint8), axis=1)
    random = np.random.default_rng(seed)
    for row in raw:
        row[random.choice(len(row), random.integers(0, bits + 1), replace=False)] ^= 1
    return near_index.digest_words(np.packbits(raw, axis=1))


def assert_same(left: near_index.NearPairs, right: near_index.NearPairs) -> None:
    for one, other in zip(left, right, strict=True):
        np.testing.assert_array_equal(one, other)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.integers(0, 60), st.integers(0, 31))
def test_the_index_finds_what_a_plain_scan_of_pdq_hashes_finds(seed: int, count: int, threshold: int) -> None:
    words = random_words(seed, count, 4)
    queries = np.concatenate([changed(words, seed, 40), random_words(seed + 1, 5, 4)])
    assert_same(index_of(words).search(queries, threshold), near_index.brute_force_search(words, queries, threshold))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.integers(0, 60), st.integers(0, 16))
def test_the_index_finds_what_a_plain_scan_of_64_bit_hashes_finds(seed: int, count: int, threshold: int) -> None:
    words = random_words(seed, count, 1)
    queries = np.concatenate([changed(words, seed, 20), random_words(seed + 1, 5, 1)])
    assert_same(index_of(words).search(queries, threshold), near_index.brute_force_search(words, queries, threshold))


@pytest.mark.parametrize("bands", [(11, 22), (11, 23), (12, 21), (16, 16), (32, 8)])
@pytest.mark.parametrize("threshold", [0, 15, 30, 31])
def test_every_number_of_bands_finds_the_same(
    bands: tuple[int, int], threshold: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_index, "_band_layout", lambda entries, bits: bands)
    words = random_words(5, 300, 4)
    queries = changed(words, 6, 34)
    assert_same(index_of(words).search(queries, threshold), near_index.brute_force_search(words, queries, threshold))


@pytest.mark.parametrize(
    ("bits", "entries", "bands"),
    [
        (256, 1_999, (32, 8)),
        (256, 2_000, (16, 16)),
        (256, 299_999, (16, 16)),
        (256, 300_000, (12, 21)),
        (256, 2_999_999, (12, 21)),
        (256, 3_000_000, (11, 22)),
        (64, 1_999, (8, 8)),
        (64, 2_000, (4, 16)),
        (64, 999_999, (4, 16)),
        (64, 1_000_000, (3, 21)),
    ],
)
def test_larger_lists_have_fewer_and_wider_bands(bits: int, entries: int, bands: tuple[int, int]) -> None:
    count, width = bands
    assert near_index.index_shapes(entries, bits) == ((count, entries), (count, 2**width + 1))


def test_each_band_lists_the_entries_in_order_of_its_bits() -> None:
    first = [0x0200_0000_0000_0001, 0x0100_0000_0000_0000, 0x0200_0000_0000_00FF]
    index = index_of(np.array([[word, 0, 0, 2**64 - 1] for word in first], np.uint64))
    bands = {band: np.flatnonzero(np.diff(index.tables[band])).tolist() for band in (0, 1, 7, 8, 31)}
    assert bands == {0: [1, 2], 1: [0], 7: [0, 1, 255], 8: [0], 31: [255]}
    assert (index.ids[0].tolist(), index.ids[7].tolist()) == ([1, 0, 2], [1, 0, 2])


def test_a_search_in_nothing_or_for_nothing_finds_nothing() -> None:
    none, some = np.zeros((0, 4), np.uint64), random_words(3, 2, 4)
    for words, queries in ((none, some), (some, none)):
        assert [found.tolist() for found in index_of(words).search(queries, 31)] == [[], [], []]


def test_all_256_bits_may_differ() -> None:
    none = np.zeros((1, 4), np.uint64)
    assert not len(index_of(none).search(~none, 31)[0])
    assert near_index.brute_force_search(none, ~none, 256)[2].tolist() == [256]


def test_crowded_bands_are_compared_in_parts_and_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_index, "_MAX_CANDIDATES", 50)
    monkeypatch.setattr(near_index, "_MAX_PROBES", 100)
    words = changed(np.repeat(random_words(7, 3, 4), 100, axis=0), 8, 20)
    queries = changed(words[::30], 9, 20)
    assert_same(index_of(words).search(queries, 31), near_index.brute_force_search(words, queries, 31))


# Counts of pairs: the reference's own mih-query over its test files (facebook/ThreatExchange, pdq/cpp).
@pytest.mark.corpus
@pytest.mark.parametrize(("threshold", "pairs"), [(0, 50), (15, 151), (31, 250), (47, 287), (63, 352), (96, 365)])
def test_needles_are_found_in_the_haystack(corpus: Path, make_list: MakeList, threshold: int, pairs: int) -> None:
    folder = corpus / "01-pdq/pdq/data/reg-test-input"
    needles, haystack = (digests(folder / name) for name in ("needles.txt", "haystack.txt"))
    known = make_list(make_entries("pdq", haystack))
    queries = near_index.digest_words(np.frombuffer(b"".join(needles), np.uint8).reshape(-1, 32))
    assert len(known.find_near("pdq", queries, threshold)[0]) == pairs


@pytest.mark.corpus
def test_each_needle_is_found_in_a_list_of_one_entry_after_reload(corpus: Path, make_list: MakeList) -> None:
    folder = corpus / "01-pdq/pdq/data/reg-test-input"
    needles, haystack = (digests(folder / name) for name in ("needles.txt", "haystack.txt"))
    queries = near_index.digest_words(np.frombuffer(b"".join(needles), np.uint8).reshape(-1, 32))
    words = near_index.digest_words(np.frombuffer(b"".join(haystack), np.uint8).reshape(-1, 32))
    rows, matched, _ = near_index.brute_force_search(words, queries, 31)
    for entry in np.unique(matched)[::8].tolist():
        known = open_compiled_list(make_list(make_entries("pdq", [haystack[entry]]), name=f"one{entry}").path)
        assert known.find_near("pdq", queries)[0].tolist() == rows[matched == entry].tolist()


def digests(path: Path) -> list[bytes]:
    return [bytes.fromhex(line.split(",")[0]) for line in path.read_text().split() if line]
