"""Several runs judged as one: a file that two of them read counts once, and what was asked differently is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.model import Comparison, Count
from auditor.pipeline.audit import audit
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.report import Report
from auditor.pipeline.run_facts import read_run_facts
from tests.pictures import encoded, landscape

LISTED = 3  # the picture that the list holds


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Six pictures in two folders of a dataset, and one of too little detail."""
    for number in range(6):
        path = tmp_path / "data" / ("one" if number < 3 else "two") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(landscape(number, (64, 48)), "PNG"))
    return tmp_path / "data"


def write_list(folder: Path, name: str = "known") -> Path:
    """Write a list that holds the MD5 of one picture, and a PDQ hash of none."""
    import hashlib

    digest = hashlib.md5(encoded(landscape(LISTED, (64, 48)), "PNG")).hexdigest()
    path = folder / f"{name}.csv"
    path.write_text(f"# means: test\nmd5,pdq\n{digest},\n,{'0f' * 32}\n")
    return path


def scan(target: Path, out: Path, known: list[Path], **options: object) -> Report:
    return audit(target, out=out, known=known, workers=1, **options)  # type: ignore[arg-type]


def samples_stated(run: Path) -> int:
    return sum(int(fact["remark"]) for fact in read_run_facts(run) if fact["key"] == "samples")


def test_the_same_run_twice_is_one(data: Path, tmp_path: Path) -> None:
    once = scan(data, tmp_path / "a", [write_list(tmp_path)])
    scan(data, tmp_path / "b", [write_list(tmp_path)])
    both = reevaluate([tmp_path / "a", tmp_path / "b"], out=tmp_path / "both", workers=1)
    assert both.tally == once.tally
    assert list(both.findings) == list(once.findings)
    assert both.notes.counted_once == ("6 files that several runs read are counted once.",)
    assert both.notes.asked_differently == ()
    assert both.exit_code() == once.exit_code()


def test_a_part_inside_another_is_counted_once_whichever_is_named_first(data: Path, tmp_path: Path) -> None:
    known = [write_list(tmp_path)]
    whole = scan(data, tmp_path / "whole", known)
    scan(data / "two", tmp_path / "part", known)
    for number, order in enumerate((["whole", "part"], ["part", "whole"])):
        out = tmp_path / f"both{number}"
        both = reevaluate([tmp_path / name for name in order], out=out, workers=1)
        assert (both.tally.files, both.tally.samples) == (Count(6, 6), Count(6, 6))
        assert both.tally.comparisons == whole.tally.comparisons
        assert both.notes.counted_once == ("3 files that several runs read are counted once.",)
        assert samples_stated(out) == 6


def test_parts_that_share_some_files_count_those_once(data: Path, tmp_path: Path) -> None:
    known = [write_list(tmp_path)]
    for name, pictures in (("left", "one/0 one/1 two/3"), ("right", "two/3 two/4 one/1")):
        lines = [str(data / f"{picture}.png") for picture in pictures.split()]
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    for name in ("left", "right"):
        scan(data, tmp_path / f"{name}-run", known, files_from=tmp_path / name)
    both = reevaluate([tmp_path / "left-run", tmp_path / "right-run"], out=tmp_path / "both", workers=1)
    assert both.tally.samples == Count(4, 4)
    assert both.tally.comparisons == {
        Comparison("known", algorithm, "picture file", "compared"): 4 for algorithm in ("md5", "pdq")
    }
    assert both.tally.files == Count(6, 4, skipped=2)
    assert samples_stated(tmp_path / "both") == 4


def test_files_of_another_size_or_in_another_place_are_others(data: Path, tmp_path: Path) -> None:
    known = [write_list(tmp_path)]
    scan(data, tmp_path / "a", known)
    (data / "one" / "0.png").write_bytes(encoded(landscape(9, (80, 60)), "PNG"))
    scan(data, tmp_path / "b", known)
    data.rename(tmp_path / "elsewhere")
    scan(tmp_path / "elsewhere" / "two", tmp_path / "c", known)
    both = reevaluate([tmp_path / name for name in "abc"], out=tmp_path / "all", workers=1)
    assert both.tally.samples == Count(6 + 1 + 3, 10)


def test_parts_that_were_asked_differently_say_so_and_exit_3(data: Path, tmp_path: Path) -> None:
    first, second = write_list(tmp_path, "first"), write_list(tmp_path, "second")
    second.write_text("# means: test\nmd5\n" + "0" * 32 + "\n")
    alone = scan(data / "one", tmp_path / "a", [first])
    scan(data, tmp_path / "b", [first, second])
    assert alone.exit_code("never") == 0
    both = reevaluate([tmp_path / "a", tmp_path / "b"], out=tmp_path / "both", workers=1)
    assert both.exit_code("never") == 3
    (said,) = both.notes.asked_differently
    assert said.startswith("Not asked the same: list second (")
    assert said.endswith(") was loaded in 1 of 2 runs; what the others read was not compared with it.")
    assert (both.tally.files, both.tally.samples) == (Count(6, 6), Count(6, 6))
    compared = {(c.list, c.algorithm): number for c, number in both.tally.comparisons.items()}
    assert compared == {("first", "md5"): 6, ("first", "pdq"): 6, ("second", "md5"): 6}
    again = reevaluate([tmp_path / "both"], out=tmp_path / "again", workers=1)
    assert (again.notes, again.tally, again.exit_code("never")) == (both.notes, both.tally, 3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"weights": "sample"}, "Not asked the same: the runs were read with different weights."),
        ({"profile": "hub"}, "Not asked the same: the runs were read under different rules, profiles or vocabularies."),
        ({"exclude": ["*.tmp"]}, None),
    ],
)
def test_other_options_and_policies_are_said(
    options: dict[str, object], said: str | None, data: Path, tmp_path: Path
) -> None:
    known = [write_list(tmp_path)]
    scan(data / "one", tmp_path / "a", known)
    scan(data / "two", tmp_path / "b", known, **options)
    both = reevaluate([tmp_path / "a", tmp_path / "b"], out=tmp_path / "both", workers=1)
    assert both.notes.asked_differently == ((said,) if said else ())
    assert both.exit_code("never") == (3 if said else 0)


def test_reports_in_every_format_say_it(data: Path, tmp_path: Path) -> None:
    known = [write_list(tmp_path)]
    scan(data, tmp_path / "a", known)
    scan(data / "two", tmp_path / "b", [], profile="hub")
    runs = [str(tmp_path / "a"), str(tmp_path / "b")]
    judged = CliRunner().invoke(main, ["judge", *runs, "--out", str(tmp_path / "both"), "--fail-on", "never"])
    assert judged.exit_code == 3
    for name in ("terminal", "html", "csv", "json", "sarif"):
        report_text = (
            CliRunner()
            .invoke(main, ["report", str(tmp_path / "both"), "--format", name, "--audience", "operator"])
            .stdout
        )
        text = " ".join(report_text.split())
        assert "Not asked the same: list known" in text, name
        if name != "sarif":
            assert "3 files that several runs read are counted once." in text, name
    assert json.loads(CliRunner().invoke(main, ["report", str(tmp_path / "both"), "--format", "json"]).stdout)[
        "counted_once"
    ] == ["3 files that several runs read are counted once."]
