"""A file or a folder: every file below it, in a stable order, without following a link out of it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

from auditor.errors import UsageError
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
from auditor.sources import Blob, Unread, uri_of
from auditor.syntax.card_kind import kind_of_text

# Folders that hold no files of the target's own: version control, and huggingface_hub's bookkeeping, whose
# blobs are read through the snapshot that names them.
_SKIPPED_FOLDERS = frozenset({".git", ".hg", ".svn", ".cache"})
# Bytes of a README that are read to tell its kind.
_CARD_HEAD_BYTES = 64 * 1024
# A README decides what its folder is only if it is a card: auditor.repository_layout, point 2.
_CARD_KINDS: tuple[Kind, ...] = ("model", "dataset")

_LINK_LOOP = "a link that leads back to itself, or through too many links"


def claims(target: str) -> bool:
    """Return whether the target is a file or a folder. Raises UsageError for a link that leads back to itself."""
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
        uri = uri_of(parts[-1])
        found = _file(absolute, uri, hub_owner(parts[:-1]) or Owner("", uri), kind_from_folder_names(parts[:-1]))
        # The user asked for this very file: if it cannot be read, that is a gap and not a skip.
        yield found if isinstance(found, Blob) else replace(found, skipped=False)
        return
    yield from _walk(absolute, hub_owner(parts) or Owner("", uri_of(parts[-1])))


def _walk(root: str, top: Owner) -> Iterator[Blob | Unread]:
    real_root = os.path.realpath(root)
    above = Path(root).parts
    stack: list[tuple[str, tuple[str, ...], Owner]] = [(root, (), top)]
    while stack:
        folder, parts, owner = stack.pop()
        uri = "".join(f"{uri_of(part)}/" for part in parts)
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: os.fsencode(entry.name))
        except OSError as error:
            yield Unread(uri or ".", f"folder cannot be listed: {error.strerror}")
            continue
        folders: list[tuple[str, tuple[str, ...], Owner]] = []
        files: list[os.DirEntry[str]] = []
        for entry in entries:
            try:  # some file systems list no types, so that each entry is examined here
                is_link, is_folder = entry.is_symlink(), entry.is_dir(follow_symlinks=False)
            except OSError as error:
                yield Unread(uri + uri_of(entry.name), _examination_failure(error))
                continue
            if is_link:
                outside = not _is_inside(os.path.realpath(entry.path), real_root)
                if outside or os.path.isdir(entry.path):
                    why = (
                        "a link that leaves the target: not followed" if outside else "a link to a folder: not followed"
                    )
                    yield Unread(uri + uri_of(entry.name), why, skipped=True)
                    continue
                files.append(entry)
            elif is_folder:
                folders.append((entry.path, (*parts, entry.name), owner))
            else:
                files.append(entry)
        names = [entry.name for entry in files]
        here = _owner(folder, above, parts, owner, names)
        collection = here.rank == "target" and is_weights_collection(names)
        kind_by_folders = kind_from_folder_names((*above, *parts))
        for entry in files:
            place = uri + uri_of(entry.name)
            is_own_subject = collection and entry.name.lower().endswith(WEIGHTS_SUFFIXES)
            owner_of = Owner("model", standalone_name(place), "", "repository") if is_own_subject else here
            yield _file(entry.path, place, owner_of, kind_by_folders)
        for path, below, _ in reversed(folders):
            if below[-1] in _SKIPPED_FOLDERS or (below[-1] in {"blobs", "refs"} and parts and "--" in parts[-1]):
                yield Unread(f"{uri}{uri_of(below[-1])}/", "a folder of bookkeeping: not read", skipped=True)
            else:
                stack.append((path, below, here))


def _owner(folder: str, above: tuple[str, ...], parts: tuple[str, ...], parent: Owner, names: list[str]) -> Owner:
    """Return the subject that this folder is or lies in; see :mod:`auditor.repository_layout`."""
    hub = hub_owner((*above, *parts))
    if hub:
        return hub if hub.revision or parent.rank == "hub" else Owner(hub.kind, hub.name, _commit(folder), "hub")
    kind_by_files, card = kind_from_file_names(names), find_card(names)
    kind_by_card = kind_of_text(_head(os.path.join(folder, card))) if card else "document"
    has_own_card = kind_by_card in _CARD_KINDS and not _is_flat(names)
    if not has_own_card and (not kind_by_files or parent.kind == "model" or is_weights_collection(names)):
        return parent
    name = "/".join(map(uri_of, parts)) or uri_of(above[-1])
    return Owner(kind_by_files or kind_by_card, name, _commit(folder), "repository")


def _is_flat(names: list[str]) -> bool:
    """Return whether a folder holds cards named ``ORG__NAME.md``: its README describes the collection, no subject."""
    return any("__" in name.strip("_") and name.lower().endswith(".md") for name in names)


def _file(path: str, uri: str, owner: Owner, kind_by_folders: Kind | Literal[""]) -> Blob | Unread:
    """Return the file as listed; ``kind_by_folders`` is what the names of its folders say of a text in it."""
    try:
        status = os.stat(path)
    except OSError as error:
        return Unread(uri, _examination_failure(error))
    if not stat.S_ISREG(status.st_mode):
        return Unread(uri, "not a regular file: not opened", skipped=True)
    size, modified = status.st_size, status.st_mtime_ns
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
    return _LINK_LOOP if error.errno == errno.ELOOP else f"cannot be examined: {error.strerror}"


def _is_inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def _head(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_CARD_HEAD_BYTES)
    except OSError:
        return b""  # the file itself is reported when it is read


def _commit(folder: str) -> str:
    """Return the commit that huggingface_hub notes beside a ``--local-dir`` download; "" for none."""
    notes = os.path.join(folder, ".cache", "huggingface", "download")
    try:
        names = sorted(name for name in os.listdir(notes) if name.endswith(".metadata"))
        with open(os.path.join(notes, names[0]), encoding="ascii") as file:
            line = file.readline(64).strip()
    except (OSError, IndexError, UnicodeDecodeError):
        return ""
    return line if len(line) == 40 else ""
