"""Tables of any shape: what is listed and stands anywhere in them is found, or a gap is named; never neither."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import io
import json
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from auditor.blob import Blob, Unread
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part, PartlyRead
from auditor.readers import HEAD_BYTES, reader_name, table
from auditor.readers.table import row_samples
from auditor.readers.table.byte_lists import FLAT_PIXELS, MIN_FLAT, MIN_LONG
from auditor.samples import Samples

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


def samples_of(folder: Path, name: str, data: bytes) -> list[Samples]:
    return [result for result in read(folder, name, data) if isinstance(result, Samples)]


def test_each_picture_of_a_row_is_a_sample_named_by_its_column(tmp_path: Path) -> None:
    pictures = [png(number) for number in range(4)]
    columns = {
        "key": ["a", "b", "c"],
        "image_1": pa.array([pictures[0], pictures[3], None]),
        "more": [[{"bytes": pictures[1], "path": None}, {"bytes": pictures[2], "path": None}], [], []],
        "md5": [MD5.hex(), MD5.hex(), MD5.hex()],
    }
    computed, described, alone = samples_of(tmp_path, "m.parquet", parquet(pa.table(columns)))
    assert computed.batch["sample"].to_pylist() == ["a image_1", "a more[1].bytes", "a more[2].bytes", "b"]
    assert computed.batch["md5"].to_pylist() == [hashlib.md5(pictures[number]).digest() for number in (0, 1, 2, 3)]
    assert (described.already_counted, described.batch["sample"].to_pylist()) == (True, ["a", "b"])
    assert (alone.already_counted, alone.batch["sample"].to_pylist()) == (False, ["c"])


def test_a_second_digest_of_a_row_is_compared_as_a_variant_where_it_differs(tmp_path: Path) -> None:
    other = hashlib.md5(b"the original").digest()
    data = f"image_md5,original_md5\n{MD5.hex()},{MD5.hex()}\n{MD5.hex()},{other.hex()}\n".encode()
    first, second = samples_of(tmp_path, "m.csv", data)
    assert first.batch["md5"].to_pylist() == [MD5, MD5]
    assert [(row["row"], row["variant"], row["md5"]) for row in second.batch.to_pylist()] == [
        (2, "md5:original_md5", other)
    ]


def test_pixels_are_hashed_and_other_arrays_of_a_picture_s_shape_are_named(tmp_path: Path) -> None:
    pixels = [[[row * 8, column * 8, 0] for column in range(32)] for row in range(32)]
    scaled = [[[value / 255 for value in pixel] for pixel in row] for row in pixels]
    features = [[row * 0.1 - 1 for row in range(32)] for _ in range(32)]
    found = pa.table(
        {"a": [pixels], "b": [scaled], "c": [features], "embedding": [[0.5] * 64], "box": [[[1, 2, 3, 4]]]}
    )
    results = read(tmp_path, "m.parquet", parquet(found))
    assert [(one.carrier, one.why) for one in results if isinstance(one, PartlyRead)] == [
        ("b", "arrays of numbers that may be pictures, but are not rows of pixels of 0 to 255")
    ]
    (samples,) = (one for one in results if isinstance(one, Samples) and "pdq" in one.batch.schema.names)
    assert samples.batch["pdq"].null_count == 0
    tensor = pa.FixedShapeTensorArray.from_numpy_ndarray(np.array([pixels, pixels], np.uint8))
    (samples,) = samples_of(tmp_path, "t.parquet", parquet(pa.table({"t": tensor})))
    assert samples.batch.num_rows == 2


def test_unknown_bytes_and_videos_have_exact_digests_and_are_named_for_perceptual_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_samples, "can_decode_videos", lambda: False)  # as without the extra "video"
    video = b"\0\0\0\x18ftypmp42" + bytes(40)
    unknown = b"\x01\x02a form of its own" + bytes(40)
    results = read(tmp_path, "m.parquet", parquet(pa.table({"clip": [video], "blob": [unknown]})))
    named = {(one.carrier, one.why.partition(":")[0]) for one in results if isinstance(one, PartlyRead)}
    assert named == {("clip", "videos"), ("blob", "bytes in a form that is not recognised")}
    digests = {
        row["sample"]: row["md5"] for one in results if isinstance(one, Samples) for row in one.batch.to_pylist()
    }
    assert digests == {"1 clip": hashlib.md5(video).digest(), "1 blob": hashlib.md5(unknown).digest()}


@pytest.mark.parametrize(("name", "is_named"), [("zz", True), ("phash", False)])
def test_hashes_of_64_bits_under_another_name_are_named(tmp_path: Path, name: str, is_named: bool) -> None:
    path = tmp_path / "m.csv"
    path.write_text(f"{name},text\n00112233445566ff,a hill\n")
    blob = Blob(str(path), path.name, path.stat().st_size, "dataset", "hills")
    results = list(table.read([blob], ReadOptions(frozenset({"phash-64"}))))
    named = [one.carrier for one in results if isinstance(one, PartlyRead)]
    assert named == (["zz"] if is_named else [])


def test_json_inside_a_text_is_read_and_what_only_looks_so_is_named(tmp_path: Path) -> None:
    cell = json.dumps({"picture": {"md5": MD5.hex()}}).replace('"', '""')
    (samples,) = samples_of(tmp_path, "m.csv", f'id,meta\n1,"{cell}"\n'.encode())
    assert samples.batch["md5"].to_pylist() == [MD5]
    results = read(tmp_path, "n.csv", f"id,links\n1,\"['{URL}', '{URL}']\"\n".encode())
    assert ("links", "texts that look like lists or objects, and are not JSON") in [
        (one.carrier, one.why) for one in results if isinstance(one, PartlyRead)
    ]
    assert not [
        one for one in read(tmp_path, "p.csv", f"id,text\n1,[INST] see {URL}\n".encode()) if isinstance(one, PartlyRead)
    ]


def orc(found: pa.Table) -> bytes:
    sink = io.BytesIO()
    pyarrow.orc.write_table(found, sink)
    return sink.getvalue()


def test_orc_is_read(tmp_path: Path) -> None:
    (samples,) = samples_of(tmp_path, "m.orc", orc(pa.table({"md5": [None, MD5.hex()]})))
    assert samples.batch["md5"].to_pylist() == [None, MD5]


@pytest.mark.parametrize("name", ["m.feather", "m"])
def test_the_first_feather_format_is_named_and_not_parsed(tmp_path: Path, name: str) -> None:
    (unread,) = read(tmp_path, name, b"FEA1" + bytes(100) + b"FEA1")
    assert isinstance(unread, Unread)
    assert (unread.skipped, unread.why.partition(",")[0]) == (False, "a Feather file of version 1")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_json_lines_are_read(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    suffix = {gzip.compress: "gz", bz2.compress: "bz2", lzma.compress: "xz"}[pack]
    found = samples_of(tmp_path, f"m.jsonl.{suffix}", pack(lines([{"zz": MD5.hex()}] * 3)))
    assert [digest for samples in found for digest in samples.batch["md5"].to_pylist()] == [MD5] * 3


def test_a_footer_without_rows_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "part.parquet").write_bytes(parquet(pa.table({"md5": [MD5.hex()]})))
    pq.read_metadata(tmp_path / "part.parquet").write_metadata_file(tmp_path / "_metadata")
    (unread,) = read(tmp_path, "_metadata", (tmp_path / "_metadata").read_bytes())
    assert isinstance(unread, Unread)
    assert (unread.why, unread.skipped) == ("it holds no rows", True)


def test_a_small_file_whose_values_repeat_without_end_is_refused(tmp_path: Path) -> None:
    text = pa.array(["a" * 1_000_000])
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(20_000, np.int32)), text)
    data = parquet(pa.table({"t": column}))
    assert len(data) < 100_000
    (unread,) = read(tmp_path, "m.parquet", data)
    assert isinstance(unread, Unread)
    assert (unread.why, unread.skipped) == ("repeated values unfold to too many bytes for a file of this size", False)


def test_text_that_is_not_utf_8_and_json_without_end_do_no_harm(tmp_path: Path) -> None:
    broken = pa.Array.from_buffers(pa.string(), 1, pa.array([b"http://a.example/\xff"]).buffers())
    (samples,) = samples_of(tmp_path, "m.parquet", parquet(pa.table({"url": broken})))
    assert samples.batch["url"].to_pylist() == ["http://a.example/\xff"]
    deep = b'[{"url": "http://a.example", "d": ' + b"[" * 150 + b"]" * 150 + b"}]"
    partly = [one.why for one in read(tmp_path, "d.json", deep) if isinstance(one, PartlyRead)]
    assert partly == ["nested deeper than 32 levels"]
    (unread,) = read(tmp_path, "e.json", b'{"url": "http://a.example", "d": ' + b'{"a":' * 100_000)
    assert isinstance(unread, Unread)
    assert unread.why == "JSON nested deeper than 200"


def test_a_row_of_another_length_is_a_gap_where_it_may_hold_something(tmp_path: Path) -> None:
    data = f"text\na hill, and a lake\n{URL},a hill\n".encode()
    (samples,) = samples_of(tmp_path, "m.csv", data)
    assert [(row["row"], row["gap"]) for row in samples.batch.to_pylist()] == [(2, "the row has 2 cells, the header 1")]


def test_settings_with_loose_words_are_neither_samples_nor_gaps(tmp_path: Path) -> None:
    for number, data in enumerate(
        (
            json.dumps({"version": "1.0", "model": {"vocab": {f"word{n}": n for n in range(3000)}}}).encode(),
            b'{"name": "leaves", "homepage": "https://example.org", "repository": {"url": "https://example.org/r"}}',
        )
    ):
        path = tmp_path / f"{number}.json"
        path.write_bytes(data)
        blob = Blob(str(path), path.name, len(data), "dataset", "hills")
        (unread,) = table.read([blob], ReadOptions(frozenset({"md5", "pdq"})))
        assert isinstance(unread, Unread)
        assert unread.skipped


def test_rows_of_an_index_beside_a_shard_are_the_samples_of_its_members(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "00000.tar", "w") as shard:
        for name in ("000.png", "000.json", "001.webp", "003.txt"):
            member = tarfile.TarInfo(name)
            member.size = 1
            shard.addfile(member, io.BytesIO(b"1"))
    columns = {"key": ["000", "001", "002", "003"], "md5": [MD5.hex()] * 4}
    described, alone = samples_of(tmp_path, "00000.parquet", parquet(pa.table(columns)))
    assert (described.already_counted, alone.already_counted) == (True, False)
    assert described.batch["sample"].to_pylist() == ["000.png", "001.webp"]
    assert described.batch["place"].to_pylist() == ["00000.tar", "00000.tar"]
    assert alone.batch["sample"].to_pylist() == ["002", "003"]
    (other,) = samples_of(tmp_path, "00001.parquet", parquet(pa.table(columns)))
    assert (other.already_counted, other.batch.num_rows) == (False, 4)


def partly_of(folder: Path, name: str, data: bytes) -> list[tuple[str, str]]:
    return [(item.carrier, item.why) for item in read(folder, name, data) if isinstance(item, PartlyRead)]


@pytest.mark.parametrize(
    "text",
    [
        f"Hills: ![a](data:image/png;base64,{base64.b64encode(PICTURE).decode()}) at noon",
        f"the file is {PICTURE.hex()}",
    ],
)
def test_a_picture_inside_the_text_of_a_cell_is_named(tmp_path: Path, text: str) -> None:
    named = [("text", "encoded pictures inside texts: not read")]
    assert partly_of(tmp_path, "x.parquet", parquet(pa.table({"text": ["hills", text]}))) == named
    assert partly_of(tmp_path, "x.jsonl", lines([{"text": "hills"}, {"text": text}])) == named


def test_a_list_of_the_bytes_of_a_picture_is_read(tmp_path: Path) -> None:
    listed = [[1, 2, 3], list(PICTURE)]
    files = {
        "x.parquet": parquet(pa.table({"zz": pa.array(listed, pa.list_(pa.uint8()))})),
        "x.jsonl": lines([{"zz": value} for value in listed]),
        "y.jsonl": lines([{"zz": {"type": "Buffer", "data": value}} for value in listed]),
        "x.json": json.dumps({"rows": [{"zz": value} for value in listed]}).encode(),
    }
    for name, data in files.items():
        found = [row.get("md5") for batch in samples_of(tmp_path, name, data) for row in batch.batch.to_pylist()]
        assert MD5 in found, name


@pytest.mark.parametrize(
    ("length", "is_named"),
    [(MIN_FLAT, True), (MIN_FLAT + 1, False), (3 * 32 * 32, True), (MIN_LONG - 1, False), (MIN_LONG + 1, True)],
)
def test_lists_of_bytes_as_long_as_flattened_pictures_are_named(tmp_path: Path, length: int, is_named: bool) -> None:
    column = pa.array([[7] * length], pa.list_(pa.uint8()))
    assert (MIN_FLAT, MIN_LONG) == (784, 16384)
    found = partly_of(tmp_path, "x.parquet", parquet(pa.table({"pixels": column, "label": [1]})))
    assert found == ([("pixels", FLAT_PIXELS)] if is_named else [])


@pytest.mark.parametrize("name", ["x.jl", "x.jsonlines", "x.ldjson", "x.geojsonl", "x.JL.gz"])
def test_json_lines_under_another_suffix_are_read(tmp_path: Path, name: str) -> None:
    data = lines([{"properties": {"photo": URL}}, {"properties": {"photo": f"{URL}?2"}}])
    found = samples_of(tmp_path, name, gzip.compress(data) if name.endswith(".gz") else data)
    assert URL in [row.get("url") for batch in found for row in batch.batch.to_pylist()]


@pytest.mark.parametrize("name", ["x.geojson", "x.har"])
def test_a_json_document_under_another_suffix_is_read(tmp_path: Path, name: str) -> None:
    data = json.dumps({"features": [{"properties": {"photo": URL}}]}).encode()
    found = samples_of(tmp_path, name, data)
    assert [row.get("url") for batch in found for row in batch.batch.to_pylist()] == [URL]
