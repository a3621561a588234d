"""State which models have the same weights: the same file, or the same tensors under another header."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from auditor.lineage.artefacts import read_artefacts
from auditor.lineage.derived_statements import DerivedStatement


def copy_statements(facts: pads.Dataset) -> Iterator[DerivedStatement]:
    """Yield ``copy_of`` for copies: models that share a digest. Each names the first by name; the first, the second."""
    artefacts = read_artefacts(facts)
    table = pa.table({"digest": artefacts.digests, "name": artefacts.names})
    table = table.filter(pc.invert(artefacts.shared_component))
    # A model may have the same file twice; only two models make a copy.
    unique = table.group_by(["digest", "name"]).aggregate([])
    groups = unique.group_by("digest").aggregate([("name", "count")])
    shared = groups.filter(pc.greater(groups["name_count"], 1))["digest"]
    if not len(shared):
        return
    table = unique.filter(pc.is_in(unique["digest"], shared.combine_chunks()))
    table = table.sort_by([("digest", "ascending"), ("name", "ascending")])
    found: dict[tuple[str, str], tuple[str, int]] = {}

    def add(name: str, other: str, relation: str) -> None:
        """Count one more file or tensors that two models have in common, for their ``copy_of`` statement."""
        stronger, number = found.get((name, other), (relation, 0))
        found[name, other] = min(stronger, relation), number + 1  # same-file sorts before same-tensors

    first = second = current = ""
    rows = cast("Iterator[tuple[str, str]]", zip(table["digest"].to_pylist(), table["name"].to_pylist(), strict=True))
    for digest, name in rows:
        if digest != current:
            current, first, second = digest, name, ""
            continue
        relation = "same-tensors" if digest.startswith("sha256-tensors:") else "same-file"
        add(name, first, relation)
        if not second:
            second = name
            add(first, second, relation)
    for (name, other), (relation, number) in sorted(found.items()):
        remark = "1 digest agrees" if number == 1 else f"{number:,} digests agree"
        yield DerivedStatement("model", name, "copy_of", other, relation, remark)
