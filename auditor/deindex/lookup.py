"""Look up addresses, names and weights files in the list in use, hundreds of thousands at a time.

An answer is "listed" or "not listed"; "not listed" says nothing else about it.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from auditor.deindex.hubs import DEFAULT_HUB, Hub, shipped_hubs, web_address
from auditor.deindex.list_header import DeindexListHeader, parse_header
from auditor.deindex.lookup_tables import EXACT, PREFIX
from auditor.deindex.party_cards import Party
from auditor.deindex.receive_list import active_list_path
from auditor.errors import SealError, Unreadable, UsageError
from auditor.hashing.weight_digests import weight_file_digests
from auditor.known.urls import split_canonical_url

URLS_PER_QUERY = 4096
_MMAP_BYTES = 1 << 40  # more than any file: map all of it
# An address that is canonical but for its query: no escapes, no empty parts, none that begins with a dot, and a host
# that is neither a number nor begins with www.
_PLAIN_URL = re.compile(
    r"https?://(?!www\.)([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z0-9-]*[a-z])"
    r"((?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*/?)(?:[?#]|\Z)"
)

Outcome = Literal["listed", "part of listed", "not listed", "unreadable"]


@dataclass(frozen=True, slots=True)
class LookupResult:
    """One answer. ``lines`` are the matching lines of the list."""

    asked: str
    outcome: Outcome
    lines: tuple[bytes, ...] = ()

    @property
    def entries(self) -> tuple[dict[str, Any], ...]:
        """The matching entries, as published."""
        return tuple(json.loads(line) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Lookup:
    """The list in use, opened. ``now`` decides which of its entries still count."""

    header: DeindexListHeader
    now: str
    _tables: sqlite3.Connection = field(repr=False)
    _hosts: dict[str, frozenset[int]] = field(repr=False)
    _depths: frozenset[int] = field(repr=False)
    _hubs: Mapping[str, Hub] = field(repr=False)

    def lookup_urls(self, urls: Iterable[str]) -> Iterator[LookupResult]:
        """Yield an answer for each address, in order; memory does not grow with their number."""
        source = iter(urls)
        while batch := list(islice(source, URLS_PER_QUERY)):
            yield from self._lookup_batch([(url, (url,)) for url in batch])

    def lookup_texts(self, texts: Iterable[str]) -> Iterator[LookupResult]:
        """Yield an answer for each address or name; a text that could be either is looked up as both."""
        source = iter(texts)
        while batch := list(islice(source, URLS_PER_QUERY)):
            yield from self._lookup_batch([(text, _possible_urls(text, self._hubs)) for text in batch])

    def lookup_file(self, path: Path) -> LookupResult:
        """Look up a weights file by its SHA-256, and by that of its tensors if it is safetensors.

        A listed repository may hold several files, some of which it may share with others; such a file alone is
        "part of listed".

        Raises:
            UsageError: The file cannot be read.
        """
        from auditor.syntax.safetensors_header import read_header

        try:
            with path.open("rb") as file:
                try:
                    data = read_header(file, path.stat().st_size).data
                except Unreadable:
                    data = 0
                digests = {digest.algorithm: digest.value for digest in weight_file_digests(file, data)}
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
        wanted = [f"sha256:{digests['sha256']}"]
        if tensors := digests.get("sha256-tensors"):
            wanted += [f"sha256_tensors:{tensors}", f"autov3:{tensors[:12]}"]
        marks = ",".join("?" * len(wanted))
        rows = self._tables.execute(
            "SELECT line FROM entry WHERE expires_at > ? AND number IN "
            f"(SELECT entry FROM artefact WHERE digest IN ({marks})) ORDER BY number",
            (self.now, *wanted),
        )
        lines = tuple(line for (line,) in rows)
        if not lines:
            return LookupResult(str(path), "not listed")
        alone = any(len(json.loads(line)["artefacts"]["sha256"]) < 2 for line in lines)
        return LookupResult(str(path), "listed" if alone else "part of listed", lines)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield every entry that counts now."""
        for (text,) in self._tables.execute("SELECT line FROM entry WHERE expires_at > ? ORDER BY number", (self.now,)):
            yield json.loads(text)

    def earliest_expiry(self) -> str:
        """Return when the list, or the first of its entries, expires: all of it holds until then."""
        (first,) = self._tables.execute(
            "SELECT min(expires_at) FROM entry WHERE expires_at > ?", (self.now,)
        ).fetchone()
        return min(first or self.header.expires_at, self.header.expires_at)

    def _lookup_batch(self, asked: Sequence[tuple[str, Sequence[str]]]) -> Iterator[LookupResult]:
        """Look up a batch of questions, each given as text and the addresses that it may mean."""
        wanted: defaultdict[str, list[tuple[int, str, str, int]]] = defaultdict(list)
        outcomes: list[Outcome] = []
        for row, (_, urls) in enumerate(asked):
            outcome: Outcome = "unreadable"
            for url in urls:
                host, path = _canonical_address(url, self._hubs)
                if not host:
                    continue
                outcome = "not listed"
                if host in self._hosts:
                    # The path itself, and each folder above it that has the depth of a pattern.
                    depth, parts = path.count("/"), path.split("/")
                    for above in self._depths:
                        if above < depth:
                            written = "/".join(parts[: above + 1])
                            wanted[written.lower()].append((row, host, written, PREFIX))
                        elif above == depth:
                            wanted[path.lower()].append((row, host, path, EXACT))
            outcomes.append(outcome)
        found: dict[int, dict[int, bytes]] = {}
        if wanted:
            rows = self._tables.execute(
                "SELECT pattern.path, kind, written, hosts, number, line FROM json_each(?) CROSS JOIN pattern "
                "ON pattern.path = json_each.value CROSS JOIN entry ON number = entry WHERE expires_at > ?",
                (json.dumps(list(wanted)), self.now),
            )
            for key, kind, cased, hosts, number, line in rows:
                for row, host, written, asked_kind in wanted[key]:
                    if kind == asked_kind and cased in ("", written) and hosts in self._hosts[host]:
                        found.setdefault(row, {})[number] = line
        for row, (text, _) in enumerate(asked):
            yield (
                LookupResult(text, "listed", tuple(found[row].values()))
                if row in found
                else LookupResult(text, outcomes[row])
            )


def open_lookup(home: Path, sender: Party, now: str, hubs: Mapping[str, Hub] | None = None) -> Lookup:
    """Open the list in use from a sender for look-ups.

    Args:
        home: The folder of received lists.
        sender: Who makes the list.
        now: The time of the lookup, ISO 8601.
        hubs: Where repositories that are asked for by name have their addresses (default: the shipped hubs).

    Raises:
        SealError: There is no such list, or it has expired or is damaged.
    """
    path = active_list_path(home, sender, now)
    try:
        tables = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        tables.execute(f"PRAGMA mmap_size = {_MMAP_BYTES}")
        content = json.loads(tables.execute("SELECT about FROM list").fetchone()[0])
        hosts: dict[str, set[int]] = {}
        for number, names in tables.execute("SELECT number, names FROM hosts"):
            for name in json.loads(names):
                hosts.setdefault(name, set()).add(number)
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise SealError(f"{path}: the compiled list is damaged ({error}); verify a whole list again") from error
    shown = {name: frozenset(numbers) for name, numbers in hosts.items()}
    return Lookup(
        parse_header(content["list"]),
        now,
        tables,
        shown,
        frozenset(content["depths"]),
        hubs or shipped_hubs(),
    )


def _canonical_address(url: str, hubs: Mapping[str, Hub]) -> tuple[str, str]:
    """Return host and path of an address to look up in canonical form; plain ones, which most are, without parsing."""
    if plain := _PLAIN_URL.match(url):
        return plain[1], plain[2] or "/"
    return split_canonical_url(web_address(url, hubs))


def _possible_urls(text: str, hubs: Mapping[str, Hub]) -> tuple[str, ...]:
    """Return the addresses that a text to look up may mean; a name may be that of a model and that of a dataset."""
    text, hub = web_address(text.strip(), hubs), hubs[DEFAULT_HUB]
    if "://" in text and not text.startswith("hf://"):
        return (text,)
    name = text.removeprefix("hf://").removeprefix("models/")
    kind: Literal["model", "dataset"] = "dataset" if name.startswith("datasets/") else "model"
    name = name.removeprefix("datasets/").partition("@")[0]
    either = kind == "model" and not text.startswith(("hf://", "models/"))
    kinds: tuple[Literal["model", "dataset"], ...] = ("model", "dataset") if either else (kind,)
    paths = [hub.paths[each][0].replace("{name}", name) for each in kinds if hub.allows_name(name)]
    urls = tuple(f"https://{hub.hosts[0]}{path}" for path in paths)
    return (*urls, text) if "." in text.partition("/")[0] else urls
