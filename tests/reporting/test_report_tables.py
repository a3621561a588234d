"""Findings, gaps and hits as tables of their own."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.pipeline.report import read_report

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    arguments = ["--known", str(DATA / "known-pictures.csv"), "--profile", "example", "--workers", "1"]
    done = CliRunner().invoke(main, ["scan", str(DATA / "hub"), *arguments, "--out", str(folder)])
    assert done.exit_code == 1
    return folder


def tables(run: Path, folder: Path, *options: str, ci: str | None = None) -> list[str]:
    runner = CliRunner(env={"CI": ci, "GITHUB_ACTIONS": None})
    done = runner.invoke(main, ["report", str(run), "--tables", str(folder), *options])
    assert done.exit_code == 0, done.output
    return [Path(line).name for line in done.stdout.splitlines()]


def test_csv_and_parquet_hold_each_finding_with_its_place(run: Path, tmp_path: Path) -> None:
    assert tables(run, tmp_path) == ["findings.csv", "findings.parquet", "gaps.csv", "gaps.parquet"]
    rows = pq.read_table(tmp_path / "findings.parquet").to_pylist()
    assert [row["fingerprint"] for row in rows] == [finding.fingerprint for finding in read_report(run).findings]
    first = next(row for row in rows if row["rule"] == "dataset-no-source")
    assert (first["subject"], first["severity"], first["fact"]) == ("crawlers/web-pictures", "note", "names no source")
    assert (first["place"], first["line"]) == ("datasets/crawlers/web-pictures/README.md", 2)
    with open(tmp_path / "findings.csv", encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))
    assert [row["fingerprint"] for row in cells] == [row["fingerprint"] for row in rows]


def test_hits_are_written_on_request_and_for_their_owner_alone(run: Path, tmp_path: Path) -> None:
    assert tables(run, tmp_path, "--places")[-2:] == ["hits.csv", "hits.parquet"]
    rows = pq.read_table(tmp_path / "hits.parquet").to_pylist()
    assert {(row["list"], row["basis"]) for row in rows} == {
        ("known-pictures", "computed"),
        ("known-pictures", "declared"),
    }
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.*")} == {0o600}


def test_a_shared_table_names_nobody(run: Path, tmp_path: Path) -> None:
    tables(run, tmp_path, "--share")
    for path in tmp_path.glob("*.csv"):
        assert "crawlers" not in path.read_text("utf-8")


def test_a_continuous_integration_gets_the_authors_view(run: Path, tmp_path: Path) -> None:
    tables(run, tmp_path, ci="true")
    text = (tmp_path / "findings.csv").read_text("utf-8")
    assert "held for a check by people" in text
    assert "known-pictures" not in text


def test_a_cell_that_a_spreadsheet_would_run_is_quoted(tmp_path: Path) -> None:
    name = "=HYPERLINK(1)"
    (tmp_path / "hub" / "models" / "acme" / name).mkdir(parents=True)
    (tmp_path / "hub" / "models" / "acme" / name / "README.md").write_text("# A model\n")
    CliRunner().invoke(main, ["scan", str(tmp_path / "hub"), "--out", str(tmp_path / "run"), "--workers", "1"])
    tables(tmp_path / "run", tmp_path / "tables")
    with open(tmp_path / "tables" / "findings.csv", encoding="utf-8", newline="") as file:
        assert not any(cell.startswith("=") for row in csv.reader(file) for cell in row)


def test_a_folder_that_cannot_be_written_is_named(run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(main, ["report", str(run), "--tables", str(tmp_path / "file" / "tables")])
    assert done.exit_code == 2
    assert "cannot be written: Not a directory; name another folder with --tables" in done.stderr
