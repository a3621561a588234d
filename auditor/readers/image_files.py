"""Reads image files as samples, by exact and perceptual digests."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from itertools import groupby, islice

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.hashing.hash_images import DECODING_ALGORITHMS, EncodedImage, hash_images
from auditor.model import Carrier
from auditor.part_builders.file_samples import (
    BATCH_FILES,
    MAX_DECODED_BYTES,
    TOO_LARGE_TO_DECODE,
    sample_file_pointers,
    sample_whole_files,
)
from auditor.part_builders.read_options import ReadOptions
from auditor.part_builders.text_contents import stated_in_pictures
from auditor.parts import Part
from auditor.readers import ReaderExample
from auditor.samples import COMPUTED_ALGORITHMS, Samples, build_sample_batch
from auditor.syntax.embedded_pictures import PictureText
from auditor.syntax.file_pointer import FilePointer, parse_file_pointer
from auditor.syntax.image_magic import is_image

# fmt: off
IMAGE_SUFFIXES = frozenset((
    ".apng", ".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg",
    ".jxl", ".mpo", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".psd", ".tif", ".tiff", ".webp",
))
# fmt: on

READS_MEMBERS = True
UNREAD_GAP = "samples"


def claims(blob: Blob, head: bytes) -> int:
    """Claim an image by its first bytes, or by its name alone: then it is a sample that leaves a gap."""
    if is_image(head):
        return 80
    return 40 if blob.suffix in IMAGE_SUFFIXES else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Samples | Unread]:
    """Yield the samples of image files in batches of one subject; those too large to decode come last."""
    wanted = tuple(name for name in COMPUTED_ALGORITHMS if name in options.algorithms)
    large: list[Blob] = []
    for ref, group in groupby(blobs, key=lambda blob: blob.ref("dataset")):
        while some := tuple(islice(group, BATCH_FILES)):
            carrier: Carrier = "archive member" if some[0].holder else "picture file"
            if not wanted:
                names, places = [blob.basename for blob in some], [blob.uri for blob in some]
                yield Samples(
                    ref, "computed", build_sample_batch({"sample": names, "place": places}, ()), carrier=carrier
                )
                continue
            large += (blob for blob in some if blob.size > MAX_DECODED_BYTES)
            unread: list[Unread] = []
            pointers: list[tuple[Blob, FilePointer]] = []
            texts: list[PictureText] = []
            batch = hash_images(_read_images(some, unread, pointers), wanted, options.variants, texts)
            yield from unread
            yield from sample_file_pointers(pointers, wanted)
            if batch.num_rows:
                yield Samples(ref, "computed", batch, carrier=carrier)
            yield from stated_in_pictures(ref, texts, options.algorithms)
    yield from sample_whole_files(large, wanted, "" if DECODING_ALGORITHMS.isdisjoint(wanted) else TOO_LARGE_TO_DECODE)


def _read_images(
    blobs: Iterable[Blob], unread: list[Unread], pointers: list[tuple[Blob, FilePointer]]
) -> Iterator[EncodedImage]:
    """Yield the image files that can be held in memory, one at a time.

    Args:
        blobs: The files.
        unread: Takes those that cannot be read.
        pointers: Takes those that are pointers of Git LFS or git-annex.
    """
    for blob in blobs:
        if blob.size <= MAX_DECODED_BYTES:
            try:
                data = blob.read()
            except Unreadable as error:
                unread.append(Unread(blob.uri, str(error), blob=blob))
                continue
            if found := parse_file_pointer(data):
                pointers.append((blob, found))
            else:
                yield EncodedImage(blob.basename, blob.uri, 0, data)


def _gradient_png() -> bytes:
    """Return an image file of 8 x 8 grays, for the reader's example."""
    pixels = b"".join(b"\0" + bytes(range(row * 16, row * 16 + 64, 8)) for row in range(8))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(pixels)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


EXAMPLES: tuple[ReaderExample, ...] = (
    ReaderExample("a picture", _gradient_png(), columns=("md5", "pdq"), options=ReadOptions(frozenset({"md5", "pdq"}))),
    ReaderExample("a picture, and no list", _gradient_png()),
)
