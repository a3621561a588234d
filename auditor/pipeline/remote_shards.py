"""Cut the repositories of a hub into shards: of each repository at each commit its own, so that a run can take over.

The id of such a shard names repository and commit. What a run finished of a repository is therefore found again by an
interrupted run that goes on, and by a later one, without asking the hub for more than the commit.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.blob import Blob, Unread
from auditor.errors import NothingToAudit, Unreadable, UsageError
from auditor.hub_address import parse_hub_address
from auditor.model import Tally
from auditor.pipeline.run_folder import SHARD_FOLDERS, SHARDS, errors_name_run, read_results, read_run
from auditor.pipeline.selection import Selection
from auditor.pipeline.shard import Shard, cut_into_shards
from auditor.pipeline.shard_packs import ShardPacker, read_shard_tables, slice_shard
from auditor.pipeline.tally_files import tally_from_json
from auditor.sources import remote_repositories
from auditor.sources.bucket import BucketFolder
from auditor.sources.hub import HubRepository

if TYPE_CHECKING:
    import pyarrow as pa

# Lists of files that are asked for at the same time, and that wait to be read.
_CONCURRENT_LISTINGS, _WAITING_LISTINGS = 4, 16
_ID_DIGITS = 24
_LOG = logging.getLogger(__name__)
# Which repository a shard is of, how many shards that has, and which of them it is.
_SHARD_ID = re.compile(r"(h[0-9a-f]+)x\d+n\d+")
_ONLY_SHARD_ID = re.compile(r"h[0-9a-f]+x0*1n0+")
_PACK_ID = re.compile(r"k\d+")


_TAKEN_OVER_FROM_OTHER = "is a run with other {what}, so that nothing of it can be taken over; leave --since out"


@dataclass
class RemoteShards:
    """The shards of the repositories that addresses on a hub name.

    Attributes:
        targets: The addresses.
        selection: What the user leaves out.
        folder: The run's folder.
        since: The folder of an earlier run, from which repositories with the same commit are taken over; None: none.
        is_only: Whether there is no other target, so that one that is not there is misuse.
        taken_over: How many repositories were taken over.
        read: How many were not, and are read.
        packer: Packs the shards of repositories.
    """

    targets: tuple[str, ...]
    selection: Selection
    folder: Path
    since: Path | None = None
    is_only: bool = False
    taken_over: int = 0
    read: int = 0
    _named: dict[str, HubRepository | BucketFolder] = field(default_factory=dict)
    packer: ShardPacker = field(init=False)

    def __post_init__(self) -> None:
        """Begin to pack."""
        self.packer = ShardPacker(self.folder)

    def unfinished(self, count: Callable[[Shard, Tally], None]) -> Iterator[Shard]:
        """Yield the shards that are to be read; those that are finished are given to ``count`` with their tally.

        Raises:
            UsageError: The only target cannot be listed.
            NothingToAudit: It holds no file.
        """
        finished_here, finished_before = _Finished(self.folder), _Finished(self.since)
        waiting: deque[tuple[HubRepository | BucketFolder, Future[list[Blob | Unread]]]] = deque()
        seen: set[bytes] = set()
        is_empty = True

        def listed() -> Iterator[Shard]:
            nonlocal is_empty
            repository, files = waiting.popleft()
            for shard in _shards(repository, files.result()):
                is_empty = False
                yield shard

        with ThreadPoolExecutor(_CONCURRENT_LISTINGS) as threads:
            for found in self._repositories():
                if isinstance(found, Unread):
                    is_empty = False
                    yield Shard(f"g{_digest(found.uri)}", (found,))
                    continue
                identity = _identity(found)
                if (short := bytes.fromhex(identity[1:])) in seen:
                    continue
                seen.add(short)
                finished, owner = finished_here.shards(identity), finished_here
                if not finished and (finished := finished_before.shards(identity)):
                    owner = finished_before
                    self.taken_over += 1
                for name, (tally, tables) in finished.items():
                    is_empty = False
                    if tables is None and owner is finished_before:
                        finished_before.copy(name, self.folder)
                    count(Shard(name, ()), tally)
                    if tables is None:
                        self.pack(name)
                    else:
                        self.packer.add_tables(name, tally, tables)
                if finished:
                    continue
                self.read += 1
                waiting.append((found, threads.submit(self._files, found)))
                while len(waiting) > _WAITING_LISTINGS or (waiting and waiting[0][1].done()):
                    yield from listed()
            while waiting:
                yield from listed()
        if is_empty and self.is_only:
            raise NothingToAudit(f"{', '.join(self.targets)}: no file is listed there; look at the address")

    def pack(self, name: str) -> None:
        """Pack a shard that was read, if it is the only one of its repository."""
        if _ONLY_SHARD_ID.fullmatch(name):
            self.packer.add(name)

    def notes(self) -> tuple[str, ...]:
        """Return what a report says of the repositories: what was taken over, and what changed while it was read."""
        found = []
        if self.since:
            found.append(
                f"{self.taken_over:,} of {self.taken_over + self.read:,} repositories have the commit that the run "
                "named with --since read: what it found of them was taken over."
            )
        moved = [one for target, one in self._named.items() if self._has_changed(target, one)]
        buckets = [one.name for one in moved if isinstance(one, BucketFolder)]
        found.extend(
            f"{name}: its objects changed while they were read; what is reported may be of before or after: scan again."
            for name in buckets
        )
        if changed := len(moved) - len(buckets):
            several = "1 repository was" if changed == 1 else f"{changed:,} repositories were"
            found.append(f"{several} changed on the hub meanwhile: what is reported is the commit that is given.")
        return tuple(found)

    def _has_changed(self, target: str, repository: HubRepository | BucketFolder) -> bool:
        """Return whether the revision that a target names is another commit than the one that was read, and log it."""
        try:
            commit = repository.current_commit(target)
        except Unreadable as error:
            _LOG.warning("%s: after the reading: %s", target, error)
            return True
        if commit != repository.commit:
            _LOG.warning("%s: the commit %s was read, and it is at %s now", target, repository.commit, commit)
        return commit != repository.commit

    def _repositories(self) -> Iterator[HubRepository | BucketFolder | Unread]:
        """Yield the repositories of all targets; what cannot be listed is a gap, or misuse if it is the only target."""
        for target in self.targets:
            is_first = True
            try:
                for found in remote_repositories(target):
                    is_first = False
                    if not isinstance(found, Unread) and _may_change(target, found):
                        self._named[target] = found
                    yield found
            except Unreadable as error:
                if self.is_only and is_first:
                    raise UsageError(f"{target}: {error}") from error
                yield Unread(target, str(error))

    def _files(self, repository: HubRepository | BucketFolder) -> list[Blob | Unread]:
        """Return the files of a repository, with the reason of those that the user leaves out."""
        files = []
        for file in repository.files():
            if why := self.selection.reason_to_skip(file.uri.removeprefix(repository.uri), ()):
                file = Unread(file.uri, why, skipped=True, blob=file if isinstance(file, Blob) else file.blob)
            files.append(file)
        return files


def check_since(since: Path, content: Mapping[str, Any]) -> None:
    """Check that what an earlier run read was read as this run reads. ``content`` is this run's, as in ``run.json``.

    Raises:
        UsageError: It was not.
        RunError: It is no finished run.
    """
    begun = read_run(since)
    read_results(since)
    for key, what in (("wants", "options"), ("version", "another version of auditor")):
        if begun.get(key) != content[key]:
            raise UsageError(f"--since {since}: {_TAKEN_OVER_FROM_OTHER.format(what=what)}")
    if begun["policy"]["fingerprint"] != content["policy"]["fingerprint"]:
        raise UsageError(f"--since {since}: {_TAKEN_OVER_FROM_OTHER.format(what='rules, lists or extensions')}")


class _Finished:
    """The shards of repositories that a run has finished, by the repository; some lie in packs."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._names: dict[str, list[str]] = {}
        self._packs: dict[str, str] = {}  # by the id of a shard
        for name in sorted(os.listdir(folder / SHARDS)) if folder else ():
            stem, _, suffix = name.partition(".")
            if suffix != "json":
                continue
            if found := _SHARD_ID.fullmatch(stem):
                self._names.setdefault(found[1], []).append(stem)
            elif _PACK_ID.fullmatch(stem):
                self._packs.update(dict.fromkeys(self._packed(stem), stem))

    def shards(self, identity: str) -> dict[str, tuple[Tally, dict[str, pa.Table] | None]]:
        """Return a repository's shards, none unless all are finished: by id the tally, and the rows of one in a pack.

        What is damaged is not finished, and is read again.
        """
        if self._folder is None:
            return {}
        try:
            if pack := self._packs.get(only := f"{identity}x{1:06}n{0:06}", ""):
                return {only: slice_shard(self._pack_tables(pack), self._packed(pack)[only])}
            names = sorted(self._names.get(identity, ()))
            if not names or len(names) != int(names[0].partition("x")[2].partition("n")[0]):
                return {}
            contents = {name: json.loads((self._folder / SHARDS / f"{name}.json").read_bytes()) for name in names}
            if any(content["lost"] for content in contents.values()):
                return {}
            return {name: (tally_from_json(content), None) for name, content in contents.items()}
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return {}

    def copy(self, name: str, folder: Path) -> None:
        """Copy the files of a shard into another run's folder, the tally last; on one file system they are linked."""
        assert self._folder
        with errors_name_run(folder):
            for part in (*(f"{one}/{name}.parquet" for one in SHARD_FOLDERS), f"{SHARDS}/{name}.json"):
                (folder / part).unlink(missing_ok=True)
                if (self._folder / part).exists():
                    try:
                        os.link(self._folder / part, folder / part)
                    except OSError:
                        shutil.copy2(self._folder / part, folder / part)

    @lru_cache(maxsize=2)  # noqa: B019 - one lives as long as the scan; a hub lists repositories in much the same order
    def _packed(self, pack: str) -> dict[str, Any]:
        """Return what a pack says of its shards."""
        assert self._folder
        try:
            content = json.loads((self._folder / SHARDS / f"{pack}.json").read_bytes())
            return dict(content["packed"])
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    @lru_cache(maxsize=2)  # noqa: B019
    def _pack_tables(self, pack: str) -> dict[str, pa.Table]:
        """Return the rows of a pack."""
        assert self._folder
        return read_shard_tables(self._folder, pack)


def _shards(repository: HubRepository | BucketFolder, files: list[Blob | Unread]) -> Iterator[Shard]:
    """Cut the files of a repository into shards; no later run takes one over whose files could not be listed."""
    shards = list(cut_into_shards(files))
    is_listed = all(isinstance(file, Blob) or file.uri != repository.uri for file in files)
    identity = _identity(repository) if is_listed else f"g{_digest(repository.uri)}"
    for number, shard in enumerate(shards):
        yield replace(shard, id=f"{identity}x{len(shards):06}n{number:06}")


def _may_change(target: str, repository: HubRepository | BucketFolder) -> bool:
    """Return whether what a target names, if it is one repository or bucket, can become another commit."""
    if isinstance(repository, BucketFolder):
        return True
    address = parse_hub_address(target)
    return bool(address.name) and not repository.cached and repository.commit != address.revision


def _identity(repository: HubRepository | BucketFolder) -> str:
    """Return what the ids of a repository's shards at its commit begin with."""
    renamed = repository.asked if repository.asked != repository.name else ""
    return f"h{_digest(f'{repository.uri} {repository.commit} {renamed} {bool(repository.cached)}')}"


def _digest(text: str) -> str:
    """Return a digest of a text for the name of a file."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_ID_DIGITS]
