"""Finds the rows that describe files beside the table, which are read, and counted, by themselves."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from auditor.blob import Blob
from auditor.errors import Unreadable
from auditor.syntax.archive_members import read_members

# Suffixes of the image that a JSON file of the same name describes: img2dataset's own formats first.
_IMAGE_SUFFIXES = (".jpg", ".png", ".webp", ".jpeg")


def split_by_described_files(
    blob: Blob, names_files: bool, samples: pa.RecordBatch
) -> Iterator[tuple[bool, pa.RecordBatch]]:
    """Split a batch of samples into described files that are read by themselves (True) and the others (False).

    Such tables are Hugging Face's ``metadata.csv`` (``file_name``), the JSON that img2dataset writes beside an image
    and its index of a shard, ``00000.parquet`` beside ``00000.tar``. A row that describes a file, or a member of the
    shard, is that file's sample: it gets its name and place.

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
    uri_of_folder = blob.uri.removesuffix(blob.basename)
    if names:
        described = pa.array([_is_file_below(folder, name) for name in names], pa.bool_())
        found = pa.array(names).filter(described).to_pylist()
        new_names = [name.rpartition("/")[2] for name in found]
        places = [uri_of_folder + posixpath.normpath(name) for name in found]
    elif members := _members_of_shard(os.path.join(folder, f"{stem}.tar")):
        keys = [str(key) for key in samples["sample"].to_pylist()]
        described = pa.array([key in members for key in keys], pa.bool_())
        new_names = [members[key] for key in keys if key in members]
        places = [f"{uri_of_folder}{stem}.tar"] * len(new_names)
    else:
        yield False, samples
        return
    if not pc.any(described).as_py():
        yield False, samples
        return
    rows, others = samples.filter(described), samples.filter(pc.invert(described))
    columns = {
        "sample": pa.array(new_names),
        "place": pa.array(places),
        "row": pa.repeat(pa.scalar(0, pa.int64()), len(new_names)),
    }
    arrays = [columns.get(field.name, rows[field.name]) for field in samples.schema]
    yield True, pa.RecordBatch.from_arrays(arrays, schema=samples.schema)
    if others.num_rows:
        yield False, others


@lru_cache(maxsize=1)  # a table's batches ask for the same shard one after another
def _members_of_shard(path: str) -> Mapping[str, str]:
    """Return the name of each image in a tar that a table describes by its key, without reading it; empty: no tar."""
    found: dict[str, str] = {}
    try:
        blob = Blob(path, path, os.stat(path, follow_symlinks=False).st_size)
        with blob.open() as file:
            for member in read_members(file, path):
                key, _, suffix = member.path.partition(".")
                if f".{suffix.lower()}" in _IMAGE_SUFFIXES:
                    found.setdefault(key, member.path)
    except (OSError, Unreadable):
        return found  # the reader of archives says what is wrong with it
    return found


def _is_file_below(folder: str, name: str) -> bool:
    """Return whether the described file of a row lies in the table's folder."""
    is_below = not name.startswith(("/", "\\")) and ".." not in name.split("/") and "\0" not in name
    return is_below and os.path.isfile(os.path.join(folder, name))
