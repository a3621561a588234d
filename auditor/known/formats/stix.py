"""Read STIX 2.0 and 2.1 bundles: hashes of file objects, and of indicators' patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from auditor.errors import ListError
from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry
from auditor.known.entry_columns import EntryCollector, signal_type_of
from auditor.known.json_fields import is_true, json_value_to_text
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import ListExample
from auditor.syntax.json_stream import iter_json_records

HELP = "STIX 2.0 or 2.1 JSON; say --means"

_HASH = re.compile(r"\b(?:file|artifact):hashes\.(?:'([^']+)'|\"([^\"]+)\"|([\w-]+))\s*=\s*'([^']*)'")
_LINK = re.compile(r"\b(url|domain-name):value\s*=\s*'([^']*)'")


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file is a STIX bundle."""
    if re.search(rb'"type"\s*:\s*"bundle"', head):
        return 85
    return 70 if b'"spec_version"' in head and b'"pattern' in head else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of a STIX bundle."""
    with open_list_file(path) as file:
        yield ListHeader("stix")
        collector = EntryCollector()
        number = 0
        bundle = False
        for _, record in iter_json_records(file, ("", "objects")):
            if isinstance(record, dict) and record.get("type") == "bundle":
                bundle = True
                continue
            number += 1
            if not isinstance(record, dict):
                yield MalformedEntry(number, "the object is no JSON object")
                continue
            attributes = {
                "ids": json_value_to_text(record.get("id")),
                "contributor": json_value_to_text(record.get("created_by_ref")),
                "withdrawn": is_true(record.get("revoked")),
            }
            for name, value in _signals(record):
                yield from collector.add(_algorithm_name(name), value, number, **attributes)
        if not number and not bundle:
            raise ListError(f"{path}: holds no STIX objects")
        yield from collector.finish()


def _signals(record: dict[str, object]) -> Iterator[tuple[str, object]]:
    """Yield (algorithm as written, value) of one STIX object and, in STIX 2.0, of those it observed."""
    observed = record.get("objects")
    for each in (record, *(observed.values() if isinstance(observed, dict) else ())):
        hashes = each.get("hashes") if isinstance(each, dict) else None
        yield from hashes.items() if isinstance(hashes, dict) else ()
    pattern = record.get("pattern")
    if isinstance(pattern, str) and record.get("pattern_type", "stix") == "stix":
        for *names, value in _HASH.findall(pattern):
            yield next(name for name in names if name), value
        # A URL or host that counts only together with something else is not listed by itself.
        if not re.search(r"\b(?:AND|FOLLOWEDBY)\b", pattern):
            for kind, value in _LINK.findall(pattern):
                yield ("url" if kind == "url" else "domain"), value.replace("\\'", "'").replace("\\\\", "\\")


def _algorithm_name(name: str) -> str:
    """Return the algorithm of a STIX hash without the ``x_`` of custom ones (``x_pdq``), if that is known."""
    plain = re.sub(r"^x[_-]", "", name, flags=re.I)
    return plain if signal_type_of(plain) else name


EXAMPLES = (
    ListExample(
        "bundle.json",
        b'{"type": "bundle", "id": "bundle--1", "objects": ['
        b'{"type": "indicator", "id": "indicator--1", "pattern_type": "stix", "pattern":'
        b"\"[file:hashes.'MD5' = '9e107d9d372bb6826bd81d3542a419d6' OR file:hashes.x_pdq = '" + b"f0" * 32 + b"']\"},"
        b'{"type": "file", "id": "file--1", "hashes": '
        b'{"sha1": "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12", "SSDEEP": "3:a"}},'
        b'{"type": "indicator", "id": "indicator--2", "revoked": true, '
        b'"pattern": "[domain-name:value = \'bad.example\']"}]}',
        ListHeader("stix"),
        (
            ("md5", "9e107d9d372bb6826bd81d3542a419d6", "indicator--1", "", False),
            ("pdq", "f0" * 32, "indicator--1", "", False),
            ("sha1", "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12", "file--1", "", False),
            ("domain", "bad.example", "indicator--2", "", True),
        ),
        unknown=(("SSDEEP", 1),),
    ),
)
