"""The second half of a run: derive over all shards, judge one subject at a time, gather the cases.

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
from typing import TYPE_CHECKING, Any, cast

from auditor.errors import RunError
from auditor.model import (
    Case,
    Finding,
    Kind,
    Outcome,
    Place,
    Ref,
    Severity,
    Statement,
    Subject,
)
from auditor.pipeline.cases import CaseReason, group_cases
from auditor.workers.pool import Done, Lost, run

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as pads

    from auditor.known.quarantine import QuarantinedEntry
    from auditor.policy.load import Policy

# Rows of facts that are judged at a time: what a worker holds at once, some 20 MB.
GROUP_ROWS = 60_000
_BUCKETS = 256

# In the order of which rows are sorted.
FINDING_COLUMNS = (
    "kind", "subject", "revision", "rule", "fact", "outcome", "severity", "uri", "line", "remark", "relation",
)  # fmt: skip
GAP_COLUMNS = ("kind", "subject", "revision", "what", "why", "uri", "line")


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What came of judging some subjects. They add up in any order; rows of findings are on disk."""

    subjects: Mapping[Kind, int] = field(default_factory=dict)
    flagged: Mapping[tuple[str, Outcome, Severity], int] = field(default_factory=dict)
    gaps: int = 0
    reasons: tuple[CaseReason, ...] = ()
    copies: tuple[tuple[Ref, Ref], ...] = ()

    def __add__(self, other: Verdicts) -> Verdicts:
        return Verdicts(
            Counter(self.subjects) + Counter(other.subjects),
            Counter(self.flagged) + Counter(other.flagged),
            self.gaps + other.gaps,
            self.reasons + other.reasons,
            self.copies + other.copies,
        )


def judge_runs(
    folders: Sequence[Path], policy: Policy, out: Path, *, workers: int
) -> tuple[Verdicts, tuple[Case, ...]]:
    """Derive and judge what the runs in ``folders`` read, as one; write findings, gaps and edges into ``out``."""
    import pyarrow.dataset as pads

    from auditor.facts import FACTS_SCHEMA

    files = sorted(str(path) for folder in folders for path in (folder / "facts").glob("*.parquet"))
    facts = pads.dataset(files, schema=FACTS_SCHEMA, format="parquet")
    derive(facts, folders, policy, out)
    derived = out / "derived" / "derived.parquet"
    facts = pads.dataset([*files, str(derived)], schema=FACTS_SCHEMA, format="parquet")
    verdicts = _judge_all(facts, policy, out, workers)
    return verdicts, group_cases(verdicts.reasons, verdicts.copies)


def derive(facts: pads.Dataset, folders: Sequence[Path], policy: Policy, out: Path) -> None:
    """Write the statements that follow from all facts and hits together, and the edges they follow along."""
    import pyarrow.parquet as pq

    from auditor.facts import FACTS_SCHEMA, subjects_to_rows
    from auditor.lineage.derive import derive_statements
    from auditor.lineage.edges import collect_edges
    from auditor.lineage.observed_bases import find_observed_bases

    (out / "derived").mkdir(exist_ok=True)
    graph, seen = find_observed_bases(folders, collect_edges(facts, policy.vocabularies.renamed), out / "derived")
    pq.write_table(graph, out / "derived" / "edges.parquet", compression="zstd")
    with pq.ParquetWriter(out / "derived" / "derived.parquet", FACTS_SCHEMA, compression="zstd") as writer:
        counted, lists = hits(folders, facts, policy.treat)
        writer.write_batch(subjects_to_rows(lists))
        for batch in derive_statements(facts, counted, graph, policy.vocabularies, seen):
            writer.write_batch(batch)


def hits(
    folders: Sequence[Path], facts: pads.Dataset, treat: Mapping[str, str]
) -> tuple[pa.Table, tuple[Subject, ...]]:
    """Hits by dataset, list, relation and basis, each sample once, with the dataset's number of samples.

    Entries that match too much are set aside first; the lists that hold them are returned as documents.

    A sample that matches by a digest of its bytes counts as computed, whatever digests are declared for it; among hits
    of one basis, exact counts before near. ``treat`` replaces a list's meaning (a profile may treat ``test`` as
    ``csam``). Columns: kind, name, revision, list, means, basis, algorithm, variant, classification, relation, hits,
    samples. For lists of models algorithm, variant and classification say what a model was found by, with details,
    and what the list says of it; they are "" for samples.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.dataset as pads

    from auditor.facts import LOW_MEMORY_SCAN
    from auditor.known.quarantine import quarantine_entries
    from auditor.samples import EXACT_ALGORITHMS, HITS_SCHEMA

    identity = ["kind", "name", "revision"]
    sums = facts.to_table([*identity, "remark"], filter=pc.field("key") == "samples", **LOW_MEMORY_SCAN)
    sums = sums.set_column(3, "samples", pc.cast(sums["remark"], pa.int64()))
    totals = sums.group_by(identity).aggregate([("samples", "sum")]).rename_columns([*identity, "samples"])
    files = sorted(str(path) for folder in folders for path in (folder / "restricted" / "hits").glob("*.parquet"))
    found = pads.dataset(files, schema=HITS_SCHEMA, format="parquet").to_table() if files else HITS_SCHEMA.empty_table()
    aside, theirs = quarantine_entries(found, pc.sum(totals["samples"]).as_py() or 0)
    found = found.filter(pa.array(~theirs))
    lists = tuple(_set_aside(entry) for entry in aside)
    near = pc.cast(pc.invert(pc.is_in(found["algorithm"], pa.array(EXACT_ALGORITHMS))), pa.int8())
    declared = pc.cast(pc.equal(found["basis"], "declared"), pa.int8())
    found = found.append_column("weakness", pc.add(pc.add(declared, declared), near))
    # Samples are counted together, whatever they matched by; a model has a row for each way it was found.
    is_model = pc.equal(found["means"], "model")
    details = ["algorithm", "variant", "classification"]
    for name in details:
        column = pc.if_else(is_model, pc.fill_null(found[name], ""), "")
        found = found.set_column(found.schema.get_field_index(name), name, column)
    per_list = [*identity, "list", "means", *details]
    samples = found.group_by([*per_list, "place", "row", "sample"]).aggregate([("weakness", "min")])
    counted = samples.group_by([*per_list, "weakness_min"]).aggregate([("sample", "count")])
    relation = pc.if_else(pc.equal(pc.bit_wise_and(counted["weakness_min"], 1), 1), "near", "exact")
    basis = pc.if_else(pc.greater(counted["weakness_min"], 1), "declared", "computed")
    counted, per_list = counted.append_column("basis", basis), [*identity, "list", "means", "basis", *details]
    words = cast("list[str]", counted["means"].to_pylist())
    means = pa.array([treat.get(word, word) for word in words], pa.string())
    counted = counted.append_column("relation", relation).append_column("hits", counted["sample_count"])
    counted = counted.set_column(counted.schema.get_field_index("means"), "means", means)
    joined = counted.select([*per_list, "relation", "hits"]).join(totals, identity, join_type="left outer")
    return joined.sort_by([(name, "ascending") for name in (*per_list, "relation")]), lists


def _set_aside(entry: QuarantinedEntry) -> Subject:
    """What is said of a list with an entry that matched too much to be believed."""
    remark = f"entry {entry.token} nearly matched {entry.samples:,} samples that are not alike; these are not counted"
    statement = Statement("quarantined", entry.list, "", Place(f"list:{entry.list}"), "known", remark)
    return Subject("document", f"list {entry.list}", entry.version, (statement,))


def _judge_all(facts: pads.Dataset, policy: Policy, out: Path, workers: int) -> Verdicts:
    import pyarrow as pa

    from auditor.facts import FACTS_SCHEMA

    for name in ("findings", "gaps"):
        shutil.rmtree(out / name, ignore_errors=True)
        (out / name).mkdir()
    groups = min(_BUCKETS, -(-facts.count_rows() // GROUP_ROWS))
    if groups <= 1:
        return judge_table(pa.Table.from_batches(_of_use(facts, policy), FACTS_SCHEMA), policy, out, 0)
    folder = out / "buckets"
    try:
        width = -(-_BUCKETS // groups)
        numbers = _partition(facts, policy, folder, width)
        total = Verdicts()
        for done in run(
            numbers,
            _judge_group,
            workers=workers,
            initializer=_prepare,
            initargs=(policy, out),
            seconds=lambda number: 3600,
        ):
            if isinstance(done, Lost):
                raise RunError(f"{out}: judging group {done.task} failed: {done.why}; run `auditor judge` again")
            assert isinstance(done, Done)
            total += done.result
        return total
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _of_use(facts: pads.Dataset, policy: Policy) -> Iterator[pa.RecordBatch]:
    """The rows that judging needs."""
    from auditor.facts import LOW_MEMORY_SCAN, keep_needed_rows
    from auditor.policy.evaluate import required_keys

    wanted = {**required_keys(policy), "copy_of": frozenset[str]()}
    return (keep_needed_rows(batch, wanted) for batch in facts.scanner(**LOW_MEMORY_SCAN).to_batches())


def _partition(facts: pads.Dataset, policy: Policy, folder: Path, width: int) -> list[int]:
    """Write what is of use once more, a folder for each stretch of ``width`` buckets; the stretches' numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.dataset as pads

    groups = pa.scalar(width, pa.int32())
    rows = (
        batch.append_column("group", pc.divide(batch["bucket"].cast(pa.int32()), groups))
        for batch in _of_use(facts, policy)
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


_prepared: tuple[Any, Path] | None = None


def _prepare(policy: Policy, out: Path) -> None:
    global _prepared
    _prepared = (policy, out)


def _judge_group(number: int) -> Verdicts:
    import pyarrow.dataset as pads

    from auditor.facts import FACTS_SCHEMA

    assert _prepared
    policy, out = _prepared
    table = pads.dataset(out / "buckets" / str(number), schema=FACTS_SCHEMA, format="ipc").to_table()
    return judge_table(table, policy, out, number)


def judge_table(facts: pa.Table, policy: Policy, out: Path, number: int) -> Verdicts:
    """Judge every subject of a table of facts; write ``findings/N.parquet`` and ``gaps/N.parquet``, in order."""
    from auditor.facts import subjects_from_rows
    from auditor.policy.evaluate import evaluate_subject

    opens_case = {rule.id: (rule.case, rule.priority) for rule in policy.rules if rule.case}
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
    _write(findings, FINDING_COLUMNS, out / "findings" / f"{number:03}.parquet")
    _write(gaps, GAP_COLUMNS, out / "gaps" / f"{number:03}.parquet")
    return Verdicts(kinds, flagged, len(gaps), tuple(reasons), tuple(_copies(facts)))


def _write(rows: Sequence[tuple[object, ...]], columns: Sequence[str], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(column, pa.int64() if column == "line" else pa.string()) for column in columns])
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    arrays = [pa.array(c, field.type) for c, field in zip(cells, schema, strict=True)]
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path, compression="zstd")


def _copies(facts: pa.Table) -> Iterator[tuple[Ref, Ref]]:
    """Which subjects have the same weights as which."""
    import pyarrow.compute as pc

    said = facts.filter(pc.equal(facts["key"], "copy_of"))
    for kind, name, revision, other in zip(
        *(said[column].to_pylist() for column in ("kind", "name", "revision", "value")), strict=True
    ):
        yield Ref(kind, name, revision), Ref(kind, other)


def finding(cells: tuple[Any, ...]) -> Finding:
    """The finding that a row of ``findings/*.parquet`` holds: its cells, as FINDING_COLUMNS has them."""
    kind, subject, revision, rule, fact, outcome, severity, uri, line, remark, relation = cells
    return Finding(rule, kind, subject, revision, outcome, severity, fact, Place(uri, line), remark, relation)
