"""The models with the nearest sketches: how near, how many, and which of those equally near."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from auditor.lineage.shared_tensors import SharedTensors
from auditor.lineage.weight_units import WeightUnits


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
