"""Choose and read the column of a manifest that declares the digests of its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from auditor.errors import UsageError
from auditor.hashing.digest_parsing import algorithm_from_column_name, parse_digests
from auditor.sample_exchange.manifest_files import ManifestFile

# In this order a digest is chosen. All who ask a holder should use the same: see docs/without-a-list.md.
EXACT_ALGORITHMS = ("md5", "sha1", "sha256", "sha512")


def digest_column(files: Sequence[ManifestFile], algorithm: str = "", column: str = "") -> tuple[str, str]:
    """Return the algorithm and the name of the column of digests that all files of a manifest have.

    Args:
        files: The manifest.
        algorithm: The algorithm that is asked for; "": the first of :data:`EXACT_ALGORITHMS` that it has.
        column: The column's name; "": by its name.

    Raises:
        UsageError: A file has no such column.
    """
    names = files[0].columns()
    by_algorithm = {found: name for name in reversed(names) if (found := algorithm_from_column_name(name))}
    if column:
        algorithm = algorithm or algorithm_from_column_name(column)
        if not algorithm:
            raise UsageError(f"{column}: its name tells no algorithm; give --algorithm too")
    else:
        algorithm = algorithm or next((name for name in EXACT_ALGORITHMS if name in by_algorithm), "")
        column = by_algorithm.get(algorithm, "")
    for one in files:
        if not column or column not in one.columns():
            what = column or algorithm or " or ".join(EXACT_ALGORITHMS)
            raise UsageError(f"{one.path}: has no column of {what}; name one with --column")
    return algorithm, column


def parsed_digests(cells: pa.Array, algorithm: str) -> pa.Array:
    """Return the digests of a column's cells, null where there is none or a malformed one.

    Raises:
        UsageError: The column holds neither texts nor bytes.
    """
    try:
        digests, malformed = parse_digests(cells, algorithm, raw=True)
    except pa.ArrowException as error:
        raise UsageError(f"a column of {cells.type} holds no {algorithm} digests; name another one") from error
    if malformed.any():
        valid = digests.is_valid().to_numpy(zero_copy_only=False) & ~malformed
        digests = pa.Array.from_buffers(
            digests.type, len(digests), [pa.array(valid).buffers()[1], digests.buffers()[1]]
        )
    return digests


def valid_rows(digests: pa.Array) -> NDArray[np.bool_]:
    """Return which rows have a digest."""
    valid: NDArray[np.bool_] = digests.is_valid().to_numpy(zero_copy_only=False)
    return valid


def read_digests(files: Sequence[ManifestFile], columns: dict[str, str]) -> Iterator[dict[str, pa.Array]]:
    """Yield digests by algorithm, for batches of rows of a manifest; ``columns``: the column of each algorithm."""
    for one in files:
        for batch in one.batches(list(columns.values())):
            yield {name: parsed_digests(batch[column], name) for name, column in columns.items()}
