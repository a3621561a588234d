"""Which texts are pointers of Git LFS or git-annex, and what they say."""

from __future__ import annotations

import pytest

from auditor.syntax.file_pointer import FilePointer, is_file_pointer, parse_file_pointer

OID = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"  # the specification's own example
LFS = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 12345\n"


@pytest.mark.parametrize(
    "text",
    [
        LFS,
        LFS.rstrip(),
        LFS.replace("\n", "\r\n"),
        LFS.replace(OID, OID.upper()),
        LFS.replace("https://git-lfs.github.com/spec/v1", "https://hawser.github.com/spec/v1"),
        LFS.replace("https://git-lfs.github.com/spec/v1", "http://git-media.io/v/2"),
        LFS.replace("oid", "ext-0-foo sha256:abc\nx-more yes\noid"),
        "\ufeff" + LFS,
        f"version https://git-lfs.github.com/spec/v1\nsize 12345\noid sha256:{OID}\n",
    ],
)
def test_a_git_lfs_pointer_is_read_in_every_spelling(text: str) -> None:
    assert parse_file_pointer(text.encode()) == FilePointer("Git LFS", "sha256", OID, 12345)


@pytest.mark.parametrize(
    "text",
    [
        LFS.replace(OID, OID[:-1]),
        LFS + "<html>",
        LFS + "x" * 1024,
        "version https://git-lfs.github.com/spec/v1\n",
    ],
)
def test_what_only_begins_as_a_git_lfs_pointer_declares_nothing(text: str) -> None:
    assert parse_file_pointer(text.encode()) is None
    assert is_file_pointer(text.encode())


@pytest.mark.parametrize(
    ("key", "algorithm", "digest", "size"),
    [
        (f"SHA256E-s31390--{OID}.png", "sha256", OID, 31390),
        (f"SHA256-s1-m1700000000--{OID}", "sha256", OID, 1),
        (f"SHA256E--{OID.upper()}.tar.gz", "sha256", OID, 0),
        ("MD5E-s5--d41d8cd98f00b204e9800998ecf8427e.jpg", "md5", "d41d8cd98f00b204e9800998ecf8427e", 5),
        ("SHA1-s5--da39a3ee5e6b4b0d3255bfef95601890afd80709", "sha1", "da39a3ee5e6b4b0d3255bfef95601890afd80709", 5),
        ("WORM-s3-m1700000000--a.png", "", "", 3),
        (f"SHA512E-s3--{OID}{OID}.png", "", "", 3),
        (f"SHA256E-s3--{OID}00.png", "", "", 3),
    ],
)
def test_a_key_of_git_annex_declares_its_digest(key: str, algorithm: str, digest: str, size: int) -> None:
    for text in (
        f"/annex/objects/{key}\n",
        f"../../.git/annex/objects/aa/bb/{key}/{key}",
        f".git/annex/objects/{key[:3]}/{key[3:6]}/{key}/{key}",
    ):
        assert parse_file_pointer(text.encode()) == FilePointer("git-annex", algorithm, digest, size)


@pytest.mark.parametrize("text", ["", "see /annex/objects/ for more", "/annex/objects/notes.txt", "a/b/SHA256E-s3--ff"])
def test_other_texts_are_no_pointers(text: str) -> None:
    assert not is_file_pointer(text.encode())
