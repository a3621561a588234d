"""The run folder: format version, lock, access, and what is resumed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.errors import RunError, UsageError
from auditor.pipeline.audit import audit
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.report import read_report
from auditor.pipeline.run_folder import FORMAT_VERSION, lock_run_folder, read_run

HUB = Path(__file__).parents[1] / "data" / "hub"


LIST = Path(__file__).parents[1] / "data" / "known-pictures.csv"


EXAMPLE = {"known": [LIST], "profile": "example"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "example"
    audit(HUB, out=folder, workers=1, **EXAMPLE)  # type: ignore[arg-type]
    return folder


def test_a_run_is_not_resumed_under_another_policy(run: Path) -> None:
    folder = run
    with pytest.raises(UsageError, match="holds a run under other rules, lists or extensions; name another folder"):
        audit(HUB, out=folder, known=[LIST], profile="gate")
    with pytest.raises(UsageError, match="holds a run with other targets"):
        audit(HUB / "models", out=folder, **EXAMPLE)  # type: ignore[arg-type]


def test_a_newer_runs_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"format": FORMAT_VERSION + 1}))
    versions = rf"\(format {FORMAT_VERSION + 1}, this one reads {FORMAT_VERSION}\)"
    with pytest.raises(RunError, match=f"was written by a newer auditor {versions}"):
        read_report(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(RunError, match=r"run\.json: cannot be read; run the scan again"):
        read_report(tmp_path)
    with pytest.raises(RunError, match="is not a run's folder"):
        read_report(tmp_path / "nowhere")


def test_a_run_of_an_older_format_is_refused_and_says_to_scan_again(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"format": FORMAT_VERSION - 1}))
    versions = rf"\({FORMAT_VERSION - 1}, this auditor reads {FORMAT_VERSION}\)"
    message = f"has an older format {versions}; scan again into a new folder"
    with pytest.raises(RunError, match=message):
        read_report(tmp_path)
    with pytest.raises(RunError, match=message):
        reevaluate([tmp_path], out=tmp_path / "out")
    with pytest.raises(RunError, match=message):
        audit(HUB, out=tmp_path, workers=1)


@pytest.mark.skipif(os.name != "posix", reason="modes as POSIX has them")
def test_all_of_a_run_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Also where the process has a looser umask and a fork server that was started with it, and reports in the run."""
    script = tmp_path / "script.py"
    script.write_text(
        "import multiprocessing, os, sys\n"
        "from auditor.cli.main import main\n"
        "if __name__ == '__main__':\n"
        "    os.umask(0o002)\n"
        "    multiprocessing.get_context('forkserver').Process(target=print).start()\n"
        "    main()\n"
    )
    run = tmp_path / "run"
    command = [sys.executable, script, "scan", HUB / "models", "--out", run, "--workers", "2", "--fail-on", "never"]
    for reports in ([], ["-o", run / "report.html", "-o", run / "old.json"]):
        done = subprocess.run([*command, *reports], capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode in (0, 3), done.stderr
        (run / "old.json").touch()
        (run / "old.json").chmod(0o644)
    command = [sys.executable, script, "report", run, "-o", run / "old.json"]
    subprocess.run(command, capture_output=True, check=True, timeout=120)
    modes = {path.relative_to(run).as_posix(): path.stat().st_mode & 0o777 for path in (run, *run.rglob("*"))}
    assert {".", "report.json", "report.html", "old.json", "shards/000000.json", "facts/000000.parquet"} <= set(modes)
    assert {
        name: oct(mode) for name, mode in modes.items() if mode != (0o700 if (run / name).is_dir() else 0o600)
    } == {}
    assert (run / "restricted" / ".gitignore").read_text() == "*\n"


def test_two_scans_never_write_one_run(tmp_path: Path) -> None:
    audit(HUB / "models", out=tmp_path / "run", workers=1)
    with (
        lock_run_folder(tmp_path / "run"),
        pytest.raises(RunError, match="another process is writing this run; wait for it, or name another folder"),
    ):
        audit(HUB / "models", out=tmp_path / "run", workers=1)


def test_a_run_is_never_made_over_files_of_others(tmp_path: Path) -> None:
    (tmp_path / "project" / "facts").mkdir(parents=True)
    (tmp_path / "project" / "facts" / "notes.txt").write_text("mine")
    audit(HUB / "models", out=tmp_path / "run", workers=1)
    with pytest.raises(UsageError, match="project: is not empty and holds no run; name an empty or a new folder"):
        audit(HUB / "models", out=tmp_path / "project", workers=1)
    with pytest.raises(UsageError, match="project: is not empty; name another folder with --out"):
        reevaluate([tmp_path / "run"], out=tmp_path / "project")
    assert [path.name for path in (tmp_path / "project").rglob("*")] == ["facts", "notes.txt"]


def test_what_is_restricted_is_closed_again(tmp_path: Path) -> None:
    audit(HUB / "models", out=tmp_path / "run", workers=1)
    (tmp_path / "run" / "restricted").chmod(0o755)
    audit(HUB / "models", out=tmp_path / "run", workers=1)
    assert (tmp_path / "run" / "restricted").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "x"}', '{"format": null}'])
def test_a_run_of_another_shape_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(RunError, match=r"run\.json: cannot be read; run the scan again"):
        read_run(tmp_path)
