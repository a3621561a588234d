"""100,000 synthetic cards scanned and judged: cards a second, and memory that does not grow with them.

Run by hand: ``python -m tests.benchmarks.bench_scan [CARDS]``. The same cards are scanned a tenth at first; the
peak memory of the largest process is compared. Findings are counted against what the cards were made to hold.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
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


def measure(cards: Path, workers: int) -> tuple[float, int, dict[tuple[str, str], int]]:
    """Seconds, peak kilobytes of the largest process, and the findings by rule."""
    with tempfile.TemporaryDirectory() as out:
        run = Path(out, "run")
        code = (
            "import resource, sys; from auditor.cli.main import main\n"
            "try: main(sys.argv[1:])\n"
            "except SystemExit: pass\n"
            "peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]\n"
            "print(max(peaks), file=sys.stderr)\n"
        )
        script = Path(out, "scan.py")
        script.write_text(f"if __name__ == '__main__':\n    {code.replace(chr(10), chr(10) + '    ')}\n")
        command = [sys.executable, str(script), "scan", str(cards), "--out", str(run), "--workers", str(workers)]
        begun = time.perf_counter()
        done = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": os.getcwd()}, capture_output=True, text=True, check=True
        )
        seconds = time.perf_counter() - begun
        flagged = {
            (rule, outcome): number
            for rule, outcome, _, number in json.loads((run / "report.json").read_bytes())["flagged"]
        }
    return seconds, int(done.stderr.split()[-1]), flagged


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(f"{'cards':>9} {'workers':>8} {'seconds':>9} {'cards/s':>9} {'peak MB':>9}")
    for cards in (count // 10, count):
        with tempfile.TemporaryDirectory() as folder:
            unlicensed = write_cards(Path(folder), cards)
            for workers in (1, 2):
                seconds, peak, flagged = measure(Path(folder), workers)
                assert flagged["no-licence", "FLAGGED"] == unlicensed, (flagged, unlicensed)
                print(f"{cards:>9,} {workers:>8} {seconds:>9.1f} {cards / seconds:>9,.0f} {peak / 1024:>9.0f}")


if __name__ == "__main__":
    main()
