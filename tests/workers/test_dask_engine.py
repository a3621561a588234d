"""The Dask engine: what a local pool promises holds on a cluster too."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import RuleError, RunError, UsageError
from auditor.pipeline.audit import audit
from auditor.workers.dask_engine import run_on_dask
from auditor.workers.pool import FinishedTask

HUB = Path(__file__).parents[1] / "data" / "hub"
LIST = Path(__file__).parents[1] / "data" / "known-pictures.csv"

pytestmark = pytest.mark.slow


def work(context: str, task: str) -> str:
    if task == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "hangs":
        time.sleep(60)
    if task == "fails":
        raise KeyError(task)
    if task == "hungry":
        raise MemoryError
    if task == "rule":
        raise RuleError("rules/x.toml: is broken")
    return context + task.upper()


def has_other_version(context: str) -> str:
    return "has auditor 0.0.1, and the run was started with another one"


def outcomes(*tasks: str, address: str, **options: Any) -> dict[str, str]:
    ended = run_on_dask(tasks, work, "", address=address, workers=2, timeout=lambda task: 3, **options)
    return {end.task: end.result if isinstance(end, FinishedTask) else end.why for end in ended}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    import dask
    from distributed import LocalCluster

    paths = os.pathsep.join(path for path in sys.path if path)
    with (
        pytest.MonkeyPatch.context() as patch,
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
    ):
        patch.setenv("PYTHONPATH", paths)
        with LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", memory_limit=0, silence_logs=60
        ) as started:
            yield started


def test_a_lost_worker_costs_its_own_task_and_no_other(cluster: Any) -> None:
    found = outcomes("a", "dies", "b", "hangs", "c", "fails", "hungry", "d", address=cluster.scheduler_address)
    lost = "the worker process died, or took too long and was stopped"
    assert found == {
        "a": "A",
        "b": "B",
        "c": "C",
        "d": "D",
        "dies": lost,
        "hangs": lost,
        "fails": "the worker failed: KeyError",
        "hungry": "the worker ran out of memory",
    }


def test_a_lost_task_is_cut_into_smaller_ones(cluster: Any) -> None:
    def split(task: str) -> tuple[str, ...]:
        return ("x", "y") if task == "fails" else ()

    assert outcomes("a", "fails", address=cluster.scheduler_address, split=split) == {"a": "A", "x": "X", "y": "Y"}


def test_a_fault_of_the_set_up_ends_the_run(cluster: Any) -> None:
    with pytest.raises(RuleError, match=r"rules/x\.toml: is broken"):
        outcomes("a", "rule", address=cluster.scheduler_address)


def test_a_worker_that_is_set_up_differently_ends_the_run_by_name(cluster: Any) -> None:
    with pytest.raises(UsageError, match=r"the Dask worker on .*: has auditor 0\.0\.1, and the run was started with"):
        outcomes("a", address=cluster.scheduler_address, check=has_other_version)


def test_an_address_without_a_scheduler_is_misuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.workers.dask_engine._CONNECT_SECONDS", 1)
    with pytest.raises(UsageError, match=r"--engine dask=tcp://127.0.0.1:9: no Dask scheduler answers there"):
        outcomes("a", address="tcp://127.0.0.1:9")


def test_without_dask_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"Dask is not installed: pip install 'provenance-auditor\[dask\]'"):
        outcomes("a", address="")


def test_a_scheduler_that_goes_away_ends_the_run_with_what_to_do() -> None:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", memory_limit=0, silence_logs=60
    ) as started:
        ended = run_on_dask(
            iter("abcdefghijkl"), partial(max), "", address=started.scheduler_address, workers=1, timeout=lambda task: 9
        )
        next(ended)
        started.close()
        with pytest.raises(RunError, match="went away; finished work is kept: the same command with the same --out"):
            list(ended)


def test_an_audit_on_dask_is_the_audit_on_this_machine(tmp_path: Path) -> None:
    options: dict[str, Any] = {"known": [LIST], "profile": "example", "workers": 2}
    local = audit(HUB, out=tmp_path / "local", **options)
    dask = audit(HUB, out=tmp_path / "dask", engine="dask", **options)
    assert list(dask.findings) == list(local.findings)
    assert dask.tally == local.tally
    assert dask.cases == local.cases


def test_an_engine_that_there_is_not_is_misuse(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--engine ray: is none; write local, dask or dask=ADDRESS"):
        audit(HUB, out=tmp_path / "run", engine="ray")
