"""Tables of a formula are recognised by their values in every float type, and learned weights are not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from auditor.hashing import weight_formula_tables as tables
from auditor.hashing.distinctive_tensors import tensor_hasher
from auditor.hashing.weight_formula_tables import is_formula_table, is_mostly_one_value
from auditor.lineage.weight_samples import sample_model
from auditor.syntax.safetensors_header import read_header
from tests.weights import bfloat16, safetensors_file

RANDOM = np.random.default_rng(5)
ANGLES = np.arange(512)[:, None] / 10_000 ** (np.arange(64) / 64)
TIME = np.arange(256)
GRID = np.stack(np.meshgrid(np.arange(14), np.arange(14)), axis=2).reshape(196, 2, 1) / 10_000 ** (np.arange(64) / 64)


def fourier_basis() -> np.ndarray:
    angles = 2 * np.pi * np.arange(129)[:, None] * TIME / 256
    return (np.concatenate([np.cos(angles), np.sin(angles)]) * np.hanning(257)[:256])[:, None]


def mel_filters(mels: int = 80, bins: int = 201) -> np.ndarray:
    edges = 700 * (10 ** (np.linspace(0, 2840, mels + 2) / 2595) - 1)
    bank = np.linspace(0, 8000, bins)
    up = (bank - edges[:-2, None]) / np.diff(edges)[:-1, None]
    down = (edges[2:, None] - bank) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(up, down))


COORDINATES = np.sign(np.arange(-7, 8)) * np.log2(abs(np.arange(-7, 8)) + 1) / 3


FORMULAS = {
    "Fourier basis": fourier_basis(),
    "mel filters": mel_filters(),
    "wide mel filters": mel_filters(40, 1025),
    "mel filters, transposed": mel_filters().T,
    "positions, halves": np.concatenate([np.sin(ANGLES), np.cos(ANGLES)], axis=1),
    "positions, in turns": np.stack([np.sin(ANGLES), np.cos(ANGLES)], axis=2).reshape(512, 128),
    "positions, small": 0.02 * np.concatenate([np.sin(ANGLES), np.cos(ANGLES)], axis=1)[None],
    "rotary cosines": np.cos(np.concatenate([ANGLES, ANGLES], axis=1)),
    "rotary sines": np.sin(np.concatenate([ANGLES, ANGLES], axis=1)),
    "positions of a grid": np.concatenate([np.sin(GRID), np.cos(GRID)], axis=2).reshape(196, 256),
    "relative coordinates": np.stack(np.meshgrid(COORDINATES, COORDINATES), axis=2),
    "repeated rows": np.tile(np.log(np.arange(1, 17)), (768, 1)),
    "distances": -abs(TIME[:128, None] - TIME[:128]) / 8,
    "sinc filters": np.sinc(np.linspace(0.02, 0.9, 64)[:, None] * np.arange(-125, 126))[:, None],
    "causal mask": np.tril(np.ones((256, 256))),
    "identity": np.eye(192),
    "window": np.hanning(1024).reshape(1, 1, -1),
    "ramps": np.tile(np.linspace(-1, 1, 64), (64, 1)),
    "cosine transform": np.cos(np.pi / 128 * (np.arange(128) + 0.5) * np.arange(40)[:, None]),
}
# What training leaves: noise around the identity, filters that are smooth or sparse, rounded values, positions.
LEARNED = {
    "normal": RANDOM.normal(0, 0.02, (256, 128)),
    "uniform": RANDOM.uniform(-0.1, 0.1, (256, 128)),
    "near the identity": np.eye(96) + RANDOM.normal(0, 0.02, (96, 96)),
    "smooth filters": np.cumsum(RANDOM.normal(size=(128, 1, 65)), axis=2),
    "half of it pruned": np.where(np.abs(weights := RANDOM.normal(size=(256, 256))) > 0.67, weights, 0),
    "rounded to few levels": 0.0137 * np.round(RANDOM.normal(size=(256, 128)) * 9),
    "positions": np.cumsum(RANDOM.normal(size=(512, 128)), axis=0),
}
CASTS = {
    "float32": lambda values: values.astype(np.float32),
    "float16": lambda values: values.astype(np.float16),
    "bfloat16": lambda values: bfloat16(values),
}


def sampled_and_hashed(path: Path, weights: Mapping[str, np.ndarray]) -> tuple[set[str], int]:
    """The tensors whose values are sampled, and how many have a digest."""
    file = safetensors_file(path / "m.safetensors", weights)
    with open(file, "rb") as opened:
        header = read_header(opened, file.stat().st_size)
        hasher = tensor_hasher(header)
        hasher.update(opened.read())
    return set(sample_model(file).values), len(hasher.digests())


@pytest.mark.parametrize("cast", CASTS)
@pytest.mark.parametrize("name", FORMULAS)
def test_a_table_of_a_formula_is_neither_sampled_nor_hashed(tmp_path: Path, name: str, cast: str) -> None:
    assert sampled_and_hashed(tmp_path, {"p.0": CASTS[cast](FORMULAS[name])}) == (set(), 0)


@pytest.mark.parametrize("cast", CASTS)
@pytest.mark.parametrize("name", LEARNED)
def test_learned_weights_are_sampled_and_hashed(tmp_path: Path, name: str, cast: str) -> None:
    assert sampled_and_hashed(tmp_path, {"p.0": CASTS[cast](LEARNED[name])}) == ({"p.0"}, 1)


def test_the_limits_of_masks_are_pinned() -> None:
    mostly = np.zeros(2048, np.float32)
    mostly[:95] = np.arange(1, 96)
    assert is_mostly_one_value(mostly)
    mostly[95] = 96
    assert not is_mostly_one_value(mostly)
    assert is_mostly_one_value(np.resize(np.arange(4), 2048).astype(np.float32))
    assert not is_mostly_one_value(np.resize(np.arange(5), 2048).astype(np.float32))


@pytest.mark.parametrize(("error", "is_table"), [(0.01, True), (0.05, False)])
def test_the_error_of_a_prediction_that_is_no_longer_a_formula_is_pinned(error: float, is_table: bool) -> None:
    wave = np.sin(0.3 * np.arange(2048)) + RANDOM.normal(0, error * np.sqrt(0.5), 2048)
    assert is_formula_table(wave.astype(np.float32), 2048) == is_table
    assert (tables.MAX_PREDICTION_ERROR, tables.ORDER, tables.PIECE_VALUES) == (0.02, 8, 32)


@pytest.mark.parametrize(("predictable", "noisy", "is_table"), [(2, 6, True), (1, 7, False), (2, 7, False)])
def test_two_pieces_and_a_quarter_of_all_must_be_predictable(predictable: int, noisy: int, is_table: bool) -> None:
    waves = np.sin(0.3 * np.arange(32) + np.arange(predictable)[:, None])
    pieces = np.concatenate([waves, np.random.default_rng(3).normal(size=(noisy, 32))]).astype(np.float32)
    assert tables.predictable_tensors(pieces[None]).tolist() == [is_table]


# Of 99 values of 1 and one peak, the peak is 2.4 times the root mean square at 2.46.
@pytest.mark.parametrize(("peak", "may_be"), [(2.45, True), (2.47, False), (-2.45, True), (-2.47, False)])
def test_how_far_a_sinusoid_exceeds_its_root_mean_square_is_pinned(peak: float, may_be: bool) -> None:
    values = np.append(np.ones(99), peak).astype(np.float32)
    assert tables.may_be_sinusoids(values[None]).tolist() == [may_be]


def columns(waves: int, noisy: int, amplitude: float = 1, rows: int = 64) -> np.ndarray:
    """A table of sinusoids along its columns, then columns of noise of that amplitude around 1."""
    wave = np.sin(0.3 * np.arange(rows)[:, None] + np.arange(waves))
    noise = 1 + amplitude * np.random.default_rng(3).normal(size=(rows, noisy))
    return np.concatenate([wave, noise], axis=1).astype(np.float32)


@pytest.mark.parametrize(("waves", "noisy", "is_table"), [(9, 1, True), (8, 2, False)])
def test_nine_of_ten_columns_must_be_predictable(waves: int, noisy: int, is_table: bool) -> None:
    assert tables.has_predictable_columns(columns(waves, noisy)) == is_table


@pytest.mark.parametrize(("amplitude", "is_table"), [(0.05, True), (0.2, False)])
def test_columns_that_hardly_move_are_not_judged(amplitude: float, is_table: bool) -> None:
    assert tables.has_predictable_columns(columns(8, 8, amplitude)) == is_table


def test_the_first_64_rows_of_16_columns_are_judged() -> None:
    wave, noise = columns(32, 0, rows=65), columns(0, 32, rows=65)
    assert tables.has_predictable_columns(np.concatenate([wave[:64], noise[64:]]))
    assert not tables.has_predictable_columns(np.concatenate([wave[:32], noise[32:]]))
    every_other = np.where(np.arange(32) % 2 == 0, wave, noise)
    assert tables.has_predictable_columns(every_other)


@pytest.mark.parametrize(("count", "is_table"), [(256, True), (255, False)])
def test_eight_pieces_of_32_values_are_needed(count: int, is_table: bool) -> None:
    assert is_formula_table(np.sin(0.3 * np.arange(count)).astype(np.float32), count) == is_table
