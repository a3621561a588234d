"""A compiled list: a folder of memory-mapped arrays and a manifest, opened by every worker from its path."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.errors import ListError
from auditor.known import exact_index, fingerprint_index, near_index
from auditor.samples import DIGEST_BYTES, TEXT_SIGNALS, WEIGHT_FINGERPRINT

# Any change of the arrays, of their order or of how keys are made, makes lists compiled before useless: count it.
FORMAT = 2
MANIFEST = "manifest.json"
KEY = "key"
_REQUIRED: Mapping[str, type] = {
    **dict.fromkeys(("name", "version", "means", "holder", "sha256"), str),
    **dict.fromkeys(("algorithms", "thresholds", "files", "classes"), dict),
    "entries": int,
    "classifications": list,
}

Found = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class _Part:
    """The arrays of one algorithm. ``near`` is None where the list is matched by equality alone.

    ``prints`` is None but for fingerprints.
    """

    values: NDArray[np.uint8] | pa.Array
    codes: NDArray[np.uint16]
    exact: exact_index.ExactIndex
    near: near_index.NearIndex | None
    prints: fingerprint_index.Prints | None


@dataclass(frozen=True, slots=True)
class CompiledList:
    """A compiled list. ``entries`` counts what can be matched; ``thresholds`` names what is matched nearly.

    ``sha256`` is the source file's (of a delta: of all sources in order). ``classes`` maps a classification to a
    meaning where it is not ``means``. Opening maps nothing: an algorithm's arrays are mapped when first asked for.
    """

    path: Path
    name: str
    version: str
    means: str
    holder: str
    entries: int
    sha256: str
    algorithms: frozenset[str]
    thresholds: Mapping[str, int]
    classifications: tuple[str, ...]
    classes: Mapping[str, str]
    manifest: Mapping[str, Any] = field(repr=False, compare=False)
    _parts: dict[str, _Part] = field(default_factory=dict, repr=False, compare=False)

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return open_compiled, (self.path,)

    def find(self, algorithm: str, values: pa.Array) -> Found:
        """(row, entry) for every value that equals an entry, compared in full; nulls find nothing."""
        part = self._part(algorithm)
        rows, entries = part.exact.candidates(exact_index.keys_of(values))
        if not len(rows):
            return rows, entries
        if isinstance(part.values, np.ndarray):
            same = exact_index.same_rows(exact_index.rows_of(values)[rows], part.values[entries])
            if values.null_count:
                same &= values.is_valid().to_numpy(zero_copy_only=False)[rows]
        else:
            asked = values.cast(pa.large_string()).take(pa.array(rows))
            same = pc.fill_null(pc.equal(asked, part.values.take(pa.array(entries))), False).to_numpy(
                zero_copy_only=False
            )
        return rows[same], entries[same]

    def near(self, algorithm: str, words: near_index.Words, threshold: int = -1) -> near_index.Pairs:
        """(row, entry, distance) of every entry within the threshold (-1: the list's) of a hash."""
        index = self._part(algorithm).near
        if index is None:
            raise ListError(
                f"{self.path}: this list has no near index for {algorithm}; import it again with --threshold"
            )
        return index.search(words, self.thresholds[algorithm] if threshold < 0 else threshold)

    @property
    def prints(self) -> fingerprint_index.Prints:
        """The fingerprints that the list holds. Raises ListError where it holds none."""
        found = self._part(WEIGHT_FINGERPRINT).prints if WEIGHT_FINGERPRINT in self.algorithms else None
        if found is None:
            raise ListError(f"{self.path}: this list holds no fingerprints of weights")
        return found

    def values(self, algorithm: str, entries: NDArray[np.int64]) -> pa.Array:
        """The values of entries, as an import takes them: confidential, they leave no run."""
        values = self._part(algorithm).values
        if not isinstance(values, np.ndarray):
            return values.take(pa.array(entries)).cast(pa.string())
        rows = np.ascontiguousarray(values[entries])
        buffers = [None, pa.py_buffer(rows)]
        return pa.FixedSizeBinaryArray.from_buffers(pa.binary(rows.shape[1]), len(rows), buffers)

    def tokens(self, algorithm: str, entries: NDArray[np.int64]) -> list[str]:
        """What names an entry in reports: 16 hex digits of an HMAC-SHA256 under the list's key."""
        key = self.key
        values = self.values(algorithm, entries).cast(pa.binary()).to_pylist()
        return [hmac.new(key, algorithm.encode() + b"\0" + value, hashlib.sha256).hexdigest()[:16] for value in values]

    @property
    def key(self) -> bytes:
        """The secret under which entry tokens are made."""
        return _key(self.path)

    def classified(self, algorithm: str, entries: NDArray[np.int64]) -> list[str]:
        """The holder's classification of entries, "" where there is none."""
        return [self.classifications[code] for code in self._part(algorithm).codes[entries]]

    def meaning(self, classification: str) -> str:
        return self.classes.get(classification, self.means)

    def verify(self) -> None:
        """Compares every array with its digest in the manifest. Raises ListError with what is wrong."""
        files = self.manifest["files"]
        with ThreadPoolExecutor() as pool:
            for name, digest in zip(files, pool.map(_digest, (self.path / name for name in files)), strict=True):
                if digest != files[name]["sha256"]:
                    raise ListError(f"{self.path / name}: changed since the list was compiled; import the list again")

    def _part(self, algorithm: str) -> _Part:
        if algorithm not in self._parts:
            self._parts[algorithm] = self._map(algorithm)
        return self._parts[algorithm]

    def _map(self, algorithm: str) -> _Part:
        def array(name: str) -> NDArray[Any]:
            path = self.path / f"{algorithm}.{name}.npy"
            try:
                return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
            except (OSError, ValueError) as error:
                raise ListError(f"{path}: damaged; import the list again") from error

        values: NDArray[np.uint8] | pa.Array
        if algorithm in TEXT_SIGNALS:
            bounds, data = array("bounds"), array("texts")
            values = pa.LargeStringArray.from_buffers(len(bounds) - 1, pa.py_buffer(bounds), pa.py_buffer(data))
        else:
            values = array("values")
        index = None
        if algorithm in self.thresholds:
            index = near_index.NearIndex(near_index.words_of(array("values")), array("ids"), array("tables"))
        listed = exact_index.ExactIndex(array("keys"), array("table"), array("filter"))
        files = fingerprint_index.opened(self.path) if algorithm == WEIGHT_FINGERPRINT else None
        return _Part(values, array("codes"), listed, index, files)


def open_compiled(path: Path) -> CompiledList:
    """The list in a compiled folder; sizes are compared, contents only by :meth:`CompiledList.verify`."""
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
    except (OSError, ValueError) as error:
        raise ListError(f"{path / MANIFEST}: cannot be read ({error}); import the list again") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ListError(
            f"{path / MANIFEST}: not of format {FORMAT}; import the list again with this version of auditor"
        )
    wrong = [key for key, kind in _REQUIRED.items() if not isinstance(manifest.get(key), kind)]
    if wrong:
        raise ListError(f"{path / MANIFEST}: {wrong[0]!r} is missing or damaged; import the list again")
    for name, file in manifest["files"].items():
        try:
            size = (path / name).stat().st_size
        except OSError as error:
            raise ListError(f"{path / name}: {error.strerror}; import the list again") from error
        if size != file["size"]:
            raise ListError(
                f"{path / name}: has {size:,} bytes and should have {file['size']:,}; import the list again"
            )
    algorithms = frozenset(manifest["algorithms"])
    unknown = algorithms - {*DIGEST_BYTES, *TEXT_SIGNALS}
    if unknown:
        raise ListError(f"{path / MANIFEST}: unknown algorithm {min(unknown)!r}; import the list again")
    return CompiledList(
        path,
        manifest["name"],
        manifest["version"],
        manifest["means"],
        manifest["holder"],
        manifest["entries"],
        manifest["sha256"],
        algorithms,
        manifest["thresholds"],
        tuple(manifest["classifications"]),
        manifest["classes"],
        manifest,
    )


def _key(path: Path) -> bytes:
    try:
        return (path / KEY).read_bytes()
    except OSError as error:
        raise ListError(
            f"{path / KEY}: the list's key cannot be read: {error.strerror}; import the list again"
        ) from error


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ListError(f"{path}: {error.strerror}; import the list again") from error
