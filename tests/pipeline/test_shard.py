"""Cutting files into shards and partitions."""

from __future__ import annotations

from itertools import pairwise

from auditor.blob import Blob, Unread
from auditor.pipeline.shard import SHARD_FILES, Shard, cut_into_shards


def test_a_shard_ends_between_subjects_not_inside_a_model() -> None:
    files = [Blob("", f"m{n // 100}/{n}", 10, "model", f"m{n // 100}") for n in range(3 * SHARD_FILES)]
    cut = list(cut_into_shards(files))
    assert [file for shard in cut for file in shard.files] == files
    owners = [{file.name for file in shard.files if isinstance(file, Blob)} for shard in cut]
    assert all(one.isdisjoint(two) for one, two in pairwise(owners))


def test_splitting_a_shard_loses_no_file() -> None:
    shard = Shard("7", tuple(Unread(str(n), "x") for n in range(100)))
    assert tuple(file for part in shard.split() for file in part.files) == shard.files
    assert Shard("7", shard.files[:1]).split() == ()


def test_a_shard_ends_after_1024_files_or_16_mebibytes() -> None:
    small = [Blob("", f"{n}.png", 1) for n in range(2049)]
    assert [len(shard.files) for shard in cut_into_shards(small)] == [1024, 1024, 1]
    large = [Blob("", f"{n}.png", 8 * 2**20) for n in range(3)]
    assert [len(shard.files) for shard in cut_into_shards(large)] == [2, 1]


def test_a_weights_file_counts_as_its_header_unless_it_is_read_whole() -> None:
    weights = [Blob("", f"{n}.safetensors", 2**30, "model", f"m{n}") for n in range(16)]
    assert [len(shard.files) for shard in cut_into_shards(weights)] == [16]
    assert [len(shard.files) for shard in cut_into_shards(weights, whole_weights=True)] == [1] * 16


def test_a_large_table_is_cut_into_partitions_of_64_mebibytes_each_a_shard() -> None:
    shards = list(cut_into_shards([Blob("", "t.parquet", 129 * 2**20)]))
    assert [file.partition for shard in shards for file in shard.files if isinstance(file, Blob)] == [
        (0, 3),
        (1, 3),
        (2, 3),
    ]


def test_a_worker_has_a_minute_and_more_for_each_file_and_mebibyte() -> None:
    assert Shard("0", (Blob("", "a.png", 2**20),)).timeout == 61.25
    assert Shard("0", (Blob("", "a.parquet", 2**20),)).timeout == 70.25
    assert Shard("0", (Blob("", "a.safetensors", 2**25, "model", "m"),)).timeout == 61.25
