"""Load the sampled weights of a run, one unit for each file or set of shards, and find the nearest units to each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from auditor.errors import RunError, Unreadable
from auditor.hashing.weight_sketch import SKETCH_SIZE, Floats, normalize_vector
from auditor.lineage.fingerprint_files import decode_fingerprint
from auditor.lineage.shared_tensors import SharedTensors, are_related, digest_prefixes
from auditor.lineage.weight_samples import SampledWeights, merge_samples
from auditor.lineage.weight_similarity import (
    MAX_NEIGHBOURS,
    MIN_SKETCH_COSINE,
    Similarity,
    add_identical_tensors,
)
from auditor.lineage.weight_tables import locate_unit_rows, read_weight_columns

# Products of sketches are compared in steps of 1 / COSINE_STEPS: fine-tunes of one base differ in the fourth digit.
COSINE_STEPS = 100_000
# The rows and columns of the blocks in which sketches are multiplied, which bounds memory.
_BLOCK_ROWS, _BLOCK_COLUMNS = 256, 8192
# Scratch files for arrays too large for memory.
SCRATCH_FILES = _SKETCHES_FILE, _TENSORS_FILE = "sketches.npy", "tensors.bin"


@dataclass(frozen=True, slots=True)
class WeightUnits:
    """All units of a run, sorted by model and place; a unit is a number.

    ``owners`` are the units' models, ``rows`` the files and row groups that hold their fingerprints, ``sketches`` one
    row for each (mapped from a file), ``by_owner`` the units of each model.
    """

    owners: tuple[str, ...]
    rows: tuple[tuple[tuple[Path, int], ...], ...]
    sketches: Floats
    tensors: SharedTensors
    by_owner: Mapping[str, range]

    @classmethod
    def load(cls, fingerprints: Iterable[Path], tensors: Iterable[Path], scratch: Path) -> WeightUnits:
        """Load the units of these tables.

        Args:
            fingerprints: Parquet files with FINGERPRINTS_SCHEMA.
            tensors: Parquet files with TENSORS_SCHEMA.
            scratch: A folder for SCRATCH_FILES, which the caller deletes.

        Raises:
            RunError: A file is damaged.
        """
        sampled, hashed = locate_unit_rows(fingerprints), locate_unit_rows(tensors)
        keys = sorted({*sampled, *hashed})
        sketches = np.lib.format.open_memmap(scratch / _SKETCHES_FILE, "w+", np.float32, (len(keys), SKETCH_SIZE))
        by_owner: dict[str, range] = {}
        for unit, key in enumerate(keys):
            for path, number in sampled.get(key, ()):
                sketch = read_weight_columns(path, ["sketch"], number)["sketch"].combine_chunks()
                sketches[unit] += sketch.flatten().to_numpy()
            sketches[unit] = normalize_vector(sketches[unit])
            by_owner[key[0]] = range(by_owner.get(key[0], range(unit, unit)).start, unit + 1)
        rows = tuple(tuple(sampled.get(key, ())) for key in keys)
        shared = SharedTensors.load(hashed, keys, scratch / _TENSORS_FILE)
        return cls(tuple(key[0] for key in keys), rows, sketches, shared, by_owner)

    def samples(self, unit: int) -> SampledWeights:
        """Return the sampled weights of a unit, without values where none were sampled. Raises RunError."""
        try:
            parts = [
                decode_fingerprint(read_weight_columns(path, ["fingerprint"], number)["fingerprint"][0].as_py())
                for path, number in self.rows[unit]
            ]
        except Unreadable as error:
            raise RunError(f"a fingerprint of {self.owners[unit]} is damaged ({error}); run the scan again") from error
        return merge_samples(parts[0].name if parts else "", parts)

    def add_tensor_digests(
        self, child: str, parent: str, similarity: Similarity, common: frozenset[int] = frozenset()
    ) -> Similarity:
        """Combine the similarity of two models' values with the comparison of their tensors' digests.

        Args:
            child: One model.
            parent: The other.
            similarity: That of their values. A relation of a part of the tensors is dropped where no more tensors are
                strong than the models have common ones.
            common: Prefixes of digests that relate no models, because too many have them.
        """
        digests, parent_digests = (
            frozenset().union(*map(self.tensors.unit_digests, self.by_owner[name])) for name in (child, parent)
        )
        with_digests = add_identical_tensors(similarity, digests, parent_digests)
        prefixes, parent_prefixes = digest_prefixes(digests), digest_prefixes(parent_digests)
        if are_related(prefixes, parent_prefixes, common):
            return with_digests
        shared = len(prefixes & parent_prefixes & common)
        strong_tensors = round(similarity.strong_share * similarity.compared)
        is_common_part = similarity.relation == "part" and strong_tensors <= shared
        return replace(with_digests, relation="unrelated" if is_common_part else similarity.relation)

    def nearest_units(self) -> Iterator[tuple[int, int]]:
        """Yield each unit with the units of other models whose sketches are nearest, at most MAX_NEIGHBOURS."""
        owner = np.array([self.by_owner[name].start for name in self.owners])
        count = len(owner)
        for first in range(0, count, _BLOCK_ROWS):
            rows = np.asarray(self.sketches[first : first + _BLOCK_ROWS])
            best = np.full((len(rows), MAX_NEIGHBOURS), -(1 << 62), np.int64)
            for column in range(0, count, _BLOCK_COLUMNS):
                cosines = rows @ np.asarray(self.sketches[column : column + _BLOCK_COLUMNS]).T
                cosines[owner[first : first + len(rows), None] == owner[None, column : column + _BLOCK_COLUMNS]] = 0
                # The rounded cosine in the upper bits, minus the unit: the greatest is the nearest, of equals the
                # first by name.
                steps = np.rint(cosines * COSINE_STEPS).astype(np.int64)
                keys = (steps << 32) - np.arange(column, column + cosines.shape[1])
                best = np.partition(np.concatenate([best, keys], axis=1), -MAX_NEIGHBOURS, axis=1)[:, -MAX_NEIGHBOURS:]
            units = -best & 0xFFFFFFFF
            is_near = (best + units) >> 32 >= MIN_SKETCH_COSINE * COSINE_STEPS
            for row, position in zip(*np.nonzero(is_near), strict=True):
                yield first + int(row), int(units[row, position])
