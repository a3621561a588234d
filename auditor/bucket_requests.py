"""Ask a bucket by fsspec: its list of objects, and ranges of their bytes.

Nothing is kept on disk. What a storage service answers is said in words of ours: its own messages hold account names,
request ids and signed addresses.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from auditor.bucket_address import PACKAGES, BucketAddress
from auditor.errors import Unreadable, UsageError
from auditor.hub_requests import Unavailable

# The packages ask again by themselves when they are told to slow down; these tries are for what they give up.
_TRIES, _FIRST_WAIT_SECONDS = 3, 0.5
# What tells one version of an object from another, by the names that the packages give it.
_VERSION_KEYS = ("ETag", "etag", "generation", "LastModified", "last_modified", "updated", "mtime")
_LATER = "run it again later, with the same --out"


class BucketObject(NamedTuple):
    """An object of a bucket.

    Attributes:
        path: Its path, which begins with the bucket.
        size: Its bytes; -1 where the service does not tell.
        version: What tells this version from another: its ETag, else when it was changed; "" for none.
    """

    path: str
    size: int
    version: str


def list_objects(address: BucketAddress) -> list[BucketObject]:
    """Return the objects of an address, sorted by path. Raises Unreadable; UsageError for a missing package."""
    found = _ask(address.scheme, lambda system: system.find(address.path, detail=True))
    if not isinstance(found, dict):
        raise Unavailable(f"the storage service does not answer with a list: {_LATER}")
    items = [
        BucketObject(path.strip("/"), _size(info.get("size")), _version(info))
        for path, info in found.items()
        if info.get("type") == "file"
    ]
    return sorted(items)


def fetch_object_range(scheme: str, path: str, start: int, stop: int) -> bytes:
    """Return a range of an object's bytes. Raises Unreadable."""
    data = bytes(_ask(scheme, lambda system: system.cat_file(path, start=start, end=stop)))
    if len(data) != stop - start:
        raise Unreadable("changed since it was listed: it has another size")
    return data


def _ask(scheme: str, request: Any) -> Any:
    """Return what a storage service answers, asked again if it fails for a reason that may pass. Raises Unreadable."""
    system = _file_system(scheme, os.getpid())
    for number in range(_TRIES):
        try:
            return request(system)
        except Exception as error:
            failure = _failure_of(error, scheme)
            if number == _TRIES - 1 or not failure.may_pass:
                raise failure.error from error
        time.sleep(_FIRST_WAIT_SECONDS * 2**number)
    raise AssertionError("the last try returns or raises")


class _Failure(NamedTuple):
    """What went wrong, and whether asking again may help."""

    error: Unreadable
    may_pass: bool


def _failure_of(error: Exception, scheme: str) -> _Failure:
    """Return what went wrong, in words of ours, by the type of what the package raised: its text may hold secrets."""
    if isinstance(error, FileNotFoundError):
        return _Failure(Unreadable("not found: look at the address, or it is gone since it was listed"), False)
    if isinstance(error, PermissionError) or "Credential" in type(error).__name__:
        why = (
            f"refused by the storage service: give {PACKAGES[scheme]} credentials that may read it, as its "
            f"documentation says, or FSSPEC_{scheme.upper()} its options; the bucket may also not exist"
        )
        return _Failure(Unavailable(why), False)
    return _Failure(Unavailable(f"the storage service does not answer, or breaks off: {_LATER}"), True)


@cache
def _file_system(scheme: str, process: int) -> Any:
    """Return the file system of a scheme, one for each process, which keeps no list and no byte. Raises UsageError."""
    import fsspec

    try:
        return fsspec.filesystem(scheme, skip_instance_cache=True, use_listings_cache=False)
    except ImportError as error:
        raise UsageError(
            f"{scheme}:// is read with {PACKAGES[scheme]}: install it with pip install 'provenance-auditor[{scheme}]'"
        ) from error
    except Exception as error:
        raise Unreadable(
            f"the options of {PACKAGES[scheme]} are not understood: look at FSSPEC_{scheme.upper()}"
        ) from error


def _version(info: Mapping[str, Any]) -> str:
    """Return what tells a version of an object from another; "" for nothing."""
    return next((str(info[key]).strip('"') for key in _VERSION_KEYS if info.get(key)), "")


def _size(value: object) -> int:
    """Return the bytes of an object; -1 where the service does not tell."""
    return value if isinstance(value, int) and value >= 0 else -1
