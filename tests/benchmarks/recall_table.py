"""What is found again of an edited picture, by default and with --thorough: writes docs/seeing-through.md.

python -m tests.benchmarks.recall_table [--pictures N] [--workers N]

Pictures are drawn, edited and saved as JPEG; a picture counts as found if one of its variants lies within its threshold
of the hash of the picture before. Widths, sides and directions alternate from picture to picture. Of what is found less
often than 7 times in 10, the page names the kind alone.
"""

from __future__ import annotations

import argparse
import io
import math
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from auditor.hashing.hash_images import EncodedImage, hash_images
from auditor.hashing.orientation import DIHEDRAL_TRANSFORMS
from auditor.hashing.pdq import MIN_QUALITY, pdq
from auditor.hashing.thorough_variants import is_thorough, variant_threshold
from auditor.known.near_index import DEFAULT_THRESHOLDS
from tests.pictures import encoded, jpeg, landscape, objects, pattern

PAGE = Path(__file__).resolve().parents[2] / "docs" / "seeing-through.md"
SIZES = ((480, 360), (400, 400), (360, 480), (640, 360))
THOROUGH = ("oriented", "unpadded", "512", "dihedral", "thorough")
SHOWN_FROM = 0.7

Edit = Callable[[Image.Image, int], Image.Image]


def image_of(values: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def bordered(kind: str) -> Edit:
    def edit(image: Image.Image, seed: int) -> Image.Image:
        width = round((0.02, 0.05, 0.08, 0.12, 0.17)[seed % 5] * min(image.size))
        size = (image.height + 2 * width, image.width + 2 * width)
        if kind == "black":
            ground = np.zeros((*size, 3))
        elif kind == "noise":
            ground = np.random.RandomState(seed).uniform(0, 255, (*size, 3))
        else:
            across, down = np.linspace(0, 150, size[1])[None, :], np.linspace(0, 105, size[0])[:, None]
            ground = np.repeat((across + down)[..., None], 3, axis=2)
        framed = image_of(ground)
        framed.paste(image, (width, width))
        return framed

    return edit


def captioned(image: Image.Image, seed: int) -> Image.Image:
    """A bar with text is added above or below, light or dark, of 6 to 25 % of the height."""
    bar = round((0.06, 0.1, 0.13, 0.17, 0.21, 0.25)[seed % 6] * image.height)
    ground, ink = ("white", "black") if seed % 2 else ("black", "white")
    above = seed % 4 < 2
    whole = Image.new("RGB", (image.width, image.height + bar), ground)
    whole.paste(image, (0, bar if above else 0))
    font = ImageFont.load_default(max(8, bar // 2))
    at = (image.width // 20, bar // 6 + (0 if above else image.height))
    ImageDraw.Draw(whole).text(at, "An ordinary caption", fill=ink, font=font)
    return whole


def cropped(percent: float) -> Edit:
    """Cut this part of the width and height away, half of it at each edge."""

    def edit(image: Image.Image, seed: int) -> Image.Image:
        x, y = (percent / 200 * side for side in image.size)
        return image.crop((round(x), round(y), round(image.width - x), round(image.height - y)))

    return edit


def cut_at_one_edge(image: Image.Image, seed: int) -> Image.Image:
    box = [0, 0, *image.size]
    edge = seed % 4
    box[edge] += round((1 if edge < 2 else -1) * 0.05 * image.size[edge % 2])
    return image.crop((box[0], box[1], box[2], box[3]))


def turned(degrees: int) -> Edit:
    """Turn left or right, in the same canvas or a larger one, on black or white."""

    def edit(image: Image.Image, seed: int) -> Image.Image:
        fill = ("black", "white")[seed // 4 % 2]
        signed = degrees if seed % 2 else -degrees
        return image.rotate(signed, Image.Resampling.BICUBIC, expand=seed % 4 < 2, fillcolor=fill)

    return edit


def turned_and_cut(image: Image.Image, seed: int) -> Image.Image:
    """Turn by 3 degrees and cut away what shows the corners."""
    cos, sin = math.cos(math.radians(3)), math.sin(math.radians(3))
    share = 1 / max(cos + sin * image.height / image.width, cos + sin * image.width / image.height)
    return cropped(100 * (1 - share))(image.rotate(3, Image.Resampling.BICUBIC), seed)


def two_in_one(image: Image.Image, seed: int) -> Image.Image:
    other = landscape(seed + 50_000, image.size)
    width, height = image.size
    beside = seed % 2
    whole = Image.new("RGB", (2 * width, height) if beside else (width, 2 * height))
    parts = (image, other) if seed % 4 < 2 else (other, image)
    whole.paste(parts[0], (0, 0))
    whole.paste(parts[1], (width, 0) if beside else (0, height))
    return whole


def brightened(factor: float) -> Edit:
    return lambda image, seed: image.point(lambda value: min(255, value * factor))


def noisy(image: Image.Image, seed: int) -> Image.Image:
    values = np.asarray(image, np.float64)
    return image_of(values + np.random.RandomState(seed).normal(0, 15, values.shape))


EDITS: Mapping[str, Edit] = {
    "saved as a JPEG of quality 50": lambda image, seed: Image.open(io.BytesIO(jpeg(image, 50))).convert("RGB"),
    "halved in size": lambda image, seed: image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS),
    "made gray": lambda image, seed: image.convert("L").convert("RGB"),
    "blurred (radius 2)": lambda image, seed: image.filter(ImageFilter.GaussianBlur(2)),
    "with noise (deviation 15)": noisy,
    "stretched by a quarter": lambda image, seed: image.resize((image.width * 5 // 4, image.height)),
    "padded to a square on white": lambda image, seed: ImageOps.pad(image, (512, 512), color="white"),
    "black border, 2-17 %": bordered("black"),
    "noisy border, 2-17 %": bordered("noise"),
    "gradient border, 2-17 %": bordered("gradient"),
    "caption bar above or below, 6-25 %": captioned,
    "two in one": two_in_one,
    "inverted": lambda image, seed: ImageOps.invert(image),
    "mirrored": lambda image, seed: ImageOps.mirror(image),
    "turned by 90°": lambda image, seed: image.transpose(Image.Transpose.ROTATE_90),
    **{f"turned by {degrees}°": turned(degrees) for degrees in (1, 2, 3, 5)},
    "turned by 3° and cut to fit": turned_and_cut,
    "cropped: 2 % of the width and height": cropped(2),
    "cropped: 5 % of the width and height": cropped(5),
    "cropped: 10 % of the width and height": cropped(10),
    "cropped: 20 % of the width and height": cropped(20),
    "5 % cut off at one edge": cut_at_one_edge,
    "darkened to half": brightened(0.5),
    "brightened by 30 %": brightened(1.3),
    "brightened by 50 %": brightened(1.5),
    "brightened to double": brightened(2),
}


def second_frame(image: Image.Image, seed: int) -> bytes:
    return encoded(landscape(seed + 60_000, image.size), "GIF", save_all=True, append_images=[image])


def is_found(data: bytes, wanted: int) -> tuple[bool, bool]:
    """Return whether the picture is found by default, and with --thorough."""
    batch = hash_images([EncodedImage("", "", 0, data)], ["pdq"], THOROUGH)
    columns = (batch.column(name).to_pylist() for name in ("variant", "pdq", "quality"))
    names = [
        name
        for name, digest, quality in zip(*columns, strict=True)
        if quality >= MIN_QUALITY
        and (int.from_bytes(digest) ^ wanted).bit_count() <= min(DEFAULT_THRESHOLDS["pdq"], variant_threshold(name))
    ]
    default = [
        name for name in names if not is_thorough(name) and DIHEDRAL_TRANSFORMS.keys().isdisjoint(name.split("+"))
    ]
    return bool(default), bool(names)


def measure_picture(seed: int) -> dict[str, tuple[bool, bool]]:
    """Return what is found of one picture, by edit."""
    image = (landscape, pattern, objects)[seed % 3](seed + 20_000, SIZES[seed // 3 % len(SIZES)])
    wanted = int.from_bytes(pdq(np.asarray(Image.open(io.BytesIO(jpeg(image, 95))).convert("L"))).digest)
    edited = {name: jpeg(edit(image, seed), 85) for name, edit in EDITS.items()}
    edited["second frame of a GIF"] = second_frame(image, seed)
    return {name: is_found(data, wanted) for name, data in edited.items()}


def measure(pictures: int, workers: int) -> dict[str, tuple[float, float]]:
    """Return the shares that are found by default and with --thorough, by edit."""
    with ProcessPoolExecutor(workers) as pool:
        found = list(pool.map(measure_picture, range(pictures)))
    return {
        name: (sum(each[name][0] for each in found) / pictures, sum(each[name][1] for each in found) / pictures)
        for name in found[0]
    }


def write_page(found: Mapping[str, tuple[float, float]], pictures: int) -> str:
    """Return the page with the measured table in place of the one that it holds."""
    head = PAGE.read_text().split("<!-- measured -->")[0]

    def share(value: float) -> str:
        return f"{math.floor(value * 1000) / 10:.1f} %" if value >= SHOWN_FROM else "below 70 %"

    rows = [
        f"| {name} | {share(default)} | {share(thorough)} |"
        for name, (default, thorough) in found.items()
        if thorough >= SHOWN_FROM
    ]
    missed = [name for name, (_, thorough) in found.items() if thorough < SHOWN_FROM]
    return (
        f"{head}<!-- measured -->\n"
        f"Of {pictures:,} drawn pictures each, after the edit and saving as JPEG:\n\n"
        "| edit | found by default | found with `--thorough` |\n|---|---|---|\n"
        + "\n".join(rows)
        + "\n\nFound less often than 7 times in 10, or not at all: "
        + "; ".join(missed)
        + ".\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    page = write_page(measure(options.pictures, options.workers), options.pictures)
    PAGE.write_text(page)
    sys.stdout.write(page.split("<!-- measured -->\n")[1])


if __name__ == "__main__":
    main()
