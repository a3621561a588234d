"""Read MISP events, attribute searches and warning lists."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

from auditor.errors import ListError
from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry
from auditor.known.entry_columns import EntryCollector
from auditor.known.json_fields import is_true, json_value_to_text
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import ListExample
from auditor.syntax.json_stream import iter_json_records

HELP = "MISP event or attribute JSON (say --means), or a warning list (means benign)"

_HASHES = {"md5": "md5", "sha1": "sha1", "sha256": "sha256", "sha512": "sha512"}
_LINKS = {"url": "url", "uri": "url", "domain": "domain", "hostname": "domain"}
_UNMATCHED = {
    "ssdeep",
    "tlsh",
    "imphash",
    "sha224",
    "sha384",
    "authentihash",
    "vhash",
    "pehash",
    "telfhash",
    "impfuzzy",
}


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file is a MISP event, attribute search or warning list."""
    if re.search(rb'"Attribute"\s*:', head) or (b'"to_ids"' in head and b'"category"' in head):
        return 80
    return 75 if b'"matching_attributes"' in head and b'"list"' in head else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of a MISP event, attribute search or warning list."""
    with open_list_file(path) as file:
        warning = b'"matching_attributes"' in file.read(1 << 16)
        file.seek(0)
        if warning:
            yield from _warning_list(path, file.read(1 << 28))
            return
        yield ListHeader("misp")
        collector = EntryCollector()
        number = 0
        event = False
        for key, record in iter_json_records(file, ("", "Attribute", "response", "Object", "ShadowAttribute")):
            if key == "ShadowAttribute":
                continue  # a proposal that was not accepted
            if not isinstance(record, dict):
                number += 1
                yield MalformedEntry(number, "the attribute is no JSON object")
                continue
            event = event or bool({"Event", "Attribute", "response", "info"} & set(record))
            if not ("type" in record and "value" in record):
                continue
            number += 1
            attributes = {
                "ids": json_value_to_text(record.get("uuid")) or json_value_to_text(record.get("id")),
                "classification": json_value_to_text(record.get("category")),
                "withdrawn": is_true(record.get("deleted")),
            }
            for algorithm, value in _signals(str(record["type"]), record["value"]):
                yield from collector.add(algorithm, value, number, **attributes)
        if not number and not event:
            raise ListError(f"{path}: holds no MISP attributes")
        yield from collector.finish()


def _signals(kind: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield (signal type, value) of a MISP attribute. ``filename|md5`` and the like hold two; the hash is second."""
    first, _, second = kind.partition("|")
    if kind == "malware-sample":
        first, second = "filename", "md5"
    if second:
        value = str(value).rpartition("|")[2]
    name = second or first
    if (
        found := _HASHES.get(name)
        or (_LINKS.get(first) if not second else None)
        or (name if name in _UNMATCHED else "")
    ):
        yield found, value


def _warning_list(path: Path, data: bytes) -> Iterator[ListItem]:
    """Yield the header and the entries of a MISP warning list."""
    collector = EntryCollector()
    rest: dict[str, object] = {}
    values: list[object] = []
    for key, record in iter_json_records(io.BytesIO(data), ("list",)):
        if key == "list":
            values.append(record)
        elif isinstance(record, dict):
            rest = record
    attributes = rest.get("matching_attributes")
    kinds = {str(kind) for kind in attributes} if isinstance(attributes, list) else set()
    yield ListHeader(
        "misp",
        name=json_value_to_text(rest.get("name")) or "",
        version=json_value_to_text(rest.get("version")) or "",
        means="benign",
    )
    hashes = sorted(kinds & set(_HASHES))
    if not hashes and not kinds & set(_LINKS):
        raise ListError(
            f"{path}: a warning list of {', '.join(sorted(kinds))[:100]}: nothing that samples are matched by"
        )
    digits = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
    for number, value in enumerate(values, 1):
        algorithm = digits.get(len(str(value)), hashes[0]) if hashes else "domain"
        yield from collector.add(algorithm, str(value).lstrip(".") if not hashes else value, number)
    yield from collector.finish()


EXAMPLES = (
    ListExample(
        "event.json",
        b'{"Event": {"info": "hills", "Attribute": ['
        b'{"uuid": "u1", "type": "md5", "category": "Other", "to_ids": true,'
        b'"value": "9e107d9d372bb6826bd81d3542a419d6"},'
        b'{"uuid": "u2", "type": "comment", "category": "Other", "value": "a hill"}],'
        b'"Object": [{"name": "file", "Attribute": [{"uuid": "u3", "type": "filename|sha1", "deleted": true,'
        b'"value": "a|2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"}, {"uuid": "u4", "type": "tlsh", "value": "T1"}]}]}}',
        ListHeader("misp"),
        (
            ("md5", "9e107d9d372bb6826bd81d3542a419d6", "u1", "Other", False),
            ("sha1", "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12", "u3", "", True),
        ),
        unknown=(("tlsh", 1),),
    ),
    ListExample(
        "warning.json",
        b'{"name": "Hills", "type": "string", "version": 3, "matching_attributes": ["md5", "sha1"],'
        b'"list": ["9e107d9d372bb6826bd81d3542a419d6"]}',
        ListHeader("misp", "Hills", "3", means="benign"),
        (("md5", "9e107d9d372bb6826bd81d3542a419d6", "", "", False),),
    ),
)
