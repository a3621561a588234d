"""python-threatexchange's local file: a signal type and a hash a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from auditor.known import HEAD_BYTES, ListExample
from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry
from auditor.known.entry_columns import EntryCollector
from auditor.known.list_file import open_list_file
from auditor.known.text_lines import comment_fields, header_from_comments, read_lines
from auditor.syntax.text_encoding import decode_prefix, detect_wide_encoding, open_as_utf8

HELP = "'<signal type> <hash>' a line, as python-threatexchange's file exchange reads"

_LINE = re.compile(
    r"(pdq|pdq_ocr|video_md5|photo_md5|vpdq|tmk|photodna|md5|sha1|sha256|url|raw_text|trend_query|text_tlsh)[ \t]+\S"
)


def claims(head: bytes, name: str) -> int:
    if b"\0" in head and not detect_wide_encoding(head):
        return 0
    lines = [line.strip() for line in decode_prefix(head).lstrip("\ufeff").splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if len(head) >= HEAD_BYTES and len(lines) > 1:
        lines.pop()
    return 60 if lines and all(_LINE.match(line) for line in lines[:50]) else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    with open_list_file(path) as file:
        head = file.read(HEAD_BYTES)
        yield header_from_comments("threatexchange", comment_fields(decode_prefix(head)))
        file.seek(0)
        collector = EntryCollector()
        for numbers, cells in read_lines(path, open_as_utf8(file, head)):
            for number, line in zip(numbers.tolist(), cells.to_pylist(), strict=True):
                kind, _, value = line.strip().partition(" " if " " in line.strip() else "\t")
                if not kind or kind.startswith("#"):
                    continue
                if not value.strip():
                    yield MalformedEntry(number, "the line is not '<signal type> <hash>'")
                    continue
                yield from collector.add(kind, value.strip(), number)
        yield from collector.finish()


EXAMPLES = (
    ListExample(
        "local.txt",
        b"pdq "
        + b"f0" * 32
        + b"\nvideo_md5 9e107d9d372bb6826bd81d3542a419d6\nurl https://bad.example/a\ntrend_query {}\n",
        ListHeader("threatexchange"),
        (
            ("pdq", "f0" * 32, "", "", False),
            ("md5", "9e107d9d372bb6826bd81d3542a419d6", "", "", False),
            ("url", "https://bad.example/a", "", "", False),
        ),
        unknown=(("trend_query", 1),),
    ),
)
