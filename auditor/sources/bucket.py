"""A bucket of a storage service: the objects below a prefix, which are one dataset or model.

The objects are listed once. Their names, sizes and ETags together are the revision that a report names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.blob import Blob, Unread
from auditor.bucket_address import BucketAddress, is_bucket_address, parse_bucket_address
from auditor.bucket_requests import BucketObject, list_objects
from auditor.file_uri import uri_from_file_name
from auditor.hub_address import RepositoryKind
from auditor.remote_file import BucketFile
from auditor.repository_layout import kind_from_file_names

_LEAVES = "a name that leaves its bucket, or is none: not read"
_DIGEST_DIGITS = 40


@dataclass(frozen=True, slots=True)
class BucketFolder:
    """What a bucket holds below a prefix, as it was listed.

    Attributes:
        address: The bucket and the prefix.
        objects: The objects.
        kind: A model if the names of its files are those of one, else a dataset.
        commit: A digest of names, sizes and ETags: the same only while the service lists the same.
        asked: The name by which it was asked for: its own.
        cached: Never; "".
    """

    address: BucketAddress
    objects: tuple[BucketObject, ...]
    kind: RepositoryKind
    commit: str
    asked: str = ""
    cached: str = ""

    @property
    def name(self) -> str:
        """Its address."""
        return str(self.address)

    @property
    def uri(self) -> str:
        """Its place, with a slash."""
        scheme, *parts = self.address.scheme, *self.address.path.split("/")
        return f"{scheme}://" + "".join(f"{uri_from_file_name(part)}/" for part in parts)

    def current_commit(self, target: str) -> str:
        """Return the digest of what the service lists now. Raises Unreadable."""
        return open_bucket(target).commit

    def files(self) -> Iterator[Blob | Unread]:
        """Yield every object."""
        for item in self.objects:
            path = _path_below(self.address, item)
            parts = path.split("/")
            uri = self.uri + "/".join(map(uri_from_file_name, parts))
            if any(part in ("", ".", "..") or "\\" in part or not part.isprintable() for part in parts):
                yield Unread(self.uri + "".join(c if c.isprintable() else "?" for c in path), _LEAVES)
            elif item.size < 0:
                yield Unread(uri, "the storage service lists it without a size: not read")
            else:
                remote = BucketFile(self.address.scheme, self.kind, self.address.path, item.version, path)
                pinned = f"{self.address}/{path}"
                yield Blob(pinned, uri, item.size, self.kind, self.name, self.commit, remote=remote)


def _path_below(address: BucketAddress, item: BucketObject) -> str:
    """Return the path of an object below the prefix of its bucket."""
    return item.path.removeprefix(address.path + "/")


def claims(target: str) -> bool:
    """Return whether the target is the address of a bucket. Raises UsageError for one that cannot be understood."""
    if not is_bucket_address(target):
        return False
    parse_bucket_address(target)
    return True


def blobs(target: str) -> Iterator[Blob | Unread]:
    """Yield every object that the address of a bucket names."""
    return open_bucket(target).files()


def open_bucket(target: str) -> BucketFolder:
    """List the objects of an address; one object is listed as its folder with nothing else. Raises Unreadable."""
    address = parse_bucket_address(target)
    objects = tuple(list_objects(address))
    if [item.path for item in objects] == [address.path] and "/" in address.path:
        address = BucketAddress(address.scheme, address.path.rpartition("/")[0])
    names = [_path_below(address, item) for item in objects]
    kind: RepositoryKind = "model" if kind_from_file_names(names) == "model" else "dataset"
    commit = hashlib.sha256(json.dumps(objects).encode()).hexdigest()[:_DIGEST_DIGITS]
    return BucketFolder(address, objects, kind, commit)
