"""A listed picture, digest or address is found or its place is named, wherever it is put: never neither."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import lzma
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.blob import Blob, Unread
from auditor.known.matcher import Matcher
from auditor.known.open_list import open_list
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import PartlyRead
from auditor.pipeline.read_members import read_with_members
from auditor.readers import HEAD_BYTES, reader_name
from auditor.samples import Samples
from tests.pictures import jpeg, landscape, pattern, png

PICTURE = jpeg(landscape(7, (96, 72)))
OTHER_JPEG, OTHER_PNG = jpeg(pattern(3, (96, 72))), png(pattern(4, (96, 72)))
URL = "https://photos.example.org/hills/7.jpg"


class File(NamedTuple):
    """A file: the suffix of its name, and its bytes; ``is_text``: it can be put into a text."""

    suffix: str
    data: bytes
    is_text: bool = False


def zipped(file: File) -> File:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"folder/a{file.suffix}", file.data)
    return File(".zip", out.getvalue())


def in_tar(file: File) -> File:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(f"a{file.suffix}")
        info.size = len(file.data)
        archive.addfile(info, io.BytesIO(file.data))
    return File(".tar", out.getvalue())


def in_parquet(file: File) -> File:
    out = io.BytesIO()
    value: object = file.data.decode("latin-1") if file.is_text else file.data
    pq.write_table(pa.table({"id": [1, 2], "some": pa.array([None, value])}), out)
    return File(".parquet", out.getvalue())


def in_parquet_metadata(file: File) -> File:
    out = io.BytesIO()
    pq.write_table(pa.table({"id": [1, 2]}).replace_schema_metadata({"note": file.data}), out)
    return File(".parquet", out.getvalue())


def after_array(file: File) -> File:
    out = io.BytesIO()
    np.save(out, np.arange(3))
    return File(".npy", out.getvalue() + file.data)


def in_safetensors_metadata(file: File) -> File:
    tensor = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    header = json.dumps({"__metadata__": {"note": file.data.decode("latin-1")}, "w": tensor}).encode()
    return File(".safetensors", struct.pack("<Q", len(header)) + header + bytes(4))


BINARY: dict[str, Callable[[File], File]] = {
    "zip": zipped,
    "tar": in_tar,
    "gzip": lambda file: File(f"{file.suffix}.gz", gzip.compress(file.data)),
    "xz": lambda file: File(f"{file.suffix}.xz", lzma.compress(file.data)),
    "after xz": lambda file: File(".txt.xz", lzma.compress(b"hills\n") + file.data),
    "after jpeg": lambda file: File(".jpg", OTHER_JPEG + file.data),
    "after png": lambda file: File(".png", OTHER_PNG + file.data),
    "after array": after_array,
    "parquet": in_parquet,
    "unknown": lambda file: File(".dat", b"\x93ACME\0" + bytes(range(64)) + file.data),
}
ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "base64 in lines": base64.encodebytes,
    "hex": lambda data: data.hex().encode(),
    "base32": base64.b32encode,
    "base85": base64.b85encode,
    "python": lambda data: repr(data).encode(),
    "data URL": lambda data: b"data:image/jpeg;base64," + base64.b64encode(data),
}
TEXTS: dict[str, Callable[[File], File]] = {
    "markdown": lambda file: File(".md", b"# Hills\n\n![x](" + file.data + b") and more.\n", True),
    "html": lambda file: File(".html", b"<p>\n<img src='" + file.data + b"'></p>", True),
    "yaml": lambda file: File(".yaml", b"hill:\n  value: '" + file.data.replace(b"'", b"") + b"'\n", True),
    "lines of JSON": lambda file: File(".jsonl", json.dumps({"a": [{"b": file.data.decode()}]}).encode() + b"\n", True),
    "notebook": lambda file: File(
        ".ipynb", json.dumps({"cells": [{"source": [file.data.decode()]}], "nbformat": 4}).encode(), True
    ),
    "csv": lambda file: File(".csv", b'id,note\n1,"' + file.data.replace(b'"', b"'") + b'"\n', True),
    "safetensors": in_safetensors_metadata,
    "parquet": in_parquet,
    "parquet's metadata": in_parquet_metadata,
}


@st.composite
def placements(draw: st.DrawFn) -> tuple[str, File]:
    """Draw a file with a listed thing in it, and how it was put there."""
    what = draw(st.sampled_from(["picture", "picture in text", "address", "digest"]))
    steps = [what]
    if what == "picture":
        file = File(".jpg", PICTURE)
    elif what == "picture in text":
        encoding = draw(st.sampled_from(sorted(ENCODINGS)))
        steps.append(encoding)
        file = File(".txt", ENCODINGS[encoding](PICTURE), True)
    else:
        text = URL if what == "address" else hashlib.md5(PICTURE).hexdigest()
        file = File(".txt", f"hills {text} hills".encode(), True)
    for _ in range(draw(st.integers(0 if what == "picture" else 1, 3))):
        ways = TEXTS if file.is_text else BINARY
        way = draw(st.sampled_from(sorted(ways)))
        steps.append(way)
        file = ways[way](file)
    return " in ".join(steps), file


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> Matcher:
    path = tmp_path_factory.mktemp("list") / "hills.csv"
    rows = f"md5,{hashlib.md5(PICTURE).hexdigest()}\nurl,{URL}\npdq,{'0f1e2d3c4b5a69788796a5b4c3d2e1f0' * 2}\n"
    path.write_text(f"# name: hills\n# version: 1\n# means: test\nalgorithm,hash\n{rows}")
    return Matcher((open_list(path),))


def is_found_or_named(file: File, matcher: Matcher) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"a{file.suffix}")
        path.write_bytes(file.data)
        blob = Blob(str(path), path.name, len(file.data), "", "hills")
        name = reader_name(blob, blob.head(HEAD_BYTES))
        for item in read_with_members(name, [blob], ReadOptions(matcher.algorithms)):
            is_gap = isinstance(item, PartlyRead) or (isinstance(item, Unread) and not item.skipped)
            if is_gap or (isinstance(item, Samples) and (item.batch["gap"].null_count < item.batch.num_rows)):
                return True
            if isinstance(item, Samples) and matcher.match(item).hits.num_rows:
                return True
    return False


@given(placement=placements())
@settings(max_examples=120, deadline=None, derandomize=True)
def test_what_is_listed_is_found_or_named_wherever_it_is_put(placement: tuple[str, File], matcher: Matcher) -> None:
    how, file = placement
    assert is_found_or_named(file, matcher), how
