"""Write sampled weights as fingerprint files, which can be shared where the weights themselves cannot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from auditor.errors import Unreadable, UsageError
from auditor.hashing import weight_fingerprints
from auditor.lineage.weight_samples import SampledWeights, sample_model

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
        **(description or {}),
    }
    return weight_fingerprints.serialize_fingerprint(metadata, weights.shapes, weights.values)


def decode_fingerprint(data: bytes) -> SampledWeights:
    """Return the sampled weights of one fingerprint. Raises Unreadable where it is damaged."""
    content = weight_fingerprints.read_fingerprint(data)
    name = content.metadata.get("name", "")
    return SampledWeights(name, content.shapes, content.values, content.bases, content.left)


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
