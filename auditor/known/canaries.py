"""Harmless things that no list of known content may match; a version that does is wrong or poisoned.

Ordinary pictures that the project generates itself, empty and blank files, and well-known domains.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa

from auditor.known import exact_index, near_index
from auditor.known.compiled_list import CompiledList
from auditor.samples import DIGEST_BYTES, TEXT_SIGNALS

_TABLE = Path(__file__).with_suffix(".tsv")


def matched(known: CompiledList) -> tuple[str, ...]:
    """What of the table the list matches, as "ALGORITHM of WHAT"; a list of harmless things may hold all of them."""
    if known.means == "benign":
        return ()
    found = []
    with _TABLE.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file, delimiter="\t"))
    for algorithm in sorted(known.algorithms):
        rows = [row for row in table if row["algorithm"] == algorithm]
        if not rows:
            continue
        if algorithm in TEXT_SIGNALS:
            values = pa.array([row["value"] for row in rows], pa.string())
        else:
            values = pa.array([bytes.fromhex(row["value"]) for row in rows], pa.binary(DIGEST_BYTES[algorithm]))
        hit = known.find(algorithm, values)[0]
        if algorithm in known.thresholds:
            hit = np.union1d(hit, known.near(algorithm, near_index.words_of(exact_index.rows_of(values)))[0])
        found += [f"the {algorithm} of {rows[row]['what']}" for row in hit]
    return tuple(found)
