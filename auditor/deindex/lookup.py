"""Is an address, a name or a weights file on the list in use? Addresses by the hundred thousand.

Listed or not listed: that something is not listed says nothing more of it.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from auditor.deindex.build_list import Header
from auditor.deindex.locators import DEFAULT, Hub, address, shipped_hubs
from auditor.deindex.parties import Party
from auditor.deindex.receive_list import EXACT, PREFIX, active, header_of
from auditor.errors import SealError, Unreadable, UsageError
from auditor.hashing.weight_digests import weight_file_digests

BATCH = 4096
_MAPPED = 1 << 40  # bytes: all of the file, whatever its size
# An address that is in canonical form already but for its query: no escapes, no empty parts, none with a dot in front.
_PLAIN = re.compile(r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)+)((?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*/?)(?:[?#]|\Z)")

Outcome = Literal["listed", "part of listed", "not listed", "unreadable"]


@dataclass(frozen=True, slots=True)
class Answer:
    """``lines`` are those of the list that say so."""

    asked: str
    outcome: Outcome
    lines: tuple[bytes, ...] = ()

    @property
    def entries(self) -> tuple[dict[str, Any], ...]:
        """What the list says, as published."""
        return tuple(json.loads(line) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Lookup:
    """The list in use, open. ``now`` decides which of its entries still count."""

    header: Header
    now: str
    _tables: sqlite3.Connection = field(repr=False)
    _hosts: dict[str, frozenset[int]] = field(repr=False)
    _depths: frozenset[int] = field(repr=False)
    _hub: Hub = field(repr=False)

    def urls(self, urls: Iterable[str]) -> Iterator[Answer]:
        """An answer for each address, in order; memory does not grow with their number."""
        source = iter(urls)
        while batch := list(islice(source, BATCH)):
            yield from self._batch([(url, (url,)) for url in batch])

    def texts(self, texts: Iterable[str]) -> Iterator[Answer]:
        """The same for addresses and names mixed; what could be either is looked up as both."""
        source = iter(texts)
        while batch := list(islice(source, BATCH)):
            yield from self._batch([(text, _addresses(text, self._hub)) for text in batch])

    def file(self, path: Path) -> Answer:
        """By the SHA-256 of a weights file, and of its tensors where it is safetensors. Raises UsageError.

        A listed repository may hold several files, one of which it may have from elsewhere, and others too: such a
        file alone is "part of listed".
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
            return Answer(str(path), "not listed")
        alone = any(len(json.loads(line)["artefacts"]["sha256"]) < 2 for line in lines)
        return Answer(str(path), "listed" if alone else "part of listed", lines)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Every entry that counts now."""
        for (text,) in self._tables.execute("SELECT line FROM entry WHERE expires_at > ? ORDER BY number", (self.now,)):
            yield json.loads(text)

    def _batch(self, asked: Sequence[tuple[str, Sequence[str]]]) -> Iterator[Answer]:
        wanted: dict[str, list[tuple[int, str, str, int]]] = {}
        outcomes: list[Outcome] = []
        for row, (_, urls) in enumerate(asked):
            outcome: Outcome = "unreadable"
            for url in urls:
                host, path = _address(url)
                if not host:
                    continue
                outcome = "not listed"
                if host in self._hosts:
                    for written, kind in _stretches(path, self._depths):
                        wanted.setdefault(written.lower(), []).append((row, host, written, kind))
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
            yield Answer(text, "listed", tuple(found[row].values())) if row in found else Answer(text, outcomes[row])


def open_lookup(home: Path, sender: Party, now: str, hubs: Mapping[str, Hub] | None = None) -> Lookup:
    """Open the list in use from a sender.

    Args:
        home: The folder of received lists.
        sender: Who makes the list.
        now: The time of the lookup, ISO 8601.
        hubs: Where repositories that are asked for by name have their addresses (default: the shipped hubs).

    Raises:
        SealError: There is no such list, or it has expired or is damaged.
    """
    path = active(home, sender, now)
    try:
        tables = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        tables.execute(f"PRAGMA mmap_size = {_MAPPED}")
        content = json.loads(tables.execute("SELECT about FROM list").fetchone()[0])
        hosts: dict[str, set[int]] = {}
        for number, names in tables.execute("SELECT number, names FROM hosts"):
            for name in json.loads(names):
                hosts.setdefault(name, set()).add(number)
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise SealError(f"{path}: the compiled list is damaged ({error}); verify a whole list again") from error
    shown = {name: frozenset(numbers) for name, numbers in hosts.items()}
    return Lookup(
        header_of(content["list"]), now, tables, shown, frozenset(content["depths"]), (hubs or shipped_hubs())[DEFAULT]
    )


def _address(url: str) -> tuple[str, str]:
    """Host and path in canonical form; the plain ones, which most are, without parsing."""
    plain = _PLAIN.match(url)
    return (plain[1], plain[2] or "/") if plain and plain[1][-1].isalpha() else address(url)


def _stretches(path: str, depths: frozenset[int]) -> Iterator[tuple[str, int]]:
    """The path, and each folder it lies in, of the depths that patterns have, without a slash at the end."""
    parts = path.split("/")
    for depth in depths:
        if depth + 1 < len(parts):
            yield "/".join(parts[: depth + 1]), PREFIX
        elif depth + 1 == len(parts):
            yield path, EXACT


def _addresses(text: str, hub: Hub) -> tuple[str, ...]:
    """What a text may mean: an address, or a repository's name at the usual hub, as a model's and as a dataset's."""
    text = text.strip()
    if "://" in text and not text.startswith("hf://"):
        return (text,)
    name = text.removeprefix("hf://").removeprefix("models/")
    kind: Literal["model", "dataset"] = "dataset" if name.startswith("datasets/") else "model"
    name = name.removeprefix("datasets/").partition("@")[0]
    either = kind == "model" and not text.startswith(("hf://", "models/"))
    kinds: tuple[Literal["model", "dataset"], ...] = ("model", "dataset") if either else (kind,)
    paths = [hub.paths[each][0].replace("{name}", name) for each in kinds if hub.allows(name)]
    urls = tuple(f"https://{hub.hosts[0]}{path}" for path in paths)
    return (*urls, text) if "." in text.partition("/")[0] else urls
