"""Read StopNCII hash pages: PDQ of pictures and MD5 of videos that people want to keep from being shared."""

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

HELP = "StopNCII JSON pages (means ncii)"


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file holds StopNCII hash pages."""
    return 80 if b'"hashRecords"' in head or (b'"hashValue"' in head and b'"signalType"' in head) else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of StopNCII hash pages."""
    with open_list_file(path) as file:
        yield ListHeader("stopncii", holder="StopNCII", means="ncii", feed=True)
        collector = EntryCollector()
        number = 0
        page = False
        for key, record in iter_json_records(file, ("hashRecords", "")):
            if key == "" and isinstance(record, dict) and "hashValue" not in record:
                page = page or bool({"hashRecords", "hasMoreRecords", "nextPageToken"} & set(record))
                continue
            number += 1
            if not isinstance(record, dict):
                yield MalformedEntry(number, "the record is no JSON object")
                continue
            gone = str(record.get("hashStatus", "")).lower() in {"withdrawn", "deleted"}
            attributes = {"ids": json_value_to_text(record.get("id")), "withdrawn": gone}
            yield from collector.add(str(record.get("signalType", "")), record.get("hashValue"), number, **attributes)
        if not number and not page:
            raise ListError(f"{path}: holds no StopNCII hash records")
        yield from collector.finish()


EXAMPLES = (
    ListExample(
        "page.json",
        b'{"count": 3, "hasMoreRecords": false, "hashRecords": ['
        b'{"lastModtimestamp": 1, "hashValue": "'
        + b"f0"
        * 32
        + b'", "hashStatus": "Active", "signalType": "ImagePDQ"},'
        b'{"lastModtimestamp": 2, "hashValue": "9e107d9d372bb6826bd81d3542a419d6", "hashStatus": "Withdrawn",'
        b' "signalType": "VideoMD5"}, {"hashValue": "x", "signalType": "VideoTMK"}]}',
        ListHeader("stopncii", holder="StopNCII", means="ncii", feed=True),
        (
            ("pdq", "f0" * 32, "", "", False),
            ("md5", "9e107d9d372bb6826bd81d3542a419d6", "", "", True),
        ),
        unknown=(("VideoTMK", 1),),
    ),
    ListExample("other.json", b'{"hashValue": 1, "signalType": [', refused="not valid JSON"),
)
