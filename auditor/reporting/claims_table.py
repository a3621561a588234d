"""Build the table "who says what": for one subject, what each source answers to each question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

from auditor.errors import RunError, UsageError
from auditor.model import NOWHERE, Finding, Kind, Place, Ref, Severity, Statement, Subject
from auditor.pipeline.baseline import PROTECTED_KEYS
from auditor.pipeline.report import Report
from auditor.pipeline.run_folder import DERIVED
from auditor.policy.vocabulary_tables import Duty
from auditor.printable import printable
from auditor.reporting.claim_questions import CLAIM_SOURCES, QUESTIONS, Answer, ClaimSource, Question
from auditor.suggestions import did_you_mean

STATED_IS_NOT_PROVEN = (
    "Stated is not proven: a cell shows what a source says, not that it is so. Evidenced: this audit measured it. "
    "Absent: the source was read and does not answer."
)
# Limits, so that a hostile card fills no screen.
MAX_SUBJECTS = 20  # tables without --subject
MAX_CLAIMS = 4  # shown of one cell
MAX_VALUE = 120  # characters
MAX_FACT = 400  # characters
MAX_GAPS = 10  # shown of one subject
_MAX_COMPARED = 300  # values of one source: lists that are longer are left to the rules
_MAX_NAMES = 100_000  # subjects among which a misspelt name is looked for

CellState = Literal["stated", "evidenced", "absent", "not measured", "not read", "no such source"]
# The sources of what is read from prose, whether a card's or that of another document.
_PROSE_SOURCES = ("card", "card-text")
# The sources of what is derived from statements, whatever document these are in.
_DERIVED_SOURCES = ("vocabulary", "lineage")
_CLAIMANT_KINDS: tuple[Kind, ...] = ("model", "dataset")


@dataclass(frozen=True, slots=True)
class Claim:
    """What one statement answers, printable and bounded."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Cell:
    """What one source answers to one question; ``left_out`` counts the claims that are not shown."""

    source: ClaimSource
    state: CellState
    claims: tuple[Claim, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class RowFinding:
    """A contradiction of answers, or another finding on them; ``rule`` is "" where no rule was made for it."""

    fact: str
    rule: str = ""
    severity: Severity | Literal[""] = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Row:
    """A question with the answer of each source of :data:`CLAIM_SOURCES`, in their order."""

    question: Question
    cells: tuple[Cell, ...]
    contradictions: tuple[RowFinding, ...] = ()
    findings: tuple[RowFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class StatedDuty:
    """What a law asks of a subject, and where the subject states it."""

    duty: Duty
    claims: tuple[Claim, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class ClaimsTable:
    """Who says what of one subject: rows with contradictions first, then those with other findings."""

    ref: Ref
    rows: tuple[Row, ...]
    gaps: tuple[str, ...] = ()
    gaps_left_out: int = 0
    duties: tuple[StatedDuty, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimsTables:
    """The tables of a run. ``contradicted`` counts all subjects with a contradiction that a rule found."""

    tables: tuple[ClaimsTable, ...]
    subjects: int
    contradicted: int
    date: str  # on which the run was made, ISO 8601
    left_out: int = 0


def build_tables(report: Report, duties: Sequence[Duty] = (), name: str = "") -> ClaimsTables:
    """Return the tables of a run's models and datasets: of those called ``name``, or else of the first ones.

    Without a name, subjects with contradictions come first and :data:`MAX_SUBJECTS` are shown.

    Raises:
        UsageError: No model or dataset has this name.
        RunError: The run is damaged.
    """
    contradicted, first = _contradicted(report)
    refs = _named(report, name) if name else _first(report, first)
    findings = _findings_of(report, refs)
    subjects = sum(report.subjects.get(kind, 0) for kind in _CLAIMANT_KINDS)
    tables = [build_table(subject, findings.get(subject.ref, ()), duties) for subject in _read_subjects(report, refs)]
    tables.sort(key=lambda table: (not any(row.contradictions for row in table.rows), table.ref))
    left_out = 0 if name else max(subjects - len(tables), 0)
    return ClaimsTables(tuple(tables), subjects, contradicted, report.finished[:10], left_out)


def build_table(subject: Subject, findings: Collection[Finding] = (), duties: Sequence[Duty] = ()) -> ClaimsTable:
    """Return the table of one subject.

    Args:
        subject: The subject with its statements and gaps.
        findings: The findings on it, of which the table shows those that its questions name.
        duties: What laws ask; those that fit the subject are shown.
    """
    columns: dict[str, list[Statement]] = defaultdict(list)
    documents = _document_sources(subject)
    for statement in subject.statements:
        source = documents.get(statement.place.uri, "") if statement.source in _PROSE_SOURCES else ""
        columns[_column_of(statement._replace(source=source or statement.source)).id].append(statement)
    unread = {gap.what for gap in subject.gaps}
    rows = [_build_row(question, columns, unread, findings) for question in QUESTIONS if subject.kind in question.kinds]
    gaps = tuple(
        f"{printable(gap.what, MAX_VALUE)}: {printable(gap.why, MAX_FACT)} ({printable(str(gap.place))})"
        for gap in subject.gaps[:MAX_GAPS]
    )
    return ClaimsTable(
        subject.ref,
        tuple(sorted(rows, key=lambda row: (not row.contradictions, not row.findings))),
        gaps,
        max(len(subject.gaps) - MAX_GAPS, 0),
        tuple(_stated_duties(subject, duties)),
    )


def _column_of(statement: Statement) -> ClaimSource:
    """Return the column of a claims table that holds a statement: the first that fits; the last one holds any."""
    return next(each for each in CLAIM_SOURCES if any(held.matches(statement) for held in each.holds))


def _document_sources(subject: Subject) -> Mapping[str, str]:
    """Return the source of each document that is no card: what its prose says is stated by it, not by the card."""
    cards = {each.place.uri for each in subject.statements_for("card")}
    return {
        each.place.uri: each.source
        for each in subject.statements
        if each.source and each.source not in (*_PROSE_SOURCES, *_DERIVED_SOURCES) and each.place.uri not in cards
    }


def _build_row(
    question: Question, columns: Mapping[str, Sequence[Statement]], unread: Set[str], findings: Iterable[Finding]
) -> Row:
    """Return one row of a claims table."""
    answered = {
        source.id: [
            (answer, statement)
            for answer in question.answers
            for statement in columns.get(source.id, ())
            if answer.matches(statement)
        ]
        for source in CLAIM_SOURCES
    }
    cells = tuple(
        _build_cell(source, answered[source.id], source.id in columns, bool(unread & set(source.gaps)))
        for source in CLAIM_SOURCES
    )
    contradictions = tuple(_row_findings(findings, question.contradictions)) or tuple(_disagreements(answered))
    return Row(question, cells, contradictions, tuple(_row_findings(findings, question.findings)))


def _row_findings(findings: Iterable[Finding], rules: Collection[str]) -> Iterator[RowFinding]:
    """Yield the findings of some rules, as a row of a claims table shows them."""
    for each in findings:
        if each.rule in rules:
            yield RowFinding(printable(each.fact, MAX_FACT), each.rule, each.severity, each.place)


def _build_cell(
    source: ClaimSource, answered: Sequence[tuple[Answer, Statement]], is_there: bool, has_gap: bool
) -> Cell:
    """Return the cell of a claims table: what one source answers."""
    claims = tuple(dict.fromkeys(_claim(answer, statement) for answer, statement in answered))
    if claims:
        state: CellState = "evidenced" if source.is_evidence else "stated"
    elif has_gap:
        state = "not read"
    elif source.is_evidence:
        state = "not measured"
    else:
        state = "absent" if is_there else "no such source"
    return Cell(source, state, claims[:MAX_CLAIMS], max(len(claims) - MAX_CLAIMS, 0))


def _claim(answer: Answer, statement: Statement) -> Claim:
    """Return how a claims table shows a statement; its parts come from outside and are bounded one by one."""
    parts = {name: printable(getattr(statement, name), MAX_VALUE) for name in ("value", "relation", "remark")}
    return Claim(answer.shown.format_map(parts).strip(" :"), statement.place)


def _disagreements(answered: Mapping[str, Sequence[tuple[Answer, Statement]]]) -> Iterator[RowFinding]:
    """Yield, for a row of a claims table, where two sources have no value in common and no rule says so."""
    values: dict[tuple[str, str], dict[str, dict[str, Statement]]] = defaultdict(lambda: defaultdict(dict))
    for source, pairs in answered.items():
        for answer, statement in pairs:
            if answer.compared_as:
                relation = statement.relation if answer.compared_by_relation else ""
                word = statement.value.rpartition("/")[2].casefold().replace("_", "-")
                values[answer.compared_as, relation][source].setdefault(word, statement)
    titles = {source.id: source.title for source in CLAIM_SOURCES}
    for sides in values.values():
        (first, stated), *others = sides.items()
        for second, other in others:
            if max(len(stated), len(other)) <= _MAX_COMPARED and not any(
                _may_be_same(one, two) for one in stated for two in other
            ):
                one, two = next(iter(stated.values())), next(iter(other.values()))
                yield RowFinding(
                    f"{titles[first]}: {printable(one.value, MAX_VALUE)}; "
                    f"{titles[second]}: {printable(two.value, MAX_VALUE)}",
                    place=two.place,
                )


def _may_be_same(one: str, other: str) -> bool:
    """Return whether two values may mean the same: a family and its member, a year and a day of it."""
    return one.startswith(other) or other.startswith(one)


def _stated_duties(subject: Subject, duties: Sequence[Duty]) -> Iterator[StatedDuty]:
    """Yield the duties below a claims table that fit the subject, with the statements that answer them."""
    for duty in duties:
        if subject.kind in duty.applies and (not duty.when or any(map(subject.has, duty.when))):
            claims = tuple(
                dict.fromkeys(
                    Claim(
                        printable(f"{each.key} {each.value} {each.relation}".strip(), MAX_VALUE),
                        each.place,
                    )
                    for each in subject.statements
                    if duty.is_answered_by(each)
                )
            )
            yield StatedDuty(duty, claims[:MAX_CLAIMS], max(len(claims) - MAX_CLAIMS, 0))


def _contradicted(report: Report) -> tuple[int, tuple[Ref, ...]]:
    """Return how many subjects have a contradiction that a rule found, and the first of them for claims tables."""
    rules = {rule for question in QUESTIONS for rule in question.contradictions}
    number = 0
    first: list[Ref] = []
    # Findings come in order of subjects.
    for ref, findings in groupby(report.findings, lambda finding: finding.ref):
        if ref.kind in _CLAIMANT_KINDS and any(each.rule in rules and each.outcome == "FLAGGED" for each in findings):
            number += 1
            if len(first) < MAX_SUBJECTS:
                first.append(ref)
    return number, tuple(first)


def _findings_of(report: Report, refs: Collection[Ref]) -> Mapping[Ref, Sequence[Finding]]:
    """Return what rules flagged on the subjects of claims tables."""
    flagged: dict[Ref, list[Finding]] = {ref: [] for ref in refs}
    for finding in report.findings:
        if finding.outcome == "FLAGGED" and (found := flagged.get(finding.ref)) is not None:
            found.append(finding)
    return flagged


def _named(report: Report, name: str) -> tuple[Ref, ...]:
    """Return the models and datasets of this name. Raises :class:`UsageError` if there are none."""
    refs = tuple(ref for ref in _all_refs(report) if ref.name == name)
    if not refs:
        names = {ref.name for ref, _ in zip(_all_refs(report), range(_MAX_NAMES), strict=False)}
        raise UsageError(f"--subject: no model or dataset is called {printable(name)!r}{did_you_mean(name, names)}")
    return refs


def _first(report: Report, contradicted: Collection[Ref]) -> tuple[Ref, ...]:
    """Return those with contradictions, then others, up to :data:`MAX_SUBJECTS`."""
    chosen = dict.fromkeys(contradicted)
    for ref in _all_refs(report):
        if len(chosen) >= MAX_SUBJECTS:
            break
        chosen[ref] = None
    return tuple(chosen)


def _fact_files(report: Report) -> tuple[Path, ...]:
    """Return the files that hold a run's facts, the derived ones last."""
    if report.folder is None or report.facts is None:
        raise RunError("this report has no run folder, so its facts cannot be read")
    return (*sorted(report.facts.glob("*.parquet")), *(report.folder / DERIVED).glob("derived.parquet"))


def _all_refs(report: Report) -> Iterator[Ref]:
    """Yield the models and datasets of a run, a subject of several files more than once."""
    import pyarrow.parquet as pq

    for path in _fact_files(report):
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=["kind", "name", "revision"]):
                cells = zip(*(batch[name].to_pylist() for name in ("kind", "name", "revision")), strict=True)
                yield from (Ref(*each) for each in dict.fromkeys(cells) if each[0] in _CLAIMANT_KINDS)


def _read_subjects(report: Report, refs: Collection[Ref]) -> Iterator[Subject]:
    """Yield the subjects with all facts that the run holds of them, for authors without what follows from lists."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from auditor.facts import FACTS_SCHEMA, subjects_from_rows

    names = pa.array(sorted({ref.name for ref in refs}), pa.string())
    hidden = pa.array(sorted(PROTECTED_KEYS) if report.audience == "author" else [], pa.string())
    kept = []
    for path in _fact_files(report):
        try:
            with pq.ParquetFile(path) as file:
                batches = file.iter_batches(columns=FACTS_SCHEMA.names)
                for batch in batches:
                    wanted = pc.and_not(pc.is_in(batch["name"], names), pc.is_in(batch["key"], hidden))
                    kept.append(batch.filter(wanted))
        except (pa.ArrowInvalid, OSError) as error:
            raise RunError(f"{path}: cannot be read ({error}); scan again") from error
    if kept:
        table = pa.Table.from_batches(kept)
        yield from (subject for subject in subjects_from_rows(table) if subject.ref in set(refs))
