"""Exact look-ups find every entry that equals, and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.known import exact_index
from auditor.known.compiled_list import CompiledList
from auditor.known.entries import make_entries
from auditor.samples import DIGEST_BYTES, VPDQ, WEIGHT_FINGERPRINT

MakeList = Callable[..., CompiledList]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 20)), st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 20))
)
def test_every_equal_key_is_a_candidate_and_no_other(listed: list[int], queries: list[int]) -> None:
    keys = np.sort(np.array(listed, np.uint64))
    index = exact_index.ExactIndex(keys, *exact_index.build_exact_index(keys))
    rows, found = index.candidates(np.array(queries, np.uint64))
    expected = [(row, at) for row, key in enumerate(queries) for at in np.flatnonzero(keys == np.uint64(key)).tolist()]
    assert sorted(zip(rows.tolist(), found.tolist(), strict=True)) == expected


def digest(number: int, width: int) -> bytes:
    return hashlib.shake_128(str(number).encode()).digest(width)


@pytest.mark.parametrize("algorithm", sorted(DIGEST_BYTES.keys() - {WEIGHT_FINGERPRINT, VPDQ}))
def test_a_listed_digest_is_found_whatever_its_width(algorithm: str, make_list: MakeList) -> None:
    width = DIGEST_BYTES[algorithm]
    known = make_list(make_entries(algorithm, [digest(number, width) for number in range(500)]))
    queries = pa.array([digest(number, width) if number % 3 else None for number in range(490, 510)], pa.binary(width))
    rows, found = known.find_exact(algorithm, queries)
    assert sorted(rows.tolist()) == [row for row, number in enumerate(range(490, 500)) if number % 3]
    assert known.values(algorithm, found).to_pylist() == queries.take(pa.array(rows)).to_pylist()


def test_a_slice_of_a_column_is_looked_up_as_it_stands(make_list: MakeList) -> None:
    known = make_list(make_entries("md5", [digest(number, 16) for number in range(100)]))
    column = pa.array([digest(number, 16) for number in range(90, 110)], pa.binary(16))
    assert sorted(known.find_exact("md5", column.slice(7, 6))[0].tolist()) == [0, 1, 2]


def test_digests_that_begin_alike_are_told_apart(make_list: MakeList) -> None:
    same_prefix = [b"\1" * 8 + bytes([number]) * 8 for number in range(200)]
    known = make_list(make_entries("md5", same_prefix[::2]))
    rows, found = known.find_exact("md5", pa.array(same_prefix, pa.binary(16)))
    assert sorted(rows.tolist()) == list(range(0, 200, 2))
    assert known.values("md5", found).to_pylist() == [same_prefix[row] for row in rows]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.text(max_size=30)), st.integers(0, 3))
def test_equal_texts_have_equal_keys_wherever_they_stand(texts: list[str], offset: int) -> None:
    keys = exact_index.value_keys(pa.array(texts, pa.string())).tolist()
    alone = [exact_index.value_keys(pa.array([text], pa.string()))[0] for text in texts]
    assert keys == alone
    assert exact_index.value_keys(pa.array(texts, pa.string()).slice(offset)).tolist() == keys[offset:]


# Compiled lists hold keys, so a key must stay what it is. Here they are computed one by one, in plain integers.

MASK = 2**64 - 1
CONSTANT = 0x9E3779B97F4A7C15


def mix_bits(number: int) -> int:
    """The last steps of splitmix64 (Steele, Lea and Flood 2014)."""
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & MASK
    number = (number ^ number >> 27) * 0x94D049BB133111EB & MASK
    return number ^ number >> 31


def words(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]


def test_mixing_is_that_of_splitmix64() -> None:
    assert mix_bits(CONSTANT) == 0xE220A8397B1DCDAF  # the first number that splitmix64 gives for seed 0


@pytest.mark.parametrize("width", [16, 20, 32, 64])
def test_the_key_of_a_cryptographic_digest_is_its_first_eight_bytes(width: int) -> None:
    values = [digest(number, width) for number in range(5)]
    expected = [int.from_bytes(value[:8], "big") for value in values]
    assert exact_index.value_keys(pa.array(values, pa.binary(width))).tolist() == expected


@pytest.mark.parametrize("width", [8, 144])
def test_the_key_of_a_perceptual_hash_mixes_all_its_words(width: int) -> None:
    values = [digest(number, width) for number in range(5)]
    expected = [
        mix_bits(sum(word * pow(CONSTANT, at, 2**64) for at, word in enumerate(words(value), 1)) & MASK)
        for value in values
    ]
    assert exact_index.value_keys(pa.array(values, pa.binary(width))).tolist() == expected


def test_the_key_of_a_text_mixes_its_words_their_places_and_its_length() -> None:
    texts = ["", "a", "1234567", "12345678", "123456789", "https://a.example.net/one.jpg", "ä" * 40]
    expected = []
    for text in texts:
        data = text.encode()
        total = len(data) + sum(mix_bits(word ^ pow(CONSTANT, at, 2**64)) for at, word in enumerate(words(data), 1))
        expected.append(mix_bits(total & MASK))
    assert exact_index.value_keys(pa.array(texts, pa.string())).tolist() == expected
    assert exact_index.value_keys(pa.array(texts, pa.large_string()).slice(2, 3)).tolist() == expected[2:5]
    assert exact_index.value_keys(pa.array(["", ""], pa.string())).tolist() == [mix_bits(0)] * 2
    assert exact_index.value_keys(pa.array([], pa.string())).tolist() == []


@pytest.mark.parametrize(
    ("keys", "table", "filter_bytes"), [(0, 9, 8), (1, 9, 8), (8, 9, 8), (15, 9, 8), (16, 17, 16), (1024, 1025, 1024)]
)
def test_an_index_has_a_bucket_and_eight_bits_of_filter_for_each_key(keys: int, table: int, filter_bytes: int) -> None:
    made = exact_index.build_exact_index(np.sort(np.random.default_rng(1).integers(0, 2**64, keys, np.uint64)))
    assert (len(made[0]), len(made[1])) == (table, filter_bytes)
    assert int(made[0][-1]) == keys
    assert int(np.bitwise_count(made[1]).sum()) <= keys
