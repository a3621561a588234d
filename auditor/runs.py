"""A run: its folder, and the report that is read from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from auditor.model import Case, Finding, Gap, Kind, Ref, Rule, Severity, Tally


@dataclass(frozen=True, slots=True)
class ListSummary:
    """A list as every report may show it: never an entry of it."""

    name: str
    version: str
    means: str
    entries: int
    sha256: str
    holder: str = ""


@dataclass(frozen=True, slots=True)
class PolicySummary:
    fingerprint: str
    profile: str
    rules: tuple[Rule, ...]
    lists: tuple[ListSummary, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """``child`` was made from ``parent``; ``source`` is whose word that is."""

    child: Ref
    parent: Ref
    relation: str
    source: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found.

    ``findings`` and ``gaps`` can be iterated any number of times, are in order of (kind, subject, revision,
    rule, fact) and are read from disk as they go: there may be millions. ``flagged`` counts findings by
    (rule, outcome, severity). ``cases`` come most serious first. ``lineage`` holds the edges on the paths of
    the subjects that have a case or descend from one that has, at most some hundreds.
    """

    version: str
    targets: tuple[str, ...]
    started: str  # ISO 8601, UTC
    finished: str
    policy: PolicySummary
    complete: bool
    tally: Tally
    subjects: Mapping[Kind, int]
    findings: Iterable[Finding] = ()
    gaps: Iterable[tuple[Ref, Gap]] = ()
    cases: tuple[Case, ...] = ()
    flagged: Mapping[tuple[str, str, Severity], int] = field(default_factory=dict)
    lineage: tuple[Edge, ...] = ()
    restricted: Path | None = None  # folder with hits.parquet (schema auditor.samples.HITS), for --places only
