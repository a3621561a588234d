"""Parse the addresses of repositories on a model hub: ``hf://models/ORG/NAME@REV`` and the like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, unquote

from auditor.errors import UsageError
from auditor.suggestions import did_you_mean

SCHEME = "hf://"
# What a query may ask the hub's list of models or datasets for.
QUERY_KEYS = ("author", "search", "filter", "base_model", "limit")

RepositoryKind = Literal["model", "dataset"]

_KINDS: dict[str, RepositoryKind] = {"models": "model", "datasets": "dataset"}
# huggingface_hub: utils/_validators.py, REPO_ID_REGEX and the rules beside it.
_NAME = re.compile(r"(?!.*(?:--|\.\.))\w(?:[\w.-]{0,94}\w)?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_OTHER_KINDS = ("spaces", "buckets", "kernels")
_FORMS = (
    "write hf://models/ORG/NAME[@REVISION] or hf://datasets/ORG/NAME[@REVISION], hf://models/ORG for all models of an "
    "organisation, or hf://models?search=WORDS&limit=N"
)


@dataclass(frozen=True, slots=True)
class HubAddress:
    """A repository of a hub, or a question that its list of repositories answers.

    Attributes:
        kind: Whether models or datasets are meant.
        name: ``ORG/NAME``; "" for a question.
        revision: A branch, tag or commit; "" for the default branch.
        author: The organisation or user whose repositories are meant.
        search: Words that the names of repositories must hold.
        filters: Tags that they must have.
        limit: The most repositories that are read; 0: all.
    """

    kind: RepositoryKind
    name: str = ""
    revision: str = ""
    author: str = ""
    search: str = ""
    filters: tuple[str, ...] = ()
    limit: int = 0


def is_hub_address(target: str) -> bool:
    """Return whether a target is an address on a hub, well-formed or not."""
    return target.lower().startswith(SCHEME)


def is_repository_name(name: str) -> bool:
    """Return whether a repository on a hub can have this name: ``ORG/NAME``, or ``NAME`` alone as the first ones."""
    parts = name.split("/")
    return len(parts) <= 2 and all(map(_NAME.fullmatch, parts))


def is_commit(text: str) -> bool:
    """Return whether a text is the id of a commit, by SHA-1 or SHA-256."""
    return _COMMIT.fullmatch(text) is not None


def parse_hub_address(target: str) -> HubAddress:
    """Parse the address of a repository on a hub. Raises UsageError, which says what to write."""
    path, _, query = target[len(SCHEME) :].partition("?")
    if "::" in target or "#" in target or target != target.strip():
        raise UsageError(f"{target}: addresses are not chained, cached or cut; {_FORMS}")
    path, at, revision = path.partition("@")
    parts = path.rstrip("/").split("/")
    first, rest = parts[0], parts[1:]
    if first in _OTHER_KINDS:
        raise UsageError(f"{target}: {first} are not audited; {_FORMS}")
    if first not in _KINDS:
        if len(parts) != 2:
            raise UsageError(f"{target}: names no repository; {_FORMS}")
        first, rest = "models", parts
    kind = _KINDS[first]
    if not all(_NAME.fullmatch(part) for part in rest):
        raise UsageError(f"{target}: no organisation or repository can have this name; {_FORMS}")
    if query or (not rest and "?" in target):
        if rest or at:
            raise UsageError(f"{target}: a query follows hf://{first} at once; {_FORMS}")
        return _parse_query(target, kind, query)
    if not rest:
        raise UsageError(f"{target}: names all {first} of the hub; narrow it, for example hf://{first}?limit=1000")
    if len(rest) > 2:
        raise UsageError(f"{target}: names a file; a repository is read as a whole: hf://{first}/{rest[0]}/{rest[1]}")
    if at and (len(rest) < 2 or not revision):
        raise UsageError(f"{target}: a revision follows the name of a repository; {_FORMS}")
    if len(rest) == 1:
        return HubAddress(kind, author=rest[0])
    return HubAddress(kind, "/".join(rest), unquote(revision))


def _parse_query(target: str, kind: RepositoryKind, query: str) -> HubAddress:
    """Parse the query of a hub's address. Raises UsageError."""
    found: dict[str, list[str]] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in QUERY_KEYS:
            keys = ", ".join(QUERY_KEYS)
            raise UsageError(f"{target}: no query has the key {key!r}{did_you_mean(key, QUERY_KEYS)}; keys are {keys}")
        if not value:
            raise UsageError(f"{target}: {key} has no value; write {key}=VALUE")
        if key in found and key not in ("filter", "base_model"):
            raise UsageError(f"{target}: {key} is given twice; write it once")
        found.setdefault(key, []).append(value)
    if not found:
        raise UsageError(f"{target}: the query asks for nothing; write for example ?search=WORDS or ?limit=1000")
    limit = found.get("limit", ["0"])[0]
    if "limit" in found and not (limit.isascii() and limit.isdigit() and int(limit)):
        raise UsageError(f"{target}: limit is a number of repositories from 1; write for example limit=1000")
    filters = (*found.get("filter", ()), *(f"base_model:{name}" for name in found.get("base_model", ())))
    return HubAddress(
        kind,
        author=found.get("author", [""])[0],
        search=found.get("search", [""])[0],
        filters=filters,
        limit=int(limit),
    )
