"""What a sampled audit proves: of each stratum, and of all units together, between which rates the true one lies.

Intervals are those of Clopper and Pearson, which hold for any size of sample, also where nothing was found. A unit that
was drawn and could not be answered counts for the lower end as one without a match, for the upper end as one with it.
The whole's interval joins the strata's: of k strata, each holds with a probability of 1 - α/k,
so all of them together with 1 - α.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from auditor.drawn_sample import DrawnSample, unit_keys
from auditor.intervals import CONFIDENCE, Interval, rate_interval
from auditor.pipeline.run_folder import HITS

# Lists of these find nothing that a dataset is accused of.
_NOT_COUNTED = ("model", "benign")


@dataclass(frozen=True, slots=True)
class Stratum:
    """A part of the targets' units that was sampled by itself.

    Attributes:
        name: What its units have in common.
        units: How many there are.
        drawn: How many of them were drawn.
        answered: How many of those were compared by all that was asked.
        found: How many of those match each list, by its name.
    """

    name: str
    units: int
    drawn: int
    answered: int = 0
    found: Mapping[str, int] = field(default_factory=dict)

    def interval(self, known: str, confidence: float = CONFIDENCE) -> Interval:
        """Return between which rates the share of the stratum's units that match a list lies."""
        found = self.found.get(known, 0)
        possible = found + self.drawn - self.answered
        if not self.drawn:
            return Interval(0.0, 1.0)
        if self.drawn == self.units:
            return Interval(found / self.units, possible / self.units)
        low = rate_interval(found, self.drawn, confidence).low
        return Interval(low, rate_interval(min(possible, self.drawn), self.drawn, confidence).high)


@dataclass(frozen=True, slots=True)
class SampledAudit:
    """How an audit's sample was drawn, and what came of it.

    Attributes:
        asked: What was asked for: ``3,000`` or ``0.5 %``.
        seed: What makes the drawing the same again.
        column: The column whose values are the strata; "": there is one stratum.
        strata: The strata that have units.
    """

    asked: str
    seed: int
    column: str
    strata: tuple[Stratum, ...]

    def without_names(self) -> SampledAudit:
        """Return the same without what the targets call their column and its values, for a shared report."""
        numbered = (replace(one, name=f"part {number}") for number, one in enumerate(self.strata, 1))
        return replace(self, column="one column" if self.column else "", strata=tuple(numbered))

    def without_matches(self) -> SampledAudit:
        """Return the same without what matched, for those who are not told of matches."""
        return replace(self, strata=tuple(replace(one, found={}) for one in self.strata))

    @property
    def units(self) -> int:
        """How many units the targets have."""
        return sum(stratum.units for stratum in self.strata)

    @property
    def drawn(self) -> int:
        """How many units were drawn."""
        return sum(stratum.drawn for stratum in self.strata)

    @property
    def answered(self) -> int:
        """How many units were drawn and compared by all that was asked."""
        return sum(stratum.answered for stratum in self.strata)

    def found(self, known: str) -> int:
        """Return how many drawn units match a list."""
        return sum(stratum.found.get(known, 0) for stratum in self.strata)

    def rate(self, known: str) -> float:
        """Return the estimated share of all units that match a list, each stratum by its size."""
        return sum(
            stratum.units * stratum.found.get(known, 0) / stratum.drawn for stratum in self.strata if stratum.drawn
        ) / max(1, self.units)

    def interval(self, known: str, confidence: float = CONFIDENCE) -> Interval:
        """Return between which rates the share of all units that match a list lies."""
        each = 1 - (1 - confidence) / max(1, len(self.strata))
        ends = [(stratum.units, stratum.interval(known, each)) for stratum in self.strata]
        low, high = (sum(units * interval[end] for units, interval in ends) / max(1, self.units) for end in (0, 1))
        return Interval(low, high)


def sampled_audit_from_json(content: Mapping[str, Any]) -> SampledAudit | None:
    """Return the sampled audit that JSON holds; None for an empty object. Raises KeyError or TypeError."""
    if not content:
        return None
    strata = tuple(Stratum(**stratum) for stratum in content["strata"])
    return SampledAudit(content["asked"], content["seed"], content["column"], strata)


def sampled_audit_to_json(sampled: SampledAudit | None) -> dict[str, Any]:
    """Return a sampled audit as :func:`sampled_audit_from_json` reads it."""
    return asdict(sampled) if sampled else {}


def count_found(run: Path, drawn: DrawnSample, strata: int) -> dict[str, list[int]]:
    """Return how many drawn units of each stratum match each list of a run's hits.

    A unit that only a thorough variant matches is a lead and does not count, as nowhere else; nor do hits of a list
    entry that matches too much to be believed.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.dataset as pads

    from auditor.hashing.thorough_variants import is_thorough
    from auditor.known.quarantine import quarantine_entries
    from auditor.samples import HITS_SCHEMA

    files = sorted(map(str, (run / HITS).glob("*.parquet")))
    hits = pads.dataset(files, schema=HITS_SCHEMA, format="parquet").to_table() if files else HITS_SCHEMA.empty_table()
    hits = hits.filter(pc.invert(pc.is_in(hits["means"], pa.array(_NOT_COUNTED))))
    hits = hits.filter(
        pa.array([not is_thorough(variant or "") for variant in hits["variant"].to_pylist()], pa.bool_())
    )
    if not hits.num_rows:
        return {}
    _, is_quarantined = quarantine_entries(hits, drawn.size)
    believed = np.ones(hits.num_rows, np.bool_)
    believed[is_quarantined] = False
    hits = hits.filter(pa.array(believed))
    found: dict[str, list[int]] = {}
    for known in pc.unique(hits["list"]).to_pylist():
        keys = np.unique(unit_keys(hits.filter(pc.equal(hits["list"], known))))
        numbers = drawn.strata_of(keys)
        found[known] = np.bincount(numbers[numbers >= 0], minlength=strata).tolist()
    return found


def with_results(
    sampled: SampledAudit, answered: Mapping[str, int], found: Mapping[str, Sequence[int]]
) -> SampledAudit:
    """Return a sampled audit with what came of it.

    Args:
        sampled: What was drawn; it has all strata, also those without units.
        answered: How many units were answered, by the number of their stratum.
        found: How many match each list, by the number of their stratum.
    """
    strata = tuple(
        Stratum(
            one.name,
            one.units,
            one.drawn,
            answered.get(str(number), 0),
            {known: numbers[number] for known, numbers in found.items()},
        )
        for number, one in enumerate(sampled.strata)
        if one.units
    )
    return SampledAudit(sampled.asked, sampled.seed, sampled.column, strata)
