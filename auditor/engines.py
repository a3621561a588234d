"""Runs tasks on worker processes: a lost worker costs its own task and no other.

Pebble's pool is used because a killed, timed-out or out-of-memory worker there is an error of its task
alone; ``concurrent.futures`` loses all that is queued and ``multiprocessing.Pool`` waits for ever.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from auditor.errors import AuditorError

T = TypeVar("T")
R = TypeVar("R")
_log = logging.getLogger(__name__)

# Memory a worker may allocate. RLIMIT_DATA does not count shared mappings of files, so lists may be larger.
_MEMORY = 8 * 1024**3


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

    waiting: deque[T] = deque()
    source = iter(tasks)
    running: dict[Future[R], T] = {}
    context = multiprocessing.get_context(_start_method())
    with ProcessPool(max_workers=workers, initializer=_Start(initializer, initargs), context=context) as pool:
        try:
            while True:
                while len(running) < 2 * workers:
                    task = waiting.popleft() if waiting else next(source, None)
                    if task is None:
                        break
                    running[pool.schedule(work, args=[task], timeout=seconds(task))] = task
                if not running:
                    break
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    task = running.pop(future)
                    why = _why(future)
                    if why is None:
                        yield Done(task, future.result())
                    elif smaller := retry(task):
                        waiting.extend(smaller)
                    else:
                        yield Lost(task, why)
        except BaseException:
            pool.stop()
            raise


@dataclass(frozen=True, slots=True)
class _Start:
    """What a worker does first: take a limit on its memory, then the caller's own initializer."""

    initializer: Callable[..., None]
    initargs: tuple[Any, ...]

    def __call__(self) -> None:
        import signal

        # An interrupt is for the main process, which ends its workers.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if sys.platform == "linux":
            import resource

            _, hard = resource.getrlimit(resource.RLIMIT_DATA)
            limit = _MEMORY if hard == resource.RLIM_INFINITY else min(_MEMORY, hard)
            resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
        self.initializer(*self.initargs)


def _start_method() -> str:
    """Never fork a process that has threads; a fork server starts faster than a fresh interpreter."""
    return "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


def _why(future: Future[Any]) -> str | None:
    """Why the task was lost, or None when it was not. Raises an AuditorError that the worker raised."""
    error = future.exception()
    if error is None:
        return None
    if isinstance(error, AuditorError):
        raise error
    if isinstance(error, TimeoutError):
        return "the worker took too long and was stopped"
    if isinstance(error, MemoryError):
        return "the worker ran out of memory"
    if type(error).__name__ == "ProcessExpired":
        return "the worker process died"
    _log.info("a worker failed", exc_info=error)
    return f"the worker failed: {type(error).__name__}"
