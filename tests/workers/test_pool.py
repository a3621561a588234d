"""Workers: a lost one costs its own task."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from auditor.errors import RuleError, UsageError
from auditor.workers import limits, start
from auditor.workers.limits import worker_memory
from auditor.workers.pool import FinishedTask, LostTask, run_tasks

GIBIBYTES = worker_memory(2) / 1024**3
# Written out, so that a name that is lost from the program's own list fails a test.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def work(context: str, task: str) -> str:
    if task == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "ends":
        os._exit(0)
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
        "hungry": f"the worker ran out of memory: it may take {GIBIBYTES:.1f} GiB, and more if --workers is less",
    }


def test_a_lost_task_is_tried_again_in_parts() -> None:
    ended = outcomes("dies", "a", split=lambda task: ("b", "fails") if task == "dies" else ())
    assert ended == {"a": "A", "b": "B", "fails": "the worker failed: KeyError"}


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="counts the processes beside it")
def test_a_task_whose_worker_was_killed_is_tried_again_while_nothing_else_runs(tmp_path: Path) -> None:
    tasks = [str(tmp_path / name) for name in ("a", "b", "victim", "c", "d")]
    killer = threading.Thread(target=kill_worker_of, args=[Path(tasks[2])])
    killer.start()
    ended = list(run_tasks(tasks, wait_to_be_killed, None, workers=2, timeout=lambda task: 60))
    killer.join()
    results = {Path(end.task).name: end.result for end in ended if isinstance(end, FinishedTask)}
    assert set(results) == {"a", "b", "victim", "c", "d"}
    assert results["victim"] == "0 other workers"


def wait_to_be_killed(context: None, task: str) -> str:
    """Return how many workers there are beside this one; the victim first waits for a signal."""
    pid = Path(task)
    if pid.name == "victim" and not pid.exists():
        pid.with_suffix(".part").write_text(str(os.getpid()))
        pid.with_suffix(".part").rename(pid)
        time.sleep(50)
    return f"{sum(_is_sibling(path) for path in _processes() if path.name.isdigit()) - 1} other workers"


def kill_worker_of(pid: Path) -> None:
    while not pid.exists():
        time.sleep(0.01)
    os.kill(int(pid.read_text()), signal.SIGKILL)


def test_only_a_task_that_kills_its_worker_again_when_alone_is_lost() -> None:
    ended = list(run_tasks(("a", "dies", "b"), work, "", workers=2, timeout=lambda task: 9))
    assert [end for end in ended if isinstance(end, LostTask)] == [LostTask("dies", "the worker process died", True)]


def test_a_worker_that_ends_without_a_result_is_noticed_before_its_time_is_up() -> None:
    began = time.monotonic()
    ended = list(run_tasks(("a", "ends", "b"), work, "", workers=2, timeout=lambda task: 300))
    assert [end for end in ended if isinstance(end, LostTask)] == [LostTask("ends", "the worker process died", True)]
    assert {end.result for end in ended if isinstance(end, FinishedTask)} == {"A", "B"}
    assert time.monotonic() - began < 60


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is not limited")
def test_a_task_that_takes_more_memory_than_its_worker_may_is_lost_with_that_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "available_memory", lambda: 1024**3)
    ended = run_tasks(("300", "700"), allocate, None, workers=1, timeout=lambda task: 60)
    assert list(ended) == [
        FinishedTask("300", 300),
        LostTask("700", "the worker ran out of memory: it may take 0.8 GiB, and more if --workers is less"),
    ]


def allocate(context: None, task: str) -> int:
    """Allocate so many MiB twice, without touching them."""
    first, second = (bytearray(int(task) * 1024**2) for _ in range(2))
    return (len(first) + len(second)) // 2 // 1024**2


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
    assert "both files were read" in done.stdout


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
