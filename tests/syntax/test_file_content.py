"""What a file is, is told by its first bytes: text, sound, a format by name, or what nobody knows."""

from __future__ import annotations

import io

import pytest

from auditor.syntax.file_content import file_content, text_pieces


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
        (bytes(range(128, 256)) * 4, "unknown", ""),
    ],
)
def test_other_files_are_told_by_their_bytes(data: bytes, kind: str, name: str) -> None:
    content = file_content(io.BytesIO(data))
    assert (content.kind, content.name) == (kind, name)


@pytest.mark.parametrize("size", [16, 4096])
def test_a_text_is_read_in_pieces_whatever_its_encoding(size: int) -> None:
    text = "Hügel und Täler\n" * 20
    for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-32"):
        pieces = list(text_pieces(io.BytesIO(text.encode(encoding)), size))
        assert b"".join(piece or b"" for piece in pieces).decode().lstrip("\ufeff") == text, encoding


def test_what_goes_on_with_other_bytes_is_no_text() -> None:
    pieces = list(text_pieces(io.BytesIO(b"words, then bytes" * 400 + b"\0\1\2"), 1024))
    assert pieces[-1] is None
