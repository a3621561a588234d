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
    samples: int = 0


_CODE = """
import json, os, resource, signal, subprocess, sys
import ctypes
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: the fork server and its workers come to us
scan = "from auditor.cli.main import main; main()"
stop, *arguments = sys.argv[1:]
child = subprocess.Popen([sys.executable, "-c", scan, *arguments], stdout=subprocess.DEVNULL)
try:
    child.wait(float(stop) or None)
except subprocess.TimeoutExpired:
    child.send_signal(signal.SIGINT)
    assert child.wait() == 130
else:
    assert child.returncode == 0 or float(stop), child.returncode
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""


def measure_scan(target: Path, run: Path, *options: str, stop_after: float = 0) -> Measured:
    """Measure one scan, with everything that it starts; it is interrupted after ``stop_after`` seconds, 0: never."""
    arguments = ["scan", str(target), "--out", str(run), "--fail-on", "never", *options]
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _CODE, str(stop_after), *arguments], capture_output=True, text=True, check=False
    )
    wall = time.perf_counter() - begun
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    cpu, peak = json.loads(done.stdout)
    report = {} if stop_after else json.loads((run / "report.json").read_bytes())
    flagged = {(rule, outcome): number for rule, outcome, _, number in report.get("flagged", ())}
    return Measured(wall, cpu, peak, flagged, report.get("tally", {}).get("samples", {}).get("scanned", 0))


def measure(cards: Path, workers: int) -> Measured:
    with tempfile.TemporaryDirectory() as out:
        return measure_scan(cards, Path(out, "run"), "--workers", str(workers))


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
