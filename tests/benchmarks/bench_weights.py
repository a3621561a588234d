"""Safetensors headers against safe_open; a fingerprint of 2 GB; the nearest base among 10,000, and listed model.

python tests/benchmarks/bench_weights.py [GB]      medians of CPU time, the peer in the same run
"""

from __future__ import annotations

import pickle
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors import safe_open

from auditor.hashing.fingerprints import SKETCH
from auditor.known.store import open_list
from auditor.lineage.listed import Prints
from auditor.lineage.observed import Fingerprint, Index, encoded, fingerprint
from auditor.readers import Wants
from auditor.readers.safetensors import header, read
from auditor.sources import Blob
from tests.weights import safetensors_file


def timed(work: Callable[[], object], repeat: int) -> float:
    began = time.process_time()
    for _ in range(repeat):
        work()
    return (time.process_time() - began) / repeat


def headers(folder: Path) -> None:
    weights = {f"model.layers.{i // 9}.part_{i % 9}.weight": np.zeros((4, 8), np.float16) for i in range(720)}
    path = safetensors_file(folder / "m.safetensors", weights, {"format": "pt"})
    size = path.stat().st_size
    blob = Blob(str(path), "m.safetensors", size, "model", "o/m")

    def ours() -> object:
        with open(path, "rb") as file:
            return header(file, size)

    def peer() -> object:
        with safe_open(path, framework="np") as file:
            return file.metadata()

    def names() -> object:
        with safe_open(path, framework="np") as file:
            return file.metadata(), file.keys()

    with safe_open(path, framework="np") as file:
        found = ours()
        assert sorted(found.names) == sorted(file.keys())  # type: ignore[attr-defined]
    whole = lambda: list(read([blob], Wants()))  # noqa: E731
    rounds = [[timed(work, 100) for work in (ours, whole, peer, names)] for _ in range(7)]
    for name, times in zip(
        ("header", "reader", "safe_open", "safe_open, keys"), zip(*rounds, strict=True), strict=True
    ):
        print(f"{name:16} {1 / statistics.median(times):8,.0f} files/s of 720 tensors")


def values(folder: Path, size: float) -> None:
    count = int(size * 350)
    path = folder / "big.safetensors"
    part = np.random.default_rng(1).normal(0, 0.02, (1536, 1024)).astype(np.float16)
    safetensors_file(path, {f"layers.{i}.up.weight": part for i in range(count)})
    took = [timed(lambda: fingerprint(path), 1) for _ in range(5)]
    print(f"fingerprint      {statistics.median(took):8.3f} s of {path.stat().st_size / 1e9:.2f} GB, warm")
    random = np.random.default_rng(2)
    sketches = random.normal(size=(10_000, SKETCH)).astype(np.float32)
    sketches /= np.linalg.norm(sketches, axis=1, keepdims=True)
    index = Index(tuple(f"base-{i}" for i in range(10_000)), sketches)
    mine = fingerprint(path)
    took = [timed(lambda: index.nearest(mine), 1) for _ in range(5)]
    print(f"nearest          {statistics.median(took) * 1000:8.1f} ms among 10,000 bases")


def listed(folder: Path, entries: int) -> None:
    """A list of fingerprints, opened as a worker does: from its path, mapped, with a page cache that is warm."""
    random = np.random.default_rng(3)
    shapes = {f"layers.{i}.weight": (64, 64) for i in range(64)}

    def model() -> Fingerprint:
        values = random.normal(size=(64, 256)).astype(np.float32)
        values /= np.linalg.norm(values, axis=1, keepdims=True)
        return Fingerprint("m", shapes, dict(zip(shapes, values, strict=True)))

    mine = model()
    with (folder / "list.fingerprints").open("wb") as file:
        for number in range(entries):
            file.write(encoded(mine if number == entries // 2 else model()))
    began = time.process_time()
    known = open_list(folder / "list.fingerprints", into=folder / "list")
    took = time.process_time() - began
    size = sum(path.stat().st_size for path in known.path.iterdir())
    print(f"compile a list   {took:8.1f} s of {entries:,} fingerprints, {size / 1e9:.2f} GB")
    prints = Prints.of(pickle.loads(pickle.dumps(known)))
    sketch = mine.sketch()
    assert [one.twins for one in prints.alike(mine, sketch)] == [64]
    times = [
        [timed(work, 1) for _ in range(9)] for work in (lambda: prints.near(sketch), lambda: prints.alike(mine, sketch))
    ]
    look_up, whole = (statistics.median(each) * 1000 for each in times)
    print(f"look up          {look_up:8.1f} ms among {entries:,} listed fingerprints; and compare {whole:.1f} ms")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        headers(Path(name))
        listed(Path(name), 10_000)
        values(Path(name), float(sys.argv[1]) if len(sys.argv) > 1 else 2.0)
