"""Read Project VIC / CAID hash sets: VICS JSON 1.2, 1.3 and 2.0, media alone or within cases, of any size."""

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

HELP = "VICS JSON 1.2 to 2.0 (Project VIC, CAID, Griffeye); its categories differ by country, so say --means"

_CONTEXT = re.compile(rb'"@?odata\.(?:context|metadata)"\s*:\s*"[^"]*#(?:Media|Cases)')
_FIELDS = ("MD5", "SHA1", "SHA256", "PhotoDNA", "PDQ")


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file is a Project VIC / CAID hash set."""
    if _CONTEXT.search(head):
        return 90
    return 70 if b'"MediaID"' in head and b'"MD5"' in head else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of a Project VIC / CAID hash set."""
    with open_list_file(path) as file:
        yield ListHeader("vics")
        collector = EntryCollector()
        number = 0
        found = False
        for key, record in iter_json_records(file, ("value", "Media", "")):
            if key == "" and isinstance(record, dict) and not any(field in record for field in (*_FIELDS, "MediaID")):
                found = found or "odata" in " ".join(record) or "value" in record
                continue
            if not isinstance(record, dict):
                number += 1
                yield MalformedEntry(number, "the record is no JSON object")
                continue
            if "CaseID" in record or "Media" in record:
                continue  # a case: its media came before it
            number += 1
            attributes = {
                "ids": json_value_to_text(record.get("MediaID")),
                "classification": json_value_to_text(record.get("Category")),
                "series": json_value_to_text(record.get("Series")),
            }
            for field in _FIELDS:
                yield from collector.add(field, record.get(field), number, **attributes)
            others = record.get("AlternativeHashes")
            for other in others if isinstance(others, list) else ():
                if isinstance(other, dict):
                    yield from collector.add(
                        str(other.get("HashName", "")), other.get("HashValue"), number, **attributes
                    )
        if not number and not found:
            raise ListError(f"{path}: holds no VICS media")
        yield from collector.finish()


EXAMPLES = (
    ListExample(
        "vics-2.0.json",
        b'\xef\xbb\xbf{"@odata.context": "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/UK/$metadata#Cases",'
        b'"value": [{"CaseID": "c", "Media": [{"MediaID": 1, "Category": 0, "MD5": "9E107D9D372BB6826BD81D3542A419D6",'
        b'"SHA1": null, "IsPrecategorized": "true", "AlternativeHashes": [{"HashName": "PhotoDNA", "HashValue": "'
        + b"AAAA" * 48
        + b'"}, {"HashName": "F1", "HashValue": "x"}]}]}]}',
        ListHeader("vics"),
        (
            ("md5", "9e107d9d372bb6826bd81d3542a419d6", "1", "0", False),
            ("photodna", "00" * 144, "1", "0", False),
        ),
        unknown=(("F1", 1),),
    ),
    ListExample(
        "vics-1.3.json",
        b'{"odata.metadata": "http://github.com/ICMEC/ProjectVic/DataModels/1.3.xml#Media",\r\n"value": ['
        b'{"MediaID": 7, "Category": 2, "MD5": "9e107d9d372bb6826bd81d3542a419d6", "Series": "hills"}, '
        b'{"MediaID": 8, "Category": 1, "MD5": "short"}]}',
        ListHeader("vics"),
        (("md5", "9e107d9d372bb6826bd81d3542a419d6", "7", "2", False),),
        malformed=(2,),
    ),
    ListExample(
        "vics-empty.json",
        b'{"odata.metadata": "http://github.com/ICMEC/ProjectVic/DataModels/1.3.xml#Cases", "value": [{"Media": []}]}',
        ListHeader("vics"),
    ),
)
