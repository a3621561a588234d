"""A file or a folder: every file below it, in a stable order, without following a link out of it.

A link is followed to a file of the target, from a snapshot in a hub's cache to a blob of the same repository, and
from a link of git-annex to its object in the same working tree. A blob that a snapshot links is listed there alone.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NamedTuple

from auditor.blob import Blob, Unread
from auditor.bucket_address import is_remote_address
from auditor.errors import Unreadable, UsageError
from auditor.file_uri import uri_from_file_name
from auditor.model import Kind
from auditor.repository_layout import (
    WEIGHTS_SUFFIXES,
    Owner,
    find_card,
    hub_owner,
    is_weights_collection,
    kind_from_file_names,
    kind_from_folder_names,
    standalone_name,
)
from auditor.safe_open import open_regular_file
from auditor.syntax.bookkeeping import (
    MAX_BOOKKEEPING_BYTES,
    bookkeeping_reason,
    is_hub_repository,
    is_unfinished_download,
    may_be_bookkeeping,
    version_control_names,
)
from auditor.syntax.card_kind import kind_of_text
from auditor.syntax.file_pointer import parse_file_pointer

# Bytes of a README that are read to tell its kind.
_CARD_HEAD_BYTES = 64 * 1024
# A README decides what its folder is only if it is a card: auditor.repository_layout, point 2.
_CARD_KINDS: tuple[Kind, ...] = ("model", "dataset")

# A snapshot's link whose text was stored as a file, by a copy or a checkout without links.
_BLOB_LINK_TEXT = re.compile(rb"(?:\.\./)+blobs/[0-9a-f]{40,64}\s*")
_MAX_LINK_TEXT = 256
_ANNEX_OBJECTS = os.path.join(".git", "annex", "objects")

_LINK_LOOP = "a link that leads back to itself, or through too many links"


def claims(target: str) -> bool:
    """Return whether the target is a file or a folder. Raises UsageError for a link that leads back to itself."""
    if is_remote_address(target):
        return False  # even if a folder of that name lies here
    try:
        os.stat(target)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UsageError(f"{target}: is {_LINK_LOOP}; name a file or a folder") from error
    return os.path.lexists(target)


def blobs(target: str) -> Iterator[Blob | Unread]:
    """Yield every file of the target, folder by folder, sorted by the bytes of their names."""
    absolute = os.path.abspath(target)
    parts = Path(absolute).parts
    if not os.path.isdir(absolute):
        uri = uri_from_file_name(parts[-1])
        found = _file(
            os.path.realpath(absolute), uri, hub_owner(parts[:-1]) or Owner("", uri), kind_from_folder_names(parts[:-1])
        )
        # The user asked for this very file: if it cannot be read, that is a gap and not a skip.
        yield found if isinstance(found, Blob) else replace(found, skipped=False)
        return
    yield from _walk(absolute, hub_owner(parts) or Owner("", uri_from_file_name(parts[-1])))


@dataclass(frozen=True, slots=True)
class _HubRepository:
    """A repository in a cache of huggingface_hub: its ``blobs`` folder, and which blobs snapshots link."""

    blobs: str
    linked: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder to list: its path, the names of the folders below the target, whose files it holds, where it lies."""

    path: str
    parts: tuple[str, ...]
    owner: Owner
    repository: _HubRepository | None = None


def _walk(root: str, top: Owner) -> Iterator[Blob | Unread]:
    """Yield every file below a folder that is a source, in a stable order."""
    above = Path(root).parts
    stack = [_Folder(root, (), top, _enclosing_repository(above))]
    real_root = os.path.realpath(root)
    while stack:
        folder = stack.pop()
        uri = "".join(f"{uri_from_file_name(part)}/" for part in folder.parts)
        try:
            with os.scandir(folder.path) as listing:
                listed = _list_folder(listing)
        except OSError as error:
            yield Unread(uri or ".", f"folder cannot be listed: {error.strerror}")
            continue
        all_parts = (*above, *folder.parts)
        names = listed.names
        own_names = version_control_names(all_parts[-1], names)
        if own_names:
            why = f"a {all_parts[-1]} folder: what only the history of version control holds was not read"
            yield Unread(uri or ".", why, skipped=True)
        folders: list[str] = []
        left_out = set(own_names)
        linked: dict[str, str] = {}  # the path to open, by the name of a link
        for name in sorted(listed.special, key=os.fsencode):
            if name in own_names:
                continue
            left_out.add(name)
            place = uri + uri_from_file_name(name)
            if isinstance(kind := listed.special[name], OSError):
                yield Unread(place, _examination_failure(kind))
            elif kind == "folder":
                folders.append(name)
            else:
                path = os.path.realpath(os.path.join(folder.path, name))
                if not _may_follow(path, real_root, folder.repository):
                    yield Unread(place, "a link that leaves the target: not followed")
                elif os.path.isdir(path):
                    yield Unread(place, "a link to a folder: not followed", skipped=True)
                else:
                    linked[name] = path
                    left_out.remove(name)
        if left_out:
            names = [name for name in names if name not in left_out]
        here = _owner(folder.path, above, folder.parts, folder.owner, names)
        collection = here.rank == "target" and is_weights_collection(names)
        kind_by_folders = kind_from_folder_names(all_parts)
        repository = folder.repository
        if is_hub_repository(all_parts[-1], folders):
            repository = _HubRepository(os.path.join(os.path.realpath(folder.path), "blobs"))
        is_blobs = repository is not None and os.path.realpath(folder.path) == repository.blobs
        for name in names:
            path = linked.get(name) or os.path.join(folder.path, name)
            if repository and _is_inside(path, repository.blobs) and not is_blobs:
                repository.linked.add(os.path.basename(path))
            if repository and is_blobs and name in repository.linked:
                continue
            place = uri + uri_from_file_name(name)
            is_own_subject = collection and name.lower().endswith(WEIGHTS_SUFFIXES)
            owner = Owner("model", standalone_name(place), "", "repository") if is_own_subject else here
            found = _file(path, place, owner, kind_by_folders)
            if isinstance(found, Blob):
                found = _without_bookkeeping(found, all_parts, name, repository)
            elif not os.path.lexists(path):
                found = _absent_annex_object(os.path.join(folder.path, name), found, owner, kind_by_folders)
            yield found
        if repository and "blobs" in folders:  # last: only then it is known which of them a snapshot links
            folders.sort(key=lambda name: name == "blobs")
        stack += [
            _Folder(os.path.join(folder.path, name), (*folder.parts, name), here, repository)
            for name in reversed(folders)
        ]


class _Listing(NamedTuple):
    """What a folder holds: all names, in the order of their bytes, and those that are no plain files.

    Attributes:
        names: The names of all entries.
        special: Of links and folders, which of both they are; of what cannot be examined, why.
    """

    names: list[str]
    special: dict[str, str | OSError]


def _list_folder(listing: Iterable[os.DirEntry[str]]) -> _Listing:
    """Return the names in a folder, which may be millions: only the name of a plain file is kept."""
    names: list[str] = []
    special: dict[str, str | OSError] = {}
    for entry in listing:
        names.append(entry.name)
        try:  # some file systems list no types, so that each entry is examined here
            if entry.is_symlink():
                special[entry.name] = "link"
            elif entry.is_dir(follow_symlinks=False):
                special[entry.name] = "folder"
        except OSError as error:
            special[entry.name] = error
    # Of ASCII the characters have the order of the bytes, without a second copy of each name.
    names.sort(key=None if all(map(str.isascii, names)) else os.fsencode)
    return _Listing(names, special)


def _enclosing_repository(parts: tuple[str, ...]) -> _HubRepository | None:
    """Return the repository of a hub's cache that a folder lies in; None if it lies in none."""
    for at in range(len(parts) - 1, 0, -1):
        folder = os.path.join(*parts[:at])
        if parts[at] in ("snapshots", "blobs") and is_hub_repository(parts[at - 1], [parts[at]]):
            return _HubRepository(os.path.join(os.path.realpath(folder), "blobs"))
    return None


def _may_follow(path: str, root: str, repository: _HubRepository | None) -> bool:
    """Return whether a folder's link to ``path`` (no link left in it) stays in the target, repository or annex."""
    if _is_inside(path, root) or (repository is not None and _is_inside(path, repository.blobs)):
        return True
    top, annex, _ = path.partition(os.sep + _ANNEX_OBJECTS + os.sep)
    return bool(annex) and _is_inside(root, top) and not _is_inside(root, os.path.join(top, ".git"))


def _without_bookkeeping(
    blob: Blob, folders: tuple[str, ...], name: str, repository: _HubRepository | None
) -> Blob | Unread:
    """Return a folder's file, or the reason why it is none to read: it holds no content, or only a part.

    The text of a snapshot's link stands for the blob that it names.
    """
    if is_unfinished_download(folders, name):
        return Unread(blob.uri, "an unfinished download: not read", blob=blob)
    if may_be_bookkeeping(folders, name, blob.size):
        if why := bookkeeping_reason(folders, name, _head(blob.path, MAX_BOOKKEEPING_BYTES + 1)):
            return Unread(blob.uri, why, skipped=True, blob=blob)
    elif repository and "snapshots" in folders and blob.size <= _MAX_LINK_TEXT:
        text = _head(blob.path, _MAX_LINK_TEXT)
        if _BLOB_LINK_TEXT.fullmatch(text):
            path = os.path.realpath(os.path.join(os.path.dirname(blob.path), os.fsdecode(text.strip())))
            try:
                status = os.lstat(path)
            except OSError:
                status = None
            if status is None or not stat.S_ISREG(status.st_mode) or not _is_inside(path, repository.blobs):
                return Unread(blob.uri, "the text of a link: the blob that it names is not here", blob=blob)
            repository.linked.add(os.path.basename(path))
            return replace(blob, path=path, size=status.st_size, modified=status.st_mtime_ns)
    return blob


def _absent_annex_object(path: str, unread: Unread, owner: Owner, kind_by_folders: Kind | Literal[""]) -> Blob | Unread:
    """Return a folder's git-annex link, whose object is not here, as a file that holds the link's text."""
    try:
        text = os.readlink(path)
    except OSError:
        return unread
    if not parse_file_pointer(os.fsencode(text)):
        return unread
    return replace(_blob(path, unread.uri, len(os.fsencode(text)), 0, owner, kind_by_folders), link=text)


def _owner(folder: str, above: tuple[str, ...], parts: tuple[str, ...], parent: Owner, names: list[str]) -> Owner:
    """Return the subject that this folder is or lies in; see :mod:`auditor.repository_layout`."""
    hub = hub_owner((*above, *parts))
    if hub:
        return hub if hub.revision or parent.rank == "hub" else Owner(hub.kind, hub.name, _commit(folder), "hub")
    card = find_card(names)
    kind_by_card = kind_of_text(_head(os.path.join(folder, card))) if card else "document"
    kind_by_files = kind_from_file_names(names, has_dataset_card=kind_by_card == "dataset")
    has_own_card = kind_by_card in _CARD_KINDS and not _is_flat(names)
    if not has_own_card and (not kind_by_files or parent.kind == "model" or is_weights_collection(names)):
        return parent
    name = "/".join(map(uri_from_file_name, parts)) or uri_from_file_name(above[-1])
    return Owner(kind_by_files or kind_by_card, name, _commit(folder), "repository")


def _is_flat(names: list[str]) -> bool:
    """Return whether a folder holds cards named ``ORG__NAME.md``: its README describes the collection, no subject."""
    return any("__" in name.strip("_") and name.lower().endswith(".md") for name in names)


def _file(path: str, uri: str, owner: Owner, kind_by_folders: Kind | Literal[""]) -> Blob | Unread:
    """Return a folder's file as listed; ``kind_by_folders`` is what the names of its folders say of a text in it."""
    try:
        status = os.stat(path)
    except OSError as error:
        return Unread(uri, _examination_failure(error))
    if not stat.S_ISREG(status.st_mode):
        return Unread(uri, "not a regular file: not opened", skipped=True)
    return _blob(path, uri, status.st_size, status.st_mtime_ns, owner, kind_by_folders)


def _blob(path: str, uri: str, size: int, modified: int, owner: Owner, kind_by_folders: Kind | Literal[""]) -> Blob:
    """Return a file of a folder as a blob of the folder's owner, else of a subject of its own."""
    if owner.kind:
        return Blob(path, uri, size, owner.kind, owner.name, owner.revision, modified=modified)
    name = standalone_name(uri) or owner.name
    return Blob(
        path,
        uri,
        size,
        "",
        owner.name,
        owner.revision,
        standalone_name=name,
        standalone_kind=kind_by_folders,
        modified=modified,
    )


def _examination_failure(error: OSError) -> str:
    """Return why a file in a folder cannot be examined, from the error."""
    return _LINK_LOOP if error.errno == errno.ELOOP else f"cannot be examined: {error.strerror}"


def _is_inside(path: str, root: str) -> bool:
    """Return whether a path is a folder or lies in it."""
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def _head(path: str, size: int = _CARD_HEAD_BYTES) -> bytes:
    """Return the first bytes of a file in a folder; b"" if it cannot be read."""
    try:
        with open(path, "rb", opener=open_regular_file) as file:
            return file.read(size)
    except (OSError, Unreadable):
        return b""  # the file itself is reported when it is read


def _commit(folder: str) -> str:
    """Return the commit that huggingface_hub notes beside a folder downloaded with ``--local-dir``; "" for none."""
    notes = os.path.join(folder, ".cache", "huggingface", "download")
    try:
        names = sorted(name for name in os.listdir(notes) if name.endswith(".metadata"))
        with open(os.path.join(notes, names[0]), encoding="ascii", opener=open_regular_file) as file:
            line = file.readline(64).strip()
    except (OSError, Unreadable, IndexError, UnicodeDecodeError):
        return ""
    return line if len(line) == 40 else ""
