"""Name what targets hold: what a target's root is on a hub, or the one dataset that all targets are parts of."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from auditor.blob import Blob, Unread
from auditor.errors import UsageError
from auditor.file_uri import uri_from_file_name
from auditor.printable import printable

# What a hub takes as the name of a repository, and a branch, tag or commit of it (huggingface_hub's REPO_ID_REGEX).
_NAME = re.compile(r"(?P<name>[\w][\w.-]{0,95}/[\w][\w.-]{0,95})(?:@(?P<revision>[\w./-]{1,100}))?", re.ASCII)

MAX_DATASET_NAME = 200  # characters


class RootName(NamedTuple):
    """The name of a repository, and a revision of it; "": none."""

    name: str
    revision: str = ""

    def __str__(self) -> str:
        return f"{self.name}@{self.revision}" if self.revision else self.name


class JoinedDataset(NamedTuple):
    """The name of the dataset that all files of all targets are parts of."""

    name: str

    def __str__(self) -> str:
        return self.name


def parse_names(name_as: str, dataset: str, targets: Sequence[str]) -> RootName | JoinedDataset | None:
    """Return what ``--as`` or ``--dataset`` names; None: nothing.

    Raises:
        UsageError: It is no such name, both are given, or the targets cannot have it.
    """
    if name_as and dataset:
        raise UsageError("--as and --dataset cannot be used together; leave one of them out")
    if dataset:
        return _parse_dataset(dataset, targets)
    return _parse_root_name(name_as, targets) if name_as else None


def _parse_dataset(text: str, targets: Sequence[str]) -> JoinedDataset:
    """Return the name that ``--dataset`` gives to all targets together. Raises UsageError."""
    if not text.isprintable() or text != text.strip() or len(text) > MAX_DATASET_NAME:
        raise UsageError(
            f"--dataset: write a name of at most {MAX_DATASET_NAME} printable characters, such as ORG/NAME"
        )
    if remote := next((target for target in targets if "://" in target), ""):
        raise UsageError(
            f"--dataset {text}: {remote} has a name of its own, and all that lies below an address of a bucket is one "
            "dataset; name files and folders of this machine"
        )
    return JoinedDataset(text)


def _parse_root_name(text: str, targets: Sequence[str]) -> RootName:
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


def join_dataset(files: Iterable[Blob | Unread], target: str, dataset: JoinedDataset) -> Iterator[Blob | Unread]:
    """Yield the files of a target as files of the dataset. Raises UsageError if the target holds a model."""
    for file in files:
        blob = file if isinstance(file, Blob) else file.blob
        if blob is None:
            yield file
            continue
        if blob.kind not in ("", "dataset"):
            raise UsageError(
                f"--dataset {dataset}: {target} holds {blob.kind} {printable(blob.name, 120)}; name parts of a dataset "
                "alone, or leave --dataset out"
            )
        blob = replace(blob, kind="dataset", name=dataset.name, revision="", standalone_name="", standalone_kind="")
        yield blob if isinstance(file, Blob) else replace(file, blob=blob)


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
