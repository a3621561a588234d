"""Tables of any shape: what is listed and stands anywhere in them is found, or a gap is named; never neither."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from auditor.parts import Part, PartlyRead
from auditor.readers import HEAD_BYTES, ReadOptions, reader_name, table
from auditor.samples import Samples
from auditor.sources import Blob, Unread

OPTIONS = ReadOptions(frozenset({"md5", "sha1", "sha256", "pdq", "url"}))


def png(seed: int) -> bytes:
    sink = io.BytesIO()
    Image.frombytes("L", (16, 16), hashlib.sha512(bytes([seed])).digest() * 4).save(sink, "PNG")
    return sink.getvalue()


PICTURE = png(1)
URL = "https://example.org/hill.jpg"
MD5, SHA1, SHA256 = (hashlib.new(name, PICTURE).digest() for name in ("md5", "sha1", "sha256"))
# What is hidden in a table: its value, and which column of a sample shows that it was found.
TEXTS: tuple[tuple[str, tuple[str, object]], ...] = (
    (MD5.hex(), ("md5", MD5)),
    (SHA1.hex().upper(), ("sha1", SHA1)),
    (f"sha256:{SHA256.hex()}", ("sha256", SHA256)),
    (URL, ("url", URL)),
    (base64.b64encode(PICTURE).decode(), ("md5", MD5)),
    (f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}", ("md5", MD5)),
)
BYTES: tuple[tuple[bytes, tuple[str, object]], ...] = (
    (PICTURE, ("md5", MD5)),
    (MD5, ("md5", MD5)),
    (MD5.hex().encode(), ("md5", MD5)),
    (URL.encode(), ("url", URL)),
)
NAMES = st.sampled_from(
    (
        "image",
        "bytes",
        "zz",
        "image_1",
        "md5",
        "hash",
        "url",
        "caption",
        "path",
        "data",
        "a b",
        "x.y",
        "_",
        "名前",
        "audio",
    )
)
OTHERS = st.sampled_from(("a hill", "", "HTTP is a protocol", "[1, 2]", "deadbeef", None))

Wrap = Callable[[object], object]


@st.composite
def wraps(draw: st.DrawFn) -> Wrap:
    """Draw how a value is nested in structs and lists, with other things beside it."""
    steps = draw(st.lists(st.tuples(st.booleans(), NAMES, NAMES, OTHERS, st.integers(0, 2)), max_size=4))

    def wrap(value: object) -> object:
        for is_list, name, beside, other, before in steps:
            if is_list:
                value = [None] * before + [value]
            else:
                value = {f"{beside}-": other, name: value, "vector": [0.5, -1.0], "number": 7}
        return value

    return wrap


@st.composite
def hidden_rows(draw: st.DrawFn, values: tuple[tuple[object, tuple[str, object]], ...]) -> object:
    value, shows = draw(st.sampled_from(values))
    wrap, name = draw(wraps()), draw(NAMES)
    at, count = draw(st.integers(0, 3)), draw(st.integers(4, 6))
    filler = draw(st.sampled_from((None, "a caption" if isinstance(value, str) else b"some bytes")))
    rows = [
        {"text": draw(OTHERS), name: wrap(value if row == at else filler), "score": 0.5, "label": row}
        for row in range(count)
    ]
    return rows, shows


def is_found_or_named(results: list[object], shows: tuple[str, object]) -> bool:
    column, value = shows
    for result in results:
        if isinstance(result, PartlyRead) or (isinstance(result, Unread) and not result.skipped):
            return True
        if isinstance(result, Part) and result.subject.gaps:
            return True
        if isinstance(result, Samples) and value in result.batch.to_pydict().get(column, ()):
            return True
    return False


def read(folder: Path, name: str, data: bytes) -> list[object]:
    path = folder / name
    path.write_bytes(data)
    blob = Blob(str(path), name, len(data), "dataset", "hills")
    assert reader_name(blob, data[:HEAD_BYTES]) == "table"
    return list(table.read([blob], OPTIONS))


def parquet(found: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(found, sink)
    return sink.getvalue().to_pybytes()


def stream(found: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, found.schema) as writer:
        writer.write_table(found)
    return sink.getvalue().to_pybytes()


def lines(rows: object) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()  # type: ignore[attr-defined]


FAST = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@FAST
@given(hidden_rows(TEXTS + BYTES), st.sampled_from((("m.parquet", parquet), ("m.arrow", stream))))
def test_nothing_is_hidden_in_a_column_of_arrow_or_parquet(
    tmp_path: Path,
    drawn: tuple[list[dict[str, object]], tuple[str, object]],
    form: tuple[str, Callable[[object], bytes]],
) -> None:
    rows, shows = drawn
    name, write = form
    assert is_found_or_named(read(tmp_path, name, write(pa.Table.from_pylist(rows))), shows)


FORMS: tuple[tuple[str, Callable[[object], bytes]], ...] = (
    ("m.jsonl", lines),
    ("m.json", lines),
    ("m.json", lambda rows: json.dumps(rows).encode()),
    ("m.json", lambda rows: json.dumps(rows, indent=2).encode()),
    ("m.json", lambda rows: json.dumps({"version": 1, "data": rows}).encode()),
    ("m.json", lambda rows: json.dumps({f"{n}.jpg": row for n, row in enumerate(rows)}).encode()),  # type: ignore[arg-type, call-overload]
    ("m.json", lambda rows: json.dumps({"a": {"b": {"c": rows}}}).encode()),
    ("m.jsonl", lambda rows: json.dumps(rows).encode()),
    ("m.jsonl", lambda rows: "\n".join(json.dumps(row, indent=1) for row in rows).encode()),  # type: ignore[attr-defined]
    ("m.jsonl", lambda rows: ",\n".join(json.dumps(row) for row in rows).encode() + b",\n"),  # type: ignore[attr-defined]
    ("m.json", lambda rows: json.dumps(rows, indent=1).encode()[:-2] + b",\n]"),
)


@FAST
@given(hidden_rows(TEXTS), st.sampled_from(FORMS))
def test_nothing_is_hidden_in_json(
    tmp_path: Path,
    drawn: tuple[list[dict[str, object]], tuple[str, object]],
    form: tuple[str, Callable[[object], bytes]],
) -> None:
    rows, shows = drawn
    name, write = form
    results = read(tmp_path, name, write(rows))
    assert is_found_or_named(results, shows)
    assert not [result for result in results if isinstance(result, Unread)], "each of these shapes is read"
