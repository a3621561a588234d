"""Give the subject that a target's root is the name that it will have on a hub."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from auditor.blob import Blob, Unread
from auditor.errors import UsageError
from auditor.file_uri import uri_from_file_name

# What a hub takes as the name of a repository, and a branch, tag or commit of it (huggingface_hub's REPO_ID_REGEX).
_NAME = re.compile(r"(?P<name>[\w][\w.-]{0,95}/[\w][\w.-]{0,95})(?:@(?P<revision>[\w./-]{1,100}))?", re.ASCII)


class RootName(NamedTuple):
    """The name of a repository, and a revision of it; "": none."""

    name: str
    revision: str = ""

    def __str__(self) -> str:
        return f"{self.name}@{self.revision}" if self.revision else self.name


def parse_root_name(text: str, targets: Sequence[str]) -> RootName:
    """Return the name that ``--as`` gives to the only target.

    Raises:
        UsageError: It is no name of a repository, there are several targets, or the target has a name of its own.
    """
    found = _NAME.fullmatch(text)
    if not found or ".." in text or "--" in found["name"]:
        raise UsageError(f"--as {text}: is no name of a repository; write ORG/NAME or ORG/NAME@REVISION")
    if len(targets) != 1:
        raise UsageError(f"--as {text}: names one target, and {len(targets)} are given; scan each by itself")
    if "://" in targets[0]:
        raise UsageError(f"--as {text}: {targets[0]} has a name of its own; leave --as out")
    return RootName(found["name"], found["revision"] or "")


def rename_root(files: Iterable[Blob | Unread], target: str, root: RootName) -> Iterator[Blob | Unread]:
    """Yield the files of a target, those of its root's subject with the name that was given to it.

    Raises:
        UsageError: The target's root is no subject, or holds several models.
    """
    is_folder = os.path.isdir(target)
    own = ""
    for file in files:
        blob = file if isinstance(file, Blob) else file.blob
        if blob is None:
            yield file
            continue
        is_at_root = "/" not in blob.uri
        if not own:
            own = blob.name
            if not is_at_root and own != uri_from_file_name(os.path.basename(os.path.abspath(target))):
                raise UsageError(f"--as {root}: {target} holds repositories and is none; name the folder of one")
        elif is_at_root and blob.name != own:
            raise UsageError(f"--as {root}: {target} holds several models; scan each by itself")
        if blob.name == own:
            standalone = blob.standalone_name if is_folder else root.name
            blob = replace(blob, name=root.name, revision=root.revision or blob.revision, standalone_name=standalone)
        yield blob if isinstance(file, Blob) else replace(file, blob=blob)
