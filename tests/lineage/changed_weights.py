"""Weights of small models, and changes to them as training, merging and copying make them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from auditor.lineage.weight_samples import sample_model
from auditor.lineage.weight_similarity import Similarity, compare_weights
from tests.weights import bfloat16, safetensors_file

Weights = dict[str, np.ndarray]
WIDTH = 96


def trained(seed: int) -> Weights:
    """Weights of a small transformer, as if trained from a seed of their own."""
    random = np.random.default_rng(seed)
    tensors: Weights = {"embed_tokens.weight": random.normal(0, 0.02, (300, WIDTH)).astype(np.float32)}
    for layer in range(12):
        for part in ("q_proj", "k_proj", "v_proj", "o_proj", "up", "down"):
            shape = (WIDTH * 4, WIDTH) if part == "up" else (WIDTH, WIDTH * 4) if part == "down" else (WIDTH, WIDTH)
            tensors[f"layers.{layer}.{part}.weight"] = random.normal(0, 0.02, shape).astype(np.float32)
        tensors[f"layers.{layer}.norm.weight"] = np.ones(WIDTH, np.float32)
    return tensors


BASE, OTHER = trained(1), trained(2)


def changed(by: float, only: str = "", base: Weights = BASE) -> Weights:
    """A fine-tune: every value moves by a share of its tensor's spread."""
    random = np.random.default_rng(9)
    return {
        name: (values + random.normal(0, by * values.std(), values.shape)).astype(np.float32)
        if only in name
        else values
        for name, values in base.items()
    }


def with_lora(rank: int = 8) -> Weights:
    random = np.random.default_rng(11)

    def low_rank(shape: tuple[int, ...]) -> np.ndarray:
        update = random.normal(0, 1, (shape[0], rank)) @ random.normal(0, 1, (rank, shape[1]))
        return 0.1 * 0.02 * update / update.std()

    return {
        name: (values + low_rank(values.shape)).astype(np.float32) if "proj" in name else values
        for name, values in BASE.items()
    }


def merged() -> Weights:
    return {name: (values + OTHER[name]) / 2 for name, values in BASE.items()}


def cast(to: str) -> Weights:
    if to == "bfloat16":
        return {name: bfloat16(values) for name, values in BASE.items()}
    return {name: values.astype(np.float16) for name, values in BASE.items()}


def in_part() -> Weights:
    """Six layers of one model, six of another."""

    def layer(name: str) -> int:
        return int(name.split(".")[1]) if name.startswith("layers.") else 0

    return {name: values if layer(name) < 6 else OTHER[name] for name, values in BASE.items()}


def renamed(weights: Weights) -> Weights:
    return {f"model.blocks.{name.replace('proj', 'linear')}": values for name, values in weights.items()}


def against_base(tmp_path: Path, weights: Weights, metadata: Mapping[str, str] | None = None) -> Similarity:
    base = safetensors_file(tmp_path / "base.safetensors", BASE)
    mine = safetensors_file(tmp_path / "mine.safetensors", weights, metadata)
    return compare_weights(sample_model(mine), sample_model(base))


def taken(count: int) -> Weights:
    """Another's weights but for the first tensors, which are the base's."""
    return OTHER | {name: BASE[name] for name in list(BASE)[1 : count + 1]}


def packed(seed: int) -> Weights:
    random = np.random.default_rng(seed)
    return {f"layers.{n}.qweight": random.integers(0, 256, (64, 32), np.uint8) for n in range(20)}


def small_model(seed: int, tensors: int = 36) -> Weights:
    """Weights of the same names and shapes as if trained from a seed of their own, in a few kilobytes."""
    random = np.random.default_rng(seed)
    return {f"layers.{n}.weight": random.normal(0, 1, (16, 16)).astype(np.float32) for n in range(tensors)}


def added(weights: Weights, *changes: tuple[float, Weights]) -> Weights:
    """The weights with so much of each change added."""
    return {name: sum((by * change[name] for by, change in changes), start=v) for name, v in weights.items()}
