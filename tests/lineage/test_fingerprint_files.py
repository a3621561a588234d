from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.lineage.fingerprint_files import load_weights, save_fingerprint
from auditor.lineage.weight_samples import sample_model
from auditor.lineage.weight_similarity import compare_weights
from tests.lineage.changed_weights import BASE, changed
from tests.weights import safetensors_file


def test_a_fingerprint_stands_for_its_weights(tmp_path: Path) -> None:
    base = safetensors_file(tmp_path / "base.safetensors", BASE, {"ss_sd_model_name": "hills.ckpt"})
    save_fingerprint(sample_model(base), tmp_path / "base.fingerprint")
    loaded = load_weights(tmp_path / "base.fingerprint")
    assert (loaded.name, loaded.declared_bases) == ("base.safetensors", ("hills.ckpt",))
    sampled = sample_model(safetensors_file(tmp_path / "mine.safetensors", changed(0.03)))
    by_weights, by_print = compare_weights(sampled, load_weights(base)), compare_weights(sampled, loaded)
    assert by_print.relation == by_weights.relation == "derived"
    assert by_print.cosine == pytest.approx(by_weights.cosine, abs=1e-4)


@pytest.mark.parametrize("cut", [1, 9, 200, 5000])
def test_a_damaged_fingerprint_is_refused(tmp_path: Path, cut: int) -> None:
    save_fingerprint(sample_model(safetensors_file(tmp_path / "base.safetensors", BASE)), tmp_path / "f")
    (tmp_path / "f").write_bytes((tmp_path / "f").read_bytes()[:-cut])
    with pytest.raises(UsageError, match=r"/f: "):
        load_weights(tmp_path / "f")


def test_a_pickle_is_not_compared(tmp_path: Path) -> None:
    (tmp_path / "m.ckpt").write_bytes(b"\x80\x04}q\x00." * 9)
    with pytest.raises(UsageError, match=r"m.ckpt: is a pickle or an archive of one, .* its values are not read"):
        load_weights(tmp_path / "m.ckpt")
