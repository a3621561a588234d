"""Read INTERPOL ICSE exports: semicolon CSV with ragged rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry
from auditor.known.entry_columns import EntryCollector
from auditor.known.json_fields import json_value_to_text
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import HEAD_BYTES, ListExample
from auditor.known.text_lines import read_lines
from auditor.syntax.text_encoding import decode_prefix, open_as_utf8

HELP = "INTERPOL ICSE semicolon CSV; say --means, as its laws of origin differ"

_HASHES = ("MD5", "SHA1", "PhotoDNA")


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file is an INTERPOL ICSE export, by the names of its columns."""
    first = decode_prefix(head).lstrip("\ufeff \r\n").split("\n", 1)[0]
    cells = [cell.strip().strip('"').lower() for cell in first.split(";")]
    return (
        85
        if "image id" in cells and "md5" in cells and {"baseline", "series name", "victim identified"} & set(cells)
        else 0
    )


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of an INTERPOL ICSE export."""
    with open_list_file(path) as file:
        head = file.read(HEAD_BYTES)
        file.seek(0)
        yield ListHeader("icse", holder="INTERPOL")
        collector = EntryCollector()
        names: list[str] = []
        for numbers, lines in read_lines(path, open_as_utf8(file, head)):
            for number, line in zip(numbers.tolist(), lines.to_pylist(), strict=True):
                if not line.strip():
                    continue
                try:
                    cells = next(csv.reader(io.StringIO(line), delimiter=";"))
                except csv.Error:
                    yield MalformedEntry(number, "the line is no CSV")
                    continue
                if not names:
                    names = [cell.strip().lower() for cell in cells]
                    continue
                # Rows may have fewer or more cells than there are columns; the cells that exist are read.
                row = dict(zip(names, (cell.strip() for cell in cells), strict=False))
                attributes = {
                    "ids": json_value_to_text(row.get("image id")),
                    "classification": f"baseline {row['baseline'].lower()}" if row.get("baseline") else None,
                    "series": json_value_to_text(row.get("series name")),
                }
                if not any(row.get(name.lower()) for name in _HASHES):
                    yield MalformedEntry(number, "the row has no hash")
                for name in _HASHES:
                    yield from collector.add(name, row.get(name.lower()), number, **attributes)
        yield from collector.finish()


EXAMPLES = (
    ListExample(
        "export.csv",
        b"MD5;SHA1;PhotoDNA;Image ID;Is distributed;Victim identified;Offender identified;Series name;"
        b"Number of submissions;File Available;Media Type;Baseline\n"
        b"9E107D9D372BB6826BD81D3542A419D6;2FD4E1C67A2D28FCED849EE1BB76E7391B93EB12;;11;Yes;No;No;Hills;2;Yes;Image;Yes;;\n"
        b"9E107D9D372BB6826BD81D3542A419D7;;;12\n;;;13\n",
        ListHeader("icse", holder="INTERPOL"),
        (
            ("md5", "9e107d9d372bb6826bd81d3542a419d6", "11", "baseline yes", False),
            ("md5", "9e107d9d372bb6826bd81d3542a419d7", "12", "", False),
            ("sha1", "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12", "11", "baseline yes", False),
        ),
        malformed=(4,),
    ),
)
