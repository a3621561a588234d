"""Any other file of a dataset is matched by its exact digests; other files say why they were not."""

import gzip
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from auditor.model import Kind, Ref
from auditor.readers import ReadOptions, image_files, other_files
from auditor.samples import Samples
from auditor.sources import Blob, Unread

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


def test_a_video_is_a_sample_by_its_exact_digests(tmp_path: Path) -> None:
    data = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 4000
    (found,) = other_files.read([blob(tmp_path, "film.mp4", data)], WANTS)
    assert isinstance(found, Samples)
    assert (found.subject, found.basis, found.algorithms) == (Ref("dataset", "films"), "computed", ("md5", "sha256"))
    (row,) = found.batch.to_pylist()
    assert (row["sample"], row["place"], row["gap"], row["variant"]) == ("film.mp4", "film.mp4", None, "")
    assert (row["md5"], row["sha256"]) == (hashlib.md5(data).digest(), hashlib.sha256(data).digest())


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


@pytest.mark.parametrize(
    ("options", "kind", "data", "why"),
    [
        (ReadOptions(), "dataset", b"text", "no list to match it against"),
        (ReadOptions(frozenset({"pdq"})), "dataset", b"text", "no list to match it against"),
        (WANTS, "model", b"{}", "not a kind of file that says anything about a model"),
        (WANTS, "dataset", b"", "empty"),
    ],
)
def test_what_is_not_digested_is_skipped_and_says_why(
    options: ReadOptions, kind: Kind, data: bytes, why: str, tmp_path: Path
) -> None:
    given = blob(tmp_path, "some.file", data, kind)
    assert list(other_files.read([given], options)) == [Unread("some.file", why, skipped=True, blob=given)]


def test_a_file_that_cannot_be_opened_is_unread_and_not_skipped(tmp_path: Path) -> None:
    missing = Blob(str(tmp_path / "gone"), "gone", 5, "dataset", "films")
    assert list(other_files.read([missing], WANTS)) == [
        Unread("gone", "cannot be opened: No such file or directory", blob=missing)
    ]
