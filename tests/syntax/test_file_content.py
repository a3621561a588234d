"""What a file holds is told by its bytes: text without pictures or lists, films, sound, or what nobody knows."""

from __future__ import annotations

import base64
import io

import pytest

from auditor.syntax.file_content import MIN_LISTED_LINES, file_content
from tests.pictures import encoded, jpeg, landscape

JPEG = jpeg(landscape(1))


def kind_of(data: bytes) -> tuple[str, tuple[str, ...]]:
    content = file_content(io.BytesIO(data))
    return content.kind, content.carriers


@pytest.mark.parametrize(
    "data",
    [
        b"def main():\n    return 1\n",
        b'{"model": {"vocab": {"<unk>": 0, "hill": 1}, "merges": ["h i", "l l"]}}',
        "Größe; Hügel und Täler\n".encode(),
        "Größe; Hügel und Täler im Abendlicht\n".encode("latin-1"),
        "Hügel\n".encode("utf-16"),
        b"a homepage: https://a.example/ and a commit 0123456789abcdef0123456789abcdef01234567\n" * 20,
        b'{"name": "acme-lock", "integrity": "sha512-' + base64.b64encode(bytes(range(64))) + b'"}\n',
        "ü".encode() * 3_000_000,
    ],
)
def test_text_without_pictures_or_lists_holds_no_carrier(data: bytes) -> None:
    assert kind_of(data) == ("text", ())


@pytest.mark.parametrize(
    "data",
    [
        b'<img src="data:image/png;base64,' + base64.b64encode(bytes(60)) + b'">',
        b'picture = "' + base64.b64encode(JPEG) + b'"\n',
        b"picture = " + JPEG.hex().encode(),
        b"x" * 3_000_000 + b" " + base64.b64encode(JPEG),
        b"x" * ((1 << 20) + 4096 - 20) + b" " + base64.encodebytes(JPEG),
        ("Hügel " + base64.b64encode(JPEG).decode()).encode("utf-16"),
    ],
)
def test_an_encoded_picture_in_a_text_is_a_carrier(data: bytes) -> None:
    assert kind_of(data) == ("text", ("encoded pictures",))


@pytest.mark.parametrize("line", ["http://a.example/{}.jpg", "{:032x}", "{:064x}  hill.jpg", '    "{:040X}",'])
def test_lines_that_are_addresses_or_digests_are_a_carrier_from_ten_of_them_on(line: str) -> None:
    lines = "".join(f"{line.format(number)}\n" for number in range(MIN_LISTED_LINES))
    assert MIN_LISTED_LINES == 10
    assert kind_of(b"# hills\n" + lines.encode()) == ("text", ("addresses or digests",))
    assert kind_of(b"# hills\n" + lines.encode().rpartition(b"\n")[0].rpartition(b"\n")[0]) == ("text", ())


@pytest.mark.parametrize(
    ("data", "kind", "name"),
    [
        (b"\0\0\x01\0\x01\0\x10\x10", "undecoded", "ICO"),
        (b"%PDF-1.7\n", "undecoded", "PDF"),
        (b'<?xml version="1.0"?>\n<!-- hills -->\n<svg xmlns="http://www.w3.org/2000/svg">', "undecoded", "SVG"),
        (b"\x0a\x05\x01\x08\0\0\0\0", "undecoded", "PCX"),
        (b"P3\n# hills\n2 2\n255\n", "undecoded", "PNM"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "sound", ""),
        (b"GGUF\3\0\0\0", "no carrier", ""),
        (b"wOF2\0\1\0\0", "no carrier", ""),
        (b"\n\x0e\n\x05<unk>\x15\0\0\0\0\x18\x02", "no carrier", ""),
        (b"", "zeros", ""),
        (bytes(5000), "zeros", ""),
        (bytes(5000) + b"\1", "unknown", ""),
        (b"\x80\4\x95\x10\0\0\0", "unknown", ""),
        (b"SQLite format 3\0", "unknown", ""),
        (b"words, then bytes" * 400 + b"\0\1\2", "unknown", ""),
        (bytes(range(128, 256)) * 4, "unknown", ""),
    ],
)
def test_other_files_are_told_by_their_bytes(data: bytes, kind: str, name: str) -> None:
    content = file_content(io.BytesIO(data))
    assert (content.kind, content.name) == (kind, name)


def test_sound_with_cover_art_holds_a_picture() -> None:
    assert kind_of(b"ID3\4\0\0\0\0\1\0APIC" + JPEG) == ("sound", ("cover art",))


@pytest.mark.parametrize("name", ["AVIF", "BMP", "TIFF", "JPEG2000"])
def test_base64_of_other_formats_of_pictures_in_a_text_is_a_carrier(name: str) -> None:
    data = base64.b64encode(encoded(landscape(1), name))
    assert kind_of(b"before ![x](" + data + b") after") == ("text", ("encoded pictures",))


def test_bytes_as_python_prints_them_are_a_carrier_and_first_bytes_in_source_code_are_none() -> None:
    assert kind_of(repr(JPEG).encode()) == ("text", ("encoded pictures",))
    assert kind_of(b'MAGIC = b"\\xff\\xd8\\xff"  # ' + b"JPEG\n") == ("text", ())


@pytest.mark.parametrize(
    "data",
    [
        b"d41d8cd98f00b204e9800998ecf8427e  a.jpg\n0cc175b9c0f1b6a831c399e269772661  b.jpg\n",
        b"0cc175b9c0f1b6a831c399e269772661",
        b"https://example.org/hill.jpg\n\nhttps://example.org/lake.jpg\n",
    ],
)
def test_a_short_text_of_nothing_but_addresses_or_digests_is_a_list(data: bytes) -> None:
    assert kind_of(data) == ("text", ("addresses or digests",))


@pytest.mark.parametrize(
    "data",
    [b"86f7e437faa5a7fce15d1ddcb9eaeaea377667b8\n", b"see\nhttps://example.org/hill.jpg\n", b"\n \n"],
)
def test_a_commit_or_an_address_among_words_is_no_list(data: bytes) -> None:
    assert kind_of(data) == ("text", ())
