"""Find decisions that no longer fit what a newer run found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from auditor.model import Ref
from auditor.review.review_types import Decision


def staleness_check(run: Path, decisions: Iterable[Decision]) -> Callable[[Decision, Ref], str]:
    """Return a function that says why a decision is stale: no longer fits a subject, by what a newer run found.

    The function returns "" if the decision still fits, or the run cannot tell. Weights count first: if the run holds
    digests of the subject and none of them was reviewed, the decision is stale; if one was, a changed card changes
    nothing. If no digest is known, the reasons of the decision must still be found.

    Args:
        run: The newer run's folder.
        decisions: The decisions to check.

    Raises:
        RunError: The run cannot be read.
    """
    import pyarrow.compute as pc
    import pyarrow.dataset as pads

    from auditor.facts import FACTS_SCHEMA
    from auditor.pipeline.report import read_report

    found = {
        (reason.rule, reason.kind, reason.subject, reason.fact)
        for case in read_report(run).cases
        for reason in case.reasons
    }
    names = sorted({ref.name for decision in decisions for ref in (decision.subject, *decision.copies)})
    files = sorted(str(path) for path in (run / "facts").glob("*.parquet"))
    facts = pads.dataset(files, schema=FACTS_SCHEMA, format="parquet")
    artefacts: dict[tuple[str, str], set[str]] = {}
    for batch in facts.to_batches(columns=["kind", "name", "key", "value"], filter=pc.field("name").isin(names)):
        for kind, name, key, value in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            held = artefacts.setdefault((kind, name), set())
            if key == "artefact":
                held.add(value)

    def stale(decision: Decision, subject: Ref) -> str:
        """Return why a decision no longer fits a subject; "" if it does."""
        held = artefacts.get((subject.kind, subject.name))
        if held is None:
            return ""
        reviewed = {str(digest) for digest in decision.digests}
        if reviewed and held:
            return "" if reviewed & held else "its weights are not the reviewed weights any more"
        for reason in decision.reasons:
            about = (reason.rule, reason.subject.kind, reason.subject.name, reason.fact)
            if reason.rule in decision.rules and about not in found:
                return f"{reason.rule} no longer has the findings that were reviewed"
        return ""

    return stale
