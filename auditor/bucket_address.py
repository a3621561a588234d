"""Parse the addresses of buckets: ``s3://BUCKET/PREFIX``, ``gs://BUCKET/PREFIX`` and ``abfs://CONTAINER/PREFIX``."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.errors import UsageError
from auditor.hub_address import is_hub_address

# The package that reads each scheme; the extra of the same name as the scheme installs it.
PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "abfs": "adlfs"}
_NOT_IN_ADDRESS = frozenset("?#@")


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """A bucket, or what lies in it below a prefix.

    Attributes:
        scheme: "s3", "gs" or "abfs".
        path: The bucket and the prefix, without a slash at the end.
    """

    scheme: str
    path: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.path}"


def is_bucket_address(target: str) -> bool:
    """Return whether a target is the address of a bucket, well-formed or not."""
    scheme, colon, _ = target.partition("://")
    return bool(colon) and scheme.lower().rpartition("::")[2] in PACKAGES


def is_remote_address(target: str) -> bool:
    """Return whether a target is an address on a hub or of a bucket, well-formed or not."""
    return is_hub_address(target) or is_bucket_address(target)


def parse_bucket_address(target: str) -> BucketAddress:
    """Parse the address of a bucket. Raises UsageError, which does not repeat it: it may hold a password."""
    scheme, _, path = target.partition("://")
    parts = path.rstrip("/").split("/")
    is_chained = "::" in target or scheme.lower() not in PACKAGES
    if is_chained or _NOT_IN_ADDRESS.intersection(path) or any(part in ("", ".", "..") for part in parts):
        schemes = ", ".join(f"{name}://BUCKET/PREFIX" for name in PACKAGES)
        raise UsageError(
            f"the address of a bucket is not understood; write one of {schemes}, without user, key, query, chain or "
            "empty parts: credentials are those of the environment"
        )
    return BucketAddress(scheme.lower(), "/".join(parts))
