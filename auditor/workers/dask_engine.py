"""Run tasks on a Dask cluster: one of this machine, or one whose scheduler runs elsewhere.

Each Dask worker gets the limits of a local one. A worker that a task kills, or that takes too long for it, is started
again by Dask; the task is then given up, or cut into smaller ones as on this machine.
"""

from __future__ import annotations

import logging
import os
import pickle
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar, cast

from auditor.errors import AuditorError, RunError, UsageError
from auditor.workers.limits import worker_memory
from auditor.workers.pool import FinishedTask, LostTask
from auditor.workers.start import worker_environment

C = TypeVar("C")
T = TypeVar("T")
R = TypeVar("R")

# Workers that a task may take with it before it is given up; the first may have been stopped from outside.
_DEATHS_OF_TASK = 2
# Tasks that wait at the scheduler for each worker: enough that none is idle, few enough to read a listing as it goes.
_TASKS_PER_WORKER = 3
_CONNECT_SECONDS = 30
_WAIT_SECONDS = 60  # for a worker to be there, before and while tasks run

NOT_INSTALLED = "Dask is not installed: pip install 'provenance-auditor[dask]'"


def run_on_dask(
    tasks: Iterable[T],
    work: Callable[[C, T], R],
    context: C,
    *,
    address: str,
    workers: int,
    timeout: Callable[[T], float],
    split: Callable[[T], tuple[T, ...]] = lambda task: (),
    check: Callable[[C], str] | None = None,
) -> Iterator[FinishedTask[T, R] | LostTask[T]]:
    """Run every task on a Dask cluster and yield what came of each, in the order they end.

    Args:
        tasks: Read as workers become free.
        work: Called in a worker as ``work(context, task)``; a function of a module's top level.
        context: What the tasks share; pickled once, and unpickled once in each worker.
        address: The scheduler's, such as ``tcp://host:8786``; "": a cluster of this machine, which ends with the tasks.
        workers: The worker processes of a cluster of this machine.
        timeout: Seconds that a task may take.
        split: Cuts a lost task into smaller ones, to lose no more than must be; an empty tuple gives it up.
        check: Called in each worker with the context before its first task; returns what is wrong there, or "";
            None: nothing is checked.

    Raises:
        AuditorError: Of a worker: what is wrong with the set-up is wrong for every task, so it ends the run.
        RunError: The scheduler went away, or no worker is left.
        UsageError: Dask is not installed, there is no scheduler at the address, or a worker is not set up as this one.
    """
    try:
        import dask
        from distributed import Client
    except ImportError as error:
        raise UsageError(NOT_INSTALLED) from error

    _keep_quiet()
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": _DEATHS_OF_TASK - 1}),
        _cluster_address(address, workers) as scheduler,
    ):
        try:
            client = Client(scheduler, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise UsageError(f"--engine dask={address}: no Dask scheduler answers there ({error})") from error
        with client:
            yield from _run(client, tasks, work, context, timeout, split, check, address)


def _keep_quiet() -> None:
    """Keep what Dask tells of its workers out of this program's messages, unless each step is logged."""
    if not logging.getLogger().isEnabledFor(logging.INFO):
        for name in [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


@contextmanager
def _cluster_address(address: str, workers: int) -> Iterator[str]:
    """Start a cluster of this machine, unless there is a scheduler's address, and return the address."""
    if address:
        yield address
        return
    from distributed import LocalCluster

    with (
        worker_environment(),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            memory_limit=0,
            silence_logs=logging.CRITICAL + 1,
        ) as cluster,
    ):
        yield cluster.scheduler_address


def _run(
    client: Any,
    tasks: Iterable[T],
    work: Callable[[C, T], R],
    context: C,
    timeout: Callable[[T], float],
    split: Callable[[T], tuple[T, ...]],
    check: Callable[[C], str] | None,
    address: str,
) -> Iterator[FinishedTask[T, R] | LostTask[T]]:
    """Run tasks on the workers of a Dask client; the arguments are those of :func:`run_on_dask`."""
    from distributed import as_completed

    from auditor.workers.dask_plugin import ContextPlugin

    where = address or "on this machine"
    try:
        client.wait_for_workers(1, timeout=_WAIT_SECONDS)
    except TimeoutError as error:
        raise UsageError(f"the Dask scheduler {where} has no workers; start some (dask worker {where})") from error
    threads = max(1, sum(one["nthreads"] for one in client.scheduler_info(n_workers=-1)["workers"].values()))
    # Workers of another cluster have the limits that it gives them.
    memory = 0 if address else worker_memory(threads)
    plugin = ContextPlugin(f"auditor-{os.urandom(8).hex()}", pickle.dumps(context), memory, check)
    client.register_plugin(plugin)
    source, running = iter(tasks), dict[Any, T]()
    number = 0

    def submit(task: T) -> Any:
        nonlocal number
        number += 1
        key = f"{plugin.name}-{number}"
        future = client.submit(_run_task, plugin.name, work, task, timeout(task), key=key, pure=False)
        running[future] = task
        return future

    ended = as_completed([submit(task) for task in islice(source, _TASKS_PER_WORKER * threads)], loop=client.loop)
    for future in ended:
        task = running.pop(future)
        lost = _why_lost(future, where)
        result = future.result() if lost is None else cast("R", None)
        future.release()
        if lost and (parts := split(task)):
            for part in parts:
                ended.add(submit(part))
        elif lost:
            yield LostTask(task, lost.why, lost.is_dead)
        else:
            yield FinishedTask(task, result)
        if (further := next(source, None)) is not None:
            ended.add(submit(further))


def _why_lost(future: Any, where: str) -> LostTask[None] | None:
    """Return why a task was lost with its Dask worker; None if it was not.

    Raises:
        AuditorError: The worker raised it.
        RunError: The scheduler went away.
    """
    if future.status == "finished":
        return None
    if future.status in ("cancelled", "lost"):
        raise RunError(
            f"the Dask scheduler {where} went away; finished work is kept: the same command with the same --out goes on"
        )
    error = future.exception()
    if isinstance(error, AuditorError):
        raise error
    if type(error).__name__ == "KilledWorker":
        return LostTask(None, "the worker process died, or took too long and was stopped", True)
    if isinstance(error, MemoryError):
        return LostTask(None, "the worker ran out of memory")
    return LostTask(None, f"the worker failed: {type(error).__name__}")


def _run_task(plugin: str, work: Callable[[Any, T], R], task: T, seconds: float) -> R:
    """Run one task in a Dask worker, whose process ends if that takes too long."""
    from distributed import get_worker

    context = get_worker().plugins[plugin].context
    watch = threading.Timer(seconds, os._exit, (1,))
    watch.daemon = True
    watch.start()
    try:
        return work(context, task)
    finally:
        watch.cancel()
