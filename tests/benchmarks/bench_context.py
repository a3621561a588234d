"""Time and memory of a context of many models: writing its index once, opening it, and looking one upload up.

Run: ``python -m tests.benchmarks.bench_context [MODELS]``.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads

from auditor.facts import EDGES_SCHEMA, FACTS_SCHEMA
from auditor.lineage.context import Context, gather_ancestry
from auditor.lineage.context_index import open_context_index, write_context_index
from auditor.policy.vocabularies import load_vocabularies

ROWS_PER_MODEL = 4
DEPTH = 6  # generations of the longest line of ancestors


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)


def write_index(folder: Path, models: int) -> None:
    """Each model but the first of its line was made from the one before it; lines have DEPTH models."""
    numbers = np.arange(models)
    names = pa.array([f"owner-{number % 9973}/model-{number}" for number in numbers])
    parts = []
    for key, value in (("card", "front-matter"), ("title", "A model"), ("licence_id", "mit"), ("clause", "absent")):
        columns = {"kind": "model", "name": names, "key": key, "value": value, "bucket": 0, "line": 0}
        cells = (columns.get(field.name, "") for field in FACTS_SCHEMA)
        arrays = [cell if isinstance(cell, pa.Array) else pa.repeat(cell, models) for cell in cells]
        parts.append(pa.table(arrays, FACTS_SCHEMA.names).cast(FACTS_SCHEMA))
    made = numbers[numbers % DEPTH > 0]
    edges = pa.table(
        [
            pa.repeat("model", len(made)),
            names.take(pa.array(made)),
            pa.repeat("model", len(made)),
            names.take(pa.array(made - 1)),
            pa.repeat("finetune", len(made)),
            pa.repeat("card", len(made)),
        ],
        EDGES_SCHEMA.names,
    ).cast(EDGES_SCHEMA)
    hits = pa.table({"kind": pa.array([], pa.string()), "name": pa.array([], pa.string())})
    write_context_index(folder, "run", pads.dataset(pa.concat_tables(parts)), edges, hits)


def look_up(folder: Path, models: int) -> None:
    vocabularies = load_vocabularies()
    started, before = time.perf_counter(), peak_megabytes()
    index = open_context_index(folder, "run")
    assert index is not None
    opened = time.perf_counter()
    last = (models // DEPTH) * DEPTH - 1
    cells = ("model", "acme/upload", "model", f"OWNER-{last % 9973}/Model-{last}", "finetune", "card")
    edges = pa.table([[cell] for cell in cells], EDGES_SCHEMA.names).cast(EDGES_SCHEMA)
    upload = {field.name: [0 if field.name in ("bucket", "line") else ""] for field in FACTS_SCHEMA}
    upload |= {"kind": ["model"], "name": ["acme/upload"], "key": ["card"]}
    facts = pads.dataset(pa.table(upload).cast(FACTS_SCHEMA))
    loaded = time.perf_counter()
    ancestry = gather_ancestry(facts, edges, vocabularies, [Context(index, "context bench")])
    done = time.perf_counter()
    assert len(ancestry.origins.by_subject) == DEPTH, ancestry.origins
    print(
        f"open {1000 * (opened - started):.1f} ms, look up {DEPTH} generations {1000 * (done - loaded):.1f} ms, "
        f"peak memory {peak_megabytes() - before:+.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=int, nargs="?", default=2_000_000)
    parser.add_argument("--index", type=Path, help="look up in an index that was written before")
    options = parser.parse_args()
    if options.index:
        look_up(options.index, options.models)
        return
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        write_index(Path(folder), options.models)
        size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
        print(f"{options.models:,} models: written in {time.process_time() - started:.1f} s of CPU, {size:.0f} MB")
        import subprocess

        command = [sys.executable, "-m", "tests.benchmarks.bench_context", str(options.models), "--index", folder]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
