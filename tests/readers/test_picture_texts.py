"""Addresses and digests in a picture's metadata, after its end, or in a short file name are compared."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from auditor.blob import Blob
from auditor.part_builders.read_options import ReadOptions
from auditor.part_builders.text_contents import read_file_name
from auditor.readers import image_files
from auditor.samples import Samples
from tests.pictures import jpeg, landscape

URL = "https://a.example/hills/7.jpg"
MD5 = hashlib.md5(b"hills").digest()
PICTURE = landscape(7, (96, 72))


def with_jpeg_comment(text: bytes) -> bytes:
    out = io.BytesIO()
    PICTURE.save(out, "JPEG", comment=text)
    return out.getvalue()


def with_exif(tag: int, value: object) -> bytes:
    exif, out = Image.Exif(), io.BytesIO()
    exif[tag] = value
    PICTURE.save(out, "JPEG", exif=exif)
    return out.getvalue()


def with_png_text(text: str, *, is_packed: bool) -> bytes:
    info, out = PngImagePlugin.PngInfo(), io.BytesIO()
    info.add_text("Source", text, zip=is_packed)
    PICTURE.save(out, "PNG", pnginfo=info)
    return out.getvalue()


def stated(folder: Path, data: bytes) -> set[tuple[str, object]]:
    """The addresses and digests that are declared by a picture file's metadata."""
    path = folder / "a.img"
    path.write_bytes(data)
    blob = Blob(str(path), path.name, len(data), "dataset", "hills")
    found: set[tuple[str, object]] = set()
    for item in image_files.read([blob], ReadOptions(frozenset({"md5", "url"}))):
        if isinstance(item, Samples) and item.basis == "declared":
            assert item.already_counted
            assert set(item.batch["sample"].to_pylist()) == {"a.img"}
            for name in ("url", "md5"):
                if name in item.algorithms or name == "url":
                    found |= {(name, value) for value in item.batch[name].to_pylist() if value}
    return found


@pytest.mark.parametrize(
    "data",
    [
        with_jpeg_comment(f"{URL} {MD5.hex()}".encode()),
        with_exif(0x010E, f"{URL} {MD5.hex()}"),
        with_exif(0x9C9C, f"{URL} {MD5.hex()}".encode("utf-16-le")),
        with_png_text(f"{URL} {MD5.hex()}", is_packed=False),
        with_png_text(f"{URL} {MD5.hex()}", is_packed=True),
        jpeg(PICTURE) + f"{URL} {MD5.hex()}".encode(),
    ],
    ids=["JPEG comment", "EXIF", "EXIF in UTF-16", "PNG text", "packed PNG text", "tail"],
)
def test_what_a_picture_states_beside_its_pixels_is_compared(tmp_path: Path, data: bytes) -> None:
    assert {("url", URL), ("md5", MD5)} <= stated(tmp_path, data)


def test_an_ordinary_picture_states_nothing(tmp_path: Path) -> None:
    assert stated(tmp_path, jpeg(PICTURE)) == set()


def test_a_short_file_name_that_is_an_escaped_address_is_compared() -> None:
    blob = Blob("http%3A%2F%2Fa.io%2Fb.jpg", "http%3A%2F%2Fa.io%2Fb.jpg", 1, "dataset", "hills")
    (samples,) = read_file_name(blob, frozenset({"url"}))
    assert samples.batch["url"].to_pylist() == ["http://a.io/b.jpg"]
