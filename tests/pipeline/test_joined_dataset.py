"""Parts that are given as arguments are one dataset, on one machine or on many."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.pipeline.audit import audit
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.report import Report
from tests.data.make_hub import HUB

NAME = "acme/web-pictures"


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    """Three manifests of a hundred rows; the second has a listed digest."""
    paths = []
    for number in range(3):
        digests = (hashlib.md5(f"{number}-{row}".encode()).hexdigest() for row in range(100))
        path = tmp_path / f"part-{number}.csv"
        path.write_text("url,md5\n" + "".join(f"https://h.example/{digest}.jpg,{digest}\n" for digest in digests))
        paths.append(path)
    (tmp_path / "list.csv").write_text(
        f"# name: known\n# version: 1\n# holder: tests\n# means: csam\nid,md5\na,{hashlib.md5(b'1-5').hexdigest()}\n"
    )
    return paths


def scan(*targets: Path, out: str, dataset: str = NAME) -> Report:
    folder = targets[0].parent
    return audit(*targets, known=[folder / "list.csv"], dataset=dataset, out=folder / out, workers=1)


def matched(report: Report) -> list[tuple[str, str]]:
    return [
        (finding.subject, finding.remark) for finding in report.findings if finding.rule == "known-content-in-dataset"
    ]


def test_all_targets_are_parts_of_the_named_dataset(parts: list[Path]) -> None:
    report = scan(*parts, out="run")
    assert dict(report.subjects) == {"dataset": 1}
    assert matched(report) == [(NAME, "1 exact of 300 samples; claimed by its manifest, no bytes here")]


def test_runs_on_many_machines_add_up_to_the_same_report(parts: list[Path], tmp_path: Path) -> None:
    one = scan(*parts, out="one")
    scan(parts[0], out="a")
    scan(parts[1], parts[2], out="b")
    many = reevaluate([tmp_path / "a", tmp_path / "b"], out=tmp_path / "many")
    assert (matched(many), many.tally) == (matched(one), one.tally)


def test_a_part_that_two_runs_read_counts_once(parts: list[Path], tmp_path: Path) -> None:
    scan(parts[0], parts[1], out="a")
    scan(parts[1], parts[2], out="b")
    whole = reevaluate([tmp_path / "a", tmp_path / "b"], out=tmp_path / "whole")
    assert (whole.tally.samples.collected, whole.notes.counted_once) == (
        300,
        ("1 file that several runs read is counted once.",),
    )


def test_a_folder_with_a_slash_at_its_end_is_the_same_target(parts: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for path in parts:
        path.rename(folder / path.name)
    options = {"known": [tmp_path / "list.csv"], "workers": 1}
    audit(f"{folder}/", shard="1/2", out=tmp_path / "a", **options)
    audit(folder, shard="2/2", out=tmp_path / "b", **options)
    whole = reevaluate([tmp_path / "a", tmp_path / "b"], out=tmp_path / "whole")
    assert (whole.tally.samples.collected, whole.targets) == (300, (str(folder),))


@pytest.mark.parametrize(
    ("targets", "options", "message"),
    [
        ([HUB], {"dataset": NAME}, f"--dataset {NAME}: {HUB} holds model .*; name parts of a dataset alone"),
        (["s3://a/b"], {"dataset": NAME}, "all that lies below an address of a bucket is one dataset"),
        ([HUB], {"dataset": "two\nlines"}, "--dataset: write a name of at most 200 printable characters"),
        ([HUB], {"dataset": "x" * 201}, "--dataset: write a name of at most 200 printable characters"),
        ([HUB], {"dataset": NAME, "name_as": NAME}, "--as and --dataset cannot be used together"),
    ],
)
def test_what_cannot_be_one_dataset_is_refused(
    targets: list[Path], options: dict[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        audit(*targets, out=tmp_path / "run", workers=1, **options)


def test_two_hundred_characters_are_a_name(parts: list[Path]) -> None:
    assert matched(scan(*parts, out="run", dataset="x" * 200))[0][0] == "x" * 200
