"""Sampled audits of targets of every shape: what is drawn, what is counted, and what the report says of the rest."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.blob import Blob
from auditor.drawn_sample import DrawnSample, row_keys, unit_keys
from auditor.errors import NothingToAudit, RunError, UsageError
from auditor.model import Count
from auditor.pipeline.audit import audit
from auditor.pipeline.draw_sample import _Counting, _run, priorities
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.report import Report
from auditor.pipeline.sample_design import SampleDesign
from auditor.pipeline.sampled_audit import SampledAudit
from auditor.pipeline.shard import Shard
from auditor.pipeline.strata import Strata
from tests.pictures import jpeg, landscape

ROWS = 5000
SCORES = np.random.default_rng(5).random(ROWS)
DIGESTS = [hashlib.md5(str(number).encode()).hexdigest() for number in range(ROWS)]
# The rows with the 50 highest scores are those of the list.
LISTED = np.argsort(-SCORES)[:50]


def digest_list(folder: Path, digests: list[str]) -> Path:
    path = folder / "known.csv"
    path.write_text("md5\n" + "\n".join(digests) + "\n")
    return path


def table() -> pa.Table:
    addresses = [f"http://a.example/{number}.jpg" for number in range(ROWS)]
    return pa.table({"url": addresses, "md5": DIGESTS, "score": SCORES})


def write_table(folder: Path, form: str) -> Path:
    target = folder / "data"
    target.mkdir()
    rows = table()
    if form == "parquet":
        pq.write_table(rows, target / "part.parquet", row_group_size=700)
    elif form == "csv":
        lines = [f"{row['url']},{row['md5']},{row['score']}" for row in rows.to_pylist()]
        (target / "part.csv").write_text("url,md5,score\n" + "\n".join(lines) + "\n")
    else:
        (target / "part.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows.to_pylist()))
    return target


def scan(target: Path, known: Path, out: Path, sample: str, workers: int = 1, **options: object) -> Report:
    return audit(target, known=[known], means="test", out=out, sample=sample, workers=workers, **options)  # type: ignore[arg-type]


def sampled(report: Report) -> SampledAudit:
    assert report.sampled is not None
    return report.sampled


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_as_many_rows_of_a_table_are_read_as_asked_and_the_others_are_skipped(form: str, tmp_path: Path) -> None:
    known = digest_list(tmp_path, [DIGESTS[number] for number in LISTED])
    report = scan(write_table(tmp_path, form), known, tmp_path / "run", "400", seed=3)
    assert report.tally.samples == Count(ROWS, 400, ROWS - 400, 0)
    assert report.tally.files == Count(1, 1, 0, 0)
    found = sampled(report)
    assert (found.units, found.drawn, found.answered, found.seed) == (ROWS, 400, 400, 3)
    low, high = found.interval(report.policy.lists[0].name)
    assert low <= len(LISTED) / ROWS <= high
    assert report.exit_code() == 0


def test_the_same_rows_are_drawn_from_a_table_whatever_its_form_is_cut_into(tmp_path: Path) -> None:
    known = digest_list(tmp_path, [DIGESTS[number] for number in LISTED])
    target = write_table(tmp_path, "parquet")
    one = scan(target, known, tmp_path / "one", "400", seed=3)
    two = scan(target, known, tmp_path / "two", "400", workers=2, seed=3)
    assert sampled(one) == sampled(two)
    assert list(one.findings) == list(two.findings)
    assert sampled(scan(target, known, tmp_path / "other", "400", seed=4)) != sampled(one)


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_sample_of_everything_finds_what_a_whole_audit_finds(form: str, tmp_path: Path) -> None:
    known = digest_list(tmp_path, [DIGESTS[number] for number in LISTED])
    target = write_table(tmp_path, form)
    whole = scan(target, known, tmp_path / "whole", "")
    every = scan(target, known, tmp_path / "every", "100%", seed=1)
    assert every.tally.samples == whole.tally.samples
    assert list(every.findings) == list(whole.findings)
    name = every.policy.lists[0].name
    assert sampled(every).interval(name) == (len(LISTED) / ROWS, len(LISTED) / ROWS)
    assert whole.sampled is None


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_strata_by_descending_values_read_all_of_the_highest(form: str, tmp_path: Path) -> None:
    known = digest_list(tmp_path, [DIGESTS[number] for number in LISTED])
    target = write_table(tmp_path, form)
    report = scan(target, known, tmp_path / "run", "500", seed=3, stratify="score:desc")
    name = report.policy.lists[0].name
    found = sampled(report)
    assert found.strata[0].name.startswith("score > 0.99")
    assert found.strata[0].drawn == found.strata[0].units
    assert sum(stratum.found[name] for stratum in found.strata[:2]) == len(LISTED)
    assert sum(stratum.units for stratum in found.strata) == ROWS
    low, high = found.interval(name)
    assert low <= len(LISTED) / ROWS <= high


def pictures(folder: Path, number: int) -> list[bytes]:
    folder.mkdir()
    return [jpeg(landscape(seed, (96, 64))) for seed in range(number)]


def test_of_a_folder_of_pictures_only_the_drawn_files_are_opened(tmp_path: Path) -> None:
    target = tmp_path / "data"
    made = pictures(target, 20)
    for number, data in enumerate(made):
        (target / f"{number:02}.jpg").write_bytes(data)
    (target / "README.md").write_text("---\nlicense: mit\n---\n# Twenty landscapes\n")
    known = digest_list(tmp_path, [hashlib.md5(made[4]).hexdigest()])
    report = scan(target, known, tmp_path / "run", "5", seed=1)
    assert report.tally.samples == Count(20, 5, 15, 0)
    assert report.tally.files == Count(21, 6, 15, 0)
    assert [(stratum.units, stratum.drawn, stratum.answered) for stratum in sampled(report).strata] == [(20, 5, 5)]


def test_members_of_an_archive_are_drawn_one_by_one(tmp_path: Path) -> None:
    target = tmp_path / "data"
    made = pictures(target, 20)
    with tarfile.open(target / "part.tar", "w") as archive:
        for number, data in enumerate(made):
            member = tarfile.TarInfo(f"{number:02}.jpg")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    known = digest_list(tmp_path, [hashlib.md5(data).hexdigest() for data in made])
    report = scan(target, known, tmp_path / "run", "5", seed=1)
    assert report.tally.samples == Count(20, 5, 15, 0)
    assert sampled(report).found(report.policy.lists[0].name) == 5


def test_a_drawn_picture_that_cannot_be_read_counts_for_the_upper_end(tmp_path: Path) -> None:
    target = tmp_path / "data"
    for number, data in enumerate(pictures(target, 4)):
        (target / f"{number:02}.jpg").write_bytes(data if number else data[:40])
    known = tmp_path / "known.csv"
    known.write_text("pdq\n" + "f0" * 32 + "\n")
    report = scan(target, known, tmp_path / "run", "4", seed=1)
    found = sampled(report)
    assert (found.drawn, found.answered) == (4, 3)
    assert found.interval(report.policy.lists[0].name) == (0, 0.25)
    assert report.exit_code() == 3


def test_an_interrupted_sampled_run_goes_on_with_the_sample_that_it_drew(tmp_path: Path) -> None:
    known = digest_list(tmp_path, [DIGESTS[number] for number in LISTED])
    target = write_table(tmp_path, "parquet")
    first = scan(target, known, tmp_path / "run", "400")
    (tmp_path / "run" / "report.json").unlink()
    again = scan(target, known, tmp_path / "run", "400")
    assert sampled(again) == sampled(first)
    with pytest.raises(UsageError, match="holds a run with other options"):
        scan(target, known, tmp_path / "run", "401")


def test_a_sampled_run_is_judged_again_alone_and_not_with_others(tmp_path: Path) -> None:
    known = digest_list(tmp_path, [DIGESTS[number] for number in LISTED])
    target = write_table(tmp_path, "csv")
    first = scan(target, known, tmp_path / "run", "400")
    scan(target, known, tmp_path / "whole", "")
    assert sampled(reevaluate([tmp_path / "run"], out=tmp_path / "again")) == sampled(first)
    with pytest.raises(UsageError, match="run: read a sample, which cannot be joined with other runs; judge it alone"):
        reevaluate([tmp_path / "run", tmp_path / "whole"], out=tmp_path / "both")


def test_a_target_without_samples_has_nothing_to_draw_from(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n# A card\n")
    with pytest.raises(NothingToAudit, match="hold no samples that could be drawn; leave --sample out"):
        audit(tmp_path / "README.md", out=tmp_path / "run", sample="5", workers=1)


def test_rows_and_batches_have_the_same_keys_and_seeds_order_them_anew() -> None:
    rows = np.arange(1, 1001)
    keys = row_keys("a.parquet", rows)
    batch = pa.table({"place": ["a.parquet"] * 1000, "row": rows, "sample": ["same"] * 1000})
    assert unit_keys(batch).tolist() == keys.tolist()
    assert len(np.unique(keys)) == 1000
    first, second = (np.argsort(priorities(seed, keys)) for seed in (1, 2))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1  # 3 standard deviations of 1,000 independent ranks


def test_priorities_are_even_over_all_64_bits() -> None:
    keys = priorities(1, row_keys("a.parquet", np.arange(1, 100_001)))
    in_bins = np.bincount((keys >> np.uint64(60)).astype(np.int64), minlength=16)
    assert ((in_bins - 6250) ** 2 / 6250).sum() < 37.7  # chi-squared with 15 degrees of freedom, one in a thousand


def test_a_sample_of_nothing_holds_nothing(tmp_path: Path) -> None:
    empty = np.empty(0, np.uint64)
    none = np.empty(0, np.int64)
    drawn = DrawnSample.write(tmp_path, empty, np.empty(0, np.int16), empty, none, none)
    assert drawn.strata_of(np.array([1, 2], np.uint64)).tolist() == [-1, -1]
    assert drawn.units_of_file("a") == (0, 0)


def fails(context: object, shard: Shard) -> None:
    raise ValueError(shard.id)


def test_what_cannot_be_counted_ends_the_drawing_with_its_name() -> None:
    shard = Shard("000000", (Blob("/nowhere/rows.csv", "rows.csv", 9),))
    counted = _run([shard], fails, _Counting(SampleDesign(5, 0, "", "", 1), Strata(), ()), 1)
    with pytest.raises(RunError, match=r"rows\.csv: the samples cannot be counted, so none can be drawn: the wo"):
        list(counted)
