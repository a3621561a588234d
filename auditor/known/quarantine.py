"""Quarantine entries that match too many unrelated samples to be reliable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.known.near_index import MAX_THRESHOLDS
from auditor.model import Place, Statement, Subject

# An entry that nearly matches no more samples than this is never quarantined, nor one that matches a smaller share.
_MIN_SAMPLES = 20
_MIN_SHARE = 0.01
# An entry is believed if, for this many far matches, it has at least one within half the threshold.
_FAR_FOR_A_CLOSE = 10


@dataclass(frozen=True, slots=True)
class QuarantinedEntry:
    """An unreliable entry that matched too many samples, and how many of them beyond half the threshold."""

    list: str
    version: str
    token: str
    samples: int


def quarantine_entries(
    hits: pa.Table | pa.RecordBatch, samples: int
) -> tuple[tuple[QuarantinedEntry, ...], NDArray[np.bool_]]:
    """Find the list entries to quarantine: those whose near matches cannot all be copies of one picture.

    Copies of a listed picture are at every distance; unrelated pictures are mostly at the largest. Samples within half
    the threshold of an entry are within the threshold of each other, so they are copies of one picture. An entry is
    quarantined for more than 20 samples, and more than one in a hundred, beyond that, with not a tenth as many
    within it. Its hits at distance 0 are kept.

    Args:
        hits: Rows of :data:`auditor.samples.HITS_SCHEMA`.
        samples: The number of samples that the run compared.

    Returns:
        The entries, and which rows of ``hits`` are quarantined.
    """
    limit = max(_MIN_SAMPLES, _MIN_SHARE * samples)
    names = ("list", "version", "token")
    far_by_algorithm = [
        pc.and_(
            pc.equal(hits.column("algorithm"), name), pc.greater(hits.column("distance"), MAX_THRESHOLDS[name] // 2)
        )
        for name in MAX_THRESHOLDS
    ]
    far = reduce(pc.or_, far_by_algorithm)
    table = pa.table({name: hits.column(name) for name in names}).append_column("far", pc.cast(far, pa.int64()))
    counted = table.group_by(list(names)).aggregate([("far", "sum"), ("far", "count")])
    suspicious = counted.filter(
        pc.and_(
            pc.greater(counted["far_sum"], limit),
            pc.less(
                pc.multiply(pc.subtract(counted["far_count"], counted["far_sum"]), _FAR_FOR_A_CLOSE), counted["far_sum"]
            ),
        )
    ).sort_by([(name, "ascending") for name in names])
    found = tuple(
        QuarantinedEntry(row["list"], row["version"], row["token"], row["far_sum"]) for row in suspicious.to_pylist()
    )
    keys = pc.binary_join_element_wise(*(hits.column(name) for name in names), "\0")
    is_quarantined = pc.is_in(
        keys, pa.array(["\0".join((entry.list, entry.version, entry.token)) for entry in found], pa.string())
    )
    rows = pc.and_(is_quarantined, pc.greater(hits.column("distance"), 0)).to_numpy(zero_copy_only=False)
    return found, np.asarray(rows, np.bool_)


def quarantine_notice(entry: QuarantinedEntry) -> Subject:
    """Return a document which states that a list entry matched too many samples to be reliable."""
    remark = f"entry {entry.token} nearly matched {entry.samples:,} samples that are not alike; these are not counted"
    statement = Statement("quarantined", entry.list, "", Place(f"list:{entry.list}"), "known", remark)
    return Subject("document", f"list {entry.list}", entry.version, (statement,))
