"""Count the samples of each dataset that match lists of known content, and derive statements from the counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from auditor.lineage.derived_statements import DerivedStatement
from auditor.model import Basis

# Of samples that match only with an edit undone: a person must confirm these before they open a case.
LEAD_RELATION = "near-thorough"


@dataclass(frozen=True, slots=True)
class DatasetHits:
    """How many samples of one dataset match, by relation, of how many (None: unknown), and on which lists."""

    exact: int
    near: int
    samples: int | None
    lists: tuple[str, ...]

    def __str__(self) -> str:
        return f"{_format_hits(self.exact, self.near)}{_format_samples(self.samples)}"


def _format_hits(exact: int, near: int) -> str:
    """Return the number of known-content hits in words."""
    return ", ".join(f"{number:,} {word}" for number, word in ((exact, "exact"), (near, "near")) if number) or "none"


def _format_samples(samples: int | None) -> str:
    """Return the number of samples with known content in words."""
    return f" of {samples:,} samples" if samples is not None else ", number of samples unknown"


def count_dataset_hits(hits: pa.Table, basis: Basis, *, leads: bool = False) -> dict[str, DatasetHits]:
    """Count each dataset's known-content hits with this basis on lists that mean csam, by its name, sorted.

    One sample may match several lists, so a count is the greatest of any one list, never a sum over lists. ``leads``
    counts, as near, the samples that only a thorough variant matches, and no others.
    """
    by_list: dict[str, dict[str, dict[str, int]]] = {}
    samples: dict[str, int] = {}
    for row in hits.to_pylist():
        if row["means"] != "csam" or row["kind"] != "dataset" or row["basis"] != basis:
            continue
        if leads != (row["relation"] == LEAD_RELATION):
            continue
        name = row["name"]
        counts = by_list.setdefault(name, {}).setdefault(row["list"], {"exact": 0, "near": 0})
        counts["near" if leads else row["relation"]] += row["hits"]
        if row["samples"] is not None:
            samples[name] = max(samples.get(name, 0), row["samples"])
    return {
        name: DatasetHits(
            max(counts["exact"] for counts in lists.values()),
            max(counts["near"] for counts in lists.values()),
            samples.get(name),
            tuple(sorted(lists)),
        )
        for name, lists in sorted(by_list.items())
    }


def known_content_statements(hits: pa.Table) -> Iterator[DerivedStatement]:
    """Yield ``known_content`` for each subject, list, relation and basis of hits on lists that mean csam.

    Samples that only a thorough variant matches yield ``known_content_lead``.
    """
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in hits.to_pylist():
        if row["means"] == "csam":
            groups.setdefault((row["kind"], row["name"], row["revision"], row["list"]), []).append(row)
    for (kind, name, revision, list_name), rows in sorted(groups.items()):
        samples = max((row["samples"] for row in rows if row["samples"] is not None), default=None)
        counts = {
            (basis, relation): sum(row["hits"] for row in rows if (row["basis"], row["relation"]) == (basis, relation))
            for basis in ("computed", "declared")
            for relation in ("exact", "near")
        }
        leads = sum(row["hits"] for row in rows if row["relation"] == LEAD_RELATION)
        if leads:
            remark = f"{_format_hits(0, leads)}{_format_samples(samples)}; with common edits undone"
            yield DerivedStatement(kind, name, "known_content_lead", list_name, LEAD_RELATION, remark, revision)
        all_declared = not counts["computed", "exact"] + counts["computed", "near"]
        for (basis, relation), number in counts.items():
            if not number:
                continue
            counted = f"{_format_hits(counts[basis, 'exact'], counts[basis, 'near'])}{_format_samples(samples)}"
            if basis == "computed":
                remark = f"{counted}; computed from its files"
            else:
                remark = f"{counted}; claimed by its manifest{', no bytes here' if all_declared else ''}"
                relation = f"claimed-{relation}"
            yield DerivedStatement(kind, name, "known_content", list_name, relation, remark, revision)
