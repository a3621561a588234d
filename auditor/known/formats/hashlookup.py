"""Read hashlookup records (CIRCL) of known files as a benign list, although a known file is not always harmless."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from auditor.errors import ListError
from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry
from auditor.known.entry_columns import EntryCollector
from auditor.known.json_fields import json_value_to_text
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import ListExample
from auditor.syntax.json_stream import iter_json_records

HELP = "hashlookup JSON records: known files (means benign)"

_FIELDS = ("MD5", "SHA-1", "SHA-256", "SHA-512")


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file holds hashlookup records."""
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in {b"{", b"["} or not (
        b'"SHA-1"' in head or b'"hashlookup:' in head
    ):
        return 0
    return 75 if b'"FileName"' in head or b'"hashlookup:' in head else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of hashlookup records."""
    with open_list_file(path) as file:
        yield ListHeader("hashlookup", holder="hashlookup", means="benign")
        collector = EntryCollector()
        number = 0
        for _, record in iter_json_records(file, ("",)):
            number += 1
            if not isinstance(record, dict):
                yield MalformedEntry(number, "the record is no JSON object")
                continue
            trust = json_value_to_text(record.get("hashlookup:trust"))
            attributes = {
                "classification": f"trust {trust}" if trust else None,
                "feedback": "disputed: known malicious" if record.get("KnownMalicious") else None,
            }
            for field in _FIELDS:
                yield from collector.add(field, record.get(field), number, **attributes)
        if not collector.pending and number < 2:
            raise ListError(f"{path}: holds no hashlookup records")
        yield from collector.finish()


EXAMPLES = (
    ListExample(
        "records.json",
        b'[{"FileName": "ls", "MD5": "9E107D9D372BB6826BD81D3542A419D6", "hashlookup:trust": 60,'
        b'"SHA-1": "2FD4E1C67A2D28FCED849EE1BB76E7391B93EB12"}]',
        ListHeader("hashlookup", holder="hashlookup", means="benign"),
        (
            ("md5", "9e107d9d372bb6826bd81d3542a419d6", "", "trust 60", False),
            ("sha1", "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12", "", "trust 60", False),
        ),
    ),
)
