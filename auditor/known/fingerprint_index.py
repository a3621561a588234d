"""Store and look up the weight fingerprints of a compiled list: sketches and fingerprint files, memory-mapped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auditor.errors import ListError
from auditor.hashing.weight_fingerprints import read_fingerprint
from auditor.hashing.weight_sketch import SKETCH_SIZE, Floats, normalize_vector, sketch_tensors
from auditor.samples import WEIGHT_FINGERPRINT

# Begins what a run counts of weights files that were not sampled; the list's name follows.
WEIGHTS_NOT_COMPARED = "weights not compared with the fingerprints of list "
_SIMILARITY_DECIMALS = 5  # so that a similarity does not depend on the order in which a processor adds


@dataclass(frozen=True, slots=True)
class FingerprintIndex:
    """Fingerprints by entry number: entry i's is ``data[bounds[i]:bounds[i + 1]]``.

    Attributes:
        sketches: One row of length one (in the Euclidean norm) an entry.
        bounds: Where in ``data`` each fingerprint begins, and where the last ends.
        data: The fingerprint files, one after another.
    """

    sketches: Floats
    bounds: NDArray[np.int64]
    data: NDArray[np.uint8]

    def __getitem__(self, entry: int) -> bytes:
        return self.data[self.bounds[entry] : self.bounds[entry + 1]].tobytes()

    def nearest(self, sketch: Floats, limit: int, min_similarity: float) -> list[int]:
        """Return the entries most similar to a sketch, the most similar first.

        Args:
            sketch: A sketch of length one.
            limit: The largest number of entries.
            min_similarity: The smallest cosine similarity.
        """
        similarities = np.round(self.sketches @ sketch, _SIMILARITY_DECIMALS)
        best = np.argsort(-similarities, kind="stable")[:limit]
        return [int(entry) for entry in best if similarities[entry] >= min_similarity]


class FingerprintSpool:
    """Fingerprints, or videos' frames, on disk in the order added, until it is known which of them become entries."""

    def __init__(self, folder: Path, algorithm: str = WEIGHT_FINGERPRINT) -> None:
        self._path = folder / f"{algorithm}.files"
        self._places: dict[bytes, tuple[int, int]] = {}
        self._end = 0

    def add(self, digests: list[bytes], files: list[bytes]) -> None:
        """Append fingerprint files that are not in the spool yet, with their digests."""
        with self._path.open("ab") as spool:
            for digest, data in zip(digests, files, strict=True):
                if digest not in self._places:
                    spool.write(data)
                    self._places[digest] = self._end, len(data)
                    self._end += len(data)

    def read(self, digests: Iterable[bytes], find_older: Callable[[bytes], bytes]) -> Iterator[bytes]:
        """Yield what has each of these digests; ``find_older`` returns what was not added."""
        self._path.touch()
        with self._path.open("rb") as spool:
            for digest in digests:
                if digest in self._places:
                    start, length = self._places[digest]
                    spool.seek(start)
                    yield spool.read(length)
                else:
                    yield find_older(digest)

    def write(self, folder: Path, digests: list[bytes], find_older: Callable[[bytes], bytes]) -> None:
        """Write the index of the fingerprints with these digests, in their order.

        Args:
            folder: The compiled list's folder.
            digests: The entries' digests.
            find_older: Returns the fingerprint with a digest that was not added.

        Raises:
            Unreadable: A fingerprint is damaged.
        """
        sketches = np.lib.format.open_memmap(
            _path(folder, "sketches.npy"), "w+", np.float32, (len(digests), SKETCH_SIZE)
        )
        bounds = np.zeros(len(digests) + 1, np.int64)
        with _path(folder, "prints").open("wb") as out:
            for entry, data in enumerate(self.read(digests, find_older)):
                content = read_fingerprint(data)
                sketches[entry] = normalize_vector(sketch_tensors(content.shapes, content.values))
                out.write(data)
                bounds[entry + 1] = bounds[entry] + len(data)
        np.save(_path(folder, "bounds.npy"), bounds, allow_pickle=False)

    def remove(self) -> None:
        """Delete the spool's file."""
        self._path.unlink(missing_ok=True)


def open_fingerprint_index(folder: Path) -> FingerprintIndex:
    """Return the fingerprints of the compiled list in a folder. Raises ListError for damaged ones."""
    try:
        sketches = np.load(_path(folder, "sketches.npy"), "r", allow_pickle=False)
        bounds = np.load(_path(folder, "bounds.npy"), "r", allow_pickle=False)
        return FingerprintIndex(sketches, bounds, np.memmap(_path(folder, "prints"), np.uint8, "r"))
    except (OSError, ValueError) as error:
        raise ListError(f"{folder}: its fingerprints are damaged; import the list again") from error


def _path(folder: Path, name: str) -> Path:
    """Return the path of a file of the fingerprint index."""
    return folder / f"{WEIGHT_FINGERPRINT}.{name}"
