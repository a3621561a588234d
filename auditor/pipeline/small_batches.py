"""Match many small batches of samples at once: to match a card's few addresses alone costs more than to read it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import pyarrow as pa

from auditor.known.matcher import Matcher, MatchResult
from auditor.model import Ref
from auditor.samples import TEXT_SIGNALS, Samples

# Rows of all batches held; a batch of more rows is matched by itself.
MAX_HELD_ROWS = 4096


@dataclass(slots=True)
class SmallBatches:
    """Batches of what texts state, whose samples were counted already and leave no gap, by their columns."""

    _held: dict[tuple[str, ...], list[Samples]] = field(default_factory=dict)
    _subjects: dict[str, Ref] = field(default_factory=dict)  # by the place
    _rows: int = 0

    def add(self, samples: Samples, asked: Collection[str]) -> bool:
        """Hold a batch and return True, unless it has to be matched by itself.

        Args:
            samples: The batch.
            asked: The algorithms and signals of the lists that it is matched against.
        """
        batch = samples.batch
        rows = batch.num_rows
        if not (samples.already_counted and samples.basis == "declared" and 0 < rows < MAX_HELD_ROWS):
            return False
        if samples.algorithms:
            is_answered = all(name in asked and not batch[name].null_count for name in samples.algorithms)
        else:
            is_answered = not frozenset(TEXT_SIGNALS).isdisjoint(asked) and not batch["url"].null_count
        places = batch["place"].unique().to_pylist()
        has_gap = batch["gap"].null_count < rows
        is_of_others = any(self._subjects.get(place, samples.subject) != samples.subject for place in places)
        if not is_answered or has_gap or is_of_others:
            return False
        self._subjects.update(dict.fromkeys(places, samples.subject))
        self._held.setdefault((samples.carrier, *batch.schema.names), []).append(samples)
        self._rows += rows
        return True

    @property
    def is_full(self) -> bool:
        """Return whether the batches held have so many rows that they are to be matched."""
        return self._rows >= MAX_HELD_ROWS

    def match(self, matcher: Matcher) -> list[MatchResult]:
        """Return what the batches held match, each hit with its own subject, and hold none any more."""
        results = []
        for held in self._held.values():
            batch = pa.Table.from_batches([samples.batch for samples in held]).combine_chunks().to_batches()[0]
            result = matcher.match(replace(held[0], batch=batch))
            results.append(replace(result, hits=self._with_subjects(result.hits)))
        self._held.clear()
        self._subjects.clear()
        self._rows = 0
        return results

    def _with_subjects(self, hits: pa.RecordBatch) -> pa.RecordBatch:
        """Return the hits of several batches with the subject of each one's place."""
        subjects = [self._subjects[place] for place in hits["place"].to_pylist()]
        for name in ("kind", "name", "revision"):
            values = pa.array([getattr(subject, name) for subject in subjects], pa.string())
            hits = hits.set_column(hits.schema.get_field_index(name), hits.schema.field(name), values)
        return hits
