"""The report of a finished run, and reading it back from the run's folder."""

from __future__ import annotations

import heapq
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.errors import RunError, UsageError
from auditor.model import SEVERITIES, Audience, Case, Finding, Gap, Kind, Outcome, Place, Ref, Severity, Tally
from auditor.pipeline.baseline import Acceptances
from auditor.pipeline.cases import case_from_json
from auditor.pipeline.finding_tables import FINDING_COLUMNS, GAP_COLUMNS, finding_from_row
from auditor.pipeline.policy_summary import PolicySummary, policy_from_json
from auditor.pipeline.run_folder import DERIVED, FACTS, FINDINGS, GAPS, MATCHES, RESTRICTED, read_results, read_run
from auditor.pipeline.run_parts import WHOLE, RunPart
from auditor.pipeline.sampled_audit import SampledAudit, sampled_audit_from_json
from auditor.pipeline.tally_files import tally_from_json

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# What is shown of the lineage around the cases: so much that a person can still look at it.
_LINEAGE_CASES = 300
_LINEAGE_EDGES = 600
_LINEAGE_GENERATIONS = 5
# Rows in memory of each file of findings: at least so many, at most so many in all.
_MIN_ROWS_AHEAD, _MAX_ROWS_AHEAD = 64, 16384


@dataclass(frozen=True, slots=True)
class Edge:
    """``child`` was made from ``parent``, as ``source`` says (card, header, weights …).

    ``dropped``: the parent prohibits the sexual exploitation of minors, and the child's terms do not.
    """

    child: Ref
    parent: Ref
    relation: str
    source: str
    dropped: bool = False


class AncestorNote(NamedTuple):
    """What a report says of ancestors that were not read with the run's subjects: a sentence, and some of their names.

    ``more`` is how many are not named, if it is above 0; ``why`` is what follows from it.
    """

    what: str
    names: tuple[str, ...] = ()
    more: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Notes:
    """What a report of several runs says of them, in sentences.

    Attributes:
        asked_differently: What was not asked the same of all runs: a part of what they read is not answered.
        counted_once: How many files several runs read, which are counted once.
        remote: Of repositories on a hub, how many were taken over from an earlier run, or changed meanwhile.
        kept_digests: That the run keeps digests, and until when.
    """

    asked_differently: tuple[str, ...] = ()
    counted_once: tuple[str, ...] = ()
    remote: tuple[str, ...] = ()
    kept_digests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MatchCount:
    """How many samples match entries of a list, apart from lists of models and benign ones.

    A sample counts once for each list: an exact match before a near one, a computed digest before a declared one.

    Attributes:
        list: The list's name.
        basis: Whether the digests were computed from the samples, or only declared by a text file.
        relation: exact, near, or near-thorough (only with common edits undone: a lead).
        number: How many samples.
    """

    list: str
    basis: str
    relation: str
    number: int


@dataclass(frozen=True, slots=True)
class Report:
    """The results of a run.

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
    flagged: Mapping[tuple[str, Outcome, Severity], int] = field(default_factory=dict)
    lineage: tuple[Edge, ...] = ()
    restricted: Path | None = None  # folder with hits/*.parquet (schema auditor.samples.HITS_SCHEMA), for --places only
    notes: Notes = field(default_factory=Notes)
    ancestors: tuple[AncestorNote, ...] = ()
    unread: int = 0  # gaps: what was selected but could not be read or judged
    folder: Path | None = None  # the run's folder, for the person who runs the program; None in a shared report
    matches: tuple[MatchCount, ...] = ()
    part: RunPart = WHOLE  # which part of an audit it is; 1 of 1: the whole
    sampled: SampledAudit | None = None  # what was drawn and what that proves; None: everything was read
    facts: Path | None = None  # folder with facts/*.parquet (schema auditor.facts.FACTS_SCHEMA)
    audience: Audience = "operator"  # for whom redaction has made it: author: see auditor.reporting.author_view
    accepted: Acceptances = field(default_factory=Acceptances)  # by a baseline; no longer in findings, gaps and flagged
    is_target_trusted: bool = False  # --trust-target: files of the target could change how it was read

    @property
    def hits(self) -> pa.Table:
        """The matched samples with their places (HITS_SCHEMA): restricted, and never to be passed on.

        Raises:
            RunError: The run no longer holds them.
        """
        import pyarrow.dataset as pads

        from auditor.samples import HITS_SCHEMA

        if self.restricted is None:
            raise RunError("this report holds no places of matched samples; read the run's own folder")
        files = sorted(map(str, (self.restricted / "hits").glob("*.parquet")))
        if not files:
            return HITS_SCHEMA.empty_table()
        return pads.dataset(files, schema=HITS_SCHEMA, format="parquet").to_table()  # type: ignore[no-any-return]

    def to_pandas(self) -> pd.DataFrame:
        """Return the findings as a data frame, in their order: a row each, with the columns of FINDING_COLUMNS.

        Raises:
            UsageError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise UsageError("pandas is not installed: pip install pandas") from error
        rows = (
            (f.kind, f.subject, f.revision, f.rule, f.fact, f.outcome, f.severity, f.place.uri, f.place.line, f.remark)
            for f in self.findings
        )
        return pd.DataFrame(list(rows), columns=list(FINDING_COLUMNS[:10]))

    def _repr_html_(self) -> str:
        """Return a short table of the findings by rule, which a notebook shows; it names no subject."""
        from html import escape

        titles = {rule.id: rule.title for rule in self.policy.rules}
        rows = "".join(
            f"<tr><td>{escape(severity)}</td><td>{number:,}</td><td>{escape(rule)}</td>"
            f"<td>{escape(titles.get(rule, ''))}{' (not judged)' if outcome != 'FLAGGED' else ''}</td></tr>"
            for (rule, outcome, severity), number in sorted(self.flagged.items())
        )
        samples, files = self.tally.samples, self.tally.files
        read = (
            f"{samples.scanned:,} of {samples.collected:,} samples and {files.scanned:,} of {files.collected:,} files "
            f"were read whole; {len(self.cases):,} cases for people to decide, {self.unread:,} gaps"
        )
        return f"<p>{escape(read)}</p><table><tr><th></th><th>number</th><th>rule</th><th></th></tr>{rows}</table>"

    def card_places(self, refs: Collection[Ref]) -> dict[Ref, Place]:
        """Return the place of the card of each of these subjects that has one.

        Another file may be the one that matches a list, whose place no report shows.
        """
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.dataset as pads

        if not refs or self.facts is None:
            return {}
        names = pa.array(sorted({ref.name for ref in refs}), pa.string())
        wanted = pc.field("name").isin(names) & (pc.field("key") == "card")
        columns = ["kind", "name", "revision", "uri", "line"]
        table = pads.dataset(sorted(map(str, self.facts.glob("*.parquet")))).to_table(columns, filter=wanted)
        rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
        places = {Ref(*cells[:3]): Place(*cells[3:]) for cells in sorted(rows, reverse=True)}
        return {ref: place for ref, place in places.items() if ref in refs}

    @property
    def nothing_read(self) -> bool:
        """Whether every file was skipped."""
        return 0 < self.tally.files.collected == self.tally.files.skipped

    @property
    def nothing_compared(self) -> tuple[str, ...]:
        """Return the names of the lists that had to be compared with something and were compared with nothing.

        Lists of samples answer together, for samples; lists of models together, for models. Where there is nothing
        that they could answer for, they are named only if no other list was compared with anything. Benign lists
        flag nothing and are never named.
        """
        model_lists = [known.name for known in self.policy.lists if known.means == "model"]
        sample_lists = [known.name for known in self.policy.lists if known.means not in ("model", "benign")]
        compared = {name for name in (*model_lists, *sample_lists) if self.tally.compared.get(name)}
        kinds = ((sample_lists, self.tally.samples.collected), (model_lists, self.subjects.get("model")))
        unanswered = (names for names, number in kinds if compared.isdisjoint(names) and (number or not compared))
        return tuple(sorted(chain.from_iterable(unanswered)))

    def exit_code(self, fail_on: str = "error") -> int:
        """Return the exit code of the command line.

        Args:
            fail_on: The least severity of a finding that counts: note, warning or error; never: none does.

        Returns:
            1 if a finding is at or above ``fail_on``, else 3 if something was not read, compared or judged,
            or was not asked of all runs that the report is made from, else 0.
        """
        if fail_on != "never":
            counted = SEVERITIES[SEVERITIES.index(fail_on) :]
            if any(outcome == "FLAGGED" and severity in counted for _, outcome, severity in self.flagged):
                return 1
        files, samples = self.tally.files.errored, self.tally.samples.errored
        unread = self.unread or files > self.accepted.files or samples > self.accepted.samples or not self.complete
        unanswered = self.nothing_read or self.nothing_compared or self.notes.asked_differently
        return 3 if unread or unanswered else 0


def read_report(folder: str | os.PathLike[str]) -> Report:
    """Return the report of a finished run. Raises :class:`auditor.errors.RunError` if it is not finished or damaged."""
    path = Path(folder)
    run, content = read_run(path), read_results(path)
    try:
        cases = tuple(case_from_json(case) for case in content["cases"])
        return Report(
            version=run["version"],
            targets=tuple(run["targets"]),
            started=content["started"],
            finished=content["finished"],
            policy=policy_from_json(run["policy"]),
            complete=content["complete"],
            tally=tally_from_json(content["tally"]),
            subjects=content["subjects"],
            findings=Findings(path / FINDINGS),
            gaps=Gaps(path / GAPS),
            cases=cases,
            flagged={(rule, outcome, severity): number for rule, outcome, severity, number in content["flagged"]},
            lineage=_edges_near_cases(path / DERIVED, cases),
            restricted=path / RESTRICTED,
            notes=Notes(**{key: tuple(texts) for key, texts in content["notes"].items()}),
            ancestors=tuple(
                AncestorNote(what, tuple(names), more, why) for what, names, more, why in content["ancestors"]
            ),
            unread=content["gaps"],
            matches=_matches(path / DERIVED / MATCHES),
            part=RunPart(content["part"]["number"], content["part"]["of"]) if content.get("part") else WHOLE,
            sampled=sampled_audit_from_json(content.get("sampled", {})),
            facts=path / FACTS,
            folder=path,
            is_target_trusted=run["wants"]["trust_target"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{path}: report.json is damaged; run `auditor judge {path} --out DIR`") from error


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings of a run, read as they are iterated, in order of (kind, subject, revision, rule, fact)."""

    folder: Path

    def __iter__(self) -> Iterator[Finding]:
        return map(finding_from_row, _merge_sorted_files(self.folder, FINDING_COLUMNS))

    def most_severe(self, limit: int) -> tuple[tuple[Finding, ...], Mapping[Ref, int]]:
        """Return the most severe findings, flagged ones first among equals, and how many each of their subjects has.

        No other finding becomes an object.

        Args:
            limit: How many findings at most.
        """
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        best: list[tuple[int, tuple[Any, ...]]] = []
        counts: dict[Ref, int] = {}
        for path in sorted(self.folder.glob("*.parquet")):  # a subject's findings are in one of them
            table = pq.read_table(path, columns=list(FINDING_COLUMNS))
            rank = pc.index_in(table["severity"], pa.array(SEVERITIES))
            rank = pc.add(pc.multiply(rank, 2), pc.cast(pc.equal(table["outcome"], "FLAGGED"), pa.int32()))
            # The rows are in order, so among equals the first stay.
            rows = pc.sort_indices(pc.multiply(rank, -1))[:limit]
            found = zip(*(column.to_pylist() for column in table.take(rows).columns), strict=True)
            keys = zip(pc.multiply(rank.take(rows), -1).to_pylist(), found, strict=True)
            best = sorted([*best, *keys])[:limit]
            identity = [*FINDING_COLUMNS[:3]]
            named = pc.is_in(table["subject"], pa.array({cells[1] for _, cells in best}, pa.string()))
            counted = table.select(identity).filter(named).group_by(identity).aggregate([([], "count_all")])
            for row in counted.to_pylist():
                counts[Ref(*(row[name] for name in identity))] = row["count_all"]
        findings = tuple(finding_from_row(cells) for _, cells in best)
        return findings, {finding.ref: counts[finding.ref] for finding in findings}


@dataclass(frozen=True, slots=True)
class Gaps:
    """The gaps of a run with their subjects, in order of (kind, subject, revision)."""

    folder: Path

    def __iter__(self) -> Iterator[tuple[Ref, Gap]]:
        for kind, subject, revision, what, why, uri, line in _merge_sorted_files(self.folder, GAP_COLUMNS):
            yield Ref(kind, subject, revision), Gap(what, why, Place(uri, line))


def _merge_sorted_files(folder: Path, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the report's rows of a folder's Parquet files, each sorted by its cells, in that order."""
    import pyarrow.parquet as pq

    paths = sorted(folder.glob("*.parquet"))
    rows_ahead = max(_MIN_ROWS_AHEAD, _MAX_ROWS_AHEAD // max(1, len(paths)))

    def rows(path: Path) -> Iterator[tuple[Any, ...]]:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(rows_ahead, columns=list(columns)):
                yield from zip(*(batch[column].to_pylist() for column in columns), strict=True)

    return heapq.merge(*map(rows, paths))


def _matches(path: Path) -> tuple[MatchCount, ...]:
    """Return the numbers of matching samples that a run keeps for its report."""
    import pyarrow.parquet as pq

    return tuple(MatchCount(**row) for row in pq.read_table(path).to_pylist()) if path.exists() else ()


def _edges_near_cases(derived: Path, cases: Sequence[Case]) -> tuple[Edge, ...]:
    """Return the report's edges above and below the cases, nearest first, within the limits of this file."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    if not cases or not (derived / "edges.parquet").exists():
        return ()
    table = pq.read_table(derived / "edges.parquet")
    wanted = (pc.field("key") == "protection") & (pc.field("value") == "dropped")
    clauses = pq.read_table(derived / "derived.parquet", columns=["kind", "name", "relation"], filters=wanted)
    dropped = set(zip(*(column.to_pylist() for column in clauses.columns), strict=True))
    found: dict[Edge, None] = {}
    for here, there in (("child", "parent"), ("parent", "child")):
        names = {(case.kind, case.subject) for case in cases[:_LINEAGE_CASES]}
        seen = set(names)
        for _ in range(_LINEAGE_GENERATIONS):
            rows = table.filter(pc.is_in(table[here], pa.array(sorted({name for _, name in names})))).to_pylist()
            rows = [row for row in rows if (row[f"{here}_kind"], row[here]) in names][:_LINEAGE_CASES]
            for row in rows:
                child, parent = Ref(row["child_kind"], row["child"]), Ref(row["parent_kind"], row["parent"])
                without = (child.kind, child.name, parent.name) in dropped
                found[Edge(child, parent, row["relation"], row["source"], without)] = None
            names = {(row[f"{there}_kind"], row[there]) for row in rows} - seen
            seen |= names
            if not names:
                break
    return tuple(found)[:_LINEAGE_EDGES]
