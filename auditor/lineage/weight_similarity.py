"""Observed descent: are these weights made from those? Told by sampled values, not by what anybody says.

Of every tensor but norms, biases and embeddings a few thousand values are read by offset, in any float type,
and compared with the values at the same places of a tensor of the same name and shape: related weights keep
pointing the same way (a fine-tune above 0.99, an even merge near 0.7), unrelated ones do not (near 0).
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

import numpy as np
import numpy.typing as npt

from auditor.errors import Unreadable, UsageError
from auditor.hashing import weight_fingerprints, weight_sketch
from auditor.hashing.distinctive_tensors import INDEX_DTYPES, distinctive_tensors, tensor_hasher
from auditor.hashing.weight_digests import BLOCK_BYTES
from auditor.hashing.weight_sketch import SKETCH_SIZE, Floats, normalize_vector
from auditor.lineage.repository_names import normal
from auditor.syntax.safetensors_header import SafetensorsHeader, read_header

# Values read of a tensor: at most MOST, in RUNS stretches; FEWEST of a small one. Under 1 % of a file of ordinary size.
MOST, FEWEST, RUNS = 2048, 256, 8
# Cosines: a tensor at or above STRONG is derived from the other's, below WEAK it is not; the same values when cast
# to 16 bits and back stay above SAME.
STRONG, WEAK, SAME = 0.9, 0.2, 0.99999
# Below so many values, or so small a part of the tensors, nothing can be told.
ENOUGH_VALUES, ENOUGH_TENSORS = 1024, 0.1
# One tensor that is byte for byte the same may follow from a formula.
FEWEST_SAME = 2
LIMITS = (
    "Not covered: quantised weights but for tensors copied whole (--weights full), permuted weights, adapters before "
    "they are merged, pruned shapes. Twins trained from the same starting values may look related. Values are sampled: "
    "a verdict is a lead for a person, with its figures."
)

_FLOATS: Mapping[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "F64": np.dtype("<f8"),
}

Relation = Literal[
    "cannot tell", "unrelated", "blended with it", "made in part from it", "made from it", "the same values"
]
# From the weakest to the strongest.
RELATIONS: tuple[Relation, ...] = get_args(Relation)
Verdict = Literal["agrees", "conflicts", "undeclared", "related", "cannot tell", ""]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Sampled values of a file's tensors, each centred and of length one; ``bases`` are what its header names.

    ``left`` counts tensors that could not be sampled: quantised, not all numbers, or without any spread of values.
    ``digests`` are those of tensors where the file was read in full.
    """

    name: str
    shapes: Mapping[str, tuple[int, ...]]
    values: Mapping[str, Floats]
    bases: tuple[str, ...] = ()
    left: int = 0
    digests: frozenset[bytes] = frozenset()

    def sketch(self) -> Floats:
        """All tensors folded into 1,024 numbers of length one, whose products come near the mean cosine."""
        return normalize_vector(self.folded())

    def folded(self) -> Floats:
        """The sketch before it is made of length one: those of a model's files add up to the model's."""
        return weight_sketch.sketch_tensors(self.shapes, self.values)


@dataclass(frozen=True, slots=True)
class Compared:
    """How one file's weights stand to another's: the relation, the verdict on what was declared, the figures.

    ``of`` counts the file's tensors, those that could not be sampled too. Of ``hashed`` tensors ``identical`` are byte
    for byte among the other's, under any name; 0 where none were hashed.
    """

    relation: Relation
    verdict: Verdict
    cosine: float  # mean over the tensors compared
    strong: float  # share of those at or above STRONG
    compared: int
    of: int
    renamed: bool = False
    identical: int = 0
    hashed: int = 0

    def as_dict(self) -> dict[str, Any]:
        figures = {"cosine": round(self.cosine, 6), "strong": round(self.strong, 4)}
        names = {"relation": self.relation, "verdict": self.verdict, "renamed": self.renamed}
        counts = {"compared": self.compared, "of": self.of, "identical": self.identical, "hashed": self.hashed}
        return {**names, **figures, **counts}

    def __str__(self) -> str:
        verdict = f" ({self.verdict})" if self.verdict else ""
        how = "by shape, names differ" if self.renamed else "by name"
        share = f"{self.strong:.0%} of tensors at or above {STRONG}"
        same = f"; {self.identical:,} of {self.hashed:,} tensors byte for byte the same" if self.hashed else ""
        if not self.compared:
            return f"{self.relation}{verdict}: no tensors of the same name and shape{same}"
        return (
            f"{self.relation}{verdict}: mean cosine {self.cosine:.4f}, {share}; "
            f"{self.compared:,} of {self.of:,} tensors compared {how}{same}"
        )


def fingerprint(path: Path, *, full: bool = False) -> Fingerprint:
    """The fingerprint of a safetensors file, of an index of shards or of a folder of them. Raises UsageError.

    ``full``: with digests of its tensors, for which all of it is read.
    """
    parts = []
    for file in _shards(path):
        try:
            parts.append(sampled(file.name, file, 0, file.stat().st_size, full=full))
        except Unreadable as error:
            raise UsageError(f"{file}: {error}; weights are compared as safetensors files") from error
        except OSError as error:
            raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    return joined(path.name, parts)


def sampled(name: str, path: str | Path, offset: int, size: int, *, full: bool = False) -> Fingerprint:
    """The fingerprint of one safetensors file, which may be a stretch of another. Raises Unreadable, OSError."""
    shapes: dict[str, tuple[int, ...]] = {}
    values: dict[str, Floats] = {}
    left = 0
    with open(path, "rb", buffering=0) as file:
        file.seek(offset)
        found = read_header(file, size)
        if found.faults:
            raise Unreadable(found.faults[0])
        for tensor, shape, sample in _samples(file.fileno(), offset, found):
            if sample is None:
                left += 1
            else:
                shapes[tensor], values[tensor] = shape, sample
        digests = _digests(file, found, offset + found.data, offset + size) if full else frozenset()
    return Fingerprint(name, shapes, values, tuple(dict.fromkeys(_bases(found))), left, digests)


def _digests(file: BinaryIO, found: SafetensorsHeader, start: int, end: int) -> frozenset[bytes]:
    wanted = tensor_hasher(found)
    file.seek(start)
    while start < end and (block := file.read(min(BLOCK_BYTES, end - start))):
        wanted.update(block)
        start += len(block)
    return wanted.digests()


def joined(name: str, parts: Sequence[Fingerprint]) -> Fingerprint:
    """The fingerprint of a model whose tensors lie in several files."""
    shapes: dict[str, tuple[int, ...]] = {}
    values: dict[str, Floats] = {}
    for part in parts:
        shapes |= part.shapes
        values |= part.values
    bases = tuple(dict.fromkeys(base for part in parts for base in part.bases))
    digests = frozenset(digest for part in parts for digest in part.digests)
    return Fingerprint(name, shapes, values, bases, sum(part.left for part in parts), digests)


def _shards(path: Path) -> list[Path]:
    if path.is_dir():
        files = sorted(path.glob("*.safetensors"))
    elif path.name.endswith(".index.json"):
        try:
            named = json.loads(path.read_bytes())["weight_map"].values()
            # A name is taken as one beside the index: it leads nowhere else.
            files = sorted({path.parent / Path(str(name)).name for name in named})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{path}: is no index of shards; name the safetensors files' folder") from error
    else:
        files = [path]
    if not files:
        raise UsageError(f"{path}: holds no safetensors files to compare")
    return files


def _bases(found: SafetensorsHeader) -> Iterator[str]:
    metadata = found.metadata
    for key in ("ss_sd_model_name", "modelspec.merged_from"):
        yield from (normal(name) for name in metadata.get(key, "").split(",") if name.strip())


def _samples(
    descriptor: int, offset: int, found: SafetensorsHeader
) -> Iterator[tuple[str, tuple[int, ...], Floats | None]]:
    for name, tensor in distinctive_tensors(found):
        shape, (start, end) = tensor.shape, tensor.data_offsets
        count = math.prod(shape)
        if count < FEWEST or tensor.dtype in INDEX_DTYPES:
            continue
        kind = _FLOATS.get(tensor.dtype)
        if kind is None or end - start != count * kind.itemsize:
            yield name, shape, None
            continue
        yield name, shape, _centred(_read(descriptor, offset + found.data + start, count, kind))


def _read(descriptor: int, offset: int, count: int, kind: np.dtype[Any]) -> Floats:
    """Values at places that depend on the number of values alone, so that two types are read alike. Raises OSError."""
    wanted = min(count, max(FEWEST, min(MOST, count // 256)))
    runs = 1 if wanted == count else RUNS
    length = wanted // runs
    parts = []
    for run in range(runs):
        first = (count - length) * run // max(1, runs - 1)
        data = os.pread(descriptor, length * kind.itemsize, offset + first * kind.itemsize)
        parts.append(np.frombuffer(data, kind, len(data) // kind.itemsize))
    values = np.concatenate(parts)
    if kind == np.dtype("<u2"):
        return (values.astype(np.uint32) << 16).view(np.float32)
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def _centred(values: Floats) -> Floats | None:
    """The values about their mean, of length one; None where there is no spread or not every value is a number."""
    exact = values.astype(np.float64)
    if not np.isfinite(exact).all():
        return None
    exact -= exact.mean()
    length = np.linalg.norm(exact)
    return (exact / length).astype(np.float32) if length > 0 else None


def compare(mine: Fingerprint, base: Fingerprint) -> Compared:
    """Is ``mine`` made from ``base``? Tensors are paired by name and shape, or by shape where names differ."""
    names = [name for name, shape in mine.shapes.items() if base.shapes.get(name) == shape]
    cosines = np.array([_cosine(mine.values[name], base.values[name]) for name in names])
    renamed = False
    if len(names) < ENOUGH_TENSORS * len(mine.shapes):
        by_shape = _by_shape(mine, base)
        if (by_shape >= STRONG).sum() > (cosines >= STRONG).sum():
            cosines, renamed = by_shape, True
    values = sum(len(mine.values[name]) for name in (mine.shapes if renamed else names))
    of = len(mine.shapes) + mine.left
    mean = float(cosines.mean()) if len(cosines) else 0.0
    strong = float((cosines >= STRONG).mean()) if len(cosines) else 0.0
    by_values = Compared(_relation(cosines, values, of), "", mean, strong, len(cosines), of, renamed)
    found = with_bytes(by_values, mine.digests, base.digests)
    return replace(found, verdict=_verdict(found.relation, normal(base.name) in mine.bases))


def with_bytes(found: Compared, mine: frozenset[bytes], base: frozenset[bytes]) -> Compared:
    """What values showed, or what tensors that are byte for byte the same show, whichever tells more."""
    if not mine or not base:
        return found
    both = len(mine & base)
    shown: Relation = "cannot tell"
    if both >= FEWEST_SAME:
        shown = "made from it" if both >= 0.9 * len(mine) else "made in part from it"
        shown = "the same values" if mine == base else shown
    relation = max(found.relation, shown, key=RELATIONS.index)
    return replace(found, relation=relation, identical=both, hashed=len(mine))


def _cosine(left: Floats, right: Floats) -> float:
    return float(left @ right) if left.shape == right.shape else 0.0


def _by_shape(mine: Fingerprint, base: Fingerprint) -> npt.NDArray[np.float64]:
    """The best cosine of each tensor among those of the same shape under any name; 0 where it may be chance.

    The best of hundreds of unrelated tensors, with 256 values each, comes near 0.25.
    """
    groups: dict[tuple[int, ...], list[str]] = {}
    for name, shape in base.shapes.items():
        groups.setdefault(shape, []).append(name)
    stacked = {shape: np.stack([base.values[name] for name in names]) for shape, names in groups.items()}
    best = [
        float((stacked[shape] @ mine.values[name]).max())
        for name, shape in mine.shapes.items()
        if shape in stacked and stacked[shape].shape[1] == len(mine.values[name])
    ]
    found = np.array(best, np.float64)
    return np.where(found < 0.5, 0.0, found)


def _relation(cosines: npt.NDArray[np.float64], values: int, of: int) -> Relation:
    if not len(cosines) or values < ENOUGH_VALUES or len(cosines) < ENOUGH_TENSORS * of:
        return "cannot tell"
    strong = float((cosines >= STRONG).mean())
    if strong >= 0.9:
        return "the same values" if cosines.min() >= SAME else "made from it"
    if strong >= 0.1:
        return "made in part from it"
    return "blended with it" if float((cosines >= WEAK).mean()) >= 0.5 else "unrelated"


def _verdict(relation: Relation, declared: bool) -> Verdict:
    if relation == "cannot tell":
        return "cannot tell"
    if relation == "unrelated":
        return "conflicts" if declared else ""
    return "agrees" if declared else "undeclared"


def save(found: Fingerprint, path: Path, about: Mapping[str, str] | None = None, *, add: bool = False) -> None:
    """Write a fingerprint as a file of its own, or ``add`` it to those that the file holds. Raises UsageError."""
    try:
        with open(path, "ab" if add else "wb") as file:
            file.write(encoded(found, about))
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}; name another file with -o") from error


def encoded(found: Fingerprint, about: Mapping[str, str] | None = None) -> bytes:
    """A fingerprint as a file of 16-bit samples; ``about``: what is said of the model, for a list."""
    told = {"name": found.name, "bases": json.dumps(found.bases), "left": str(found.left)}
    return weight_fingerprints.serialize_fingerprint({**told, **(about or {})}, found.shapes, found.values)


def decoded(data: bytes) -> Fingerprint:
    """A fingerprint from :func:`encoded`. Raises Unreadable where it is damaged."""
    content = weight_fingerprints.read_fingerprint(data)
    return Fingerprint(content.metadata.get("name", ""), content.shapes, content.values, content.bases, content.left)


def opened(path: Path, *, full: bool = False) -> Fingerprint:
    """A fingerprint from its file, which holds no digests of tensors, or made from weights. Raises UsageError."""
    if path.is_dir() or path.name.endswith(".index.json"):
        return fingerprint(path, full=full)
    try:
        with open(path, "rb") as file:
            if not weight_fingerprints.is_fingerprint(file.read(512)):
                return fingerprint(path, full=full)
            file.seek(0)
            return decoded(file.read())
    except Unreadable as error:
        raise UsageError(f"{path}: {error}") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class Index:
    """Sketches of many bases: which of them is this from? One product with a matrix."""

    names: tuple[str, ...]
    sketches: Floats

    @classmethod
    def of(cls, bases: Sequence[Fingerprint]) -> Index:
        stacked = np.stack([base.sketch() for base in bases]) if bases else np.zeros((0, SKETCH_SIZE), np.float32)
        return cls(tuple(base.name for base in bases), stacked)

    def nearest(self, mine: Fingerprint, most: int = 5) -> tuple[tuple[str, float], ...]:
        """The likeliest bases, best first, with about their mean cosine (± 0.1): compare them to be sure."""
        likeness = self.sketches @ mine.sketch()
        best = np.argsort(-likeness, kind="stable")[:most]
        return tuple((self.names[at], float(likeness[at])) for at in best)
