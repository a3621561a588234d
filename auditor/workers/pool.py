"""Run tasks on worker processes: a lost worker costs its own task and no other.

Pebble's pool is used because a killed, timed-out or out-of-memory worker there is an error of its task
alone; ``concurrent.futures`` loses all that is queued and ``multiprocessing.Pool`` waits for ever.
"""

from __future__ import annotations

import logging
import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from auditor.errors import AuditorError, UsageError
from auditor.workers.start import WorkerStart, notice_dead_workers, process_context, run_task, safe_import_path

C = TypeVar("C")
T = TypeVar("T")
R = TypeVar("R")
_log = logging.getLogger(__name__)

# A pool whose workers all end breaks; so many in a row without a finished task, and something is wrong here.
_MAX_BROKEN_POOLS = 5
_NO_WORKERS = (
    "worker processes end as soon as they start; run it again with -v to see why (a script that calls auditor "
    'needs `if __name__ == "__main__":` around what it does)'
)


@dataclass(frozen=True, slots=True)
class FinishedTask(Generic[T, R]):
    """A task and what it returned."""

    task: T
    result: R


@dataclass(frozen=True, slots=True)
class LostTask(Generic[T]):
    """A task whose worker died, ran out of time or failed; ``why`` is for a person."""

    task: T
    why: str


def run_tasks(
    tasks: Iterable[T],
    work: Callable[[C, T], R],
    context: C,
    *,
    workers: int,
    timeout: Callable[[T], float],
    split: Callable[[T], tuple[T, ...]] = lambda task: (),
    preload: Sequence[str] = (),
) -> Iterator[FinishedTask[T, R] | LostTask[T]]:
    """Run every task in a worker process and yield what came of each, in the order they end.

    Args:
        tasks: read as workers become free, so it may be endless.
        work: called in a worker as ``work(context, task)``; a function of a module's top level.
        context: what the tasks share; pickled once, and unpickled once in each worker.
        workers: the most processes that run at a time; never more than there are tasks.
        timeout: seconds that a task may take.
        split: cuts a lost task into smaller ones, to lose no more than must be; an empty tuple gives it up.
        preload: modules that a worker needs, imported once and shared by all workers where the system can.

    Raises:
        AuditorError: of a worker: what is wrong with the set-up is wrong for every task, so it ends the run.
        UsageError: no worker can be started.
    """
    from pebble import ProcessPool

    notice_dead_workers()
    source = iter(tasks)
    waiting = deque(islice(source, workers))
    workers = len(waiting)
    start = WorkerStart(pickle.dumps(context), _log.isEnabledFor(logging.INFO))
    processes = process_context(preload)
    broken_pools = 0
    while waiting:
        running: dict[Future[R], T] = {}
        with safe_import_path(), ProcessPool(max_workers=workers, initializer=start, context=processes) as pool:
            try:
                while True:
                    while len(running) < 2 * workers:
                        task = waiting.popleft() if waiting else next(source, None)
                        if task is None:
                            break
                        running[_schedule(pool, work, task, timeout(task))] = task
                    if not running:
                        break
                    ended, _ = wait(running, timeout=1, return_when=FIRST_COMPLETED)
                    if not ended and not pool.active:
                        # Pebble's own threads can end with their workers and leave the tasks waiting for ever.
                        raise BrokenProcessPool("the pool is no longer active")
                    for future in ended:
                        why = _why_lost(future)
                        task = running.pop(future)
                        broken_pools = 0
                        if why is None:
                            yield FinishedTask(task, future.result())
                        elif parts := split(task):
                            waiting.extend(parts)
                        else:
                            yield LostTask(task, why)
            except BrokenProcessPool as error:
                pool.stop()
                broken_pools += 1
                if broken_pools == _MAX_BROKEN_POOLS:
                    raise UsageError(_NO_WORKERS) from error
                waiting.extendleft(reversed(running.values()))
            except BaseException:
                pool.stop()
                raise


def _schedule(pool: Any, work: Callable[[C, T], R], task: T, timeout: float) -> Future[R]:
    """Hand a task to the pool of workers; a broken pool fails the task."""
    try:
        return pool.schedule(run_task, args=[work, task], timeout=timeout)  # type: ignore[no-any-return]
    except RuntimeError as error:  # Pebble raises it for a pool that broke since the last task
        future: Future[R] = Future()
        future.set_exception(BrokenProcessPool(str(error)))
        return future


def _why_lost(future: Future[Any]) -> str | None:
    """Return why a task was lost with its worker, or None if it was not.

    Raises:
        AuditorError: the worker raised it.
        BrokenProcessPool: no worker is left.
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
