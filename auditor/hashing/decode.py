"""Decode image files to the luma that is hashed, with limits that are checked before anything is decoded."""

from __future__ import annotations

import io
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from auditor.errors import Unreadable
from auditor.hashing.pdq import Luma

# 64 megapixels, so that an image bomb of a few hundred bytes cannot allocate gigabytes.
MAX_PIXELS = 1 << 26
# The longest side of a JPEG. The matrix of a PDQ filter grows with the side, and no real picture is longer.
MAX_SIDE = 65_535
# The formats that untrusted bytes are decoded as; the names are Pillow's.
ALLOWED_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM")
# Pillow takes minutes for a plain PBM, PGM or PPM file of some megabytes of comments, which say nothing of the picture.
_PLAIN_PPM = (b"P1", b"P2", b"P3")
_PPM_COMMENTS = re.compile(rb"(?:#[^\r\n]*(?:[\r\n]+|\Z))+")

# Frames or pages of one file that are hashed, and the pixels of all of them together.
MAX_FRAMES = 256
MAX_PIXELS_OF_FRAMES = 1 << 29

EMPTY_FILE = "empty"
UNKNOWN_FORMAT = "not a picture in a format that is read here, or its header is damaged"
LFS_POINTER = "a Git LFS pointer: the picture itself is not here"
TOO_MANY_PIXELS = "more than 64 megapixels, so not decoded"
SIDE_TOO_LONG = "a side of more than 65,535 pixels, so not decoded"
TRUNCATED = "truncated picture"
DAMAGED = "damaged picture, cannot be decoded"
OUT_OF_MEMORY = "not enough memory to decode it"
FIRST_PICTURE_ONLY = "only the first of its pictures was hashed: its header is damaged"
SOME_FRAMES_ONLY = "only the first {} of {} frames or pages were hashed"

# What Pillow's decoders raise on damaged files, besides MemoryError: found by mutating small files of every
# format above, and (the last line) in its changelog.
_DECODER_ERRORS = (
    *(OSError, SyntaxError, ValueError, LookupError, RuntimeError, struct.error),
    *(EOFError, TypeError, AttributeError, ArithmeticError, zlib.error),
)
_LUMA_WEIGHTS = np.array((0.299, 0.587, 0.114), np.float32)
_BLOCK_ROWS = 256
_EXIF_ORIENTATION_TAG = 0x0112
# As `warnings.filters` holds it.
_PILLOW_WARNINGS = ("ignore", None, Warning, re.compile(r"PIL\."), 0)
_JPEG_END = b"\xff\xd9"
# A JPEG of several pictures (CIPA DC-007) has a segment of this name before the first one.
_MPF_NAME = b"MPF\0"
_EXIF_NAME = b"Exif\0\0"
_MARKERS_WITHOUT_SEGMENT = frozenset((0x00, 0x01, *range(0xD0, 0xDA)))


@dataclass(frozen=True, slots=True)
class DecodedView:
    """A picture with transparency as it is shown on a background, or its transparency alone.

    ``name``: ``on-white``, ``on-black`` or ``alpha``. ``luma`` and ``gray`` are as in DecodedImage.
    """

    name: str
    luma: Luma
    gray: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """A picture, or one frame of it, as it is stored.

    ``luma`` is (height, width), 0-255, without transparency. ``gray`` is the same as whole numbers, rounded as Pillow
    rounds, or None if it was not requested. ``orientation`` is the EXIF value; it has not been applied. ``gap`` names
    which part of the file was not decoded. ``frame`` counts from 1. ``views`` show a partly transparent picture.
    """

    luma: Luma
    gray: NDArray[np.uint8] | None = None
    orientation: int = 1
    gap: str = ""
    frame: int = 1
    views: tuple[DecodedView, ...] = ()


def decode_image(data: bytes, *, gray: bool = False) -> DecodedImage:
    """Return the picture in these bytes, of several frames the first.

    Raises:
        Unreadable: with one of a few fixed reasons.
    """
    return next(decode_frames(data, gray=gray))


def decode_frames(data: bytes, *, gray: bool = False) -> Iterator[DecodedImage]:
    """Yield each frame or page of the picture in these bytes, up to MAX_FRAMES; the last one's gap names the rest.

    Raises:
        Unreadable: with one of a few fixed reasons. Frames that were yielded before stand.
    """
    if not data:
        raise Unreadable(EMPTY_FILE)
    if data.startswith(b"version https://git-lfs.github.com/spec/"):
        raise Unreadable(LFS_POINTER)
    luma, gap = _jpeg_luma(data) if data.startswith(b"\xff\xd8\xff") else (None, "")
    _ignore_warnings_of_pillow()
    is_several = luma is not None and not gap and _has_segment(data, 0xE2, _MPF_NAME)
    if luma is not None and (gap or not (gray or is_several)):
        yield DecodedImage(luma, luma if gray else None, _jpeg_orientation(data), gap)
        return
    if luma is not None and not data.endswith(_JPEG_END):
        data += _JPEG_END
    if data.startswith(_PLAIN_PPM):
        data = _PPM_COMMENTS.sub(b"\n", data)
    try:
        image = Image.open(io.BytesIO(data), formats=_available_formats())
    except Image.DecompressionBombError as error:
        raise Unreadable(TOO_MANY_PIXELS) from error
    except (MemoryError, *_DECODER_ERRORS) as error:
        if luma is None:
            raise Unreadable(UNKNOWN_FORMAT) from error
        yield DecodedImage(luma, luma if gray else None, gap=FIRST_PICTURE_ONLY if is_several else "")
        return
    try:
        with image:
            yield from _frames(image, luma, gap, gray)
    except Image.DecompressionBombError as error:  # of a later frame
        raise Unreadable(TOO_MANY_PIXELS) from error
    except MemoryError as error:
        raise Unreadable(OUT_OF_MEMORY) from error
    except _DECODER_ERRORS as error:
        raise Unreadable(TRUNCATED if "truncated" in str(error) else DAMAGED) from error


def _ignore_warnings_of_pillow() -> None:
    """Ignore what Pillow warns of while it decodes; the gap reports it.

    All threads share the filters: one for the time of a call could be put back by another, and stay.
    """
    if warnings.filters[:1] != [_PILLOW_WARNINGS]:
        warnings.filterwarnings("ignore", module=_PILLOW_WARNINGS[3].pattern)


def decode_pixels(pixels: NDArray[Any], *, gray: bool = False) -> DecodedImage:
    """Return a picture that is stored as an array of pixels.

    Args:
        pixels: (height, width), or (height, width, channels) with 1 to 4 channels: gray or RGB, the last of 2 or 4
            transparency. Values other than bytes are scaled as those of pictures of 16 bits or more.
        gray: The rounded form is wanted too.

    Raises:
        Unreadable: It is too large.
    """
    _check_size(pixels.shape[1], pixels.shape[0])
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.dtype == np.uint8:
        image = Image.fromarray(np.ascontiguousarray(pixels))
        plane, whole = _luma_and_gray(image, None, gray)
        return DecodedImage(plane, whole, views=_shown(image, gray))
    scaled = _scale_to_8_bits(pixels)
    if scaled.ndim == 3:
        scaled = scaled[:, :, :3] @ _LUMA_WEIGHTS if scaled.shape[2] > 2 else scaled[:, :, 0]
    return DecodedImage(scaled, np.rint(scaled).astype(np.uint8) if gray else None)


def _frames(image: Image.Image, luma: Luma | None, gap: str, gray: bool) -> Iterator[DecodedImage]:
    """Yield the frames of an opened picture as decoded; ``luma`` is the first one's where that is decoded already."""
    try:
        count = int(getattr(image, "n_frames", 1))
    except (Image.DecompressionBombError, *_DECODER_ERRORS) as error:  # the first may be whole all the same
        count, gap = 1, TOO_MANY_PIXELS if isinstance(error, Image.DecompressionBombError) else TRUNCATED
        image.seek(0)
    pixels = 0
    for number in range(1, count + 1):
        if number > 1:
            image.seek(number - 1)
        _check_size(*image.size)
        pixels += image.width * image.height
        last = number in (count, MAX_FRAMES) or pixels + image.width * image.height > MAX_PIXELS_OF_FRAMES
        if last and number < count:
            gap = SOME_FRAMES_ONLY.format(f"{number:,}", f"{count:,}")
        if luma is None or gray or number > 1:
            image.load()
        plane, whole = _luma_and_gray(image, luma if number == 1 else None, gray)
        orientation = _exif_orientation(image) if number == 1 else 1
        yield DecodedImage(plane, whole, orientation, gap, number, _shown(image, gray))
        if last:
            return


def _shown(image: Image.Image, gray: bool) -> tuple[DecodedView, ...]:
    """Return how a decoded picture that is in part transparent is shown on white and on black, and its transparency."""
    if not image.has_transparency_data:
        return ()
    rgba = image.convert("RGBA")
    alpha = rgba.getchannel("A")
    low, high = cast("tuple[int, int]", alpha.getextrema())
    if low == 255:
        return ()
    views = []
    for name, background in (("on-white", (255, 255, 255, 255)), ("on-black", (0, 0, 0, 255))):
        shown = Image.alpha_composite(Image.new("RGBA", rgba.size, background), rgba).convert("RGB")
        luma, whole = _luma_and_gray(shown, None, gray)
        views.append(DecodedView(name, luma, whole))
    if high > low:
        plane: NDArray[np.uint8] = np.asarray(alpha)
        views.append(DecodedView("alpha", plane, plane if gray else None))
    return tuple(views)


@cache
def _available_formats() -> tuple[str, ...]:
    """Return the formats that this build of Pillow can decode; Pillow raises KeyError for others."""
    Image.init()
    return tuple(name for name in ALLOWED_FORMATS if name in Image.OPEN)


def _check_size(width: int, height: int) -> None:
    """Raise Unreadable if the picture to decode is larger than the limits."""
    if width * height > MAX_PIXELS:
        raise Unreadable(TOO_MANY_PIXELS)
    if max(width, height) > MAX_SIDE:
        raise Unreadable(SIDE_TOO_LONG)


def _jpeg_luma(data: bytes) -> tuple[NDArray[np.uint8] | None, str]:
    """Decode the stored luma of a JPEG in full size, without computing colours; return also which part is missing.

    The luma is None if the picture must be decoded by Pillow.
    """
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
        # CMYK and YCCK hold no luma; RGB is converted as every other RGB picture is.
        if colours not in {"YCbCr", "Gray"}:
            return None, ""
        _check_size(width, height)
        # The end of a download is often lost: with the end mark alone missing, the picture is whole.
        for end, strict, gap in ((b"", True, ""), (_JPEG_END, True, ""), (_JPEG_END, False, TRUNCATED)):
            try:
                luma: NDArray[np.uint8] = simplejpeg.decode_jpeg(data + end, colorspace="GRAY", strict=strict)[:, :, 0]
            except ValueError:
                continue
            return luma, gap
    except ValueError:
        return None, ""
    except MemoryError as error:
        raise Unreadable(OUT_OF_MEMORY) from error
    return None, ""


def _jpeg_orientation(data: bytes) -> int:
    """Return the EXIF orientation of a JPEG file to decode, or 1."""
    # Opening the file with Pillow to find out would cost as much as hashing it.
    if not _has_segment(data, 0xE1, _EXIF_NAME):
        return 1
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            return _exif_orientation(image)
    except _DECODER_ERRORS:
        return 1


def _has_segment(data: bytes, marker: int, name: bytes) -> bool:
    """Return whether a JPEG file to decode has a segment of this marker and name before the image data.

    As decoders do, it passes over bytes between segments that belong to none.
    """
    at = 2
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data) and data[at + 1] != 0xDA:
        if data[at + 1] == marker and data.startswith(name, at + 4):
            return True
        if data[at + 1] == 0xFF:  # any number of them may stand before a marker (ITU T.81, B.1.1.2)
            at += 1
        elif data[at + 1] in _MARKERS_WITHOUT_SEGMENT:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return False


def _exif_orientation(image: Image.Image) -> int:
    """Return the EXIF orientation; 1 if metadata is damaged, which does not make the picture undecodable."""
    try:
        orientation = image.getexif().get(_EXIF_ORIENTATION_TAG, 1)
    except _DECODER_ERRORS:
        return 1
    return orientation if isinstance(orientation, int) else 1


def _luma_and_gray(image: Image.Image, luma: Luma | None, gray: bool) -> tuple[Luma, NDArray[np.uint8] | None]:
    """Return the luma of a decoded picture of any mode, and its rounded form if ``gray``; transparency is dropped."""
    if image.mode.startswith(("I", "F")):
        plane = _scale_to_8_bits(np.asarray(image))
        return plane, np.rint(plane).astype(np.uint8) if gray else None
    if image.mode in {"1", "L", "LA", "La"}:
        whole: NDArray[np.uint8] = np.asarray(image.convert("L"))
        return whole, whole if gray else None
    rgb = image if image.mode == "RGB" else image.convert("RGBA" if image.mode == "RGBa" else "RGB").convert("RGB")
    whole_gray = np.asarray(rgb.convert("L")) if gray else None
    return (_luma_of_rgb(rgb) if luma is None else luma), whole_gray


def _luma_of_rgb(rgb: Image.Image) -> NDArray[np.float32]:
    """Return the luma of a decoded picture, not rounded, with the colour weights of PDQ's reference; block by block."""
    width, height = rgb.size
    luma = np.empty((height, width), np.float32)
    for top in range(0, height, _BLOCK_ROWS):
        block = np.asarray(rgb.crop((0, top, width, min(height, top + _BLOCK_ROWS))), np.float32)
        np.matmul(block, _LUMA_WEIGHTS, out=luma[top : top + _BLOCK_ROWS])
    return luma


def _scale_to_8_bits(plane: NDArray[Any]) -> NDArray[np.float32]:
    """Scale a decoded plane of 16 or 32 bits, integer or float, to 0-255: by its nominal range, or else by its own."""
    values = np.nan_to_num(plane.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    if plane.dtype == np.uint16 or (low >= 0 and 255 < high <= 65_535):
        # Scanners and cameras store 10, 12 or 14 bits in 16.
        bits = next(bits for bits in (8, 10, 12, 14, 16) if high < 1 << bits)
        return values * np.float32(255 / ((1 << bits) - 1))
    if plane.dtype.kind == "f" and low >= 0 and high <= 1:
        return values * np.float32(255)
    if low >= 0 and high <= 255:
        return values
    return (values - np.float32(low)) * np.float32(255 / (high - low))
