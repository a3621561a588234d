"""Pictures of the reference's own test set are found again in a list of their published hashes, whatever was done."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from auditor.hashing.hash_images import EncodedImage, hash_images
from auditor.known.compiled_list import CompiledList
from auditor.known.entries import make_entries
from auditor.known.matcher import Matcher, MatchResult
from auditor.model import Ref
from auditor.samples import Samples

MakeList = Callable[..., CompiledList]
VARIANTS = frozenset({"oriented", "unpadded", "512"})  # what a scan does unless it is told otherwise
pytestmark = pytest.mark.corpus


@pytest.fixture(scope="module")
def published_hashes(corpus: Path) -> dict[str, str]:
    """The C++ tool's hash by file, for pictures of quality 50 and more."""
    with (corpus / "01-pdq/expected/computed_reference_cpp_and_pypi.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["cpp_original"] and int(row["quality_cpp"]) >= 50]
    return {row["path"]: row["cpp_original"] for row in rows}


@pytest.fixture
def known(published_hashes: dict[str, str], make_list: MakeList) -> CompiledList:
    return make_list(make_entries("pdq", [bytes.fromhex(digest) for digest in published_hashes.values()]))


def matched(known: CompiledList, images: list[EncodedImage], variants: frozenset[str] = VARIANTS) -> MatchResult:
    batch = hash_images(images, ["pdq"], variants)
    return Matcher((known,)).match(Samples(Ref("dataset", "pictures"), "computed", batch))


def matching_names(known: CompiledList, images: list[EncodedImage], variants: frozenset[str] = VARIANTS) -> set[str]:
    return set(matched(known, images, variants).hits.column("sample").to_pylist())


def jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=quality)
    return out.getvalue()


def test_every_picture_of_quality_50_is_found_by_its_published_hash(
    corpus: Path, published_hashes: dict[str, str], known: CompiledList
) -> None:
    images = [EncodedImage(path, path, 0, (corpus / "01-pdq" / path).read_bytes()) for path in published_hashes]
    result = matched(known, images)
    assert set(result.hits.column("sample").to_pylist()) == set(published_hashes)
    assert result.coverage["compared by pdq"] == len(published_hashes)


def test_a_picture_of_lower_quality_is_counted_as_unmatchable(corpus: Path, known: CompiledList) -> None:
    data = (corpus / "01-pdq/pdq/data/misc-images/small.jpg").read_bytes()
    result = matched(known, [EncodedImage("small.jpg", "small.jpg", 0, data)])
    assert result.hits.num_rows == 0
    assert result.coverage == {"unmatchable: quality below 50": 1}


def test_dihedral_forms_are_found_from_the_original_alone(corpus: Path, make_list: MakeList) -> None:
    folder = corpus / "01-pdq/pdq/data/reg-test-input/dih"
    paths = sorted(folder.glob("bridge-*.jpg"))
    (original,) = hash_images([EncodedImage("o", "o", 0, paths[0].read_bytes())], ["pdq"], ()).column("pdq").to_pylist()
    known = make_list(make_entries("pdq", [original]))
    images = [EncodedImage(path.name, path.name, 0, path.read_bytes()) for path in paths]
    assert len(paths) == 8
    assert matching_names(known, images, frozenset({"dihedral"})) == {path.name for path in paths}
    assert matching_names(known, images, frozenset()) == {paths[0].name}


SOURCES = (
    "pdq/data/bridge-mods/aaa-orig.jpg",
    "python-threatexchange/data/sample-b.jpg",
    "pdq/data/reg-test-input/pen-and-coaster.png",
)


@pytest.mark.parametrize("quality", [90, 50, 25])
@pytest.mark.parametrize("side", [256, 512])
@pytest.mark.parametrize("how", ["keep_ratio", "border", "border, told"])
def test_what_a_dataset_tool_makes_of_a_picture_is_found(
    how: str, side: int, quality: int, corpus: Path, known: CompiledList
) -> None:
    images = []
    for name in SOURCES:
        whole = Image.open(corpus / "01-pdq" / name).convert("RGB")
        small = ImageOps.contain(whole, (side, side), Image.Resampling.LANCZOS)
        if how != "keep_ratio":
            small = ImageOps.pad(small, (side, side), color="white")
        original_size = whole.size if how == "border, told" else None
        images.append(EncodedImage(name, name, 0, jpeg(small, quality), original_size))
    assert matching_names(known, images) == set(SOURCES)
