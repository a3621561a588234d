"""Kills a scan at random moments, goes on with it, and compares: `python -m tests.random_kills --kills 1000`.

A run of 40 shards is killed again and again, now the scan itself, now one of its workers, now all of them at once,
until it ends; its report must be that of a run that nobody disturbed. Then a new run begins. POSIX alone.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from auditor.pipeline.report import Report, read_report
from tests.pictures import jpeg, landscape

PICTURES, FILES_A_SHARD = 200, 5
SCAN = f"""
import sys
import auditor.pipeline.shard
from auditor.pipeline.audit import audit

if __name__ == "__main__":
    auditor.pipeline.shard.SHARD_FILES = {FILES_A_SHARD}
    audit(sys.argv[1], known=[sys.argv[2]], means="test", out=sys.argv[3], workers=2)
"""


def make_target(folder: Path) -> tuple[Path, Path]:
    """Draw the pictures of the target, and write a list that holds every tenth of them."""
    import hashlib

    target, listed = folder / "data", []
    target.mkdir()
    for number in range(PICTURES):
        data = jpeg(landscape(number, (640, 480)))
        (target / f"{number}.jpg").write_bytes(data)
        if number % 10 == 0:
            listed.append(hashlib.md5(data).hexdigest())
    known = folder / "known.csv"
    known.write_text("\n".join(["md5", *listed]) + "\n")
    return target, known


def start(command: list[str]) -> subprocess.Popen[bytes]:
    """Start a scan as the first process of a session of its own."""
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def kill_something(scan: subprocess.Popen[bytes], chance: random.Random) -> str:
    """Kill the scan, one of its workers, or all of them; return which, "" if there was nothing left to kill."""
    what = chance.choice(["scan", "worker", "all"])
    if scan.poll() is not None:
        return ""
    try:
        if what == "worker":
            listed = subprocess.run(["ps", "-o", "pid=", "--sid", str(scan.pid)], capture_output=True, check=False)
            workers = [int(pid) for pid in listed.stdout.split() if int(pid) != scan.pid]
            if not workers:
                return ""
            os.kill(chance.choice(workers), signal.SIGKILL)
        elif what == "scan":
            scan.kill()
        else:
            os.killpg(scan.pid, signal.SIGKILL)
    except ProcessLookupError:
        return ""
    return what


def results(report: Report) -> tuple[object, ...]:
    """Return all of a report but its times and place."""
    return list(report.findings), report.cases, report.tally, list(report.gaps), report.matches, report.complete


def main() -> None:
    """Kill until the number is reached; print what was killed, and end with 1 if a report differed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    killed = {"scan": 0, "worker": 0, "all": 0}
    wrong = runs = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        target, known = make_target(folder)
        command = [sys.executable, "-c", SCAN, str(target), str(known)]
        began = time.monotonic()
        if start([*command, str(folder / "whole")]).wait():
            raise SystemExit("the scan that nobody disturbs fails")
        seconds = time.monotonic() - began
        whole = results(read_report(folder / "whole"))
        while sum(killed.values()) < options.kills:
            runs, run = runs + 1, folder / f"run{runs}"
            while True:
                scan = start([*command, str(run)])
                time.sleep(chance.uniform(0, seconds))
                if what := kill_something(scan, chance):
                    killed[what] += 1
                _, said = scan.communicate(timeout=600)
                if scan.returncode == 0:
                    break
                if scan.returncode != -signal.SIGKILL:
                    wrong += 1
                    print(f"run {runs} ended with {scan.returncode}: {said.decode()[-400:]}")
            if results(read_report(run)) != whole:
                wrong += 1
                print(f"run {runs} has another report")
            shutil.rmtree(run)
            print(f"{sum(killed.values())} kills, {runs} runs", end="\r", file=sys.stderr)
    print(f"{sum(killed.values()):,} kills ({killed}) in {runs:,} runs that went on to their end: {wrong} went wrong")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
