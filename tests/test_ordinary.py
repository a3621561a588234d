"""An ordinary dataset exits 0, with a list and without; one file of a kind that nobody knows makes it exit 3."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from auditor.pipeline.audit import audit
from auditor.pipeline.report import Report
from tests.data.make_ordinary import ORDINARY

LIST = (
    "# name: hills\n# version: 1\n# means: test\nalgorithm,hash\n"
    f"md5,{'ab' * 16}\npdq,{'0f1e2d3c4b5a69788796a5b4c3d2e1f0' * 2}\n"
)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ORDINARY, tmp_path / "ordinary"))


def scan(folder: Path, *, listed: bool = True) -> Report:
    (folder.parent / "hills.csv").write_text(LIST)
    known = [folder.parent / "hills.csv"] if listed else []
    return audit(folder, known=known, out=folder.parent / "run", workers=1)


@pytest.mark.parametrize("listed", [True, False])
def test_an_ordinary_dataset_exits_0_and_leaves_no_gap(dataset: Path, listed: bool) -> None:
    report = scan(dataset, listed=listed)
    assert [(gap.place.uri, gap.why) for _, gap in report.gaps] == []
    assert report.exit_code() == 0
    files = report.tally.files
    assert files.collected == sum(path.is_file() for path in dataset.rglob("*"))
    assert files.collected == files.scanned + files.skipped
    assert files.skipped <= 3  # tables and arrays of numbers alone
    assert report.tally.samples.collected == 7


@pytest.mark.parametrize("name", ["images/extra.dat", ".hidden"])
def test_one_file_of_an_unknown_kind_is_a_gap_that_exits_3(dataset: Path, name: str) -> None:
    (dataset / name).write_bytes(b"\x93ACME\0" + bytes(range(256)) * 40)
    report = scan(dataset)
    assert [(gap.place.uri, gap.why.partition(":")[0]) for _, gap in report.gaps] == [
        (name, "no reader knows this kind of file")
    ]
    assert report.exit_code() == 3
