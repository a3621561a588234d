"""What a report may show to whom: the report itself, one without names, or with restricted places.

Every format begins with :func:`prepared`, so no format can show a name that another leaves out.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from auditor.errors import RunError, UsageError
from auditor.model import GAP_KINDS, Case, Finding, Gap, Place, Ref
from auditor.pipeline.audit import Report
from auditor.reporting import guidance
from auditor.reporting.options import Options
from auditor.samples import EXACT_ALGORITHMS, HITS_SCHEMA

T = TypeVar("T")

CONFIDENTIAL = "Confidential: unproven until reviewed"
RESTRICTED = "RESTRICTED: shows where matched samples are; for those who handle the reports by law or duty"
SHARED = "Shared without names: subjects are numbered, facts are those of the rules, remarks and places are left out"
UNNAMED = "Provenance audit"


def prepared(report: Report, options: Options) -> Report:
    """The report as these options allow it to be shown."""
    if options.places and options.share:
        raise UsageError("--places and --share exclude each other: places are never shared; choose one of them")
    return _Numbers(report).shared() if options.share else report


def notice(report: Report, options: Options) -> str:
    """Return the line that heads the report: that nothing was read or compared, then how the report may be used."""
    return " ".join((*guidance.nothing_done(report), _use(report, options)))


def _use(report: Report, options: Options) -> str:
    if options.places:
        return f"{RESTRICTED}. {CONFIDENTIAL}"
    if options.share:
        return f"{SHARED}. {CONFIDENTIAL}"
    named = any(True for stream in (report.cases, report.findings, report.gaps) for _ in stream)
    return CONFIDENTIAL if named else UNNAMED


def called(ref: Ref) -> str:
    """A subject in words: its kind and name, where the name is not a number that says the kind itself."""
    return ref.name if ref.name.startswith(f"{ref.kind} ") else f"{ref.kind} {ref.name}"


@dataclass(frozen=True, slots=True)
class PlacedHit:
    """Where one matched sample is; restricted."""

    kind: str = ""
    name: str = ""
    revision: str = ""
    list: str = ""
    version: str = ""
    means: str = ""
    token: str = ""
    classification: str = ""
    sample: str = ""
    place: str = ""
    row: int = 0
    algorithm: str = ""
    distance: int = 0
    variant: str = ""
    basis: str = ""

    @property
    def nearness(self) -> str:
        """A perceptual hash is near even at distance 0: only equal bytes, or addresses, are exact."""
        return "exact" if self.algorithm in EXACT_ALGORITHMS else f"near, distance {self.distance}"


def placed_hits(report: Report) -> Iterator[PlacedHit]:
    """The run's hits with their places, a batch at a time; RunError when the run no longer holds them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = (report.restricted or Path("restricted")) / "hits"
    files = sorted(folder.glob("*.parquet"))
    counted = any(number for what, number in report.tally.coverage.items() if what.startswith("hits "))
    if report.restricted is None or not folder.is_dir() or (counted and not files):
        raise RunError(f"{folder}: this run holds no places of matched samples; report without --places")
    for path in files:
        try:
            for batch in pq.ParquetFile(path).iter_batches(columns=HITS_SCHEMA.names):
                for row in batch.to_pylist():
                    yield PlacedHit(**{key: value for key, value in row.items() if value is not None})
        except (pa.ArrowInvalid, OSError) as error:
            raise RunError(f"{path}: cannot be read ({error}); scan again") from error


class _Numbers:
    """Gives subjects numbers in place of names.

    Subjects of cases and lineage (already in memory) are numbered first; all others as the ordered streams
    bring them, so memory does not grow with the run and a subject has one number in findings and gaps.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._last: Counter[str] = Counter()
        self._known: dict[Ref, Ref] = {}
        self._titles = {rule.id: rule.title for rule in report.policy.rules}
        for case in report.cases:
            for ref in (case.ref, *case.copies, *(r.ref for r in case.reasons)):
                self._number(ref)
        for edge in report.lineage:
            self._number(edge.parent)
            self._number(edge.child)

    def shared(self) -> Report:
        report = self._report
        return replace(
            report,
            targets=tuple(f"target {number}" for number, _ in enumerate(report.targets, 1)),
            tally=replace(report.tally, reasons={}),
            findings=_Again(self._findings),
            gaps=_Again(self._gaps),
            cases=tuple(self._case(case) for case in report.cases),
            lineage=tuple(
                replace(e, child=self._known[e.child], parent=self._known[e.parent], source="") for e in report.lineage
            ),
            restricted=None,
        )

    def _number(self, ref: Ref) -> None:
        if ref not in self._known:
            self._last[ref.kind] += 1
            self._known[ref] = Ref(ref.kind, f"{ref.kind} {self._last[ref.kind]}")

    def _case(self, case: Case) -> Case:
        return Case(
            case.ground,
            case.kind,
            self._known[case.ref].name,
            "",
            tuple(self._bare(reason, self._known[reason.ref]) for reason in case.reasons),
            tuple(self._known[copy] for copy in case.copies),
        )

    def _numbered(self) -> Iterator[tuple[Ref, Finding | Gap]]:
        findings: Iterable[tuple[Ref, Finding | Gap]] = ((finding.ref, finding) for finding in self._report.findings)
        gaps: Iterable[tuple[Ref, Finding | Gap]] = self._report.gaps
        last, seen, number = Counter(self._last), None, Ref("model", "")
        for ref, thing in heapq.merge(findings, gaps, key=lambda pair: pair[0]):
            if ref != seen:
                seen = ref
                if ref not in self._known:
                    last[ref.kind] += 1
                number = self._known.get(ref) or Ref(ref.kind, f"{ref.kind} {last[ref.kind]}")
            yield number, thing

    def _findings(self) -> Iterator[Finding]:
        return (self._bare(thing, ref) for ref, thing in self._numbered() if isinstance(thing, Finding))

    def _gaps(self) -> Iterator[tuple[Ref, Gap]]:
        return (
            (ref, Gap(thing.what, GAP_KINDS.get(thing.what, "")))
            for ref, thing in self._numbered()
            if isinstance(thing, Gap)
        )

    def _bare(self, finding: Finding, ref: Ref) -> Finding:
        title = self._titles.get(finding.rule) or finding.rule
        return finding._replace(subject=ref.name, revision="", fact=title, place=Place(""), remark="")


@dataclass(frozen=True, slots=True)
class _Again(Generic[T]):
    """A stream that can be iterated again."""

    make: Callable[[], Iterator[T]]

    def __iter__(self) -> Iterator[T]:
        return self.make()
