"""The table lists the cases first, every finding once, and proves its counts."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from auditor.model import Case, Comparison, Ref, Tally
from auditor.pipeline.report import Report

Show = Callable[..., str]


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_cases_stand_first_with_their_reasons_and_copies(report: Report, shown: Show) -> None:
    rows = [row for row in table(shown(report, "csv")) if row["case"]]
    assert [(row["type"], row["ground"], row["subject"]) for row in rows] == [
        ("case", "linked", "harbour/pier-lora"),
        ("finding", "linked", "harbour/pier-lora"),
        ("case", "exposed", "shore/coast-diffusion"),
        ("finding", "exposed", "shore/coast-diffusion"),
        ("copy", "exposed", "mirror/coast-diffusion-copy"),
    ]
    assert rows[3]["text"] == "trained on shore/coast-photos, whose samples match entries of list example-known"
    assert rows[3]["place"] == "models/shore/coast-diffusion/README.md"
    assert rows[3]["line"] == "7"


def test_every_finding_is_listed_once(report: Report, shown: Show) -> None:
    listed = Counter(row["fingerprint"] for row in table(shown(report, "csv")) if row["type"] == "finding")
    assert listed == Counter(finding.fingerprint for finding in report.findings)


def test_counts_are_proven(report: Report, shown: Show) -> None:
    counts = {
        row["kind"]: (row["number"], row["text"]) for row in table(shown(report, "csv")) if row["type"] == "count"
    }
    assert counts == {
        "files": ("31", "collected = 28 scanned + 0 partly + 2 skipped + 1 errored"),
        "samples": ("126", "collected = 121 scanned + 0 partly + 3 skipped + 2 errored"),
    }


def test_what_was_compared_with_each_list_has_rows_of_its_own(report: Report, shown: Show) -> None:
    comparisons = {
        Comparison("hills", "pdq", "video", "compared"): 3,
        Comparison("hills", "pdq", "video", "not compared"): 1,
    }
    rows = table(shown(replace(report, tally=Tally(comparisons=comparisons)), "csv"))
    assert [(row["kind"], row["text"], row["number"]) for row in rows if row["type"] == "comparison"] == [
        (
            "video",
            "3 of 4 videos were compared with list hills by pdq (nearly the same picture); 1 could not be hashed",
            "3",
        )
    ]


def test_all_copies_stand_under_one_case(report: Report, shown: Show) -> None:
    copies = tuple(Ref("model", f"mirror/copy-{number:03}") for number in range(500))
    case = Case("exposed", "model", "a/base", "", report.cases[1].reasons, copies)
    rows = table(shown(replace(report, cases=(case,)), "csv"))
    assert sum(row["type"] == "case" for row in rows) == 1
    assert sum(row["type"] == "copy" and row["case"] == case.id for row in rows) == 500
