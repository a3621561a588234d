"""Match a hub's listing of files with a list of models: two million rows, without a byte of the files.

Run: ``python -m tests.benchmarks.bench_listing [ROWS]``. Target: 2,000,000 rows in under 60 s.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
from collections import Counter
from itertools import islice
from pathlib import Path

from auditor.blob import Blob
from auditor.facts import subjects_to_rows
from auditor.known.open_list import open_list
from auditor.lineage.model_matching import match_models
from auditor.part_builders.read_options import ReadOptions
from auditor.readers import readers

FILES_PER_MODEL = 4
BATCH = 256  # models, as a worker takes them
ENTRIES = 10_000
FOUND = 500  # files that the list holds, half of them by their SHA-256


def digest(kind: str, number: int) -> str:
    return hashlib.sha256(f"{kind} {number}".encode()).hexdigest()


def write_listing(path: Path, rows: int) -> None:
    with open(path, "w", encoding="utf-8") as out:
        for model in range(rows // FILES_PER_MODEL):
            files = [
                {
                    "rfilename": f"model-{at}.safetensors",
                    "lfs": {"sha256": digest("sha256", FILES_PER_MODEL * model + at), "size": 1 << 30},
                    "xetHash": digest("xet", FILES_PER_MODEL * model + at),
                }
                for at in range(FILES_PER_MODEL)
            ]
            out.write(json.dumps({"id": f"owner-{model % 997}/model-{model}", "siblings": files}) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=2_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_listing(folder / "models.jsonl", rows)
        step = rows // FOUND
        lines = ["# name: listed", "# version: 1", "# means: model", "id,sha256,xet"]
        lines += [f"{n},{digest('sha256', n * step)}," for n in range(0, FOUND, 2)]
        lines += [f"{n},,{digest('xet', n * step)}" for n in range(1, FOUND, 2)]
        lines += [f"{n},{digest('other', n)}," for n in range(ENTRIES - FOUND)]
        (folder / "list.csv").write_text("\n".join(lines) + "\n")
        known = open_list(str(folder / "list.csv"), into=folder)
        path = folder / "models.jsonl"
        blob = Blob(str(path), path.name, path.stat().st_size, "", path.name)
        started = time.process_time()
        found: set[str] = set()
        parts = readers()["hub_listing"].read([blob], ReadOptions())
        while some := list(islice(parts, BATCH)):
            subjects = [part.subject for part in some]  # type: ignore[union-attr]
            hits = match_models(subjects, [known], Counter(), Counter())
            found.update(hits.column("name").to_pylist())
            subjects_to_rows(subjects)
        seconds = time.process_time() - started
        print(f"{rows:,} rows: {seconds:.1f} s of CPU, {len(found):,} models found")
        assert len(found) == FOUND


if __name__ == "__main__":
    main()
