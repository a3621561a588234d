"""Digests that a run keeps: a later list is matched with them, and what they cannot answer is said."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.errors import RunError, UsageError
from auditor.pipeline import kept_digests
from auditor.pipeline.audit import audit
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.report import Report
from tests.pictures import encoded, landscape


def picture(number: int) -> bytes:
    return encoded(landscape(number, (64, 48)), "PNG")


def digest(number: int, algorithm: str = "md5") -> str:
    return hashlib.new(algorithm, picture(number)).hexdigest()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Six pictures of a dataset."""
    folder = tmp_path / "data"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.png").write_bytes(picture(number))
    return folder


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of 2,000 addresses with an MD5 each, which are those of ordinary numbers."""
    rows = [
        (f"https://host{n % 7}.example/secret-path/{n}.jpg", hashlib.md5(str(n).encode()).hexdigest())
        for n in range(2000)
    ]
    urls, digests = zip(*rows, strict=True)
    pq.write_table(pa.table({"url": urls, "md5": digests}), tmp_path / "table.parquet")
    return tmp_path / "table.parquet"


def write_list(folder: Path, name: str, *rows: str, means: str = "test", columns: str = "md5") -> Path:
    path = folder / f"{name}.csv"
    path.write_text("\n".join([f"# means: {means}", columns, *rows]) + "\n")
    return path


def scan(target: Path, out: Path, *known: Path, **options: object) -> Report:
    return audit(target, out=out, known=known, workers=1, keep_digests=True, **options)  # type: ignore[arg-type]


def kept_rows(run: Path) -> list[dict[str, object]]:
    return [row for path in (run / "restricted" / "digests").iterdir() for row in pq.read_table(path).to_pylist()]


def hits_of(report: Report) -> dict[str, int]:
    return {key: number for key, number in report.tally.coverage.items() if key.startswith("hits ")}


def test_judging_with_a_later_list_finds_what_a_scan_with_it_finds(data: Path, tmp_path: Path) -> None:
    later = write_list(tmp_path, "later", f"{digest(3)},", f",{'0f' * 32}", columns="md5,pdq")
    scan(data, tmp_path / "run")
    judged = reevaluate([tmp_path / "run"], out=tmp_path / "judged", known=[later], workers=1)
    fresh = audit(data, out=tmp_path / "fresh", known=[later], workers=1)
    assert judged.tally.samples == fresh.tally.samples
    assert judged.tally.comparisons == fresh.tally.comparisons
    assert judged.tally.coverage == fresh.tally.coverage
    assert judged.tally.reasons == fresh.tally.reasons
    assert judged.matches == fresh.matches
    assert judged.matches[0].number == 1
    assert [one.fact for one in judged.findings] == [one.fact for one in fresh.findings]
    assert judged.exit_code() == fresh.exit_code()


def test_domains_are_matched_by_the_hosts_that_are_kept(table: Path, tmp_path: Path) -> None:
    later = write_list(tmp_path, "later", "host3.example", columns="domain")
    scan(table, tmp_path / "run")
    judged = reevaluate([tmp_path / "run"], out=tmp_path / "judged", known=[later], workers=1)
    fresh = audit(table, out=tmp_path / "fresh", known=[later], workers=1)
    assert hits_of(judged) == hits_of(fresh) == {"hits test exact": 286}
    assert judged.tally.comparisons == fresh.tally.comparisons


def test_addresses_are_not_answered_by_hosts(table: Path, tmp_path: Path) -> None:
    later = write_list(tmp_path, "later", "https://host3.example/", columns="url")
    scan(table, tmp_path / "run")
    judged = reevaluate([tmp_path / "run"], out=tmp_path / "judged", known=[later], workers=1)
    assert judged.notes.asked_differently[0] == (
        "Not compared with list later: its entries by url; the kept digests do not answer them."
    )
    assert judged.matches == ()


def test_a_table_is_matched_alike_and_no_address_is_kept(table: Path, tmp_path: Path) -> None:
    later = write_list(tmp_path, "later", hashlib.md5(b"7").hexdigest())
    scan(table, tmp_path / "run")
    judged = reevaluate([tmp_path / "run"], out=tmp_path / "judged", known=[later], workers=1)
    fresh = audit(table, out=tmp_path / "fresh", known=[later], workers=1)
    assert judged.tally.samples == fresh.tally.samples
    assert hits_of(judged) == hits_of(fresh) == {"hits test exact": 1}
    assert "secret-path" not in str(kept_rows(tmp_path / "run")), "an address is never kept"
    assert kept_rows(tmp_path / "run")[0]["host"] == "host0.example"


def test_matched_samples_are_not_kept_and_said_to_be_uncompared(data: Path, tmp_path: Path) -> None:
    first = write_list(tmp_path, "first", digest(2))
    scan(data, tmp_path / "run", first)
    assert {row["sample"] for row in kept_rows(tmp_path / "run")} == {f"{n}.png" for n in (0, 1, 3, 4, 5)}
    later = write_list(tmp_path, "later", digest(3))
    judged = reevaluate([tmp_path / "run"], out=tmp_path / "judged", known=[later], workers=1)
    assert sorted((one.list, one.number) for one in judged.matches) == [("first", 1), ("later", 1)]
    assert judged.notes.asked_differently == (
        "Not compared with list later: 1 sample without a kept digest; those that match another list have none.",
    )
    assert judged.exit_code("never") == 3


def test_an_algorithm_that_was_not_kept_is_said(data: Path, tmp_path: Path) -> None:
    later = write_list(tmp_path, "later", f"{digest(3)},", f",{digest(3, 'sha512')}", columns="md5,sha512")
    scan(data, tmp_path / "run")
    judged = reevaluate([tmp_path / "run"], out=tmp_path / "judged", known=[later], workers=1)
    assert judged.notes.asked_differently == (
        "Not compared with list later: its entries by sha512; the kept digests do not answer them.",
    )
    assert judged.exit_code("never") == 3
    assert judged.matches[0].number == 1


def test_a_new_version_of_a_list_replaces_its_comparisons(data: Path, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    scan(data, tmp_path / "run", write_list(tmp_path / "old", "known", digest(77)))
    new = write_list(tmp_path, "known", digest(77), digest(3))
    judged = reevaluate([tmp_path / "run"], out=tmp_path / "judged", known=[new], workers=1)
    assert [(key.list, key.algorithm, number) for key, number in judged.tally.comparisons.items()] == [
        ("known", "md5", 6)
    ]
    assert judged.tally.samples.scanned == 6
    assert len(judged.policy.lists) == 1


def test_the_files_are_for_their_owner_and_the_report_names_the_day(data: Path, tmp_path: Path) -> None:
    report = scan(data, tmp_path / "run")
    (sentence,) = report.notes.kept_digests
    begun = json.loads((tmp_path / "run" / "run.json").read_bytes())
    assert kept_digests.kept_until(begun)[:10] in sentence
    if os.name == "posix":
        folder = tmp_path / "run" / "restricted" / "digests"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_digests_are_kept_for_ninety_days() -> None:
    assert kept_digests.KEPT_DAYS == 90


def test_expired_deleted_and_missing_digests_are_refused(data: Path, tmp_path: Path) -> None:
    later = write_list(tmp_path, "later", digest(3))
    scan(data, tmp_path / "run")
    path = tmp_path / "run" / "run.json"
    begun = json.loads(path.read_bytes())
    path.write_text(json.dumps({**begun, "started": "2020-01-01T00:00:00Z"}))
    with pytest.raises(RunError, match="were kept until 2020-03-31 and are not used any more"):
        reevaluate([tmp_path / "run"], out=tmp_path / "a", known=[later], workers=1)
    path.write_text(json.dumps(begun))
    assert CliRunner().invoke(main, ["runs", "purge", str(tmp_path / "run"), "--yes"]).exit_code == 0
    with pytest.raises(RunError, match="its digests were deleted"):
        reevaluate([tmp_path / "run"], out=tmp_path / "b", known=[later], workers=1)
    audit(data, out=tmp_path / "plain", workers=1)
    with pytest.raises(RunError, match="keeps no digests; scan again with --keep-digests"):
        reevaluate([tmp_path / "plain"], out=tmp_path / "c", known=[later], workers=1)
    assert not any((tmp_path / name).exists() for name in "abc"), "a refusal leaves nothing"


def test_models_and_random_samples_are_refused(data: Path, tmp_path: Path) -> None:
    scan(data, tmp_path / "run", sample="50%")
    with pytest.raises(UsageError, match="read a random sample"):
        reevaluate([tmp_path / "run"], out=tmp_path / "a", known=[write_list(tmp_path, "later", digest(3))], workers=1)


def test_a_damaged_file_of_digests_names_itself(data: Path, tmp_path: Path) -> None:
    scan(data, tmp_path / "run")
    (path,) = (tmp_path / "run" / "restricted" / "digests").iterdir()
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(RunError, match="the kept digests cannot be read"):
        reevaluate([tmp_path / "run"], out=tmp_path / "a", known=[write_list(tmp_path, "later", digest(3))], workers=1)


def test_parts_of_an_audit_are_matched_as_one(data: Path, tmp_path: Path) -> None:
    later = write_list(tmp_path, "later", digest(3))
    for number in (1, 2):
        scan(data, tmp_path / f"part-{number}", shard=f"{number}/2")
    parts = [tmp_path / "part-1", tmp_path / "part-2"]
    judged = reevaluate(parts, out=tmp_path / "judged", known=[later], workers=1)
    assert (judged.tally.samples.scanned, judged.matches[0].number) == (6, 1)


def test_purge_touches_no_folder_that_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "mine" / "restricted" / "digests").mkdir(parents=True)
    (tmp_path / "mine" / "restricted" / "digests" / "0.parquet").write_bytes(b"mine")
    result = CliRunner().invoke(main, ["runs", "purge", str(tmp_path / "mine"), "--all", "--yes"])
    assert result.exit_code == 2
    assert "is not a run's folder" in result.output
    assert "nothing was deleted" in result.output
    assert (tmp_path / "mine" / "restricted" / "digests" / "0.parquet").exists()


def test_purge_asks_and_keeps_the_report(data: Path, tmp_path: Path) -> None:
    scan(data, tmp_path / "run")
    refused = CliRunner().invoke(main, ["runs", "purge", str(tmp_path / "run")], input="n\n")
    assert refused.exit_code == 130
    assert kept_rows(tmp_path / "run")
    young = CliRunner().invoke(main, ["runs", "purge", str(tmp_path / "run"), "--older-than", "30d", "--yes"])
    assert young.output == "nothing to delete\n"
    done = CliRunner().invoke(main, ["runs", "purge", str(tmp_path / "run"), "--yes"])
    assert "deleted 1 files" in done.output
    assert CliRunner().invoke(main, ["report", str(tmp_path / "run")]).exit_code in (0, 3)


def test_purge_of_a_whole_run_leaves_files_that_are_not_its_own(data: Path, tmp_path: Path) -> None:
    scan(data, tmp_path / "run")
    (tmp_path / "run" / "notes.txt").write_text("mine")
    done = CliRunner().invoke(main, ["runs", "purge", str(tmp_path / "run"), "--all", "--yes"])
    assert done.exit_code == 0
    assert "left as they are no part of a run: notes.txt" in done.output
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["notes.txt"]


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_purge_follows_no_link_out_of_a_run(data: Path, tmp_path: Path) -> None:
    scan(data, tmp_path / "run")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "0.parquet").write_bytes(b"mine")
    place = tmp_path / "run" / "restricted" / "digests"
    for path in place.iterdir():
        path.unlink()
    place.rmdir()
    place.symlink_to(outside)
    CliRunner().invoke(main, ["runs", "purge", str(tmp_path / "run"), "--yes"])
    CliRunner().invoke(main, ["runs", "purge", str(tmp_path / "run"), "--all", "--yes"])
    assert (outside / "0.parquet").read_bytes() == b"mine"
