"""Write a manifest without the rows of the blocks that an answer names, in the manifest's own format."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from auditor.errors import UsageError
from auditor.sample_exchange.answer_file import Answer
from auditor.sample_exchange.blocks import HashRanges, digest_prefixes, row_hashes
from auditor.sample_exchange.declared_digests import digest_column, parsed_digests, valid_rows
from auditor.sample_exchange.manifest_files import ManifestFile, manifest_digest, manifest_files


@dataclass(frozen=True, slots=True)
class CleanedManifest:
    """How many rows there were, were removed, and had no digest, so that nobody was asked about them."""

    rows: int
    removed: int
    without_digest: int


@dataclass(slots=True)
class RowSelector:
    """Tells which rows an answer removes, by their digests, and counts them."""

    algorithm: str
    column: str
    ranges: HashRanges
    rows: int = 0
    removed: int = 0
    without_digest: int = 0

    def removes(self, batch: pa.RecordBatch) -> NDArray[np.bool_]:
        """Return which rows of a batch with the column of digests are removed. A row without a digest stays."""
        digests = parsed_digests(batch[self.column], self.algorithm)
        valid = valid_rows(digests)
        removed: NDArray[np.bool_] = self.ranges.contain(row_hashes(digest_prefixes(digests))) & valid
        self.rows += len(batch)
        self.removed += int(removed.sum())
        self.without_digest += len(batch) - int(valid.sum())
        return removed


def check_manifest(target: Path, answer: Answer) -> tuple[tuple[ManifestFile, ...], RowSelector]:
    """Return the files of a manifest that an answer is for, and what tells which rows are removed.

    Raises:
        UsageError: The answer is for another manifest, this one was changed since the export, or the dataset is to be
            withdrawn.
    """
    if answer.kind == "withdraw":
        raise UsageError(f"the answer is to withdraw the dataset: {answer.why}; nothing was written")
    files = manifest_files(target)
    if answer.manifest and manifest_digest(files) != answer.manifest:
        raise UsageError(
            f"{target}: is not what was exported: another dataset, or changed since; export it and ask again"
        )
    algorithm, column = digest_column(files, answer.algorithm, answer.column)
    return files, RowSelector(algorithm, column, answer.ranges)


def clean_manifest(target: Path, answer: Answer, out: Path) -> CleanedManifest:
    """Write a manifest without the rows that an answer removes.

    Args:
        target: The manifest that was exported.
        answer: The answer.
        out: A new or empty folder.

    Raises:
        UsageError: The answer is not for this manifest, it is damaged, or the new one cannot be written whole.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out}: is not an empty folder; name a new one with --out")
    files, selector = check_manifest(target, answer)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".cleaning-", dir=out.parent) as temporary:
            folder = Path(temporary) / "manifest"
            for one in files:
                to = folder / one.name
                to.parent.mkdir(parents=True, exist_ok=True)
                one.write_kept(to, [selector.column], lambda batch: ~selector.removes(batch))
            if out.exists():
                out.rmdir()
            os.replace(folder, out)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written: {error.strerror}; nothing is there") from error
    return CleanedManifest(selector.rows, selector.removed, selector.without_digest)


def other_files(target: Path, files: Sequence[ManifestFile]) -> int:
    """Return how many files of a manifest's folder are no part of the manifest, and are not written."""
    if not target.is_dir():
        return 0
    return sum(path.is_file() for path in target.rglob("*")) - len(files)
