"""Archives: their pictures are samples where they lie, and their other members go to the reader that claims them."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.blob import Blob, Unread
from auditor.part_builders import file_samples
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part, PartlyRead
from auditor.pipeline.read_members import MAX_DEPTH, TOO_DEEP, read_with_members
from auditor.readers import reader_name
from auditor.readers.archives import read
from auditor.samples import Samples
from tests.pictures import jpeg, landscape

PICTURE = jpeg(landscape(1, (160, 120)))
MD5 = hashlib.md5(PICTURE).digest()


def tarred(members: Mapping[str, bytes], *more: tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in more:
            archive.addfile(info)
    return out.getvalue()


def zipped(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def zstd(data: bytes) -> bytes:
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, "zstd") as stream:
        stream.write(data)
    return bytes(out.getvalue())


def written(folder: Path, name: str, data: bytes) -> Blob:
    path = folder / name
    path.write_bytes(data)
    return Blob(str(path), name, len(data), "dataset", "acme/shards")


def items_of(blob: Blob, *algorithms: str) -> list[Part | Samples | PartlyRead | Unread]:
    name = reader_name(blob, blob.read(4096))
    return list(read_with_members(name, [blob], ReadOptions(frozenset(algorithms))))


def rows(blob: Blob, *algorithms: str) -> list[dict[str, object]]:
    found = [item for item in items_of(blob, *algorithms) if isinstance(item, Samples)]
    return [
        row | {"basis": f.basis, "already_counted": f.already_counted} for f in found for row in f.batch.to_pylist()
    ]


def gaps(blob: Blob) -> list[tuple[str, str, str]]:
    items = items_of(blob, "md5", "pdq")
    assert not [item for item in items if isinstance(item, Unread)]
    return [(item.blob.uri, item.carrier, item.why) for item in items if isinstance(item, PartlyRead)]


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("s.zip", zipped),
        ("s.tar", tarred),
        ("s.tar.gz", lambda members: gzip.compress(tarred(members))),
        ("s.tgz", lambda members: gzip.compress(tarred(members))),
        ("s.tar.bz2", lambda members: bz2.compress(tarred(members))),
        ("s.tar.xz", lambda members: lzma.compress(tarred(members))),
        ("s.tar.zst", lambda members: zstd(tarred(members))),
        ("without-suffix", zipped),
    ],
)
def test_pictures_and_videos_of_an_archive_are_samples_and_captions_are_not(
    name: str, pack: Callable[[Mapping[str, bytes]], bytes], tmp_path: Path
) -> None:
    members = {"a/0.jpg": PICTURE, "a/0.txt": b"hills", "a/1.mp4": b"film", "a/1.cls": b"4"}
    found = {row["sample"]: row for row in rows(written(tmp_path, name, pack(members)), "md5", "pdq")}
    assert found["a/0.jpg"]["md5"] == MD5
    assert found["a/0.jpg"]["pdq"] is not None
    assert found["a/0.jpg"]["place"] == name
    assert found["1.mp4"]["md5"] == hashlib.md5(b"film").digest()
    assert found["1.mp4"]["place"] == f"{name}!/a/1.mp4"
    assert found.keys() == {"a/0.jpg", "1.mp4"}


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_a_single_compressed_picture_is_a_sample(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    (row,) = rows(written(tmp_path, "hills.jpg.packed", pack(PICTURE)), "md5")
    assert (row["sample"], row["place"], row["md5"]) == ("hills.jpg", "hills.jpg.packed", MD5)


def test_an_archive_in_an_archive_and_a_table_in_it_are_read(tmp_path: Path) -> None:
    table = io.BytesIO()
    pq.write_table(pa.table({"image": pa.array([PICTURE], pa.binary())}), table)
    inner = zipped({"t/train.parquet": table.getvalue()})
    (row,) = rows(written(tmp_path, "outer.tar", tarred({"inner.zip": inner})), "md5")
    assert (row["md5"], row["row"], row["place"]) == (MD5, 1, "outer.tar!/inner.zip!/t/train.parquet")


def test_archives_are_read_four_deep_and_what_is_deeper_is_a_gap(tmp_path: Path) -> None:
    data = PICTURE
    for _ in range(MAX_DEPTH + 1):
        data = tarred({"x": data})
    assert [row["md5"] for row in rows(written(tmp_path, "0.tar", data), "md5")] == [MD5]
    deeper = written(tmp_path, "1.tar", tarred({"x": data}))
    assert rows(deeper, "md5") == []
    assert gaps(deeper) == [("1.tar", "!/".join("xxxxx"), TOO_DEEP)]


def test_members_of_one_file_are_read_up_to_a_total_and_other_files_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.pipeline.read_members.FREE_BYTES", 1000)
    monkeypatch.setattr("auditor.pipeline.read_members.MAX_RATIO", 0)
    films = {f"{number}.mp4": bytes([number + 1]) * 400 for number in range(4)}
    large, small = (
        written(tmp_path, "large.zip", zipped(films)),
        written(tmp_path, "small.zip", zipped({"0.mp4": b"film"})),
    )
    items = list(read_with_members("archives", [large, small], ReadOptions(frozenset({"md5"}))))
    places = {row["place"] for item in items if isinstance(item, Samples) for row in item.batch.to_pylist()}
    assert places == {"large.zip!/0.mp4", "large.zip!/1.mp4", "small.zip!/0.mp4"}
    assert [(item.blob.uri, item.carrier, item.why) for item in items if isinstance(item, PartlyRead)] == [
        ("large.zip", "the members from 2.mp4", "archives in archives that unfold to too much: not read further")
    ]


@pytest.mark.parametrize("first", ["json", "jpg"])
def test_metadata_declares_the_digest_of_the_raw_file_and_the_size_before_padding(tmp_path: Path, first: str) -> None:
    inner = landscape(2, (200, 100))
    padded = landscape(3, (200, 200)).point(lambda _: 255)
    padded.paste(inner, (0, 50))
    raw = hashlib.md5(b"as downloaded").hexdigest()
    metadata = {"md5": raw, "url": "https://example.org/2.jpg", "original_width": 800, "original_height": 400}
    members = {"2.jpg": jpeg(padded, 95), "2.json": json.dumps(metadata).encode()}
    blob = written(
        tmp_path, "s.tar", tarred(dict(sorted(members.items(), key=lambda item: not item[0].endswith(first))))
    )
    found = rows(blob, "md5", "pdq")
    assert [row["variant"] for row in found if row["basis"] == "computed"] == ["", "unpadded"]
    (declared,) = [row for row in found if row["basis"] == "declared"]
    assert (declared["md5"], declared["already_counted"]) == (bytes.fromhex(raw), True)
    assert found[0]["url"] == "https://example.org/2.jpg"


def test_names_with_dots_are_joined_with_their_own_metadata(tmp_path: Path) -> None:
    members = {
        "22.05.jpg": PICTURE,
        "22.05.json": b'{"url": "https://example.org/22.05"}',
        "22.06.json": b'{"url": "https://example.org/22.06"}',
        "22.06.jpg": PICTURE + b" ",
        "c.left.jpg": PICTURE,
        "c.right.jpg": PICTURE,
        "c.json": b'{"url": "https://example.org/c"}',
    }
    found = {row["sample"]: row["url"] for row in rows(written(tmp_path, "s.tar", tarred(members)), "md5")}
    assert found == {
        "22.05.jpg": "https://example.org/22.05",
        "22.06.jpg": "https://example.org/22.06",
        "c.left.jpg": "https://example.org/c",
        "c.right.jpg": "https://example.org/c",
    }


def test_a_link_in_an_archive_is_not_followed_and_is_a_gap(tmp_path: Path) -> None:
    link = tarfile.TarInfo("x.jpg")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
    blob = written(tmp_path, "s.tar", tarred({}, link, link))
    assert gaps(blob) == [("s.tar", "x.jpg and 1 more members", "a link or device inside an archive: not followed")]


def test_an_archive_that_is_cut_off_keeps_what_was_read(tmp_path: Path) -> None:
    data = tarred({"0.jpg": PICTURE, "1.mp4": b"x" * 5000})
    blob = written(tmp_path, "s.tar", data[: len(PICTURE) + 3000])
    assert [row["sample"] for row in rows(blob, "md5")] == ["0.jpg"]
    damaged, end = gaps(blob)
    assert damaged == ("s.tar", "the members after 1.mp4", "the archive breaks off: unexpected end of data")
    assert end == ("s.tar", "1.mp4", "a damaged or truncated member: unexpected end of data")


def test_a_member_of_a_zip_that_is_damaged_is_a_gap_and_the_others_are_read(tmp_path: Path) -> None:
    data = bytearray(zipped({"0.bin": bytes(range(256)) * 40, "1.jpg": PICTURE}))
    data[60:80] = bytes(20)
    blob = written(tmp_path, "s.zip", bytes(data))
    assert [row["sample"] for row in rows(blob, "md5")] == ["1.jpg"]
    ((_, carrier, why),) = gaps(blob)
    assert (carrier, why.partition(":")[0]) == ("0.bin", "a damaged or truncated member")


def test_an_archive_of_which_nothing_can_be_read_is_unread(tmp_path: Path) -> None:
    blob = written(tmp_path, "s.zip", zipped({"0.jpg": PICTURE})[:100])
    (item,) = items_of(blob, "md5")
    assert isinstance(item, Unread)
    assert (item.why, item.skipped) == ("a zip without its end: it is cut short", False)


def test_a_large_member_has_exact_digests_and_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.readers.archives.MAX_DECODED_BYTES", 3 << 20)
    film = bytes(range(256)) * (1 << 14)
    assert len(film) > 3 << 20
    assert file_samples.MAX_DECODED_BYTES == 256 << 20
    blob = written(tmp_path, "s.zip", zipped({"0.mp4": film, "1.jpg": PICTURE}))
    assert {row["sample"]: row["md5"] for row in rows(blob, "md5")} == {
        "0.mp4": hashlib.md5(film).digest(),
        "1.jpg": MD5,
    }
    assert gaps(blob) == [("s.zip", "0.mp4", "a member of more than 256 MiB: not decoded or opened")]


@pytest.mark.parametrize("name", ["annotations.json", "urls.txt"])
def test_addresses_in_texts_of_an_archive_are_samples(name: str, tmp_path: Path) -> None:
    texts = {
        "annotations.json": b'[{"url": "https://example.org/1.jpg"}, {"url": "https://example.org/2.jpg"}]',
        "urls.txt": b"https://example.org/1.jpg\nhttps://example.org/2.jpg\n",
    }
    found = rows(written(tmp_path, "s.zip", zipped({name: texts[name]})), "url")
    assert [row["url"] for row in found] == ["https://example.org/1.jpg", "https://example.org/2.jpg"]
    assert {row["place"] for row in found} == {f"s.zip!/{name}"}


def test_a_card_in_an_archive_is_no_subject_and_macos_bookkeeping_no_sample(tmp_path: Path) -> None:
    members = {
        "README.md": b"---\nlicense: mit\n---\n# Hills\n",
        "LICENSE": b"MIT License\n",
        "__MACOSX/._0.jpg": b"\0\5\x16\7\0\2\0\0Mac OS X",
        ".DS_Store": b"\0\0\0\1Bud1",
    }
    assert items_of(written(tmp_path, "s.zip", zipped(members)), "md5") == []


def test_an_archive_of_a_model_is_not_read_for_samples(tmp_path: Path) -> None:
    blob = written(tmp_path, "s.tar", tarred({"0.mp4": b"film"}))
    head = blob.read(4096)
    assert reader_name(blob, head) == "archives"
    assert reader_name(Blob(blob.path, blob.uri, blob.size, "model", "acme/m"), head) != "archives"


def test_a_member_name_that_is_not_utf_8_is_kept_readable(tmp_path: Path) -> None:
    blob = written(tmp_path, "s.tar", tarred({"caf\udce9.jpg": PICTURE}))
    assert [row["sample"] for row in rows(blob, "md5")] == ["caf\\xe9.jpg"]


def test_a_member_is_a_file_in_memory(tmp_path: Path) -> None:
    blob = written(tmp_path, "s.tar", tarred({"0.mp4": b"film"}))
    (member,) = [item for item in read([blob], ReadOptions()) if isinstance(item, Blob)]
    assert (member.uri, member.basename, member.size, member.depth) == ("s.tar!/0.mp4", "0.mp4", 4, 1)
    assert (member.read(), member.head(2), member.open().read(), member.file) == (b"film", b"fi", b"film", blob)
    assert member.ref("dataset") == blob.ref("dataset")
    assert blob.member("empty", b"").read() == b""


@pytest.mark.parametrize("member", ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "content.xml"])
def test_an_address_or_a_digest_in_the_cells_of_a_spreadsheet_is_named(tmp_path: Path, member: str) -> None:
    head = b'<?xml version="1.0"?><a xmlns="http://example.org/main"><t>hills</t>'
    why = "addresses or digests in the cells of a spreadsheet: not read"
    for number, cell in enumerate((b"0cc175b9c0f1b6a831c399e269772661", b"see https://example.org/hill.jpg")):
        blob = written(tmp_path, f"{number}.xlsx", zipped({member: head + b"<t>" + cell + b"</t></a>"}))
        assert gaps(blob) == [(blob.uri, member, why)]
    assert gaps(written(tmp_path, "labels.xlsx", zipped({member: head + b"<t>4</t></a>"}))) == []
