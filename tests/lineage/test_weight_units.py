"""The units of a run: their sketches and tensors, and the models with the nearest sketches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.blob import Blob
from auditor.lineage.shared_tensors import SharedTensors, digest_prefixes
from auditor.lineage.weight_similarity import Relation, Similarity
from auditor.lineage.weight_tables import FINGERPRINTS_SCHEMA, TENSORS_SCHEMA, fingerprint_row
from auditor.lineage.weight_units import WeightUnits
from tests.lineage.changed_weights import small_model
from tests.weights import safetensors_file


def units(folder: Path, *cosines: float, owners: tuple[str, ...] = ()) -> WeightUnits:
    """Return a first unit and one for each of these cosines with it; those others are unlike each other."""
    count = len(cosines) + 1
    sketches = np.zeros((count, count), np.float32)
    sketches[0, 0] = 1
    for at, cosine in enumerate(cosines, 1):
        sketches[at, 0], sketches[at, at] = cosine, np.sqrt(1 - cosine**2)
    names = owners or tuple(f"o/{at:02}" for at in range(count))
    by_owner = {name: range(names.index(name), names.index(name) + names.count(name)) for name in names}
    return WeightUnits(names, ((),) * count, sketches, SharedTensors.load({}, [], folder / "tensors.bin"), by_owner)


def near_the_first(found: WeightUnits) -> list[int]:
    return sorted(other for unit, other in found.nearest_units() if unit == 0)


@pytest.mark.parametrize(
    ("cosine", "near"), [(0.3, [1]), (0.249996, [1]), (0.249994, []), (0.0, [])], ids=["near", "at", "below", "unlike"]
)
def test_sketches_are_near_from_a_cosine_of_a_quarter_on_in_steps_of_1_in_100_000(
    tmp_path: Path, cosine: float, near: list[int]
) -> None:
    assert near_the_first(units(tmp_path, cosine)) == near


def test_the_eight_nearest_are_compared_and_of_those_equally_near_the_first_by_name(tmp_path: Path) -> None:
    assert near_the_first(units(tmp_path, 0.3, 0.4, 0.3, 0.5, 0.3, 0.3, 0.3, 0.3, 0.3, 0.4)) == [
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        10,
    ]
    assert near_the_first(units(tmp_path, *[0.300001] * 8, 0.300004)) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert near_the_first(units(tmp_path, *[0.3] * 8, 0.30001)) == [1, 2, 3, 4, 5, 6, 7, 9]


def test_the_files_of_one_model_are_no_neighbours(tmp_path: Path) -> None:
    found = units(tmp_path, 0.9, 0.8, owners=("o/a", "o/a", "o/b"))
    assert sorted(found.nearest_units()) == [(0, 2), (1, 2), (2, 0), (2, 1)]


def test_more_models_than_fit_one_block_have_the_same_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = units(tmp_path, 0.3, 0.4, 0.3, 0.5, 0.3, 0.3, 0.3, 0.3, 0.3, 0.4)
    whole = sorted(found.nearest_units())
    monkeypatch.setattr("auditor.lineage.weight_units._BLOCK_ROWS", 3)
    monkeypatch.setattr("auditor.lineage.weight_units._BLOCK_COLUMNS", 4)
    assert sorted(found.nearest_units()) == whole


def digests(count: int, first: int = 0) -> list[bytes]:
    return [bytes([at]) * 16 for at in range(first, first + count)]


def with_tensors(folder: Path, **models: list[bytes]) -> WeightUnits:
    rows = [{"name": name, "revision": "", "unit": "m", "digests": b"".join(found)} for name, found in models.items()]
    pq.write_table(pa.Table.from_pylist(rows, TENSORS_SCHEMA), folder / "tensors.parquet", row_group_size=1)
    return WeightUnits.load([], [folder / "tensors.parquet"], folder)


@pytest.mark.parametrize(
    ("relation", "common", "becomes"),
    [("part", 4, "unrelated"), ("part", 3, "part"), ("part", 5, "unrelated"), ("derived", 4, "derived")],
)
def test_a_part_that_is_no_more_than_what_many_models_have_in_common_relates_nothing(
    tmp_path: Path, relation: Relation, common: int, becomes: str
) -> None:
    one, other = digests(common) + digests(36, 50), digests(common) + digests(36, 100)
    found = with_tensors(tmp_path, one=one, other=other)
    by_values = Similarity(relation, "", 0.2, 0.1, 41, 41)  # 4 strong tensors
    prefixes = digest_prefixes(frozenset(digests(common)))
    assert found.add_tensor_digests("one", "other", by_values, prefixes).relation == becomes
    assert found.add_tensor_digests("one", "other", by_values).relation == relation


@pytest.mark.parametrize(("own", "becomes"), [(1, "unrelated"), (2, "part")])
def test_two_tensors_that_only_few_models_have_relate_two_models_whatever_else_is_common(
    tmp_path: Path, own: int, becomes: str
) -> None:
    shared = digests(5) + digests(own, 20)
    found = with_tensors(tmp_path, one=shared + digests(36, 50), other=shared + digests(36, 100))
    by_values = Similarity("part", "", 0.2, 0.1, 41, 41)  # 4 strong tensors
    assert (
        found.add_tensor_digests("one", "other", by_values, digest_prefixes(frozenset(digests(5)))).relation == becomes
    )


def test_common_tensors_that_only_one_of_two_models_has_do_not_count(tmp_path: Path) -> None:
    found = with_tensors(tmp_path, one=digests(4) + digests(36, 50), other=digests(3) + digests(36, 100))
    by_values = Similarity("part", "", 0.2, 0.1, 41, 41)  # 4 strong tensors
    assert (
        found.add_tensor_digests("one", "other", by_values, digest_prefixes(frozenset(digests(4)))).relation == "part"
    )


def test_the_tensors_of_all_files_of_a_model_count_together(tmp_path: Path) -> None:
    rows = [
        {"name": name, "revision": "", "unit": unit, "digests": b"".join(found)}
        for name, unit, found in (("a", "1", digests(2)), ("a", "2", digests(2, 10)), ("b", "1", digests(4, 1)))
    ]
    pq.write_table(pa.Table.from_pylist(rows, TENSORS_SCHEMA), tmp_path / "t.parquet", row_group_size=1)
    units_of_run = WeightUnits.load([], [tmp_path / "t.parquet"], tmp_path)
    assert (units_of_run.owners, units_of_run.by_owner) == (("a", "a", "b"), {"a": range(2), "b": range(2, 3)})
    found = units_of_run.add_tensor_digests("a", "b", Similarity("unknown", "", 0.0, 0.0, 0, 0))
    assert (found.identical, found.hashed) == (1, 4)
    assert units_of_run.samples(0).values == {}


def test_the_files_of_a_sharded_model_are_one_unit_with_a_sketch_of_length_one(tmp_path: Path) -> None:
    weights = list(small_model(1, 8).items())
    rows = []
    for number, part in enumerate((weights[:3], weights[3:]), 1):
        name = f"model-{number:05}-of-00002.safetensors"
        file = safetensors_file(tmp_path / name, dict(part))
        row, _ = fingerprint_row(Blob(str(file), name, file.stat().st_size, "model", "o/a"))
        assert row
        rows.append(row)
    pq.write_table(pa.Table.from_batches(rows, FINGERPRINTS_SCHEMA), tmp_path / "f.parquet", row_group_size=1)
    found = WeightUnits.load([tmp_path / "f.parquet"], [], tmp_path)
    assert (found.owners, found.by_owner) == (("o/a",), {"o/a": range(1)})
    assert float(np.linalg.norm(found.sketches[0])) == pytest.approx(1)
    assert found.samples(0).name == "model-00001-of-00002.safetensors"
    assert sorted(found.samples(0).shapes) == sorted(name for name, _ in weights)
