"""What a compiled list holds: every entry once, without what was withdrawn, and what a delta changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.errors import ListError
from auditor.known.compiled_list import CompiledList
from auditor.known.entries import MalformedEntry, UnknownAlgorithm, WithdrawnIds, make_entries

MakeList = Callable[..., CompiledList]


def digest(number: int, width: int = 16) -> bytes:
    return hashlib.shake_128(str(number).encode()).digest(width)


def digests(*numbers: int) -> list[bytes]:
    return [digest(number) for number in numbers]


def listed_values(known: CompiledList) -> set[bytes]:
    return {value for batch in known.listed_entries() for value in batch.values.to_pylist()}


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(0, 60), max_size=30), min_size=1, max_size=4), st.lists(st.integers(0, 60)))
def test_every_value_is_held_once_whatever_the_batches(
    make_list: MakeList, batches: list[list[int]], asked: list[int]
) -> None:
    listed = {number for batch in batches for number in batch} | {99}
    known = make_list(*(make_entries("md5", digests(*batch)) for batch in batches), make_entries("md5", digests(99)))
    assert known.entries == len(listed)
    assert known.manifest["duplicates"].get("md5", 0) == sum(map(len, batches)) + 1 - len(listed)
    rows, found = known.find_exact("md5", pa.array(digests(*asked), pa.binary(16)))
    assert sorted(rows.tolist()) == [row for row, number in enumerate(asked) if number in listed]
    assert known.values("md5", found).to_pylist() == [digest(asked[row]) for row in rows]


def test_values_that_share_a_key_are_told_apart_and_doubles_among_them_dropped(make_list: MakeList) -> None:
    same_key = [bytes(8) + digest(number % 7, 8) for number in range(30)]
    known = make_list(make_entries("md5", same_key))
    assert known.entries == 7
    assert listed_values(known) == set(same_key)


def test_the_first_listing_of_a_value_classifies_it(make_list: MakeList) -> None:
    known = make_list(make_entries("md5", digests(1, 2, 1), classification=["B", None, "A"]))
    _, found = known.find_exact("md5", pa.array(digests(1, 2), pa.binary(16)))
    assert dict(zip(known.values("md5", found).to_pylist(), known.classifications_of("md5", found), strict=True)) == {
        digest(1): "B",
        digest(2): "",
    }
    assert known.manifest["algorithms"]["md5"]["classified"] == {"": 1, "B": 1}


def test_a_tombstone_with_an_id_withdraws_that_item_alone(make_list: MakeList) -> None:
    listed = make_entries("md5", digests(1, 1, 2), ids=["a", "b", "c"])
    withdrawals = make_entries("md5", digests(1, 2), ids=["a", "c"], withdrawn=[True, True])
    known = make_list(withdrawals, listed)
    assert listed_values(known) == {digest(1)}
    assert known.manifest["withdrawn"] == 2


def test_a_tombstone_without_an_id_withdraws_the_value_whoever_listed_it(make_list: MakeList) -> None:
    listed = make_entries("md5", digests(1, 1, 2), ids=["a", "b", "c"])
    assert listed_values(make_list(listed, make_entries("md5", digests(1), withdrawn=[True]))) == {digest(2)}


def test_an_item_is_withdrawn_with_all_its_hashes(make_list: MakeList) -> None:
    items = (
        make_entries("md5", digests(1, 2), ids=["a", "b"]),
        make_entries("sha1", [digest(1, 20), digest(2, 20)], ids=["a", "b"]),
    )
    assert listed_values(make_list(*items, WithdrawnIds(("a",)))) == {digest(2), digest(2, 20)}


def test_a_delta_adds_renews_and_withdraws(make_list: MakeList) -> None:
    base = make_list(make_entries("md5", digests(1, 2, 3), ids=["a", "b", "c"]), make_entries("sha1", [digest(9, 20)]))
    delta = make_entries("md5", digests(20, 4), ids=["b", "d"])
    known = make_list(delta, WithdrawnIds(("c",)), base=base)
    assert listed_values(known) == {digest(1), digest(20), digest(4), digest(9, 20)}
    recompiled = make_list(make_entries("md5", digests(5)), base=known)
    assert listed_values(recompiled) == listed_values(known) | {digest(5)}


def test_a_delta_keeps_what_is_known_of_old_entries(make_list: MakeList) -> None:
    columns = {"ids": ["a"], "classification": ["A1"], "series": ["s"], "contributor": ["x"], "feedback": ["disputed"]}
    base = make_list(make_entries("md5", digests(1), **columns))
    known = make_list(make_entries("md5", digests(2)), base=base)
    old = next(batch for batch in known.listed_entries() if batch.values[0].as_py() == digest(1))
    assert {name: getattr(old, name).to_pylist() for name in columns} == columns


def test_a_malformed_line_refuses_the_list_and_names_the_line(make_list: MakeList) -> None:
    with pytest.raises(ListError, match=r"hills\.csv: line 17: not a hash; nothing was imported"):
        make_list(make_entries("md5", digests(1)), MalformedEntry(17, "not a hash"))


def test_a_list_without_an_entry_that_can_be_matched_is_refused(make_list: MakeList) -> None:
    with pytest.raises(ListError, match=r"hills\.csv: holds no entry that can be matched"):
        make_list(UnknownAlgorithm("netclean", 5))


def test_entries_of_unknown_algorithms_are_counted(make_list: MakeList) -> None:
    known = make_list(make_entries("md5", digests(1)), UnknownAlgorithm("netclean", 5), UnknownAlgorithm("netclean", 2))
    assert known.manifest["unknown"] == {"netclean": 7}
