"""Safetensors headers against safe_open; a fingerprint of 2 GB; the nearest listed model and shared tensors of 10,000.

python tests/benchmarks/bench_weights.py [GB]      medians of CPU time, the peer in the same run
"""

from __future__ import annotations

import io
import json
import pickle
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors import safe_open

from auditor.blob import Blob
from auditor.hashing.weight_checks import check_values
from auditor.hashing.weight_digests import TENSOR_DIGEST_BYTES
from auditor.known.open_list import open_list
from auditor.lineage.fingerprint_files import encode_fingerprint
from auditor.lineage.fingerprint_matching import ListFingerprints
from auditor.lineage.shared_tensors import SharedTensors
from auditor.lineage.weight_samples import SampledWeights, sample_model
from auditor.lineage.weight_tables import TENSORS_SCHEMA, locate_unit_rows
from auditor.part_builders.read_options import ReadOptions
from auditor.readers.safetensors import read
from auditor.syntax.safetensors_header import SafetensorsHeader, read_header
from tests.weights import safetensors_bytes, safetensors_file


def timed(work: Callable[[], object], repeat: int) -> float:
    began = time.process_time()
    for _ in range(repeat):
        work()
    return (time.process_time() - began) / repeat


def layers(count: int) -> bytes:
    weights = {f"model.layers.{i // 9}.part_{i % 9}.weight": np.zeros((4, 8), np.float16) for i in range(count)}
    return safetensors_bytes(weights, {"format": "pt"})


def adapter(tags: int) -> bytes:
    """A LoRA of 792 tensors, with the metadata of a kohya trainer: tags are counted as they are read."""
    blocks = [f"unet_down_blocks_{i}_attentions_0_transformer_blocks_0_attn{j}_to_k" for i in range(96) for j in (1, 2)]
    blocks += [f"te_text_model_encoder_layers_{i}_self_attn_{j}_proj" for i in range(12) for j in ("q", "k", "v")]
    blocks += [f"te_text_model_encoder_layers_{i}_mlp_{j}" for i in range(12) for j in ("fc1", "fc2", "fc3")]
    parts = {"alpha": (), "lora_down.weight": (2, 768), "lora_up.weight": (320, 2)}
    metadata = {f"ss_setting_{i}": str(i) for i in range(45)}
    metadata |= {"ss_network_module": "networks.lora", "ss_base_model_version": "sd_v1", "ss_sd_model_name": "sd.ckpt"}
    metadata["ss_tag_frequency"] = json.dumps({"10_hills": {f"tag number {i}": i for i in range(tags)}})
    weights = {f"lora_{block}.{part}": np.zeros(shape, np.float16) for block in blocks for part, shape in parts.items()}
    return safetensors_bytes(weights, metadata)


def headers(folder: Path) -> None:
    cases = {f"{count:,} tensors": layers(count) for count in (50, 720, 5_000)}
    cases |= {f"a LoRA with {tags:,} tags": adapter(tags) for tags in (0, 1_500)}
    for case, data in cases.items():
        path = folder / "m.safetensors"
        path.write_bytes(data)
        _headers(case, path, 20_000 // len(read_header(io.BytesIO(data), len(data)).tensors))


def _headers(case: str, path: Path, repeat: int) -> None:
    size = path.stat().st_size
    blob = Blob(str(path), "m.safetensors", size, "model", "o/m")

    def ours() -> SafetensorsHeader:
        with open(path, "rb") as file:
            return read_header(file, size)

    def peer() -> object:
        with safe_open(path, framework="np") as file:
            return file.metadata()

    def names() -> object:
        with safe_open(path, framework="np") as file:
            return file.metadata(), file.keys()

    with safe_open(path, framework="np") as file:
        assert sorted(ours().tensors) == sorted(file.keys())
    whole = lambda: list(read([blob], ReadOptions()))  # noqa: E731
    rounds = [[timed(work, repeat) for work in (ours, whole, peer, names)] for _ in range(9)]
    took = [1 / statistics.median(times) for times in zip(*rounds, strict=True)]
    said = zip(("header", "reader", "safe_open", "safe_open, keys"), took, strict=True)
    print(f"{case + ':':26}", ", ".join(f"{name} {rate:,.0f}" for name, rate in said), "files/s")


def values(folder: Path, size: float) -> None:
    count = int(size * 350)
    path = folder / "big.safetensors"
    part = np.random.default_rng(1).normal(0, 0.02, (1536, 1024)).astype(np.float16)
    safetensors_file(path, {f"layers.{i}.up.weight": part for i in range(count)})
    took = [timed(lambda: sample_model(path), 1) for _ in range(5)]
    print(f"fingerprint      {statistics.median(took):8.3f} s of {path.stat().st_size / 1e9:.2f} GB, warm")


def tensors(folder: Path, models: int, each: int) -> None:
    random = np.random.default_rng(3)
    part = [random.bytes(TENSOR_DIGEST_BYTES) for _ in range(each // 4)]
    last: list[bytes] = []
    with pq.ParquetWriter(folder / "tensors.parquet", TENSORS_SCHEMA) as writer:
        for number in range(models):
            # Every third has what all of them have, every hundredth a tenth of what the one before it has.
            own = [random.bytes(TENSOR_DIGEST_BYTES) for _ in range(each)]
            own[: len(part)] = part if number % 3 == 0 else own[: len(part)]
            own[-each // 10 :] = last if number % 100 == 1 else own[-each // 10 :]
            last = own[-each // 10 :]
            cells = ([f"m/{number:06}"], [""], [""], [b"".join(own)])
            arrays = [pa.array(cell, field.type) for cell, field in zip(cells, TENSORS_SCHEMA, strict=True)]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=TENSORS_SCHEMA))
    places = locate_unit_rows([folder / "tensors.parquet"])
    began = time.process_time()
    found = SharedTensors.load(places, sorted(places), folder / "scratch")
    loaded = time.process_time()
    pairs = found.sharing_units(np.arange(models))
    assert len(pairs) == models // 100, len(pairs)
    took = f"{loaded - began:8.1f} s to load and {time.process_time() - loaded:.1f} s to look up"
    print(f"shared tensors   {took} {len(found.digests):,} digests of {models:,} models")


def listed(folder: Path, entries: int) -> None:
    """A list of fingerprints, opened as a worker does: from its path, mapped, with a page cache that is warm."""
    random = np.random.default_rng(3)
    shapes = {f"layers.{i}.weight": (64, 64) for i in range(64)}

    def model() -> SampledWeights:
        values = random.normal(size=(64, 256)).astype(np.float32)
        values /= np.linalg.norm(values, axis=1, keepdims=True)
        checks = dict(zip(shapes, zip(shapes.values(), check_values(values), strict=True), strict=True))
        return SampledWeights("m", shapes, dict(zip(shapes, values, strict=True)), checks=checks)

    mine = model()
    with (folder / "list.fingerprints").open("wb") as file:
        for number in range(entries):
            file.write(encode_fingerprint(mine if number == entries // 2 else model()))
    began = time.process_time()
    known = open_list(folder / "list.fingerprints", into=folder / "list")
    took = time.process_time() - began
    size = sum(path.stat().st_size for path in known.path.iterdir())
    print(f"compile a list   {took:8.1f} s of {entries:,} fingerprints, {size / 1e9:.2f} GB")
    prints = ListFingerprints.of_list(pickle.loads(pickle.dumps(known)))
    sketch = mine.sketch()
    assert [found.matching for found in prints.similar_entries(mine, sketch)] == [64]
    works = (lambda: prints.nearest_entries(sketch), lambda: prints.similar_entries(mine, sketch))
    times = [[timed(work, 1) for _ in range(9)] for work in works]
    look_up, whole = (statistics.median(each) * 1000 for each in times)
    print(f"look up          {look_up:8.1f} ms among {entries:,} listed fingerprints; and compare {whole:.1f} ms")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        headers(Path(name))
        listed(Path(name), 10_000)
        values(Path(name), float(sys.argv[1]) if len(sys.argv) > 1 else 2.0)
        tensors(Path(name), 10_000, 500)
