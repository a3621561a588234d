"""From a subject to every address under which its hub and that hub's mirrors serve it, and back.

A pattern ends where the repository does: ``exact`` is one path, ``prefix`` ends with a slash, so that even a plain
comparison of strings covers neither ``NAME-v2`` nor the owner's page. Queries and fragments don't count.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from auditor.errors import RuleError, SealError
from auditor.known.urls import canonical
from auditor.model import Kind, Ref
from auditor.printable import printable
from auditor.resources import resource_folder

LetterCase = Literal["ignored", "kept"]
LONGEST = 250  # characters of a name
DEFAULT = "huggingface"  # the hub of a name that has no host
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")


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

    def allows(self, name: str) -> bool:
        """Can a repository be called this? Never what a path would have to escape."""
        return (
            len(name) <= LONGEST
            and name.count("/") == self.parts - 1
            and _PLAIN.fullmatch(name) is not None
            and self.name.fullmatch(name) is not None
            and not any(part in name for part in self.forbidden)
            and not name.lower().endswith(".git")
            and name.partition("/")[0].lower() not in self.reserved
        )

    def folders(self, found: Repository) -> tuple[str, ...]:
        """The paths below which a repository lies."""
        name = found.name.lower() if self.letter_case == "ignored" else found.name
        return tuple(path.replace("{name}", name) for path in self.paths[found.kind])

    def at(self, path: str) -> Repository | None:
        """The repository that a canonical path belongs to; None for an owner's page and what is no repository's."""
        compared = path.lower() if self.letter_case == "ignored" else path
        for kind, before, after in self.templates:
            if compared.startswith(before):
                name = "/".join(path[len(before) :].split("/", self.parts)[: self.parts])
                bare = name[: len(name) - len(after)]
                if name.lower().endswith(after) and self.allows(bare):
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
        """Is this an address of the repository? The plain reference for :mod:`auditor.deindex.lookup`."""
        host, path = address(url)
        if self.letter_case == "ignored":
            path = path.lower()
        return host in self.hosts and (path in self.exact or path.startswith(self.prefix))


def address(url: str) -> tuple[str, str]:
    """A URL's host and path in canonical form, without query and fragment; two empty texts for what is no URL."""
    host, slash, path = canonical(url).partition("://")[2].partition("/")
    return host, f"{slash}{path}".partition("?")[0]


def repository(ref: Ref, hub: str = DEFAULT) -> Repository:
    """The repository that a subject is: ``ORG/NAME`` at ``hub``, or an address at any hub of the table.

    Raises SealError for a name that is none there, so that no pattern can be made of it.
    """
    table = hubs()
    name = ref.name.removeprefix("hf://").removeprefix(f"{ref.kind}s/").partition("@")[0]
    if ("://" in ref.name and not ref.name.startswith("hf://")) or _host(ref.name) is not None:
        found = repository_at(ref.name)
        if found is not None and found.kind == ref.kind:
            return found
    elif hub not in table:
        raise SealError(f"{printable(hub)}: is no hub of hubs.toml; there are {', '.join(table)}")
    elif ref.kind in table[hub].paths and table[hub].allows(name):
        return Repository(hub, ref.kind, name)
    raise SealError(
        f"{ref.kind} {printable(ref.name)}: is no repository's name at {table[hub].title}, so it has no address; "
        "write OWNER/NAME, or the address at another hub"
    )


def locators(found: Repository) -> Locators:
    """Every address of a repository. Raises SealError where a pattern would cover more than it."""
    hub = hubs()[found.hub]
    paths = hub.folders(found)
    made = Locators(hub.hosts, paths, tuple(f"{path}/" for path in paths), hub.letter_case)
    check(made, found)
    return made


def check(made: Locators, found: Repository) -> None:
    """Raises SealError for a pattern that covers anything but this repository: an owner's page, a sibling, a host."""
    hub = hubs()[found.hub]
    folders = hub.folders(found)
    if strange := set(made.hosts) - set(hub.hosts):
        raise SealError(f"{printable(min(strange))}: is no host of {hub.title}; a list holds no address there")
    ours: Repository | None = None  # as an address says it: in lower case where that doesn't count
    for path in (*folders, *(pattern for pattern in (*made.exact, *made.prefix) if not _ends(pattern, folders))):
        owner = hub.at(path)
        if owner is not None and owner != ours and hub.folders(owner) == folders:
            ours = owner
        if owner is None or owner != ours or path not in folders:
            raise SealError(f"{printable(made.hosts[0] + path)}: {_covered(owner)}, not the {found.kind} {found.name}")
    if any(path.endswith("/") for path in made.exact) or not all(path.endswith("/") for path in made.prefix):
        raise SealError(f"{found.kind} {found.name}: a prefix ends with '/', and an exact path doesn't")


def _ends(pattern: str, folders: tuple[str, ...]) -> bool:
    """Does the pattern end where the repository does?"""
    return pattern.removesuffix("/") in folders


def repository_at(url: str) -> Repository | None:
    """The repository that an address belongs to; None for an owner's page, a host, or what no hub of the table has."""
    host, path = address(url)
    hub = _host(host)
    return hub.at(path) if hub else None


def _host(url: str) -> Hub | None:
    """The hub whose host a text begins with, with or without a scheme."""
    host = url.partition("://")[2] or url
    name = host.partition("/")[0].lower()
    return next((hub for hub in hubs().values() if name in hub.hosts), None)


def _covered(owner: Repository | None) -> str:
    return f"is in the {owner.kind} {printable(owner.name)}" if owner else "is a host, or an owner's page"


@cache
def hubs() -> Mapping[str, Hub]:
    """The hubs of ``rules/vocabulary/hubs.toml`` by id. Raises RuleError."""
    path = resource_folder("rules") / "vocabulary" / "hubs.toml"
    try:
        return {id_: _hub(id_, table) for id_, table in tomllib.loads(path.read_text("utf-8")).items()}
    except (OSError, ValueError, KeyError, TypeError, re.error) as error:
        raise RuleError(f"{path}: {error}") from error


def _hub(id_: str, table: dict[str, object]) -> Hub:
    known = {"title", "hosts", "letter_case", "name", "parts", "forbidden", "reserved", "paths", "references"}
    if set(table) != known:
        raise ValueError(f"[{id_}] takes {', '.join(sorted(known))}; {min(set(table) ^ known)!r} is missing or unknown")
    texts = {key: _texts(id_, key, table[key]) for key in ("hosts", "forbidden", "reserved", "references")}
    paths = table["paths"]
    if table["letter_case"] not in get_args(LetterCase) or not isinstance(paths, dict) or not texts["hosts"]:
        raise ValueError(f"[{id_}] needs hosts, paths, and a letter_case that is ignored or kept")
    templates: dict[Kind, tuple[str, ...]] = {kind: _texts(id_, kind, paths[kind]) for kind in paths}
    split = [(kind, *template.partition("{name}")) for kind, group in templates.items() for template in group]
    for _, before, name, after in split:
        if not name or not before.startswith("/") or not before.endswith("/") or "/" in after:
            raise ValueError(
                f"[{id_}] {before}{name}{after}: a path reads /…/{{name}}, and nothing follows it but a suffix"
            )
    ends = [(kind, before, after) for kind, before, _, after in split]
    return Hub(
        id_,
        str(table["title"]),
        texts["hosts"],
        table["letter_case"],  # type: ignore[arg-type]
        re.compile(str(table["name"])),
        int(str(table["parts"])),
        texts["forbidden"],
        frozenset(texts["reserved"]),
        templates,
        tuple(sorted(ends, key=lambda end: (-end[1].count("/"), -len(end[1] + end[2])))),
        texts["references"],
    )


def _texts(id_: str, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"[{id_}] {key} is a list of texts")
    return tuple(value)
