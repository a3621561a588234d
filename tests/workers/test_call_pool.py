"""A pool of calls: a lost worker costs its own call, and calls go on."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator

import pytest

from auditor.errors import ListError
from auditor.workers.call_pool import CallPool


def work(context: str, task: str) -> str:
    if task == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "hangs":
        time.sleep(60)
    if task == "list":
        raise ListError("hills: damaged")
    if task == "core":
        import resource

        return str(resource.getrlimit(resource.RLIMIT_CORE))
    return context + task.upper()


@pytest.fixture(scope="module")
def pool() -> Iterator[CallPool[str, str, str]]:
    made = CallPool(work, "it is ", workers=2, timeout=3)
    yield made
    made.close()


def why(pool: CallPool[str, str, str], task: str) -> str:
    call = pool.submit(task)
    call.exception(60)
    return pool.why_lost(call)


def test_a_call_is_answered_before_and_after_a_lost_worker(pool: CallPool[str, str, str]) -> None:
    assert pool.submit("a").result(60) == "it is A"
    assert why(pool, "dies") == "the worker process died"
    assert why(pool, "hangs") == "the worker took too long and was stopped"
    assert why(pool, "b") == ""
    assert pool.submit("b").result(60) == "it is B"


def test_what_is_wrong_with_the_set_up_is_raised(pool: CallPool[str, str, str]) -> None:
    with pytest.raises(ListError, match="hills: damaged"):
        why(pool, "list")


def test_a_pool_that_stopped_is_replaced(pool: CallPool[str, str, str]) -> None:
    pool._pool.stop()
    assert pool.submit("c").result(60) == "it is C"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no core dumps")
def test_a_worker_that_crashes_leaves_no_core_dump(pool: CallPool[str, str, str]) -> None:
    assert pool.submit("core").result(60) == "(0, 0)"
