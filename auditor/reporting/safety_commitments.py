"""Which Safety by Design commitments the models of a report state, and which they do not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from auditor.errors import RunError
from auditor.model import Ref
from auditor.pipeline.report import Report

# The vocabulary's ids of the commitments (Thorn and All Tech Is Human, 2024) → the heading of their column.
COMMITMENTS: Mapping[str, str] = {
    "screened-training-data": "Training data screened",
    "red-teaming": "Red teaming",
    "prohibited-use": "Prohibited use",
    "detection": "Detection",
    "reporting-channel": "Reporting channel",
    "child-safety-section": "Child-safety section",
    "content-provenance": "Content provenance",
    "maintenance": "Maintenance",
}


@dataclass(frozen=True, slots=True)
class ModelCommitments:
    """A model, the commitments it states, and whether all of it was read: if not, a missing one may be stated."""

    ref: Ref
    stated: frozenset[str]
    fully_read: bool


def read_commitments(report: Report, refs: Collection[Ref]) -> tuple[ModelCommitments, ...]:
    """Return the safety commitments that each model of ``refs`` states, in order; none where facts are missing.

    Only the rows of these models are read, a batch at a time.

    Raises:
        RunError: The run is damaged.
    """
    models = [ref for ref in refs if ref.kind == "model"]
    if not models or report.facts is None:
        return ()
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    stated: dict[tuple[str, str], set[str]] = {_stored_identity(ref): set() for ref in models}
    unread: set[tuple[str, str]] = set()
    files = sorted(report.facts.glob("*.parquet"))
    names, keys = pa.array({name for name, _ in stated}), pa.array(["safety", "prohibited_use", "gap"])
    for path in files:
        try:
            for batch in pq.ParquetFile(path).iter_batches(columns=["kind", "name", "revision", "key", "value"]):
                wanted = pc.and_(pc.is_in(batch["key"], keys), pc.is_in(batch["name"], names))
                for row in batch.filter(pc.and_(wanted, pc.equal(batch["kind"], "model"))).to_pylist():
                    model = row["name"], row["revision"]
                    if model not in stated:
                        continue
                    if row["key"] == "gap":
                        unread.add(model)
                    else:
                        stated[model].add("prohibited-use" if row["key"] == "prohibited_use" else row["value"])
        except (pa.ArrowInvalid, OSError) as error:
            raise RunError(f"{path}: cannot be read ({error}); scan again") from error
    if not files:
        return ()
    identities = ((ref, _stored_identity(ref)) for ref in models)
    return tuple(
        ModelCommitments(ref, frozenset(stated[identity]), identity not in unread) for ref, identity in identities
    )


def _stored_identity(ref: Ref) -> tuple[str, str]:
    """Return name and revision of a model with safety commitments as facts hold them: surrogates escaped."""
    name, revision = (text.encode("utf-8", "backslashreplace").decode() for text in (ref.name, ref.revision))
    return name, revision
