"""Harmless things that no list may match are what the project's own pictures hash to."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.hashing.hash_images import EncodedImage, hash_images
from auditor.known import canaries
from auditor.known.compiled_list import CompiledList
from auditor.known.entries import make_entries
from tests import pictures

MakeList = Callable[..., CompiledList]
ROWS = list(csv.DictReader(Path(canaries.__file__).with_suffix(".tsv").open(encoding="utf-8"), delimiter="\t"))


@pytest.mark.parametrize("kind", [pictures.landscape, pictures.pattern, pictures.objects])
def test_the_table_holds_the_hashes_of_generated_pictures(kind: Callable[[int], object]) -> None:
    what = f"a generated picture ({kind.__name__} 4000001)"
    table = {row["algorithm"]: row["value"] for row in ROWS if row["what"] == what}
    batch = hash_images([EncodedImage("a", "a", 0, pictures.png(kind(4000001)))], sorted(table), ())
    assert {name: batch.column(name)[0].as_py().hex() for name in table} == table
    assert set(table) == {"pdq", "phash-64", "dhash-64"}


@pytest.mark.parametrize("algorithm", ["md5", "pdq", "phash-64", "url", "domain"])
def test_a_list_that_holds_one_is_caught(algorithm: str, make_list: MakeList) -> None:
    row = next(row for row in ROWS if row["algorithm"] == algorithm)
    value = row["value"] if algorithm in ("url", "domain") else bytes.fromhex(row["value"])
    assert f"the {algorithm} of {row['what']}" in canaries.matched_canaries(make_list(make_entries(algorithm, [value])))
    assert canaries.matched_canaries(make_list(make_entries(algorithm, [value]), means="benign")) == ()


def test_a_near_entry_is_caught_too(make_list: MakeList) -> None:
    row = next(row for row in ROWS if row["algorithm"] == "pdq")
    near = (int(row["value"], 16) ^ 0xFFFFF).to_bytes(32, "big")
    assert canaries.matched_canaries(make_list(make_entries("pdq", [near]))) == (f"the pdq of {row['what']}",)
