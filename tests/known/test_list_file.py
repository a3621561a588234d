"""List files that are packed or in UTF-16 read as the plain file does; damaged ones are refused by name."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.errors import ListError
from auditor.known.entries import Entries, ListItem
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import ListExample, detect_format, list_formats

MD5 = b"9e107d9d372bb6826bd81d3542a419d6\n"


def zip_file(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def utf_16(data: bytes) -> bytes:
    return data.decode("utf-8-sig").replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16")


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": lambda data: zip_file(list=data, **{"__MACOSX/._list": b"\0"}),
    "UTF-16": utf_16,
    "UTF-16 in gzip": lambda data: gzip.compress(utf_16(data)),
}
BINARY = ("nsrl", "fingerprints")
CASES = [
    pytest.param(name, example, form, id=f"{name}-{example.name}-{form}")
    for name, list_format in list_formats().items()
    for example in list_format.EXAMPLES
    for form in FORMS
    if not example.refused and not example.options.columns and name != "nsrl" and not ("UTF" in form and name in BINARY)
]


def comparable(items: list[ListItem]) -> list[object]:
    """What can be compared of items: arrays as lists."""

    def columns(entries: Entries) -> tuple[object, ...]:
        arrays = (getattr(entries, name) for name in ("values", "ids", "classification", "withdrawn", "lines"))
        return (entries.algorithm, *(None if array is None else array.to_pylist() for array in arrays))

    return [columns(item) if isinstance(item, Entries) else item for item in items]


@pytest.mark.parametrize(("name", "example", "form"), CASES)
def test_a_packed_or_recoded_list_reads_as_the_plain_one(
    name: str, example: ListExample, form: str, tmp_path: Path
) -> None:
    (tmp_path / "plain").mkdir()
    original = tmp_path / "plain" / example.name
    original.write_bytes(example.data)
    packed = tmp_path / example.name
    packed.write_bytes(FORMS[form](example.data))
    assert detect_format(packed) == name
    read = list_formats()[name].read
    assert comparable(list(read(packed, example.options))) == comparable(list(read(original, example.options)))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (gzip.compress(MD5 * 1000)[:-9], "the packed list is damaged: Compressed file ended before"),
        (gzip.compress(MD5 * 1000)[:20] + b"\0" * 40, "the packed list is damaged: "),
        (zip_file(a=MD5, b=MD5), "is a zip archive of 2 files; unpack it and give the list"),
        (zip_file(a=MD5)[:60], "the packed list is damaged: File is not a zip file"),
        (gzip.compress(b"SQLite format 3\0" + b"\0" * 100), "a packed SQLite file cannot be read; unpack it"),
    ],
    # Packed bytes hold the time, which must not become part of a test's name.
    ids=["cut off", "damaged", "two files", "a damaged zip", "SQLite"],
)
def test_a_damaged_or_ambiguous_archive_is_refused_by_name(data: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "list.bin"
    path.write_bytes(data)
    with pytest.raises(ListError) as refused:
        list(list_formats()[detect_format(path)].read(path, ListExample("", b"").options))
    assert str(refused.value).startswith(f"{path}: {message}")


def test_the_beginning_can_be_gone_back_to(tmp_path: Path) -> None:
    path = tmp_path / "list.gz"
    path.write_bytes(gzip.compress(MD5 * 10_000))
    with open_list_file(path) as file:
        assert file.read(33) == MD5
        file.seek(0)
        assert file.read() == MD5 * 10_000
