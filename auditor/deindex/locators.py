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
    _check_owner(paths, found, hub)
    return Locators(hub.hosts, paths, tuple([f"{path}/" for path in paths]), hub.letter_case)


def _check_owner(paths: tuple[str, ...], found: Repository, hub: Hub) -> None:
    """Refuse paths of a repository that the hub serves as another one, or as none. Raises SealError."""
    name = hub.address_name(found)
    for path in paths:
        owner = hub.repository_at_path(path, name)
        if owner is None or owner.kind != found.kind or owner.name != name:
            raise SealError(
                f"{printable(hub.hosts[0] + path)}: {_describe_owner(owner)}, not the {found.kind} {found.name}"
            )


def _describe_owner(owner: Repository | None) -> str:
    """Return in words what a locator's address belongs to instead of the repository."""
    return f"is in the {owner.kind} {printable(owner.name)}" if owner else "is a host, or an owner's page"
