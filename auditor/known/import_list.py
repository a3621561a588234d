"""Import list files: compiles them and makes them the active version of a list."""

from __future__ import annotations

import datetime
import re
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from auditor.disk_sync import sync_folder
from auditor.errors import ListError
from auditor.extensions import Extension
from auditor.known.canaries import refuse_canaries
from auditor.known.compile_list import compile_list
from auditor.known.compiled_list import CompiledList, open_compiled_list
from auditor.known.entries import ListHeader, ListOptions
from auditor.known.list_file import list_as_file
from auditor.known.list_identity import ACTIVE, ListDeclaration, identify_list, merge_identity
from auditor.known.list_items import open_list_items
from auditor.known.list_statistics import ListStatistics
from auditor.known.list_store import (
    activate_version,
    active_version,
    list_folder,
    lock_list,
    open_imported_list,
    version_key,
)
from auditor.known.near_index import DEFAULT_THRESHOLDS, MAX_THRESHOLDS
from auditor.known.open_list import errors_name_folder
from auditor.known.token_key import KEY, load_or_create_token_key, write_token_key
from auditor.resources import user_data_folder

# Versions that are compared as numbers and dates stay within what a holder may write.
_MAX_VERSION, _MAX_DIGITS = 64, 21
_MAX_AHEAD = datetime.timedelta(days=7)
_TEMPORARY_PREFIX = ".importing-"


def import_list(
    paths: Sequence[Path],
    declaration: ListDeclaration,
    options: ListOptions,
    *,
    whole: bool = False,
    skip_malformed: bool = False,
    extensions: tuple[Extension, ...] = (),
) -> tuple[CompiledList, ListStatistics]:
    """Compile files and make them the active version of the list of the declared name.

    A delta, or a page of a feed, changes the file before it, and the first one changes the active version.

    Args:
        paths: The files, the oldest first.
        declaration: The user's declaration of the list.
        options: The user's options for the files' columns and algorithm.
        whole: Pages of a feed are all of the list and do not change the active version.
        skip_malformed: Import the good entries and count the malformed ones.
        extensions: List formats that installed distributions add.

    Returns:
        The list, and the counts of what it holds besides entries.

    Raises:
        ListError: An entry is malformed, the version is no newer than the newest there ever was, or the list matches
            something known to be harmless. The active version stays as it was.
    """
    folder = list_folder(declaration.name)
    for parent in (user_data_folder(), folder.parent, folder):
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(errors_name_folder(folder))
        files = [stack.enter_context(list_as_file(path)) for path in paths]
        return _import_files(files, folder, declaration, options, whole, skip_malformed, extensions)


def _import_files(
    paths: Sequence[Path],
    folder: Path,
    declaration: ListDeclaration,
    options: ListOptions,
    whole: bool,
    skip_malformed: bool,
    extensions: tuple[Extension, ...],
) -> tuple[CompiledList, ListStatistics]:
    """Compile list files into a new version's folder and make that version active."""
    *older_paths, path = paths
    with lock_list(folder), tempfile.TemporaryDirectory(prefix=_TEMPORARY_PREFIX, dir=folder) as temporary:
        for left in folder.glob(f"{_TEMPORARY_PREFIX}*"):  # by an import that was killed
            if left != Path(temporary):
                shutil.rmtree(left)
        file = open_list_items(path, options, extensions)
        headers = [*(open_list_items(each, options, extensions).header for each in older_paths), file.header]
        _require_one_list(path, headers)
        base, newest = _previous_version(declaration.name, headers[0], paths[0], whole)
        default_version = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        identity = identify_list(file, declaration, options, default_version)
        _refuse_absurd_version(declaration.version or file.header.version)
        _refuse_older_version(declaration.name, identity.version, newest, repair=base is None)
        changed = base if _is_change(headers[0]) and not whole else None
        for each in (*older_paths, *((changed,) if changed else ())):
            identity = merge_identity(each, identity)
        compiled = Path(temporary) / "version"
        compiled.mkdir(mode=0o700)
        older = (
            ((each.name, open_list_items(each, options, extensions).items) for each in reversed(older_paths))
            if older_paths
            else ()
        )
        thresholds = _thresholds(dict(declaration.thresholds), base)
        write_token_key(compiled / KEY, load_or_create_token_key(folder / KEY))
        statistics = compile_list(
            file.items, compiled, identity, thresholds, older=older, base=changed, skip_malformed=skip_malformed
        )
        refuse_canaries(open_compiled_list(compiled), path)
        final = folder / identity.version
        if final.exists():  # left by an import that was stopped before it was made active
            shutil.rmtree(final)
        sync_folder(compiled)
        compiled.rename(final)
        sync_folder(folder)
        activate_version(folder, identity.version, identity.version)
    return open_compiled_list(final), statistics


def _is_change(header: ListHeader) -> bool:
    """Return whether an imported file changes a list: a delta, or a page of a feed."""
    return header.delta or header.feed


def _require_one_list(path: Path, headers: Sequence[ListHeader]) -> None:
    """Refuse files to import that are not one list. Raises ListError."""
    for header in headers[1:]:
        if not _is_change(header) or header.format != headers[-1].format:
            raise ListError(f"{path}: several files are one list only as pages of a feed, or a list and its deltas")


def _previous_version(name: str, header: ListHeader, path: Path, whole: bool) -> tuple[CompiledList | None, str]:
    """Return the active version before an import, if there is one, and the newest there ever was; "" for none.

    A damaged active version counts as none, unless the file changes it.
    """
    needs_base = _is_change(header) and not whole
    if not (list_folder(name) / ACTIVE).exists():
        if needs_base and not header.feed:
            raise ListError(f"{path}: changes an earlier version, and no list {name!r} is imported yet")
        return None, ""
    newest = ""
    try:
        newest = active_version(name).newest
        return open_imported_list(name), newest
    except ListError:
        if needs_base:
            raise
        return None, newest


def _refuse_absurd_version(version: str) -> None:
    """Refuse to import a version after which no other could be newer: too long, too large, or far in the future."""
    if len(version) > _MAX_VERSION or re.search(rf"[0-9]{{{_MAX_DIGITS},}}", version):
        raise ListError(
            f"version {version[:80]!r} is too long; give another --version, of at most {_MAX_VERSION} characters and "
            f"numbers of less than {_MAX_DIGITS} digits"
        )
    date = re.match(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})(?![0-9])", version)
    try:
        day = datetime.date(*map(int, date.groups())) if date else datetime.date.min
    except ValueError:  # a number that is no date
        return
    if day > datetime.datetime.now(datetime.UTC).date() + _MAX_AHEAD:
        raise ListError(
            f"version {version!r} lies in the future, and no later import could be newer; give another --version"
        )


def _refuse_older_version(name: str, version: str, newest: str, *, repair: bool) -> None:
    """Refuse to import a version that is not newer. To ``repair`` a damaged version, it may be imported again."""
    if newest and version == newest and not repair:
        raise ListError(
            f"version {version} of the list {name!r} is already imported; give the new one another --version"
        )
    if newest and version_key(version) < version_key(newest):
        raise ListError(f"version {version} of the list {name!r} is older than {newest}; a version can't go backwards")


def _thresholds(given: Mapping[str, int], base: CompiledList | None) -> Mapping[str, int]:
    """Return the thresholds of an imported version: those given, else the last version's, else the defaults."""
    for algorithm, distance in given.items():
        if algorithm not in MAX_THRESHOLDS:
            raise ListError(f"--threshold {algorithm}: only {', '.join(MAX_THRESHOLDS)} are matched nearly")
        if not 0 <= distance <= MAX_THRESHOLDS[algorithm]:
            raise ListError(f"--threshold {algorithm}={distance}: give 0 to {MAX_THRESHOLDS[algorithm]}")
    return {**DEFAULT_THRESHOLDS, **(base.thresholds if base is not None else {}), **given}
