"""Decide which samples of a batch were answered: compared by every algorithm that a list asks and they can have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import reduce
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from auditor.model import Count
from auditor.samples import TEXT_SIGNALS, Samples, possible_algorithms

_NOT_ASKED = "the samples state only digests or addresses that no loaded list holds"


class AnsweredSamples(NamedTuple):
    """What became of the samples of a batch.

    Attributes:
        counts: By place, how many were compared by all that was asked, by a part of it, or by nothing.
        gaps: For each sample, why it was not compared by all; null: it was, or no list asks anything of it.
        places: The files of which at least one sample was compared, or was not to be.
    """

    counts: Mapping[str, Count]
    gaps: pa.Array
    places: tuple[str, ...]


class SampleAnswers(NamedTuple):
    """For each sample of a batch: was it compared by everything that was asked, by anything, and why not by all?"""

    everything: pa.Array
    anything: pa.Array
    gaps: pa.Array


def answered_samples(samples: Samples, stored: pa.RecordBatch, asked: Collection[str]) -> AnsweredSamples:
    """Return which samples of a batch were answered, and what became of the others; see :func:`sample_answers`."""
    rows = stored.num_rows
    everything, anything, gap = sample_answers(samples, stored, asked)
    has_gap = pc.is_valid(gap)
    masks = {
        "collected": _answered_everywhere(rows),
        "scanned": pc.and_not(everything, has_gap),
        "errored": pc.and_not(has_gap, anything),
        "partly": pc.and_(has_gap, anything),
    }
    place = pc.fill_null(stored["place"], "")
    numbers = {name: pc.cast(mask, pa.int64()) for name, mask in masks.items()}
    table = pa.table({"place": place, **numbers})
    sums = table.group_by("place").aggregate([(name, "sum") for name in numbers]).to_pylist()
    counts = {
        row["place"]: Count(
            row["collected_sum"],
            row["scanned_sum"],
            row["collected_sum"] - row["scanned_sum"] - row["errored_sum"] - row["partly_sum"],
            row["errored_sum"],
            row["partly_sum"],
        )
        for row in sums
    }
    places = pc.unique(place.filter(pc.or_(anything, pc.invert(has_gap)))).to_pylist()
    return AnsweredSamples(counts, gap, tuple(place for place in places if place))


def sample_answers(samples: Samples, stored: pa.RecordBatch, asked: Collection[str]) -> SampleAnswers:
    """Return what each sample of a batch was compared by, and why not by all that was asked.

    Of a sample's bytes every asked algorithm that auditor computes must have been compared. What stands for bytes that
    are not here must have been compared by a digest or an address that it states. A picture of too little detail was
    hashed, so it is answered; one without a quality cannot be compared by PDQ.

    Args:
        samples: The batch.
        stored: Its rows without the variants.
        asked: The algorithms of the loaded lists.
    """
    rows = stored.num_rows
    valid = {name: pc.is_valid(stored[name]) for name in samples.algorithms}
    if "pdq" in valid and samples.basis == "computed":
        valid["pdq"] = pc.and_(valid["pdq"], pc.is_valid(stored["quality"]))
    address = pc.is_valid(stored["url"])
    compared = [valid[name] for name in valid if name in asked]
    if not set(TEXT_SIGNALS).isdisjoint(asked):
        compared.append(address)
    anything = _answered_in_any(compared, rows)
    gap = stored["gap"]
    if samples.basis == "declared":
        everything = anything
        stated = _answered_in_any([*valid.values(), address], rows) if asked else _answered_nowhere(rows)
        gap = pc.if_else(pc.and_(pc.is_null(gap), pc.and_not(stated, anything)), _NOT_ASKED, gap)
    else:
        # What was counted before was answered for there.
        possible = () if samples.already_counted else possible_algorithms(samples.carrier)
        required = [name for name in possible if name in asked]
        columns = [valid.get(name, _answered_nowhere(rows)) for name in required]
        everything = reduce(pc.and_, columns, _answered_everywhere(rows)) if required else anything
        unanswered = pc.and_(pc.is_null(gap), pc.invert(everything)) if required else _answered_nowhere(rows)
        if pc.any(unanswered).as_py():
            missing = ", ".join(
                n for n, c in zip(required, columns, strict=True) if pc.any(pc.and_not(unanswered, c)).as_py()
            )
            gap = pc.if_else(unanswered, f"not compared by every hash that a list asks for: {missing}", gap)
    return SampleAnswers(everything, anything, gap)


def _answered_in_any(columns: Iterable[pa.Array], rows: int) -> pa.Array:
    """Return for each sample whether it was answered: whether any column of answers holds."""
    return reduce(pc.or_, columns, _answered_nowhere(rows))


def _answered_nowhere(rows: int) -> pa.Array:
    """Return a column that says of no sample that it was answered."""
    return pa.repeat(pa.scalar(False), rows)


def _answered_everywhere(rows: int) -> pa.Array:
    """Return a column that says of every sample that it was answered."""
    return pa.repeat(pa.scalar(True), rows)
