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
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from auditor.blob import Blob, Unread
from auditor.errors import NothingToAudit, Unreadable, UsageError
from auditor.hub_address import HubAddress, parse_hub_address
from auditor.hub_requests import resolve_repository
from auditor.model import Tally
from auditor.pipeline.run_folder import SHARD_FOLDERS, SHARDS, errors_name_run, read_results, read_run
from auditor.pipeline.selection import Selection
from auditor.pipeline.shard import Shard, cut_into_shards
from auditor.pipeline.tally_files import tally_from_json
from auditor.sources.hub import HubRepository, repositories

# Lists of files that are asked for at the same time, and that wait to be read.
_CONCURRENT_LISTINGS, _WAITING_LISTINGS = 4, 16
_ID_DIGITS = 24
_LOG = logging.getLogger(__name__)
# Which repository a shard is of, how many shards that has, and which of them it is.
_SHARD_ID = re.compile(r"(h[0-9a-f]+)x(\d+)n\d+")


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
    """

    targets: tuple[str, ...]
    selection: Selection
    folder: Path
    since: Path | None = None
    is_only: bool = False
    taken_over: int = 0
    read: int = 0
    _named: dict[str, HubRepository] = field(default_factory=dict)

    def unfinished(self, count: Callable[[Shard, Tally], None]) -> Iterator[Shard]:
        """Yield the shards that are to be read; those that are finished are given to ``count`` with their tally.

        Raises:
            UsageError: The only target cannot be listed.
            NothingToAudit: It holds no file.
        """
        finished_here, finished_before = _Finished(self.folder), _Finished(self.since)
        waiting: deque[tuple[HubRepository, Future[list[Blob | Unread]]]] = deque()
        seen: set[str] = set()
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
                if identity in seen:
                    continue
                seen.add(identity)
                tallies = finished_here.tallies(identity)
                if not tallies and (tallies := finished_before.tallies(identity)):
                    finished_before.copy(tallies, self.folder)
                    self.taken_over += 1
                for name, tally in tallies.items():
                    is_empty = False
                    count(Shard(name, ()), tally)
                if tallies:
                    continue
                self.read += 1
                waiting.append((found, threads.submit(self._files, found)))
                while len(waiting) > _WAITING_LISTINGS or (waiting and waiting[0][1].done()):
                    yield from listed()
            while waiting:
                yield from listed()
        if is_empty and self.is_only:
            raise NothingToAudit(f"{', '.join(self.targets)}: the hub lists no file; look at the address")

    def notes(self) -> tuple[str, ...]:
        """Return what a report says of the repositories: what was taken over, and what changed while it was read."""
        found = []
        if self.since:
            found.append(
                f"{self.taken_over:,} of {self.taken_over + self.read:,} repositories have the commit that the run "
                "named with --since read: what it found of them was taken over."
            )
        changed = sum(map(self._has_changed, self._named, self._named.values()))
        if changed:
            several = "1 repository was" if changed == 1 else f"{changed:,} repositories were"
            found.append(f"{several} changed on the hub meanwhile: what is reported is the commit that is given.")
        return tuple(found)

    def _has_changed(self, target: str, repository: HubRepository) -> bool:
        """Return whether the revision that a target names is another commit than the one that was read, and log it."""
        try:
            _, commit = resolve_repository(repository.kind, repository.name, parse_hub_address(target).revision)
        except Unreadable as error:
            _LOG.warning("%s: after the reading: %s", target, error)
            return True
        if commit != repository.commit:
            _LOG.warning("%s: the commit %s was read, and it is at %s now", target, repository.commit, commit)
        return commit != repository.commit

    def _repositories(self) -> Iterator[HubRepository | Unread]:
        """Yield the repositories of all targets; what cannot be listed is a gap, or misuse if it is the only target."""
        for target in self.targets:
            address = parse_hub_address(target)
            is_first = True
            try:
                for found in repositories(address):
                    is_first = False
                    if isinstance(found, HubRepository) and _may_change(address, found):
                        self._named[target] = found
                    yield found
            except Unreadable as error:
                if self.is_only and is_first:
                    raise UsageError(f"{target}: {error}") from error
                yield Unread(target, str(error))

    def _files(self, repository: HubRepository) -> list[Blob | Unread]:
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
    """The shards of repositories that a run has finished, by the repository."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._names: dict[str, list[str]] = {}
        for name in os.listdir(folder / SHARDS) if folder else ():
            stem, _, suffix = name.partition(".")
            if suffix == "json" and (found := _SHARD_ID.fullmatch(stem)):
                self._names.setdefault(found[1], []).append(stem)

    def tallies(self, identity: str) -> dict[str, Tally]:
        """Return the tallies of a repository's shards by their ids; none unless all are finished."""
        names = sorted(self._names.get(identity, ()))
        if not names or not self._folder or len(names) != int(_SHARD_ID.fullmatch(names[0])[2]):  # type: ignore[index]
            return {}
        tallies = {}
        for name in names:
            try:
                content = json.loads((self._folder / SHARDS / f"{name}.json").read_bytes())
                if content["lost"]:
                    return {}
                tallies[name] = tally_from_json(content)
            except (OSError, ValueError, KeyError, TypeError):
                return {}  # damaged: the repository is read again
        return tallies

    def copy(self, names: Iterable[str], folder: Path) -> None:
        """Copy the files of shards into another run's folder, the tally last; on one file system they are linked."""
        assert self._folder
        with errors_name_run(folder):
            for name in names:
                for part in (*(f"{one}/{name}.parquet" for one in SHARD_FOLDERS), f"{SHARDS}/{name}.json"):
                    (folder / part).unlink(missing_ok=True)
                    if (self._folder / part).exists():
                        try:
                            os.link(self._folder / part, folder / part)
                        except OSError:
                            shutil.copy2(self._folder / part, folder / part)


def _shards(repository: HubRepository, files: list[Blob | Unread]) -> Iterator[Shard]:
    """Cut the files of a repository into shards; no later run takes one over whose files could not be listed."""
    shards = list(cut_into_shards(files))
    is_listed = all(isinstance(file, Blob) or file.uri != repository.uri for file in files)
    identity = _identity(repository) if is_listed else f"g{_digest(repository.uri)}"
    for number, shard in enumerate(shards):
        yield replace(shard, id=f"{identity}x{len(shards):06}n{number:06}")


def _may_change(address: HubAddress, repository: HubRepository) -> bool:
    """Return whether the revision of the one repository that an address names can become another commit."""
    return bool(address.name) and not repository.cached and repository.commit != address.revision


def _identity(repository: HubRepository) -> str:
    """Return what the ids of a repository's shards at its commit begin with."""
    renamed = repository.asked if repository.asked != repository.name else ""
    return f"h{_digest(f'{repository.uri} {repository.commit} {renamed} {bool(repository.cached)}')}"


def _digest(text: str) -> str:
    """Return a digest of a text for the name of a file."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_ID_DIGITS]
