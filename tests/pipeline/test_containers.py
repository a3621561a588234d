"""A run reads what lies in archives and containers, and counts each as one file."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import datasets
import pytest

from auditor.model import Count
from auditor.pipeline.audit import audit
from auditor.pipeline.report import Report
from tests.pictures import jpeg, landscape
from tests.readers.test_archives import tarred, zipped

PICTURES = [jpeg(landscape(seed, (96, 64))) for seed in range(3)]


def scan_folder(tmp_path: Path) -> Report:
    listed = tmp_path / "list.csv"
    listed.write_text(f"# means: csam\nmd5\n{hashlib.md5(PICTURES[1]).hexdigest()}\n")
    return audit(tmp_path / "data", known=(listed,), means="csam", out=tmp_path / "run", workers=1)


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def test_an_archive_is_one_file_and_its_pictures_are_samples(data_folder: Path, tmp_path: Path) -> None:
    (data_folder / "a.zip").write_bytes(zipped({f"{number}.jpg": picture for number, picture in enumerate(PICTURES)}))
    report = scan_folder(tmp_path)
    assert (report.tally.files, report.tally.samples) == (Count(1, 1), Count(3, 3))
    assert report.exit_code() == 1


def test_an_archive_of_which_a_member_was_not_read_is_partly_read(data_folder: Path, tmp_path: Path) -> None:
    inner = tarred({"1.jpg": PICTURES[1]})
    (data_folder / "a.zip").write_bytes(zipped({"inner.tar": inner, "data.pkl": pickle.dumps([1])}))
    report = scan_folder(tmp_path)
    assert report.tally.files == Count(1, 0, 0, 0, 1)
    assert report.tally.reasons["a pickle"] == 1


def test_a_folder_that_datasets_saved_is_read_without_a_copy(data_folder: Path, tmp_path: Path) -> None:
    features = datasets.Features({"image": datasets.Image(), "label": datasets.Value("int64")})
    rows = {"image": [{"bytes": picture, "path": None} for picture in PICTURES], "label": [0, 1, 2]}
    datasets.disable_progress_bars()
    datasets.Dataset.from_dict(rows, features).save_to_disk(data_folder / "saved")
    before = sorted(path.name for path in (data_folder / "saved").iterdir())
    report = scan_folder(tmp_path)
    assert report.tally.samples == Count(3, 3)
    assert report.exit_code() == 1
    assert sorted(path.name for path in (data_folder / "saved").iterdir()) == before
