"""An audit in parts: together they are the whole, and nothing else is taken for it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.pipeline import shard as shards
from auditor.pipeline.audit import audit
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.report import Report
from auditor.pipeline.run_parts import parse_part
from auditor.reporting.redaction import report_notice
from auditor.reporting.render_options import RenderOptions

HUB = Path(__file__).parents[1] / "data" / "hub"
LIST = Path(__file__).parents[1] / "data" / "known-pictures.csv"


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SHARD_FILES", 3)


def scan(out: Path, shard: str = "", target: Path = HUB, **options: object) -> Report:
    return audit(target, known=[LIST], profile="example", out=out, workers=1, shard=shard, **options)  # type: ignore[arg-type]


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    for number in range(1, 5):
        scan(tmp_path / f"part-{number}", f"{number}/4")
    return [tmp_path / f"part-{number}" for number in range(1, 5)]


def test_four_parts_judged_together_are_the_whole_audit(parts: list[Path], tmp_path: Path) -> None:
    whole = scan(tmp_path / "whole")
    joined = reevaluate(parts, out=tmp_path / "joined", profile="example", workers=1)
    assert joined.tally == whole.tally
    assert list(joined.findings) == list(whole.findings)
    assert list(joined.gaps) == list(whole.gaps)
    assert joined.cases == whole.cases
    assert joined.exit_code() == whole.exit_code()
    assert report_notice(joined, RenderOptions()) == report_notice(whole, RenderOptions())


def test_each_part_says_that_it_is_one_and_reads_less(parts: list[Path], tmp_path: Path) -> None:
    one = scan(parts[1], "2/4")
    assert " Part 2 of 4: the others are not in this report. " in report_notice(one, RenderOptions())
    assert 0 < one.tally.files.collected < scan(tmp_path / "whole").tally.files.collected


def test_a_missing_part_is_named_and_allowed_only_if_asked_for(parts: list[Path], tmp_path: Path) -> None:
    some = [parts[0], parts[2]]
    with pytest.raises(UsageError, match="2 of 4 parts are missing: 2, 4; name them too, or judge what is there with"):
        reevaluate(some, out=tmp_path / "refused")
    report = reevaluate(some, out=tmp_path / "partial", partial=True)
    assert report.notes.asked_differently == (
        "2 of 4 parts are missing: 2, 4; what they would have read is not in this report.",
    )
    assert report.exit_code("never") == 3


def test_a_part_that_is_given_twice_is_refused(parts: list[Path], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(parts[0], tmp_path / "copy"))
    with pytest.raises(UsageError, match="part 1 of 4 is given 2 times; name each part once"):
        reevaluate([*parts, copy], out=tmp_path / "joined")


def test_a_whole_run_is_no_part(parts: list[Path], tmp_path: Path) -> None:
    scan(tmp_path / "whole")
    with pytest.raises(UsageError, match=r"whole: is a whole run, and .*part-1 is a part of one; judge them apart"):
        reevaluate([*parts, tmp_path / "whole"], out=tmp_path / "joined")


@pytest.mark.parametrize(
    ("change", "what"),
    [({"shard": "4/5"}, "numbers of parts"), ({"shard": "4/4", "weights": "sample"}, "options")],
)
def test_a_part_of_another_audit_is_refused(
    change: dict[str, str], what: str, parts: list[Path], tmp_path: Path
) -> None:
    scan(tmp_path / "other", **change)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=f"other: is no part of the same audit as .*: they have different {what}"):
        reevaluate([*parts[:3], tmp_path / "other"], out=tmp_path / "joined")


def test_parts_between_which_the_targets_changed_are_refused(tmp_path: Path) -> None:
    target = Path(shutil.copytree(HUB, tmp_path / "hub"))
    scan(tmp_path / "one", "1/2", target)
    (target / "new.txt").write_text("a new file")
    scan(tmp_path / "two", "2/2", target)
    with pytest.raises(UsageError, match="they have different files: the targets were changed in between"):
        reevaluate([tmp_path / "one", tmp_path / "two"], out=tmp_path / "joined")


def test_a_part_without_lists_of_the_others_is_refused(parts: list[Path], tmp_path: Path) -> None:
    audit(HUB, profile="example", out=tmp_path / "bare", workers=1, shard="4/4")
    with pytest.raises(UsageError, match=r"they have different (options|rules, lists or extensions)"):
        reevaluate([*parts[:3], tmp_path / "bare"], out=tmp_path / "joined")


def test_more_parts_than_shards_leave_some_with_nothing_to_read(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "README.md").write_text("---\nlicense: mit\n---\n# A card\n")
    for number in (1, 2):
        scan(tmp_path / f"part-{number}", f"{number}/2", tmp_path / "data")
    joined = reevaluate([tmp_path / "part-1", tmp_path / "part-2"], out=tmp_path / "joined")
    assert joined.tally.files.collected == 1


@pytest.mark.parametrize("text", ["0/4", "5/4", "4", "1/0", "a/b", "-1/4", "1/4/2", "1/1000000"])
def test_what_is_no_part_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a part I of N, with I from 1 to N and N up to 999,999, such as 2/4"):
        parse_part(text)


def test_an_interrupted_part_goes_on_as_that_part_alone(tmp_path: Path) -> None:
    first = scan(tmp_path / "part", "1/2")
    (tmp_path / "part" / "report.json").unlink()
    with pytest.raises(UsageError, match="holds a run with other options"):
        scan(tmp_path / "part", "2/2")
    assert scan(tmp_path / "part", "1/2").tally == first.tally


def test_a_part_of_a_sample_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--shard and --sample cannot be used together; leave one of them out"):
        scan(tmp_path / "run", "1/2", sample="5")


def test_runs_are_judged_by_their_own_profile_unless_they_differ_or_another_is_named(tmp_path: Path) -> None:
    for name, profile in (("one", "gate"), ("two", "gate"), ("other", "hub")):
        audit(HUB / "models", out=tmp_path / name, profile=profile, workers=1)

    def profile_of(*runs: str, profile: str = "") -> str:
        out = tmp_path / f"{'-'.join(runs)}{profile}-judged"
        return reevaluate([tmp_path / run for run in runs], out=out, profile=profile, workers=1).policy.profile

    assert profile_of("one", "two") == "gate"
    assert profile_of("one", "other") == "default"
    assert profile_of("one", profile="hub") == "hub"
