"""What each Dask worker of a run is given, also one that was started again: the context that tasks are called with."""

from __future__ import annotations

import os
import pickle
import platform
import threading
from collections.abc import Callable
from typing import Any

from distributed import Worker, WorkerPlugin

from auditor.errors import AuditorError, UsageError
from auditor.workers.limits import keep_freed_memory, limit_memory, limit_threads


class ContextPlugin(WorkerPlugin):  # type: ignore[misc]
    """Keeps the context of a run in a Dask worker, where it is unpickled and checked once, before the first task."""

    def __init__(self, name: str, pickled: bytes, memory: int, check: Callable[[Any], str] | None) -> None:
        """Keep what a worker needs.

        Args:
            name: The plugin's name, unique to the run.
            pickled: The context.
            memory: Bytes that the worker may allocate; 0: it has limits of its own.
            check: Returns what is wrong with a context in this worker, or "".
        """
        self.name = name
        self._pickled = pickled
        self._memory = memory
        self._check = check
        self._context: Any = None

    def setup(self, worker: Worker) -> None:
        """Set the worker up: several of its threads may run tasks, and one of them unpickles the context."""
        self._lock = threading.Lock()

    @property
    def context(self) -> Any:
        """The context of the run's tasks. Raises UsageError if this worker has other versions, lists or folders."""
        with self._lock:
            if self._context is None:
                limit_threads()
                keep_freed_memory()
                os.umask(0o077)
                try:
                    context = pickle.loads(self._pickled)
                    wrong = self._check(context) if self._check else ""
                except AuditorError as error:
                    wrong = str(error)
                if wrong:
                    raise UsageError(f"the Dask worker on {platform.node()}: {wrong}")
                if self._memory:
                    limit_memory(self._memory)
                self._context = context
        return self._context
