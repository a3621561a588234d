"""An in-toto statement of what a run compared: with which lists, how much was answered, and until when it holds.

It says nothing of what was found. Specification: https://github.com/in-toto/attestation/tree/main/spec/v1. The
published schema is reports/schema/comparison.schema.json.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor.errors import RunError, SealError, UsageError
from auditor.intervals import CONFIDENCE
from auditor.model import Audience, Count
from auditor.pipeline.report import Report
from auditor.pipeline.run_folder import FILES
from auditor.pipeline.sampled_audit import SampledAudit
from auditor.printable import printable
from auditor.reporting.coverage import comparison_rows, number_left_out
from auditor.reporting.sample_text import format_rate
from auditor.timestamps import format_time

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:provenance-auditor:comparison:1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
NOT_SAID = (
    "This says what was compared with which lists, and how much of it was answered. It does not say what was found, "
    "and it does not say that anything is free of such content."
)
_DRAWN = ("asked", "seed", "units", "drawn", "answered")
_OUTCOMES = ("compared", "low_detail", "not_compared", "not_computed")


def make_statement(
    report: Report, *, issued: str, expires: str, name_lists: bool = False, audience: Audience = "author"
) -> dict[str, Any]:
    """Return the statement of a finished run.

    Args:
        report: The whole report, not a redacted one.
        issued: The time of the statement, ISO 8601 in UTC.
        expires: When it ends to hold, ISO 8601 in UTC.
        name_lists: The lists' holders allow that their names and sizes are told; else a list is known by its digest.
        audience: author: of a local target only the last part of its path is told.

    Raises:
        UsageError: The run had no list to compare with, or is one part of an audit.
        RunError: The run's listing of files is damaged.
    """
    if not report.policy.lists:
        raise UsageError("the run had no list, so nothing was compared: scan with --known LIST")
    if report.part.of > 1:
        part = f"part {report.part.number:,} of {report.part.of:,}"
        raise UsageError(f"the run is {part} of an audit: join all parts with `auditor judge`, and attest that run")
    numbers = {known.name: f"list-{number}" for number, known in enumerate(report.policy.lists, 1)}
    lists = [
        {
            "id": numbers[known.name],
            "sha256": known.sha256,
            "version": known.version,
            "means": known.means,
            **({"name": known.name, "holder": known.holder, "entries": known.entries} if name_lists else {}),
        }
        for known in report.policy.lists
    ]
    comparisons = [
        {
            "list": numbers.get(row.list, ""),
            "algorithm": row.algorithm,
            "carrier": row.carrier,
            **{outcome: getattr(row, outcome) for outcome in _OUTCOMES},
            "of": row.total,
        }
        for row in comparison_rows(report)
    ]
    sampled = report.sampled
    predicate = {
        "notice": NOT_SAID,
        "tool": {"name": "auditor", "version": report.version},
        "policy": {"fingerprint": report.policy.fingerprint, "profile": report.policy.profile},
        "started": report.started,
        "finished": report.finished,
        "issued": issued,
        "expires": expires,
        "targets": [_target_name(target, audience) for target in report.targets],
        "files": _count_json(report.tally.files),
        "samples": _count_json(report.tally.samples),
        "complete": report.complete,
        "leftOutByChoice": number_left_out(report),
        "targetWasTrusted": report.is_target_trusted,
        "partsWereAskedDifferently": bool(report.notes.asked_differently),
        **({"drawnSample": _drawn_sample_json(sampled)} if sampled else {}),
        "lists": lists,
        "comparisons": comparisons,
        "comparedWithNothing": [numbers[name] for name in report.nothing_compared],
    }
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": "listing of the files that were read", "digest": {"sha256": listing_digest(report)}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }


@dataclass(frozen=True, slots=True)
class ComparisonStatement:
    """A statement that was read back, as far as it is shown and checked."""

    listing: str  # SHA-256 of the run's listing of files
    expires: str  # ISO 8601 in UTC
    lines: tuple[str, ...]


def read_statement(payload: bytes) -> ComparisonStatement:
    """Return what a signed payload states. Raises SealError if it is no statement of what was compared."""
    try:
        statement = json.loads(payload)
        kinds = statement["_type"], statement["predicateType"]
        if kinds != (STATEMENT_TYPE, PREDICATE_TYPE):
            raise SealError(f"is signed, but it states another thing: {printable(str(kinds[1]))}")
        predicate = statement["predicate"]
        return ComparisonStatement(
            listing=str(statement["subject"][0]["digest"]["sha256"]),
            expires=format_time(datetime.fromisoformat(predicate["expires"])),
            lines=tuple(map(printable, _statement_lines(predicate))),
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise SealError("is signed, but it is no statement of what was compared") from error


def listing_digest(report: Report) -> str:
    """Return the SHA-256 of a run's listing of files, by which a statement names what was read.

    The digest is over a JSON array for each file in order of place, each followed by a line feed: place, size, and the
    SHA-256 of a card or other short text, else "".

    Raises:
        RunError: The listing is damaged.
    """
    import pyarrow as pa
    import pyarrow.dataset as pads

    files = sorted(map(str, (report.folder or Path()).joinpath(FILES).glob("*.parquet")))
    if not files:
        raise RunError(f"{report.folder}: holds no listing of files; scan again")
    try:
        table = pads.dataset(files).to_table(columns=["uri", "size", "sha256"], filter=pads.field("partition") == 0)
        rows = table.sort_by([("uri", "ascending"), ("size", "ascending"), ("sha256", "ascending")])
    except (pa.ArrowInvalid, OSError) as error:
        raise RunError(f"{report.folder}: its listing of files cannot be read ({error}); scan again") from error
    digest = hashlib.sha256()
    for batch in rows.to_batches(max_chunksize=65_536):
        for uri, size, sha256 in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            digest.update(json.dumps([uri, size, sha256.hex()]).encode() + b"\n")
    return digest.hexdigest()


def _target_name(target: str, audience: Audience) -> str:
    """Return how a target is named: an address as it is, of a path its last part for authors."""
    if audience == "operator" or "://" in target:
        return printable(target, 1000)
    return printable(Path(target).resolve().name, 1000)


def _drawn_sample_json(sampled: SampledAudit) -> dict[str, Any]:
    """Return how a sample was drawn, and what it can prove at most; not what was found in it."""
    return {
        **{name: getattr(sampled, name) for name in _DRAWN},
        "strata": len(sampled.strata),
        "confidence": CONFIDENCE,
        "highestRateIfNoneMatched": sampled.without_matches().interval("").high,
    }


def _count_json(count: Count) -> dict[str, int]:
    """Return how many files or samples were collected, answered (read, or compared by all that was asked), and not."""
    return {
        "collected": count.collected,
        "answered": count.scanned,
        "inPart": count.partly,
        "skipped": count.skipped,
        "unanswered": count.errored,
    }


def _statement_lines(predicate: Mapping[str, Any]) -> Sequence[str]:
    """Return what a predicate states, in words."""
    lines = [f"Targets: {', '.join(map(str, predicate['targets'])) or 'none'}"]
    for name in ("samples", "files"):
        count = predicate[name]
        lines.append(
            f"{count['answered']:,} of {count['collected']:,} {name} answered; {count['inPart']:,} in part, "
            f"{count['skipped']:,} skipped, {count['unanswered']:,} not answered"
        )
    if left_out := predicate["leftOutByChoice"]:
        lines.append(f"{left_out:,} files were left out by options or by files of the target")
    if predicate["targetWasTrusted"]:
        lines.append("The target was trusted: its own files could leave out and accept things")
    if predicate["partsWereAskedDifferently"]:
        lines.append("Not the same was asked of all parts: a part was not compared with every list")
    if not predicate["complete"]:
        lines.append("Not complete: this is about a part")
    if drawn := predicate.get("drawnSample"):
        rate = format_rate(drawn["highestRateIfNoneMatched"])
        lines.append(
            f"A random sample: {drawn['drawn']:,} of {drawn['units']:,} samples were read (seed {drawn['seed']}, "
            f"strata: {drawn['strata']:,}). If none of them matched, at most {rate} of all did, "
            f"with {drawn['confidence']:.0%} confidence"
        )
    names = {known["id"]: known.get("name") or f"sha256 {known['sha256'][:12]}…" for known in predicate["lists"]}
    lines += (
        f"List {names[known['id']]}, version {known['version']}, means {known['means']}" for known in predicate["lists"]
    )
    lines += (
        f"{row['compared']:,} of {row['of']:,} ({row['carrier']}) compared by {row['algorithm']} with list "
        f"{names.get(row['list'], row['list'])}"
        for row in predicate["comparisons"]
    )
    lines += (f"Nothing was compared with list {names[name]}" for name in predicate["comparedWithNothing"])
    policy, tool = predicate["policy"], predicate["tool"]
    lines.append(
        f"By {tool['name']} {tool['version']}, policy {policy['fingerprint'][:12]}, profile {policy['profile']}"
    )
    lines.append(f"Read {predicate['started']} to {predicate['finished']}, valid until {predicate['expires']}")
    return lines
