"""The fingerprints of a compiled list: sketches to look them up by, and the files themselves, all memory-mapped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auditor.errors import ListError
from auditor.hashing.weight_fingerprints import read_fingerprint
from auditor.hashing.weight_sketch import SKETCH_SIZE, Floats, normalize_vector, sketch_tensors
from auditor.samples import WEIGHT_FINGERPRINT

# Begins what a run counts of files of weights that were not sampled; the list's name follows.
UNCOMPARED = "weights not compared with the fingerprints of list "


@dataclass(frozen=True, slots=True)
class Prints:
    """``sketches``: a row of length one an entry. Entry i's fingerprint is ``data[bounds[i]:bounds[i + 1]]``."""

    sketches: Floats
    bounds: NDArray[np.int64]
    data: NDArray[np.uint8]

    def __getitem__(self, entry: int) -> bytes:
        return self.data[self.bounds[entry] : self.bounds[entry + 1]].tobytes()

    def nearest(self, sketch: Floats, most: int, least: float) -> list[int]:
        """At most so many entries whose likeness to a sketch is at least so high, the likeliest first."""
        alike = np.round(self.sketches @ sketch, 5)
        best = np.argsort(-alike, kind="stable")[:most]
        return [int(entry) for entry in best if alike[entry] >= least]


class Spooled:
    """Fingerprints as they come, on disk, until it is known which of them are entries."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"{WEIGHT_FINGERPRINT}.files"
        self._places: dict[bytes, tuple[int, int]] = {}
        self._end = 0

    def add(self, digests: list[bytes], files: list[bytes]) -> None:
        with self._path.open("ab") as spool:
            for digest, data in zip(digests, files, strict=True):
                if digest not in self._places:
                    spool.write(data)
                    self._places[digest] = self._end, len(data)
                    self._end += len(data)

    def write(self, folder: Path, digests: list[bytes], older: Callable[[bytes], bytes]) -> None:
        """Writes those with these digests, in their order; ``older`` has what was not added. Raises Unreadable."""
        sketches = np.lib.format.open_memmap(
            _named(folder, "sketches.npy"), "w+", np.float32, (len(digests), SKETCH_SIZE)
        )
        bounds = np.zeros(len(digests) + 1, np.int64)
        self._path.touch()
        with self._path.open("rb") as spool, _named(folder, "prints").open("wb") as out:
            for entry, digest in enumerate(digests):
                if digest in self._places:
                    at, length = self._places[digest]
                    spool.seek(at)
                    data = spool.read(length)
                else:
                    data = older(digest)
                content = read_fingerprint(data)
                sketches[entry] = normalize_vector(sketch_tensors(content.shapes, content.values))
                out.write(data)
                bounds[entry + 1] = bounds[entry] + len(data)
        np.save(_named(folder, "bounds.npy"), bounds, allow_pickle=False)

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)


def opened(folder: Path) -> Prints:
    """The fingerprints of the compiled list in a folder. Raises ListError for damaged ones."""
    try:
        sketches = np.load(_named(folder, "sketches.npy"), "r", allow_pickle=False)
        bounds = np.load(_named(folder, "bounds.npy"), "r", allow_pickle=False)
        return Prints(sketches, bounds, np.memmap(_named(folder, "prints"), np.uint8, "r"))
    except (OSError, ValueError) as error:
        raise ListError(f"{folder}: its fingerprints are damaged; import the list again") from error


def _named(folder: Path, what: str) -> Path:
    return folder / f"{WEIGHT_FINGERPRINT}.{what}"
