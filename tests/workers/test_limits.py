"""What worker processes may use."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from auditor.workers.limits import available_cores


def test_cores_are_counted_where_the_system_cannot_say_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert available_cores() == 3
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert available_cores() == 1


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is not limited")
def test_a_worker_may_allocate_8_gibibytes() -> None:
    script = "import resource; from auditor.workers.limits import limit_memory; limit_memory(); "
    script += "print(resource.getrlimit(resource.RLIMIT_DATA)[0])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) == 8 * 1024**3
