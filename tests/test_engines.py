"""Workers: a lost one costs its own task."""

from __future__ import annotations

import os
import signal
import time

import pytest

from auditor.engines import Done, Lost, run
from auditor.errors import RuleError


def start() -> None:
    pass


def work(task: str) -> str:
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
    return task.upper()


def outcomes(*tasks: str, **options: object) -> dict[str, str]:
    ended = run(tasks, work, workers=2, initializer=start, initargs=(), seconds=lambda task: 3, **options)  # type: ignore[arg-type]
    return {end.task: end.result if isinstance(end, Done) else end.why for end in ended}


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
    ended = outcomes("dies", "a", retry=lambda task: ("b", "fails") if task == "dies" else ())
    assert ended == {"a": "A", "b": "B", "fails": "the worker failed: KeyError"}


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

    ended = run(tasks(), work, workers=1, initializer=start, initargs=(), seconds=lambda task: 3)  # type: ignore[arg-type]
    first = next(ended)
    assert isinstance(first, Done | Lost)
    assert read < 10
    ended.close()  # type: ignore[attr-defined]
