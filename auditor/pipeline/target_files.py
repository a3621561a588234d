"""List the files of the targets that a run is given."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Sequence
from itertools import chain, count
from pathlib import Path

from auditor.blob import Blob, Unread
from auditor.errors import UsageError
from auditor.pipeline.ignore_files import IgnoreFiles
from auditor.pipeline.root_name import JoinedDataset, RootName, join_dataset, rename_root
from auditor.pipeline.selection import ALL_FILES, Selection, matching_selection


def split_targets(
    targets: Sequence[str], *, weights: str = "header", has_names: bool = False, is_sampled: bool = False
) -> tuple[list[str], tuple[str, ...]]:
    """Return the targets of this machine and the addresses on a hub or of a bucket, each of these once.

    Args:
        targets: All targets.
        weights: How far weights are read.
        has_names: The files to read are named, which those on a hub cannot be.
        is_sampled: Samples are drawn, which those on a hub cannot be.

    Raises:
        UsageError: An address cannot be understood, or what is asked for is not done on a hub.
    """
    from auditor.bucket_address import is_remote_address
    from auditor.sources import find_source

    remote = tuple(dict.fromkeys(filter(is_remote_address, targets)))
    for target in remote:
        find_source(target)
    if remote and weights != "header":
        raise UsageError(
            f"--weights {weights}: no weights are fetched from a hub or bucket; scan a folder that holds them"
        )
    if remote and has_names:
        raise UsageError(
            "--files-from: names files of this machine; leave it out where a target is on a hub or in a bucket"
        )
    if remote and is_sampled:
        raise UsageError(
            "--sample: draws from files of this machine; leave it out where a target is on a hub or in a bucket"
        )
    return [target for target in targets if not is_remote_address(target)], remote


def list_files(
    targets: Sequence[str],
    run_folder: Path,
    selection: Selection = ALL_FILES,
    naming: RootName | JoinedDataset | None = None,
) -> Iterator[Blob | Unread]:
    """List every file of the targets once.

    The run's own folder is no part of them. Other runs beside it, and files that the user leaves out, are yielded as
    skipped; one that the user names and that is in no target is yielded as a gap.

    Args:
        targets: Files and folders.
        run_folder: The run's own folder.
        selection: Which files are read.
        naming: The name of the only target's subject, or of the dataset of all targets; None: folders give the names.

    Raises:
        UsageError: One target lies in another.
    """
    from auditor.file_uri import uri_from_file_name
    from auditor.sources import find_source

    target_of: dict[Path, str] = {}
    for target in targets:
        target_of.setdefault(Path(os.path.realpath(target)), target)
    sources = {target: find_source(target) for target in target_of.values()}
    for path, target in target_of.items():
        if outer := next((target_of[parent] for parent in path.parents if parent in target_of), ""):
            raise UsageError(f"{target}: lies in {outer}, which is named too; name one of them")
    used: set[str] = set()
    missing = set(selection.named)
    for path, target in target_of.items():
        prefix = _unused_prefix(path, used) if len(target_of) > 1 else ""
        used.add(prefix)
        own_run, other_runs = _runs_inside(path, Path(os.path.realpath(run_folder)))
        named = selection.names_in(target)
        ignored = IgnoreFiles(path) if selection.follows_ignore_files and path.is_dir() else None
        files = sources[target].blobs(target)
        if isinstance(naming, RootName):
            files = rename_root(files, target, naming)
        elif naming:
            files = join_dataset(files, target, naming)
        for file in files:
            if file.uri.startswith(own_run + other_runs):
                continue
            if (place := matching_selection(file.uri, named)) is not None:
                missing.discard(named[place])
            why = selection.reason_to_skip(file.uri, named) or (ignored.reason_to_skip(file.uri) if ignored else "")
            if why:
                file = Unread(file.uri, why, skipped=True, blob=file if isinstance(file, Blob) else file.blob)
            yield file.with_prefix(prefix) if prefix else file
        for uri in other_runs:
            yield Unread(prefix + uri, "a run of this program: not read", skipped=True)
    for name in sorted(missing):
        yield Unread(
            uri_from_file_name(name),
            f"named in {selection.source} and not found: it does not exist, or is in no target",
        )


def _unused_prefix(target: Path, used: Container[str]) -> str:
    """Return the prefix of a target's files' places where there are several targets: its name or with a number."""
    from auditor.file_uri import uri_from_file_name

    name = uri_from_file_name(target.name)
    return next(
        prefix for prefix in chain([f"{name}/"], (f"{name}~{number}/" for number in count(2))) if prefix not in used
    )


def _runs_inside(target: Path, run_folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the places in a target of a run's folder, and of the other runs beside it: their files are not listed."""
    from auditor.file_uri import uri_from_file_name

    if not run_folder.parent.is_relative_to(target):
        return (), ()
    others = sorted(path.parent for path in run_folder.parent.glob("*/run.json") if path.parent != run_folder)
    places = [run_folder, *others]
    uris = ["".join(f"{uri_from_file_name(part)}/" for part in path.relative_to(target).parts) for path in places]
    return tuple(uris[:1]), tuple(uris[1:])
