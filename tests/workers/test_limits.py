"""What worker processes may use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.workers import limits
from auditor.workers.limits import available_cores, available_memory, worker_memory


def test_cores_are_counted_where_the_system_cannot_say_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert available_cores() == 3
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert available_cores() == 1


def test_a_worker_may_take_its_part_of_four_fifths_of_the_memory_within_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    def shares(gibibytes: float) -> list[float]:
        monkeypatch.setattr(limits, "available_memory", lambda: int(gibibytes * 1024**3))
        return [worker_memory(workers) / 1024**3 for workers in (1, 4, 16)]

    assert shares(20) == pytest.approx([8, 4, 1])
    assert shares(1) == pytest.approx([0.8, 0.5, 0.5])


def test_the_memory_of_a_control_group_counts_if_it_is_less_than_that_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "cgroup"
    monkeypatch.setattr(limits, "_CONTROL_GROUPS", tmp_path)
    monkeypatch.setattr(limits, "_OWN_CONTROL_GROUPS", own)
    whole = available_memory()
    assert whole > 64 * 1024**2

    own.write_text("0::/slice/job\n")  # version 2: the group has no limit, the one above has
    (tmp_path / "slice" / "job").mkdir(parents=True)
    (tmp_path / "slice" / "job" / "memory.max").write_text("max\n")
    assert available_memory() == whole
    (tmp_path / "slice" / "memory.max").write_text("67108864\n")
    assert available_memory() == 64 * 1024**2

    own.write_text("5:cpu,cpuacct:/\n4:memory:/docker/0123\n")  # version 1, in a container: the path is the host's
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("33554432\n")
    assert available_memory() == 32 * 1024**2


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is not limited")
def test_a_worker_may_allocate_what_it_is_allowed_beside_what_it_has() -> None:
    script = (
        "import resource\n"
        "from auditor.workers.limits import limit_memory\n"
        "held = bytearray(300 * 1024**2)\n"
        "limit_memory(200 * 1024**2)\n"
        "more = bytearray(150 * 1024**2)\n"
        "try:\n"
        "    bytearray(100 * 1024**2)\n"
        "except MemoryError:\n"
        "    print('no more')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "no more\n"


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux")
def test_freed_memory_is_kept_where_the_environment_gives_it_back_at_once() -> None:
    code = (
        "import resource, sys; from auditor.workers.limits import keep_freed_memory\n"
        "if sys.argv[1] == 'kept': keep_freed_memory()\n"
        "def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "bytearray(4_000_000); before = faults()\n"
        "for _ in range(20): bytearray(4_000_000)\n"
        "print(faults() - before)"
    )
    environment = {**os.environ, "MALLOC_TRIM_THRESHOLD_": "65536", "PYTHONMALLOC": "malloc"}
    faults = {
        how: int(subprocess.check_output([sys.executable, "-c", code, how], env=environment)) for how in ("kept", "")
    }
    if faults[""] < 1000:
        pytest.skip("this allocator keeps memory anyway")
    assert faults["kept"] < faults[""] / 10, faults
