"""Recognise image files by their first bytes."""

from __future__ import annotations

# Words that a file begins with, each at its offset; all of them must be there.
Magic = tuple[tuple[int, bytes], ...]

IMAGE_MAGICS: tuple[Magic, ...] = (
    ((0, b"\xff\xd8\xff"),),  # JPEG
    ((0, b"\x89PNG\r\n\x1a\n"),),
    ((0, b"GIF87a"),),
    ((0, b"GIF89a"),),
    ((0, b"II*\0"),),  # TIFF
    ((0, b"MM\0*"),),
    ((0, b"II+\0"),),  # BigTIFF
    ((0, b"MM\0+"),),
    ((0, b"\0\0\0\x0cjP  \r\n\x87\n"),),  # JPEG 2000
    ((0, b"\xff\x4f\xff\x51"),),
    ((0, b"\0\0\0\x0cJXL \r\n\x87\n"),),
    ((0, b"8BPS\0\x01"),),
    ((0, b"RIFF"), (8, b"WEBP")),
    *(
        ((4, b"ftyp"), (8, brand))  # HEIF and AVIF
        for brand in (b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
    ),
    # A text may begin with "BM" too: a bitmap also has the length of its second header.
    *(((0, b"BM"), (14, length.to_bytes(4, "little"))) for length in (12, 16, 40, 52, 56, 64, 108, 124)),
)


def is_image(head: bytes) -> bool:
    """Return whether these first bytes (32 are enough) begin an image."""
    return any(all(head.startswith(word, offset) for offset, word in magic) for magic in IMAGE_MAGICS)
