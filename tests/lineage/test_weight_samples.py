from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.errors import UsageError
from auditor.lineage.fingerprint_files import decode_fingerprint, encode_fingerprint
from auditor.lineage.weight_samples import center_and_clip, sample_model
from auditor.lineage.weight_similarity import compare_weights
from tests.gguf_files import BF16, F16, F32, Q4_K, gguf_bytes
from tests.lineage.changed_weights import BASE, changed
from tests.onnx_files import onnx_bytes
from tests.weights import bfloat16, safetensors_bytes, safetensors_file


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


def written(folder: Path, suffix: str, weights: Mapping[str, np.ndarray]) -> Path:
    path = folder / f"m{suffix}"
    if suffix == ".onnx":
        path.write_bytes(onnx_bytes(weights))
    elif suffix == ".gguf":
        path.write_bytes(gguf_bytes({name: (F32, values) for name, values in weights.items()}))
    else:
        safetensors_file(path, weights)
    return path


@pytest.mark.parametrize("suffix", [".onnx", ".gguf"])
def test_the_same_weights_in_another_format_are_the_same(tmp_path: Path, suffix: str) -> None:
    base = sample_model(written(tmp_path, ".safetensors", BASE))
    mine = sample_model(written(tmp_path, suffix, BASE))
    assert mine.values.keys() == base.values.keys()
    assert compare_weights(mine, base).relation == "identical"
    tuned = sample_model(written(tmp_path, suffix, changed(0.03)))
    assert compare_weights(tuned, base).relation == "derived"


def test_gguf_tensors_of_16_bits_are_read_and_quantised_ones_are_named(tmp_path: Path) -> None:
    names = list(BASE)
    stored = {name: (F16, BASE[name].astype(np.float16)) for name in names[:40]}
    stored |= {name: (BF16, bfloat16(BASE[name])) for name in names[40:-3]}
    stored |= {name: (Q4_K, np.zeros(BASE[name].shape, np.uint8)) for name in names[-3:]}
    (tmp_path / "m.gguf").write_bytes(gguf_bytes(stored))
    mine = sample_model(tmp_path / "m.gguf")
    assert dict(mine.unread_types) == {"Q4_K": 3}
    assert mine.unchecked == 3
    base = sample_model(safetensors_file(tmp_path / "base.safetensors", BASE))
    found = compare_weights(mine, base)
    assert (found.relation, found.same_checks) == ("derived", False)
    run = CliRunner().invoke(
        main, ["lineage", str(tmp_path / "m.gguf"), "--against", str(tmp_path / "base.safetensors"), "--format", "json"]
    )
    assert run.exit_code == 0, run.output
    assert "m.gguf: tensors whose values are not compared: 3 of Q4_K" in run.stderr
    assert {key: json.loads(run.stdout)[0][key] for key in ("relation", "all_tensors_same", "hint")} == {
        "relation": "made from it", "all_tensors_same": False, "hint": "",
    }  # fmt: skip


def test_a_gguf_file_that_is_cut_off_in_its_values_is_not_read_past_its_end(tmp_path: Path) -> None:
    data = gguf_bytes({name: (F32, values) for name, values in BASE.items()})
    (tmp_path / "m.gguf").write_bytes(data[: len(data) // 2])
    mine = sample_model(tmp_path / "m.gguf")
    assert 0 < mine.unchecked < len(BASE)
    assert compare_weights(mine, mine).relation != "identical"


def test_eight_bit_floats_are_sampled(tmp_path: Path) -> None:
    as_e5m2 = {
        name: (values.astype(np.float16).view(np.uint16) + 128 >> 8).astype(np.uint8) for name, values in BASE.items()
    }
    data = safetensors_bytes(as_e5m2).replace(b'"dtype":"U8"', b'"dtype":"F8_E5M2"')
    header = data[8 : 8 + int.from_bytes(data[:8], "little")]
    grown = len(data) - len(safetensors_bytes(as_e5m2))
    (tmp_path / "m.safetensors").write_bytes((len(header) + grown).to_bytes(8, "little") + data[8:])
    found = compare_weights(
        sample_model(tmp_path / "m.safetensors"), sample_model(safetensors_file(tmp_path / "b.safetensors", BASE))
    )
    assert (found.relation, found.compared) == ("derived", 72)
    assert found.cosine > 0.99


EMBEDDING = {"embedding.weight": np.random.default_rng(7).normal(0, 0.1, (2000, 64)).astype(np.float32)}


@pytest.mark.parametrize(
    ("weights", "relation"),
    [
        (EMBEDDING, "identical"),
        ({"embeddings": EMBEDDING["embedding.weight"].astype(np.float16)}, "identical"),
        ({"embeddings": EMBEDDING["embedding.weight"] * np.float32(1.02)}, "unknown"),
        ({"embeddings": EMBEDDING["embedding.weight"][::-1].copy()}, "unknown"),
        ({**EMBEDDING, "mask": np.tril(np.ones((64, 64), np.float32))}, "unknown"),
    ],
    ids=["copy", "renamed and cast", "scaled", "in another order", "with one more"],
)
def test_a_model_that_is_one_embedding_table_is_compared(
    tmp_path: Path, weights: Mapping[str, np.ndarray], relation: str
) -> None:
    mine = sample_model(safetensors_file(tmp_path / "m.safetensors", weights))
    found = compare_weights(mine, sample_model(safetensors_file(tmp_path / "b.safetensors", EMBEDDING)))
    assert found.relation == relation, found


@pytest.mark.parametrize("size", [3e38, 1e-40])
def test_values_near_the_limits_of_a_float_are_sampled_or_counted(tmp_path: Path, size: float) -> None:
    """What cannot be checked or is no finite number is never stored: a fingerprint with it would not be read."""
    random = np.random.default_rng(1)
    extreme = {
        f"layers.{n}.weight": (random.choice([-1, 1], (64, 64)) * size * random.uniform(0.5, 1, (64, 64))).astype(
            np.float32
        )
        for n in range(9)
    }
    mine = sample_model(safetensors_file(tmp_path / "m.safetensors", extreme))
    assert len(mine.checks) + mine.unchecked == 9
    kept = decode_fingerprint(encode_fingerprint(mine))
    assert kept.values.keys() == mine.values.keys()
    assert all(np.isfinite(values).all() for values in kept.values.values())


@pytest.mark.parametrize("name", ["m.ckpt", "m.bin", "m.pt"])
@pytest.mark.parametrize("data", [b"\x80\x04}q\x00." * 9, b"PK\x03\x04" + bytes(60)])
def test_pickles_are_refused_with_the_reason(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match="is a pickle or an archive of one, which loading could run"):
        sample_model(tmp_path / name)


def test_a_position_table_behind_other_tensors_is_read_where_it_stands(tmp_path: Path) -> None:
    learned = np.random.default_rng(1).normal(size=(128, 128)).astype(np.float32)
    angles = np.arange(128)[:, None] / 10_000 ** (np.arange(64) / 64)
    positions = np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)
    file = safetensors_file(tmp_path / "m.safetensors", {"a": learned, "b": positions, "c": learned + 1})
    assert sorted(sample_model(file).values) == ["a", "c"]


def test_a_value_far_from_the_others_counts_as_four_median_distances() -> None:
    values = np.array([[-1, 1] * 127 + [-1, 100]], np.float32)  # the median is 0, the median distance from it 1
    clipped = np.append([-1, 1] * 127 + [-1], 4) - 3 / 256
    ((found,), (offset,)) = center_and_clip(values)
    length = np.linalg.norm(clipped)
    np.testing.assert_allclose(found, clipped / length, rtol=1e-6)
    assert offset == pytest.approx(3 / 256 / length)


def test_values_whose_median_distance_is_zero_are_not_clipped() -> None:
    values = np.array([[0] * 200 + [7] * 56], np.float32)
    ((found,), _) = center_and_clip(values)
    centred = values[0] - 7 * 56 / 256
    np.testing.assert_allclose(found, centred / np.linalg.norm(centred), rtol=1e-6)


@pytest.mark.parametrize(("width", "unsampled"), [(16, 1), (15, 0)])
def test_quantised_tensors_of_256_values_count_as_not_sampled(tmp_path: Path, width: int, unsampled: int) -> None:
    learned = np.random.default_rng(1).normal(size=(64, 64)).astype(np.float32)
    packed = np.arange(16 * width, dtype=np.uint8).reshape(16, width)
    file = safetensors_file(tmp_path / "m.safetensors", {"a": learned, "b": packed})
    assert sample_model(file).unsampled == unsampled
    assert sample_model(file).tensor_digests == frozenset()
    assert len(sample_model(file, full=True).tensor_digests) == 1
