"""The types of what ``run.json`` and ``report.json`` hold, by which a file that was damaged or altered is refused."""

from __future__ import annotations

from typing import Any, Required, TypedDict

import msgspec

from auditor.model import Count, Ground, Kind, Outcome, Ref, Severity
from auditor.pipeline.policy_summary import PolicySummary
from auditor.pipeline.report import AncestorNote, Notes
from auditor.pipeline.sampled_audit import Stratum


class _KeptDigests(TypedDict):
    days: int
    asked: tuple[str, ...]


class _Wants(TypedDict, total=False):
    trust_target: Required[bool]
    algorithms: tuple[str, ...]
    weights: str
    variants: tuple[str, ...]
    exclude: tuple[str, ...]
    files_from: str
    content: bool
    name_as: str
    dataset: str
    sample: dict[str, Any]
    keep_digests: _KeptDigests


class RunContent(TypedDict):
    """What ``run.json`` holds."""

    version: str
    targets: tuple[str, ...]
    roots: tuple[str, ...]
    wants: _Wants
    policy: PolicySummary
    started: str


class _Tally(TypedDict):
    files: Count
    samples: Count
    reasons: dict[str, int]
    coverage: dict[str, int]
    compared: dict[str, int]
    comparisons: tuple[tuple[str, str, str, str, int], ...]


class _Place(TypedDict):
    uri: str
    line: int


class _Finding(TypedDict):
    rule: str
    kind: Kind
    subject: str
    revision: str
    outcome: Outcome
    severity: Severity
    fact: str
    place: _Place
    remark: str
    relation: str


class _Case(TypedDict):
    ground: Ground
    kind: Kind
    subject: str
    revision: str
    reasons: tuple[_Finding, ...]
    copies: tuple[Ref, ...]


class _Part(TypedDict, total=False):
    number: int
    of: int
    plan: str
    shards: int


class _Sampled(TypedDict, total=False):
    asked: str
    seed: int
    column: str
    strata: tuple[Stratum, ...]


class ResultsContent(TypedDict, total=False):
    """What ``report.json`` holds."""

    started: Required[str]
    finished: Required[str]
    complete: Required[bool]
    notes: Required[Notes]
    ancestors: Required[tuple[AncestorNote, ...]]
    tally: Required[_Tally]
    subjects: Required[dict[Kind, int]]
    flagged: Required[tuple[tuple[str, Outcome, Severity, int], ...]]
    gaps: Required[int]
    cases: Required[tuple[_Case, ...]]
    part: _Part
    sampled: _Sampled


def check_shape(content: object, shape: type[RunContent] | type[ResultsContent]) -> None:
    """Check that what JSON holds has the types that it must have.

    Raises:
        ValueError: It has not; the message names the place.
    """
    msgspec.convert(content, shape)
