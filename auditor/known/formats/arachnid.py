"""Read Arachnid Shield responses: media and PDQ hashes with the Canadian Centre's classification."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from auditor.errors import ListError
from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry
from auditor.known.entry_columns import EntryCollector
from auditor.known.json_fields import json_value_to_text
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import ListExample
from auditor.syntax.json_stream import iter_json_records

HELP = "Arachnid Shield JSON responses (csam, and harmful-abusive-material as exploitative)"

_HEADER = ListHeader(
    "arachnid",
    holder="Canadian Centre for Child Protection",
    means="csam",
    classes={"csam": "csam", "harmful-abusive-material": "exploitative"},
)
_MARK = re.compile(rb'"(?:sha1_base32|scanned_hashes|near_match_details)"')


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file is an Arachnid Shield response."""
    return 80 if _MARK.search(head) and b'"classification"' in head else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of Arachnid Shield responses."""
    with open_list_file(path) as file:
        yield _HEADER
        collector = EntryCollector()
        number = 0
        for _, record in iter_json_records(file, ("", "results", "near_match_details")):
            if not isinstance(record, dict):
                number += 1
                yield MalformedEntry(number, "the record is no JSON object")
                continue
            scanned = record.get("scanned_hashes")
            for pdq, result in scanned.items() if isinstance(scanned, dict) else ():
                number += 1
                if isinstance(result, dict) and result.get("match_type") == "exact":
                    yield from _listed(collector, {**result, "pdq": pdq}, number)
            if "scanned_hashes" not in record:
                number += 1
                # A near match's classification is that of the picture it is near to, given on its own.
                if record.get("match_type") != "near":
                    yield from _listed(collector, record, number)
        if not number:
            raise ListError(f"{path}: holds no Arachnid Shield results")
        yield from collector.finish()


def _listed(collector: EntryCollector, record: dict[str, object], number: int) -> Iterator[ListItem]:
    """Add the hashes of one Arachnid Shield record, if it has a classification that is listed."""
    classification = json_value_to_text(record.get("classification"))
    if classification not in _HEADER.classes:
        return
    for algorithm, field in (("sha1", "sha1_base32"), ("sha256", "sha256_hex"), ("pdq", "pdq")):
        yield from collector.add(algorithm, record.get(field), number, classification=classification)


EXAMPLES = (
    ListExample(
        "media.json",
        b'[{"sha1_base32": "F7KOCZ6TUZ7TWUAQIFL3Q4TNTKEUWOQS", "sha256_hex": "' + b"ab" * 32 + b'",'
        b'"classification": "csam", "match_type": "exact", "size_bytes": 9, "near_match_details": []},'
        b'{"sha256_hex": "' + b"cd" * 32 + b'", "classification": "no-known-match", "match_type": null}]',
        _HEADER,
        (
            ("sha1", "2fd4e167d3a67f3b50104157b8726d9a894b3a12", "", "csam", False),
            ("sha256", "ab" * 32, "", "csam", False),
        ),
    ),
    ListExample(
        "pdq.json",
        b'{"scanned_hashes": {"8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PA=": '
        b'{"classification": "harmful-abusive-material", "match_type": "exact"}}}',
        _HEADER,
        (("pdq", "f0" * 32, "", "harmful-abusive-material", False),),
    ),
)
