"""Videos are told by their first bytes, and each has one demuxer that opens no other file."""

from __future__ import annotations

import pytest

from auditor.syntax.video_magic import video_demuxer


@pytest.mark.parametrize(
    ("head", "demuxer"),
    [
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "mov"),
        (b"\0\0\0\x14ftypqt  ", "mov"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "mov"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81", "matroska"),
        (b"RIFF\x24\0\0\0AVI LIST", "avi"),
        (b"OggS\0\2" + bytes(21) + b"\x2a\x80theora", "ogg"),
        (b"OggS\0\2" + bytes(21) + b"\x1e\1vorbis", ""),
        (b"\0\0\0\x18ftypM4A \0\0\0\0", ""),
        (b"\0\0\0\x18ftypavif\0\0\0\0", ""),
        (b"RIFF\x24\0\0\0WAVEfmt ", ""),
        (b"#EXTM3U\n", ""),
        (b"ffconcat version 1.0\n", ""),
        (b"GGG" + bytes(400), ""),
        (b"", ""),
    ],
)
def test_a_video_is_told_by_its_first_bytes(head: bytes, demuxer: str) -> None:
    assert video_demuxer(head) == demuxer
