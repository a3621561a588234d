"""Read Tech Against Terrorism's hash list: exact and perceptual hashes of terrorist content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from auditor.errors import ListError
from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry
from auditor.known.entry_columns import EntryCollector
from auditor.known.json_fields import is_true, json_value_to_text
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import ListExample
from auditor.syntax.json_stream import iter_json_records

HELP = "Tech Against Terrorism JSON (means terrorism)"


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file is Tech Against Terrorism's hash list."""
    return 80 if b'"hash_digest"' in head and b'"algorithm"' in head else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of Tech Against Terrorism's hash list."""
    with open_list_file(path) as file:
        yield ListHeader("tech_against_terrorism", holder="Tech Against Terrorism", means="terrorism", feed=True)
        collector = EntryCollector()
        number = 0
        page = False
        for key, record in iter_json_records(file, ("results", "")):
            if key == "" and isinstance(record, dict) and "hash_digest" not in record:
                page = page or bool({"results", "next", "count"} & set(record))
                continue
            number += 1
            if not isinstance(record, dict):
                yield MalformedEntry(number, "the record is no JSON object")
                continue
            attributes = {
                "ids": json_value_to_text(record.get("id")),
                "classification": json_value_to_text(record.get("file_type")),
                "withdrawn": is_true(record.get("deleted")),
            }
            yield from collector.add(str(record.get("algorithm", "")), record.get("hash_digest"), number, **attributes)
        if not number and not page:
            raise ListError(f"{path}: holds no hash records")
        yield from collector.finish()


EXAMPLES = (
    ListExample(
        "page.json",
        b'{"count": 2, "next": null, "results": [{"hash_digest": "9E107D9D372BB6826BD81D3542A419D6", '
        b'"algorithm": "MD5",'
        b'"file_type": "image/png", "deleted": false, "updated_on": "2024-01-01", "id": 5},'
        b'{"hash_digest": "' + b"f0" * 32 + b'", "algorithm": "PDQ", "deleted": true, "id": 6}]}',
        ListHeader("tech_against_terrorism", holder="Tech Against Terrorism", means="terrorism", feed=True),
        (
            ("md5", "9e107d9d372bb6826bd81d3542a419d6", "5", "image/png", False),
            ("pdq", "f0" * 32, "6", "", True),
        ),
    ),
)
