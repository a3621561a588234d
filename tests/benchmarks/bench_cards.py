"""Cards a second: reading and parsing them here, against ``huggingface_hub.ModelCard.load`` of the same files.

Run by hand: ``python tests/benchmarks/bench_cards.py [FOLDER]``; without a folder it makes 2,000 cards of its
own. CPU time, median of five interleaved rounds over files that are listed beforehand, only where both read the
same licences.
"""

from __future__ import annotations

import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from auditor.blob import Blob
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part
from auditor.readers.card import read

ROUNDS = 5
MADE = 2000


def made(folder: Path) -> list[Path]:
    """Cards as long as real ones (a median of 2 kB), no two alike."""
    paths = []
    for number in range(MADE):
        path = folder / f"{number}.md"
        path.write_text(
            f"---\nlicense: {('mit', 'apache-2.0', 'openrail')[number % 3]}\nlanguage:\n- en\n- no\ntags:\n- trees\n"
            f"- leaf-{number}\nbase_model: acme/tree-{number % 50}\ndatasets:\n- acme/leaves\n"
            f"pipeline_tag: text-to-image\n---\n\n# Leaf {number}\n\n"
            + f"This model {number} sorts leaves by their shape. It was trained on pictures of trees.\n\n"
            * 20
        )
        paths.append(path)
    return paths


def seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def listed(paths: list[Path]) -> list[Blob]:
    return [Blob(str(path), path.name, path.stat().st_size, "model", path.name) for path in paths]


def ours(blobs: list[Blob]) -> dict[str, tuple[str, ...]]:
    return {
        part.subject.name: tuple(s.value for s in part.subject.statements_for("licence"))
        for part in read(blobs, ReadOptions())
        if isinstance(part, Part)
    }


def theirs(paths: list[Path]) -> dict[str, tuple[str, ...]]:
    from huggingface_hub import ModelCard
    from yaml import YAMLError

    logging.disable(logging.WARNING)
    found = {}
    for path in paths:
        try:
            licence = ModelCard.load(path, ignore_metadata_errors=True).data.license
        except (YAMLError, ValueError):  # it gives up on some real cards
            continue
        found[path.name] = tuple(licence) if isinstance(licence, list) else (licence,) if licence else ()
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = sorted(Path(sys.argv[1]).rglob("*.md")) if len(sys.argv) > 1 else made(Path(folder))
        blobs = listed(paths)
        if len(sys.argv) == 1:
            assert ours(blobs) == theirs(paths), "the two read different licences"
        rounds = [
            (seconds(lambda: ours(blobs)) / len(paths), seconds(lambda: theirs(paths)) / len(paths))
            for _ in range(ROUNDS)
        ]
    mine, peer = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"reading: {1 / mine:,.0f} cards/s, ModelCard.load {1 / peer:,.0f}/s: {peer / mine:.1f} times")


if __name__ == "__main__":
    main()
