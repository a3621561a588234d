"""Score the clause check on labelled texts: recall and precision of "clear", by-reference answers, and quoted places.

    python tests/benchmarks/bench_clauses.py FOLDER...

Each FOLDER has ``texts/`` and a ``labels.csv`` with ``file``, ``explicit_child_safety_prohibition`` (yes, no or
ambiguous) and, if there are any, ``char_start`` and ``char_end`` of the prohibition, ``incorporates_by_reference`` (the
policy that a text refers to) and ``encoding``. Ambiguous texts are left out. Without a folder, the texts of
``tests/data/voices.toml`` are scored, which the check was made with.
"""

from __future__ import annotations

import csv
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from auditor.clauses.detect import Clause, detect_clause
from auditor.policy.vocabularies import compiled_vocabulary, load_vocabularies
from auditor.syntax.html_text import is_html, text_of_html

VOICES = Path(__file__).parents[1] / "data" / "voices.toml"


class Labelled(NamedTuple):
    """A text with its label: its answer, and the characters of the prohibition (0, 0: not labelled)."""

    name: str
    text: str
    answer: str
    start: int = 0
    end: int = 0


def labelled_texts(folder: Path) -> Iterator[Labelled]:
    """Yield the labelled texts of a folder."""
    with open(folder / "labels.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            label = row["explicit_child_safety_prohibition"]
            text = (folder / "texts" / row["file"]).read_text(row.get("encoding") or "utf-8", "replace")
            refers = label == "no" and "(has one)" in (row.get("incorporates_by_reference") or "")
            answer = {"yes": "explicit", "no": "by-reference" if refers else "absent"}.get(label, "")
            if answer:
                yield Labelled(
                    row["file"], text, answer, int(row.get("char_start") or 0), int(row.get("char_end") or 0)
                )


def voices() -> Iterator[Labelled]:
    """Yield the texts of the tests."""
    for name, voice in tomllib.loads(VOICES.read_text("utf-8")).items():
        yield Labelled(name, voice["text"], voice["answer"])


def score(name: str, texts: list[Labelled]) -> None:
    """Print how often the answers agree with the labels, and each text where they do not."""
    cues = compiled_vocabulary(load_vocabularies()).clause_cues
    counts: Counter[str] = Counter()
    begun = time.process_time()
    for labelled in texts:
        page = is_html("", labelled.text) or labelled.text.startswith("<")
        found: Clause = detect_clause(text_of_html(labelled.text)[0] if page else labelled.text, cues)
        clear, is_clear = labelled.answer == "explicit", found.answer == "explicit"
        counts["clear"] += clear
        counts["said clear"] += is_clear
        counts["both"] += clear and is_clear
        counts["by reference"] += labelled.answer == "by-reference"
        counts["said by reference too"] += labelled.answer == found.answer == "by-reference"
        if clear and is_clear and labelled.end:
            counts["places"] += 1
            counts["right places"] += found.start < labelled.end and labelled.start < found.end
        if clear != is_clear or (labelled.answer == "by-reference" and found.answer != "by-reference"):
            print(f"  {labelled.name}: {found.answer}, labelled {labelled.answer}: {found.quote[:100]}")
    print(
        f"{name}: {len(texts)} texts, clear: recall {counts['both']}/{counts['clear']}, precision "
        f"{counts['both']}/{counts['said clear']}; by reference {counts['said by reference too']}/"
        f"{counts['by reference']}; quoted places {counts['right places']}/{counts['places']}; "
        f"{time.process_time() - begun:.1f} s"
    )


def main() -> None:
    for folder in map(Path, sys.argv[1:]):
        score(str(folder), list(labelled_texts(folder)))
    if len(sys.argv) == 1:
        score(VOICES.name, list(voices()))


if __name__ == "__main__":
    main()
