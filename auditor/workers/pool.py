"""Run tasks on worker processes: a lost worker costs its own task at most, and no other.

Pebble's pool is used because a killed, timed-out or out-of-memory worker there is an error of its task
alone; ``concurrent.futures`` loses all that is queued and ``multiprocessing.Pool`` waits for ever.
"""

from __future__ import annotations

import logging
import pickle
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from multiprocessing.context import BaseContext
from typing import Any, Generic, TypeVar

from auditor.errors import AuditorError, UsageError
from auditor.workers.limits import worker_memory
from auditor.workers.start import (
    WorkerStart,
    process_context,
    run_task,
    worker_environment,
)
from auditor.workers.worker_deaths import futures_of_dead_workers, notice_dead_workers

C = TypeVar("C")
T = TypeVar("T")
R = TypeVar("R")
_log = logging.getLogger(__name__)

# A worker that died while others ran is no fault of its task yet. Alone, once may be chance too: then it is the task.
_ATTEMPTS_ALONE = 2
_CHECK_SECONDS = 1.0
_STALL_SECONDS = 30  # after the longest time-out of the running tasks, one of which must have ended by then
_DIED = "the worker process died"
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
    """A task whose worker died, ran out of time or failed.

    Attributes:
        task: The task.
        why: What happened, for a person.
        is_dead: The worker process died, which the system may have caused and not the task.
    """

    task: T
    why: str
    is_dead: bool = False


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
    """Run every task on a pool of workers and yield what came of each, in the order they end.

    A task whose worker died is tried again at the end, in fresh workers and while nothing else runs: the system
    may have killed the worker because all of them together took too much memory.

    Args:
        tasks: read as workers become free.
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
    notice_dead_workers()
    verbose = _log.isEnabledFor(logging.INFO)
    pools = _Pools(
        WorkerStart(pickle.dumps(context), worker_memory(workers), verbose),
        process_context(preload, verbose=verbose),
        work,
        timeout,
    )
    source = iter(tasks)
    waiting = deque(islice(source, workers))
    to_run_alone: list[T] = []
    for ended in pools.run(waiting, source, len(waiting)):
        if isinstance(ended, LostTask) and (parts := split(ended.task)):
            waiting.extend(parts)
        elif isinstance(ended, LostTask) and ended.is_dead:
            to_run_alone.append(ended.task)
        else:
            yield ended
    for task in to_run_alone:
        for _ in range(_ATTEMPTS_ALONE):
            (ended,) = pools.run(deque([task]), iter(()), 1)
            if isinstance(ended, FinishedTask) or not ended.is_dead:
                break
        yield ended


@dataclass(frozen=True, slots=True)
class _Pools(Generic[C, T, R]):
    """Runs tasks in pools of worker processes, one pool after another where one breaks."""

    start: WorkerStart
    processes: BaseContext
    work: Callable[[C, T], R]
    timeout: Callable[[T], float]

    def run(self, waiting: deque[T], source: Iterator[T], workers: int) -> Iterator[FinishedTask[T, R] | LostTask[T]]:
        """Run tasks once and yield what came of each.

        Args:
            waiting: run first; more may be added while this runs.
            source: the tasks to run after them, read as workers become free.
            workers: the processes that run at a time.
        """
        from pebble import ProcessPool

        broken_pools = 0
        while waiting:
            running: dict[Future[R], T] = {}
            with (
                worker_environment(),
                ProcessPool(max_workers=workers, initializer=self.start, context=self.processes) as pool,
            ):
                try:
                    missed, checked = set[Future[Any]](), time.monotonic()
                    while True:
                        while len(running) < 2 * workers:
                            task = waiting.popleft() if waiting else next(source, None)
                            if task is None:
                                break
                            running[schedule_task(pool, self.work, task, self.timeout(task))] = task
                            progressed = time.monotonic()
                        if not running:
                            break
                        ended, _ = wait(running, timeout=_CHECK_SECONDS, return_when=FIRST_COMPLETED)
                        for future in ended:
                            lost = why_lost(future, self.start.memory)
                            task = running.pop(future)
                            broken_pools, progressed = 0, time.monotonic()
                            if lost:
                                yield LostTask(task, lost, lost == _DIED)
                            else:
                                yield FinishedTask(task, future.result())
                        if time.monotonic() - checked < _CHECK_SECONDS:
                            continue
                        # Twice in a row: Pebble may be about to notice a death, or to note a worker just started.
                        dead, missed = missed, futures_of_dead_workers(pool)
                        checked = time.monotonic()
                        for future in [future for future in running if future in dead & missed]:
                            yield LostTask(running.pop(future), _DIED, True)
                            raise BrokenProcessPool("a worker's death was missed")
                        limit = max(map(self.timeout, running.values()), default=0) + _STALL_SECONDS
                        if not pool.active or checked - progressed > limit:
                            # Pebble's threads can end with its workers, or wait for a lock that a dead one holds.
                            raise BrokenProcessPool("the pool is no longer active")
                except BrokenProcessPool as error:
                    pool.stop()
                    broken_pools += 1
                    if broken_pools == _MAX_BROKEN_POOLS:
                        raise UsageError(_NO_WORKERS) from error
                    waiting.extendleft(reversed(running.values()))
                except BaseException:
                    pool.stop()
                    raise


def schedule_task(pool: Any, work: Callable[[C, T], R], task: T, timeout: float) -> Future[R]:
    """Hand a task to the pool of workers; a broken pool fails the task."""
    try:
        return pool.schedule(run_task, args=[work, task], timeout=timeout)  # type: ignore[no-any-return]
    except RuntimeError as error:  # Pebble raises it for a pool that broke since the last task
        future: Future[R] = Future()
        future.set_exception(BrokenProcessPool(str(error)))
        return future


def why_lost(future: Future[Any], memory: int) -> str:
    """Return why a task was lost with its worker in the pool; "" if it was not.

    Args:
        future: The task's, which has ended.
        memory: Bytes that its worker could allocate.

    Raises:
        AuditorError: the worker raised it.
        BrokenProcessPool: no worker is left.
    """
    error = future.exception()
    if error is None:
        return ""
    if isinstance(error, AuditorError | BrokenProcessPool):
        raise error
    if isinstance(error, TimeoutError):
        return "the worker took too long and was stopped"
    if isinstance(error, MemoryError):
        return f"the worker ran out of memory: it may take {memory / 1024**3:.1f} GiB, and more if --workers is less"
    if type(error).__name__ == "ProcessExpired":
        return _DIED
    _log.info("a worker failed", exc_info=error)
    return f"the worker failed: {type(error).__name__}"
