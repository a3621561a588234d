"""A hub-shaped graph of 2 million models and 4 million edges, passed through from a run's Parquet.

python tests/benchmarks/bench_lineage.py [MODELS] [FIRST-SET]      prints seconds of CPU and the peak of memory
"""

from __future__ import annotations

import os
import resource as system
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from auditor.facts import FACTS_SCHEMA
from auditor.lineage.derive_statements import derive_statements
from auditor.lineage.edges import collect_edges
from auditor.policy.vocabularies import load_vocabularies


def write(folder: Path, models: int) -> None:
    """Shards of facts: a card and a format a model, a parent for most, a dataset for many, a few datasets of note."""
    random = np.random.default_rng(7)
    names = pa.array([f"org{i % 90_000}/model-{i}" for i in range(models)])
    # A hub's shape: most models hang below a few early ones (preferential by a steep power).
    parents = (np.arange(models) * random.random(models) ** 6).astype(np.int64)
    second = (np.arange(models) * random.random(models) ** 3).astype(np.int64)
    data = (20_000 * random.random(models) ** 4).astype(np.int64)
    shard = 100_000
    for start in range(0, models, shard):
        rows = min(shard, models - start)
        part = names.slice(start, rows)
        here = slice(start, start + rows)
        cards = column("card", part, pa.repeat("front-matter", rows))
        formats = column("weights_format", part, pa.repeat("safetensors", rows))
        first = column("base_model", part, names.take(pa.array(parents[here])))
        more = column("base_model", part.slice(0, rows // 2), names.take(pa.array(second[here][: rows // 2])))
        trained = column(
            "trained_on",
            part.slice(0, rows // 2),
            pa.array([f"data/set-{i}" for i in data[here][: rows // 2]]),
        )
        table = pa.concat_tables([cards, formats, first, more, trained])
        pq.write_table(table, folder / f"{start:08}.parquet", compression="zstd")


def column(key: str, names: pa.Array, values: pa.Array) -> pa.Table:
    rows = len(names)
    columns = {
        "bucket": pa.array(np.zeros(rows, np.uint8)),
        "kind": pa.repeat("model", rows),
        "name": names,
        "key": pa.repeat(key, rows),
        "value": values,
        "line": pa.array(np.zeros(rows, np.int64)),
        "source": pa.repeat("card", rows),
    }
    return pa.Table.from_arrays([columns.get(f.name, pa.repeat("", rows)) for f in FACTS_SCHEMA], schema=FACTS_SCHEMA)


def main() -> None:
    models = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
    # The first sets are the most used: from 0, most models descend from an exposed one.
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 2_000
    pa.set_cpu_count(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not (child := os.fork()):
            write(folder, models)
            os._exit(0)
        os.waitpid(child, 0)
        facts = pads.dataset(sorted(str(path) for path in folder.iterdir()), schema=FACTS_SCHEMA, format="parquet")
        began, cpu = time.perf_counter(), time.process_time()
        vocabularies = load_vocabularies()
        graph = collect_edges(facts, vocabularies.renamed)
        print(f"edges    {graph.num_rows:>11,}  {time.perf_counter() - began:6.1f} s")
        listed = {"revision": "", "list": "example", "means": "csam", "basis": "computed"}
        found = [
            {"kind": "dataset", "name": f"data/set-{i}", "relation": "near", "hits": 2, "samples": 900, **listed}
            for i in range(first, first + 20)
        ]
        began_derive = time.perf_counter()
        rows = sum(
            batch.num_rows for batch in derive_statements(facts, pa.Table.from_pylist(found), graph, vocabularies)
        )
        print(f"derived  {rows:>11,}  {time.perf_counter() - began_derive:6.1f} s")
        peak = system.getrusage(system.RUSAGE_SELF).ru_maxrss / 1e6
        wall, used = time.perf_counter() - began, time.process_time() - cpu
        print(f"all      {wall:.1f} s, {used:.1f} s of CPU, peak {peak:.2f} GB")


if __name__ == "__main__":
    main()
