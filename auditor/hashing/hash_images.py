"""Hash many images and videos into one batch of samples, with the wanted digests of the wanted variants."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from auditor.errors import Unreadable
from auditor.hashing import exact, pdq, perceptual
from auditor.hashing.border_detection import find_content_box
from auditor.hashing.decode import EMPTY_FILE, OUT_OF_MEMORY, DecodedImage, decode_frames, decode_pixels
from auditor.hashing.decode_video import decode_video
from auditor.hashing.orientation import DIHEDRAL_TRANSFORMS, apply_exif_orientation, exif_changes_orientation
from auditor.hashing.text_content import find_encoded_files
from auditor.hashing.thorough_variants import thorough_hashes
from auditor.samples import SAMPLE_FIELDS, VIDEO_ALGORITHMS, VIDEO_FRAME, VPDQ, build_sample_batch
from auditor.syntax.embedded_pictures import MIN_PICTURE_BYTES, MIN_TEXT_BYTES, PictureText, picture_content
from auditor.syntax.image_magic import is_image

DECODING_ALGORITHMS = frozenset(("pdq", *perceptual.PERCEPTUAL_ALGORITHMS))
VIDEO_DECODING_ALGORITHMS = DECODING_ALGORITHMS | {VPDQ}


# Pictures within one picture that are hashed: thumbnails, previews, pictures after its end.
MAX_EMBEDDED = 16
TOO_MANY_EMBEDDED = f"more than {MAX_EMBEDDED} pictures within it: not read"
AFTER_END = "{:,} bytes after its end: not read"
# So many bytes after a picture's end are searched as text; that there are more than some is said.
MAX_TEXT_BYTES = 1 << 16
IN_METADATA = "an encoded file in its metadata: not read"


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An image as a file or a table's cell holds it, and where that is.

    ``original`` is the (width, height) that a dataset tool's metadata gives for the picture before it was resized and
    padded, or None if it is not given.
    """

    sample: str
    place: str
    row: int
    data: bytes
    original: tuple[int, int] | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PixelImage:
    """An image that is stored as an array of pixels, and where that is; it has no bytes, and so no exact digests.

    ``pixels`` is as :func:`auditor.hashing.decode.decode_pixels` takes it.
    """

    sample: str
    place: str
    row: int
    pixels: NDArray[Any]
    original: tuple[int, int] | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class EncodedVideo:
    """A video as a file or a table's cell holds it, and where that is; ``file`` can be seeked, and stays open."""

    sample: str
    place: str
    row: int
    file: BinaryIO
    original: tuple[int, int] | None = None
    url: str | None = None


Hashable = EncodedImage | PixelImage | EncodedVideo


def hash_images(
    images: Iterable[Hashable],
    algorithms: Collection[str],
    variants: Collection[str],
    texts: list[PictureText] | None = None,
) -> pa.RecordBatch:
    """Return a batch with a row of hashes for each image, in order, followed by the rows of its variants.

    The batch has :data:`auditor.samples.SAMPLE_FIELDS` and a column for each algorithm that can be computed from bytes.
    Exact digests are in the rows of variant "" and of embedded pictures only. ``gap`` is why a picture has no
    perceptual digest (it still has its exact ones), or which part of it was not hashed. Nothing is decoded unless a
    perceptual algorithm is wanted.

    A picture within the picture's bytes (a thumbnail, one after its end) is a variant ``embedded-1`` with digests of
    its own.

    Each hashed frame of a video is a variant that is named by its second (``second-12``). They come before the row of
    variant "", whose perceptual hashes are those of the first frame of enough detail: a hit on both names the second.

    Args:
        images: The images; they are taken one at a time.
        algorithms: The algorithms that are wanted; unknown ones are ignored.
        variants: ``oriented`` (EXIF applied, if it changes the picture), ``unpadded`` (without its border, if it has
            one), ``512`` (the PDQ of the C++ tool, which differs if a side is above 512) and ``dihedral``
            (``rotate-90``, ``flip-x``, …). Variants combine: ``unpadded+rotate-90+512``. ``thorough`` adds the PDQ of
            the picture with common edits undone (:mod:`auditor.hashing.thorough_variants`).
        texts: Takes the metadata of each picture, and what follows its end, to be searched as texts.
    """
    wanted = [name for name in VIDEO_ALGORITHMS if name in algorithms or (name == "pdq" and VPDQ in algorithms)]
    rows = _BatchBuilder(wanted)
    for image in images:
        is_empty = isinstance(image, EncodedImage) and not image.data
        known = _exact_digests(image, wanted)
        embedded, unread, text = _embedded_pictures(image) if wanted else ((), "", b"")
        if text and texts is not None:
            texts.append(PictureText(image.sample, image.place, image.row, text))
        for number, data in enumerate(embedded, 1):
            part = EncodedImage(image.sample, image.place, image.row, data, url=image.url)
            _add_embedded(rows, part, f"embedded-{number}", wanted)
        if DECODING_ALGORITHMS.isdisjoint(wanted):
            rows.add(image, "", known, gap=EMPTY_FILE if wanted and is_empty else unread)
            continue
        hashed, gap = _hash_frames(image, wanted, variants)
        gap = "; ".join(filter(None, (gap, unread)))
        if not hashed:
            rows.add(image, "", known, gap=gap)
        for variant, found, quality in hashed:
            if variant:
                rows.add(image, variant, found, quality)
            else:
                rows.add(image, "", {**known, **found}, quality, gap)
    return build_sample_batch(rows.columns, wanted)


def _embedded_pictures(image: Hashable) -> tuple[tuple[bytes, ...], str, bytes]:
    """Return what an image's bytes hold beside the image.

    Returns:
        The pictures within it that are hashed too, such as thumbnails; what of them is not; and the metadata of all,
        with what follows their ends.
    """
    if not isinstance(image, EncodedImage):
        return (), "", b""
    found: list[bytes] = []
    texts: list[bytes] = []
    waiting, gap = [image.data], ""
    while waiting and len(found) <= MAX_EMBEDDED:
        content = picture_content(waiting.pop())
        texts += (*content.metadata, content.rest[:MAX_TEXT_BYTES])
        encoded = [one for metadata in content.metadata for one in find_encoded_files(metadata, is_text=False)]
        pictures = [*content.pictures, *(one.data for one in encoded if is_image(one.data))]
        if any(not is_image(one.data) for one in encoded):
            gap = IN_METADATA
        if len(content.rest) >= MIN_PICTURE_BYTES:
            gap = AFTER_END.format(len(content.rest))
        found += pictures
        waiting += pictures
    gap = TOO_MANY_EMBEDDED if len(found) > MAX_EMBEDDED else gap
    return tuple(found[:MAX_EMBEDDED]), gap, b"\n".join(text for text in texts if len(text) >= MIN_TEXT_BYTES)


def _add_embedded(rows: _BatchBuilder, image: EncodedImage, variant: str, wanted: Collection[str]) -> None:
    """Append a picture that lies within a hashed image as a variant of that, with its exact digests."""
    digests, quality = dict(_exact_digests(image, wanted)), None
    if not DECODING_ALGORITHMS.isdisjoint(wanted):
        hashed, _ = _hash_frames(image, wanted, ())
        if hashed:
            digests |= hashed[0][1]
            quality = hashed[0][2]
    rows.add(image, variant, digests, quality)


def _exact_digests(image: Hashable, wanted: Collection[str]) -> Mapping[str, bytes]:
    """Return the exact digests of an image's bytes; none of pixels and of an empty file."""
    if isinstance(image, EncodedVideo):
        image.file.seek(0)
        return exact.exact_digests_of_stream(image.file, wanted)
    return exact.exact_digests(image.data, wanted) if isinstance(image, EncodedImage) and image.data else {}


class _BatchBuilder:
    """Collects the columns of a batch, row by row."""

    def __init__(self, wanted: Collection[str]) -> None:
        self.columns: dict[str, list[object]] = {name: [] for name in (*(f.name for f in SAMPLE_FIELDS), *wanted)}
        self._wanted = tuple(wanted)

    def add(
        self,
        image: Hashable,
        variant: str,
        digests: Mapping[str, bytes],
        quality: int | None = None,
        gap: str = "",
    ) -> None:
        """Append a row to the hashed batch: one variant of an image and its digests."""
        cells = (image.sample, image.place, image.row, image.url, quality, variant, gap or None)
        for field, cell in zip(SAMPLE_FIELDS, cells, strict=True):
            self.columns[field.name].append(cell)
        for name in self._wanted:
            self.columns[name].append(digests.get(name))


def _frames(image: Hashable, *, gray: bool) -> Iterator[tuple[str, DecodedImage]]:
    """Yield the frames of an image that is to be hashed, each with the name of its variant; the first one's is ""."""
    if isinstance(image, EncodedVideo):
        for frame in decode_video(image.file, gray=gray):
            stream = f"stream-{frame.stream + 1}" if frame.stream else ""
            yield _variant_name(stream, f"second-{frame.second}"), frame.image
    elif isinstance(image, EncodedImage):
        for number, decoded in enumerate(decode_frames(image.data, gray=gray), 1):
            yield f"frame-{number}" if number > 1 else "", decoded
    else:
        yield "", decode_pixels(image.pixels, gray=gray)


HashedVariant = tuple[str, Mapping[str, bytes], int | None]


def _hash_frames(
    image: Hashable, wanted: Collection[str], variants: Collection[str]
) -> tuple[list[HashedVariant], str]:
    """Hash the variants of each frame, each set of digests once; return which part of the picture was not hashed."""
    hashed: list[HashedVariant] = []
    seen: set[tuple[bytes, ...]] = set()
    gap, number = "", 0
    try:
        gray = not set(perceptual.PERCEPTUAL_ALGORITHMS).isdisjoint(wanted)
        for number, (prefix, frame) in enumerate(_frames(image, gray=gray), 1):  # noqa: B007
            gap = frame.gap or gap
            for name, digests, quality in _hash_variants(frame, image.original, wanted, variants):
                key = tuple(digests.values())
                if not prefix or key not in seen:
                    hashed.append((_variant_name(prefix, name), digests, quality))
                seen.add(key)
    except Unreadable as error:
        is_part = hashed and not isinstance(image, EncodedVideo)
        gap = gap or (f"{error}, after frame {number}" if is_part else str(error))
    except MemoryError:
        gap = gap or OUT_OF_MEMORY
    if hashed and isinstance(image, EncodedVideo):
        _, digests, quality = next((one for one in hashed if (one[2] or 0) >= pdq.MIN_QUALITY), hashed[0])
        frames = _frames_of_quality(hashed) if VPDQ in wanted else {}
        hashed.append(("", {**digests, **frames}, quality))
    return hashed, gap


def _frames_of_quality(hashed: Iterable[HashedVariant]) -> Mapping[str, bytes]:
    """Return the digest that names a hashed video by its frames as vPDQ takes them: as stored, of enough quality."""
    frames = [
        digests["pdq"]
        for name, digests, quality in hashed
        if VIDEO_FRAME.fullmatch(name) and (quality or 0) >= pdq.MIN_QUALITY
    ]
    return {VPDQ: hashlib.sha256(b"".join(dict.fromkeys(frames))).digest()}


def _hash_variants(
    decoded: DecodedImage, original: tuple[int, int] | None, wanted: Collection[str], variants: Collection[str]
) -> Iterator[HashedVariant]:
    """Yield the name, perceptual digests and PDQ quality of each variant of an image; as stored comes first."""
    luma, gray = decoded.luma, decoded.gray
    yield from _hash_orientations("", luma, gray, wanted, variants, dihedral="dihedral" in variants)
    if "oriented" in variants and exif_changes_orientation(decoded.orientation):
        shown = None if gray is None else apply_exif_orientation(gray, decoded.orientation)
        # The dihedral variants of the stored picture include those of this one.
        yield from _hash_orientations(
            "oriented", apply_exif_orientation(luma, decoded.orientation), shown, wanted, variants, dihedral=False
        )
    for view in decoded.views:
        yield from _hash_orientations(
            view.name, view.luma, view.gray, wanted, variants, dihedral="dihedral" in variants
        )
    box = find_content_box(luma, original) if "unpadded" in variants else None
    if box is not None:
        inside = (slice(box[0], box[1]), slice(box[2], box[3]))
        shown = None if gray is None else gray[inside]
        yield from _hash_orientations(
            "unpadded", luma[inside], shown, wanted, variants, dihedral="dihedral" in variants
        )
    if "thorough" in variants and "pdq" in wanted:
        for name, digest, quality in thorough_hashes(apply_exif_orientation(luma, decoded.orientation)):
            yield name, {"pdq": digest}, quality


def _hash_orientations(
    name: str,
    luma: pdq.Luma,
    gray: NDArray[np.uint8] | None,
    wanted: Collection[str],
    variants: Collection[str],
    *,
    dihedral: bool,
) -> Iterator[HashedVariant]:
    """Yield an image's variant, its dihedral variants, and those of PDQ's other convention (scaled to 512 first)."""
    spectrum, quality = pdq.pdq_spectrum(luma) if "pdq" in wanted else (None, None)
    own = {} if spectrum is None else {"pdq": pdq.hash_spectrum(spectrum)}
    yield name, {**own, **_perceptual_hashes(gray, wanted)}, quality
    if dihedral:
        turns = {} if spectrum is None else pdq.dihedral_hashes(spectrum)
        for turn, view in DIHEDRAL_TRANSFORMS.items():
            digests = {"pdq": turns[turn]} if turn in turns else {}
            shown = None if gray is None else view(gray)
            yield _variant_name(name, turn), {**digests, **_perceptual_hashes(shown, wanted)}, quality
    if spectrum is not None and "512" in variants and max(luma.shape) > pdq.SCALED_SIDE:
        spectrum, quality = pdq.pdq_spectrum(pdq.scale_to_square(luma))
        yield _variant_name(name, "512"), {"pdq": pdq.hash_spectrum(spectrum)}, quality
        if dihedral:
            for turn, digest in pdq.dihedral_hashes(spectrum).items():
                yield _variant_name(name, turn, "512"), {"pdq": digest}, quality


def _perceptual_hashes(gray: NDArray[Any] | None, wanted: Collection[str]) -> Mapping[str, bytes]:
    """Hash a gray plane of an image by pHash and dHash; return nothing if there is none."""
    return {} if gray is None else perceptual.perceptual_hashes(Image.fromarray(np.ascontiguousarray(gray)), wanted)


def _variant_name(*parts: str) -> str:
    """Join the parts of a hashed variant's name with ``+``, without the empty ones."""
    return "+".join(part for part in parts if part)
