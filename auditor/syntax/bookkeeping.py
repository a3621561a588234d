"""Recognise files that tools keep and that hold no content: locks, markers, download records, version control.

A name alone proves nothing: a picture in ``.cache/`` or ``refs/`` is content. A file counts as bookkeeping only if its
place and its bytes show it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

# A larger file is none of these.
MAX_BOOKKEEPING_BYTES = 1024

_CACHE_TAG = b"Signature: 8a477f597d28d172789f06886806bc55"  # https://bford.info/cachedir/
_COMMIT = re.compile(rb"[0-9a-f]{40}\s*")
# Commit, entity tag and time, as huggingface_hub records them for each file (_local_folder.py).
_DOWNLOAD_NOTE = re.compile(rb"[0-9a-f]{40}\r?\n[\x21-\x7e]{1,200}\r?\n[0-9]{1,12}(?:\.[0-9]{1,12})?\s*")
_HUB_REPOSITORY = re.compile(r"(?:models|datasets|spaces)--.+")

# What a folder of version control holds, by the folder's name: (names that it must have, names that are its own).
_VERSION_CONTROL: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    ".git": (
        frozenset({"HEAD", "objects", "refs"}),
        frozenset(
            "HEAD objects refs logs hooks info branches worktrees modules lfs annex config config.worktree index "
            "packed-refs description shallow ORIG_HEAD FETCH_HEAD MERGE_HEAD MERGE_MSG MERGE_MODE COMMIT_EDITMSG "
            "AUTO_MERGE CHERRY_PICK_HEAD REVERT_HEAD REBASE_HEAD rebase-merge rebase-apply sequencer gc.log gc.pid "
            "index.lock HEAD.lock config.lock rr-cache sharedindex fsmonitor--daemon".split()
        ),
    ),
    ".hg": (
        frozenset({"requires", "store"}),
        frozenset(
            "requires store cache wcache dirstate branch hgrc bookmarks last-message.txt 00changelog.i undo.bookmarks "
            "undo.branch undo.desc undo.dirstate undo.backup.dirstate sharedpath".split()
        ),
    ),
    ".svn": (frozenset({"wc.db"}), frozenset("wc.db wc.db-journal entries format pristine tmp".split())),
}


def version_control_names(folder: str, names: Collection[str]) -> frozenset[str]:
    """Return which entries of a folder are version control's bookkeeping; none if it is no such folder.

    Args:
        folder: The folder's name.
        names: The names of its entries.
    """
    required, own = _VERSION_CONTROL.get(folder, (frozenset(), frozenset()))
    return own.intersection(names) if required and required <= set(names) else frozenset()


def is_hub_repository(folder: str, folders: Collection[str]) -> bool:
    """Return whether a folder is a hub cache's repository, which holds bookkeeping.

    Args:
        folder: The folder's name.
        folders: The names of the folders in it.
    """
    return bool(_HUB_REPOSITORY.fullmatch(folder)) and not {"snapshots", "blobs"}.isdisjoint(folders)


def may_be_bookkeeping(folders: Sequence[str], name: str, size: int) -> bool:
    """Return whether a file's place, name and size fit bookkeeping, so that its bytes are worth reading."""
    if size > MAX_BOOKKEEPING_BYTES:
        return False
    if not size:
        return name.endswith(".lock") or ".no_exist" in folders
    return name == "CACHEDIR.TAG" or _is_reference(folders) or (_is_of_download(folders) and _is_note(name))


def bookkeeping_reason(folders: Sequence[str], name: str, data: bytes) -> str:
    """Return why a file is bookkeeping that holds no content; "" if nothing proves that.

    Args:
        folders: The names of the folders that it lies in, the outermost first.
        name: Its name.
        data: Its bytes, all of them.
    """
    if not may_be_bookkeeping(folders, name, len(data)):
        return ""
    if not data:
        return "a lock: empty" if name.endswith(".lock") else "a marker of the hub's cache: empty"
    if name == "CACHEDIR.TAG":
        return "a marker of a cache" if data.startswith(_CACHE_TAG) else ""
    if _is_reference(folders):
        return "a reference of the hub's cache" if _COMMIT.fullmatch(data) else ""
    if name == ".gitignore":
        return "a marker of the hub's cache" if data.strip() == b"*" else ""
    return "a note of a download" if _DOWNLOAD_NOTE.fullmatch(data) else ""


def is_unfinished_download(folders: Sequence[str], name: str) -> bool:
    """Return whether a file is bookkeeping of a download that huggingface_hub has not finished."""
    in_blobs = len(folders) > 1 and folders[-1] == "blobs" and bool(_HUB_REPOSITORY.fullmatch(folders[-2]))
    return name.endswith(".incomplete") and (in_blobs or _is_of_download(folders))


def _is_reference(folders: Sequence[str]) -> bool:
    """Return whether folders are those of a hub cache's references, which are bookkeeping."""
    at = folders.index("refs") if "refs" in folders else 0
    return at > 0 and bool(_HUB_REPOSITORY.fullmatch(folders[at - 1]))


def _is_of_download(folders: Sequence[str]) -> bool:
    """Return whether folders are those of huggingface_hub's bookkeeping of downloads."""
    return any(pair == (".cache", "huggingface") for pair in pairwise(folders))


def _is_note(name: str) -> bool:
    """Return whether a name is that of a download's bookkeeping."""
    return name.endswith(".metadata") or name == ".gitignore"
