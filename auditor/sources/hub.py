"""A model hub: the files of one repository, of an organisation's, or of those that a search finds.

Each repository is listed at one commit, and its files are read at that commit alone. A repository's place is that of
its address, ``hf://models/ORG/NAME/``, whatever target led to it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.file_uri import uri_from_file_name
from auditor.hub_address import (
    SCHEME,
    HubAddress,
    RepositoryKind,
    is_commit,
    is_hub_address,
    is_repository_name,
    parse_hub_address,
)
from auditor.hub_requests import cached_snapshot, endpoint, is_offline, list_repositories, list_tree, resolve_repository
from auditor.remote_file import RemoteFile
from auditor.sources import folder

# No file of a hub is larger; sums of so many sizes stay far below 2**63.
_MAX_FILE_BYTES = 1 << 50
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REPEATED = "the hub lists it more than once, and each time differently: not read"
_NO_FILE = "the hub lists it as something else than a file or a folder: not read"
_LEAVES = "a name that leaves its repository, or is none: not read"
_NO_NAME = "the hub lists a repository by a name that none can have: not read"
_OFFLINE = "HF_HUB_OFFLINE is set: only those of its files were read that huggingface_hub's cache holds"


@dataclass(frozen=True, slots=True)
class HubRepository:
    """A repository of a hub at one commit.

    Attributes:
        kind: Its kind.
        name: The name by which the hub knows it.
        commit: The commit that is read.
        asked: The name by which it was asked for; another name was that of before.
        cached: The folder of the commit in huggingface_hub's cache, where the user keeps off the network.
    """

    kind: RepositoryKind
    name: str
    commit: str
    asked: str = ""
    cached: str = ""

    @property
    def uri(self) -> str:
        """Its place, with a slash."""
        return f"{SCHEME}{self.kind}s/{self.name}/"

    def current_commit(self, target: str) -> str:
        """Return the commit at which the revision that a target names is now. Raises Unreadable."""
        return resolve_repository(self.kind, self.name, parse_hub_address(target).revision)[1]

    def files(self) -> Iterator[Blob | Unread]:
        """Yield every file that the hub lists; why it cannot list them, or not all, is a gap."""
        if self.asked and self.asked != self.name:
            why = f"renamed on the hub: it is {SCHEME}{self.kind}s/{self.name} now, which was read"
            yield Unread(f"{SCHEME}{self.kind}s/{self.asked}/", why, skipped=True)
        if self.cached:
            yield from (file.with_prefix(self.uri) for file in folder.blobs(self.cached))
            yield Unread(self.uri, _OFFLINE, blob=self._blob("", 0))
            return
        try:
            # In order of their paths whatever the order of the list, so that a resumed run cuts them the same way.
            listed = sorted(list_tree(self.kind, self.name, self.commit), key=_path)
            for _, (item, *others) in groupby(listed, key=_path):
                file = self._file(item)
                if any(other != item for other in others):
                    file = Unread(file.uri, _REPEATED, blob=file if isinstance(file, Blob) else file.blob)
                yield file
        except Unreadable as error:
            yield Unread(self.uri, str(error), blob=self._blob("", 0))

    def _file(self, item: Mapping[str, Any]) -> Blob | Unread:
        """Return a file of the repository as the hub lists it."""
        path, size, lfs = _path(item), item.get("size"), item.get("lfs")
        parts = path.split("/")
        if any(part in ("", ".", "..") or "\\" in part or not part.isprintable() for part in parts):
            uri = self.uri + "".join(c if c.isprintable() else "?" for c in path)
            return Unread(uri, _LEAVES, blob=self._blob("", 0, uri))
        uri = self.uri + "/".join(map(uri_from_file_name, parts))
        if item.get("type") != "file":
            return Unread(uri, _NO_FILE, blob=self._blob(path, 0, uri))
        if type(size) is not int or not 0 <= size <= _MAX_FILE_BYTES:
            return Unread(uri, "the hub lists it without a size: not read", blob=self._blob(path, 0, uri))
        sha256 = lfs.get("oid") if isinstance(lfs, Mapping) else ""
        return self._blob(path, size, uri, sha256 or "", item.get("xetHash") or "")

    def _blob(self, path: str, size: int, uri: str = "", sha256: str = "", xet: str = "") -> Blob:
        """Return a file of the repository, or what stands for the whole of it."""
        sha256 = sha256 if isinstance(sha256, str) and _SHA256.fullmatch(sha256) else ""
        xet = xet if isinstance(xet, str) and _SHA256.fullmatch(xet) else ""
        remote = RemoteFile(endpoint(), self.kind, self.name, self.commit, path, sha256, xet)
        pinned = f"{SCHEME}{self.kind}s/{self.name}@{self.commit}/{path}"
        return Blob(pinned, uri or self.uri, size, self.kind, self.name, self.commit, remote=remote)


def claims(target: str) -> bool:
    """Return whether the target is an address of a hub. Raises UsageError for one that cannot be understood."""
    if not is_hub_address(target):
        return False
    parse_hub_address(target)
    return True


def blobs(target: str) -> Iterator[Blob | Unread]:
    """Yield every file of the repositories that a hub's address names."""
    for found in repositories(parse_hub_address(target)):
        if isinstance(found, HubRepository):
            yield from found.files()
        else:
            yield found


def repositories(address: HubAddress) -> Iterator[HubRepository | Unread]:
    """Yield the repositories that a hub's address names; what cannot be listed is a gap.

    Raises:
        Unreadable: The address names one repository, which cannot be had; or the hub's list of them cannot.
    """
    if is_offline():
        cached = cached_snapshot(address)
        yield HubRepository(address.kind, address.name, os.path.basename(cached), cached=cached)
        return
    if address.name:
        name, commit = resolve_repository(address.kind, address.name, address.revision)
        yield HubRepository(address.kind, name, commit, address.name)
        return
    for name, commit in list_repositories(address):
        if not is_repository_name(name):
            yield Unread(f"{SCHEME}{address.kind}s/", _NO_NAME)
            continue
        if not is_commit(commit):
            try:
                name, commit = resolve_repository(address.kind, name)
            except Unreadable as error:
                yield Unread(f"{SCHEME}{address.kind}s/{name}/", str(error))
                continue
        yield HubRepository(address.kind, name, commit)


def _path(item: Mapping[str, Any]) -> str:
    """Return the path of a file in the hub's list."""
    path = item.get("path")
    return path if isinstance(path, str) else ""
