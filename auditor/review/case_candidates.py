"""Read from a run the cases that it opens, with their facts and the digests of their weights."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from auditor.errors import RunError
from auditor.lineage.artefacts import is_shared_component
from auditor.model import Case, Digest, Finding, Ground, Ref, Statement, Subject
from auditor.pipeline.finding_tables import FINDING_COLUMNS, finding_from_row
from auditor.pipeline.policy_summary import ListSummary
from auditor.pipeline.report import Report
from auditor.policy.load_policy import Policy
from auditor.review.case_reasons import STRENGTH_MEANINGS, CaseFact, ListSource, Reason

if TYPE_CHECKING:
    import pyarrow as pa
from auditor.review.case_policy import EXPOSING_RELATIONS, case_statement_keys, flagged_reasons, keep_case_rules
from auditor.review.case_support import find_minimal_facts
from auditor.review.evidence_strength import fact_sources, fact_strength, source_rank

_TENSORS = "sha256-tensors"
# The digests by which a case and a de-index list name weights.
_DIGESTS = ("sha256", _TENSORS)


@dataclass(frozen=True, slots=True)
class CaseCandidate:
    """A case as a run shows it: subjects with the same weights, and the reasons on any of them."""

    ground: Ground
    subject: Ref
    copies: tuple[Ref, ...]
    digests: tuple[Digest, ...]
    weights: str
    reasons: tuple[Reason, ...]
    facts: tuple[CaseFact, ...]

    @property
    def id(self) -> str:
        """The id of the case, computed from its ground, subject and weights."""
        parts = (self.ground, self.subject.kind, self.subject.name, self.weights or self.subject.revision)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def read_report_cases(report: Report) -> tuple[Case, ...]:
    """Return a report case for each subject of a run that a rule with this ground flags."""
    rules = [rule.id for rule in report.policy.rules if rule.case == "report"]
    if report.folder is None or not any(rule in rules for rule, outcome, _ in report.flagged if outcome == "FLAGGED"):
        return ()
    import pyarrow.compute as pc
    import pyarrow.dataset as pads

    files = [str(path) for path in sorted((report.folder / "findings").glob("*.parquet"))]
    flagged = pc.field("rule").isin(rules) & (pc.field("outcome") == "FLAGGED")
    table = pads.dataset(files, format="parquet").to_table(list(FINDING_COLUMNS), filter=flagged)
    by_subject: dict[Ref, list[Finding]] = {}
    for cells in sorted(zip(*(column.to_pylist() for column in table.columns), strict=True)):
        finding = finding_from_row(cells)
        by_subject.setdefault(finding.ref, []).append(finding)
    return tuple(
        Case("report", ref.kind, ref.name, ref.revision, tuple(findings)) for ref, findings in by_subject.items()
    )


def read_candidates(
    folder: Path, cases: Sequence[Case], policy: Policy, lists: Sequence[ListSummary] = ()
) -> Iterator[CaseCandidate]:
    """Yield cases of a run, with the facts they rest on and the digests of their weights.

    Args:
        folder: The run's folder.
        cases: The cases to read.
        policy: The policy that the run was evaluated with.
        lists: The run's lists: their holders are recorded with each reason that follows from a list of models.
    """
    holders = {known.name: known.holder for known in lists}
    named = {ref.name for case in cases for ref in (case.ref, *case.copies)}
    grounds = {ground: keep_case_rules(policy, ground) for ground in get_args(Ground)}
    keys = {ground: case_statement_keys(kept) for ground, kept in grounds.items()}
    subjects, edges = _read_facts(folder, named, frozenset().union(*keys.values()))
    for case in cases:
        by_weights: dict[str, list[Ref]] = {}
        for ref in (case.ref, *case.copies):
            # A report case is of samples, so it names no weights and has no copies.
            key = "" if case.ground == "report" else _weights_identity(_weight_digests(subjects, ref))
            by_weights.setdefault(key or f"{ref.name}\0{ref.revision}", []).append(ref)
        for refs in by_weights.values():
            findings = [reason for reason in case.reasons if reason.ref in refs]
            if findings:
                facts = {
                    fact: None
                    for finding in findings
                    for fact in _supporting_facts(finding.ref, subjects, edges, keys[case.ground])
                }
                files = {} if case.ground == "report" else {ref: _weight_digests(subjects, ref) for ref in refs}
                yield _build_candidate(
                    case.ground, findings, tuple(facts), files, grounds[case.ground], folder, holders
                )


def _build_candidate(
    ground: Ground,
    findings: Sequence[Finding],
    facts: tuple[CaseFact, ...],
    weights: Mapping[Ref, Mapping[str, Sequence[Digest]]],
    policy: Policy,
    folder: Path,
    holders: Mapping[str, str],
) -> CaseCandidate:
    """Return the candidate for subjects with the same weights.

    Args:
        ground: The ground of the case.
        findings: What was flagged on the subjects.
        facts: The facts that it follows from.
        weights: The digests of each subject's weights files; {} for a report case.
        policy: The rules that open cases of this ground.
        folder: The run's folder.
        holders: The holder of each list.

    Raises:
        RunError: The facts do not support a finding.
    """
    reasons = []
    for finding in findings:
        enough = find_minimal_facts(facts, policy, ground, finding)
        if not enough:
            raise RunError(
                f"{folder}: {finding.subject} cannot be evaluated again from its facts; run auditor judge again"
            )
        test_lists = _required_test_lists(finding, facts, enough, policy, ground)
        reasons.append(replace(_build_reason(finding, enough, holders), test_lists=test_lists))
    reasons.sort(
        key=lambda reason: (list(STRENGTH_MEANINGS).index(reason.strength), reason.rule, reason.subject, reason.fact)
    )
    subject = findings[0].ref
    digests = tuple(sorted({d for of_ref in weights.values() for files in of_ref.values() for d in files}))
    copies = tuple(ref for ref in weights if ref != subject)
    identity = _weights_identity(weights.get(subject, {}))
    return CaseCandidate(ground, subject, copies, digests, identity, tuple(reasons), facts)


def _read_facts(
    folder: Path, named: set[str], keys: frozenset[str]
) -> tuple[dict[tuple[str, str], tuple[Subject, ...]], dict[str, tuple[tuple[str, str], ...]]]:
    """Read for candidates the statements about these subjects and about the datasets they were trained on.

    Returns:
        The statements by (kind, name), and for each model (dataset, source) of what it was trained on.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.dataset as pads
    import pyarrow.parquet as pq

    from auditor.facts import FACTS_SCHEMA, subjects_from_rows

    graph = pq.read_table(folder / "derived" / "edges.parquet")
    graph = graph.filter(pc.is_in(graph["child"], pa.array(sorted(named), pa.string())))
    graph = graph.filter(pc.equal(graph["relation"], "trained-on"))
    edges: dict[str, set[tuple[str, str]]] = {}
    for row in graph.to_pylist():
        edges.setdefault(row["child"], set()).add((row["parent"], row["source"]))
    asked = sorted(named | {parent for pairs in edges.values() for parent, _ in pairs})
    files = [str(path) for path in (*sorted((folder / "facts").glob("*.parquet")), folder / "derived/derived.parquet")]
    table: pa.Table = pads.dataset(files, schema=FACTS_SCHEMA, format="parquet").to_table(
        filter=pc.field("name").isin(asked) & pc.field("key").isin(sorted(keys | {"artefact", "known_content"}))
    )
    stated: dict[tuple[str, str], tuple[Subject, ...]] = {}
    for subject in subjects_from_rows(table):
        stated[subject.kind, subject.name] = (*stated.get((subject.kind, subject.name), ()), subject)
    return stated, {child: tuple(sorted(pairs)) for child, pairs in edges.items()}


def _statements_of(subjects: Mapping[tuple[str, str], tuple[Subject, ...]], ref: Ref) -> Iterator[Statement]:
    """Yield the statements about one revision of a candidate's subject."""
    for subject in subjects.get((ref.kind, ref.name), ()):
        if subject.revision in ("", ref.revision) or not ref.revision:
            yield from subject.statements


def _supporting_facts(
    ref: Ref,
    subjects: Mapping[tuple[str, str], tuple[Subject, ...]],
    edges: Mapping[str, tuple[tuple[str, str], ...]],
    keys: frozenset[str],
) -> Iterator[CaseFact]:
    """Yield the facts of a candidate with the keys that its rules read.

    Instead of ``exposed`` they are those that it was derived from, without matches that a manifest only declares.
    """
    exposing = set()
    for statement in _statements_of(subjects, ref):
        if statement.key == "exposed" and "exposed" in keys:
            exposing.add(statement.value)
        elif statement.key in keys:
            yield CaseFact(ref, statement)
    for dataset, source in edges.get(ref.name, ()):
        if dataset in exposing:
            yield CaseFact(ref, Statement("trained_on", dataset, "", source=source))
    for dataset in sorted(exposing):
        for subject in subjects.get(("dataset", dataset), ()):
            yield from (
                CaseFact(subject.ref, said)
                for said in subject.statements_for("known_content")
                if said.relation in EXPOSING_RELATIONS
            )


def _weight_digests(subjects: Mapping[tuple[str, str], tuple[Subject, ...]], ref: Ref) -> dict[str, list[Digest]]:
    """Return a candidate's digests of weights files, by file, without parts that unrelated models share."""
    files: dict[str, list[Digest]] = {}
    for statement in _statements_of(subjects, ref):
        if statement.key == "artefact" and not is_shared_component(statement.place.uri):
            algorithm, _, value = statement.value.partition(":")
            if algorithm not in _DIGESTS:
                continue
            files.setdefault(statement.place.uri, []).append(Digest(algorithm, value))
    return files


def _weights_identity(files: Mapping[str, Sequence[Digest]]) -> str:
    """Return the identity of a candidate's set of weights, independent of headers; "" when no digest is known.

    It covers all files, so that nobody can draw a model into a case by publishing a copy of one of its files.
    """
    digests = sorted(
        {
            max(read_candidates, key=lambda digest: digest.algorithm == _TENSORS).value
            for read_candidates in files.values()
        }
    )
    return hashlib.sha256("\n".join(digests).encode()).hexdigest() if digests else ""


def _build_reason(finding: Finding, facts: Sequence[CaseFact], holders: Mapping[str, str]) -> Reason:
    """Return a candidate's reason for a finding, with the strength, sources and lists of the facts it needs."""
    strength = min((fact_strength(fact.statement) for fact in facts), key=list(STRENGTH_MEANINGS).index)
    words = sorted({word for fact in facts for word in fact_sources(fact.statement)}, key=source_rank)
    named = sorted({fact.statement.value for fact in facts if fact.statement.key == "known_model"})
    lists = tuple(ListSource(name, holders.get(name, "")) for name in named)
    severity, remark = finding.severity, finding.remark
    return Reason(finding.rule, finding.ref, finding.fact, severity, strength, tuple(words), remark, lists=lists)


def _required_test_lists(
    finding: Finding, facts: Sequence[CaseFact], enough: Sequence[CaseFact], policy: Policy, ground: Ground
) -> tuple[str, ...]:
    """Return the test lists without which a candidate's finding would fall, whatever the profile says.

    Args:
        finding: What a rule flagged.
        facts: All facts of its case.
        enough: The facts of which the finding needs every one.
        policy: The rules that open cases, and the lists as they were declared.
        ground: The ground of the case.
    """
    names = {known.name for known in policy.lists if known.means == "test"}
    others = [fact for fact in facts if fact.list_name not in names]
    if len(others) == len(facts) or (finding.rule, finding.subject, finding.fact) in flagged_reasons(
        others, policy, ground
    ):
        return ()
    return tuple(sorted({fact.list_name for fact in enough} & names))
