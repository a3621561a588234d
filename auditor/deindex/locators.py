"""The addresses under which a hub and its mirrors serve a repository, and the repository of an address.

A pattern ends where the repository ends: ``exact`` is one path, ``prefix`` ends with a slash, so that even a plain
string comparison covers neither ``NAME-v2`` nor the owner's page. Queries and fragments are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from auditor.errors import SealError
from auditor.known.urls import canonical_url
from auditor.model import Kind, Ref
from auditor.policy.vocabularies import Vocabularies, load_vocabularies
from auditor.policy.vocabulary_tables import HubAddresses, LetterCase
from auditor.printable import printable

MAX_NAME_LENGTH = 250  # characters of a name
DEFAULT_HUB = "huggingface"  # the hub of a name that has no host
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")


@dataclass(frozen=True, slots=True)
class Hub:
    """Where one hub's repositories are, from ``hubs.toml``; ``paths`` are templates by kind.

    ``templates`` are the same as (kind, what stands before the name, what after), the longest first:
    ``/api/models/{name}`` must not be read as an owner called api.
    """

    id: str
    title: str
    hosts: tuple[str, ...]
    letter_case: LetterCase
    name: re.Pattern[str]
    parts: int
    forbidden: tuple[str, ...]
    reserved: frozenset[str]
    paths: Mapping[Kind, tuple[str, ...]]
    templates: tuple[tuple[Kind, str, str], ...]
    references: tuple[str, ...]

    def allows_name(self, name: str) -> bool:
        """Return whether a repository can have this name; never one that a path would have to escape."""
        return (
            len(name) <= MAX_NAME_LENGTH
            and name.count("/") == self.parts - 1
            and _PLAIN_NAME.fullmatch(name) is not None
            and self.name.fullmatch(name) is not None
            and not any(part in name for part in self.forbidden)
            and not name.lower().endswith(".git")
            and name.partition("/")[0].lower() not in self.reserved
        )

    def repository_paths(self, found: Repository) -> tuple[str, ...]:
        """Return the paths below which a repository lies."""
        name = found.name.lower() if self.letter_case == "ignored" else found.name
        return tuple(path.replace("{name}", name) for path in self.paths[found.kind])

    def repository_at_path(self, path: str) -> Repository | None:
        """Return the repository that a canonical path belongs to; None for an owner's page or any other path."""
        compared = path.lower() if self.letter_case == "ignored" else path
        for kind, before, after in self.templates:
            if compared.startswith(before):
                name = "/".join(path[len(before) :].split("/", self.parts)[: self.parts])
                bare = name[: len(name) - len(after)]
                if name.lower().endswith(after) and self.allows_name(bare):
                    return Repository(self.id, kind, bare)
        return None


@dataclass(frozen=True, slots=True)
class Repository:
    hub: str
    kind: Kind
    name: str


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
        host, path = split_url(url)
        if self.letter_case == "ignored":
            path = path.lower()
        return host in self.hosts and (path in self.exact or path.startswith(self.prefix))


def split_url(url: str) -> tuple[str, str]:
    """Return a URL's host and path in canonical form, without query and fragment; two empty strings if it is no URL."""
    host, slash, path = canonical_url(url).partition("://")[2].partition("/")
    return host, f"{slash}{path}".partition("?")[0]


def resolve_repository(ref: Ref, hubs: Mapping[str, Hub], hub: str = DEFAULT_HUB) -> Repository:
    """Return the repository of a subject: ``ORG/NAME`` at a hub, or an address at any hub.

    Args:
        ref: The subject.
        hubs: The hubs by id.
        hub: The hub of a name that has no host.

    Raises:
        SealError: The name is not possible there, so no pattern can be made of it.
    """
    name = ref.name.removeprefix("hf://").removeprefix(f"{ref.kind}s/").partition("@")[0]
    if ("://" in ref.name and not ref.name.startswith("hf://")) or _hub_of_host(ref.name, hubs) is not None:
        found = repository_from_url(ref.name, hubs)
        if found is not None and found.kind == ref.kind:
            return found
    elif hub not in hubs:
        raise SealError(f"{printable(hub)}: is not a hub of hubs.toml; there are {', '.join(hubs)}")
    elif ref.kind in hubs[hub].paths and hubs[hub].allows_name(name):
        return Repository(hub, ref.kind, name)
    raise SealError(
        f"{ref.kind} {printable(ref.name)}: is not a valid repository name at {hubs[hub].title}, so it has no address; "
        "write OWNER/NAME, or the address at another hub"
    )


def build_locators(found: Repository, hubs: Mapping[str, Hub]) -> Locators:
    """Return every address of a repository. Raises SealError if a pattern would cover more than it."""
    hub = hubs[found.hub]
    paths = hub.repository_paths(found)
    made = Locators(hub.hosts, paths, tuple(f"{path}/" for path in paths), hub.letter_case)
    check_locators(made, found, hubs)
    return made


def check_locators(made: Locators, found: Repository, hubs: Mapping[str, Hub]) -> None:
    """Refuse a pattern that covers anything but this repository: an owner's page, a sibling, a host.

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
    """Return whether the pattern ends where the repository ends."""
    return pattern.removesuffix("/") in folders


def repository_from_url(url: str, hubs: Mapping[str, Hub]) -> Repository | None:
    """Return the repository that an address belongs to; None for an owner's page, a host, or an unknown hub."""
    host, path = split_url(url)
    hub = _hub_of_host(host, hubs)
    return hub.repository_at_path(path) if hub else None


def _hub_of_host(url: str, hubs: Mapping[str, Hub]) -> Hub | None:
    """Return the hub whose host a text begins with, with or without a scheme."""
    host = url.partition("://")[2] or url
    name = host.partition("/")[0].lower()
    return next((hub for hub in hubs.values() if name in hub.hosts), None)


def _describe_owner(owner: Repository | None) -> str:
    """Return in words what a locator's address belongs to instead of the repository."""
    return f"is in the {owner.kind} {printable(owner.name)}" if owner else "is a host, or an owner's page"


def compile_hubs(vocabularies: Vocabularies) -> Mapping[str, Hub]:
    """Return the hubs of the vocabularies by id."""
    return {hub.id: _compile_hub(hub) for hub in vocabularies.hubs.values()}


@cache
def shipped_hubs() -> Mapping[str, Hub]:
    """Return the hubs of the shipped vocabulary by id."""
    return compile_hubs(load_vocabularies())


def _compile_hub(hub: HubAddresses) -> Hub:
    """Compile a hub's address templates and the pattern of its names."""
    split = [(kind, *template.partition("{name}")) for kind, group in hub.paths.items() for template in group]
    ends = [(kind, before, after) for kind, before, _, after in split]
    return Hub(
        hub.id,
        hub.title,
        hub.hosts,
        hub.letter_case,
        re.compile(hub.name),
        hub.parts,
        hub.forbidden,
        frozenset(hub.reserved),
        hub.paths,
        tuple(sorted(ends, key=lambda end: (-end[1].count("/"), -len(end[1] + end[2])))),
        hub.references,
    )
