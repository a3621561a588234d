"""Draft a report of known content from any run with a match: for a hotline, or for NCMEC's CyberTipline.

Such a report waits for no decision and no second person. A draft names the dataset, the lists and the counts, and no
sample, place, digest or address: those stand in the evidence, which is encrypted for its recipient
(:mod:`auditor.reporting.evidence`). Nothing is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import UsageError
from auditor.pipeline.matched_addresses import read_matches
from auditor.pipeline.report import Report
from auditor.plurals import count_with_noun
from auditor.printable import printable
from auditor.reporting.cybertipline import DRAFT_NOTICE, FILL_IN, build_cybertipline_draft
from auditor.samples import EXACT_ALGORITHMS

MEANING = "csam"
_NOTHING_VIEWED = (
    "Samples were compared by their hashes alone. Nobody opened, copied or visited one of them to write this. A match "
    "says that a sample has the same hash as an entry of the list, or a similar one (near); it does not show what the "
    "sample is."
)


@dataclass(frozen=True, slots=True)
class MatchedDataset:
    """How many samples of one subject match, of each list, way and basis: texts with their number."""

    kind: str
    name: str
    revision: str
    samples: int
    counts: tuple[tuple[str, int], ...]


def reportable_matches(report: Report) -> pa.Table:
    """Return a run's matches that a report can be drafted from.

    Raises:
        UsageError: There are none: no match with a list of known child sexual abuse material.
    """
    if report.folder is None:
        raise UsageError("a shared report names nothing that could be reported; name the run's folder")
    matches = read_matches(report.folder, MEANING, report.tally.samples.collected)
    if matches.num_rows:
        return matches
    tests = [known.name for known in report.policy.lists if known.means == "test"]
    rehearsal = f"; list {tests[0]} means `test`, so this is a rehearsal" if tests else ""
    raise UsageError(
        f"{report.folder}: no sample matches a list that means {MEANING}, so there is nothing to report{rehearsal}"
    )


def matched_datasets(matches: pa.Table) -> tuple[MatchedDataset, ...]:
    """Return how many samples match, by subject; a sample counts once for each list, by its strongest match."""
    near = pc.invert(pc.is_in(matches["algorithm"], pa.array(EXACT_ALGORITHMS)))
    declared = pc.equal(matches["basis"], "declared")
    rank = pc.add(
        pc.add(pc.multiply(pc.cast(matches["is_lead"], pa.int8()), 4), pc.multiply(pc.cast(declared, pa.int8()), 2)),
        pc.cast(near, pa.int8()),
    )
    identity = ["kind", "name", "revision"]
    table = matches.append_column("rank", rank)
    best = table.group_by([*identity, "list", "key"]).aggregate([("rank", "min")])
    counts = best.group_by([*identity, "list", "rank_min"]).aggregate([("key", "count")])
    rows = counts.sort_by([(name, "ascending") for name in (*identity, "list", "rank_min")]).to_pylist()
    counted = matches.group_by(identity).aggregate([("key", "count_distinct")]).to_pylist()
    numbers = {_identity(row): row["key_count_distinct"] for row in counted}
    ways: dict[tuple[str, str, str], list[tuple[str, int]]] = {key: [] for key in sorted(numbers)}
    for row in rows:
        ways[_identity(row)].append((f"list {row['list']}: {_way(row['rank_min'])}", row["key_count"]))
    return tuple(MatchedDataset(*key, numbers[key], tuple(found)) for key, found in ways.items())


def _identity(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return kind, name and revision of a match's subject."""
    return row["kind"], row["name"], row["revision"] or ""


def _way(rank: int) -> str:
    """Return how samples match, in words for a draft, by the rank of their best match."""
    if rank >= 4:
        return "near, with a common edit undone (a lead)"
    basis = "digest that the dataset states, not computed from bytes" if rank & 2 else "digest computed from the bytes"
    return f"{'near' if rank & 1 else 'exact'}, {basis}"


def hotline_draft(report: Report, matches: pa.Table, country: str = "") -> str:
    """Draft a report to a hotline in plain words.

    Args:
        report: The run's report.
        matches: What it matches.
        country: ISO 3166 code of the country whose hotline it is for; "" to be filled in.
    """
    hotlines = report.policy.contacts.hotlines
    known = next((one for one in hotlines if one.code == country.upper()), None)
    lines = [DRAFT_NOTICE, "", f"To: {f'{known.name}, {known.url}' if known else FILL_IN}", f"From: {FILL_IN}", ""]
    lines += [*_described(report, matches), "", "Where it was got from, and when:", f"  {FILL_IN}", ""]
    lines += [
        "Which samples match, with their addresses where the dataset states them, is in the evidence that belongs to "
        "this report. It can be sent encrypted to a key of yours:",
        "  auditor report RUN --evidence --recipient YOUR-KEY -o FILE",
    ]
    return "\n".join(lines) + "\n"


def cybertipline_draft(report: Report, matches: pa.Table) -> str:
    """Draft a report for NCMEC's CyberTipline as XML: of a run's report, and what it matches."""
    return build_cybertipline_draft(
        found_at=report.finished,
        found_words="When the audit ended; not when anything was published",
        sentences=_described(report, matches),
    )


def _described(report: Report, matches: pa.Table) -> Iterator[str]:
    """Yield the sentences of a draft on what was found."""
    for found in matched_datasets(matches):
        revision = f", revision {printable(found.revision, 200)}" if found.revision else ""
        name = printable(found.name, 500)
        yield f"{count_with_noun(found.samples, 'sample')} of the {found.kind} {name}{revision} match:"
        for way, number in found.counts:
            yield f"  {number:,} × {printable(way, 300)}"
    lists = set(matches["list"].to_pylist())
    for known in report.policy.lists:
        if known.name in lists:
            holder = f", held by {printable(known.holder, 200)}" if known.holder else ""
            yield f"List {printable(known.name, 200)}, version {printable(known.version, 100)}{holder}."
    read = f"{report.tally.samples.collected:,} samples were found, {report.tally.samples.scanned:,} of them compared"
    yield f"{read}, from {report.started} to {report.finished}, by auditor {report.version}."
    yield _NOTHING_VIEWED
