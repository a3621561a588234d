"""Export the list in use for a search service: addresses, a CSV table, or hash prefixes of addresses.

An export is not sealed, so each format states until when it may be used.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from auditor.deindex.lookup import Lookup
from auditor.deindex.temporary_file import temporary_file_beside
from auditor.printable import csv_cell, printable
from auditor.review.review_types import Verdict

# Formats without a column for the action hold entries of this one, unless others are asked for.
DEFAULT_ACTIONS: tuple[Verdict, ...] = ("de-index",)
# 64 bits: among 2^32 other addresses and 10 million prefixes, about 0.002 match by chance (2^32 * 10^7 / 2^64).
HASH_PREFIX_BYTES = 8
EXPORT_COLUMNS = (
    "entry",
    "kind",
    "hub",
    "name",
    "revision",
    "address",
    "action",
    "status",
    "countries",
    "legal_ground",
    "strength",
    "look_again_at",
    "expires_at",
)


def export_list(lookup: Lookup, form: str, actions: Collection[str], out: Path) -> tuple[int, int]:
    """Write the entries of the list in use to a file of mode 0600, complete or not at all.

    Args:
        lookup: The list in use.
        form: A key of :data:`EXPORT_FORMATS`.
        actions: The actions whose entries are exported; none means all in CSV, else :data:`DEFAULT_ACTIONS`.
        out: The file.

    Returns:
        How many entries were exported, and how many were left out because of their action.

    Raises:
        UsageError: The file cannot be written.
    """
    wanted = frozenset(actions or (() if form == "csv" else DEFAULT_ACTIONS))
    counts = {True: 0, False: 0}

    def chosen() -> Iterator[Mapping[str, Any]]:
        """Yield the entries to export, and count all."""
        for entry in lookup:
            included = not wanted or entry["action"] in wanted
            counts[included] += 1
            if included:
                yield entry

    with temporary_file_beside(out) as file:
        text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
        EXPORT_FORMATS[form](chosen(), lookup, sorted(wanted), text)
        os.fsync(file.fileno())
        text.detach()
        os.replace(file.name, out)
    return counts[True], counts[False]


def locator_texts(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield the canonical locators of an entry, ``host/path``; those that cover all below them end with a slash."""
    made = entry["locators"]
    for path in (*made["exact"], *made["prefix"]):
        for host in made["hosts"]:
            yield f"{host}{path}"


def _write_addresses(
    entries: Iterator[Mapping[str, Any]], lookup: Lookup, actions: Collection[str], out: IO[str]
) -> None:
    """Write one address a line. All that is below an address belongs to it."""
    _write_header(lookup, actions, out)
    for entry in entries:
        made = entry["locators"]
        for path in dict.fromkeys((*made["exact"], *(path.removesuffix("/") for path in made["prefix"]))):
            for host in made["hosts"]:
                out.write(f"https://{printable(host + path, 2000)}\n")


def _write_table(entries: Iterator[Mapping[str, Any]], lookup: Lookup, actions: Collection[str], out: IO[str]) -> None:
    """Write a CSV table with a row for each entry; ``expires_at`` is never after the list expires."""
    table = csv.writer(out, lineterminator="\n")
    table.writerow(EXPORT_COLUMNS)
    for entry in entries:
        subject, made = entry["subject"], entry["locators"]
        row = (
            entry["entry"],
            subject["kind"],
            subject["platform"],
            subject["name"],
            subject["revision"],
            f"https://{made['hosts'][0]}{made['exact'][0]}",
            entry["action"],
            entry["status"],
            " ".join(entry["countries"]),
            entry["legal_ground"],
            entry["strength"],
            entry["review_by"],
            min(entry["expires_at"], lookup.header.expires_at),
        )
        table.writerow(map(csv_cell, row))


def _write_hash_prefixes(
    entries: Iterator[Mapping[str, Any]], lookup: Lookup, actions: Collection[str], out: IO[str]
) -> None:
    """Write the sorted hash prefixes of the locators, in hex, one a line."""
    import numpy as np

    _write_header(lookup, actions, out)
    prefixes = bytearray()
    for entry in entries:
        for locator in locator_texts(entry):
            prefixes += hashlib.sha256(locator.encode()).digest()[:HASH_PREFIX_BYTES]
    for prefix in np.unique(np.frombuffer(prefixes, ">u8")):
        out.write(f"{prefix:016x}\n")


def _write_header(lookup: Lookup, actions: Collection[str], out: IO[str]) -> None:
    """Write the comment that says whose list it is, which actions it holds and until when it may be used."""
    header = lookup.header
    out.write(
        f"# sender: {printable(header.sender.name)}\n# recipient: {printable(header.recipient.name)}\n"
        f"# version: {header.version}\n# issued_at: {header.issued_at}\n# expires_at: {lookup.earliest_expiry()}\n"
        f"# actions: {' '.join(actions)}\n"
    )


EXPORT_FORMATS: Mapping[str, Callable[[Iterator[Mapping[str, Any]], Lookup, Collection[str], IO[str]], None]] = {
    "plain": _write_addresses,
    "csv": _write_table,
    "hash-prefix": _write_hash_prefixes,
}
