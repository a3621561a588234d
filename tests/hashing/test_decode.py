"""Every colour mode ends in the same luma; limits hold before decoding; hostile bytes end in a reason."""

import io
import struct
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from auditor.errors import Unreadable
from auditor.hashing import decode as module
from auditor.hashing.decode import decode_frames, decode_image
from auditor.hashing.pdq import Luma, pdq
from tests.pictures import encoded, jpeg, landscape, objects, pattern, png

REASONS = {
    module.EMPTY_FILE,
    module.UNKNOWN_FORMAT,
    module.TOO_MANY_PIXELS,
    module.SIDE_TOO_LONG,
    module.TRUNCATED,
    module.DAMAGED,
    module.OUT_OF_MEMORY,
}
RGB = landscape(5)


def why(data: bytes) -> str:
    """Why it is unreadable; "": it is not."""
    try:
        decode_image(data, gray=True)
    except Unreadable as error:
        return str(error)
    return ""


def bits_between(one: Luma, other: Luma) -> int:
    """Return how many bits of their PDQ hashes are different."""
    left, right = (int.from_bytes(pdq(luma).digest) for luma in (one, other))
    return (left ^ right).bit_count()


def bits_from_rgb(data: bytes, picture: Image.Image = RGB) -> int:
    return bits_between(decode_image(data).luma, decode_image(png(picture)).luma)


def sixteen_bits(picture: Image.Image) -> bytes:
    gray = np.asarray(picture.convert("L"), np.uint16) * 257
    return encoded(Image.fromarray(gray), "PNG")


def floating(picture: Image.Image, top: float) -> bytes:
    return encoded(Image.fromarray(np.asarray(picture.convert("L"), np.float32) * np.float32(top / 255)), "TIFF")


def whole_32_bits(picture: Image.Image) -> bytes:
    return encoded(Image.fromarray(np.asarray(picture.convert("L"), np.int32) * 8_000_000 - 1_000_000_000), "TIFF")


# FACTS of the field: after conversion every mode is within 2 bits of the RGB picture. Lossy ones, and those
# of few colours, are compared with what they hold.
MODES = {
    "gray PNG": png(RGB.convert("L")),
    "gray and alpha": png(RGB.convert("LA")),
    "RGBA": png(RGB.convert("RGBA")),
    "16-bit gray PNG": sixteen_bits(RGB),
    "floats from 0 to 1": floating(RGB, 1),
    "floats from 0 to 255": floating(RGB, 255),
    "floats from 0 to 65535": floating(RGB, 65_535),
    "32-bit whole numbers, some negative": whole_32_bits(RGB),
    "CMYK TIFF": encoded(RGB.convert("CMYK"), "TIFF"),
    "YCbCr TIFF": encoded(RGB.convert("YCbCr"), "TIFF"),
    "lossless WebP": encoded(RGB, "WEBP", lossless=True),
    "BMP": encoded(RGB, "BMP"),
    "PPM": encoded(RGB, "PPM"),
}


@pytest.mark.parametrize("mode", MODES)
def test_a_lossless_colour_mode_is_within_2_bits_of_the_rgb_picture(mode: str) -> None:
    assert bits_from_rgb(MODES[mode]) <= 2


def test_a_plain_ppm_is_decoded_however_many_comments_it_has() -> None:
    small = landscape(3, (64, 48)).convert("RGB")
    values = " ".join(str(value) for value in np.asarray(small).ravel()).encode()
    expected = decode_image(encoded(small, "PPM")).luma
    header, many = b"P3 # plain\n# a picture\n64 48\n255 # the maximum\n", b"# nothing\n" * 1_000_000
    for data in (
        header + values,
        header + values[:9000] + b" " + many + values[9000:],
        header + values + b"\n# the end",
    ):
        began = time.process_time()
        assert (decode_image(data).luma == expected).all()
        assert time.process_time() - began < 20  # Pillow alone: minutes


LOSSY = {
    "CMYK JPEG": jpeg(RGB.convert("CMYK"), 95),
    "palette PNG": png(RGB.quantize(256)),
    "palette PNG with transparency": png(RGB.quantize(255), transparency=3),
    "GIF": encoded(RGB, "GIF"),
    "RGB JPEG without conversion": jpeg(RGB, 95, keep_rgb=True),
    "LAB TIFF": encoded(RGB.convert("LAB"), "TIFF"),
    "AVIF": encoded(RGB, "AVIF", quality=90),
    "JPEG 2000": encoded(RGB, "JPEG2000"),
    "progressive JPEG": jpeg(RGB, 95, progressive=True),
    "1-bit, dithered": png(RGB.convert("1")),
}


@pytest.mark.parametrize("mode", LOSSY)
def test_a_lossy_colour_mode_is_within_10_bits_of_the_rgb_picture(mode: str) -> None:
    assert bits_from_rgb(LOSSY[mode]) <= 10


@pytest.mark.parametrize("mode", [*LOSSY, *MODES])
def test_the_rounded_gray_is_the_same_as_pillow_s(mode: str) -> None:
    data = {**LOSSY, **MODES}[mode]
    gray = decode_image(data, gray=True).gray
    assert gray is not None
    if any(word in mode for word in ("16-bit", "32-bit", "floats")):
        return  # Pillow only clips these
    with Image.open(io.BytesIO(data)) as image:
        np.testing.assert_array_equal(gray, np.asarray(image.convert("RGB").convert("L")))


def test_a_jpegs_luma_is_within_4_levels_of_that_of_its_colours() -> None:
    for draw in (landscape, pattern, objects):
        data = jpeg(draw(2).quantize(32).convert("RGB"), 85)
        colours = np.asarray(Image.open(io.BytesIO(data)).convert("L"), np.int16)
        # Colours out of range are clipped, which is why single pixels may differ by more.
        assert np.quantile(np.abs(decode_image(data).luma.astype(np.int16) - colours), 0.9) <= 4


def test_the_luma_does_not_depend_on_what_else_is_wanted() -> None:
    for data in (jpeg(RGB), png(RGB)):
        np.testing.assert_array_equal(decode_image(data).luma, decode_image(data, gray=True).luma)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("gray", [False, True])
def test_exif_orientation_is_read_and_not_applied(format: str, gray: bool) -> None:  # noqa: A002
    exif = Image.Exif()
    exif[0x0112] = 6
    found = decode_image(encoded(RGB, format, exif=exif), gray=gray)
    assert (found.orientation, found.luma.shape) == (6, (RGB.height, RGB.width))


def test_damaged_exif_leaves_the_picture_readable() -> None:
    data = jpeg(RGB)
    segment = b"\xff\xe1" + struct.pack(">H", 2 + 6 + 8) + b"Exif\0\0" + b"MM\0*\xff\xff\xff\xff"
    found = decode_image(data[:2] + segment + data[2:])
    assert (found.orientation, found.luma.shape) == (1, (RGB.height, RGB.width))


FRAMES = [landscape(seed) for seed in (6, 7, 8)]


def several(kind: str) -> bytes:
    out = io.BytesIO()
    first, *others = (frame.copy() for frame in FRAMES)  # saving leaves its settings on a picture
    first.save(out, kind, save_all=True, append_images=others)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "MPO"])
@pytest.mark.parametrize("gray", [False, True])
def test_every_frame_or_page_is_decoded(kind: str, gray: bool) -> None:
    frames = list(decode_frames(several(kind), gray=gray))
    assert [(frame.frame, frame.gap) for frame in frames] == [(1, ""), (2, ""), (3, "")]
    for frame, picture in zip(frames, FRAMES, strict=True):
        assert bits_between(frame.luma, decode_image(png(picture)).luma) <= 12


@pytest.mark.parametrize("gray", [False, True])
def test_of_several_jpegs_behind_a_damaged_header_the_first_is_decoded(gray: bool) -> None:
    data = several("MPO")
    (frame,) = decode_frames(data[:2] + b"\xff\x01" + data[2:], gray=gray)
    assert frame.gap == "only the first of its pictures was hashed: its header is damaged"
    assert bits_between(frame.luma, decode_image(png(FRAMES[0])).luma) <= 12


@pytest.mark.parametrize("before", [b"\xff\xd0", b"\xff\xd0between", (b"\xff\xfe\xff\xff" + bytes((1 << 16) - 3)) * 2])
def test_the_segment_that_names_further_jpegs_is_seen_behind_other_bytes_and_long_notes(before: bytes) -> None:
    data = several("MPO")
    assert [frame.gap for frame in decode_frames(data[:2] + before + data[2:])] == ["", "", ""]


def test_of_more_frames_than_the_limit_the_rest_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    data = several("GIF")
    monkeypatch.setattr(module, "MAX_FRAMES", 2)
    assert [frame.gap for frame in decode_frames(data)] == ["", "only the first 2 of 3 frames or pages were hashed"]
    monkeypatch.setattr(module, "MAX_PIXELS_OF_FRAMES", 2 * 480 * 360 - 1)
    assert [frame.gap for frame in decode_frames(data)] == ["only the first 1 of 3 frames or pages were hashed"]


def test_the_limits_on_frames_are_what_the_documents_say() -> None:
    assert (module.MAX_FRAMES, module.MAX_PIXELS_OF_FRAMES) == (256, 1 << 29)


def test_frames_before_a_damaged_one_are_decoded() -> None:
    data = several("TIFF")
    (frame,) = decode_frames(data[: len(data) * 2 // 5])
    assert (bits_between(frame.luma, decode_image(png(FRAMES[0])).luma), frame.gap) == (0, "truncated picture")


def test_a_later_frame_that_claims_too_many_pixels_is_a_gap() -> None:
    data = bytearray(several("GIF"))
    at = data.rfind(b"\x2c\0\0\0\0" + struct.pack("<HH", *FRAMES[0].size))
    data[at + 5 : at + 9] = struct.pack("<HH", 60_000, 60_000)
    frames = decode_frames(bytes(data))
    assert next(frames).frame == 1
    with pytest.raises(Unreadable, match="more than 64 megapixels"):
        list(frames)


@pytest.mark.parametrize("gray", [False, True])
def test_a_jpeg_that_lacks_only_its_end_is_whole_and_one_that_lacks_more_says_so(gray: bool) -> None:
    data = jpeg(RGB)
    whole = decode_image(data).luma
    found = decode_image(data[:-2], gray=gray)
    assert (found.gap, bits_between(found.luma, whole)) == ("", 0)
    cut = decode_image(data[: len(data) * 2 // 3], gray=gray)
    assert (cut.gap, cut.luma.shape) == ("truncated picture", whole.shape)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_fewer_bits_stored_in_sixteen_are_as_bright_as_the_picture(bits: int) -> None:
    gray = np.asarray(RGB.convert("L"), np.uint16)
    stored = (gray.astype(np.uint32) * ((1 << bits) - 1) // 255).astype(np.uint16)
    stored[0, 0] = (1 << bits) - 1
    luma = decode_image(encoded(Image.fromarray(stored), "PNG")).luma
    assert np.abs(luma[1:].astype(np.float32) - gray[1:]).max() <= 1


def test_a_picture_with_transparency_is_decoded_as_stored_and_as_shown() -> None:
    alpha = RGB.convert("L")
    picture = Image.merge("RGBA", (*landscape(6).split(), alpha))
    found = decode_image(png(picture), gray=True)
    assert bits_between(found.luma, decode_image(png(landscape(6))).luma) == 0
    white, black = (
        Image.alpha_composite(Image.new("RGBA", picture.size, colour), picture) for colour in ("white", "black")
    )
    expected = {"on-white": white.convert("RGB"), "on-black": black.convert("RGB"), "alpha": alpha.convert("RGB")}
    assert [view.name for view in found.views] == list(expected)
    for view in found.views:
        assert bits_between(view.luma, decode_image(png(expected[view.name])).luma) <= 2
        assert view.gray is not None


def test_a_picture_whose_transparency_hides_nothing_is_decoded_once() -> None:
    assert decode_image(png(RGB.convert("RGBA"))).views == ()


def header_only_png(width: int, height: int) -> bytes:
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(1000))))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def resized_in_header(width: int, height: int) -> bytes:
    """A JPEG whose frame header claims another size."""
    data = jpeg(RGB)
    at = data.index(b"\xff\xc0")
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


@pytest.mark.parametrize("size", [(8193, 8193), (13_000, 13_000), (60_000, 60_000)])
def test_an_image_bomb_is_refused_by_its_header(size: tuple[int, int]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert why(header_only_png(*size)) == "more than 64 megapixels, so not decoded"
        assert why(resized_in_header(*size)) == "more than 64 megapixels, so not decoded"


def test_pillow_warns_nobody_whatever_filters_come_later_and_other_filters_stay() -> None:
    with warnings.catch_warnings():
        for _ in range(2):
            warnings.filterwarnings("error")
            assert why(header_only_png(13_000, 13_000)) == "more than 64 megapixels, so not decoded"
        assert [filter_[0] for filter_ in warnings.filters[:2]] == ["ignore", "error"]
        with pytest.raises(UserWarning, match="one of the host's own"):
            warnings.warn("one of the host's own", stacklevel=1)


def test_a_side_longer_than_any_jpegs_is_refused() -> None:
    assert why(header_only_png(70_000, 10)) == "a side of more than 65,535 pixels, so not decoded"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><title>404</title>", module.UNKNOWN_FORMAT),
        (b"x", module.UNKNOWN_FORMAT),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n",
            "a Git LFS pointer: the picture itself is not here",
        ),
        (png(RGB)[:3000], "truncated picture"),
        (encoded(RGB, "GIF")[:3000], "truncated picture"),
        (b"\x89PNG\r\n\x1a\n", module.UNKNOWN_FORMAT),
        (b"\xff\xd8\xff\xe0", module.UNKNOWN_FORMAT),
    ],
)
def test_a_file_that_cannot_be_decoded_has_a_reason(data: bytes, reason: str) -> None:
    assert why(data) == reason


def test_a_jpeg_with_fill_bytes_between_its_segments_is_decoded() -> None:
    data = jpeg(RGB)
    at = data.index(b"\xff\xc0")
    assert bits_from_rgb(data[:at] + b"\0\0\0" + data[at:]) <= 10


SMALL = landscape(0, (64, 48))
SEEDS = [encoded(SMALL, name) for name in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "JPEG2000", "PPM")]


@settings(max_examples=300, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
    cut=st.floats(0, 1),
)
def test_any_damaged_file_is_read_or_ends_in_a_known_reason(
    seed: bytes, edits: list[tuple[float, int]], cut: float
) -> None:
    data = bytearray(seed)
    for where, value in edits:
        data[int(where * len(data))] = value
    assert why(bytes(data[: 1 + int(cut * len(data))])) in {"", *REASONS}


@pytest.mark.corpus
def test_every_hostile_file_of_the_decoders_own_suite_ends_in_a_picture_or_a_known_reason(corpus: Path) -> None:
    files = [
        path for path in sorted((corpus / "06-scanners-and-hostile-inputs" / "pillow").rglob("*")) if path.is_file()
    ]
    assert files
    for path in files:
        assert why(path.read_bytes()) in {"", *REASONS}, path
