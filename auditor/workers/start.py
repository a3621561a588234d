"""How a worker process starts, and the context that its tasks are called with."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for
from multiprocessing.context import BaseContext
from typing import Any, TypeVar

from auditor.workers import without_pandas
from auditor.workers.limits import limit_core_dumps, limit_memory, limit_threads
from auditor.workers.worker_deaths import notice_dead_workers

T = TypeVar("T")
R = TypeVar("R")

_WORKER_VARIABLES = {
    # Python starts its processes with ``python -c``, which imports from the working directory. That may be what is
    # audited: ``auditor scan .`` must run nothing of it.
    "PYTHONSAFEPATH": "1",
    # KiB. Arrow's allocator reserves 1 GiB at a time otherwise, which counts against the limit of a worker's memory.
    "MIMALLOC_ARENA_RESERVE": "65536",
}

_context: Any = None  # what the tasks of this worker process share; set once, by WorkerStart


@dataclass(frozen=True, slots=True)
class WorkerStart:
    """Set up a worker process: its limits first, and only then what its tasks share.

    Attributes:
        pickled_context: unpickled in the worker after its limits are set, because unpickling may load NumPy.
        memory: bytes that the worker may allocate.
        verbose: keep the worker's stderr.
    """

    pickled_context: bytes
    memory: int
    verbose: bool

    def __call__(self) -> None:
        global _context
        os.umask(0o077)  # a worker writes into the run's folder alone, which is for its owner
        limit_threads()
        limit_core_dumps()
        without_pandas.block_pandas()
        notice_dead_workers()
        threading.Thread(target=_end_with_parent, daemon=True).start()
        if not self.verbose:
            # libtiff and others write warnings about what they read, past Python, to the user's terminal.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        limit_memory(self.memory)
        _context = pickle.loads(self.pickled_context)
        # What a worker makes holds few cycles: looking for them at the usual rate took a sixth of its time.
        gc.freeze()
        gc.set_threshold(100_000, 50, 100)


def run_task(work: Callable[[Any, T], R], task: T) -> R:
    """Run one task in the worker process that was started, with its context."""
    return work(_context, task)


def process_context(preload: Sequence[str], *, verbose: bool) -> BaseContext:
    """Return how worker processes are started: from a fork server where there is one.

    A process that has threads must never be forked, and a fork server starts faster than a fresh interpreter. Where
    no fork server can be started, each worker is a fresh interpreter.

    Args:
        preload: modules that the fork server imports before it forks. Only on Linux, as libraries of macOS need not
            survive a fork, and only for the program itself: a script that calls auditor keeps a server of its own kind.
        verbose: Helper processes, which are started here, keep stderr for their tracebacks and warnings.
    """
    context = multiprocessing.get_context(_start_method())
    if sys.platform == "linux" and without_pandas.is_pandas_blocked():
        context.set_forkserver_preload(list(preload))
    if context.get_start_method() == "forkserver":
        from multiprocessing import forkserver

        try:
            with nullcontext() if verbose else _discarded_stderr(), worker_environment():
                forkserver.ensure_running()
        except OSError:  # the path of its socket is too long where the folder for temporary files has a long name
            return multiprocessing.get_context("spawn")
    return context


@contextmanager
def _discarded_stderr() -> Iterator[None]:
    """Discard what this process, and workers that it starts meanwhile, write to stderr."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _start_method() -> str:
    """Return the method by which worker processes are started."""
    return "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


@contextmanager
def worker_environment() -> Iterator[None]:
    """Set the environment variables of worker processes started meanwhile, and restore those of this process."""
    before = {name: os.environ.get(name) for name in _WORKER_VARIABLES}
    os.environ.update(_WORKER_VARIABLES)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _end_with_parent() -> None:
    """End this worker when the main process has gone: two of them must never write the same shard."""
    parent = multiprocessing.parent_process()
    assert parent
    wait_for([parent.sentinel])
    os._exit(1)
