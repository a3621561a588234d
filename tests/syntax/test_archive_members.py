from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Callable

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import Unreadable
from auditor.syntax import archive_members
from auditor.syntax.archive_members import Member, read_members

Files = dict[str, bytes]


def zipped(files: Files) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return out.getvalue()


def tarred(files: Files) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zstd(data: bytes) -> bytes:
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, "zstd") as stream:
        stream.write(data)
    return bytes(out.getvalue())


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "a.tar": bytes,
    "a.tar.gz": gzip.compress,
    "a.tgz": gzip.compress,
    "a.tar.bz2": bz2.compress,
    "a.tar.xz": lzma.compress,
    "a.tar.zst": zstd,
}


def read(data: bytes, name: str = "a") -> list[tuple[str, bytes, str]]:
    return [(member.path, member.stream.read(), member.problem) for member in read_members(io.BytesIO(data), name)]


def read_until_broken(data: bytes, name: str = "a") -> tuple[list[str], str]:
    """Return the members that were read in full, and why reading stopped."""
    found: list[str] = []
    try:
        for member in read_members(io.BytesIO(data), name):
            member.stream.read()
            found.append(member.path)
    except (Unreadable, tarfile.TarError) as error:
        return found, str(error)
    return found, ""


names = st.text("abcdefghij/.", min_size=1, max_size=20).filter(
    lambda name: name.strip("/.") == name and "//" not in name
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(names, st.binary(max_size=200), min_size=1, max_size=5), st.sampled_from([*PACKED, "a.zip"]))
def test_every_member_of_an_archive_is_read_whole_and_in_order(files: Files, name: str) -> None:
    data = zipped(files) if name == "a.zip" else PACKED[name](tarred(files))
    assert [(path, content) for path, content, _ in read(data, name)] == list(files.items())


def test_a_single_compressed_file_is_a_member_named_without_its_suffix() -> None:
    assert read(gzip.compress(b"rows"), "rows.csv.gz") == [("rows.csv", b"rows", "")]
    assert read(bz2.compress(b"rows"), "rows") == [("rows.unpacked", b"rows", "")]


def test_what_was_read_before_a_tar_breaks_off_stands() -> None:
    data = tarred({"a": b"1" * 600, "b": b"2" * 600})
    assert read_until_broken(data[:1800]) == (["a"], "a damaged header in a tar: truncated header")
    assert read_until_broken(data[:1536]) == (["a"], "a tar without its end mark: it may be cut short")


def test_members_behind_an_end_mark_are_read_too() -> None:
    assert read_until_broken(tarred({"a": b"1"}) + tarred({"b": b"2"})) == (["a", "b"], "")


def test_damage_between_two_members_is_told() -> None:
    first, second = tarred({"a": b"1"})[:1024], tarred({"b": b"2"})
    assert read_until_broken(first + b"x" * 512 + second) == (["a"], "a damaged header in a tar: invalid header")


def test_a_member_that_claims_more_than_the_file_holds_is_no_reason_to_lose_the_others() -> None:
    info = tarfile.TarInfo("claims much")
    info.size = 300 << 20
    found, why = read_until_broken(tarred({"a": b"1"}).rstrip(b"\0").ljust(1024, b"\0") + info.tobuf() + b"few bytes")
    assert (found, why) == (["a"], "unexpected end of data")


def test_thousands_of_extended_headers_in_a_row_end_the_archive_and_not_the_program() -> None:
    header = tarfile.TarInfo("x")
    header.type = tarfile.XHDTYPE
    header.size = 10
    chain = (header.tobuf(tarfile.USTAR_FORMAT) + b"10 a=bcde\n".ljust(512, b"\0")) * 5000
    found, why = read_until_broken(tarred({"a": b"1"})[:1024] + chain)
    assert found == ["a"]
    assert "extended headers" in why


def test_an_extended_header_that_claims_gigabytes_is_not_read() -> None:
    header = tarfile.TarInfo("x")
    header.type = tarfile.XHDTYPE
    header.size = 1 << 40
    found, why = read_until_broken(tarred({"a": b"1"})[:1024] + header.tobuf(tarfile.GNU_FORMAT) + b"\0" * 512)
    assert found == ["a"]
    assert "a header claims" in why


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_a_file_that_unfolds_beyond_the_limits_is_not_read_further(
    pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_members, "FREE_BYTES", 1000)
    monkeypatch.setattr(archive_members, "MAX_RATIO", 2)
    with pytest.raises(Unreadable, match="it unfolds to more than 1,000 bytes"):
        read(pack(bytes(5000)), "a.gz")


def test_members_of_a_zip_share_one_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_members, "FREE_BYTES", 10_000)
    monkeypatch.setattr(archive_members, "MAX_RATIO", 1)
    found, why = read_until_broken(zipped({name: bytes(4000) for name in "abcd"}))
    assert found == ["a", "b"]
    assert "unfolds to more than" in why


def test_the_limits_are_what_the_documents_say() -> None:
    assert archive_members.MAX_RATIO == 1000
    assert archive_members.FREE_BYTES == 1 << 30
    assert archive_members.MAX_MEMBERS == 2_000_000


def test_an_encrypted_member_and_a_link_are_told_and_not_read() -> None:
    data = bytearray(zipped({"secret.png": b"ordinary"}))
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(magic) + flags] |= 1
    assert read(bytes(data)) == [("secret.png", b"", "an encrypted member of an archive")]
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    assert read(link.tobuf() + bytes(1024)) == [("link", b"", "a link or device inside an archive: not followed")]


def test_a_zip_that_claims_millions_of_members_is_refused_before_they_are_listed() -> None:
    end = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 9_000_000, 9_000_000, 0, 0)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, 4, 1)
    record = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    with pytest.raises(Unreadable, match="claims 9,000,000 members"):
        read(b"PK\x03\x04" + end + locator + record)


@pytest.mark.parametrize(
    ("head", "name"), [(b"7z\xbc\xaf\x27\x1c\0\0", "7z"), (b"Rar!\x1a\x07\x01\0", "RAR"), (b"!<arch>\nx", "ar")]
)
def test_an_archive_format_that_is_not_read_is_named(head: bytes, name: str) -> None:
    with pytest.raises(Unreadable, match=f"{name} archives are not read"):
        read(head)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_archives_end_in_unreadable_or_in_members(data: st.DataObject) -> None:
    whole = data.draw(
        st.sampled_from(
            [
                zipped({"a": b"1" * 50, "b": b"2"}),
                tarred({"a": b"1"}),
                *(pack(tarred({"a": b"1"})) for pack in (gzip.compress, bz2.compress, lzma.compress, zstd)),
            ]
        )
    )
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    broken = broken[: data.draw(st.integers(0, len(broken)))]
    try:
        for member in read_members(io.BytesIO(bytes(broken)), "a"):
            assert isinstance(member, Member)
            with contextlib.suppress(*archive_members.ARCHIVE_ERRORS):
                member.stream.read()
    except Unreadable as error:
        why = str(error)
    else:
        why = "read to its end"
    assert why


def test_bytes_that_no_member_of_a_zip_has_are_members_of_their_own() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "hills")
        archive.comment = b"a comment " * 10
    found = {member.path: member.stream.read() for member in read_members(io.BytesIO(out.getvalue()), "a.zip")}
    assert found == {"(comment)": b"a comment " * 10, "a.txt": b"hills"}


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress])
def test_other_bytes_after_packed_data_are_named(pack: Callable[[bytes], bytes]) -> None:
    with pytest.raises(Unreadable, match="other bytes follow the end"):
        list(read_members(io.BytesIO(pack(b"hills") + b"more"), "a.packed"))


def test_the_name_that_gzip_keeps_is_no_member_and_a_long_extra_field_is() -> None:
    named = b"\x1f\x8b\x08\x08" + bytes(6) + b"a.txt\0" + gzip.compress(bytes(range(1, 256)) * 9)[10:]
    assert [member.path for member in read_members(io.BytesIO(named), "a.gz")] == ["a"]
    extra = b"\x1f\x8b\x08\x04" + bytes(6) + (300).to_bytes(2, "little") + b"x" * 300 + gzip.compress(b"hills")[10:]
    found = {member.path: member.stream.read() for member in read_members(io.BytesIO(extra), "a.gz")}
    assert found == {"(extra field)": b"x" * 300, "a": b"hills"}
