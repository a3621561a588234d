"""How healthy a list is: what of it cannot be matched, and what its holder should be asked about."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Iterator
from pathlib import Path

from auditor.known import canaries
from auditor.known.compile_list import Health
from auditor.known.compiled_list import CompiledList
from auditor.known.entries import ListOptions
from auditor.known.store import inspect, kept, open_list, pointer
from auditor.samples import WEIGHT_FINGERPRINT

# Holders publish at least twice a day to once a month; what is older misses what was listed since.
_OLD = datetime.timedelta(days=90)


def check_file(path: Path, options: ListOptions) -> Iterator[str]:
    """Lines about a list file, its malformed lines among them. Raises ListError where it is no list at all."""
    with tempfile.TemporaryDirectory(prefix="auditor-check-") as folder:
        known, health = inspect(path, options, Path(folder))
        yield from _described(known)
        yield from _malformed(health)
        yield from _met(known)


def check_imported(name: str) -> Iterator[str]:
    """Lines about an imported list. Raises ListError where its arrays are not what was imported."""
    known = open_list(name)
    yield from _described(known)
    imported = datetime.datetime.fromisoformat(known.manifest["imported"])
    age = datetime.datetime.now(datetime.UTC) - imported
    yield f"imported: {imported:%Y-%m-%d}, {age.days} days ago" + (": ask for a newer version" if age > _OLD else "")
    if (versions := kept(name)) != (known.version,):
        yield f"versions kept: {', '.join(versions)}"
    if reason := pointer(name).reason:
        yield f"not the newest version, {pointer(name).newest}, on purpose: {reason}"
    yield from _met(known)


def _described(known: CompiledList) -> Iterator[str]:
    manifest = known.manifest
    yield f"list: {known.name} version {known.version or 'not given'}, format {manifest['source']['format']}"
    yield f"holder: {known.holder or 'not given'}"
    yield f"means: {known.means}"
    for algorithm, part in sorted(manifest["algorithms"].items()):
        how = f"within {known.thresholds[algorithm]} bits" if algorithm in known.thresholds else "by equality"
        how = (
            "by the weights' sampled values, with --weights sample or full" if algorithm == WEIGHT_FINGERPRINT else how
        )
        yield f"{algorithm}: {part['entries']:,} entries, matched {how}"
        classified = {name: number for name, number in part["classified"].items() if name}
        if classified:
            yield f"{algorithm} classified: " + ", ".join(f"{name} {n:,}" for name, n in sorted(classified.items()))
    for algorithm, number in sorted(manifest["unknown"].items()):
        yield f"unknown algorithm: {algorithm}, {number:,} entries that nothing here can match"
    for why, number in sorted(manifest["unmatchable"].items()):
        yield f"unmatchable: {number:,} {why}"
    for algorithm, number in sorted(manifest["duplicates"].items()):
        yield f"duplicate: {number:,} {algorithm}"
    for what in ("withdrawn", "disputed"):
        if manifest[what]:
            yield f"{what}: {manifest[what]:,}"
    if manifest["duty"]:
        yield f"duty: {manifest['duty']}"


def _malformed(health: Health) -> Iterator[str]:
    for item in health.malformed:
        yield f"malformed: line {item.line:,}: {item.reason}"
    if health.malformed_lines > len(health.malformed):
        yield f"malformed: {health.malformed_lines - len(health.malformed):,} further lines"


def _met(known: CompiledList) -> Iterator[str]:
    for what in canaries.matched(known):
        yield f"harmless: an entry matches {what}; such a version is not activated"
