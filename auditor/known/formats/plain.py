"""A hash a line, in hex, base64 or base32, with comments that may say what the list is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from auditor.errors import ListError
from auditor.known import HEAD_BYTES, ListExample
from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry
from auditor.known.entry_columns import entries_of_column, signal_type_of
from auditor.known.list_file import open_list_file
from auditor.known.text_lines import comment_fields, header_from_comments, read_lines
from auditor.samples import TEXT_SIGNALS
from auditor.syntax.text_encoding import decode_prefix, detect_wide_encoding, open_as_utf8

HELP = "a hash a line; comments '# name: …', '# means: …', '# version: …', '# holder: …', '# algorithm: …'"

_HASH = re.compile(r"(?:[0-9A-Fa-f]+|[A-Za-z0-9+/_-]{20,}={0,6})$")
# Characters of a hash, where they leave one algorithm. 64 hex digits are SHA-256 or PDQ, 16 are pHash or dHash,
# and 44 base64 characters are 32 bytes again: there the list or the user has to say.
_BY_LENGTH = {
    32: "md5",
    40: "sha1",
    128: "sha512",
    288: "photodna",
    24: "md5",
    28: "sha1",
    88: "sha512",
    192: "photodna",
}
_EITHER = {64: "sha256 or pdq", 44: "sha256 or pdq", 16: "phash-64 or dhash-64", 12: "phash-64 or dhash-64"}


def claims(head: bytes, name: str) -> int:
    if b"\0" in head and not detect_wide_encoding(head):
        return 0
    lines = [line.strip() for line in decode_prefix(head).lstrip("\ufeff").splitlines()]
    if len(head) >= HEAD_BYTES and len(lines) > 1:
        lines.pop()
    lines = [line for line in lines if line and not line.startswith("#")][:50]
    if not lines:
        return 5 if comment_fields(decode_prefix(head)) else 0
    fit = sum(bool(_HASH.match(line) and len(line) >= 12) for line in lines)
    return 40 if fit > len(lines) / 2 else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    with open_list_file(path) as file:
        head = file.read(HEAD_BYTES)
        comments = comment_fields(decode_prefix(head))
        yield header_from_comments("plain", comments)
        chosen = signal_type_of(options.algorithm or comments.get("algorithm", ""))
        if (options.algorithm or comments.get("algorithm")) and (not chosen or chosen in TEXT_SIGNALS):
            raise ListError(
                f"{path}: {options.algorithm or comments['algorithm']!r} is not an algorithm of a plain list"
            )
        file.seek(0)
        for lines, cells in read_lines(path, open_as_utf8(file, head)):
            cells = pc.ascii_trim_whitespace(cells)
            lengths = pc.binary_length(cells).to_numpy(zero_copy_only=False)
            comment = pc.starts_with(cells, "#").to_numpy(zero_copy_only=False) | (lengths == 0)
            if comment.any():
                cells, lines, lengths = cells.filter(pa.array(~comment)), lines[~comment], lengths[~comment]
            if chosen:
                yield from entries_of_column(chosen, cells, lines)
                continue
            for length in np.flatnonzero(np.bincount(lengths)).tolist():
                rows = lengths == length
                if length in _EITHER:
                    where = f"{path}:{lines[rows][0]}"
                    raise ListError(f"{where}: {length} characters are {_EITHER[length]}: say which with --algorithm")
                if length in _BY_LENGTH:
                    whole = rows.all()
                    mask = pa.array(rows)
                    yield from entries_of_column(
                        _BY_LENGTH[length], cells if whole else cells.filter(mask), lines if whole else lines[rows]
                    )
                else:
                    for line in lines[rows].tolist():
                        yield MalformedEntry(line, f"{length:,} characters are no hash of a known length")


EXAMPLES = (
    ListExample(
        "hashes.txt",
        b"\xef\xbb\xbf# name: hills\r\n# means: test\r\n# version: 3\r\n9E107D9D372BB6826BD81D3542A419D6\r\n\r\n"
        b"2fd4e1c67a2d28fced849ee1bb76e7391b93eb12\r\n",
        ListHeader("plain", "hills", "3", means="test"),
        (
            ("md5", "9e107d9d372bb6826bd81d3542a419d6", "", "", False),
            ("sha1", "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12", "", "", False),
        ),
    ),
    ListExample(
        "pdq.txt",
        b"# algorithm: pdq\n" + b"f0" * 32 + b"\n",
        ListHeader("plain"),
        (("pdq", "f0" * 32, "", "", False),),
    ),
    ListExample(
        "either.txt", b"f0" * 32 + b"\n", refused=":1: 64 characters are sha256 or pdq: say which with --algorithm"
    ),
    ListExample(
        "broken.txt",
        b"9e107d9d372bb6826bd81d3542a419d6\n9e107d9d372bb6826bd81d3542a419dz\n9e107d9d\n9e107d9d372bb6826bd81d3542a419d6",
        ListHeader("plain"),
        (("md5", "9e107d9d372bb6826bd81d3542a419d6", "", "", False),) * 2,
        malformed=(2, 3),
    ),
)
