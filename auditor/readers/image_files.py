"""Image files: samples by exact and perceptual digests."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from itertools import groupby, islice

from auditor.errors import Unreadable
from auditor.hashing.hash_images import COMPUTED, DECODING, Encoded, hash_images
from auditor.readers import Example, Part, Wants
from auditor.readers.other_files import BATCH, exact_samples, pointed
from auditor.readers.other_weights import pointer
from auditor.samples import Samples, build_sample_batch
from auditor.sources import Blob, Unread

# Above this a file is digested as a stream and not held in memory to be decoded.
MAX_DECODED_BYTES = 256 << 20

_TOO_LARGE = "a file of more than 256 MiB, so not decoded"
# fmt: off
_SUFFIXES = frozenset((
    ".apng", ".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg",
    ".jxl", ".mpo", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".psd", ".tif", ".tiff", ".webp",
))
# fmt: on
_MAGICS = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"II*\0",
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
    b"\0\0\0\x0cjP  \r\n\x87\n",
    b"\xff\x4f\xff\x51",
    b"\0\0\0\x0cJXL \r\n\x87\n",
    b"8BPS\0\x01",
)
_BRANDS = frozenset((b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))


def claims(blob: Blob, head: bytes) -> int:
    """A picture by its first bytes, or by its name alone: then it is a sample that leaves a gap."""
    if is_picture(head):
        return 80
    return 40 if blob.suffix in _SUFFIXES else 0


def is_picture(head: bytes) -> bool:
    """Do these first bytes (32 are enough) begin a picture?"""
    if head.startswith(_MAGICS) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return True
    if head[4:8] == b"ftyp":
        return head[8:12] in _BRANDS
    # "BM" begins a text too: a bitmap says the length of its second header.
    return head[:2] == b"BM" and head[14:18] in _BITMAPS


_BITMAPS = frozenset(struct.pack("<I", length) for length in (12, 16, 40, 52, 56, 64, 108, 124))


def read(blobs: Iterable[Blob], wants: Wants) -> Iterator[Part | Samples | Unread]:
    wanted = tuple(name for name in COMPUTED if name in wants.algorithms)
    large: list[Blob] = []
    for ref, group in groupby(blobs, key=lambda blob: blob.ref("dataset")):
        while some := tuple(islice(group, BATCH)):
            if not wanted:
                names, places = [blob.basename for blob in some], [blob.uri for blob in some]
                yield Samples(ref, "computed", build_sample_batch({"sample": names, "place": places}, ()))
                continue
            large += (blob for blob in some if blob.size > MAX_DECODED_BYTES)
            unread: list[Unread] = []
            pointers: list[tuple[Blob, str]] = []
            batch = hash_images(_encoded(some, unread, pointers), wanted, wants.variants)
            yield from unread
            yield from pointed(pointers, wanted)
            if batch.num_rows:
                yield Samples(ref, "computed", batch)
    yield from exact_samples(large, wanted, "" if DECODING.isdisjoint(wanted) else _TOO_LARGE)


def _encoded(blobs: Iterable[Blob], unread: list[Unread], pointers: list[tuple[Blob, str]]) -> Iterator[Encoded]:
    """The files that can be held in memory, one at a time.

    Those that cannot be read are appended to ``unread``, Git LFS pointers, with the SHA-256 of the
    file they stand for, to ``pointers``.
    """
    for blob in blobs:
        if blob.size <= MAX_DECODED_BYTES:
            try:
                data = blob.read()
            except Unreadable as error:
                unread.append(Unread(blob.uri, str(error), blob=blob))
                continue
            if found := pointer(data):
                pointers.append((blob, found[0]))
            else:
                yield Encoded(blob.basename, blob.uri, 0, data)


def _tiny_png() -> bytes:
    """A gradient of 8 x 8 grays."""
    pixels = b"".join(b"\0" + bytes(range(row * 16, row * 16 + 64, 8)) for row in range(8))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(pixels)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


EXAMPLES: tuple[Example, ...] = (
    Example("a picture", _tiny_png(), columns=("md5", "pdq"), wants=Wants(frozenset({"md5", "pdq"}))),
    Example("a picture, and no list", _tiny_png()),
)
