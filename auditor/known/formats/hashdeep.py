"""Read hashdeep files: ``%%%% HASHDEEP-1.0``, the columns' names, and a line of hashes for each file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from auditor.errors import ListError
from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry
from auditor.known.entry_columns import EntryCollector
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import ListExample
from auditor.known.text_lines import read_lines, text_head
from auditor.syntax.text_encoding import open_as_utf8

HELP = "what hashdeep writes"

_MARK = "%%%%"


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file is a hashdeep file."""
    return 90 if head.removeprefix(b"\xef\xbb\xbf").startswith(b"%%%% HASHDEEP-") else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of a hashdeep file."""
    with open_list_file(path) as file:
        yield ListHeader("hashdeep")
        collector = EntryCollector()
        names: list[str] = []
        for numbers, lines in read_lines(path, open_as_utf8(file, text_head(path, file).data)):
            for number, line in zip(numbers.tolist(), lines.to_pylist(), strict=True):
                if line.startswith(_MARK):
                    names = [] if "HASHDEEP-" in line else line.removeprefix(_MARK).strip().split(",")
                    continue
                if not line.strip() or line.startswith("#"):
                    continue
                if not names:
                    raise ListError(
                        f"{path}:{number}: no line '{_MARK} size,md5,…,filename' names the columns before it"
                    )
                # The file's name comes last and may hold commas.
                cells = line.split(",", len(names) - 1)
                if len(cells) != len(names):
                    yield MalformedEntry(number, f"the row has {len(cells)} cells, the header {len(names)}")
                    continue
                for name, cell in zip(names, cells, strict=True):
                    if name not in ("size", "filename"):
                        yield from collector.add(name, cell.strip(), number)
        yield from collector.finish()


EXAMPLES = (
    ListExample(
        "hills.hashdeep",
        b"%%%% HASHDEEP-1.0\n%%%% size,md5,sha256,tiger,filename\n## Invoked from: /hills\n## $ hashdeep *\n##\n"
        b"43,9e107d9d372bb6826bd81d3542a419d6,"
        b"d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592,6d12,/hills/a, b.png\n"
        b"43,9e107d9d\n",
        ListHeader("hashdeep"),
        (
            ("md5", "9e107d9d372bb6826bd81d3542a419d6", "", "", False),
            ("sha256", "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592", "", "", False),
        ),
        unknown=(("tiger", 1),),
        malformed=(7,),
    ),
    ListExample(
        "headless.hashdeep",
        b"%%%% HASHDEEP-1.0\n43,9e107d9d372bb6826bd81d3542a419d6,a.png\n",
        refused=":2: no line '%%%% size,md5,…,filename' names the columns before it",
    ),
)
