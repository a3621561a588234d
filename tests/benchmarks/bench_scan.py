"""100,000 synthetic cards scanned and judged: cards a second of CPU, and memory that does not grow with them.

Run by hand: ``python -m tests.benchmarks.bench_scan [CARDS]``. The same cards are scanned a tenth at first; the
peak memory of the largest process is compared. CPU is that of every process of the scan, from its start to its
report. Findings are counted against what the cards were made to hold. Linux only.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

_WORDS = "a model card says what it was trained on how well it does and where it fails so that others can judge".split()


def write_cards(folder: Path, count: int) -> int:
    """Cards as a hub has them; returns how many name no licence."""
    draw = random.Random(7)
    unlicensed = 0
    for number in range(count):
        licence = draw.choice(["license: mit\n", "license: apache-2.0\n", "license: openrail\n", ""])
        unlicensed += not licence
        base = f"base_model: org{number % 97}/model-{max(0, number - 97)}\n" if number % 3 == 0 else ""
        sections = "\n\n".join(
            f"## {title}\n\n" + " ".join(draw.choices(_WORDS, k=120)) + "."
            for title in ("Model description", "Intended use", "Training procedure", "Evaluation")
        )
        metadata = f"{licence}{base}tags: [text-classification, tag-{number % 50}]\nlanguage: en\n"
        text = f"---\n{metadata}---\n# Model {number}\n\n{sections}\n"
        (folder / f"org{number % 97}__model-{number}.md").write_text(text, encoding="utf-8")
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
    print(f"{'cards':>9} {'workers':>8} {'wall s':>8} {'CPU s':>8} {'cards/s of CPU':>15} {'peak MB':>8}")
    for cards in (count // 10, count):
        with tempfile.TemporaryDirectory() as folder:
            unlicensed = write_cards(Path(folder), cards)
            for workers in (1, 2):
                took = measure(Path(folder), workers)
                assert took.flagged["no-licence", "FLAGGED"] == unlicensed, (took, unlicensed)
                rate, peak = cards / took.cpu, took.peak / 1024
                print(f"{cards:>9,} {workers:>8} {took.wall:>8.1f} {took.cpu:>8.1f} {rate:>15,.0f} {peak:>8.0f}")


if __name__ == "__main__":
    main()
