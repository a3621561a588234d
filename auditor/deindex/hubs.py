"""Hubs and their mirrors: under which paths they serve repositories, and which names they allow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from auditor.model import Kind
from auditor.policy.vocabularies import Vocabularies, load_vocabularies
from auditor.policy.vocabulary_tables import HubAddresses, LetterCase

MAX_NAME_LENGTH = 250  # characters of a name
DEFAULT_HUB = "huggingface"  # the hub of a name that has no host
# git@host:owner/name.git and ssh://git@host/owner/name: how git names a repository of a host.
_GIT_ADDRESS = re.compile(r"(?:ssh://)?git@([A-Za-z0-9.-]+)[:/](.+)")
_UNUSUAL_ADDRESS = re.compile(r"git@|(?i:www\.)|[^/]:[^/]*$")
# A tag at the end of an address, as tools that run models write it: owner/name:Q4_K_M.
_TAG = re.compile(r"(/[A-Za-z0-9._-]+):[A-Za-z0-9._-]+$")
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
        name = self.address_name(found)
        return tuple([path.replace("{name}", name) for path in self.paths[found.kind]])

    def address_name(self, found: Repository) -> str:
        """Return the name of a repository as its addresses have it."""
        return found.name.lower() if self.letter_case == "ignored" else found.name

    def repository_at_path(self, path: str, allowed: str | None = None) -> Repository | None:
        """Return the repository that a canonical path belongs to; None for an owner's page or any other path.

        ``allowed`` is a name that is known to be allowed.
        """
        compared = path.lower() if self.letter_case == "ignored" else path
        for kind, before, after in self.templates:
            if compared.startswith(before):
                name = "/".join(path[len(before) :].split("/", self.parts)[: self.parts])
                bare = name[: len(name) - len(after)]
                if name.lower().endswith(after) and (bare == allowed or self.allows_name(bare)):
                    return Repository(self.id, kind, bare)
        return None


@dataclass(frozen=True, slots=True)
class Repository:
    hub: str
    kind: Kind
    name: str


def web_address(text: str, hubs: Mapping[str, Hub]) -> str:
    """Return an address at a known hub as its pages have it: git's forms, ``www.`` and tags undone; others as is."""
    if not _UNUSUAL_ADDRESS.search(text):
        return text
    found = _GIT_ADDRESS.fullmatch(text)
    address = f"https://{found[1]}/{found[2]}" if found else text
    scheme, mark, rest = address.rpartition("://")
    bare = rest[4:] if rest[:4].lower() == "www." and hub_of_host(rest, hubs) is None else rest
    if hub_of_host(bare, hubs) is None:
        return text
    return scheme + mark + _TAG.sub(r"\1", bare)


def hub_of_host(url: str, hubs: Mapping[str, Hub]) -> Hub | None:
    """Return the hub whose host a text begins with, with or without a scheme."""
    host = url.partition("://")[2] or url
    name = host.partition("/")[0].lower()
    return next((hub for hub in hubs.values() if name in hub.hosts), None)


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
