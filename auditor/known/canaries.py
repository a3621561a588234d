"""Refuse lists of known content that match well-known harmless files: such a version is wrong or poisoned.

Ordinary pictures that the project generates itself, empty and blank files, and well-known domains.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa

from auditor.errors import ListError
from auditor.known import exact_index, near_index
from auditor.known.compiled_list import CompiledList
from auditor.samples import DIGEST_BYTES, TEXT_SIGNALS

_TABLE = Path(__file__).with_suffix(".tsv")


def matched_canaries(known: CompiledList) -> tuple[str, ...]:
    """Return the canaries that the list matches, as "the ALGORITHM of WHAT"; a benign list may match all of them."""
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
        matched = known.find_exact(algorithm, values)[0]
        if algorithm in known.thresholds:
            words = near_index.digest_words(exact_index.digest_rows(values))
            matched = np.union1d(matched, known.find_near(algorithm, words)[0])
        found += [f"the {algorithm} of {rows[row]['what']}" for row in matched]
    return tuple(found)


def refuse_canaries(known: CompiledList, path: Path) -> None:
    """Raise ListError, with the list file's name, if the list matches something known to be harmless."""
    matched = matched_canaries(known)
    if matched:
        raise ListError(
            f"{path}: an entry matches {matched[0]}, which is harmless; version {known.version} of the list "
            f"{known.name!r} is not activated: ask its holder"
        )
