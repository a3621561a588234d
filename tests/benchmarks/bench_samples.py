"""Export, answer and clean a manifest: rows per second of each step, and the answer's time for two billion rows.

python tests/benchmarks/bench_samples.py [--rows N] [--entries N]

Each step runs in a fresh process, whose peak memory is printed too: it must not grow with the rows, which a fifth of
them shows. Reading the column of digests with pyarrow, in the same run, is what a step cannot be faster than.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

STEPS = ("read", "export", "answer", "clean")
TARGET_ROWS, TARGET_CORES, TARGET_SECONDS = 2_000_000_000, 16, 3600
NOW = "2026-11-30T12:00:00Z"


def write_manifest(path: Path, rows: int) -> None:
    """Write addresses, MD5 digests in hex and captions; the digests are random."""
    random = np.random.default_rng(1)
    schema = pa.schema([("url", pa.string()), ("md5", pa.string()), ("caption", pa.string())])
    with pq.ParquetWriter(path, schema) as out:
        for start in range(0, rows, 500_000):
            count = min(500_000, rows - start)
            text = random.bytes(16 * count).hex().encode()
            columns = {
                "url": [f"https://host{n % 4999}.example/{n}.jpg" for n in range(start, start + count)],
                "md5": pa.array(np.frombuffer(text, "S32")).cast(pa.string()),
                "caption": [f"the number {n}" for n in range(start, start + count)],
            }
            out.write_table(pa.table(columns, schema))


def run_step(step: str, folder: Path, name: str) -> None:
    """Run one step on a manifest, and print its seconds, CPU seconds and peak memory."""
    if step == "write":
        write_manifest(folder / f"{name}.parquet", int(name))
        return
    from auditor.deindex.party_keys import load_keys
    from auditor.known.open_list import open_list
    from auditor.sample_exchange import answer_export, answer_file, answer_record, clean_manifest, export_samples

    manifest, export, answer = folder / f"{name}.parquet", folder / f"{name}.export", folder / f"{name}.age"
    holder, asker = load_keys(folder / "holder"), load_keys(folder / "asker")
    lists = (open_list(folder / "known.txt", means="test", algorithm="md5", into=folder / "compiled"),)
    began, cpu = time.perf_counter(), time.process_time()
    if step == "read":
        for batch in pq.ParquetFile(manifest).iter_batches(columns=["md5"]):
            assert len(batch)
    elif step == "export":
        export_samples.export_samples(manifest, export)
    elif step == "answer":
        with answer_record.open_record(folder / f"record-{name}") as record:
            asked = export_samples.open_export(export)
            done = answer_export.answer_export(asked, lists, asker.card, holder.card, record, NOW)
        answer_file.write_answer(done.answer, asker.card, holder, answer)
    else:
        opened = answer_file.open_answer(answer, asker, holder.card, NOW)
        clean_manifest.clean_manifest(manifest, opened, folder / f"cleaned-{name}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(time.perf_counter() - began, time.process_time() - cpu, peak / 1024)


@dataclass(frozen=True, slots=True)
class StepCost:
    """What one step took for so many rows; ``peak`` in MB."""

    rows: int
    seconds: float
    cpu: float
    peak: float


def measure(rows: int, entries: int) -> tuple[dict[str, list[StepCost]], float]:
    """Return the cost of each step for a fifth of the rows and for all, and the bytes of an export for each row."""
    from auditor.deindex.party_keys import create_keys

    costs: dict[str, list[StepCost]] = {step: [] for step in STEPS}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        create_keys(folder / "holder", "holder")
        create_keys(folder / "asker", "asker")
        random = np.random.default_rng(2)
        (folder / "known.txt").write_text("\n".join(random.bytes(16).hex() for _ in range(entries)))
        for count in (rows // 5, rows):
            for step in ("write", *STEPS):
                # The peak that a process is told begins with its parent's, which holds nothing large.
                command = [sys.executable, __file__, "--step", step, temporary, str(count)]
                found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                if step != "write":
                    costs[step].append(StepCost(count, *map(float, found.split())))
        return costs, (folder / f"{rows}.export").stat().st_size / rows


def marginal_rate(costs: list[StepCost]) -> float:
    """Return the rows a second of a step beside what it costs once, such as opening the list, which is in both."""
    few, many = costs
    return (many.rows - few.rows) / (many.seconds - few.seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        run_step(options.step[0], Path(options.step[1]), options.step[2])
        return
    costs, bytes_per_row = measure(options.rows, options.entries)
    for step, each in costs.items():
        for cost in each:
            print(
                f"{step:7} {cost.rows:>12,} rows: {cost.rows / cost.seconds:>12,.0f} rows/s, "
                f"{cost.rows / cost.cpu:>12,.0f} per CPU second, peak {cost.peak:,.0f} MB"
            )
    print(f"an export has {bytes_per_row:.1f} bytes a row")
    rate = marginal_rate(costs["answer"])
    print(
        f"an answer for {TARGET_ROWS:,} rows at {rate:,.0f} rows/s: {TARGET_ROWS / rate / 60:,.0f} minutes on one "
        f"core (target: {TARGET_SECONDS // 60} minutes on {TARGET_CORES} cores)"
    )


if __name__ == "__main__":
    main()
