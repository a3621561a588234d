"""Detect worker processes that died: Pebble, which runs the pool, misses some of them."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

# Pebble would wait a minute before it gives up a pool that a killed worker holds up inside the pool's channel.
_CHANNEL_LOCK_SECONDS = 10


def notice_dead_workers() -> None:
    """Make Pebble give up a pool soon after a worker died inside the pool's channel."""
    from pebble.common import CONSTS

    CONSTS.channel_lock_timeout = _CHANNEL_LOCK_SECONDS


def futures_of_dead_workers(pool: Any) -> set[Future[Any]]:
    """Return the futures that Pebble believes to run on a worker that died.

    Pebble misses a worker that died before its message about the task's start was read, and one that ended with exit
    code 0: it would wait until the task's time is up.
    """
    from pebble.pool.process import dictionary_values

    workers = pool._pool_manager.worker_manager.workers
    tasks = dictionary_values(pool._pool_manager.task_manager.tasks)
    return {task.future for task in tasks if task.worker_id and task.worker_id not in workers}
