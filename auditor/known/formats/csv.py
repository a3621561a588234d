"""Read CSV and TSV exports of hash lists, with columns found by their usual names or as the user declares them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import ListError
from auditor.hashing.digest_parsing import algorithm_from_cells
from auditor.known.column_roles import column_roles, roles_without_header
from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry, UnknownAlgorithm
from auditor.known.entry_columns import entries_of_column, signal_type_of
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import ListExample
from auditor.known.text_lines import comment_fields, header_from_comments, text_head
from auditor.samples import DIGEST_BYTES, TEXT_SIGNALS
from auditor.syntax.csv_stream import CsvBlock, parse_csv_header
from auditor.syntax.csv_stream import iter_csv_blocks as blocks_of
from auditor.syntax.text_encoding import decode_prefix, detect_wide_encoding, open_as_utf8

HELP = "CSV or TSV with a header; --column sha256=NAME says which column is what"

_WITHDRAWN_WORDS = ("withdrawn", "deleted", "removed", "revoked", "retracted", "inactive", "true", "yes", "y", "1", "t")


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file is a hash list in CSV or TSV."""
    if b"\0" in head and not detect_wide_encoding(head):
        return 0
    text = decode_prefix(head)
    if text.lstrip("\ufeff \t\r\n")[:1] in {"{", "[", "<"}:
        return 0
    header = parse_csv_header(text, "#")
    if not any(mark in text for mark in ",\t;|") and not column_roles(header, ListOptions()):
        return 0
    roles = column_roles(header, ListOptions())
    if set(roles) & {*DIGEST_BYTES, *TEXT_SIGNALS} or {"algorithm", "value"} <= set(roles) or "value" in roles:
        return 50
    tabular = len(header.cells) > 1 and name.lower().endswith((".csv", ".tsv", ".tab"))
    return 30 if tabular or (len(header.cells) > 1 and roles_without_header(header)) else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of a hash list in CSV or TSV."""
    with open_list_file(path) as file:
        head = text_head(path, file)
        header = parse_csv_header(head.text, "#")
        comments = comment_fields(head.text)
        roles = column_roles(header, options)
        headed = bool(set(roles) & {*DIGEST_BYTES, *TEXT_SIGNALS, "value"})
        if not headed:
            roles = roles_without_header(header)
        chosen = signal_type_of(options.algorithm or comments.get("algorithm", ""))
        if "value" in roles and "algorithm" in roles:
            roles = {role: index for role, index in roles.items() if role not in {*DIGEST_BYTES, *TEXT_SIGNALS}}
        if not set(roles) & {*DIGEST_BYTES, *TEXT_SIGNALS, "value"}:
            raise ListError(
                f"{path}: no column is recognised as hashes, URLs or domains "
                f"({', '.join(header.cells[:12])[:200]}); say which with --column, as in --column md5=NAME"
            )
        yield header_from_comments("csv", comments)
        names = list(roles)
        for block in blocks_of(open_as_utf8(file, head.data), header, [roles[name] for name in names], headed):
            first = header.skip + int(headed)  # a row's line, where no cell holds a line break
            for row, cells in block.ragged:
                yield MalformedEntry(row + first, f"the row has {cells} cells, the header {len(header.cells)}")
            if len(block.numbers):
                yield from _entries_of_block(path, block, names, first, chosen)


def _entries_of_block(path: Path, block: CsvBlock, names: list[str], first: int, chosen: str) -> Iterator[ListItem]:
    """Yield the entries in a block of CSV rows, each hash column by itself."""
    cells = dict(zip(names, block.cells.columns, strict=True))
    lines = block.numbers + first
    attributes: dict[str, pa.Array | None] = {}
    for role, column in (
        ("ids", "id"),
        *((name, name) for name in ("classification", "series", "contributor", "feedback")),
    ):
        if column in cells:
            text = pc.utf8_trim_whitespace(cells[column].cast(pa.string()))
            attributes[role] = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    if "withdrawn" in cells:
        words = pc.ascii_lower(pc.utf8_trim_whitespace(cells["withdrawn"].cast(pa.string())))
        attributes["withdrawn"] = pc.is_in(words, pa.array(_WITHDRAWN_WORDS))
    if "quality" in cells:
        text = pc.utf8_trim_whitespace(cells["quality"].cast(pa.string()))
        number = pc.match_substring_regex(text, r"^\d{1,3}(\.\d+)?$")
        attributes["quality"] = (
            pc.if_else(number, text, pa.scalar(None, pa.string())).cast(pa.float64()).cast(pa.int16(), safe=False)
        )
    for name, column in cells.items():
        if name in DIGEST_BYTES or name in TEXT_SIGNALS:
            kept = (
                attributes if name == "pdq" else {key: value for key, value in attributes.items() if key != "quality"}
            )
            yield from entries_of_column(name, column, lines, **kept)
    if "value" in cells:
        yield from _entries_of_value_column(path, cells, lines, attributes, chosen)


def _entries_of_value_column(
    path: Path, cells: dict[str, pa.Array], lines: np.ndarray, attributes: dict[str, pa.Array | None], chosen: str
) -> Iterator[ListItem]:
    """Yield the entries of a hash column; another column, the user or the hashes' length shows the algorithm."""
    if "algorithm" not in cells:
        algorithm = chosen or algorithm_from_cells(cells["value"])
        if not algorithm or (not chosen and algorithm == "sha256"):
            raise ListError(
                f"{path}: the column of hashes does not say which algorithm: "
                "name it with --algorithm, or its column with --column, as in --column pdq=NAME"
            )
        yield from entries_of_column(algorithm, cells["value"], lines, **attributes)
        return
    names_as_written = pc.utf8_trim_whitespace(cells["algorithm"].cast(pa.string()))
    for name in pc.unique(names_as_written).to_pylist():
        rows = pc.fill_null(pc.equal(names_as_written, name), False)
        algorithm = signal_type_of(name or "") or (chosen if not name else "")
        if not algorithm:
            yield UnknownAlgorithm(name or "no algorithm named", pc.sum(rows).as_py())
            continue
        kept = {key: None if column is None else column.filter(rows) for key, column in attributes.items()}
        yield from entries_of_column(
            algorithm, cells["value"].filter(rows), lines[rows.to_numpy(zero_copy_only=False)], **kept
        )


EXAMPLES = (
    ListExample(
        "export.csv",
        b"# means: test\nImage ID,MD5,SHA-1,Category\n"
        b"7,9E107D9D372BB6826BD81D3542A419D6,2fd4e1c67a2d28fced849ee1bb76e7391b93eb12,A\n"
        b'8,"9e107d9d372bb6826bd81d3542a419d7",,B\n',
        ListHeader("csv", means="test"),
        (
            ("md5", "9e107d9d372bb6826bd81d3542a419d6", "7", "A", False),
            ("md5", "9e107d9d372bb6826bd81d3542a419d7", "8", "B", False),
            ("sha1", "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12", "7", "A", False),
        ),
    ),
    ListExample(
        "typed.tsv",
        b"type\tvalue\tid\tstatus\nPDQ\t"
        + b"f0" * 32
        + b"\ta\tactive\nmd5\t9e107d9d372bb6826bd81d3542a419d6\tb\tWithdrawn\n"
        b"tmk\tx\tc\tactive\n",
        ListHeader("csv"),
        (
            ("pdq", "f0" * 32, "a", "", False),
            ("md5", "9e107d9d372bb6826bd81d3542a419d6", "b", "", True),
        ),
        unknown=(("tmk", 1),),
    ),
    ListExample(
        "mapped.csv",
        b"ref;fingerprint\n1;" + b"f0" * 32 + b"\n",
        ListHeader("csv"),
        (("pdq", "f0" * 32, "1", "", False),),
        options=ListOptions({"pdq": "fingerprint"}),
    ),
    ListExample(
        "excel.csv",
        b"\xef\xbb\xbfsep=;\r\nid;name, size;md5\r\n1;a, 9;9e107d9d372bb6826bd81d3542a419d6\r\n2;b, 9;9e107d9d\r\n",
        ListHeader("csv"),
        (("md5", "9e107d9d372bb6826bd81d3542a419d6", "1", "", False),),
        malformed=(4,),
    ),
    ListExample(
        "broken.csv",
        b"id,md5\n1,9e107d9d372bb6826bd81d3542a419d6\n2,9e107d9d\n3,4,5\n",
        ListHeader("csv"),
        (("md5", "9e107d9d372bb6826bd81d3542a419d6", "1", "", False),),
        malformed=(3, 4),
    ),
    ListExample(
        "none.csv", b"name,size\na,1\n", refused="no column is recognised as hashes, URLs or domains (name, size)"
    ),
)
