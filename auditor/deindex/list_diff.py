"""Write the entries of the list in use as JSON lines, and compare two such files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from auditor.deindex.list_header import LIST_SCHEMA
from auditor.deindex.list_lines import MAX_LINE_BYTES, parse_json_line, to_json_line
from auditor.deindex.lookup import Lookup
from auditor.errors import SealError, UsageError

# They differ from list to list though the entry says the same.
_UNCOMPARED = ("version", "log")


@dataclass(frozen=True, slots=True)
class EntryChange:
    """How an entry of one dump differs from that of another. ``fields`` are the keys with another value."""

    change: str  # added, removed, changed
    entry: Mapping[str, Any]
    fields: tuple[str, ...] = ()


def dump_entries(lookup: Lookup) -> Iterator[bytes]:
    """Yield the lines of a dump: the header of the list in use, then each entry that counts now."""
    yield to_json_line(asdict(lookup.header)) + b"\n"
    for entry in lookup:
        yield to_json_line(entry) + b"\n"


def compare_dumps(old: Path, new: Path) -> Iterator[EntryChange]:
    """Yield what was added, changed and removed from one dump to the other.

    Raises:
        UsageError: A file cannot be read.
        SealError: A file is no dump.
    """
    try:
        with old.open("rb") as before, new.open("rb") as after:
            places = {entry["entry"]: at for at, entry in _read_dump(old, before)}
            for _, entry in _read_dump(new, after):
                at = places.pop(entry["entry"], None)
                if at is None:
                    yield EntryChange("added", entry)
                    continue
                before.seek(at)
                former = parse_json_line(before.readline())
                keys = sorted({*former, *entry} - {*_UNCOMPARED})
                if fields := tuple(key for key in keys if former.get(key) != entry.get(key)):
                    yield EntryChange("changed", entry, fields)
            for at in places.values():
                before.seek(at)
                yield EntryChange("removed", parse_json_line(before.readline()))
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be read: {error.strerror}") from error


def _read_dump(path: Path, file: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the entries of a dump, each with its place in the file."""
    try:
        if parse_json_line(file.readline(MAX_LINE_BYTES)).get("schema") != LIST_SCHEMA:
            raise SealError(f"does not begin with the header of a {LIST_SCHEMA}")
        at = file.tell()
        while line := file.readline(MAX_LINE_BYTES):
            entry = parse_json_line(line)
            if not {"entry", "subject", "action"} <= entry.keys():
                raise SealError("holds a line that is not an entry")
            yield at, entry
            at = file.tell()
    except SealError as error:
        raise SealError(f"{path}: {error}; compare files that `auditor deindex dump` wrote") from error
