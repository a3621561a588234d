"""Any other file of a dataset is matched by its exact digests; other files say why they were not."""

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from auditor.blob import Blob, Unread
from auditor.model import Kind
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import PartlyRead
from auditor.readers import image_files, other_files
from auditor.samples import Samples
from tests.pictures import landscape, png

WANTS = ReadOptions(frozenset({"md5", "sha256", "pdq"}))


def blob(folder: Path, name: str, data: bytes, kind: Kind = "dataset") -> Blob:
    (folder / name).write_bytes(data)
    return Blob(str(folder / name), name, len(data), kind, "films")


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("inside.txt", "text")
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("inside.txt"))
    return file.getvalue()


def test_every_file_is_claimed_less_than_by_any_other_reader() -> None:
    assert other_files.claims(Blob("x", "x", 0), b"") == 1


@pytest.mark.parametrize("data", [zipped(), tarred(), gzip.compress(b"text")], ids=["zip", "tar", "gzip"])
def test_an_archive_is_digested_and_says_that_its_members_were_not_checked(data: bytes, tmp_path: Path) -> None:
    (found,) = other_files.read([blob(tmp_path, "data.bin", data)], WANTS)
    assert isinstance(found, Samples)
    (row,) = found.batch.to_pylist()
    assert (row["md5"], row["gap"]) == (hashlib.md5(data).digest(), "an archive: its members were not checked")


def test_a_git_lfs_pointer_says_that_the_file_itself_is_not_here(tmp_path: Path) -> None:
    data = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n"
    (found,) = other_files.read([blob(tmp_path, "film.mp4", data)], WANTS)
    assert isinstance(found, Samples)
    assert found.batch.column("gap").to_pylist() == ["a Git LFS pointer: the file itself is not here"]


@pytest.mark.parametrize("name", ["film.mp4", "hill.png"])
@pytest.mark.parametrize(("algorithms", "asked"), [({"md5", "sha256", "pdq"}, True), ({"md5", "pdq"}, False)])
def test_the_sha256_that_a_git_lfs_pointer_declares_is_a_declared_digest_of_the_file(
    name: str, algorithms: set[str], asked: bool, tmp_path: Path
) -> None:
    digest = hashlib.sha256(b"the film")
    data = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest.hexdigest()}\nsize 8\n".encode()
    reader = image_files if name.endswith(".png") else other_files
    (found,) = reader.read([blob(tmp_path, name, data)], ReadOptions(frozenset(algorithms)))
    assert isinstance(found, Samples)
    assert (found.basis, found.algorithms) == ("declared", ("sha256",) if asked else ())
    (row,) = found.batch.to_pylist()
    assert (row["sample"], row.get("sha256")) == (name, digest.digest() if asked else None)
    compared = ", and only the SHA-256 that it declares was compared" if asked else ""
    assert row["gap"] == f"a Git LFS pointer: the file itself is not here{compared}"


@pytest.mark.parametrize("kind", ["dataset", "model", ""])
@pytest.mark.parametrize("options", [WANTS, ReadOptions()])
def test_code_and_settings_hold_no_carrier_in_any_folder(tmp_path: Path, kind: Kind, options: ReadOptions) -> None:
    given = [
        blob(tmp_path, "train.py", b"import torch\n", kind),
        blob(tmp_path, "vocab", "hill\nHügel\n".encode(), kind),
    ]
    assert list(other_files.read(given, options)) == []


def test_a_picture_in_base64_in_a_text_is_a_member_and_one_in_another_encoding_is_named(tmp_path: Path) -> None:
    picture = png(landscape(1, (32, 32)))
    given = blob(tmp_path, "page.html", b"<p>\n<img src='data:image/png;base64," + base64.b64encode(picture) + b"'>")
    (member,) = other_files.read([given], WANTS)
    assert isinstance(member, Blob)
    assert (member.uri, member.read()) == ("page.html!/line 2, 1", picture)
    other = blob(tmp_path, "page.txt", base64.b32encode(picture))
    assert list(other_files.read([other], WANTS)) == [
        PartlyRead(other, "line 1", "encoded files in a text: not read: base32")
    ]
    assert list(other_files.read([given], ReadOptions())) == []


@pytest.mark.parametrize("kind", ["dataset", "model", ""])
@pytest.mark.parametrize(
    ("data", "carrier", "gap"),
    [
        (b"\0\0\1\0\1\0\x10\x10", "other file", "a picture or document in a format that is not decoded: ICO"),
        (b"%PDF-1.7", "other file", "a picture or document in a format that is not decoded: PDF"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "sound", None),
        (b"\x80\4\x95\x10\0\0\0", "other file", other_files.UNKNOWN),
    ],
)
def test_what_may_hold_content_is_compared_by_exact_digests_and_leaves_a_gap_for_the_rest(
    tmp_path: Path, data: bytes, carrier: str, gap: str | None, kind: Kind
) -> None:
    given = blob(tmp_path, "some.file", data, kind)
    (found,) = other_files.read([given], WANTS)
    assert isinstance(found, Samples)
    (row,) = found.batch.to_pylist()
    assert (found.carrier, row["md5"], row["gap"]) == (carrier, hashlib.md5(data).digest(), gap)
    (found,) = other_files.read([given], ReadOptions(frozenset({"md5"})))
    assert isinstance(found, Samples)
    assert found.batch["gap"].to_pylist() == [None]


@pytest.mark.parametrize(("data", "why"), [(b"", "empty"), (bytes(9000), "nothing but zeros")])
def test_what_cannot_hold_content_is_skipped_and_says_why(data: bytes, why: str, tmp_path: Path) -> None:
    given = blob(tmp_path, "some.file", data)
    assert list(other_files.read([given], WANTS)) == [Unread("some.file", why, skipped=True, blob=given)]


def test_a_file_that_cannot_be_opened_is_unread_and_not_skipped(tmp_path: Path) -> None:
    missing = Blob(str(tmp_path / "gone"), "gone", 5, "dataset", "films")
    assert list(other_files.read([missing], WANTS)) == [
        Unread("gone", "cannot be opened: No such file or directory", blob=missing)
    ]
