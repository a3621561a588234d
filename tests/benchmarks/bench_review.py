"""How fast the review is: ``python -m tests.benchmarks.bench_review [CASES]``. Prints one JSON object.

Opens so many cases (100,000), takes pages of the queue by each kind of question, decides one, and proves the ledger.
The worst of the pages must stay under 100 ms.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from auditor.review import Ledger
from auditor.review.case_groups import CaseGroup
from auditor.review.case_reasons import Strength
from auditor.review.queue import QueueQuery
from auditor.review.verify_ledger import verify_ledger
from tests.reviewing import case_id, create_ledger, decide_case, opening_action

STRENGTH_MEANINGS: tuple[Strength, ...] = ("near", "exact", "listed", "named")


def main(cases: int = 100_000) -> None:
    with tempfile.TemporaryDirectory(prefix="auditor-") as folder, create_ledger(Path(folder, "ledger")) as book:
        figures: dict[str, float] = {"cases": cases}
        figures["open_us_a_case"] = _seconds(lambda: _open(book, cases)) / cases * 1e6
        figures["decide_ms"] = _seconds(lambda: decide_case(book, case_id(1))) / 3 * 1e3
        deep = QueueQuery(limit=50)
        for _ in range(20):
            deep = replace(deep, after=book.queue(deep).next)
        questions = {
            "first": QueueQuery(),
            "deep": deep,
            "by_stage": QueueQuery(stages=("new", "claimed")),
            "by_confidence": QueueQuery(confidence=("near",)),
            "by_ground_and_age": QueueQuery(ground="exposed", opened_before="2030"),
            "mine": QueueQuery(mine="heron"),
            "open_to": QueueQuery(open_to="wren"),
            "by_name": QueueQuery(name="model-99999"),
            "by_dataset": QueueQuery(shared=("dataset:atelier/data-1",)),
            "by_rule": QueueQuery(shared=("rule:trained-on-known-content",)),
            "of_group": QueueQuery(group=CaseGroup("exposed", "dataset", "atelier/data-1")),
        }
        for name, query in questions.items():
            figures[f"page_ms_{name}"] = max(_seconds(lambda asked=query: book.queue(asked)) for _ in range(3)) * 1e3  # type: ignore[misc]
        figures["groups_ms"] = max(_seconds(book.groups) for _ in range(3)) * 1e3
        figures["standing_s"] = _seconds(lambda: sum(1 for _ in book.decisions_in_force()))
        figures["verify_s"] = _seconds(lambda: verify_ledger(book))
        figures["ledger_mb"] = (book.folder / "ledger.sqlite").stat().st_size / 1e6
        figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(json.dumps({name: round(figure, 1) for name, figure in figures.items()}, indent=1))


def _open(book: Ledger, cases: int) -> None:
    for start in range(1, cases + 1, 1000):
        numbers = range(start, min(start + 1000, cases + 1))
        book.record(
            *(
                opening_action(
                    n,
                    STRENGTH_MEANINGS[n % 4],
                    ground=("exposed", "linked")[n % 2],
                    dataset=f"atelier/data-{n % 9}",
                )
                for n in numbers
            )
        )


def _seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
