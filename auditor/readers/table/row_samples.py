"""Turns batches of rows into samples: declared digests and addresses, and digests of the images in their cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.hashing.digest_parsing import algorithm_from_cells, parse_digests
from auditor.hashing.hash_images import EncodedImage, hash_images
from auditor.readers import ReadOptions
from auditor.readers.table.arrow_types import is_bytes, to_text, to_whole_numbers
from auditor.readers.table.described_files import split_by_described_files
from auditor.readers.table.roles import HASHED_ALGORITHMS, ColumnRoles
from auditor.readers.table.row_batch import MAX_CELL_BYTES, RowBatch
from auditor.samples import Samples, build_sample_batch
from auditor.sources import Blob


def samples_of_rows(blob: Blob, rows: RowBatch, options: ReadOptions) -> Iterator[Samples]:
    """Yield the samples of some rows of a table.

    First come the digests that are computed of images in the cells, then, as the same samples, what the rows declare,
    then further addresses of the same rows as variants.
    """
    roles, cells, count = rows.roles, rows.cells, len(rows.numbers)
    if not count:
        return
    present = set(cells.schema.names)
    shared: dict[str, pa.Array] = {
        "row": pa.array(rows.numbers, pa.int64()),
        "place": pa.repeat(pa.scalar(blob.uri), count),
        "sample": _sample_names(cells, roles, rows.numbers),
    }
    declared: dict[str, pa.Array] = {}
    malformed: list[tuple[str, NDArray[np.bool_]]] = []
    digests = _digest_columns(cells, roles, options)
    for algorithm, name in digests.items():
        declared[algorithm], bad = parse_digests(cells[name], algorithm, raw=is_bytes(cells[name].type))
        if bad.any():
            malformed.append((f"the {algorithm} given is not one", bad))
    if roles.quality in present:
        declared["quality"] = to_whole_numbers(cells[roles.quality], pa.int16())
    urls = [to_text(cells[name]) for name in roles.urls if name in present]
    if urls:
        declared["url"] = urls[0]
    gap = _gap_column(count, malformed, rows.faults)
    image = cells[roles.image] if roles.image in present else None
    if image is not None:
        yield from _image_samples(blob, rows, shared, image, options)
    ref = blob.ref("dataset")
    if image is None or declared or gap is not None:
        columns = shared | declared | ({"gap": gap} if gap is not None else {})
        batch = build_sample_batch(columns, list(digests))
        parts = split_by_described_files(blob, roles, batch) if image is None else ((True, batch),)
        for already_counted, part in parts:
            yield Samples(ref, "declared", part, already_counted)
    for name, url in zip(roles.urls[1:], urls[1:], strict=True) if urls else ():
        variant = pa.repeat(pa.scalar(f"url:{name}"), count)
        yield Samples(ref, "declared", build_sample_batch(shared | {"url": url, "variant": variant}, ()))


def _digest_columns(cells: pa.RecordBatch, roles: ColumnRoles, options: ReadOptions) -> dict[str, str]:
    """Return the columns of declared digests by algorithm, of those algorithms alone that the run needs."""
    present = set(cells.schema.names)
    found = {algorithm: name for algorithm, name in roles.digests.items() if name in present}
    if roles.unnamed_digest in present and (algorithm := algorithm_from_cells(cells[roles.unnamed_digest])):
        found.setdefault(algorithm, roles.unnamed_digest)
    return {algorithm: name for algorithm, name in found.items() if algorithm in options.algorithms}


def _image_samples(
    blob: Blob, rows: RowBatch, shared: dict[str, pa.Array], image: pa.Array, options: ReadOptions
) -> Iterator[Samples]:
    """Yield the digests of the images in a column; a row without one, or with one too large, has a gap that says so.

    Args:
        blob: The table.
        rows: The rows.
        shared: The columns that all samples of the rows have.
        image: The column: bytes, or structs of ``bytes`` and ``path``.
        options: Which digests, of which variants.
    """
    data = image.field("bytes") if pa.types.is_struct(image.type) else image
    sizes = pc.fill_null(pc.binary_length(data), 0).to_numpy(zero_copy_only=False)
    widths, heights = (_original_sizes(rows, name) for name in (rows.roles.width, rows.roles.height))
    names, numbers = shared["sample"], rows.numbers

    def images() -> Iterator[EncodedImage]:
        for index in np.flatnonzero((sizes > 0) & (sizes <= MAX_CELL_BYTES)).tolist():
            width, height = widths[index], heights[index]
            original = (width, height) if width > 0 and height > 0 else None
            yield EncodedImage(names[index].as_py(), blob.uri, int(numbers[index]), data[index].as_py(), original)

    ref = blob.ref("dataset")
    hashed = hash_images(images(), options.algorithms & HASHED_ALGORITHMS, options.variants)
    if hashed.num_rows:
        yield Samples(ref, "computed", hashed)
    for why, missing in (
        ("the row has no image bytes", sizes == 0),
        (f"the image is larger than {MAX_CELL_BYTES:,} bytes", sizes > MAX_CELL_BYTES),
    ):
        if missing.any():
            kept = {name: column.filter(pa.array(missing)) for name, column in shared.items()}
            gap = pa.repeat(pa.scalar(why), int(missing.sum()))
            yield Samples(ref, "computed", build_sample_batch({**kept, "gap": gap}, ()))


def _original_sizes(rows: RowBatch, name: str) -> list[int]:
    """Return a column of widths or heights; 0 where it says nothing."""
    if name not in rows.cells.schema.names:
        return [0] * len(rows.numbers)
    return pc.fill_null(to_whole_numbers(rows.cells[name], pa.int32()), 0).to_pylist()  # type: ignore[no-any-return]


def _gap_column(
    count: int, malformed: Sequence[tuple[str, NDArray[np.bool_]]], faults: pa.Array | None
) -> pa.Array | None:
    """Return the gap of each row, null for none; None if no row has any."""
    if not malformed and faults is None:
        return None
    gap = faults if faults is not None else pa.nulls(count, pa.string())
    for why, bad in malformed:
        gap = pc.if_else(pa.array(bad), pc.coalesce(pc.binary_join_element_wise(gap, why, "; "), pa.scalar(why)), gap)
    return gap


def _sample_names(cells: pa.RecordBatch, roles: ColumnRoles, numbers: NDArray[np.int64]) -> pa.Array:
    """Return each row's name: its key or file name, else the path of its image, else its number."""
    rows = pa.array(numbers).cast(pa.string())
    if roles.sample in cells.schema.names:
        return pc.coalesce(to_text(cells[roles.sample]), rows)
    if roles.image in cells.schema.names and pa.types.is_struct(cells[roles.image].type):
        return pc.coalesce(to_text(cells[roles.image].field("path")), rows)
    return rows
