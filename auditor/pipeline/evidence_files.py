"""Find the SHA-256 of the files that show findings and gaps, which acceptances are bound to.

Of a short text it was taken when it was read. Any other file is read again, where it still lies as it was listed: size
and time of change are the same. A file that holds a match has none here, so that nothing about it can be accepted.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import Unreadable
from auditor.model import Ref
from auditor.pipeline.file_counts import FileCounts, counts_from_rows
from auditor.pipeline.run_folder import FILES, HITS
from auditor.safe_open import open_regular_file

if TYPE_CHECKING:
    import pyarrow.dataset as pads


@dataclass(frozen=True, slots=True)
class EvidenceFiles:
    """The files of a run, as far as acceptances ask for them."""

    run: Path

    def digests(self, uris: Collection[str]) -> dict[str, str]:
        """Return the SHA-256 of each of these files in hexadecimal; "" where it cannot be had."""
        matched = self._files_with_matches(uris)
        return {
            uri: counts[0].sha256.hex() or _digest_of_unchanged(counts[0])
            for uri, counts in self.counts(uris).items()
            if uri not in matched
        }

    def with_unread_samples(self, subjects: Collection[Ref]) -> Iterator[FileCounts]:
        """Yield the counts of the files of these subjects of which something was not read or compared."""
        import pyarrow as pa
        import pyarrow.compute as pc

        names = pa.array(sorted({ref.name for ref in subjects}), pa.string())
        wanted = pc.field("name").isin(names) & (pc.field("reasons") != "")
        return (counts for counts in self._read(wanted) if counts.subject in subjects)

    def counts(self, uris: Collection[str]) -> dict[str, list[FileCounts]]:
        """Return the counts of each of these files; several of a file in partitions."""
        import pyarrow as pa
        import pyarrow.compute as pc

        found: dict[str, list[FileCounts]] = {}
        for counts in self._read(pc.field("uri").isin(pa.array(sorted(uris), pa.string()))):
            found.setdefault(counts.uri, []).append(counts)
        return found

    def _read(self, wanted: pads.Expression) -> Iterator[FileCounts]:
        """Yield the counts of files that an expression selects."""
        import pyarrow.dataset as pads

        paths = sorted(map(str, (self.run / FILES).glob("*.parquet")))
        for batch in pads.dataset(paths, format="parquet").to_batches(filter=wanted) if paths else ():
            yield from counts_from_rows(batch)

    def _files_with_matches(self, uris: Collection[str]) -> set[str]:
        """Return those of the evidence's files that hold a sample or a model that matches an entry of a list."""
        import pyarrow.compute as pc
        import pyarrow.dataset as pads

        found: set[str] = set()
        for path in sorted((self.run / HITS).glob("*.parquet")):
            table = pads.dataset(path, format="parquet").to_table(["place", "sample"])
            for column in table.columns:
                files = pc.unique(pc.list_element(pc.split_pattern(column.drop_null(), "!/", max_splits=1), 0))
                found.update(set(files.to_pylist()).intersection(uris))
        return found


def evidence_file(uri: str) -> str:
    """Return the file of a place that may be a member of an archive."""
    return uri.partition("!/")[0]


def _digest_of_unchanged(counts: FileCounts) -> str:
    """Return the SHA-256 of a file of the evidence that lies there as it was listed; "" if it does not."""
    if not counts.path:
        return ""
    try:
        with open(counts.path, "rb", opener=open_regular_file) as file:
            status = os.fstat(file.fileno())
            if (status.st_size, status.st_mtime_ns) != (counts.size, counts.modified):
                return ""
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, Unreadable):
        return ""
