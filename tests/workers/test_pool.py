"""Workers: a lost one costs its own task."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from auditor.errors import RuleError, UsageError
from auditor.workers import start
from auditor.workers.pool import FinishedTask, LostTask, run_tasks

# Written out, so that a name that is lost from the program's own list fails a test.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def work(context: str, task: str) -> str:
    if task == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "hangs":
        time.sleep(60)
    if task == "fails":
        raise KeyError(task)
    if task == "hungry":
        raise MemoryError
    if task == "threads":
        return ",".join(os.environ.get(name, "") for name in _THREADS)
    if task == "rule":
        raise RuleError("rules/x.toml: is broken")
    return context + task.upper()


def outcomes(*tasks: str, **options: object) -> dict[str, str]:
    ended = run_tasks(tasks, work, "", workers=2, timeout=lambda task: 3, **options)  # type: ignore[arg-type]
    return {end.task: end.result if isinstance(end, FinishedTask) else end.why for end in ended}


def test_a_lost_worker_costs_its_own_task_and_no_other() -> None:
    assert outcomes("a", "dies", "b", "hangs", "c", "fails", "hungry", "d") == {
        "a": "A",
        "b": "B",
        "c": "C",
        "d": "D",
        "dies": "the worker process died",
        "hangs": "the worker took too long and was stopped",
        "fails": "the worker failed: KeyError",
        "hungry": "the worker ran out of memory",
    }


def test_a_lost_task_is_tried_again_in_parts() -> None:
    ended = outcomes("dies", "a", split=lambda task: ("b", "fails") if task == "dies" else ())
    assert ended == {"a": "A", "b": "B", "fails": "the worker failed: KeyError"}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each worker loads what it needs")
def test_a_worker_of_the_program_is_forked_with_what_it_needs_and_without_pandas(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from auditor.workers import without_pandas\n"
        "from auditor.workers.pool import run_tasks\n"
        "def work(context, task):\n"
        "    return [name for name in ('auditor.pipeline.scan_shard', 'numpy', 'pandas') if name in sys.modules]\n"
        "if __name__ == '__main__':\n"
        "    if sys.argv[1:]: without_pandas.block_pandas()\n"
        "    preload = ['auditor.pipeline.preload']\n"
        "    ended = run_tasks('a', work, None, workers=1, timeout=lambda task: 9, preload=preload)\n"
        "    print(*(end.result for end in ended))\n"
    )
    said = [
        subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, check=True).stdout.strip()
        for arguments in ([], ["own"])
    ]
    assert said == ["[]", "['auditor.pipeline.scan_shard', 'numpy']"]


@pytest.mark.parametrize("module", ["pyarrow.py", "threading.py", "numpy/__init__.py", "auditor/__init__.py"])
def test_nothing_in_the_working_directory_is_run(module: str, tmp_path: Path) -> None:
    audited, script = tmp_path / "upload", tmp_path / "elsewhere" / "script.py"
    trap = audited / module
    for path in (trap, script):
        path.parent.mkdir(parents=True, exist_ok=True)
    trap.write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\nraise ImportError('not this one')\n")
    (audited / "README.md").write_text("---\nlicense: mit\n---\n# Leaf\n")
    script.write_text("from auditor.cli.main import main\n\nif __name__ == '__main__':\n    main()\n")
    command = [sys.executable, script, "scan", ".", "--out", tmp_path / "run", "--fail-on", "never", "--workers", "2"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    done = subprocess.run(command, cwd=audited, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "ran").exists()
    assert "2 scanned" in done.stdout


def test_what_is_wrong_with_the_set_up_ends_the_run() -> None:
    with pytest.raises(RuleError, match=r"rules/x\.toml: is broken"):
        outcomes("a", "rule", "b")


def test_tasks_are_read_as_workers_become_free() -> None:
    read = 0

    def tasks() -> object:
        nonlocal read
        for number in range(1000):
            read += 1
            yield str(number)

    ended = run_tasks(tasks(), work, "", workers=1, timeout=lambda task: 3)  # type: ignore[arg-type]
    first = next(ended)
    assert isinstance(first, FinishedTask | LostTask)
    assert read < 10
    ended.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_workers_start_in_every_way_that_an_operating_system_has(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "_start_method", lambda: method)
    assert outcomes("a", "dies", "b") == {"a": "A", "b": "B", "dies": "the worker process died"}


def test_a_worker_has_one_thread_and_its_caller_as_many_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _THREADS:
        monkeypatch.delenv(name, raising=False)
    before = dict(os.environ)
    assert outcomes("threads") == {"threads": "1,1,1,1"}
    assert dict(os.environ) == before


@pytest.mark.parametrize(("verbose", "said"), [("WARNING", ""), ("INFO", "a warning of a C library")])
def test_what_libraries_write_about_files_reaches_the_terminal_only_in_a_log(
    verbose: str, said: str, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import logging, os\n"
        "from auditor.workers.pool import run_tasks\n"
        "def work(context, task): os.write(2, b'a warning of a C library')\n"
        "if __name__ == '__main__':\n"
        f"    logging.basicConfig(level='{verbose}')\n"
        "    list(run_tasks('a', work, None, workers=1, timeout=lambda task: 9))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == said


def test_workers_that_cannot_start_end_the_run_with_a_reason() -> None:
    ended = run_tasks("abc", work, BreaksInWorker(), workers=2, timeout=lambda task: 3)
    with pytest.raises(UsageError, match="worker processes end as soon as they start; run it again with -v to see why"):
        list(ended)


class BreaksInWorker(str):
    """A context that cannot be unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return _raise, ()


def _raise() -> None:
    raise OSError("no worker today")


def test_no_more_workers_are_started_than_there_are_tasks() -> None:
    ended = run_tasks("a", count, None, workers=8, timeout=lambda task: 3)
    assert [end.result for end in ended if isinstance(end, FinishedTask)] == [0]
    assert list(run_tasks("", work, "", workers=8, timeout=lambda task: 3)) == []


def count(context: None, task: str) -> int:
    """How many workers have started before this one, by their pids: none."""
    return sum(path.name.isdigit() and int(path.name) > os.getpid() and _is_sibling(path) for path in _processes())


def _processes() -> list[Path]:
    return list(Path("/proc").iterdir()) if Path("/proc").is_dir() else []


def _is_sibling(path: Path) -> bool:
    try:
        return int((path / "stat").read_text().rsplit(")", 1)[1].split()[1]) == os.getppid()
    except (OSError, IndexError):
        return False
