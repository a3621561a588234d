"""Shows what a look-up answered: lines for people, a table, or JSON; nothing in a name acts on who reads it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import IO

from auditor.deindex.lookup import Answer, Lookup
from auditor.printable import csv_cell, printable

COLUMNS = (
    "asked",
    "answer",
    "entry",
    "action",
    "ground",
    "kind",
    "name",
    "decided_at",
    "review_by",
    "appeal",
    "version",
    "log_index",
)


def about(lookup: Lookup) -> str:
    """The list's version and age."""
    header = lookup.header
    age = datetime.fromisoformat(lookup.now) - datetime.fromisoformat(header.issued_at)
    days, hours = max(age.days, 0), max(age.seconds // 3600, 0)
    return (
        f"list of {header.sender.name}, version {header.version}, {days} days and {hours} hours old, "
        f"expires {header.expires_at}"
    )


def write(answers: Iterable[Answer], out: IO[str], form: str) -> int:
    """Write each answer; 1 where something is listed, else 3 where something could not be answered, else 0."""
    outcomes = set()
    show = _FORMS[form](out)
    for answer in answers:
        outcomes.add(answer.outcome)
        show(answer)
    return 1 if "listed" in outcomes else 3 if outcomes - {"not listed"} else 0


def _rows(answer: Answer) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        (
            answer.asked,
            answer.outcome,
            entry["entry"],
            entry["action"],
            entry["ground"],
            entry["subject"]["kind"],
            entry["subject"]["name"],
            entry["decided_at"],
            entry["review_by"],
            entry["appeal"]["route"],
            str(entry["version"]),
            str(entry["log"]["index"]),
        )
        for entry in answer.entries
    ]
    return rows or [(answer.asked, answer.outcome)]


def _lines(out: IO[str]) -> Callable[[Answer], None]:
    def show(answer: Answer) -> None:
        for asked, outcome, *rest in _rows(answer):
            out.write("\t".join(printable(text, 300) for text in (outcome, asked, *rest)) + "\n")

    return show


def _csv(out: IO[str]) -> Callable[[Answer], None]:
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)

    def show(answer: Answer) -> None:
        for row in _rows(answer):
            table.writerow(map(csv_cell, row + ("",) * (len(COLUMNS) - len(row))))

    return show


def _json(out: IO[str]) -> Callable[[Answer], None]:
    def show(answer: Answer) -> None:
        # Escapes and bidi characters are written as \\u….
        content = {"asked": answer.asked, "answer": answer.outcome, "entries": answer.entries}
        out.write(json.dumps(content, ensure_ascii=True) + "\n")

    return show


_FORMS: dict[str, Callable[[IO[str]], Callable[[Answer], None]]] = {"lines": _lines, "csv": _csv, "json": _json}
