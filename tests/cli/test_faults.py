"""A fault that nobody caught: exit 70, one line that says what to do, and nothing finished is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# The command line with a fault of ours in what is named first; argv: what, then the arguments.
SCRIPT = """
import sys, threading
import auditor.pipeline.judge_run
import auditor.pipeline.read_shards
from auditor.cli.main import main

class Trap:
    def __del__(self):
        raise ValueError("in an object that is deleted")

def fails(*args, **options):
    thread = threading.Thread(target=lambda: {}["in a thread"])
    thread.start()
    thread.join()
    Trap()
    raise KeyError("a text of what is audited")

def full(*args, **options):
    raise OSError(28, "No space left on device", "/tmp/somewhere")

def kills_helpers(*args, **options):
    import multiprocessing.forkserver as server, os, signal
    os.kill(server._forkserver._forkserver_pid, signal.SIGTERM)
    fails()

if __name__ == "__main__":
    if sys.argv[1] == "machine":
        auditor.pipeline.read_shards.cut_into_shards = full
    what = {"fails": fails, "full": full, "kills_helpers": kills_helpers}.get(sys.argv.pop(1))
    if what:
        auditor.pipeline.judge_run.evaluate_runs = what
    main(prog_name="auditor")
"""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "cards").mkdir()
    for number in range(3):
        (tmp_path / "cards" / f"acme__m{number}.md").write_text("---\nlicense: mit\n---\n# Model\n")
    return tmp_path


def scan(target: Path, fault: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "script.py", fault, *options, "scan", "cards", "--out", "run", "--workers", "2"]
    return subprocess.run(
        [*command, "--fail-on", "never"], cwd=target, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("fault", ["fails", "kills_helpers"])
def test_a_fault_ends_in_one_line_without_a_traceback(target: Path, fault: str) -> None:
    done = scan(target, fault)
    assert (done.returncode, done.stdout) == (70, "")
    assert done.stderr == (
        "auditor: a fault of auditor itself: KeyError in auditor/pipeline/judge_run.py, line "
        + done.stderr.partition("judge_run.py, line ")[2].partition(";")[0]
        + "; finished work is kept: the same command with --out run resumes the scan; please report it to the project, "
        "without names that are confidential, with the traceback that `auditor -v` shows\n"
    )


def test_the_traceback_of_a_fault_is_shown_where_it_was_asked_for(target: Path) -> None:
    done = scan(target, "fails", "-v")
    assert done.returncode == 70
    assert "Traceback (most recent call last)" in done.stderr
    assert "KeyError: 'a text of what is audited'" in done.stderr
    assert "in a thread" in done.stderr


def test_an_error_of_the_machine_is_told_with_its_file(target: Path) -> None:
    done = scan(target, "full")
    assert done.returncode == 2
    assert done.stderr == (
        "auditor: run: cannot be written: No space left on device; see to that and give the same command again "
        "with --out run\n"
    )
    done = scan(target, "machine")
    assert done.returncode == 70
    assert done.stderr == (
        "auditor: cannot go on: /tmp/somewhere: No space left on device; finished work is kept: the same command with "
        "--out run resumes the scan; see where with `auditor -v`\n"
    )


def test_what_was_finished_before_a_fault_is_kept(target: Path) -> None:
    scan(target, "fails")
    finished = {path.name: path.stat().st_mtime_ns for path in (target / "run" / "shards").iterdir()}
    assert finished
    done = scan(target, "none")
    assert (done.returncode, done.stderr) == (0, "")
    assert "all 3 files were read" in done.stdout
    assert {path.name: path.stat().st_mtime_ns for path in (target / "run" / "shards").iterdir()} == finished
