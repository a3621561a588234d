"""The sample of a sampled audit: which units of its targets were drawn, and from which stratum.

A unit is a file that is a sample, a row of a table, or a member of an archive or container. Each has a key of 64 bits
made from its place and its row or name, so that a sample of millions of units is one sorted array, mapped into memory.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

# What the files and samples that were not drawn are skipped for.
NOT_DRAWN = "not drawn for the sample"
NO_STRATUM = -1
_KEYS, _STRATA, _FILES, _UNITS, _DRAWN = (f"{name}.npy" for name in ("keys", "strata", "files", "units", "drawn"))


def place_key(place: str) -> int:
    """Return the key of a place, 64 bits."""
    return int.from_bytes(hashlib.blake2b(place.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def row_keys(place: str, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the keys of the units of one place: its rows, from 1."""
    return mixed(np.uint64(place_key(place)) + rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))


def unit_keys(samples: pa.Table | pa.RecordBatch) -> NDArray[np.uint64]:
    """Return the key of the unit of each sample, by its ``place`` and ``row``; where it has no row, by its name too."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = pc.fill_null(samples["row"], 0).to_numpy(zero_copy_only=False)
    places = pc.fill_null(samples["place"], "")
    without_row = rows == 0
    keys = np.empty(len(rows), np.uint64)
    texts = places.filter(pa.array(~without_row))
    for place in pc.unique(texts).to_pylist():
        here = pc.equal(places, place).to_numpy(zero_copy_only=False) & ~without_row
        keys[here] = row_keys(place, rows[here])
    named = zip(*(samples[name].filter(pa.array(without_row)).to_pylist() for name in ("place", "sample")), strict=True)
    keys[without_row] = [place_key(f"{place or ''}\0{sample or ''}") for place, sample in named]
    return keys


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return 64 bits that depend on every bit of each value: the finalizer of SplitMix64 (Steele and others, 2014)."""
    with np.errstate(over="ignore"):
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@dataclass(frozen=True)
class DrawnSample:
    """The units that were drawn. ``folder`` holds its arrays; they are opened where they are used."""

    folder: Path

    @classmethod
    def write(
        cls,
        folder: Path,
        keys: NDArray[np.uint64],
        strata: NDArray[np.int16],
        files: NDArray[np.uint64],
        units: NDArray[np.int64],
        drawn: NDArray[np.int64],
    ) -> DrawnSample:
        """Write a sample into a folder.

        Args:
            folder: The folder, which exists.
            keys, strata: The key and the stratum of each drawn unit.
            files, units, drawn: The key of each file that holds units, how many it holds, and how many were drawn.
        """
        by_key, by_file = np.argsort(keys, kind="stable"), np.argsort(files, kind="stable")
        arrays: dict[str, NDArray[Any]] = {_STRATA: strata[by_key], _FILES: files[by_file], _UNITS: units[by_file]}
        for name, values in (arrays | {_DRAWN: drawn[by_file], _KEYS: keys[by_key]}).items():
            np.save(folder / name, values)
        return cls(folder)

    def strata_of(self, keys: NDArray[np.uint64]) -> NDArray[np.int16]:
        """Return the stratum from which each unit was drawn; NO_STRATUM for one that was not drawn."""
        found = _find(self._array(_KEYS), keys)
        return (
            np.where(found >= 0, self._array(_STRATA)[np.maximum(found, 0)], NO_STRATUM)
            if self.size
            else (np.full(len(keys), NO_STRATUM, np.int16))
        )

    def units_of_file(self, uri: str) -> tuple[int, int]:
        """Return how many units a file holds, and how many of them were drawn."""
        found = int(_find(self._array(_FILES), np.array([place_key(uri)], np.uint64))[0])
        return (int(self._array(_UNITS)[found]), int(self._array(_DRAWN)[found])) if found >= 0 else (0, 0)

    @property
    def size(self) -> int:
        """How many units were drawn."""
        return len(self._array(_KEYS))

    def _array(self, name: str) -> NDArray[Any]:
        """Return one of the sample's arrays, mapped into memory."""
        return self._arrays[name]

    @cached_property
    def _arrays(self) -> dict[str, NDArray[Any]]:
        """The sample's arrays by their file's name."""
        names = (_KEYS, _STRATA, _FILES, _UNITS, _DRAWN)
        return {name: np.load(self.folder / name, mmap_mode="r") for name in names}

    def __reduce__(self) -> tuple[type[DrawnSample], tuple[Path]]:
        """Pickle the folder alone: a worker opens the arrays itself."""
        return DrawnSample, (self.folder,)


def _find(ordered: NDArray[np.uint64], keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the index of each key in ordered keys; -1 for one that is not there."""
    if not len(ordered):
        return np.full(len(keys), -1, np.int64)
    index = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
    return np.where(ordered[index] == keys, index, -1)
