from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from auditor.lineage.weight_samples import sample_model
from auditor.lineage.weight_similarity import compare_weights
from tests.lineage.changed_weights import BASE
from tests.weights import safetensors_file


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_tensors_without_a_direction_are_counted_and_left_out(tmp_path: Path, value: float) -> None:
    weights = {name: np.full_like(values, value) for name, values in BASE.items()}
    mine = sample_model(safetensors_file(tmp_path / "m.safetensors", weights))
    assert (len(mine.shapes), mine.unsampled) == (0, 72)
    assert compare_weights(mine, mine).relation == "unknown"


def test_shards_are_one_file(tmp_path: Path) -> None:
    names = list(BASE)
    for number, part in enumerate((names[:30], names[30:])):
        safetensors_file(tmp_path / "m" / f"model-{number}.safetensors", {name: BASE[name] for name in part})
    index = {"weight_map": {name: f"model-{int(at >= 30)}.safetensors" for at, name in enumerate(names)}}
    (tmp_path / "m" / "model.safetensors.index.json").write_text(json.dumps(index))
    whole = sample_model(safetensors_file(tmp_path / "whole.safetensors", BASE))
    for path in (tmp_path / "m", tmp_path / "m" / "model.safetensors.index.json"):
        found = compare_weights(sample_model(path), whole)
        assert (found.relation, found.compared, found.total) == ("identical", 72, 72)


def test_under_one_percent_of_a_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from auditor.lineage import weight_samples

    weights = {f"layers.{i}.up.weight": np.zeros((1024, 1024), np.float16) for i in range(4)}
    path = safetensors_file(tmp_path / "m.safetensors", weights)
    asked: list[int] = []
    real = weight_samples.os.pread

    def counted(descriptor: int, length: int, offset: int) -> bytes:
        asked.append(length)
        return real(descriptor, length, offset)

    monkeypatch.setattr(weight_samples.os, "pread", counted)
    sample_model(path)
    assert 0 < sum(asked) < 0.01 * path.stat().st_size
