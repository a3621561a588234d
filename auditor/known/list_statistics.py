"""Count what a list holds while it is read, for its manifest and for ``auditor lists check``."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from auditor.known.entries import MalformedEntry

_MAX_KEPT_MALFORMED = 1000  # any more are only counted


@dataclass(slots=True)
class ListStatistics:
    """Counts of what a list holds besides its entries; counts by algorithm or reason are Counters."""

    malformed: list[MalformedEntry] = field(default_factory=list)  # the first thousand
    malformed_count: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    unmatchable: Counter[str] = field(default_factory=Counter)
    duplicates: Counter[str] = field(default_factory=Counter)
    disputed: int = 0
    withdrawn: int = 0

    def add_malformed(self, entry: MalformedEntry) -> None:
        """Count a malformed entry."""
        self.malformed_count += 1
        if len(self.malformed) < _MAX_KEPT_MALFORMED:
            self.malformed.append(entry)
