"""Runs tasks on worker processes: a lost worker costs its own task and no other.

Pebble's pool is used because a killed, timed-out or out-of-memory worker there is an error of its task
alone; ``concurrent.futures`` loses all that is queued and ``multiprocessing.Pool`` waits for ever.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import pickle
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import wait as wait_for
from typing import Any, Generic, TypeVar

from auditor.errors import AuditorError, UsageError
from auditor.workers import without_pandas

T = TypeVar("T")
R = TypeVar("R")
_log = logging.getLogger(__name__)

# Memory a worker may allocate. RLIMIT_DATA does not count shared mappings of files, so lists may be larger.
_MEMORY = 8 * 1024**3
# There is a worker for every core already: threads of BLAS and of Arrow would only get in each other's way.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# A pool whose workers all end breaks; so many in a row without a finished task, and something is wrong here.
_BROKEN_POOLS = 5
_NO_WORKERS = (
    "worker processes end as soon as they start; run it again with -v to see why (a script that calls auditor "
    'needs `if __name__ == "__main__":` around what it does)'
)


@dataclass(frozen=True, slots=True)
class Done(Generic[T, R]):
    task: T
    result: R


@dataclass(frozen=True, slots=True)
class Lost(Generic[T]):
    """A task whose worker died, ran out of time or failed; ``why`` is for a person."""

    task: T
    why: str


def cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(
    tasks: Iterable[T],
    work: Callable[[T], R],
    *,
    workers: int,
    initializer: Callable[..., None],
    initargs: tuple[Any, ...],
    seconds: Callable[[T], float],
    retry: Callable[[T], tuple[T, ...]] = lambda task: (),
) -> Iterator[Done[T, R] | Lost[T]]:
    """Run every task and yield what came of each, in the order they end.

    ``tasks`` is read as workers become free, so it may be endless. ``retry`` splits a lost task into
    smaller ones, to lose no more than it must; an empty tuple gives it up. An :class:`AuditorError` from a
    worker ends the run: what is wrong with the set-up is wrong for every task.
    """
    from pebble import ProcessPool

    _notice_dead_workers()
    source = iter(tasks)
    waiting = deque(islice(source, workers))
    workers = len(waiting)  # never more than there are tasks
    start = _Start(pickle.dumps((initializer, initargs)), _log.isEnabledFor(logging.INFO))
    context = multiprocessing.get_context(_start_method())
    # A script that calls auditor keeps a server of its own kind; macOS's libraries need not survive a fork.
    if sys.platform == "linux" and without_pandas.kept_out():
        context.set_forkserver_preload(["auditor.pipeline.preload", "auditor.cli.main"])
    broken = 0
    while waiting:
        running: dict[Future[R], T] = {}
        with _safe_path(), ProcessPool(max_workers=workers, initializer=start, context=context) as pool:
            try:
                while True:
                    while len(running) < 2 * workers:
                        task = waiting.popleft() if waiting else next(source, None)
                        if task is None:
                            break
                        running[_schedule(pool, work, task, seconds(task))] = task
                    if not running:
                        break
                    finished, _ = wait(running, timeout=1, return_when=FIRST_COMPLETED)
                    if not finished and not pool.active:
                        # Pebble's own threads can end with their workers and leave the tasks waiting for ever.
                        raise BrokenProcessPool("the pool is no longer active")
                    for future in finished:
                        why = _why(future)
                        task = running.pop(future)
                        broken = 0
                        if why is None:
                            yield Done(task, future.result())
                        elif smaller := retry(task):
                            waiting.extend(smaller)
                        else:
                            yield Lost(task, why)
            except BrokenProcessPool as error:
                pool.stop()
                broken += 1
                if broken == _BROKEN_POOLS:
                    raise UsageError(_NO_WORKERS) from error
                waiting.extendleft(reversed(running.values()))
            except BaseException:
                pool.stop()
                raise


@contextmanager
def _safe_path() -> Iterator[None]:
    """Python starts its processes with ``python -c``, which would import what lies in the working directory.

    That may be what is audited: ``auditor scan .`` must run nothing of it.
    """
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


def _notice_dead_workers() -> None:
    """A worker killed inside the pool's channel holds it up; Pebble would wait a minute before it gives the pool up."""
    from pebble.common import CONSTS

    CONSTS.channel_lock_timeout = 10


def _schedule(pool: Any, work: Callable[[T], R], task: T, seconds: float) -> Future[R]:
    try:
        return pool.schedule(work, args=[task], timeout=seconds)  # type: ignore[no-any-return]
    except RuntimeError as error:  # what Pebble says of a pool that broke since the last task
        future: Future[R] = Future()
        future.set_exception(BrokenProcessPool(str(error)))
        return future


@dataclass(frozen=True, slots=True)
class _Start:
    """What a worker does first, and only then unpacks and calls the caller's own initializer."""

    packed: bytes  # pickled (initializer, initargs): unpacking them may load NumPy
    verbose: bool

    def __call__(self) -> None:
        for name in THREADS:
            os.environ.setdefault(name, "1")
        without_pandas.keep_out()
        _notice_dead_workers()
        threading.Thread(target=_end_with_parent, daemon=True).start()
        if not self.verbose:
            # libtiff and others write warnings about what they read, past Python, to the user's terminal.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        if sys.platform == "linux":
            import resource

            _, hard = resource.getrlimit(resource.RLIMIT_DATA)
            limit = _MEMORY if hard == resource.RLIM_INFINITY else min(_MEMORY, hard)
            resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
        initializer, initargs = pickle.loads(self.packed)
        initializer(*initargs)
        # What a worker makes holds few cycles: looking for them at the usual rate took a sixth of its time.
        gc.freeze()
        gc.set_threshold(100_000, 50, 100)


def _end_with_parent() -> None:
    """End this worker when the main process has gone: two of them must never write the same shard."""
    parent = multiprocessing.parent_process()
    assert parent
    wait_for([parent.sentinel])
    os._exit(1)


def _start_method() -> str:
    """Never fork a process that has threads; a fork server starts faster than a fresh interpreter."""
    return "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


def _why(future: Future[Any]) -> str | None:
    """Why the task was lost, or None when it was not.

    Raises an AuditorError that the worker raised, and BrokenProcessPool where no worker is left.
    """
    error = future.exception()
    if error is None:
        return None
    if isinstance(error, AuditorError | BrokenProcessPool):
        raise error
    if isinstance(error, TimeoutError):
        return "the worker took too long and was stopped"
    if isinstance(error, MemoryError):
        return "the worker ran out of memory"
    if type(error).__name__ == "ProcessExpired":
        return "the worker process died"
    _log.info("a worker failed", exc_info=error)
    return f"the worker failed: {type(error).__name__}"
