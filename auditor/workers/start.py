"""How a worker process starts, and the context that its tasks are called with."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for
from multiprocessing.context import BaseContext
from typing import Any, TypeVar

from auditor.workers import without_pandas
from auditor.workers.limits import limit_memory, limit_threads

T = TypeVar("T")
R = TypeVar("R")

# Pebble would wait a minute before it gives up a pool that a killed worker holds up inside the pool's channel.
_CHANNEL_LOCK_SECONDS = 10

_context: Any = None  # what the tasks of this worker process share; set once, by WorkerStart


@dataclass(frozen=True, slots=True)
class WorkerStart:
    """Set up a worker process: its limits first, and only then what its tasks share.

    Attributes:
        pickled_context: unpickled in the worker after its limits are set, because unpickling may load NumPy.
        verbose: keep the worker's stderr.
    """

    pickled_context: bytes
    verbose: bool

    def __call__(self) -> None:
        global _context
        limit_threads()
        without_pandas.block_pandas()
        notice_dead_workers()
        threading.Thread(target=_end_with_parent, daemon=True).start()
        if not self.verbose:
            # libtiff and others write warnings about what they read, past Python, to the user's terminal.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        limit_memory()
        _context = pickle.loads(self.pickled_context)
        # What a worker makes holds few cycles: looking for them at the usual rate took a sixth of its time.
        gc.freeze()
        gc.set_threshold(100_000, 50, 100)


def run_task(work: Callable[[Any, T], R], task: T) -> R:
    """Run one task in this worker process, with the worker's context."""
    return work(_context, task)


def process_context(preload: Sequence[str]) -> BaseContext:
    """Return how worker processes are made: from a fork server where there is one.

    A process that has threads must never be forked, and a fork server starts faster than a fresh interpreter.

    Args:
        preload: modules that the fork server imports before it forks. Only on Linux, as libraries of macOS need not
            survive a fork, and only for the program itself: a script that calls auditor keeps a server of its own kind.
    """
    context = multiprocessing.get_context(_start_method())
    if sys.platform == "linux" and without_pandas.is_pandas_blocked():
        context.set_forkserver_preload(list(preload))
    return context


def _start_method() -> str:
    """Return the method by which worker processes are started."""
    return "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


@contextmanager
def safe_import_path() -> Iterator[None]:
    """Keep worker processes started meanwhile from importing modules of the working directory.

    Python starts its processes with ``python -c``, which imports from there. That may be what is audited:
    ``auditor scan .`` must run nothing of it.
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


def notice_dead_workers() -> None:
    """Make Pebble give up a pool soon after a worker was killed inside the pool's channel."""
    from pebble.common import CONSTS

    CONSTS.channel_lock_timeout = _CHANNEL_LOCK_SECONDS


def _end_with_parent() -> None:
    """End this worker when the main process has gone: two of them must never write the same shard."""
    parent = multiprocessing.parent_process()
    assert parent
    wait_for([parent.sentinel])
    os._exit(1)
