"""Sample the values of a model's weights from its safetensors, GGUF or ONNX files.

Of every tensor but norms, biases and embeddings a few thousand values are read by offset, in any float type. Places
depend on the number of values alone, so the same tensor stored in two float types gives the same samples. Tensors that
follow from a formula are left out, whatever their names. Every tensor gets a check, embeddings and norms too.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from auditor.errors import Unreadable, UsageError
from auditor.hashing.distinctive_tensors import INDEX_DTYPES, distinctive_tensors, learned_tables, tensor_hasher
from auditor.hashing.weight_checks import check_values
from auditor.hashing.weight_digests import BLOCK_BYTES
from auditor.hashing.weight_dtypes import FLOAT_DTYPES, NUMPY_DTYPES, decode_values
from auditor.hashing.weight_formula_tables import (
    COLUMN_ROWS,
    PIECE_VALUES,
    has_predictable_columns,
    is_mostly_one_value,
    may_be_masks,
    may_be_sinusoids,
    predictable_tensors,
)
from auditor.hashing.weight_sketch import Floats, normalize_vector, sketch_tensors
from auditor.safe_open import open_regular_file
from auditor.syntax import gguf, onnx_tensors, zip_directory
from auditor.syntax.repository_name_parsing import normalize_name
from auditor.syntax.safetensors_header import SafetensorsHeader, Tensor, read_header

# Values read of a tensor, in so many runs of neighbours: 1 in 256 within these bounds, so that less than 1 % of a file
# of ordinary size is read. Of a tensor with fewer values than the least all are read, for its check.
MAX_SAMPLES, MIN_SAMPLES, SAMPLE_RUNS = 2048, 256, 8
VALUES_PER_SAMPLE = 256
# Samples further from the mean than this many medians of the distance count as so far: otherwise a few large values,
# such as the diagonal of a layer near the identity, would decide. Of normally distributed values 0.7 % are.
CLIPPED_MEDIANS = 4
_MEDIAN_VALUES = 256  # the median is that of so many samples
# The bytes of a tensor's first rows, which are read where it may be a table of positions.
_MAX_ROWS_BYTES = 4 << 20
# Header fields that name the models a file was made from.
_BASE_FIELDS = ("ss_sd_model_name", "modelspec.merged_from")
_HEAD_BYTES = 16
# Protocols 2 to 5; a safetensors header begins with a brace after eight bytes.
_PICKLE = re.compile(rb"\x80[\x02-\x05].{6}(?!\{)", re.DOTALL)
ONNX_SUFFIX = ".onnx"
# Files that are sampled as well as safetensors, unless they lie in an archive.
OTHER_SUFFIXES = (".gguf", ONNX_SUFFIX)


@dataclass(frozen=True, slots=True)
class SampledWeights:
    """Sampled values of a model's tensors, each centred, clipped and of length one.

    ``shapes`` and ``values`` have the same names: those of tensors that tell models apart. ``declared_bases`` are the
    models that the header names. ``unsampled`` counts tensors without samples: quantised, not all finite, or all of one
    value. ``tensor_digests`` are empty unless the file was read in full.

    ``checks`` are those of all tensors but integer ones of masks and places, with their shapes; ``unchecked`` counts
    the tensors that have none. ``formula_tables`` are the tensors that follow from a formula. ``checks`` is empty for
    fingerprints of the first version. ``unread_types`` counts tensors by the type that kept them from being sampled.
    ``offsets`` are what was subtracted of each tensor's values, in their units.
    """

    name: str
    shapes: Mapping[str, tuple[int, ...]]
    values: Mapping[str, Floats]
    declared_bases: tuple[str, ...] = ()
    unsampled: int = 0
    tensor_digests: frozenset[bytes] = frozenset()
    checks: Mapping[str, tuple[tuple[int, ...], Floats]] = field(default_factory=dict)
    unchecked: int = 0
    formula_tables: frozenset[str] = frozenset()
    unread_types: Mapping[str, int] = field(default_factory=dict)
    offsets: Mapping[str, float] = field(default_factory=dict)

    def sketch(self) -> Floats:
        """Fold all tensors into one vector of length one; products of sketches approximate the mean cosine."""
        return normalize_vector(self.unnormalized_sketch())

    def unnormalized_sketch(self) -> Floats:
        """Fold all tensors into one vector; the vectors of a model's files add up to the model's."""
        return sketch_tensors(self.shapes, self.values)


def sample_model(path: Path, *, full: bool = False) -> SampledWeights:
    """Sample a safetensors, GGUF or ONNX file, an index of shards, or a folder of safetensors files.

    Args:
        path: The file, index or folder.
        full: Read all bytes, for the digests of the tensors of safetensors files.

    Raises:
        UsageError: A file cannot be read, or is of another format.
    """
    parts = []
    for file in _shard_files(path):
        try:
            parts.append(sample_file(file.name, os.path.realpath(file), 0, file.stat().st_size, full=full))
        except Unreadable as error:
            raise UsageError(f"{file}: {error}; weights are compared as safetensors, GGUF or ONNX files") from error
        except OSError as error:
            raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    return merge_samples(path.name, parts)


def sample_file(name: str, path: str | Path, offset: int, size: int, *, full: bool = False) -> SampledWeights:
    """Sample one file of weights.

    Args:
        name: What the samples are called; its suffix tells ONNX, which has no magic number.
        path: The file, or one that contains it; GGUF and ONNX files are read only as files of their own.
        offset: Where the file of weights begins in ``path``, in bytes.
        size: Its length in bytes.
        full: Read all bytes, for the digests of tensors of a safetensors file.

    Raises:
        Unreadable: The header is damaged, or the format is another one.
        OSError: The file cannot be read.
    """
    with open(path, "rb", buffering=0, opener=open_regular_file) as file:
        file.seek(offset)
        head = file.read(_HEAD_BYTES)
        header: SafetensorsHeader | None = None
        located: Mapping[str, Tensor]
        if offset == 0 and head.startswith(gguf.MAGIC):
            located, data = gguf.locate_tensors(file), 0
        elif offset == 0 and name.lower().endswith(ONNX_SUFFIX):
            with open(file.fileno(), "rb", closefd=False) as buffered:
                located, data = onnx_tensors.locate_tensors(buffered), 0
        else:
            if _PICKLE.match(head) or head.startswith(zip_directory.MAGIC):
                raise Unreadable("is a pickle or an archive of one, which loading could run: its values are not read")
            file.seek(offset)
            header = read_header(file, size)
            if header.faults:
                raise Unreadable(header.faults[0])
            located, data = header.tensors, offset + header.data
        sampled = _sample_tensors(file.fileno(), data, offset + size, located)
        digests: frozenset[bytes] = frozenset()
        if full and header:
            digests = _tensor_digests(file, header, data, offset + size)
    bases = tuple(dict.fromkeys(_declared_bases(header))) if header else ()
    return SampledWeights(
        name,
        sampled.shapes,
        sampled.values,
        bases,
        sampled.unsampled,
        digests,
        sampled.checks,
        sampled.unchecked,
        frozenset(sampled.formula_tables),
        sampled.unread_types,
        sampled.offsets,
    )


def merge_samples(name: str, parts: Sequence[SampledWeights]) -> SampledWeights:
    """Merge the samples of a model whose tensors lie in several files."""
    shapes: dict[str, tuple[int, ...]] = {}
    values: dict[str, Floats] = {}
    for part in parts:
        shapes |= part.shapes
        values |= part.values
    checks = {name: check for part in parts for name, check in part.checks.items()}
    if not all(part.checks for part in parts):
        checks = {}
    bases = tuple(dict.fromkeys(base for part in parts for base in part.declared_bases))
    digests = frozenset(digest for part in parts for digest in part.tensor_digests)
    return SampledWeights(
        name,
        shapes,
        values,
        bases,
        sum(part.unsampled for part in parts),
        digests,
        checks,
        sum(part.unchecked for part in parts),
        frozenset(table for part in parts for table in part.formula_tables),
        sum((Counter(part.unread_types) for part in parts), Counter()),
        {name: offset for part in parts for name, offset in part.offsets.items()},
    )


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
    for key in _BASE_FIELDS:
        yield from (normalize_name(name) for name in header.metadata.get(key, "").split(",") if name.strip())


@dataclass(slots=True)
class _Samples:
    """What is sampled of a file, as it is filled in."""

    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    values: dict[str, Floats] = field(default_factory=dict)
    offsets: dict[str, float] = field(default_factory=dict)
    checks: dict[str, tuple[tuple[int, ...], Floats]] = field(default_factory=dict)
    formula_tables: set[str] = field(default_factory=set)
    unread_types: Counter[str] = field(default_factory=Counter)
    unsampled: int = 0
    unchecked: int = 0


def _sample_tensors(descriptor: int, data: int, end: int, tensors: Mapping[str, Tensor]) -> _Samples:
    """Sample all tensors, in batches of as many samples each.

    Args:
        descriptor: The open file.
        data: What the tensors' offsets count from.
        end: Where the file of weights ends.
        tensors: The tensors by name.

    Raises:
        OSError: The file cannot be read.
    """
    found = _sample_distinctive(descriptor, data, end, tensors, {name for name, _ in distinctive_tensors(tensors)})
    if found.values or found.unsampled:
        return found
    # What is left of the distinctive ones follows from a formula: embeddings tell the models apart, if anything does.
    return _sample_distinctive(descriptor, data, end, tensors, {name for name, _ in learned_tables(tensors)})


def _sample_distinctive(
    descriptor: int, data: int, end: int, tensors: Mapping[str, Tensor], distinctive: set[str]
) -> _Samples:
    """Sample all tensors for their checks, and keep the values of the distinctive ones; arguments as above."""
    found = _Samples()
    batches: dict[tuple[int, int], list[tuple[str, Floats]]] = {}
    for name, tensor in tensors.items():
        count = math.prod(tensor.shape)
        if not count or tensor.dtype in INDEX_DTYPES:
            continue
        dtype, start = NUMPY_DTYPES.get(tensor.dtype), data + tensor.data_offsets[0]
        size = tensor.data_offsets[1] - tensor.data_offsets[0]
        if dtype is None or size != count * dtype.itemsize or start + size > end:
            found.unchecked += 1
            found.unsampled += name in distinctive and count >= MIN_SAMPLES
            found.unread_types[tensor.dtype] += 1
            continue
        runs = _read_runs(descriptor, start, count, tensor.dtype, is_vector=len(tensor.shape) < 2)
        batches.setdefault(runs.shape, []).append((name, runs))
    for batch in batches.values():
        _add_batch(found, batch, tensors, distinctive, descriptor, data)
    order = {name: at for at, name in enumerate(tensors)}
    for part in (found.shapes, found.values, found.checks):
        in_order = sorted(part.items(), key=lambda item: order[item[0]])
        part.clear()
        part.update(in_order)  # type: ignore[arg-type]
    return found


def _read_runs(descriptor: int, offset: int, count: int, dtype: str, *, is_vector: bool) -> Floats:
    """Read runs of a tensor of ``count`` values that begins at ``offset``, one a row. Raises OSError.

    Norms and biases, which are vectors, are read whole up to MAX_SAMPLES values.
    """
    wanted = (
        min(count, MAX_SAMPLES)
        if is_vector
        else min(count, max(MIN_SAMPLES, min(MAX_SAMPLES, count // VALUES_PER_SAMPLE)))
    )
    runs = 1 if wanted == count else SAMPLE_RUNS
    length, size = wanted // runs, NUMPY_DTYPES[dtype].itemsize
    parts = []
    for run in range(runs):
        first = (count - length) * run // max(1, runs - 1)
        parts.append(os.pread(descriptor, length * size, offset + first * size))
    values = decode_values(b"".join(parts), dtype)
    if len(values) < runs * length:
        raise OSError(0, "the file was cut while it was read")
    return values.reshape(runs, length)


def _add_batch(
    found: _Samples,
    batch: Sequence[tuple[str, Floats]],
    tensors: Mapping[str, Tensor],
    distinctive: set[str],
    descriptor: int,
    data: int,
) -> None:
    """Add the checks of tensors with as many samples each, and the values of the distinctive ones among them."""
    stacked = np.stack([runs for _, runs in batch])
    flat = stacked.reshape(len(batch), -1)
    is_constant: list[bool] = np.atleast_1d((flat == flat[:, :1]).all(axis=1)).tolist()
    is_finite: list[bool] = np.atleast_1d(np.isfinite(flat).all(axis=1)).tolist()
    for (name, _), check, constant in zip(batch, check_values(flat), is_constant, strict=True):
        if np.isfinite(check).all():
            found.checks[name] = tensors[name].shape, check
        else:
            found.unchecked += 1
        if constant:
            found.formula_tables.add(name)
    chosen: list[int] = []
    for at, (name, _) in enumerate(batch):
        if len(tensors[name].shape) < 2 or flat.shape[1] < MIN_SAMPLES:
            continue
        if tensors[name].dtype not in FLOAT_DTYPES:  # packed quantised values
            found.unsampled += name in distinctive
            found.unread_types[tensors[name].dtype] += 1
        elif is_constant[at] or not is_finite[at]:
            found.unsampled += name in distinctive
        else:
            chosen.append(at)
    if not chosen:
        return
    pieces = stacked if stacked.shape[1] > 1 else stacked.reshape(len(batch), -1, PIECE_VALUES)[:, :SAMPLE_RUNS]
    learned: list[int] = []
    is_predictable = predictable_tensors(pieces[chosen, :, :PIECE_VALUES]).tolist()
    may_be_mask = may_be_masks(flat[chosen]).tolist()
    may_be_positions = may_be_sinusoids(flat[chosen]).tolist()
    for at, predictable, mask, positions in zip(chosen, is_predictable, may_be_mask, may_be_positions, strict=True):
        name = batch[at][0]
        is_mask = mask and is_mostly_one_value(flat[at])
        if predictable or is_mask or (positions and _is_position_table(descriptor, data, tensors[name])):
            found.formula_tables.add(name)
        elif name in distinctive:
            learned.append(at)
    if not learned:
        return
    for at, sample, offset in zip(learned, *center_and_clip(flat[learned]), strict=True):
        name = batch[at][0]
        found.shapes[name], found.values[name], found.offsets[name] = tensors[name].shape, sample, float(offset)


def _is_position_table(descriptor: int, data: int, tensor: Tensor) -> bool:
    """Return whether a tensor's columns are sinusoids, as in tables of positions and rotary ones."""
    width = tensor.shape[-1]
    size = COLUMN_ROWS * width * NUMPY_DTYPES[tensor.dtype].itemsize
    if math.prod(tensor.shape[:-1]) < COLUMN_ROWS or size > _MAX_ROWS_BYTES:
        return False
    rows = decode_values(os.pread(descriptor, size, data + tensor.data_offsets[0]), tensor.dtype)
    return len(rows) == COLUMN_ROWS * width and has_predictable_columns(rows.reshape(COLUMN_ROWS, width))


def center_and_clip(values: Floats) -> tuple[Floats, npt.NDArray[np.float64]]:
    """Return samples, one tensor a row, clipped at CLIPPED_MEDIANS, minus their mean, and of length one.

    Returns:
        The samples; and what was subtracted of each tensor, in units of the values returned.
    """
    some = values[:, :: max(1, values.shape[1] // _MEDIAN_VALUES)].astype(np.float64)
    middle = np.median(some, axis=1, keepdims=True)
    distances = np.median(np.abs(some - middle), axis=1, keepdims=True)
    limits = np.where(distances > 0, CLIPPED_MEDIANS * distances, np.inf)
    clipped = np.clip(np.subtract(values, middle, dtype=np.float64), -limits, limits)
    means = clipped.mean(axis=1, keepdims=True)
    clipped -= means
    lengths = np.linalg.norm(clipped, axis=1, keepdims=True)
    lengths = np.where(lengths > 0, lengths, 1)
    return (clipped / lengths).astype(np.float32), ((means + middle) / lengths)[:, 0]
