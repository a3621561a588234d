"""Open a compiled list: a folder of memory-mapped arrays and a manifest, which each worker opens by its path."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.errors import ListError
from auditor.known import exact_index, fingerprint_index, host_filter, near_index, video_index
from auditor.known.entries import Entries
from auditor.known.entry_spool import ROW_SCHEMA
from auditor.known.manifest import read_manifest
from auditor.known.token_key import read_token_key
from auditor.samples import TEXT_SIGNALS, VPDQ, WEIGHT_FINGERPRINT

TOKEN_DIGITS = 16  # hex digits of an entry's token: 64 bits, so that no two of a list's entries share one
_BATCH_ROWS = 1 << 18

# Rows of a query, and the entries that they equal.
ExactPairs: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class _AlgorithmArrays:
    """The arrays of one algorithm.

    Attributes:
        values: Digests, one per row, or texts.
        codes: The code of each entry's classification.
        exact: The index for equal values.
        near: The index for near ones; None where the algorithm is matched by equality alone.
        fingerprints: None for all algorithms except weight fingerprints.
        videos: None for all algorithms except vPDQ.
    """

    values: NDArray[np.uint8] | pa.Array
    codes: NDArray[np.uint16]
    exact: exact_index.ExactIndex
    near: near_index.NearIndex | None
    fingerprints: fingerprint_index.FingerprintIndex | None
    videos: video_index.VideoIndex | None


@dataclass(frozen=True, slots=True)
class CompiledList:
    """A list that samples can be matched against. Its arrays are mapped into memory when they are first used.

    Attributes:
        path: The list's folder.
        name: The list's name.
        version: The list's version.
        means: A key of :data:`~auditor.known.entries.MEANINGS`.
        holder: The organisation that holds the list.
        entries: The number of different values that can be matched.
        sha256: The SHA-256 of the source file; of changes, of the digests of all files in order.
        algorithms: The algorithms and text signals of the entries.
        thresholds: By algorithm, the distance up to which it is matched nearly.
        classifications: The holder's classifications, by their code.
        classes: The meaning of a classification, where it is not ``means``.
        manifest: The whole manifest.
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
    _mapped: dict[str, _AlgorithmArrays] = field(default_factory=dict, repr=False, compare=False)
    _host_filters: dict[str, host_filter.HostFilter] = field(default_factory=dict, repr=False, compare=False)

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return open_compiled_list, (self.path,)

    def find_exact(self, algorithm: str, values: pa.Array) -> ExactPairs:
        """Return (rows, entries) of every value that equals an entry, compared in full. A null equals nothing."""
        arrays = self._arrays(algorithm)
        rows, entries = arrays.exact.candidates(exact_index.value_keys(values))
        if not len(rows):
            return rows, entries
        if isinstance(arrays.values, np.ndarray):
            same = exact_index.equal_rows(exact_index.digest_rows(values)[rows], arrays.values[entries])
            if values.null_count:
                same &= values.is_valid().to_numpy(zero_copy_only=False)[rows]
        else:
            queries = values.cast(pa.large_string()).take(pa.array(rows))
            equal = pc.fill_null(pc.equal(queries, arrays.values.take(pa.array(entries))), False)
            same = equal.to_numpy(zero_copy_only=False)
        return rows[same], entries[same]

    def find_near(self, algorithm: str, words: near_index.Words, threshold: int = -1) -> near_index.NearPairs:
        """Return (rows, entries, distances) of every entry within the threshold of a hash.

        Args:
            algorithm: A perceptual hash that the list is matched nearly by.
            words: Hashes, one per row, as 64-bit words.
            threshold: The largest distance in bits; -1 for the list's own.
        """
        index = self._arrays(algorithm).near
        if index is None:
            raise ListError(
                f"{self.path}: this list has no near index for {algorithm}; import it again with --threshold"
            )
        return index.search(words, self.thresholds[algorithm] if threshold < 0 else threshold)

    def find_near_within(
        self, algorithm: str, words: near_index.Words, limits: NDArray[np.int16]
    ) -> near_index.NearPairs:
        """Return (rows, entries, distances) within the list's threshold and within each hash's own limit."""
        threshold = self.thresholds[algorithm]
        limits = np.minimum(limits, threshold)
        if not len(limits) or limits.min() == threshold:
            return self.find_near(algorithm, words)
        found = []
        for limit in np.unique(limits):
            rows = np.flatnonzero(limits == limit)
            at, entries, distances = self.find_near(algorithm, words[rows], int(limit))
            found.append((rows[at], entries, distances))
        rows, entries, distances = (np.concatenate(part) for part in zip(*found, strict=True))
        return rows, entries, distances

    def host_filter(self, algorithm: str) -> host_filter.HostFilter:
        """Return what rules out most URLs that match no entry of a list of URLs or domains."""
        if algorithm not in self._host_filters:
            hosts = pc.list_element(pc.split_pattern(self._arrays(algorithm).values, "/", max_splits=1), 0)
            self._host_filters[algorithm] = host_filter.build_host_filter(hosts.cast(pa.string()))
        return self._host_filters[algorithm]

    @property
    def fingerprints(self) -> fingerprint_index.FingerprintIndex:
        """Return the weight fingerprints that the list holds. Raises ListError where it holds none."""
        held = WEIGHT_FINGERPRINT in self.algorithms
        found = self._arrays(WEIGHT_FINGERPRINT).fingerprints if held else None
        if found is None:
            raise ListError(f"{self.path}: this list holds no fingerprints of weights")
        return found

    @property
    def videos(self) -> video_index.VideoIndex:
        """Return the frames of the videos that the list holds; VPDQ is one of its algorithms."""
        found = self._arrays(VPDQ).videos
        assert found is not None
        return found

    def values(self, algorithm: str, entries: NDArray[np.int64]) -> pa.Array:
        """Return the values of entries, as fixed-size binary or string."""
        values = self._arrays(algorithm).values
        if not isinstance(values, np.ndarray):
            return values.take(pa.array(entries)).cast(pa.string())
        rows = np.ascontiguousarray(values[entries])
        buffers = [None, pa.py_buffer(rows)]
        return pa.FixedSizeBinaryArray.from_buffers(pa.binary(rows.shape[1]), len(rows), buffers)

    def tokens(self, algorithm: str, entries: NDArray[np.int64]) -> list[str]:
        """Return the names of entries in reports: the first hex digits of an HMAC-SHA256 under the list's key."""
        key = self.key
        values = self.values(algorithm, entries).cast(pa.binary()).to_pylist()
        macs = (hmac.new(key, algorithm.encode() + b"\0" + value, hashlib.sha256) for value in values)
        return [mac.hexdigest()[:TOKEN_DIGITS] for mac in macs]

    @property
    def key(self) -> bytes:
        """Return the secret key from which entry tokens are made."""
        return read_token_key(self.path)

    def classifications_of(self, algorithm: str, entries: NDArray[np.int64]) -> list[str]:
        """Return the holder's classification of entries, "" where there is none."""
        return [self.classifications[code] for code in self._arrays(algorithm).codes[entries]]

    def meaning_of(self, classification: str) -> str:
        """Return the meaning of entries with this classification, a key of :data:`~auditor.known.entries.MEANINGS`."""
        return self.classes.get(classification, self.means)

    def listed_entries(self) -> Iterator[Entries]:
        """Yield every entry as the holder listed it: a value that is listed twice has two rows."""
        for algorithm in sorted(self.algorithms):
            path = self.path / f"{algorithm}.rows.arrow"
            if not path.exists():
                count = self.manifest["algorithms"][algorithm]["entries"]
                for start in range(0, count, _BATCH_ROWS):
                    yield Entries(algorithm, self.values(algorithm, np.arange(start, min(start + _BATCH_ROWS, count))))
                continue
            with pa.memory_map(str(path)) as file:
                reader = pa.ipc.open_file(file)
                for number in range(reader.num_record_batches):
                    batch = reader.get_batch(number)
                    values = self.values(algorithm, batch.column("at").to_numpy())
                    yield Entries(algorithm, values, **{name: batch.column(name) for name in ROW_SCHEMA.names})

    def verify(self) -> None:
        """Compare every array with its digest in the manifest. Raises ListError with the array that differs."""
        files = self.manifest["files"]
        with ThreadPoolExecutor() as pool:
            for name, digest in zip(files, pool.map(_sha256, (self.path / name for name in files)), strict=True):
                if digest != files[name]["sha256"]:
                    raise ListError(f"{self.path / name}: changed since the list was compiled; import the list again")

    def _arrays(self, algorithm: str) -> _AlgorithmArrays:
        """Return the compiled arrays of one algorithm, mapped into memory once."""
        if algorithm not in self._mapped:
            self._mapped[algorithm] = self._map_arrays(algorithm)
        return self._mapped[algorithm]

    def _map_arrays(self, algorithm: str) -> _AlgorithmArrays:
        """Map the compiled arrays of one algorithm into memory. Raises ListError for a damaged array."""

        def array(name: str) -> NDArray[Any]:
            """Map one array of the compiled list into memory."""
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
        near = None
        if algorithm in self.thresholds:
            near = near_index.NearIndex(near_index.digest_words(array("values")), array("ids"), array("tables"))
        exact = exact_index.ExactIndex(array("keys"), array("table"), array("filter"))
        is_fingerprint = algorithm == WEIGHT_FINGERPRINT
        fingerprints = fingerprint_index.open_fingerprint_index(self.path) if is_fingerprint else None
        videos = video_index.open_video_index(self.path) if algorithm == VPDQ else None
        return _AlgorithmArrays(values, array("codes"), exact, near, fingerprints, videos)


def open_compiled_list(folder: Path) -> CompiledList:
    """Return the list in a compiled folder. Sizes are compared, contents only by :meth:`CompiledList.verify`."""
    manifest = read_manifest(folder)
    return CompiledList(
        folder,
        manifest["name"],
        manifest["version"],
        manifest["means"],
        manifest["holder"],
        manifest["entries"],
        manifest["sha256"],
        frozenset(manifest["algorithms"]),
        manifest["thresholds"],
        tuple(manifest["classifications"]),
        manifest["classes"],
        manifest,
    )


def _sha256(path: Path) -> str:
    """Return the SHA-256 of a compiled list's array, in hex."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ListError(f"{path}: {error.strerror}; import the list again") from error
