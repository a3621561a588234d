"""Manage imported lists: each list has a folder with its versions, its key, and a record of the active version.

Nothing becomes active half-written: a version is compiled in a temporary folder, flushed and renamed into place, and
``active.json`` is replaced last. It also holds the digest of the version's manifest, which holds the digests of its
arrays, and the newest version there ever was: going back to an older one is a person's decision, which no import takes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from auditor.disk_sync import sync_folder
from auditor.errors import ListError, UsageError
from auditor.file_lock import try_lock
from auditor.known.compiled_list import CompiledList, open_compiled_list
from auditor.known.list_file import file_sha256
from auditor.known.list_identity import ACTIVE
from auditor.known.manifest import MANIFEST
from auditor.known.token_key import KEY, load_or_create_token_key, read_token_key
from auditor.resources import user_data_folder

_LIST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class ActiveVersion:
    """The record of a list's active version.

    Attributes:
        version: The version.
        manifest: The SHA-256 of its manifest.
        newest: The newest version there ever was.
        reason: Why that one is not active; "" where it is.
        mac: The HMAC-SHA256 of the others under the list's key.
    """

    version: str
    manifest: str
    newest: str
    reason: str = ""
    mac: str = ""

    def computed_mac(self, key: bytes) -> str:
        """Return the value that ``mac`` must have."""
        signed = json.dumps([self.version, self.manifest, self.newest, self.reason])
        return hmac.new(key, signed.encode(), hashlib.sha256).hexdigest()


def imported_names() -> tuple[str, ...]:
    """Return the names of the imported lists, sorted."""
    folder = user_data_folder() / "lists"
    return tuple(sorted(path.parent.name for path in folder.glob(f"*/{ACTIVE}"))) if folder.is_dir() else ()


def imported_lists() -> tuple[CompiledList, ...]:
    """Return the active version of every imported list, by name. Raises ListError for a damaged one."""
    return tuple(open_imported_list(name) for name in imported_names())


def open_imported_list(name: str) -> CompiledList:
    """Return the active version of an imported list. Raises ListError if there is none or it is damaged."""
    active = active_version(name)
    folder = list_folder(name) / active.version
    known = open_compiled_list(folder)
    if file_sha256(folder / MANIFEST) != active.manifest:
        raise ListError(f"{folder / MANIFEST}: changed since the list was imported; import it again")
    return known


def is_imported(name: str) -> bool:
    """Return whether a list of this name is imported."""
    return _LIST_NAME.fullmatch(name) is not None and (list_folder(name) / ACTIVE).exists()


def active_version(name: str) -> ActiveVersion:
    """Return which version of a list is active. Raises ListError where none is, or ``active.json`` is damaged."""
    path = list_folder(name) / ACTIVE
    try:
        active = ActiveVersion(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise ListError(f"{path}: the list {name!r} cannot be opened ({error}); import it again") from error
    if not hmac.compare_digest(str(active.mac).encode(), active.computed_mac(read_token_key(path.parent)).encode()):
        raise ListError(f"{path}: changed since the list was imported; import it again")
    return active


def kept_versions(name: str) -> tuple[str, ...]:
    """Return the versions of a list that are kept, the oldest first."""
    return tuple(sorted((path.parent.name for path in list_folder(name).glob(f"[!.]*/{MANIFEST}")), key=version_key))


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key for versions in the list store by which numbers compare as numbers: 2 is before 10."""
    return tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"[0-9]+|[A-Za-z]+", version)
    )


def roll_back(name: str, version: str, reason: str) -> CompiledList:
    """Make a kept version in the list store active again. Imports must still be newer than the newest ever.

    Raises:
        ListError: The version is not kept, or is damaged.
        UsageError: The reason is empty.
    """
    if not reason.strip():
        raise UsageError("going back to another version needs a --reason")
    folder = list_folder(name)
    active = active_version(name)
    if version not in kept_versions(name):
        kept = ", ".join(kept_versions(name))
        raise ListError(f"version {version!r} of the list {name!r} is not kept; there are {kept}")
    with lock_list(folder):
        known = open_compiled_list(folder / version)
        known.verify()
        activate_version(folder, version, active.newest, reason.strip())
    return known


def remove_list(name: str, versions: Sequence[str] = ()) -> None:
    """Delete kept versions of a list, or without any the whole list. Raises ListError for the active version."""
    folder = list_folder(name)
    if not folder.is_dir():
        raise ListError(f"no list {name!r} is imported")
    with lock_list(folder):
        for version in versions:
            if version not in kept_versions(name):
                raise ListError(f"version {version!r} of the list {name!r} is not kept")
            if version == active_version(name).version:
                raise ListError(f"version {version} of the list {name!r} is the active one; remove the whole list")
        for version in versions:
            shutil.rmtree(folder / version)
    if not versions:
        (folder / ACTIVE).unlink(missing_ok=True)  # first, so that no process opens a list that is being deleted
        shutil.rmtree(folder)


def list_folder(name: str) -> Path:
    """Return the folder of an imported list. Raises ListError if the name is not valid."""
    if not _LIST_NAME.fullmatch(name):
        raise ListError(f"{name!r} cannot name a list: letters, digits, '.', '_' and '-', at most 64")
    return user_data_folder() / "lists" / name


def activate_version(folder: Path, version: str, newest: str, reason: str = "") -> None:
    """Make a version in a list's folder the active one, in one step."""
    temporary = folder / f".{ACTIVE}"
    active = ActiveVersion(version, file_sha256(folder / version / MANIFEST), newest, reason)
    active = replace(active, mac=active.computed_mac(load_or_create_token_key(folder / KEY)))
    with open(temporary, "w", encoding="utf-8", opener=_open_private) as file:
        json.dump(asdict(active), file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / ACTIVE)
    sync_folder(folder)


@contextmanager
def lock_list(folder: Path) -> Iterator[None]:
    """Lock a list's folder against other imports; the system releases the lock when a process ends, however it ends."""
    with open(folder / ".lock", "w", opener=_open_private) as file:
        try:
            is_locked = try_lock(file.fileno())
        except OSError as error:
            raise ListError(f"{folder}: cannot be locked: {error.strerror}; keep lists on a local disk") from error
        if not is_locked:
            raise ListError(f"{folder}: another import of this list is running; wait for it")
        yield


def _open_private(path: str, flags: int) -> int:
    """Open a file of the list store, with mode 0600 if it is created."""
    return os.open(path, flags, 0o600)
