"""Write sampled weights as fingerprint files, which can be shared where the weights themselves cannot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from auditor.errors import Unreadable, UsageError
from auditor.hashing import weight_fingerprints
from auditor.hashing.weight_formula_tables import PIECE_VALUES, is_mostly_one_value, predictable_tensors
from auditor.hashing.weight_sketch import Floats
from auditor.lineage.weight_samples import SAMPLE_RUNS, SampledWeights, center_and_clip, sample_model

# The first bytes of a file that show whether it is a fingerprint.
_HEAD_BYTES = 512


def save_fingerprint(
    weights: SampledWeights, path: Path, description: Mapping[str, str] | None = None, *, append: bool = False
) -> None:
    """Write a fingerprint file.

    Args:
        weights: The sampled weights.
        path: The file to write.
        description: The list holder's fields about the model: id, purpose, authority, confirmations.
        append: Add to the fingerprints that the file holds already.

    Raises:
        UsageError: The file cannot be written.
    """
    try:
        with open(path, "ab" if append else "wb") as file:
            file.write(encode_fingerprint(weights, description))
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}; name another file with -o") from error


def encode_fingerprint(weights: SampledWeights, description: Mapping[str, str] | None = None) -> bytes:
    """Return sampled weights as the bytes of a fingerprint file, with 16 bits for each value."""
    metadata = {
        "name": weights.name,
        "bases": json.dumps(weights.declared_bases),
        "left": str(weights.unsampled),
        "unchecked": str(weights.unchecked),
        "tables": json.dumps(sorted(weights.formula_tables)),
        "offsets": json.dumps({name: float(f"{offset:.6g}") for name, offset in weights.offsets.items()}),
        **(description or {}),
    }
    return weight_fingerprints.serialize_fingerprint(metadata, weights.shapes, weights.values, weights.checks)


def decode_fingerprint(data: bytes) -> SampledWeights:
    """Return the sampled weights of one fingerprint. Raises Unreadable where it is damaged."""
    content = weight_fingerprints.read_fingerprint(data)
    shapes, values = dict(content.shapes), dict(content.values)
    if content.is_first_version:  # its values were neither clipped nor without the tables that follow from a formula
        values = {name: center_and_clip(floats[None])[0][0] for name, floats in values.items() if not _is_table(floats)}
        shapes = {name: shapes[name] for name in values}
    return SampledWeights(
        content.metadata.get("name", ""),
        shapes,
        values,
        content.bases,
        content.left,
        checks=content.checks,
        unchecked=content.unchecked,
        formula_tables=content.formula_tables,
        offsets=content.offsets,
    )


def _is_table(values: Floats) -> bool:
    """Return whether the samples of a fingerprint of version 1, in runs of neighbours, follow from a formula."""
    runs = values[: len(values) // SAMPLE_RUNS * SAMPLE_RUNS].reshape(SAMPLE_RUNS, -1)
    if runs.shape[1] < PIECE_VALUES:
        return False
    return is_mostly_one_value(values) or bool(predictable_tensors(runs[None, :, :PIECE_VALUES])[0])


def load_weights(path: Path, *, full: bool = False) -> SampledWeights:
    """Return sampled weights from a fingerprint file, or sample the safetensors files at ``path``.

    A fingerprint holds no digests of tensors, so ``full`` has no effect on one. Raises UsageError.
    """
    if path.is_dir() or path.name.endswith(".index.json"):
        return sample_model(path, full=full)
    try:
        with open(path, "rb") as file:
            if not weight_fingerprints.is_fingerprint(file.read(_HEAD_BYTES)):
                return sample_model(path, full=full)
            file.seek(0)
            return decode_fingerprint(file.read())
    except Unreadable as error:
        raise UsageError(f"{path}: {error}") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
