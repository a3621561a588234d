"""What runs an audit's shards: worker processes of this machine, or a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeAlias

from auditor.errors import UsageError
from auditor.model import Tally
from auditor.pipeline import PRELOAD
from auditor.pipeline.scan_context import ExpectedSetup, ScanContext
from auditor.pipeline.scan_shard import scan_shard
from auditor.pipeline.shard import Shard
from auditor.workers.pool import FinishedTask, LostTask, run_tasks

Engine: TypeAlias = Callable[[Iterable[Shard]], Iterator[FinishedTask[Shard, Tally] | LostTask[Shard]]]


def find_engine(name: str, context: ScanContext, workers: int) -> Engine:
    """Return the engine with this name. Raises UsageError for a name that is none.

    Args:
        name: ``local``, ``dask``, or ``dask=`` and a scheduler's address.
        context: What the workers share.
        workers: How many worker processes there are on this machine.
    """
    kind, _, address = name.partition("=")
    shared: dict[str, Any] = {
        "work": scan_shard,
        "context": context,
        "workers": workers,
        "timeout": _timeout,
        "split": Shard.split,
    }
    if kind == "dask":
        from auditor.workers.dask_engine import run_on_dask

        return partial(run_on_dask, **shared, address=address, check=ExpectedSetup.of(context))
    if name != "local":
        raise UsageError(f"--engine {name}: is none; write local, dask or dask=ADDRESS")
    return partial(
        run_tasks,
        work=scan_shard,
        context=context,
        workers=workers,
        timeout=_timeout,
        split=Shard.split,
        preload=PRELOAD,
    )


def _timeout(shard: Shard) -> float:
    """Return the seconds that a worker of any engine may take for a shard."""
    return shard.timeout
