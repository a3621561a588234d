"""Addresses, digests and encoded files are found wherever they stand in a text."""

from __future__ import annotations

import base64
import binascii
import hashlib
import quopri

import pytest

from auditor.hashing.text_content import ENCODINGS, find_addresses, find_digests, find_encoded_files
from tests.pictures import encoded, jpeg, landscape

URL = "https://photos.example.org/hills/7.jpg"
JPEG = jpeg(landscape(1, (64, 48)))
MD5 = hashlib.md5(b"hill").digest()


@pytest.mark.parametrize(
    "text",
    [
        f"see {URL}.",
        f"![a hill]({URL})",
        f"<img srcset='https://a.example/1.jpg 1x,{URL} 2x'>",
        f"https://a.example/1.jpg|{URL}",
        f"https://a.example/1.jpg,{URL}",
        "https:\\/\\/photos.example.org\\/hills\\/7.jpg",
        "<a href='https:&#x2F;&#x2F;photos.example.org&#x2F;hills&#x2F;7.jpg'>",
        "https://proxy.example/?u=https%3A%2F%2Fphotos.example.org%2Fhills%2F7.jpg&w=3",
        "https://proxy.example/?u=https%253A%252F%252Fphotos.example.org%252Fhills%252F7.jpg",
        "hxxps://photos[.]example[.]org/hills/7.jpg",
    ],
)
def test_an_address_is_found_however_the_text_is_marked_up(text: str) -> None:
    assert URL in {address for _, address in find_addresses(text.encode())}


def test_an_address_without_a_scheme_is_found_if_it_is_that_of_a_picture() -> None:
    found = {address for _, address in find_addresses(b"at photos.example.org/hills/7.jpg and in src/data.py")}
    assert found == {"photos.example.org/hills/7.jpg"}


def test_lines_of_a_text_count_from_1() -> None:
    text = f"hills\n\n{URL}\n{MD5.hex()}\n".encode()
    assert list(find_addresses(text)) == [(3, URL)]
    assert list(find_digests(text)) == [(4, "md5", MD5)]


@pytest.mark.parametrize(
    "written",
    [
        f"img/{MD5.hex()}.jpg",
        f"0x{MD5.hex().upper()}",
        f'"{MD5.hex()}"',
        MD5.hex(":"),
        f"md5:{base64.b64encode(MD5).decode()}",
        base64.b64encode(MD5).decode(),
        f"{MD5.hex()[:8]}-{MD5.hex()[8:12]}-{MD5.hex()[12:16]}-{MD5.hex()[16:20]}-{MD5.hex()[20:]}",
    ],
)
def test_a_digest_is_found_in_every_usual_form(written: str) -> None:
    assert ("md5", MD5) in {(algorithm, digest) for _, algorithm, digest in find_digests(f"a {written} b".encode())}


def test_longer_numbers_and_words_are_no_digests() -> None:
    text = b"7" * 33 + b" z" + MD5.hex().encode() + b" " + MD5.hex().encode() + b"g"
    assert list(find_digests(text)) == []


def test_digests_are_found_at_every_place_of_a_long_text() -> None:
    for before in range(40):
        text = b" " * before + MD5.hex().encode() + b" " * 300
        assert [digest for _, _, digest in find_digests(text)] == [MD5], before


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "JPEG2000"])
def test_pictures_in_base64_are_decoded(name: str) -> None:
    data = encoded(landscape(1, (64, 48)), name)
    text = b"before ![x](" + base64.b64encode(data) + b") after"
    assert [one.data for one in find_encoded_files(text)] == [data]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("hex", " ".join(f"0x{byte:02x}," for byte in JPEG)),
        ("numbers", ", ".join(map(str, JPEG))),
        ("numbers", ", ".join(str(byte - 256 if byte > 127 else byte) for byte in JPEG)),
        ("escapes of bytes", repr(JPEG)),
        ("escapes of bytes", "".join(f"\\{byte:03o}" for byte in JPEG)),
        ("escapes of bytes", quopri.encodestring(JPEG).decode()),
        ("base32", base64.b32encode(JPEG).decode()),
        ("base85", base64.b85encode(JPEG).decode()),
        ("base85", base64.a85encode(JPEG).decode()),
        ("uuencode", "begin 644 a.jpg\n" + binascii.b2a_uu(JPEG[:45]).decode()),
        ("bytes read as Latin-1", JPEG.decode("latin-1")),
    ],
)
def test_pictures_in_other_encodings_are_named(encoding: str, text: str) -> None:
    assert encoding in ENCODINGS
    assert next(find_encoded_files(text.encode())).encoding == encoding


@pytest.mark.parametrize(
    "text",
    [
        b'MAGIC = b"\\xff\\xd8\\xff"  # JPEG\n',
        b"JPEG = (255, 216, 255, 224)\n",
        b'{"integrity": "sha512-' + base64.b64encode(bytes(range(64))) + b'"}\n',
        b"GATTACA" * 2000,
        b"-----BEGIN CERTIFICATE-----\nMIIB" + base64.b64encode(bytes(range(200))) + b"\n",
        b'"precompiled_charsmap": "' + base64.b64encode(bytes(range(256)) * 40) + b'"',
    ],
)
def test_code_sequences_certificates_and_tokenizers_hold_no_encoded_files(text: bytes) -> None:
    assert list(find_encoded_files(text)) == []


def test_a_long_run_of_letters_in_no_known_encoding_is_named() -> None:
    text = base64.b64encode(bytes(byte ^ 0x5A for byte in JPEG * 4))
    assert [one.encoding for one in find_encoded_files(text)] == ["an encoding that was not recognised"]


@pytest.mark.parametrize(("length", "letters", "is_told"), [(4096, 26, True), (4095, 26, False), (9000, 24, False)])
def test_a_run_of_4096_letters_of_more_than_24_kinds_is_an_encoding_that_is_not_known(
    length: int, letters: int, is_told: bool
) -> None:
    run = (b"zyxwvutsrqponmlkjihgfedcba"[:letters] * length)[:length]
    found = [(one.encoding, one.end - one.start) for one in find_encoded_files(b"words " + run + b" words")]
    assert found == ([("an encoding that was not recognised", length)] if is_told else [])
