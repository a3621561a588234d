"""Tables and manifests: every row is read or its fault is a gap, whatever its spelling, encoding or damage."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from auditor.blob import Blob, Unread
from auditor.model import Place
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part
from auditor.pipeline.audit import audit
from auditor.readers import HEAD_BYTES, table
from auditor.readers.table import row_batch, row_samples
from auditor.samples import Samples

ALL = ReadOptions(
    frozenset({"md5", "sha1", "sha256", "sha512", "pdq", "phash-64", "dhash-64", "photodna", "url", "domain"})
)
PICTURE = b"an ordinary picture of a hill"
MD5 = hashlib.md5(PICTURE).digest()
SHA1 = hashlib.sha1(PICTURE).digest()
SHA256 = hashlib.sha256(PICTURE).digest()


def blob_of(folder: Path, name: str, data: bytes) -> Blob:
    path = folder / name
    path.write_bytes(data)
    return Blob(str(path), name, len(data), "dataset", "hills")


def read(folder: Path, name: str, data: bytes, options: ReadOptions = ALL) -> list[Part | Samples | Unread]:
    return list(table.read([blob_of(folder, name, data)], options))


def rows(results: Iterable[object]) -> list[dict[str, object]]:
    return [row for result in results if isinstance(result, Samples) for row in result.batch.to_pylist()]


def claim(folder: Path, name: str, data: bytes) -> int:
    return table.claims(blob_of(folder, name, data), data[:HEAD_BYTES])


def parquet(columns: dict[str, object], **options: object) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, **options)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("name", ["md5", "MD5", "hash_md5", "image_md5", "md5sum", "MD5 hash", "file-md5", "ImageMD5"])
def test_md5_columns_are_recognised_as_people_spell_them(tmp_path: Path, name: str) -> None:
    (row,) = rows(read(tmp_path, "m.csv", f"{name},text\n{MD5.hex()},a hill\n".encode()))
    assert row["md5"] == MD5


@pytest.mark.parametrize("name", ["caption_md5", "url_md5", "zz", "similarity", ""])
def test_digests_are_recognised_by_themselves_whatever_their_column_is_called(tmp_path: Path, name: str) -> None:
    (row,) = rows(read(tmp_path, "m.csv", f"{name},text\n{MD5.hex()},a hill\n".encode()))
    assert row["md5"] == MD5


@pytest.mark.parametrize(
    ("name", "algorithm", "cell"),
    [
        ("sha-256", "sha256", SHA256.hex().upper()),
        ("SHA256", "sha256", base64.b64encode(SHA256).decode()),
        ("sha256", "sha256", "sha256:" + SHA256.hex()),
        ("sha256hash", "sha256", f" {SHA256.hex()} "),
        ("sha1_base32", "sha1", base64.b32encode(SHA1).decode()),
        ("SHA-1", "sha1", base64.b64encode(SHA1).decode().rstrip("=")),
        ("pdq_hash", "pdq", SHA256.hex()),
        ("pHash", "phash-64", SHA256[:8].hex()),
        ("dhash", "dhash-64", "0x" + SHA256[:8].hex()),
        ("PhotoDNA", "photodna", base64.b64encode((SHA256 * 5)[:144]).decode()),
        ("hash", "sha1", SHA1.hex()),
        ("checksum", "sha256", SHA256.hex()),
    ],
)
def test_digests_are_read_in_every_text_form(tmp_path: Path, name: str, algorithm: str, cell: str) -> None:
    whole = {"md5": MD5, "sha1": SHA1, "sha256": SHA256, "pdq": SHA256, "photodna": (SHA256 * 5)[:144]}
    (row,) = rows(read(tmp_path, "m.csv", f"{name},text\n{cell},a hill\n".encode()))
    assert row[algorithm] == whole.get(algorithm, SHA256[:8])


def test_a_malformed_digest_costs_its_cell_and_not_its_row(tmp_path: Path) -> None:
    data = (
        f"key,md5,sha1,url\na,{MD5.hex()},zz,http://x.example/1\nb,{MD5.hex()[:-1]},{SHA1.hex()},\nc,,nan,\n".encode()
    )
    first, second, third = rows(read(tmp_path, "m.csv", data))
    assert (first["md5"], first["sha1"], first["gap"]) == (MD5, None, "the sha1 given is not one")
    assert (second["md5"], second["sha1"], second["gap"]) == (None, SHA1, "the md5 given is not one")
    assert (third["md5"], third["sha1"], third["gap"]) == (None, None, None)
    assert [row["sample"] for row in (first, second, third)] == ["a", "b", "c"]
    assert [row["url"] for row in (first, second, third)] == ["http://x.example/1", None, None]


def test_ragged_rows_are_gaps_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    data = f"md5,text\n{MD5.hex()},a\nonly one\n{MD5.hex()},b\n1,2,3\n{MD5.hex()},c\n".encode()
    found = rows(read(tmp_path, "m.csv", data))
    assert [row["row"] for row in found if row.get("md5")] == [1, 3, 5]
    assert {(row["row"], row["gap"]) for row in found if row["gap"]} == {
        (2, "the row has 1 cells, the header 2"),
        (4, "the row has 3 cells, the header 2"),
    }


def test_quoted_cells_may_hold_newlines_and_delimiters(tmp_path: Path) -> None:
    (row,) = rows(read(tmp_path, "m.csv", f'text,md5\n"a hill,\nand a ""lake""",{MD5.hex()}\n'.encode()))
    assert (row["row"], row["md5"]) == (1, MD5)


def test_a_quote_that_never_closes_is_a_gap_and_not_a_hang(tmp_path: Path) -> None:
    results = read(tmp_path, "m.csv", f'md5,text\n{MD5.hex()},"open\n'.encode() + b"x\n" * 10)
    assert all(isinstance(result, Samples | Unread | Part) for result in results)
    assert not [row for row in rows(results) if row["md5"] and row["gap"]]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "latin-1", "utf-32"])
def test_tables_are_read_in_the_encodings_people_save_them_in(tmp_path: Path, encoding: str) -> None:
    data = f"md5,text,url\n{MD5.hex()},Hügel,http://x.example/é\n".encode(encoding)
    (row,) = rows(read(tmp_path, "m.csv", data))
    assert (row["md5"], row["url"]) == (MD5, "http://x.example/é")


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_the_one_of_the_header(tmp_path: Path, delimiter: str) -> None:
    data = f"text{delimiter}md5\na{delimiter}{MD5.hex()}\r\n".encode()
    assert rows(read(tmp_path, "m.csv", data))[0]["md5"] == MD5


def test_the_columns_of_a_table_without_a_header_are_known_by_its_first_cells(tmp_path: Path) -> None:
    data = f"http://x.example/1.jpg,a hill,{MD5.hex()}\nhttp://x.example/2.jpg,a lake,{MD5.hex()}\n".encode()
    assert [(row["url"], row["md5"]) for row in rows(read(tmp_path, "m.csv", data))] == [
        ("http://x.example/1.jpg", MD5),
        ("http://x.example/2.jpg", MD5),
    ]


def test_a_list_of_urls_is_a_table(tmp_path: Path) -> None:
    data = b"http://x.example/1.jpg\nhttps://x.example/2.jpg\n"
    assert claim(tmp_path, "urls.txt", data)
    assert [row["url"] for row in rows(read(tmp_path, "urls.txt", data))] == data.decode().split()


def test_compressed_tables_are_read(tmp_path: Path) -> None:
    assert rows(read(tmp_path, "m.csv.gz", gzip.compress(f"md5\n{MD5.hex()}\n".encode())))[0]["md5"] == MD5
    assert claim(tmp_path, "m.jsonl.gz", gzip.compress(b'{"md5": "x"}\n'))


def test_json_lines_are_read_and_a_bad_line_costs_itself_alone(tmp_path: Path) -> None:
    lines = [{"key": 7, "md5": MD5.hex()}, "not a record", {"key": "b", "md5": MD5.hex(), "extra": {"deep": [1]}}]
    data = "\n".join([json.dumps(lines[0]), "", json.dumps(lines[1]), "{broken", json.dumps(lines[2])]).encode()
    found = rows(read(tmp_path, "m.jsonl", data))
    assert [(row["row"], row["sample"], row["md5"], row["gap"]) for row in found] == [
        (1, "7", MD5, None),
        (3, "3", None, "the line is not a JSON object"),
        (4, "4", None, "the line is not JSON"),
        (5, "b", MD5, None),
    ]


def test_json_arrays_are_read_and_what_comes_before_a_fault_is_kept(tmp_path: Path) -> None:
    data = json.dumps([{"url": f"http://x.example/{n}"} for n in range(3)]).encode()
    assert len(rows(read(tmp_path, "m.json", data))) == 3
    cut = read(tmp_path, "m.json", data[:-10])
    assert [row["url"] for row in rows(cut)] == ["http://x.example/0", "http://x.example/1"]
    part = cut[-1]
    assert isinstance(part, Part)
    assert part.subject.gaps[0].what == "table"
    assert part.subject.gaps[0].why.startswith("the rows after row 2 could not be read: not valid JSON")
    assert part.subject.gaps[0].place == Place("m.json", 2)


@pytest.mark.parametrize("depth", [10_000, 1_000_000])
def test_deeply_nested_json_does_not_crash(tmp_path: Path, depth: int) -> None:
    deep = b"[" * depth
    assert read(tmp_path, "m.json", b'[{"md5": ' + deep)
    assert read(tmp_path, "m.jsonl", b'{"md5": "' + MD5.hex().encode() + b'", "a": ' + deep + b"]" * depth + b"}\n")
    assert read(tmp_path, "d.jsonl", b'{"a":' * depth)


@pytest.mark.parametrize(
    "data",
    [
        b'{"default": {"download_checksums": {}}}',
        b'{"@context": {"@language": "en"}, "url": "http://x.example"}',
        b'{"model_type": "bert", "architectures": ["A"]}',
        b'["a", "b"]',
        b"[1, 2]",
    ],
)
def test_json_of_settings_leaves_neither_samples_nor_gaps(tmp_path: Path, data: bytes) -> None:
    assert 0 < claim(tmp_path, "x.json", data) < 20, "any reader that knows the file comes first"
    (unread,) = read(tmp_path, "x.json", data, ReadOptions(frozenset({"md5", "pdq"})))
    assert isinstance(unread, Unread)
    assert (unread.why, unread.skipped) == ("no column holds digests, URLs or image bytes", True)


def test_the_json_that_img2dataset_writes_is_a_table_of_one_row(tmp_path: Path) -> None:
    data = json.dumps(
        {"url": "http://x.example/1", "key": "000", "original_width": 9, "md5": MD5.hex()}, indent=4
    ).encode()
    assert claim(tmp_path, "000.json", data)
    (row,) = rows(read(tmp_path, "000.json", data))
    assert (row["sample"], row["md5"], row["url"]) == ("000", MD5, "http://x.example/1")


@pytest.mark.parametrize("name", ["cards.csv", "cards.jsonl", "cards.json", "cards.parquet"])
def test_a_table_of_cards_is_not_claimed(tmp_path: Path, name: str) -> None:
    record = {"modelId": "a/b", "card": "# B", "sha256": "x"}
    data = {
        "cards.csv": b"modelId,card,sha256\na/b,# B,x\n",
        "cards.jsonl": json.dumps(record).encode() + b"\n",
        "cards.json": json.dumps([record]).encode(),
        "cards.parquet": parquet({key: [value] for key, value in record.items()}),
    }[name]
    assert claim(tmp_path, name, data) == 0


def test_parquet_and_arrow_give_the_same_rows(tmp_path: Path) -> None:
    columns = {"URL": ["http://x.example/1", None], "md5": [MD5.hex(), MD5.hex().upper()], "hash": [1, 2]}
    sink = pa.BufferOutputStream()
    pyarrow.feather.write_feather(pa.table(columns), sink)
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, pa.table(columns).schema) as writer:
        writer.write_table(pa.table(columns))
    expected = rows(read(tmp_path, "m.parquet", parquet(columns)))
    assert [(row["md5"], row["url"], row["row"], row["sample"]) for row in expected] == [
        (MD5, "http://x.example/1", 1, "1"),
        (MD5, None, 2, "2"),
    ]
    for name, written in (("m.feather", sink), ("m.arrow", stream)):
        found = rows(read(tmp_path, name, written.getvalue().to_pybytes()))
        assert [{**row, "place": "m.parquet"} for row in found] == expected


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()), pa.binary(16)]
)
def test_digest_columns_of_every_arrow_type_are_read(tmp_path: Path, kind: pa.DataType) -> None:
    cells: list[object] = [MD5, None] if pa.types.is_fixed_size_binary(kind) else [MD5.hex(), None]
    column = pa.array(cells).dictionary_encode() if pa.types.is_dictionary(kind) else pa.array(cells, kind)
    assert [row["md5"] for row in rows(read(tmp_path, "m.parquet", parquet({"md5": column})))] == [MD5, None]


def test_binary_digests_are_read_as_they_are(tmp_path: Path) -> None:
    assert rows(read(tmp_path, "m.parquet", parquet({"md5": pa.array([MD5])})))[0]["md5"] == MD5


def test_only_the_algorithms_asked_for_are_read_and_rows_are_counted_without_any(tmp_path: Path) -> None:
    data = parquet({"md5": [MD5.hex()] * 3, "sha1": [SHA1.hex()] * 3, "url": ["http://x.example"] * 3})
    (only,) = read(tmp_path, "m.parquet", data, ReadOptions(frozenset({"sha1"})))
    assert isinstance(only, Samples)
    assert only.algorithms == ("sha1",)
    assert only.batch["url"].null_count == 3
    for name, same in (("n.parquet", data), ("n.csv", b"md5,url\n1,2\n3,4\n5,6\n"), ("n.jsonl", b'{"md5": "a"}\n' * 3)):
        (none,) = read(tmp_path, name, same, ReadOptions())
        assert isinstance(none, Samples)
        assert (none.algorithms, none.batch.num_rows, none.basis) == ((), 3, "declared")
        assert none.batch["row"].to_pylist() == [1, 2, 3]


def test_further_url_columns_are_variants_of_the_same_samples(tmp_path: Path) -> None:
    data = b"OriginalLandingURL,image_url\nhttp://page.example,http://x.example/1.jpg\n"
    first, second = rows(read(tmp_path, "m.csv", data))
    assert (first["url"], first["variant"], first["sample"]) == ("http://x.example/1.jpg", "", "1")
    assert (second["url"], second["variant"], second["sample"]) == (
        "http://page.example",
        "url:OriginalLandingURL",
        "1",
    )


def png(shade: int) -> bytes:
    sink = io.BytesIO()
    Image.effect_noise((64, 64), shade).save(sink, "PNG")
    return sink.getvalue()


def test_image_bytes_in_cells_are_hashed_and_keep_the_name_of_their_row(tmp_path: Path) -> None:
    pictures = [png(40), png(90)]
    cells = [
        {"bytes": pictures[0], "path": "a.png"},
        {"bytes": None, "path": "b.png"},
        {"bytes": pictures[1], "path": None},
    ]
    data = parquet({"image": cells, "sha1": [SHA1.hex(), None, None]})
    computed, missing, declared = read(tmp_path, "m.parquet", data, ReadOptions(frozenset({"md5", "sha1"})))
    results = [(result.basis, result.already_counted) for result in (computed, missing, declared)]  # type: ignore[union-attr]
    assert results == [("computed", False), ("computed", False), ("declared", True)]
    assert [row["sample"] for row in rows([declared])] == ["a.png", "b.png", "3"]
    assert [(row["sample"], row["row"], row["md5"]) for row in rows([computed])] == [
        ("a.png", 1, hashlib.md5(pictures[0]).digest()),
        ("3", 3, hashlib.md5(pictures[1]).digest()),
    ]
    assert [(row["sample"], row["gap"]) for row in rows([missing])] == [("b.png", "the row has no image bytes")]


def test_rows_that_describe_images_beside_the_table_are_not_counted_again(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "a b.png").write_bytes(png(40))
    (tmp_path / "c.png").write_bytes(png(50))
    names = ["train/a b.png", "gone.png", "c.png", "../c.png", "/etc/hostname"]
    data = "\n".join(["file_name,sha1", *(f"{name},{SHA1.hex()}" for name in names)]).encode()
    described, others = read(tmp_path, "metadata.csv", data)
    assert isinstance(described, Samples)
    assert isinstance(others, Samples)
    assert (described.already_counted, others.already_counted) == (True, False)
    assert [(row["sample"], row["place"], row["row"], row["sha1"]) for row in rows([described])] == [
        ("a b.png", "train/a b.png", 0, SHA1),
        ("c.png", "c.png", 0, SHA1),
    ]
    assert [(row["sample"], row["place"], row["row"]) for row in rows([others])] == [
        ("gone.png", "metadata.csv", 2),
        ("../c.png", "metadata.csv", 4),
        ("/etc/hostname", "metadata.csv", 5),
    ]
    (plain,) = read(tmp_path, "others.csv", data)
    assert not plain.already_counted  # type: ignore[union-attr]
    results = [
        (part.already_counted, part.batch.num_rows) for part in read(tmp_path, "metadata.csv", data, ReadOptions())
    ]  # type: ignore[union-attr]
    assert results == [(True, 2), (False, 3)], "also where no list asks for anything"


def test_the_json_beside_an_image_describes_that_image(tmp_path: Path) -> None:
    (tmp_path / "000.jpg").write_bytes(png(40))
    data = json.dumps({"key": "000", "original_width": 9, "md5": MD5.hex()}).encode()
    (found,) = read(tmp_path, "000.json", data)
    assert isinstance(found, Samples)
    (row,) = rows([found])
    assert (found.already_counted, row["sample"], row["place"], row["row"]) == (True, "000.jpg", "000.jpg", 0)
    (alone,) = read(tmp_path, "001.json", data)
    assert not alone.already_counted  # type: ignore[union-attr]


def test_a_plain_binary_image_column_is_hashed(tmp_path: Path) -> None:
    picture = png(50)
    found = rows(
        read(tmp_path, "m.parquet", parquet({"key": ["k"], "jpg": [picture]}), ReadOptions(frozenset({"pdq", "md5"})))
    )
    assert (found[0]["sample"], found[0]["md5"]) == ("k", hashlib.md5(picture).digest())
    assert len(found[0]["pdq"]) == 32  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("m.csv", b"", "the file is empty"),
        (
            "m.parquet",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
            "a pointer of Git LFS or git-annex: the table itself is not here",
        ),
        ("m.parquet", b"PAR1junk", "Parquet"),
        ("m.parquet", parquet({"md5": ["x"] * 100})[:-20], "Parquet"),
        ("m.feather", b"ARROW1\0\0junk", ""),
        ("m.json", b'[{"md5": ', "not valid JSON"),
        ("m.csv.gz", b"not packed", "not a gzip file"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(tmp_path: Path, name: str, data: bytes, why: str) -> None:
    (unread,) = read(tmp_path, name, data)
    assert isinstance(unread, Unread)
    assert why in unread.why
    assert unread.why
    assert unread.uri == name


def test_a_parquet_file_that_unpacks_a_thousandfold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = parquet({"md5": ["0" * 4_000_000]}, compression="zstd")
    monkeypatch.setattr(table.parquet, "MAX_CELL_BYTES", 1 << 20)
    (unread,) = read(tmp_path, "m.parquet", data)
    assert isinstance(unread, Unread)
    assert unread.why.startswith("column 1 of row group 1 claims to unpack ")


def test_an_image_cell_that_is_too_large_is_a_gap_and_the_others_are_hashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_samples, "MAX_CELL_BYTES", 10_000)
    cells = [os.urandom(20_000), png(60)]
    found = rows(read(tmp_path, "m.parquet", parquet({"image": cells}), ReadOptions(frozenset({"md5"}))))
    assert [(row["row"], row["gap"]) for row in found] == [(2, None), (1, "the image is larger than 10,000 bytes")]


def test_zero_bytes_in_a_csv_do_not_crash(tmp_path: Path) -> None:
    found = rows(read(tmp_path, "m.csv", f"md5,text\n{MD5.hex()},a\0b\n\0\0,c\n".encode()))
    assert [row["md5"] for row in found] == [MD5, None]


SEEDS = (
    ("m.csv", f"md5,url\n{MD5.hex()},http://x.example\n".encode()),
    ("m.jsonl", f'{{"md5": "{MD5.hex()}"}}\n'.encode() * 3),
    ("m.json", f'[{{"md5": "{MD5.hex()}"}}, {{}}]'.encode()),
    ("m.parquet", parquet({"md5": [MD5.hex()] * 4})),
)


@pytest.mark.parametrize(("name", "data"), SEEDS)
def test_truncation_at_any_byte_never_raises(tmp_path: Path, name: str, data: bytes) -> None:
    for end in range(0, len(data), max(1, len(data) // 80)):
        assert all(isinstance(result, Part | Samples | Unread) for result in read(tmp_path, name, data[:end]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(SEEDS[:-1]), st.binary(max_size=40), st.integers(0, 400))
def test_junk_never_raises(tmp_path: Path, seed: tuple[str, bytes], junk: bytes, at: int) -> None:
    name, data = seed
    changed = data[:at] + junk + data[at + len(junk) :]
    assert table.claims(blob_of(tmp_path, name, changed), changed[:HEAD_BYTES]) >= 0
    assert all(isinstance(result, Part | Samples | Unread) for result in read(tmp_path, name, changed))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.binary(min_size=1, max_size=40), st.integers(0, 400)), min_size=20, max_size=20))
def test_junk_in_parquet_never_raises_nor_loses_a_file(tmp_path_factory: Any, faults: list[tuple[bytes, int]]) -> None:
    """It can end the process in Arrow's own code, so a worker reads it: every file is read or named."""
    folder = tmp_path_factory.mktemp("junk")
    name, data = SEEDS[-1]
    (folder / "data").mkdir()
    for number, (junk, at) in enumerate(faults):
        (folder / "data" / f"{number}-{name}").write_bytes(data[:at] + junk + data[at + len(junk) :])
    report = audit(folder / "data", out=folder / "run", workers=1)
    files = report.tally.files
    assert (files.collected, files.is_balanced) == (len(faults), True)
    assert files.errored + files.partly <= len({gap.place.uri for _, gap in report.gaps})


@pytest.mark.corpus
def test_every_row_of_the_real_manifests_is_read(corpus: Path) -> None:
    folder = corpus / "08-manifests-and-hash-lists" / "img2dataset"
    for suffix in ("csv", "tsv", "json", "jsonl", "parquet", "txt"):
        path = folder / f"url-{'only' if suffix == 'txt' else 'text'}-987.{suffix}"
        blob = Blob(str(path), path.name, path.stat().st_size)
        assert table.claims(blob, blob.read(HEAD_BYTES))
        # What stands within a text is a further variant of its row.
        found = [row for row in rows(table.read([blob], ALL)) if not row["variant"]]
        assert [row["row"] for row in found] == list(range(1, 988)), suffix
        assert all(row["url"].startswith("http") for row in found)  # type: ignore[attr-defined]
    path = folder / "tests/test_files/sample_image.parquet"
    digest = json.loads((folder / "tests/test_files/hashes.json").read_text())["sha256"]
    found = rows(table.read([Blob(str(path), path.name, path.stat().st_size)], ALL))
    assert found[0]["sha256"] == bytes.fromhex(digest)


@given(st.lists(st.text(alphabet="a\x7f\u00e9\u4e2d", max_size=12) | st.none(), max_size=6), st.integers(0, 3))
def test_texts_are_told_to_be_ascii_as_python_tells(texts: list[str | None], start: int) -> None:
    values = pa.array(texts, pa.string()).slice(start)
    assert row_batch._is_ascii(values) == all(text is None or text.isascii() for text in texts[start:])
