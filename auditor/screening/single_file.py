"""Hash the bytes of one file as the sample that a scan would make of it, with the reason for what is not compared."""

from __future__ import annotations

import io
from collections.abc import Collection

from auditor.hashing import exact
from auditor.hashing.hash_images import DECODING_ALGORITHMS, VIDEO_DECODING_ALGORITHMS, EncodedImage, hash_images
from auditor.model import Carrier, Ref
from auditor.part_builders.file_samples import MAX_DECODED_BYTES, TOO_LARGE_TO_DECODE
from auditor.samples import COMPUTED_ALGORITHMS, Samples, build_sample_batch
from auditor.syntax.archive_members import compression_of, is_tar, is_zip, unsupported_archive
from auditor.syntax.file_content import file_content, mentions_cover_art
from auditor.syntax.file_pointer import MAX_POINTER_BYTES, is_file_pointer
from auditor.syntax.image_magic import is_image
from auditor.syntax.video_magic import video_demuxer

EMPTY = "empty"
ARCHIVE = "is an archive; scan it"
VIDEO = "is a video, whose frames are not compared here; scan it"
POINTER = "is a pointer of Git LFS or git-annex: the file itself is not here"
NO_PICTURE = "is text or numbers, no picture"
ZEROS = "is nothing but zeros"
COVER_ART = "is a sound file, whose cover art is not compared"
UNDECODED = "is a picture or document in a format that is not decoded: {}"

# A tar's first header; every other kind of file shows earlier.
_HEAD_BYTES = 512
# Netpbm: file_content calls it undecoded, because a name decides there; Pillow decodes it.
_NETPBM = "PNM"


def hash_single_file(data: bytes, algorithms: Collection[str], variants: Collection[str]) -> Samples:
    """Return the sample in these bytes with its digests; its ``gap`` is why something of it was not compared.

    A picture is decoded with the limits of :mod:`auditor.hashing.decode`. Nothing else is: of every other file only the
    exact digests are computed.

    Args:
        data: The whole file.
        algorithms: The algorithms that are wanted; those that cannot be computed from bytes are ignored.
        variants: As :func:`auditor.hashing.hash_images.hash_images` takes them.
    """
    wanted = [name for name in COMPUTED_ALGORITHMS if name in algorithms]
    carrier, why = _classify(data, algorithms)
    if why is None:
        batch = hash_images([EncodedImage("", "", 0, data)], wanted, variants)
    else:
        digests = exact.exact_digests(data, wanted) if data else {}
        columns = {"sample": [""], "place": [""], "gap": [why or None]}
        batch = build_sample_batch(columns | {name: [digests.get(name)] for name in wanted}, wanted)
    return Samples(Ref("dataset", ""), "computed", batch, carrier=carrier)


def _classify(data: bytes, algorithms: Collection[str]) -> tuple[Carrier, str | None]:
    """Return the kind of a single file, and why it is not decoded; "" if nothing needs to be, None for a picture."""
    head = data[:_HEAD_BYTES]
    if not data:
        return "other file", EMPTY
    if len(data) > MAX_DECODED_BYTES:
        return "other file", "" if DECODING_ALGORITHMS.isdisjoint(algorithms) else TOO_LARGE_TO_DECODE
    if is_image(head):
        return "picture file", None
    if video_demuxer(head):
        return "video", "" if VIDEO_DECODING_ALGORITHMS.isdisjoint(algorithms) else VIDEO
    if is_file_pointer(data[:MAX_POINTER_BYTES]):
        return "other file", POINTER
    is_tar_header = len(head) == _HEAD_BYTES and is_tar(head)
    if is_zip(head) or is_tar_header or compression_of(head) or unsupported_archive(head):
        return "other file", ARCHIVE
    content = file_content(io.BytesIO(data))
    if content.kind in ("text", "no carrier"):
        return "other file", NO_PICTURE
    if content.kind == "zeros":
        return "other file", ZEROS
    if content.kind == "sound":
        return "sound", COVER_ART if mentions_cover_art(data) else ""
    if content.kind == "undecoded" and content.name != _NETPBM:
        return "other file", "" if DECODING_ALGORITHMS.isdisjoint(algorithms) else UNDECODED.format(content.name)
    return "picture file", None
