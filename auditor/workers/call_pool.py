"""Run single calls on worker processes that live as long as a service: a lost worker costs its own call."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from typing import Any, Generic, TypeVar

from auditor.workers.limits import worker_memory
from auditor.workers.pool import schedule_task, why_lost
from auditor.workers.start import WorkerStart, process_context, worker_environment
from auditor.workers.worker_deaths import notice_dead_workers

C = TypeVar("C")
T = TypeVar("T")
R = TypeVar("R")


class CallPool(Generic[C, T, R]):
    """A pool of worker processes for single calls. It may be used by several threads; close it at the end."""

    def __init__(
        self, work: Callable[[C, T], R], context: C, *, workers: int, timeout: float, preload: Sequence[str] = ()
    ) -> None:
        """Prepare the pool; its workers start with the first call.

        Args:
            work: Called in a worker as ``work(context, task)``; a function of a module's top level.
            context: What the calls share; unpickled once in each worker.
            workers: The number of processes.
            timeout: Seconds that a call may take once a worker has begun it.
            preload: Modules that a worker needs, as :func:`auditor.workers.start.process_context` takes them.
        """
        notice_dead_workers()
        self._work, self._workers, self._timeout = work, workers, timeout
        self._start = WorkerStart(pickle.dumps(context), worker_memory(workers), verbose=False)
        self._processes = process_context(preload, verbose=False)
        self._until_closed = ExitStack()
        self._until_closed.enter_context(worker_environment())  # lost workers are replaced at any time
        self._lock = threading.Lock()
        self._pool = self._new_pool()

    def submit(self, task: T) -> Future[R]:
        """Schedule one call. A pool whose workers cannot go on is replaced by a new one."""
        with self._lock:
            if not self._pool.active:
                self._pool.stop()
                # Its workers end when it is joined, which waits for them.
                threading.Thread(target=self._pool.join, daemon=True).start()
                self._pool = self._new_pool()
            return schedule_task(self._pool, self._work, task, self._timeout)

    def why_lost(self, future: Future[R]) -> str:
        """Return why an ended call has no result; "" if it has one. It raises what `pool.why_lost` raises."""
        return why_lost(future, self._start.memory)

    def close(self) -> None:
        """Stop the workers; calls that have not ended are lost."""
        self._pool.stop()
        self._pool.join()
        self._until_closed.close()

    def _new_pool(self) -> Any:
        """Return a pool of worker processes without a call."""
        from pebble import ProcessPool

        return ProcessPool(max_workers=self._workers, initializer=self._start, context=self._processes)
