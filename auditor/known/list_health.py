"""Report the health of a list: entries that cannot be matched, and what to ask its holder about."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from auditor.extensions import Extension
from auditor.known.canaries import matched_canaries
from auditor.known.compiled_list import CompiledList
from auditor.known.entries import ListOptions
from auditor.known.list_statistics import ListStatistics
from auditor.known.list_store import active_version, kept_versions
from auditor.known.open_list import compile_for_inspection, open_list
from auditor.known.video_index import MAX_FRAME_DISTANCE
from auditor.samples import VPDQ, WEIGHT_FINGERPRINT

# Holders publish between twice a day and once a month; an older list lacks the entries added since.
MAX_LIST_AGE = datetime.timedelta(days=90)


def check_list_file(path: Path, options: ListOptions, extensions: tuple[Extension, ...] = ()) -> Iterator[str]:
    """Yield lines about a list file and its malformed lines. Raises ListError if the file is no list."""
    with tempfile.TemporaryDirectory(prefix="auditor-check-") as folder:
        known, statistics = compile_for_inspection(path, options, Path(folder), extensions)
        yield from _describe_list(known)
        yield from _describe_malformed(statistics)
        yield from _describe_canaries(known)


def check_imported_list(name: str) -> Iterator[str]:
    """Yield lines about an imported list. Raises ListError if its arrays have changed since the import."""
    known = open_list(name)
    yield from _describe_list(known)
    age = list_age(known)
    yield f"imported: {known.manifest['imported'][:10]}, {age.days} days ago" + (
        ": ask for a newer version" if age > MAX_LIST_AGE else ""
    )
    if (versions := kept_versions(name)) != (known.version,):
        yield f"versions kept: {', '.join(versions)}"
    if reason := active_version(name).reason:
        yield f"not the newest version, {active_version(name).newest}, on purpose: {reason}"
    if malformed := known.manifest.get("malformed"):
        yield f"malformed: {malformed:,}, left out when the list was imported"
    yield from _describe_canaries(known)


def list_age(known: CompiledList) -> datetime.timedelta:
    """Return how long ago a list was imported; of a list file, how long ago it was opened."""
    return datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(known.manifest["imported"])


def _describe_list(known: CompiledList) -> Iterator[str]:
    """Yield lines about a compiled list: its identity, its algorithms, and the entries that cannot be matched."""
    manifest = known.manifest
    yield f"list: {known.name} version {known.version or 'not given'}, format {_format(manifest['source'])}"
    yield f"holder: {known.holder or 'not given'}"
    yield f"means: {known.means}"
    for algorithm, part in sorted(manifest["algorithms"].items()):
        method = f"within {known.thresholds[algorithm]} bits" if algorithm in known.thresholds else "by equality"
        method = (
            "by the weights' sampled values, with --weights sample or full"
            if algorithm == WEIGHT_FINGERPRINT
            else f"by frames, each within {MAX_FRAME_DISTANCE} bits"
            if algorithm == VPDQ
            else method
        )
        yield f"{algorithm}: {part['entries']:,} entries, matched {method}"
        classified = {name: number for name, number in part["classified"].items() if name}
        if classified:
            yield f"{algorithm} classified: " + ", ".join(f"{name} {n:,}" for name, n in sorted(classified.items()))
    for algorithm, number in sorted(manifest["unknown"].items()):
        yield f"unknown algorithm: {algorithm}, {number:,} entries that nothing here can match"
    for reason, number in sorted(manifest["unmatchable"].items()):
        yield f"unmatchable: {number:,} {reason}"
    for algorithm, number in sorted(manifest["duplicates"].items()):
        yield f"duplicate: {number:,} {algorithm}"
    for what in ("withdrawn", "disputed"):
        if manifest[what]:
            yield f"{what}: {manifest[what]:,}"
    if manifest["duty"]:
        yield f"duty: {manifest['duty']}"


def _describe_malformed(statistics: ListStatistics) -> Iterator[str]:
    """Yield a line about each malformed line of a list."""
    for item in statistics.malformed:
        yield f"malformed: line {item.line:,}: {item.reason}"
    if statistics.malformed_count > len(statistics.malformed):
        yield f"malformed: {statistics.malformed_count - len(statistics.malformed):,} further lines"


def _describe_canaries(known: CompiledList) -> Iterator[str]:
    """Yield a line about each harmless file that the list matches."""
    for what in matched_canaries(known):
        yield f"harmless: an entry matches {what}; such a version is not activated"


def _format(source: Mapping[str, str]) -> str:
    """Return the name of a list file's format, with the extension that adds it."""
    return f"{source['format']} of {source['extension']}" if "extension" in source else source["format"]
