"""A list of two ordinary pictures that tests make, and a screener of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.hashing.hash_images import EncodedImage, hash_images
from auditor.screening.screener import Screener
from tests.pictures import jpeg, landscape, objects

ListFile = Callable[..., Path]

LISTED = jpeg(landscape(1), 92)
LISTED_NEARLY = jpeg(objects(2), 92)


@pytest.fixture
def list_file(tmp_path: Path) -> ListFile:
    def write(
        *data: bytes, algorithms: tuple[str, ...] = ("md5", "pdq"), means: str = "test", name: str = "hills"
    ) -> Path:
        """Write a list file of pictures: a column for each algorithm."""
        batch = hash_images([EncodedImage("", "", row, each) for row, each in enumerate(data)], algorithms, ())
        rows = [",".join(row[each].hex() for each in algorithms) for row in batch.to_pylist()]
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join([f"# means: {means}", ",".join(algorithms), *rows]) + "\n")
        return path

    return write


@pytest.fixture
def hills(list_file: ListFile) -> Path:
    """Return a list file with the digests of two pictures, as stored."""
    return list_file(LISTED, LISTED_NEARLY)


@pytest.fixture
def screener(hills: Path) -> Screener:
    return Screener([hills])
