"""Write look-up results as lines, CSV or JSON; a name in them cannot control a terminal or spreadsheet."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import IO

from auditor.deindex.lookup import Lookup, LookupResult
from auditor.printable import csv_cell, printable

RESULT_COLUMNS = (
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


def describe_list(lookup: Lookup) -> str:
    """Return the version and age of the list that look-ups used, for their output."""
    header = lookup.header
    age = datetime.fromisoformat(lookup.now) - datetime.fromisoformat(header.issued_at)
    days, hours = max(age.days, 0), max(age.seconds // 3600, 0)
    return (
        f"list of {header.sender.name}, version {header.version}, {days} days and {hours} hours old, "
        f"expires {header.expires_at}"
    )


def write_results(answers: Iterable[LookupResult], out: IO[str], form: str) -> int:
    """Write each look-up result; return 1 if something is listed, else 3 if something could not be answered, else 0."""
    outcomes = set()
    write_result = _WRITERS[form](out)
    for answer in answers:
        outcomes.add(answer.outcome)
        write_result(answer)
    return 1 if "listed" in outcomes else 3 if outcomes - {"not listed"} else 0


def _result_rows(answer: LookupResult) -> list[tuple[str, ...]]:
    """Return one row per list entry that answers a look-up, or one row that says why none does."""
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


def _lines_writer(out: IO[str]) -> Callable[[LookupResult], None]:
    """Return a function that writes look-up results as lines, tabs between."""

    def write_result(answer: LookupResult) -> None:
        """Write a look-up result as lines."""
        for asked, outcome, *rest in _result_rows(answer):
            out.write("\t".join(printable(text, 300) for text in (outcome, asked, *rest)) + "\n")

    return write_result


def _csv_writer(out: IO[str]) -> Callable[[LookupResult], None]:
    """Return a function that writes look-up results as CSV, after a heading."""
    table = csv.writer(out, lineterminator="\n")
    table.writerow(RESULT_COLUMNS)

    def write_result(answer: LookupResult) -> None:
        """Write a look-up result as rows of CSV."""
        for row in _result_rows(answer):
            table.writerow(map(csv_cell, row + ("",) * (len(RESULT_COLUMNS) - len(row))))

    return write_result


def _json_writer(out: IO[str]) -> Callable[[LookupResult], None]:
    """Return a function that writes one JSON object per look-up result."""

    def write_result(answer: LookupResult) -> None:
        """Write a look-up result as a line of JSON."""
        # Escapes and bidi characters are written as \\u….
        content = {"asked": answer.asked, "answer": answer.outcome, "entries": answer.entries}
        out.write(json.dumps(content, ensure_ascii=True) + "\n")

    return write_result


_WRITERS: dict[str, Callable[[IO[str]], Callable[[LookupResult], None]]] = {
    "lines": _lines_writer,
    "csv": _csv_writer,
    "json": _json_writer,
}
