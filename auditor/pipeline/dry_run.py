"""List what a scan would read, and read nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable, UsageError
from auditor.extensions import installed_extensions
from auditor.part_builders.read_options import ReadOptions
from auditor.pipeline.audit_lists import ListOptions, folder_of_compiled_lists, open_lists, read_options
from auditor.pipeline.selection import Selection, read_selection
from auditor.pipeline.target_files import list_files, split_targets

if TYPE_CHECKING:
    from auditor.sources.bucket import BucketFolder
    from auditor.sources.hub import HubRepository

_AS_FILES_SAY = ListOptions()


class PlannedFile(NamedTuple):
    """A file of a target, and what a scan would do with it.

    Attributes:
        uri: Its place.
        size: The bytes that it would read at most; 0: none.
        why: Why it would not be read, or not whole; "" for a file that is read.
        is_read: Whether anything of it would be read.
    """

    uri: str
    size: int
    why: str
    is_read: bool


def plan_scan(
    *targets: str | os.PathLike[str],
    known: Sequence[str | os.PathLike[str]] = (),
    ways: ListOptions = _AS_FILES_SAY,
    exclude: Sequence[str] = (),
    files_from: str | os.PathLike[str] | None = None,
    weights: str = "header",
    content: bool = False,
    isolated: bool = False,
    trust_target: bool = False,
) -> Iterator[PlannedFile]:
    """Yield every file of the targets with what a scan would read of it; the arguments are those of ``audit``.

    Lists are opened, as what they ask for decides what is fetched. Of a hub, only its lists of files are asked for.

    Raises:
        AuditorError: Something is wrong with the targets or lists.
    """
    paths = [os.fspath(target) for target in targets]
    selection = replace(read_selection(exclude, files_from), follows_ignore_files=trust_target)
    extensions = () if isolated else installed_extensions(() if trust_target else paths)
    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        run = Path(folder, "run")
        with folder_of_compiled_lists(known, run) as compiled:
            lists = open_lists(known, ways, into=compiled, audited=paths, extensions=extensions)
            options = read_options(lists, weights, (), content=content)
        yield from plan_files(paths, run, selection, options)


def plan_files(
    targets: Sequence[str], run_folder: Path, selection: Selection, options: ReadOptions
) -> Iterator[PlannedFile]:
    """Yield every file of the targets with what a scan would read of it. Of a hub, only its lists are asked for.

    Raises:
        UsageError: A target cannot be listed.
    """
    local, remote = split_targets(targets, weights=options.weights, has_names=bool(selection.source))
    for file in list_files(local, run_folder, selection):
        if isinstance(file, Unread):
            yield PlannedFile(file.uri, 0, file.why, False)
        else:
            yield PlannedFile(file.uri, file.size, "", True)
    if remote:
        yield from _plan_remote(remote, selection, options)


def files_to_read(
    targets: Sequence[str], run_folder: Path, selection: Selection, options: ReadOptions
) -> Iterator[Blob | Unread]:
    """Yield every file of the targets, one on a hub or in a bucket with the bytes that would be fetched of it.

    Raises:
        UsageError: A target cannot be listed.
    """
    local, remote = split_targets(targets, weights=options.weights)
    yield from list_files(local, run_folder, selection)
    for file in _plan_remote(remote, selection, options):
        yield Blob("", file.uri, file.size) if file.is_read else Unread(file.uri, file.why, skipped=True)


def _plan_remote(targets: Sequence[str], selection: Selection, options: ReadOptions) -> Iterator[PlannedFile]:
    """Yield the files of repositories on a hub. Raises UsageError."""
    from auditor.sources import remote_repositories

    for target in targets:
        try:
            for found in remote_repositories(target):
                if isinstance(found, Unread):
                    yield PlannedFile(found.uri, 0, found.why, False)
                else:
                    yield from _plan_repository(found, selection, options)
        except Unreadable as error:
            raise UsageError(f"{target}: {error}") from error


def _plan_repository(
    repository: HubRepository | BucketFolder, selection: Selection, options: ReadOptions
) -> Iterator[PlannedFile]:
    """Yield the files of a repository on a hub."""
    from auditor.pipeline.remote_reading import plan_readings, planned_bytes

    remote: list[Blob] = []
    for file in repository.files():
        if why := selection.reason_to_skip(file.uri.removeprefix(repository.uri), ()):
            yield PlannedFile(file.uri, 0, why, False)
        elif isinstance(file, Unread):
            yield PlannedFile(file.uri, 0, file.why, False)
        elif file.remote:
            remote.append(file)
        else:  # of the hub's cache on this machine
            yield PlannedFile(file.uri, file.size, "", True)
    for blob, plan in plan_readings(remote, options):
        why = _PARTS.get(plan.reading, plan.why)
        yield PlannedFile(blob.uri, planned_bytes(blob, plan), why, plan.reading != "listed")


_PARTS = {"all": "", "header": "its header alone", "declared": "its columns of digests and addresses alone"}
