"""What several answers tell together: never of fewer rows than a block has.

An attacker knows the exports, their blocks and what each answer named. A block that is named says that one of its rows
matches, and a block that is not named says that none does. So what is tested is: of each named block, how many rows are
left that no other answer excludes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from auditor.deindex.party_keys import Keys
from auditor.errors import UsageError
from auditor.sample_exchange.answer_export import AnsweredExport
from auditor.sample_exchange.answer_record import open_record
from auditor.sample_exchange.blocks import MIN_BLOCK_ROWS
from tests.sample_exchange.exchange import Holder, hashes_of, keys_of, removed_of, write_manifest

ROWS = 130_000
LISTED = (5, 40_000, 77_777, 129_999, 1_000_007)
Asked = Sequence[tuple[AnsweredExport, NDArray[np.uint64]]]


@pytest.fixture
def asker(tmp_path: Path) -> Keys:
    return keys_of(tmp_path, "asker")


def fewest_suspects(asked: Asked) -> int:
    """Return the fewest rows that a named block leaves once all that other answers exclude is taken away."""
    excluded = np.concatenate([hashes[~removed_of(answered, hashes)] for answered, hashes in asked])
    fewest = 1 << 62
    for answered, hashes in asked:
        for bits, prefixes in answered.answer.blocks:
            blocks = (hashes >> np.uint64(64 - bits)).astype(np.int64) if bits else np.zeros(len(hashes), np.int64)
            for prefix in prefixes:
                everyone = np.unique(np.concatenate([one for _, one in asked]))
                place = (
                    (everyone >> np.uint64(64 - bits)).astype(np.int64) if bits else np.zeros(len(everyone), np.int64)
                )
                assert (blocks == prefix).any(), "a block without a row of the export is not named"
                fewest = min(fewest, len(np.setdiff1d(everyone[place == prefix], excluded)))
    return fewest


def ask(holder: Holder, asker: Keys, name: str, numbers: Sequence[int]) -> tuple[AnsweredExport, NDArray[np.uint64]]:
    answered = holder.answer(write_manifest(holder.folder / f"{name}.parquet", numbers), asker)
    return answered, hashes_of(numbers)


def test_one_answer_removes_every_match_and_whole_blocks(tmp_path: Path, asker: Keys) -> None:
    holder = Holder(tmp_path, "holder", LISTED)
    answered, hashes = ask(holder, asker, "all", range(ROWS))
    assert answered.answer.kind == "blocks"
    assert removed_of(answered, hashes_of(LISTED[:4])).all()
    assert answered.answer.block_count <= 4
    assert 4 * MIN_BLOCK_ROWS <= answered.removed <= 4 * 3 * MIN_BLOCK_ROWS
    assert fewest_suspects([(answered, hashes)]) >= MIN_BLOCK_ROWS


def test_two_holders_answers_intersect_in_whole_blocks(tmp_path: Path, asker: Keys) -> None:
    one = ask(Holder(tmp_path, "one", LISTED), asker, "all", range(ROWS))
    two = ask(Holder(tmp_path, "two", (40_000, 90_000)), asker, "all", range(ROWS))
    both = removed_of(one[0], one[1]) & removed_of(two[0], one[1])
    assert both.sum() >= MIN_BLOCK_ROWS, "both hold number 40,000, and its block is in both answers"


def test_two_holders_with_one_record_intersect_in_whole_blocks_whatever_is_asked(tmp_path: Path, asker: Keys) -> None:
    one, two = Holder(tmp_path, "one", LISTED, "both"), Holder(tmp_path, "two", (40_000, 90_000), "both")
    whole = ask(one, asker, "all", range(ROWS))
    part = ask(two, asker, "part", range(20_000, ROWS))
    both = removed_of(whole[0], whole[1]) & removed_of(part[0], whole[1])
    assert both.sum() >= MIN_BLOCK_ROWS
    assert part[0].entry.first_rows == 0, "every row has its block from the first answer"


def test_overlapping_datasets_have_apart_blocks(tmp_path: Path, asker: Keys) -> None:
    holder = Holder(tmp_path, "holder", LISTED)
    first = ask(holder, asker, "first", range(ROWS))
    second = ask(holder, asker, "second", range(60_000, 60_000 + ROWS))
    assert second[0].entry.asked_before == ROWS - 60_000
    assert fewest_suspects([first, second]) >= MIN_BLOCK_ROWS
    assert removed_of(second[0], hashes_of((77_777, 129_999))).all()


@pytest.mark.parametrize("row", [77_777, 50])
def test_an_export_with_one_row_more_tells_nothing_of_that_row(tmp_path: Path, asker: Keys, row: int) -> None:
    """Without the record, the first answer would not name the row's block and the second would, if the row matches."""
    holder = Holder(tmp_path, "holder", LISTED)
    without = ask(holder, asker, "without", [n for n in range(ROWS) if n != row])
    more = ask(holder, asker, "more", range(ROWS))
    assert more[0].answer.blocks == without[0].answer.blocks
    assert more[0].answer.unanswered == (int(hashes_of([row])[0]),), "it goes, whether it matches or not"
    assert fewest_suspects([without, more]) >= MIN_BLOCK_ROWS


@pytest.mark.parametrize("row", [77_777, 50])
def test_an_export_with_one_row_less_tells_nothing_of_that_row(tmp_path: Path, asker: Keys, row: int) -> None:
    holder = Holder(tmp_path, "holder", LISTED)
    whole = ask(holder, asker, "whole", range(ROWS))
    less = ask(holder, asker, "less", [n for n in range(ROWS) if n != row])
    assert less[0].answer.blocks == whole[0].answer.blocks
    assert fewest_suspects([whole, less]) >= MIN_BLOCK_ROWS


def test_a_part_of_a_larger_dataset_is_answered_by_the_larger_ones_blocks(tmp_path: Path, asker: Keys) -> None:
    """A part asked by itself would have larger blocks, and what lies in both blocks is a handful of rows."""
    holder = Holder(tmp_path, "holder", LISTED)
    large = ask(holder, asker, "large", range(4 * ROWS))
    part = ask(holder, asker, "part", range(0, 4 * ROWS, 4))
    assert set(dict(part[0].answer.blocks)) == set(dict(large[0].answer.blocks)) == {large[0].entry.bits}
    assert removed_of(part[0], hashes_of([40_000])).all()
    assert fewest_suspects([large, part]) >= MIN_BLOCK_ROWS


def test_a_larger_dataset_after_a_part_of_it_tells_no_more_of_the_part(tmp_path: Path, asker: Keys) -> None:
    holder = Holder(tmp_path, "holder", LISTED)
    part = ask(holder, asker, "part", range(0, 4 * ROWS, 4))
    large = ask(holder, asker, "large", range(4 * ROWS))
    both = removed_of(large[0], part[1]) & removed_of(part[0], part[1])
    assert both.sum() == removed_of(part[0], part[1]).sum(), "what the part's answer removes stays together"
    assert fewest_suspects([part, large]) >= MIN_BLOCK_ROWS


def test_a_longer_list_names_whole_blocks_of_rows_asked_before(tmp_path: Path, asker: Keys) -> None:
    before = Holder(tmp_path, "before", LISTED, "same")
    first = ask(before, asker, "all", range(ROWS))
    after = Holder(tmp_path, "after", (*LISTED, 100), "same")
    for name, numbers in (("again", range(ROWS)), ("less", range(101, ROWS))):
        later = ask(after, asker, name, numbers)
        new = later[0].answer.block_count - first[0].answer.block_count
        assert new == 1, "the block is named even if the export lacks the row that matches now"
    assert removed_of(later[0], hashes_of([100])).all()


@pytest.mark.parametrize("rows", [1, 999, 99_999])
def test_a_small_dataset_is_withdrawn_whatever_it_holds(tmp_path: Path, asker: Keys, rows: int) -> None:
    with_match = Holder(tmp_path, "with", (0,)).answer(write_manifest(tmp_path / "a.parquet", range(rows)), asker)
    without = Holder(tmp_path, "without", (10**9,)).answer(write_manifest(tmp_path / "b.parquet", range(rows)), asker)
    assert with_match.answer.kind == without.answer.kind == "withdraw"
    assert with_match.answer.blocks == without.answer.blocks == ()
    assert "fewer than 100,000 cannot be answered in blocks" in with_match.answer.why


def test_repeated_rows_make_no_block(tmp_path: Path, asker: Keys) -> None:
    holder = Holder(tmp_path, "holder", LISTED)
    answered, _ = ask(holder, asker, "repeated", [n % 50_000 for n in range(ROWS)])
    assert answered.answer.kind == "withdraw", "50,000 different rows are too few, however often each is given"


def test_a_dataset_that_would_lose_more_than_half_is_withdrawn(tmp_path: Path, asker: Keys) -> None:
    answered, _ = ask(Holder(tmp_path, "holder", range(0, ROWS, 500)), asker, "all", range(ROWS))
    assert answered.answer.kind == "withdraw"
    assert answered.answer.why == "more than 50% of its rows would go"
    assert answered.answer.blocks == ()


def test_another_algorithm_is_refused_once_a_record_is_begun(tmp_path: Path, asker: Keys) -> None:
    """By SHA-1 the same picture lies in another block, and the two blocks have that picture alone in common."""
    holder = Holder(tmp_path, "holder", LISTED)
    ask(holder, asker, "all", range(ROWS))
    sha1 = tmp_path / "sha1.csv"
    sha1.write_text("# means: test\nsha1\n" + "00" * 20 + "\n")
    from auditor.known.open_list import open_list

    holder.lists = (open_list(sha1, into=tmp_path / "compiled-sha1"),)
    with pytest.raises(UsageError, match="all answers are for md5, and the export holds sha1"):
        holder.answer(write_manifest(tmp_path / "other.parquet", range(ROWS), "sha1"), asker)


def test_the_quota_counts_repeated_exports(tmp_path: Path, asker: Keys) -> None:
    holder = Holder(tmp_path, "holder", LISTED)
    manifest = write_manifest(tmp_path / "all.parquet", range(ROWS))
    first = holder.answer(manifest, asker, quota=2)
    again = holder.answer(manifest, asker, quota=2)
    assert again.answer.blocks == first.answer.blocks
    assert (again.entry.asked_before, again.entry.first_rows) == (ROWS, 0)
    with pytest.raises(UsageError, match="asker: has had 2 answers, which is the quota"):
        holder.answer(manifest, asker, quota=2)
    assert holder.answer(manifest, keys_of(tmp_path, "another"), quota=2).answer.kind == "blocks"


def test_a_record_that_is_damaged_or_in_use_answers_nothing(tmp_path: Path, asker: Keys) -> None:
    holder = Holder(tmp_path, "holder", LISTED)
    manifest = write_manifest(tmp_path / "all.parquet", range(ROWS))
    with open_record(holder.record), pytest.raises(UsageError, match="another export is being answered"):
        holder.answer(manifest, asker)
    holder.answer(manifest, asker)
    rows = (holder.record / "000001.rows").read_bytes()
    (holder.record / "000001.rows").write_bytes(rows[:-8])
    with pytest.raises(UsageError, match="the record of answers is damaged"):
        holder.answer(manifest, asker)
    (holder.record / "000001.rows").write_bytes(rows)
    holder.answer(manifest, asker)
    (holder.record / "000001.json").unlink()
    with pytest.raises(UsageError, match="an answer is missing from the record"):
        holder.answer(manifest, asker)


def test_the_record_holds_hashes_and_no_digest(tmp_path: Path, asker: Keys) -> None:
    holder = Holder(tmp_path, "holder", LISTED)
    ask(holder, asker, "all", range(ROWS))
    stored = (holder.record / "000001.rows").read_bytes()
    assert len(stored) == 8 * ROWS
    assert np.array_equal(np.frombuffer(stored, "<u8"), np.sort(hashes_of(range(ROWS))))
