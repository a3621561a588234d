"""Evaluate what was read: derive over all shards, judge one subject at a time, gather the cases.

Parts of a subject in several shards meet here: facts are brought together by the subject's hash bucket, on
disk when there are many, and each group of buckets is judged by itself, so memory stays flat and the
findings do not depend on how many workers there were.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from auditor.errors import RunError
from auditor.model import (
    Case,
    Kind,
    Outcome,
    Ref,
    Severity,
)
from auditor.pipeline import PRELOAD
from auditor.pipeline.cases import CaseReason, group_cases
from auditor.pipeline.finding_tables import FINDING_COLUMNS, GAP_COLUMNS, write_finding_table
from auditor.pipeline.hit_counts import count_list_hits, count_subject_hits, treat_meanings
from auditor.pipeline.report import AncestorNote
from auditor.pipeline.run_folder import DERIVED, FACTS, FINDINGS, GAPS, MATCHES
from auditor.workers.pool import FinishedTask, LostTask, run_tasks

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as pads

    from auditor.lineage.context import Context
    from auditor.policy.load_policy import Policy

# Rows of facts that are judged at a time: what a worker holds at once, some 20 MB.
GROUP_ROWS = 60_000
# Subjects are told apart by the 256 values of Ref.bucket; a group is a range of them.
_BUCKETS = 256
_BUCKET_FOLDER = "buckets"
# Seconds that a group may take; it takes a few. Only an end for a worker that hangs.
_GROUP_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The results for some subjects. They add up in any order; the rows of findings and gaps are on disk."""

    subjects: Mapping[Kind, int] = field(default_factory=dict)
    flagged: Mapping[tuple[str, Outcome, Severity], int] = field(default_factory=dict)
    gaps: int = 0
    reasons: tuple[CaseReason, ...] = ()
    copies: tuple[tuple[Ref, Ref], ...] = ()
    ancestors: tuple[AncestorNote, ...] = ()

    def __add__(self, other: Evaluation) -> Evaluation:
        return Evaluation(
            Counter(self.subjects) + Counter(other.subjects),
            Counter(self.flagged) + Counter(other.flagged),
            self.gaps + other.gaps,
            self.reasons + other.reasons,
            self.copies + other.copies,
            self.ancestors + other.ancestors,
        )


def evaluate_runs(
    folders: Sequence[Path], policy: Policy, out: Path, *, workers: int, contexts: Sequence[Context] = ()
) -> tuple[Evaluation, tuple[Case, ...]]:
    """Evaluate what the runs in ``folders`` read, as one; write findings, gaps and edges into ``out``.

    Ancestors that are not among it are looked up in ``contexts``.

    Returns:
        The sums over all subjects, and the cases.
    """
    import pyarrow.dataset as pads

    from auditor.facts import FACTS_SCHEMA

    files = sorted(str(path) for folder in folders for path in (folder / FACTS).glob("*.parquet"))
    facts = pads.dataset(files, schema=FACTS_SCHEMA, format="parquet")
    ancestors = write_derived(facts, folders, policy, out, contexts)
    derived = out / DERIVED / "derived.parquet"
    facts = pads.dataset([*files, str(derived)], schema=FACTS_SCHEMA, format="parquet")
    verdicts = _evaluate_all(facts, policy, out, workers) + Evaluation(ancestors=ancestors)
    return verdicts, group_cases(verdicts.reasons, verdicts.copies)


def write_derived(
    facts: pads.Dataset, folders: Sequence[Path], policy: Policy, out: Path, contexts: Sequence[Context] = ()
) -> tuple[AncestorNote, ...]:
    """Write for the evaluation the statements that follow from all facts and hits together, and their edges.

    Returns:
        What a report says of ancestors that were not read.
    """
    import pyarrow as pa
    import pyarrow.dataset as pads
    import pyarrow.parquet as pq

    from auditor.facts import FACTS_SCHEMA, subjects_to_rows
    from auditor.lineage.context import gather_ancestry
    from auditor.lineage.derive_statements import derive_statements
    from auditor.lineage.edges import collect_edges
    from auditor.lineage.observed_bases import find_observed_bases
    from auditor.pipeline.context_runs import ancestry_notes, context_notes

    (out / DERIVED).mkdir(exist_ok=True)
    declared = collect_edges(facts, policy.vocabularies.renamed)
    edges, seen = find_observed_bases(folders, declared, out / "derived")
    ancestry = gather_ancestry(facts, edges, policy.vocabularies, contexts)
    pq.write_table(ancestry.edges, out / DERIVED / "edges.parquet", compression="zstd")
    with pq.ParquetWriter(out / DERIVED / "derived.parquet", FACTS_SCHEMA, compression="zstd") as writer:
        counted, lists = count_subject_hits(folders, facts, policy.treat)
        pq.write_table(count_list_hits(counted), out / DERIVED / MATCHES)
        writer.write_batch(subjects_to_rows(lists))
        hits = pa.concat_tables([counted, *(treat_meanings(table, policy.treat) for table in ancestry.hits)])
        known = facts if ancestry.facts is None else pads.dataset([facts, pads.dataset(ancestry.facts)])
        for batch in derive_statements(known, hits, ancestry.edges, policy.vocabularies, seen, ancestry.origins):
            writer.write_batch(batch)
    return (*context_notes(contexts, policy.lists), *ancestry_notes(ancestry))


def _evaluate_all(facts: pads.Dataset, policy: Policy, out: Path, workers: int) -> Evaluation:
    """Evaluate every subject of the facts, in groups if they are many."""
    import pyarrow as pa

    from auditor.facts import FACTS_SCHEMA

    for name in (FINDINGS, GAPS):
        shutil.rmtree(out / name, ignore_errors=True)
        (out / name).mkdir()
    groups = min(_BUCKETS, -(-facts.count_rows() // GROUP_ROWS))
    if groups <= 1:
        return evaluate_table(pa.Table.from_batches(_needed_rows(facts, policy), FACTS_SCHEMA), policy, out, 0)
    folder = out / _BUCKET_FOLDER
    try:
        width = -(-_BUCKETS // groups)
        numbers = _write_groups(facts, policy, folder, width)
        total = Evaluation()
        for ended in run_tasks(
            numbers,
            _evaluate_group,
            _EvaluationContext(policy, out),
            workers=workers,
            timeout=lambda number: _GROUP_SECONDS,
            preload=PRELOAD,
        ):
            if isinstance(ended, LostTask):
                raise RunError(f"{out}: judging group {ended.task} failed: {ended.why}; run `auditor judge` again")
            assert isinstance(ended, FinishedTask)
            total += ended.result
        return total
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _needed_rows(facts: pads.Dataset, policy: Policy) -> Iterator[pa.RecordBatch]:
    """Return the rows of facts that the rules need for evaluation."""
    from auditor.facts import LOW_MEMORY_SCAN, keep_needed_rows
    from auditor.policy.evaluate_rules import required_keys

    wanted = {**required_keys(policy), "copy_of": frozenset[str]()}
    return (keep_needed_rows(batch, wanted) for batch in facts.scanner(**LOW_MEMORY_SCAN).to_batches())


def _write_groups(facts: pads.Dataset, policy: Policy, folder: Path, width: int) -> list[int]:
    """Write the rows of facts that the evaluation needs once more, a folder for each group of ``width`` buckets.

    Returns:
        The groups' numbers, which name the folders.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.dataset as pads

    groups = pa.scalar(width, pa.int32())
    rows = (
        batch.append_column("group", pc.divide(batch["bucket"].cast(pa.int32()), groups))
        for batch in _needed_rows(facts, policy)
    )
    pads.write_dataset(
        rows,
        folder,
        schema=facts.schema.append(pa.field("group", pa.int32())),
        format="ipc",  # read once and gone: half the work of Parquet
        file_options=pads.IpcFileFormat().make_write_options(compression="lz4"),
        partitioning=pads.partitioning(pa.schema([("group", pa.int32())])),
        max_open_files=512,
        max_partitions=_BUCKETS,
        # Else each small batch becomes a row group of each partition, and their metadata outgrow the facts.
        min_rows_per_group=4096,
        max_rows_per_group=65536,
        use_threads=False,
    )
    return sorted(int(path.name) for path in folder.iterdir())


class _EvaluationContext(NamedTuple):
    """What the workers that judge groups share: the policy and the run's folder."""

    policy: Policy
    out: Path


def _evaluate_group(context: _EvaluationContext, number: int) -> Evaluation:
    """Evaluate the subjects of one group of facts."""
    import pyarrow.dataset as pads

    from auditor.facts import FACTS_SCHEMA

    table = pads.dataset(context.out / _BUCKET_FOLDER / str(number), schema=FACTS_SCHEMA, format="ipc").to_table()
    return evaluate_table(table, context.policy, context.out, number)


def evaluate_table(facts: pa.Table, policy: Policy, out: Path, number: int) -> Evaluation:
    """Evaluate every subject of a table of facts; write ``findings/N.parquet`` and ``gaps/N.parquet``, in order.

    Args:
        facts: Rows of FACTS_SCHEMA: all rows of each subject in it.
        policy: What the subjects are judged by.
        out: The run's folder.
        number: Names the files; unique in the run.
    """
    from auditor.facts import subjects_from_rows
    from auditor.policy.evaluate_rules import evaluate_subject

    # A report case is opened from the findings alone (auditor.review.open_cases): a report's cases are to be decided.
    opens_case = {rule.id: (rule.case, rule.priority) for rule in policy.rules if rule.case and rule.case != "report"}
    kinds: Counter[Kind] = Counter()
    flagged: Counter[tuple[str, Outcome, Severity]] = Counter()
    reasons: list[CaseReason] = []
    findings: list[tuple[object, ...]] = []
    gaps: list[tuple[object, ...]] = []
    for subject in subjects_from_rows(facts):
        kinds[subject.kind] += 1
        found = list(evaluate_subject(subject, policy))
        if any(one.outcome == "UNCHECKED" for one in found):  # the same rule may flag one thing and leave another open
            found.sort(key=attrgetter("rule", "fact", "place"))
        for finding in found:
            rule, kind, name, revision, outcome, severity, fact, place, remark, relation = finding
            flagged[rule, outcome, severity] += 1
            findings.append((kind, name, revision, rule, fact, outcome, severity, *place, remark, relation))
            if outcome == "FLAGGED" and rule in opens_case:
                reasons.append(CaseReason(finding, *opens_case[rule]))
        gaps.extend((*subject[:3], gap.what, gap.why, *gap.place) for gap in subject.gaps)
    write_finding_table(findings, FINDING_COLUMNS, out / FINDINGS / f"{number:03}.parquet")
    write_finding_table(gaps, GAP_COLUMNS, out / GAPS / f"{number:03}.parquet")
    return Evaluation(kinds, flagged, len(gaps), tuple(reasons), tuple(_copy_pairs(facts)))


def _copy_pairs(facts: pa.Table) -> Iterator[tuple[Ref, Ref]]:
    """Yield the pairs of evaluated subjects with the same weights; the second names no revision."""
    import pyarrow.compute as pc

    said = facts.filter(pc.equal(facts["key"], "copy_of"))
    for kind, name, revision, other in zip(
        *(said[column].to_pylist() for column in ("kind", "name", "revision", "value")), strict=True
    ):
        yield Ref(kind, name, revision), Ref(kind, other)
