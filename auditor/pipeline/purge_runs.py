"""Delete the digests that runs keep, or whole runs; nothing that is not a run's is touched, and no link is followed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor.errors import RunError, UsageError
from auditor.pipeline.kept_digests import delete_digests
from auditor.pipeline.run_folder import DIGESTS, RUN_NAMES, lock_run_folder, read_run
from auditor.resources import user_state_folder


@dataclass(frozen=True, slots=True)
class Purge:
    """What is to be deleted of a run: its digests alone, or all of it."""

    folder: Path
    started: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Purged:
    """What was deleted of a run: files and bytes; ``left``: names in its folder that are not a run's, and stay."""

    folder: Path
    files: int
    size: int
    left: tuple[str, ...] = ()


def runs_to_purge(folders: Sequence[Path], older_than: timedelta | None, *, whole: bool) -> Iterator[Purge]:
    """Yield what is to be deleted.

    Args:
        folders: Folders of runs; without any, all runs in the user's state folder.
        older_than: Only runs that were started so long ago.
        whole: Delete whole runs, and not their digests alone.

    Raises:
        UsageError: A named folder is a link, or holds no run of this program.
    """
    named = bool(folders)
    if not named:
        place = user_state_folder() / "runs"
        folders = sorted(path for path in place.iterdir() if path.is_dir()) if place.is_dir() else ()
    for folder in folders:
        try:
            if folder.is_symlink():
                raise UsageError(f"{folder}: is a link; name the run's folder itself")
            started = str(read_run(folder)["started"])
            age = datetime.now(UTC) - datetime.fromisoformat(started)
        except (RunError, UsageError, KeyError, ValueError, TypeError) as error:
            if named:
                raise UsageError(f"{error}; nothing was deleted") from error
            continue  # what lies in the state folder and is no run is left alone
        if older_than is not None and age < older_than:
            continue
        if whole or _has_digests(folder):
            yield Purge(folder, started, whole)


def _has_digests(folder: Path) -> bool:
    """Return whether a run keeps digests still."""
    place = folder / DIGESTS
    return place.is_dir() and any(place.iterdir())


def purge(what: Purge) -> Purged:
    """Delete the digests of a run, or all of it.

    Raises:
        RunError: Another process is writing the run.
        UsageError: Something cannot be deleted.
    """
    folder = what.folder
    try:
        with closing(lock_run_folder(folder)):
            if not what.whole:
                return Purged(folder, *delete_digests(folder))
            files, size = _count(folder)
            for name in RUN_NAMES:
                path = folder / name
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
        left = tuple(sorted(path.name for path in folder.iterdir()))
        if not left:
            folder.rmdir()
        return Purged(folder, files, size, left)
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: cannot be deleted: {error.strerror}") from error


def _count(folder: Path) -> tuple[int, int]:
    """Return how many files a run has, and their bytes."""
    sizes = [
        os.lstat(path).st_size
        for name in RUN_NAMES
        for path in (folder / name, *(folder / name).rglob("*"))
        if path.is_symlink() or path.is_file()
    ]
    return len(sizes), sum(sizes)
