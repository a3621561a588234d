"""Read the shards of a run's targets that are not finished yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.blob import Unread
from auditor.model import Tally
from auditor.pipeline.engines import Engine
from auditor.pipeline.root_name import JoinedDataset, RootName
from auditor.pipeline.run_folder import delete_stale_shards, errors_name_run, ids_of_split_shards
from auditor.pipeline.scan_context import ScanContext
from auditor.pipeline.scan_shard import record_lost_shard
from auditor.pipeline.selection import Selection
from auditor.pipeline.shard import Shard, bytes_to_read, cut_into_shards
from auditor.pipeline.tally_files import finished_tally
from auditor.pipeline.target_files import list_files
from auditor.progress import NullReporter
from auditor.workers.pool import FinishedTask

if TYPE_CHECKING:
    from auditor.pipeline.remote_shards import RemoteShards


@dataclass(frozen=True, slots=True)
class LocalTargets:
    """The targets of this machine, listed anew each time that their shards are asked for.

    Attributes:
        targets: Files and folders.
        run_folder: The run's own folder, which is no part of them.
        selection: Which files are read.
        naming: The name of the only target's subject, or of the dataset of all targets; None: folders give the names.
        whole_weights: Whether weights files are read whole.
    """

    targets: tuple[str, ...]
    run_folder: Path
    selection: Selection
    naming: RootName | JoinedDataset | None
    whole_weights: bool

    def has_file(self) -> bool:
        """Return whether they hold a file. Raises UsageError if they cannot be listed."""
        return any(True for _ in list_files(self.targets, self.run_folder, self.selection, self.naming))

    def shards(self) -> Iterator[Shard]:
        """Yield the shards of all files."""
        files = list_files(self.targets, self.run_folder, self.selection, self.naming)
        return cut_into_shards(files, whole_weights=self.whole_weights)

    def count(self, shards: Iterable[Shard]) -> tuple[int, int]:
        """Return how many files these shards have, and their bytes to read: listing costs little beside reading."""
        number = size = 0
        for shard in shards:
            number += sum(isinstance(file, Unread) or not file.partition[0] for file in shard.files)
            size += sum(bytes_to_read(file, self.whole_weights) for file in shard.files)
        return number, size


def read_shards(
    context: ScanContext,
    shards: Iterable[Shard],
    repositories: RemoteShards | None,
    engine: Engine,
    progress: NullReporter,
    count_all: Callable[[], tuple[int, int]] | None,
) -> tuple[Tally, bool]:
    """Read every shard that is not finished yet, those of repositories on a hub last.

    Args:
        context: What the workers share.
        shards: The files of the local targets.
        repositories: The repositories of targets on a hub.
        engine: Where they are read.
        progress: What is told how far the scan is.
        count_all: Returns the number of all files and their bytes to read; None: it is told already or not known.

    Returns:
        The tally of all shards, and whether no shard was lost that a resumed run would try again.
    """
    folder = context.folder
    total = Tally()
    finished: set[str] = set()
    split = ids_of_split_shards(folder)
    complete = True
    whole_weights = context.options.weights == "full"

    def count(shard: Shard, tally: Tally, *, resumed: bool = False) -> None:
        nonlocal total, count_all
        total += tally
        finished.add(shard.id)
        size = sum(bytes_to_read(file, whole_weights) for file in shard.files)
        matches = (key for key in tally.coverage if key.startswith("hits ") and not key.startswith("hits benign"))
        hits = sum(tally.coverage[key] for key in matches)
        progress.advance(tally.files.collected, size, tally.samples.collected, hits, resumed=resumed)
        if count_all and progress.wants_total:
            progress.set_total(*count_all())
            count_all = None

    def unfinished(shards: Iterable[Shard]) -> Iterator[Shard]:
        for shard in shards:
            tally = finished_tally(folder, shard)
            if tally is not None:
                count(shard, tally, resumed=True)
            elif shard.id in split:  # it was lost before, and some of its parts are finished
                yield from unfinished(shard.split())
            else:
                yield shard

    if repositories:
        repositories.packer.finished = finished
    remote = repositories.unfinished(partial(count, resumed=True)) if repositories else ()
    try:
        for ended in engine(unfinished(chain(shards, remote))):
            if isinstance(ended, FinishedTask):
                count(ended.task, ended.result)
                if repositories:
                    repositories.pack(ended.task.id)
            else:
                complete &= not ended.is_dead
                count(ended.task, record_lost_shard(context, ended.task, ended.why, try_again=ended.is_dead))
    finally:
        progress.finish()
    with errors_name_run(folder):
        if repositories:
            repositories.packer.finish()
        delete_stale_shards(folder, finished)
    return total, complete
