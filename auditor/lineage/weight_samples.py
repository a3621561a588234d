"""Sample the values of a model's weights from its safetensors files.

Of every tensor but norms, biases and embeddings a few thousand values are read by offset, in any float type. Places
depend on the number of values alone, so the same tensor stored in two float types gives the same samples.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from auditor.errors import Unreadable, UsageError
from auditor.hashing.distinctive_tensors import INDEX_DTYPES, distinctive_tensors, tensor_hasher
from auditor.hashing.weight_digests import BLOCK_BYTES
from auditor.hashing.weight_sketch import Floats, normalize_vector, sketch_tensors
from auditor.safe_open import open_regular_file
from auditor.syntax.repository_name_parsing import normalize_name
from auditor.syntax.safetensors_header import SafetensorsHeader, read_header

# Values read of a tensor, in so many runs of neighbours: 1 in 256 within these bounds, so that less than 1 % of a file
# of ordinary size is read. A tensor with fewer values than the least is not sampled.
MAX_SAMPLES, MIN_SAMPLES, SAMPLE_RUNS = 2048, 256, 8
VALUES_PER_SAMPLE = 256
# Header fields that name the models a file was made from.
_BASE_FIELDS = ("ss_sd_model_name", "modelspec.merged_from")
_BFLOAT16 = np.dtype("<u2")  # NumPy has no bfloat16: its bits are read as integers
_FLOAT_DTYPES: Mapping[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": _BFLOAT16,
    "F64": np.dtype("<f8"),
}


@dataclass(frozen=True, slots=True)
class SampledWeights:
    """Sampled values of a model's tensors, each centred and of length one.

    ``shapes`` and ``values`` have the same names. ``declared_bases`` are the models that the header names.
    ``unsampled`` counts tensors without samples: quantised, not all finite, or all of one value. ``tensor_digests``
    are empty unless the file was read in full.
    """

    name: str
    shapes: Mapping[str, tuple[int, ...]]
    values: Mapping[str, Floats]
    declared_bases: tuple[str, ...] = ()
    unsampled: int = 0
    tensor_digests: frozenset[bytes] = frozenset()

    def sketch(self) -> Floats:
        """Fold all tensors into one vector of length one; products of sketches approximate the mean cosine."""
        return normalize_vector(self.unnormalized_sketch())

    def unnormalized_sketch(self) -> Floats:
        """Fold all tensors into one vector; the vectors of a model's files add up to the model's."""
        return sketch_tensors(self.shapes, self.values)


def sample_model(path: Path, *, full: bool = False) -> SampledWeights:
    """Sample a safetensors file, an index of shards, or a folder of them.

    Args:
        path: The file, index or folder.
        full: Read all bytes, for the digests of tensors.

    Raises:
        UsageError: A file cannot be read, or is no safetensors file.
    """
    parts = []
    for file in _shard_files(path):
        try:
            parts.append(sample_file(file.name, os.path.realpath(file), 0, file.stat().st_size, full=full))
        except Unreadable as error:
            raise UsageError(f"{file}: {error}; weights are compared as safetensors files") from error
        except OSError as error:
            raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    return merge_samples(path.name, parts)


def sample_file(name: str, path: str | Path, offset: int, size: int, *, full: bool = False) -> SampledWeights:
    """Sample one safetensors file.

    Args:
        name: What the samples are called.
        path: The file, or one that contains it.
        offset: Where the safetensors file begins in ``path``, in bytes.
        size: Its length in bytes.
        full: Read all bytes, for the digests of tensors.

    Raises:
        Unreadable: The header is damaged.
        OSError: The file cannot be read.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    values: dict[str, Floats] = {}
    unsampled = 0
    with open(path, "rb", buffering=0, opener=open_regular_file) as file:
        file.seek(offset)
        header = read_header(file, size)
        if header.faults:
            raise Unreadable(header.faults[0])
        for tensor, shape, sample in _sample_tensors(file.fileno(), offset, header):
            if sample is None:
                unsampled += 1
            else:
                shapes[tensor], values[tensor] = shape, sample
        digests = _tensor_digests(file, header, offset + header.data, offset + size) if full else frozenset()
    return SampledWeights(name, shapes, values, tuple(dict.fromkeys(_declared_bases(header))), unsampled, digests)


def merge_samples(name: str, parts: Sequence[SampledWeights]) -> SampledWeights:
    """Merge the samples of a model whose tensors lie in several files."""
    shapes: dict[str, tuple[int, ...]] = {}
    values: dict[str, Floats] = {}
    for part in parts:
        shapes |= part.shapes
        values |= part.values
    bases = tuple(dict.fromkeys(base for part in parts for base in part.declared_bases))
    digests = frozenset(digest for part in parts for digest in part.tensor_digests)
    return SampledWeights(name, shapes, values, bases, sum(part.unsampled for part in parts), digests)


def _shard_files(path: Path) -> list[Path]:
    """Return the safetensors files of a model: of a folder, of an index of shards, or the file itself."""
    if path.is_dir():
        files = sorted(path.glob("*.safetensors"))
    elif path.name.endswith(".index.json"):
        try:
            names = json.loads(path.read_bytes())["weight_map"].values()
            # Only the last part of a name is used: an index cannot lead to another folder.
            files = sorted({path.parent / Path(str(name)).name for name in names})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{path}: is no index of shards; name the safetensors files' folder") from error
    else:
        files = [path]
    if not files:
        raise UsageError(f"{path}: holds no safetensors files to compare")
    return files


def _tensor_digests(file: BinaryIO, header: SafetensorsHeader, start: int, end: int) -> frozenset[bytes]:
    """Return the digests of one tensor, whose bytes stand from ``start`` to ``end``."""
    hasher = tensor_hasher(header)
    file.seek(start)
    while start < end and (block := file.read(min(BLOCK_BYTES, end - start))):
        hasher.update(block)
        start += len(block)
    return hasher.digests()


def _declared_bases(header: SafetensorsHeader) -> Iterator[str]:
    """Return the bases that a weights file's header declares."""
    for field in _BASE_FIELDS:
        yield from (normalize_name(name) for name in header.metadata.get(field, "").split(",") if name.strip())


def _sample_tensors(
    descriptor: int, offset: int, header: SafetensorsHeader
) -> Iterator[tuple[str, tuple[int, ...], Floats | None]]:
    """Yield name, shape and samples of each distinctive tensor; None for one that cannot be sampled."""
    for name, tensor in distinctive_tensors(header):
        shape, (start, end) = tensor.shape, tensor.data_offsets
        count = math.prod(shape)
        if count < MIN_SAMPLES or tensor.dtype in INDEX_DTYPES:
            continue
        dtype = _FLOAT_DTYPES.get(tensor.dtype)
        if dtype is None or end - start != count * dtype.itemsize:
            yield name, shape, None
            continue
        yield name, shape, _center(_read_samples(descriptor, offset + header.data + start, count, dtype))


def _read_samples(descriptor: int, offset: int, count: int, dtype: np.dtype[Any]) -> Floats:
    """Read samples of a tensor of ``count`` values that begins at ``offset``. Raises OSError."""
    wanted = min(count, max(MIN_SAMPLES, min(MAX_SAMPLES, count // VALUES_PER_SAMPLE)))
    runs = 1 if wanted == count else SAMPLE_RUNS
    length = wanted // runs
    parts = []
    for run in range(runs):
        first = (count - length) * run // max(1, runs - 1)
        data = os.pread(descriptor, length * dtype.itemsize, offset + first * dtype.itemsize)
        parts.append(np.frombuffer(data, dtype, len(data) // dtype.itemsize))
    values = np.concatenate(parts)
    if dtype == _BFLOAT16:
        return (values.astype(np.uint32) << 16).view(np.float32)
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def _center(values: Floats) -> Floats | None:
    """Subtract the mean and scale to length one; None where not all are finite or all are the same value."""
    exact = values.astype(np.float64)
    if not np.isfinite(exact).all():
        return None
    exact -= exact.mean()
    length = np.linalg.norm(exact)
    return (exact / length).astype(np.float32) if length > 0 else None
