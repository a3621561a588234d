"""Sources: where files are. A source lists the files of a target.

Each module of this folder is a source, with the functions of :class:`Source`. Which subject a file belongs to is
decided in :mod:`auditor.repository_layout`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, cast

from auditor.blob import Blob, Unread
from auditor.bucket_address import is_bucket_address
from auditor.errors import UsageError
from auditor.extensions import load_members
from auditor.hub_address import parse_hub_address

if TYPE_CHECKING:
    from auditor.sources.bucket import BucketFolder
    from auditor.sources.hub import HubRepository


class Source(Protocol):
    """The duties of a source: it says which targets it lists, and lists their files."""

    def claims(self, target: str) -> bool:
        """Return whether the target is one of this source. Raises UsageError for one that it cannot list."""
        ...

    def blobs(self, target: str) -> Iterator[Blob | Unread]:
        """Yield every file of the target, in an order that is the same each time.

        It never follows a link out of the target and opens no file but for what says whose files they are.
        """
        ...


def find_source(target: str) -> Source:
    """Return the source that claims a target. Raises UsageError where none does."""
    for source in load_members(__name__, Source).values():
        if source.claims(target):
            return cast("Source", source)
    if "://" in target:
        raise UsageError(
            f"{target}: only files, folders and addresses that begin with hf://, s3://, gs:// or abfs:// are read"
        )
    raise UsageError(f"{target}: does not exist; name a file or a folder")


def remote_repositories(target: str) -> Iterator[HubRepository | BucketFolder | Unread]:
    """Yield the repositories or the bucket that an address names. Raises Unreadable; UsageError for a wrong address."""
    if is_bucket_address(target):
        from auditor.sources.bucket import open_bucket

        yield open_bucket(target)
        return
    from auditor.sources.hub import repositories

    yield from repositories(parse_hub_address(target))
