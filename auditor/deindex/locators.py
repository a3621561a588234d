"""The addresses under which a hub and its mirrors serve a repository, and the repository of an address.

A pattern ends where the repository ends: ``exact`` is one path, ``prefix`` ends with a slash, so that even a plain
string comparison covers neither ``NAME-v2`` nor the owner's page. Queries and fragments are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.deindex.hubs import Hub, Repository
from auditor.errors import SealError
from auditor.known.urls import split_canonical_url
from auditor.policy.vocabulary_tables import LetterCase
from auditor.printable import printable


@dataclass(frozen=True, slots=True)
class Locators:
    """The addresses of one repository: each path at each host. ``prefix`` paths end with a slash, ``exact`` don't.

    Paths are in Safe Browsing's canonical form; lower case where ``letter_case`` is ignored.
    """

    hosts: tuple[str, ...]
    exact: tuple[str, ...]
    prefix: tuple[str, ...]
    letter_case: LetterCase

    def covers(self, url: str) -> bool:
        """Return whether a URL is an address of the repository.

        The plain reference for :mod:`auditor.deindex.lookup`.
        """
        host, path = split_canonical_url(url)
        if self.letter_case == "ignored":
            path = path.lower()
        return host in self.hosts and (path in self.exact or path.startswith(self.prefix))


def build_locators(found: Repository, hubs: Mapping[str, Hub]) -> Locators:
    """Return the locators of a repository, its addresses. Raises SealError if a pattern would cover more."""
    hub = hubs[found.hub]
    paths = hub.repository_paths(found)
    made = Locators(hub.hosts, paths, tuple(f"{path}/" for path in paths), hub.letter_case)
    check_locators(made, found, hubs)
    return made


def check_locators(made: Locators, found: Repository, hubs: Mapping[str, Hub]) -> None:
    """Refuse a locator whose pattern covers anything but this repository: an owner's page, a sibling, a host.

    Raises SealError.
    """
    hub = hubs[found.hub]
    folders = hub.repository_paths(found)
    if strange := set(made.hosts) - set(hub.hosts):
        raise SealError(f"{printable(min(strange))}: is not a host of {hub.title}; a list holds no address there")
    ours: Repository | None = None  # as an address says it: in lower case where that doesn't count
    for path in (
        *folders,
        *(pattern for pattern in (*made.exact, *made.prefix) if not _ends_at_repository(pattern, folders)),
    ):
        owner = hub.repository_at_path(path)
        if owner is not None and owner != ours and hub.repository_paths(owner) == folders:
            ours = owner
        if owner is None or owner != ours or path not in folders:
            raise SealError(
                f"{printable(made.hosts[0] + path)}: {_describe_owner(owner)}, not the {found.kind} {found.name}"
            )
    if any(path.endswith("/") for path in made.exact) or not all(path.endswith("/") for path in made.prefix):
        raise SealError(f"{found.kind} {found.name}: a prefix ends with '/', and an exact path doesn't")


def _ends_at_repository(pattern: str, folders: tuple[str, ...]) -> bool:
    """Return whether a locator's pattern ends where the repository ends."""
    return pattern.removesuffix("/") in folders


def _describe_owner(owner: Repository | None) -> str:
    """Return in words what a locator's address belongs to instead of the repository."""
    return f"is in the {owner.kind} {printable(owner.name)}" if owner else "is a host, or an owner's page"
