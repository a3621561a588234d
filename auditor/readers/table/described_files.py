"""Finds the rows that describe files beside the table, which are read, and counted, by themselves."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from auditor.sources import Blob

# Suffixes of the image that a JSON file of the same name describes: img2dataset's own formats first.
_IMAGE_SUFFIXES = (".jpg", ".png", ".webp", ".jpeg")


def split_by_described_files(
    blob: Blob, names_files: bool, samples: pa.RecordBatch
) -> Iterator[tuple[bool, pa.RecordBatch]]:
    """Split a batch of samples into those of files that are read by themselves (True) and the others (False).

    Such tables are Hugging Face's ``metadata.csv`` (``file_name``) and the JSON that img2dataset writes beside
    an image. A row that describes a file is that file's sample: it gets its name and place.

    Args:
        blob: The table.
        names_files: Whether the samples have the names of files.
        samples: The samples.
    """
    folder, stem = os.path.dirname(blob.path), blob.basename.partition(".")[0]
    names: list[str] = []
    if blob.holder:
        yield False, samples
        return
    if blob.whole and stem == "metadata" and names_files:
        names = samples["sample"].to_pylist()
    elif blob.whole and blob.suffix == ".json" and samples.num_rows == 1:
        names = [name for name in (stem + suffix for suffix in _IMAGE_SUFFIXES) if _is_file_below(folder, name)][:1]
    described = pa.array([_is_file_below(folder, name) for name in names], pa.bool_())
    if not pc.any(described).as_py():
        yield False, samples
        return
    found = pa.array(names).filter(described).to_pylist()
    rows, others = samples.filter(described), samples.filter(pc.invert(described))
    uri_of_folder = blob.uri.removesuffix(blob.basename)
    columns = {
        "sample": pa.array([name.rpartition("/")[2] for name in found]),
        "place": pa.array([uri_of_folder + posixpath.normpath(name) for name in found]),
        "row": pa.repeat(pa.scalar(0, pa.int64()), len(found)),
    }
    arrays = [columns.get(field.name, rows[field.name]) for field in samples.schema]
    yield True, pa.RecordBatch.from_arrays(arrays, schema=samples.schema)
    if others.num_rows:
        yield False, others


def _is_file_below(folder: str, name: str) -> bool:
    is_below = not name.startswith(("/", "\\")) and ".." not in name.split("/") and "\0" not in name
    return is_below and os.path.isfile(os.path.join(folder, name))
