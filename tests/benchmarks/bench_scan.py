"""100,000 synthetic cards scanned and judged: cards a second of CPU, and memory that does not grow with them.

Run by hand: ``python -m tests.benchmarks.bench_scan [CARDS]``. The same cards are scanned a tenth at first, then as
one Parquet dump of twice as many; the peak memory of the largest process is compared. CPU is that of every process of
the scan, from its start to its report. Findings are counted against what the cards were made to hold. Linux only.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_WORDS = "a model card says what it was trained on how well it does and where it fails so that others can judge".split()


def cards(count: int) -> Iterator[tuple[str, bool, str]]:
    """Cards as a hub has them: name, whether it names a licence, text."""
    draw = random.Random(7)
    for number in range(count):
        licence = draw.choice(["license: mit\n", "license: apache-2.0\n", "license: openrail\n", ""])
        base = f"base_model: org{number % 97}/model-{max(0, number - 97)}\n" if number % 3 == 0 else ""
        sections = "\n\n".join(
            f"## {title}\n\n" + " ".join(draw.choices(_WORDS, k=120)) + "."
            for title in ("Model description", "Intended use", "Training procedure", "Evaluation")
        )
        metadata = f"{licence}{base}tags: [text-classification, tag-{number % 50}]\nlanguage: en\n"
        text = f"---\n{metadata}---\n# Model {number}\n\n{sections}\n"
        yield f"org{number % 97}/model-{number}", bool(licence), text


def write_cards(folder: Path, count: int) -> int:
    """A file a card; returns how many name no licence."""
    unlicensed = 0
    for name, licensed, text in cards(count):
        unlicensed += not licensed
        (folder / f"{name.replace('/', '__')}.md").write_text(text, encoding="utf-8")
    return unlicensed


def write_dump(folder: Path, count: int) -> int:
    """All cards in one table; returns how many name no licence."""
    unlicensed = 0
    schema = pa.schema([("modelId", pa.string()), ("card", pa.string())])
    made = cards(count)
    with pq.ParquetWriter(folder / "cards.parquet", schema) as file:
        while rows := list(islice(made, 5000)):
            unlicensed += sum(not licensed for _, licensed, _ in rows)
            columns = [[name for name, _, _ in rows], [text for _, _, text in rows]]
            file.write_table(pa.table(columns, schema=schema))
    return unlicensed


@dataclass(frozen=True, slots=True)
class Measured:
    wall: float
    cpu: float
    peak: int  # kilobytes of the largest process
    flagged: dict[tuple[str, str], int]


_CODE = """
import json, os, resource, subprocess, sys
import ctypes
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: the fork server and its workers come to us
scan = "from auditor.cli.main import main; main()"
subprocess.run([sys.executable, "-c", scan, *sys.argv[1:]], stdout=subprocess.DEVNULL, check=True)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""


def measure(cards: Path, workers: int) -> Measured:
    """One scan, with everything that it starts."""
    with tempfile.TemporaryDirectory() as out:
        run = Path(out, "run")
        options = ["--out", str(run), "--workers", str(workers), "--fail-on", "never"]
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _CODE, "scan", str(cards), *options], capture_output=True, text=True, check=True
        )
        wall = time.perf_counter() - begun
        cpu, peak = json.loads(done.stdout)
        report = json.loads((run / "report.json").read_bytes())
    return Measured(wall, cpu, peak, {(rule, outcome): number for rule, outcome, _, number in report["flagged"]})


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(f"{'cards':>9} {'as':>6} {'workers':>8} {'wall s':>8} {'CPU s':>8} {'cards/s of CPU':>15} {'peak MB':>8}")
    for write, many in ((write_cards, count // 10), (write_cards, count), (write_dump, 2 * count)):
        with tempfile.TemporaryDirectory() as folder:
            unlicensed = write(Path(folder), many)
            for workers in (1, 2):
                took = measure(Path(folder), workers)
                assert took.flagged["no-licence", "FLAGGED"] == unlicensed, (took, unlicensed)
                rate, peak, form = many / took.cpu, took.peak / 1024, write.__name__.removeprefix("write_")
                figures = f"{took.wall:>8.1f} {took.cpu:>8.1f} {rate:>15,.0f} {peak:>8.0f}"
                print(f"{many:>9,} {form:>6} {workers:>8} {figures}", flush=True)


if __name__ == "__main__":
    main()
