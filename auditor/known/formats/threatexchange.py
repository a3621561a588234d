"""Read local files of python-threatexchange: one signal type and hash per line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry
from auditor.known.entry_columns import EntryCollector
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import ListExample
from auditor.known.text_lines import comment_fields, first_lines, header_from_comments, read_lines, text_head
from auditor.syntax.text_encoding import open_as_utf8

HELP = "one '<signal type> <hash>' per line, as python-threatexchange's file exchange reads; vPDQ in JSON"

_LINE = re.compile(
    r"(pdq|pdq_ocr|video_md5|photo_md5|vpdq|tmk|photodna|md5|sha1|sha256|url|raw_text|trend_query|text_tlsh)[ \t]+\S"
)


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file is one that python-threatexchange wrote."""
    lines = first_lines(head)
    return 60 if lines and all(_LINE.match(line) for line in lines) else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of a file that python-threatexchange wrote."""
    with open_list_file(path) as file:
        head = text_head(path, file)
        yield header_from_comments("threatexchange", comment_fields(head.text))
        collector = EntryCollector()
        for numbers, cells in read_lines(path, open_as_utf8(file, head.data)):
            for number, line in zip(numbers.tolist(), cells.to_pylist(), strict=True):
                kind, _, value = line.strip().partition(" " if " " in line.strip() else "\t")
                if not kind or kind.startswith("#"):
                    continue
                if not value.strip():
                    yield MalformedEntry(number, "the line is not '<signal type> <hash>'")
                    continue
                yield from collector.add(kind, value.strip(), number)
        yield from collector.finish()


_FRAMES = ("f0" * 32, "0f" * 32)
EXAMPLES = (
    ListExample(
        "local.txt",
        b"pdq "
        + b"f0" * 32
        + f"""\nvpdq ["{_FRAMES[0]},100,0.0", "{_FRAMES[1]},90,1.0", "{"00" * 32},0,2.0"]""".encode()
        + b"\nvideo_md5 9e107d9d372bb6826bd81d3542a419d6\nurl https://bad.example/a\ntrend_query {}\n",
        ListHeader("threatexchange"),
        (
            ("pdq", "f0" * 32, "", "", False),
            ("vpdq", sha256(bytes.fromhex("".join(_FRAMES))).hexdigest(), "", "", False),
            ("md5", "9e107d9d372bb6826bd81d3542a419d6", "", "", False),
            ("url", "https://bad.example/a", "", "", False),
        ),
        unknown=(("trend_query", 1),),
    ),
)
