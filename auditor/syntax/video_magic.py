"""Recognise video files by their first bytes, and name the one FFmpeg demuxer that each is read with."""

from __future__ import annotations

from auditor.syntax.image_magic import Magic, is_image

OGG_VIDEO_MAGICS: tuple[Magic, ...] = tuple(
    ((0, b"OggS"), (28, codec))
    # Theora, Dirac, OGM, and Skeleton, which is written before any of them.
    for codec in (b"\x80theora", b"BBCD", b"\x01video", b"fishead")
)
# Formats with sure first bytes whose demuxers open no other file. Playlists (HLS, DASH, concat) are texts.
_DEMUXERS: tuple[tuple[str, tuple[Magic, ...]], ...] = (
    ("matroska", (((0, b"\x1a\x45\xdf\xa3"),),)),  # WebM too
    ("avi", (((0, b"RIFF"), (8, b"AVI ")),)),
    ("mpeg", (((0, b"\0\0\x01\xba"),),)),
    ("mpegvideo", (((0, b"\0\0\x01\xb3"),),)),
    ("mpegts", (((0, b"G"), (188, b"G"), (376, b"G")),)),
    ("flv", (((0, b"FLV\x01"),),)),
    ("asf", (((0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),),)),
    ("ivf", (((0, b"DKIF\0\0"),),)),
    ("ogg", OGG_VIDEO_MAGICS),
    # MP4 and QuickTime; HEIF, AVIF and M4A are recognised before.
    ("mov", (((4, b"ftyp"),), ((4, b"moov"),), ((4, b"mdat"),), ((4, b"wide"), (0, b"\0\0\0\x08")))),
)
VIDEO_MAGICS: tuple[Magic, ...] = tuple(magic for _, magics in _DEMUXERS for magic in magics)
_M4A = (b"ftypM4A", b"ftypM4B")


def video_demuxer(head: bytes) -> str:
    """Return the name of the demuxer for a video that begins with these bytes (400 are enough); "" for no video."""
    if is_image(head) or head.startswith(_M4A, 4):
        return ""
    for name, magics in _DEMUXERS:
        if any(all(head.startswith(word, offset) for offset, word in magic) for magic in magics):
            return name
    return ""
